/* Two threads in step, each on a processor of its own (else they would take turns), for tests of what happens
 * only when two do something at the same moment. Included once by such a test.
 *
 *     static void step(void *context, unsigned side, unsigned round) { … }
 *
 *     mill_in_step(step, context, rounds);
 *
 * Calls step for both sides, 0 and 1, in rounds 0 to rounds - 1; no side begins a round before the other one
 * has ended the round before. On a machine with one processor, or a busy one, it says less, and still the
 * truth.
 */
#ifndef MILL_CORE_TEST_IN_STEP_H
#define MILL_CORE_TEST_IN_STEP_H

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cacheline.h"
#include "core/cpu.h"
#include "core/pause.h"

/* Looks at the other side before a processor that may be needed for it is given away. */
#define MILL_LOOKS_IN_STEP 1000u

struct mill_in_step {
    alignas(MILL_ISOLATION) _Atomic unsigned begun; /* rounds */
    struct mill_in_step *other;
    void (*step)(void *context, unsigned side, unsigned round);
    void *context;
    unsigned side, rounds;
    int processor;
    pthread_t thread;
};

static void *mill_in_step_main(void *argument)
{
    struct mill_in_step *own = argument;
    mill_cpu_pin_self(own->processor); /* may be refused: see above */
    for (unsigned round = 0; round < own->rounds; round++) {
        atomic_store_explicit(&own->begun, round + 1, memory_order_release);
        /* acquire: pairs with the release above: the other one has ended the round before */
        for (unsigned looks = 1; atomic_load_explicit(&own->other->begun, memory_order_acquire) <= round;
             looks++) {
            if (looks % MILL_LOOKS_IN_STEP == 0) {
                sched_yield();
            }
            mill_pause();
        }
        own->step(own->context, own->side, round);
    }
    return NULL;
}

static void mill_in_step(void (*step)(void *context, unsigned side, unsigned round), void *context,
                         unsigned rounds)
{
    struct mill_cpus *cpus;
    struct mill_error error;
    assert_int_equal(mill_cpus_open(&cpus, &error), 0);
    int place[2];
    mill_cpus_place(cpus, MILL_PIN_SPREAD, 2, place);
    mill_cpus_close(cpus);
    struct mill_in_step sides[2];
    for (unsigned i = 0; i < 2; i++) {
        sides[i] = (struct mill_in_step){.other = &sides[1 - i],
                                         .step = step,
                                         .context = context,
                                         .side = i,
                                         .rounds = rounds,
                                         .processor = place[i]};
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&sides[i].thread, NULL, mill_in_step_main, &sides[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(sides[i].thread, NULL);
    }
}

#endif

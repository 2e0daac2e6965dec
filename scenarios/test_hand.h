/* For tests: a scenario played by hand, by up to two threads, without the engine. Included once by a test.
 *
 *     prepare(&hand, scenario, strategy, MAX_THREADS);
 *     set(&hand, "hold=1us");
 *     set_up(&hand);
 *     run(&hand, 200);
 *     assert_int_equal(verify(&hand).findings, MILL_NO_FINDING);
 *     scenario->teardown(&hand.one);
 *
 * open_the_clock is the group's set-up.
 */
#ifndef MILL_SCENARIOS_TEST_HAND_H
#define MILL_SCENARIOS_TEST_HAND_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "harness/parameter.h"
#include "harness/worker.h"
#include "scenarios/list.h"

#define MAX_THREADS 2u

static struct mill_clock the_clock;

static int the_place[MAX_THREADS];
static size_t the_processors;

struct hand {
    struct mill_case one;
    int64_t values[MILL_PARAMETERS_MAX];
    atomic_uint phase;
    atomic_uint ready;
    uint64_t operations; /* of each thread */
    bool asks_a_device;
    struct mill_worker workers[MAX_THREADS];
    int status[MAX_THREADS];
    atomic_uint done; /* threads that have no more operations to do */
    bool ended;       /* before all were done */
    bool never_ended; /* by the run: each thread comes to its end by itself, however long that takes */
};

/* How long a device is modelled to take, and how much it is asked at once, decides nothing that is tested
 * here. */
static bool asks_little(const struct mill_scenario *scenario, int64_t *values)
{
    static const char *const least[] = {"service", "quirks", "outstanding", "deciding"};
    bool any = false;
    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        for (size_t n = 0; n < sizeof least / sizeof least[0]; n++) {
            if (strcmp(scenario->parameters[i].name, least[n]) == 0) {
                values[i] = scenario->parameters[i].minimum;
                any = true;
            }
        }
    }
    return any;
}

static void prepare(struct hand *hand, const struct mill_scenario *scenario,
                    const struct mill_strategy *strategy, unsigned threads)
{
    memset(hand, 0, sizeof *hand);
    mill_parameters_default(scenario, hand->values);
    hand->asks_a_device = asks_little(scenario, hand->values);
    hand->one = (struct mill_case){
        .scenario = scenario,
        .strategy = strategy,
        .values = hand->values,
        .clock = &the_clock,
        .threads = threads,
        .seed = 1,
    };
}

/* A library that is set up once for the whole process refuses the second time (-ENOTSUP); the engine's
 * samples are fresh processes. */
static bool may_be_set_up(struct hand *hand)
{
    int status = hand->one.scenario->setup(&hand->one);
    assert_true(status == 0 || (status == -ENOTSUP && mill_strategy_is_foreign(hand->one.strategy)));
    return status == 0;
}

static void prepare_workers(struct hand *hand)
{
    for (unsigned i = 0; i < hand->one.threads; i++) {
        mill_worker_init(&hand->workers[i], &hand->one, i, &hand->phase);
    }
}

static void set_up(struct hand *hand)
{
    assert_true(may_be_set_up(hand));
    prepare_workers(hand);
}

static void *play(void *argument)
{
    struct mill_worker *worker = argument;
    struct hand *hand =
        (struct hand *)((char *)argument - offsetof(struct hand, workers) - worker->index * sizeof *worker);
    /* Left to the scheduler, both may share a processor for as long as the machine is busy, and never meet.
     */
    mill_cpu_pin_self(the_place[worker->index]);
    atomic_fetch_add(&hand->ready, 1);
    while (atomic_load(&hand->ready) < hand->one.threads) {
        sched_yield();
    }
    hand->status[worker->index] = mill_worker_run(worker, MILL_PHASE_END, hand->operations);
    atomic_fetch_add(&hand->done, 1);
    mill_worker_finish(worker);
    return NULL;
}

static uint64_t operations_so_far(struct hand *hand)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < hand->one.threads; i++) {
        sum += atomic_load(&hand->workers[i].operations);
    }
    return sum;
}

/* Where roles need each other, one may wait for operations that the other has no more of, and a control may
 * keep all waiting: some time after the last operation the run is over for all, as it is when the engine's
 * window ends. */
static void end_where_one_waits(struct hand *hand)
{
    uint64_t last = 0, since = mill_now_ns();
    while (atomic_load(&hand->done) < hand->one.threads && !hand->ended) {
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS / 10);
        uint64_t now = mill_now_ns(), sum = operations_so_far(hand);
        since = sum == last ? since : now;
        last = sum;
        hand->ended = !hand->never_ended && now - since > 300 * MILL_NS_PER_MS;
    }
    if (hand->ended) {
        atomic_store(&hand->phase, MILL_PHASE_END);
        if (hand->one.scenario->interrupt) {
            hand->one.scenario->interrupt(&hand->one);
        }
    }
}

/* Where one role ends another, the other may have had fewer operations to do (what was dropped is never got).
 */
static bool hands_its_end_on(const struct mill_scenario *scenario)
{
    bool any = false;
    for (unsigned i = 0; i < scenario->role_count; i++) {
        any = any || scenario->roles[i].finish;
    }
    return any;
}

static void run(struct hand *hand, uint64_t operations)
{
    hand->operations = operations;
    pthread_t thread[MAX_THREADS] = {0};
    for (unsigned i = 0; i < hand->one.threads; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, play, &hand->workers[i]), 0);
    }
    end_where_one_waits(hand);
    for (unsigned i = 0; i < hand->one.threads; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(hand->status[i], 0);
        hand->one.operations += hand->workers[i].operations;
    }
    assert_true(hand->ended || hands_its_end_on(hand->one.scenario) ||
                hand->one.operations == operations * hand->one.threads);
}

static struct mill_check verify(const struct hand *hand)
{
    struct mill_check check = {0};
    hand->one.scenario->verify(&hand->one, &check);
    return check;
}

static inline void set(struct hand *hand, const char *setting)
{
    struct mill_error error;
    assert_int_equal(mill_parameters_set(hand->one.scenario, setting, hand->values, &error), 0);
}

static int open_the_clock(void **state)
{
    (void)state;
    mill_clock_open(&the_clock);
    struct mill_cpus *cpus;
    if (mill_cpus_open(&cpus, NULL) < 0) {
        return -1;
    }
    the_processors = mill_cpus_count(cpus);
    mill_cpus_place(cpus, MILL_PIN_SPREAD, MAX_THREADS, the_place);
    mill_cpus_close(cpus);
    return 0;
}

#endif

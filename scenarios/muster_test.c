/* Musters, and telling who sleeps. */
#include "scenarios/muster.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/timeout.h"
#include "scenarios/asleep.h"

#define ARRIVING 3u
#define ROUNDS   200u

struct rig {
    struct mill_muster muster;
    atomic_uint round;
    unsigned written[ARRIVING]; /* plain: the muster orders it */
};

struct arriving {
    struct rig *rig;
    unsigned index;
    pthread_t thread;
};

static void *arrive_often(void *argument)
{
    struct arriving *own = argument;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        while (atomic_load_explicit(&own->rig->round, memory_order_acquire) < round) {
            sched_yield();
        }
        own->rig->written[own->index] = round;
        mill_muster_arrive(&own->rig->muster);
    }
    return NULL;
}

static void test_waits_for_all_in_every_round(void **state)
{
    (void)state;
    struct rig rig = {.round = 0};
    struct arriving arriving[ARRIVING];
    for (unsigned i = 0; i < ARRIVING; i++) {
        arriving[i] = (struct arriving){.rig = &rig, .index = i};
        assert_int_equal(pthread_create(&arriving[i].thread, NULL, arrive_often, &arriving[i]), 0);
    }
    for (unsigned round = 1; round <= ROUNDS; round++) {
        mill_muster_arm(&rig.muster, ARRIVING);
        atomic_store_explicit(&rig.round, round, memory_order_release);
        assert_true(mill_muster_await(&rig.muster));
        for (unsigned i = 0; i < ARRIVING; i++) {
            assert_int_equal(rig.written[i], round);
        }
    }
    for (unsigned i = 0; i < ARRIVING; i++) {
        pthread_join(arriving[i].thread, NULL);
    }
}

static void test_tells_who_is_missing(void **state)
{
    (void)state;
    struct mill_muster muster = {.missing = 0};
    mill_muster_arm(&muster, 2);
    assert_int_equal(mill_muster_missing(&muster), 2);
    assert_int_equal(mill_muster_await_until(&muster, mill_now_ns() + 1000), -ETIMEDOUT);
    mill_muster_arrive(&muster);
    assert_int_equal(mill_muster_missing(&muster), 1);
    assert_int_equal(mill_muster_await_until(&muster, mill_now_ns() + 1000), -ETIMEDOUT);
    mill_muster_arrive(&muster);
    assert_int_equal(mill_muster_await_until(&muster, 0), 0);
    assert_true(mill_muster_await(&muster));
}

static void test_called_off_for_ever(void **state)
{
    (void)state;
    struct mill_muster muster = {.missing = 0};
    mill_muster_arm(&muster, 1);
    mill_muster_call_off(&muster);
    assert_false(mill_muster_await(&muster));
    mill_muster_arrive(&muster);
    mill_muster_arm(&muster, 1);
    assert_false(mill_muster_await(&muster));
    assert_int_equal(mill_muster_await_until(&muster, MILL_NO_DEADLINE), -ECANCELED);
}

/* ---- who sleeps ---- */

struct sleeper {
    struct mill_muster bed;
    _Atomic pid_t id;
    bool woken;
};

static void *sleep_long(void *argument)
{
    struct sleeper *sleeper = argument;
    atomic_store(&sleeper->id, gettid());
    sleeper->woken = mill_muster_await(&sleeper->bed);
    return NULL;
}

static void test_tells_who_sleeps(void **state)
{
    (void)state;
    struct sleeper sleeper = {.id = 0};
    pthread_t thread;
    mill_muster_arm(&sleeper.bed, 1);
    assert_false(mill_is_asleep(gettid()));
    assert_false(mill_is_asleep(0)); /* nobody */
    assert_int_equal(pthread_create(&thread, NULL, sleep_long, &sleeper), 0);
    while (atomic_load(&sleeper.id) == 0 || !mill_is_asleep(atomic_load(&sleeper.id))) {
        sched_yield(); /* sooner or later it does */
    }
    mill_muster_arrive(&sleeper.bed);
    pthread_join(thread, NULL);
    assert_true(sleeper.woken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_all_in_every_round),
        cmocka_unit_test(test_tells_who_is_missing),
        cmocka_unit_test(test_called_off_for_ever),
        cmocka_unit_test(test_tells_who_sleeps),
    };
    return cmocka_run_group_tests_name("muster", tests, NULL, NULL);
}

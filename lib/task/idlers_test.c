#include "task/idlers.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"

#define WORKERS 3

struct sleeper {
    struct mill_idlers *idlers;
    struct mill_rest rest;
    atomic_bool reason;
    atomic_uint looks; /* for a reason */
    enum mill_call why;
    pthread_t thread;
};

struct house {
    struct mill_idlers idlers;
    atomic_bool more; /* there are tasks */
    struct sleeper sleepers[WORKERS];
};

static bool has_reason(const void *context)
{
    struct sleeper *sleeper = (struct sleeper *)(uintptr_t)context;
    bool reason = atomic_load(&sleeper->reason);
    atomic_fetch_add(&sleeper->looks, 1);
    return reason;
}

static bool has_more(const void *context)
{
    const struct house *house = context;
    return atomic_load(&house->more);
}

static struct house *open_house(enum mill_pace pace)
{
    static struct house house;
    house = (struct house){.more = true};
    assert_int_equal(mill_idlers_init(&house.idlers, WORKERS, true, has_more, &house), 0);
    atomic_store(&house.idlers.pace, pace);
    for (unsigned i = 0; i < WORKERS; i++) {
        struct sleeper *sleeper = &house.sleepers[i];
        sleeper->idlers = &house.idlers;
        sleeper->rest = (struct mill_rest){
            .worker = i, .deadline = MILL_NO_DEADLINE, .reason = has_reason, .context = sleeper};
    }
    return &house;
}

static void *sleep_here(void *argument)
{
    struct sleeper *sleeper = argument;
    sleeper->why = mill_idlers_sleep(sleeper->idlers, &sleeper->rest);
    return NULL;
}

static bool is_asleep(const struct sleeper *sleeper)
{
    return (atomic_load(&sleeper->idlers->asleep) >> sleeper->rest.worker) & 1;
}

/* Returns when it has looked for a reason, found none, and will sleep. */
static void go_to_sleep(struct sleeper *sleeper)
{
    assert_int_equal(pthread_create(&sleeper->thread, NULL, sleep_here, sleeper), 0);
    while (atomic_load(&sleeper->looks) == 0) {
        sched_yield();
    }
}

static void assert_wakes(struct sleeper *sleeper, enum mill_call why)
{
    pthread_join(sleeper->thread, NULL);
    assert_int_equal(sleeper->why, why);
    assert_false(is_asleep(sleeper));
}

static void test_does_not_sleep_with_a_reason(void **state)
{
    (void)state;
    struct house *house = open_house(MILL_PACE_SLOW);
    struct sleeper *sleeper = &house->sleepers[0];
    atomic_store(&sleeper->reason, true);
    sleep_here(sleeper);
    assert_int_equal(sleeper->why, MILL_CALL_SELF);
    atomic_store(&sleeper->reason, false);
    sleeper->rest.deadline = mill_now_ns() + MILL_NS_PER_MS;
    sleep_here(sleeper);
    assert_int_equal(sleeper->why, MILL_CALL_SELF);
    assert_true(mill_now_ns() >= sleeper->rest.deadline);
    assert_int_equal(atomic_load(&house->idlers.asleep), 0);
    mill_idlers_destroy(&house->idlers);
}

/* A task wakes one; while that one searches, further tasks wake nobody; when it has found one and sees more,
 * it wakes the next. */
static void test_wakes_one_at_a_time(void **state)
{
    (void)state;
    struct house *house = open_house(MILL_PACE_SLOW);
    struct mill_idlers *idlers = &house->idlers;
    mill_idlers_notice(idlers); /* nobody is there */
    for (int i = 0; i < WORKERS; i++) {
        go_to_sleep(&house->sleepers[i]);
    }
    mill_idlers_notice(idlers);
    assert_wakes(&house->sleepers[0], MILL_CALL_SEARCH);
    assert_int_equal(atomic_load(&idlers->searching), 1);
    mill_idlers_notice(idlers);
    mill_idlers_notice(idlers);
    assert_true(is_asleep(&house->sleepers[1]) && is_asleep(&house->sleepers[2]));
    mill_idlers_found(idlers);
    assert_wakes(&house->sleepers[1], MILL_CALL_SEARCH);
    atomic_store(&house->more, false);
    mill_idlers_found(idlers);
    assert_int_equal(atomic_load(&idlers->searching), 0);
    assert_true(is_asleep(&house->sleepers[2]));
    mill_idlers_rouse(idlers);
    assert_wakes(&house->sleepers[2], MILL_CALL_LOOK);
    mill_idlers_destroy(idlers);
}

/* A task that a worker has taken meanwhile wakes nobody. That none is left when all are asleep makes no
 * difference: then nobody could have taken it. */
static void test_wakes_nobody_for_a_task_that_is_gone(void **state)
{
    (void)state;
    struct house *house = open_house(MILL_PACE_SLOW);
    struct mill_idlers *idlers = &house->idlers;
    go_to_sleep(&house->sleepers[0]);
    go_to_sleep(&house->sleepers[1]);
    atomic_store(&house->more, false);
    mill_idlers_notice(idlers);
    assert_true(is_asleep(&house->sleepers[0]) && is_asleep(&house->sleepers[1]));
    go_to_sleep(&house->sleepers[2]);
    mill_idlers_notice(idlers);
    assert_wakes(&house->sleepers[0], MILL_CALL_SEARCH);
    mill_idlers_rouse(idlers);
    assert_wakes(&house->sleepers[1], MILL_CALL_LOOK);
    assert_wakes(&house->sleepers[2], MILL_CALL_LOOK);
    mill_idlers_destroy(idlers);
}

/* Who searches finds what has come: the lookout stays. Nobody does any more: it joins. */
static void test_lookout_leaves_tasks_to_who_searches(void **state)
{
    (void)state;
    struct house *house = open_house(MILL_PACE_QUICK);
    struct sleeper *lookout = &house->sleepers[0];
    struct mill_idlers *idlers = &house->idlers;
    assert_true(mill_idlers_search(idlers));
    go_to_sleep(lookout);
    unsigned looks = atomic_load(&lookout->looks);
    atomic_store(&lookout->reason, true);
    mill_sleep_until(mill_now_ns() + 5 * MILL_LOOKOUT_NS);
    assert_true(is_asleep(lookout));
    assert_int_equal(atomic_load(&lookout->looks), looks);
    mill_idlers_found(idlers);
    assert_wakes(lookout, MILL_CALL_SELF);
    mill_idlers_destroy(idlers);
}

static void test_nudges_those_that_join(void **state)
{
    (void)state;
    struct house *house = open_house(MILL_PACE_SLOW);
    house->sleepers[1].rest.joining = true;
    for (int i = 0; i < WORKERS; i++) {
        go_to_sleep(&house->sleepers[i]);
    }
    mill_idlers_nudge(&house->idlers);
    assert_wakes(&house->sleepers[1], MILL_CALL_LOOK);
    assert_true(is_asleep(&house->sleepers[0]) && is_asleep(&house->sleepers[2]));
    mill_idlers_rouse(&house->idlers);
    assert_wakes(&house->sleepers[0], MILL_CALL_LOOK);
    assert_wakes(&house->sleepers[2], MILL_CALL_LOOK);
    mill_idlers_destroy(&house->idlers);
}

/* Not more search of their own accord than half of the processors. */
static void test_few_search(void **state)
{
    (void)state;
    struct house *house = open_house(MILL_PACE_SLOW);
    struct mill_idlers *idlers = &house->idlers;
    uint32_t most = idlers->searchers_most;
    for (uint32_t i = 0; i < most; i++) {
        assert_true(mill_idlers_search(idlers));
    }
    assert_false(mill_idlers_search(idlers));
    mill_idlers_found(idlers);
    assert_true(mill_idlers_search(idlers));
    mill_idlers_destroy(idlers);
}

/* While tasks are short, a task wakes nobody as long as one worker is awake; the lookout finds it. */
static void test_lookout_joins(void **state)
{
    (void)state;
    struct house *house = open_house(MILL_PACE_QUICK);
    struct mill_idlers *idlers = &house->idlers;
    go_to_sleep(&house->sleepers[0]);
    go_to_sleep(&house->sleepers[1]);
    while (!atomic_load(&idlers->brisk)) {
        sched_yield();
    }
    mill_idlers_notice(idlers);
    assert_int_equal(atomic_load(&idlers->searching), 0);
    assert_int_equal(atomic_load(&idlers->asleep), 3);
    atomic_store(&house->sleepers[0].reason, true);
    atomic_store(&house->sleepers[1].reason, true);
    /* one of them is on the lookout; which one, depends on who was the faster */
    while (atomic_load(&idlers->asleep) == 3) {
        sched_yield();
    }
    struct sleeper *lookout = &house->sleepers[is_asleep(&house->sleepers[0]) ? 1 : 0];
    struct sleeper *other = &house->sleepers[lookout == &house->sleepers[0] ? 1 : 0];
    assert_wakes(lookout, MILL_CALL_SELF);
    assert_false(atomic_load(&idlers->brisk));
    assert_true(is_asleep(other));
    mill_idlers_notice(idlers); /* nobody looks out any more: now a task wakes */
    assert_wakes(other, MILL_CALL_SEARCH);
    mill_idlers_destroy(idlers);
}

/* When all are asleep nobody looks out: each sleeps until it is called, and the first task calls one. */
static void test_nobody_looks_out_when_all_sleep(void **state)
{
    (void)state;
    struct house *house = open_house(MILL_PACE_QUICK);
    struct mill_idlers *idlers = &house->idlers;
    for (int i = 0; i < WORKERS; i++) {
        go_to_sleep(&house->sleepers[i]);
    }
    while (atomic_load(&idlers->brisk)) {
        sched_yield();
    }
    assert_int_equal(atomic_load(&idlers->asleep), idlers->everyone);
    mill_idlers_notice(idlers);
    assert_wakes(&house->sleepers[0], MILL_CALL_SEARCH);
    mill_idlers_rouse(idlers);
    assert_wakes(&house->sleepers[1], MILL_CALL_LOOK);
    assert_wakes(&house->sleepers[2], MILL_CALL_LOOK);
    mill_idlers_destroy(idlers);
}

/* A task comes between the lookout's look and the moment at which it takes its word back: who put it has seen
 * the word, and wakes nobody. */
static bool comes_as_it_leaves(const void *context)
{
    struct sleeper *sleeper = (struct sleeper *)(uintptr_t)context;
    bool left = !atomic_load(&sleeper->idlers->brisk);
    if (left) {
        atomic_store(&sleeper->reason, true);
    }
    atomic_fetch_add(&sleeper->looks, 1);
    return left;
}

static void test_lookout_looks_once_more_as_it_leaves(void **state)
{
    (void)state;
    struct house *house = open_house(MILL_PACE_QUICK);
    struct sleeper *lookout = &house->sleepers[0];
    lookout->rest.reason = comes_as_it_leaves;
    lookout->rest.deadline = mill_now_ns() + 20 * MILL_NS_PER_S; /* only a test that fails gets there */
    for (int i = 0; i < WORKERS; i++) {
        go_to_sleep(&house->sleepers[i]);
    }
    assert_wakes(lookout, MILL_CALL_SELF);
    assert_true(atomic_load(&lookout->reason)); /* it has seen the task */
    mill_idlers_rouse(&house->idlers);
    assert_wakes(&house->sleepers[1], MILL_CALL_LOOK);
    assert_wakes(&house->sleepers[2], MILL_CALL_LOOK);
    mill_idlers_destroy(&house->idlers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_does_not_sleep_with_a_reason),
        cmocka_unit_test(test_wakes_one_at_a_time),
        cmocka_unit_test(test_wakes_nobody_for_a_task_that_is_gone),
        cmocka_unit_test(test_lookout_leaves_tasks_to_who_searches),
        cmocka_unit_test(test_nudges_those_that_join),
        cmocka_unit_test(test_few_search),
        cmocka_unit_test(test_lookout_joins),
        cmocka_unit_test(test_nobody_looks_out_when_all_sleep),
        cmocka_unit_test(test_lookout_looks_once_more_as_it_leaves),
    };
    return cmocka_run_group_tests_name("idlers", tests, NULL, NULL);
}

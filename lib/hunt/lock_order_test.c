#include "hunt/lock_order.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hunt/step.h"

/* Addresses that mean nothing, and the heap of it all. */
enum { A = 0x1000, B = 0x1040, C = 0x1080, D = 0x10c0, GUARD = 0x2000, HEAP = 0x100000 };

static struct mill_lock_cycle cycle;
static uint32_t steps;

static int open_order(void **unused)
{
    (void)unused;
    int status = mill_lock_order_open();
    return status < 0 ? status : mill_lock_order_fresh(HEAP, 0x1000);
}

static int close_order(void **unused)
{
    (void)unused;
    mill_lock_order_close();
    return 0;
}

static void begin(unsigned others)
{
    mill_lock_order_begin();
    for (unsigned i = 1; i <= others; i++) {
        mill_lock_order_spawned(0, i);
    }
}

static void forget_all(unsigned others)
{
    mill_lock_order_forget();
    begin(others);
    steps = 0;
}

enum { SHARED = 1, TRIED = 2 };

static bool takes_at(unsigned thread, uintptr_t lock, int how, uintptr_t pc)
{
    const struct mill_lock_taken taken = {
        .thread = thread,
        .when = ++steps,
        .lock = lock,
        .pc = (const void *)pc,
        .shared = (how & SHARED) != 0,
        .tried = (how & TRIED) != 0,
    };
    return mill_lock_order_acquired(&taken, &cycle);
}

/* Each at a place of its own. */
static bool takes(unsigned thread, uintptr_t lock, int how)
{
    return takes_at(thread, lock, how, 0x400000 + steps);
}

static bool takes_two(unsigned thread, uintptr_t first, uintptr_t second)
{
    bool found = takes(thread, first, 0);
    found |= takes(thread, second, 0);
    mill_lock_order_released(thread, second);
    mill_lock_order_released(thread, first);
    return found;
}

static void test_both_orders_by_two_threads_are_told(void **unused)
{
    (void)unused;
    forget_all(2);
    assert_false(takes_two(1, A, B));
    assert_true(takes_two(2, B, A));
    assert_int_equal(cycle.count, 2);
    assert_int_equal(cycle.order[0].held.lock, B);
    assert_int_equal(cycle.order[0].wanted.lock, A);
    assert_int_equal(cycle.order[0].wanted.thread, 2);
    assert_int_equal(cycle.order[0].held.when, 3);
    assert_int_equal(cycle.order[0].wanted.when, 4);
    assert_int_equal(cycle.order[1].held.lock, A);
    assert_int_equal(cycle.order[1].wanted.lock, B);
    assert_int_equal(cycle.order[1].wanted.thread, 1);
    assert_false(cycle.order[0].earlier || cycle.order[1].earlier);
    assert_false(mill_lock_order_exhausted());
}

static void test_the_same_order_is_none(void **unused)
{
    (void)unused;
    forget_all(2);
    assert_false(takes_two(1, A, B));
    assert_false(takes_two(2, A, B));
    assert_false(takes_two(2, B, C));
    assert_false(takes_two(1, A, C));
    assert_false(takes(1, B, 0)); /* one after the other, not within */
    mill_lock_order_released(1, B);
    assert_false(takes(1, A, 0));
    mill_lock_order_released(1, A);
}

static void test_a_pair_of_places_is_told_once(void **unused)
{
    (void)unused;
    forget_all(4);
    for (unsigned round = 0; round < 4; round++) {
        unsigned one = round % 2 ? 3 : 1; /* other threads at the same places */
        unsigned other = one + 1;
        bool found = takes_at(one, A, 0, 1);
        found |= takes_at(one, B, 0, 2);
        mill_lock_order_released(one, B);
        mill_lock_order_released(one, A);
        found |= takes_at(other, B, 0, 3);
        found |= takes_at(other, A, 0, 4);
        mill_lock_order_released(other, A);
        mill_lock_order_released(other, B);
        assert_int_equal(found, round == 0);
        begin(4);
    }
    assert_true(takes_two(2, B, A)); /* other places */
}

static void test_one_thread_alone_is_no_deadlock(void **unused)
{
    (void)unused;
    forget_all(2);
    assert_false(takes_two(1, A, B));
    assert_false(takes_two(1, B, A));
    begin(2);
    assert_false(takes_two(1, B, A));
}

static void test_a_lock_around_both_makes_it_none(void **unused)
{
    (void)unused;
    /* Shared by both, it keeps nobody out. */
    for (int how = 0; how < 4; how++) {
        forget_all(2);
        takes(1, GUARD, how & 1 ? SHARED : 0);
        assert_false(takes_two(1, A, B));
        mill_lock_order_released(1, GUARD);
        takes(2, GUARD, how & 2 ? SHARED : 0);
        assert_int_equal(takes_two(2, B, A), how == 3);
        mill_lock_order_released(2, GUARD);
        assert_true(takes_two(2, B, A)); /* without it */
    }
}

static void test_locks_that_are_shared_do_not_wait_for_each_other(void **unused)
{
    (void)unused;
    for (int how = 0; how < 16; how++) {
        forget_all(2);
        takes(1, A, how & 1 ? SHARED : 0);
        takes(1, B, how & 2 ? SHARED : 0);
        mill_lock_order_released(1, B);
        mill_lock_order_released(1, A);
        takes(2, B, how & 4 ? SHARED : 0);
        bool meet_at_a = !((how & 1) && (how & 8));
        bool meet_at_b = !((how & 2) && (how & 4));
        assert_int_equal(takes(2, A, how & 8 ? SHARED : 0), meet_at_a && meet_at_b);
    }
}

static void test_a_try_waits_for_nobody_but_is_waited_for(void **unused)
{
    (void)unused;
    forget_all(2);
    assert_false(takes_two(1, A, B));
    assert_false(takes(2, B, 0));
    assert_false(takes(2, A, TRIED));
    mill_lock_order_released(2, A);
    mill_lock_order_released(2, B);
    assert_false(takes(2, B, TRIED));
    assert_true(takes(2, A, 0));
}

static void test_creation_and_join_order_what_they_separate(void **unused)
{
    (void)unused;
    forget_all(0);
    assert_false(takes_two(0, A, B)); /* before thread 1 */
    mill_lock_order_spawned(0, 1);
    assert_false(takes_two(1, B, A));
    mill_lock_order_joined(0, 1);
    assert_false(takes_two(0, A, B)); /* after it */
    mill_lock_order_spawned(0, 2);
    assert_false(takes_two(2, B, A)); /* not beside thread 1 either */
    assert_true(takes_two(0, A, B));  /* beside thread 2 */
    assert_int_equal(cycle.order[1].wanted.thread, 2);
}

static void test_a_recursive_lock_is_held_until_its_last_release(void **unused)
{
    (void)unused;
    forget_all(2);
    takes(1, A, 0);
    assert_false(takes(1, A, 0));
    mill_lock_order_released(1, A);
    assert_false(takes(1, B, 0));
    mill_lock_order_released(1, B);
    mill_lock_order_released(1, A);
    mill_lock_order_released(1, A); /* not held: nothing */
    assert_false(takes(1, C, 0));   /* not within A */
    mill_lock_order_released(1, C);
    assert_false(takes_two(2, C, A));
    assert_true(takes_two(2, B, A));
}

static void test_a_circle_of_many(void **unused)
{
    (void)unused;
    forget_all(4);
    assert_false(takes_two(1, A, B));
    assert_false(takes_two(2, B, C));
    assert_false(takes_two(1, C, A)); /* thread 1 twice */
    assert_false(takes_two(3, C, D));
    assert_true(takes_two(4, D, A));
    assert_int_equal(cycle.count, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(cycle.order[i].wanted.lock, cycle.order[(i + 1) % 4].held.lock);
        for (unsigned j = 0; j < i; j++) {
            assert_int_not_equal(cycle.order[i].wanted.thread, cycle.order[j].wanted.thread);
        }
    }
    /* All of a circle must be able to meet, not only neighbours. */
    forget_all(4);
    takes(1, GUARD, 0);
    assert_false(takes_two(1, A, B));
    mill_lock_order_released(1, GUARD);
    assert_false(takes_two(2, B, C));
    takes(3, GUARD, 0);
    assert_false(takes_two(3, C, D));
    mill_lock_order_released(3, GUARD);
    assert_false(takes_two(4, D, A));
    assert_true(takes_two(3, C, D));
}

/* ---- over schedules ---- */

static void test_orders_of_different_schedules_meet(void **unused)
{
    (void)unused;
    forget_all(2);
    assert_false(takes_two(1, A, B));
    for (int i = 0; i < 1000; i++) {
        begin(2);
    }
    assert_true(takes_two(2, B, A));
    assert_false(cycle.order[0].earlier);
    assert_true(cycle.order[1].earlier);
}

/* Threads get their numbers in the order in which they are created, which differs between schedules. */
static void test_a_thread_is_known_by_its_creator(void **unused)
{
    (void)unused;
    forget_all(2);
    mill_lock_order_spawned(1, 3);
    mill_lock_order_spawned(2, 4);
    assert_false(takes_two(3, A, B));
    begin(2);
    mill_lock_order_spawned(2, 3);
    mill_lock_order_spawned(1, 4);
    assert_false(takes_two(4, B, A)); /* who was number 3 */
    assert_true(takes_two(3, B, A));
}

static void test_another_lock_at_the_same_address(void **unused)
{
    (void)unused;
    forget_all(2);
    assert_false(takes_two(1, A, B));
    mill_lock_order_renewed(B);
    assert_false(takes_two(2, B, A));
    assert_true(takes_two(1, A, B));
    mill_lock_order_renewed(A);
    mill_lock_order_renewed(D); /* never seen */
    assert_false(takes_two(1, A, B));

    forget_all(2);
    assert_false(takes_two(1, HEAP, B)); /* in fresh memory: only within one schedule */
    begin(2);
    assert_false(takes_two(2, B, HEAP));
    begin(2);
    assert_false(takes_two(1, HEAP + 0xfff, B));
    assert_true(takes_two(2, B, HEAP + 0xfff));
    begin(2);
    assert_false(takes_two(1, HEAP + 0x1000, B)); /* behind it */
    begin(2);
    assert_true(takes_two(2, B, HEAP + 0x1000));
}

/* ---- room ---- */

static void test_orders_of_locks_that_are_gone_make_room(void **unused)
{
    (void)unused;
    enum { EACH = 20 };
    forget_all(2);
    for (uintptr_t i = 0; i < MILL_LOCK_ORDERS / EACH + 100; i++) {
        for (int j = 0; j < EACH; j++) {
            takes_two(1, HEAP + 0x10000 + i * 64, B);
        }
        mill_lock_order_renewed(B);
    }
    assert_false(mill_lock_order_exhausted());
    assert_false(takes_two(1, A, B));
    assert_true(takes_two(2, B, A));
}

static void test_too_much_is_told(void **unused)
{
    (void)unused;
    forget_all(1);
    for (uintptr_t i = 0; i <= MILL_LOCKS; i++) {
        assert_false(mill_lock_order_exhausted());
        takes(1, 0x10000000 + i * 64, 0);
        mill_lock_order_released(1, 0x10000000 + i * 64);
    }
    assert_true(mill_lock_order_exhausted());

    forget_all(1);
    for (uintptr_t i = 0; i <= MILL_LOCK_HELD; i++) {
        assert_false(mill_lock_order_exhausted());
        takes(1, 0x10000000 + i * 64, 0);
    }
    assert_true(mill_lock_order_exhausted());
    mill_lock_order_released(1, 0x10000000 + (uintptr_t)MILL_LOCK_HELD * 64); /* was not kept */

    forget_all(0);
    for (int round = 0; round < 2; round++) { /* threads of other creators */
        begin(MILL_HUNT_THREADS / 2);
        mill_lock_order_spawned((unsigned)round + 1, MILL_HUNT_THREADS - 1);
        for (unsigned i = MILL_HUNT_THREADS / 2 + 1; i < MILL_HUNT_THREADS - 1; i++) {
            mill_lock_order_spawned((unsigned)round + 1, i);
        }
        assert_int_equal(mill_lock_order_exhausted(), round == 1);
    }
    assert_false(takes_two(MILL_HUNT_THREADS - 2, A, B)); /* one that is not known */

    for (int i = 0; i < MILL_LOCK_FRESHES - 1; i++) {
        assert_int_equal(mill_lock_order_fresh(HEAP, 1), 0);
    }
    assert_int_equal(mill_lock_order_fresh(HEAP, 1), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_orders_by_two_threads_are_told),
        cmocka_unit_test(test_the_same_order_is_none),
        cmocka_unit_test(test_a_pair_of_places_is_told_once),
        cmocka_unit_test(test_one_thread_alone_is_no_deadlock),
        cmocka_unit_test(test_a_lock_around_both_makes_it_none),
        cmocka_unit_test(test_locks_that_are_shared_do_not_wait_for_each_other),
        cmocka_unit_test(test_a_try_waits_for_nobody_but_is_waited_for),
        cmocka_unit_test(test_creation_and_join_order_what_they_separate),
        cmocka_unit_test(test_a_recursive_lock_is_held_until_its_last_release),
        cmocka_unit_test(test_a_circle_of_many),
        cmocka_unit_test(test_orders_of_different_schedules_meet),
        cmocka_unit_test(test_a_thread_is_known_by_its_creator),
        cmocka_unit_test(test_another_lock_at_the_same_address),
        cmocka_unit_test(test_orders_of_locks_that_are_gone_make_room),
        cmocka_unit_test(test_too_much_is_told),
    };
    return cmocka_run_group_tests(tests, open_order, close_order);
}

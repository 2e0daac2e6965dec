#include "sync/parking.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/test_in_step.h"
#include "core/timeout.h"

/* Bounds a wait that should end by itself; what needed it was not woken. */
#define SOON (60 * MILL_NS_PER_S)

static uint64_t soon(void)
{
    return mill_now_ns() + SOON;
}

static uint32_t waiters(const struct mill_parking *parking)
{
    return atomic_load(&parking->waiters);
}

static uint32_t signals(const struct mill_parking *parking)
{
    return atomic_load(&parking->signals);
}

static void test_a_wake_for_nobody_leaves_nothing(void **state)
{
    (void)state;
    struct mill_parking parking = {0};
    mill_parking_wake(&parking, 1);
    mill_parking_wake(&parking, UINT32_MAX);
    assert_int_equal(signals(&parking), 0);
    mill_parking_prepare(&parking);
    assert_int_equal(waiters(&parking), 1);
    mill_parking_cancel(&parking);
    assert_int_equal(waiters(&parking), 0);
}

static void test_wakes_are_counted(void **state)
{
    (void)state;
    struct mill_parking parking = {0};
    for (unsigned i = 0; i < 3; i++) {
        mill_parking_prepare(&parking);
    }
    mill_parking_wake(&parking, 1);
    assert_int_equal(signals(&parking), 1);
    mill_parking_wake(&parking, 1);
    assert_int_equal(signals(&parking), 2);
    mill_parking_wake(&parking, 5); /* no more than wait */
    assert_int_equal(signals(&parking), 3);
    mill_parking_wake(&parking, UINT32_MAX);
    assert_int_equal(signals(&parking), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mill_parking_wait(&parking, soon()), 0);
    }
    assert_int_equal(waiters(&parking), 0);
    assert_int_equal(signals(&parking), 0);
}

static void test_times_out(void **state)
{
    (void)state;
    struct mill_parking parking = {0};
    mill_parking_prepare(&parking);
    assert_int_equal(mill_parking_wait(&parking, 0), -ETIMEDOUT);
    assert_int_equal(waiters(&parking), 0);
    uint64_t deadline = mill_now_ns() + 2 * MILL_NS_PER_MS;
    mill_parking_prepare(&parking);
    assert_int_equal(mill_parking_wait(&parking, deadline), -ETIMEDOUT);
    assert_true(mill_now_ns() >= deadline);
    assert_int_equal(waiters(&parking), 0);
}

/* A wake is taken also by a wait whose deadline has passed: it was given to somebody who waits. */
static void test_a_late_waiter_takes_its_wake(void **state)
{
    (void)state;
    struct mill_parking parking = {0};
    mill_parking_prepare(&parking);
    mill_parking_wake(&parking, 1);
    assert_int_equal(mill_parking_wait(&parking, 0), 0);
    assert_int_equal(signals(&parking), 0);
}

/* The wake of one who cancels stays, and the next wait returns for no reason instead of sleeping. */
static void test_a_wake_outlives_its_waiter(void **state)
{
    (void)state;
    struct mill_parking parking = {0};
    mill_parking_prepare(&parking);
    mill_parking_wake(&parking, 1);
    mill_parking_cancel(&parking);
    mill_parking_prepare(&parking);
    assert_int_equal(mill_parking_wait(&parking, soon()), 0);
    assert_int_equal(waiters(&parking), 0);
}

/* Prepare and look against publish and wake, at the same moment: who did not see it was woken. */
#define LOOKS 64u

struct look {
    alignas(MILL_ISOLATION) atomic_bool published;
    bool saw;
    struct mill_parking parking;
};

static void look_or_publish(void *context, unsigned side, unsigned round)
{
    struct look *looks = context;
    for (struct look *look = &looks[(size_t)round * LOOKS]; look < &looks[(round + 1ul) * LOOKS]; look++) {
        /* relaxed, both: the parking's fences are what is tested */
        if (side == 0) {
            mill_parking_prepare(&look->parking);
            look->saw = atomic_load_explicit(&look->published, memory_order_relaxed);
        } else {
            atomic_store_explicit(&look->published, true, memory_order_relaxed);
            mill_parking_wake(&look->parking, 1);
        }
    }
}

static void test_no_wake_is_missed(void **state)
{
    (void)state;
    enum { rounds = 50 };
    struct look *looks = mill_isolated_alloc(rounds * LOOKS * sizeof *looks);
    assert_non_null(looks);
    mill_in_step(look_or_publish, looks, rounds);
    unsigned missed = 0;
    for (unsigned i = 0; i < rounds * LOOKS; i++) {
        missed += !looks[i].saw && signals(&looks[i].parking) == 0;
    }
    free(looks);
    assert_int_equal(missed, 0);
}

/* ---- between threads: tokens that are put and taken without a lock ---- */

struct bowl {
    _Atomic unsigned tokens;
    struct mill_parking parking;
};

static bool try_take(struct bowl *bowl)
{
    /* relaxed: the tokens carry nothing; that a wake is not missed is the parking's promise */
    unsigned tokens = atomic_load_explicit(&bowl->tokens, memory_order_relaxed);
    while (tokens > 0) {
        if (atomic_compare_exchange_weak_explicit(&bowl->tokens, &tokens, tokens - 1, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

/* 0, or -ETIMEDOUT when only the deadline ended it. */
static int take(struct bowl *bowl, uint64_t deadline)
{
    while (!try_take(bowl)) {
        mill_parking_prepare(&bowl->parking);
        if (try_take(bowl)) {
            mill_parking_cancel(&bowl->parking);
            return 0;
        }
        int status = mill_parking_wait(&bowl->parking, deadline);
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

static void put(struct bowl *bowl, unsigned tokens, uint32_t wakes)
{
    atomic_fetch_add_explicit(&bowl->tokens, tokens, memory_order_relaxed);
    mill_parking_wake(&bowl->parking, wakes);
}

struct player {
    struct bowl *from, *to;
    unsigned rounds;
    int status;
    pthread_t thread;
};

static void *pass_on(void *argument)
{
    struct player *player = argument;
    for (unsigned i = 0; i < player->rounds && player->status == 0; i++) {
        uint64_t late = soon();
        player->status = take(player->from, late);
        if (mill_now_ns() >= late) {
            player->status = -ETIMEDOUT; /* whatever it found then */
        }
        if (player->to && player->status == 0) {
            put(player->to, 1, 1);
        }
    }
    return NULL;
}

static void start(struct player *player)
{
    assert_int_equal(pthread_create(&player->thread, NULL, pass_on, player), 0);
}

/* Joins all before it looks at any: a failed test must not leave threads on what it takes with it. */
static void assert_all_end(const struct player *players, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        pthread_join(players[i].thread, NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(players[i].status, 0);
    }
}

static void test_ping_pong(void **state)
{
    (void)state;
    struct bowl left = {0};
    struct bowl right = {0};
    struct player players[] = {{.from = &left, .to = &right, .rounds = 3000},
                               {.from = &right, .to = &left, .rounds = 3000}};
    start(&players[0]);
    start(&players[1]);
    put(&left, 1, 1);
    assert_all_end(players, 2);
    assert_int_equal(waiters(&left.parking) + waiters(&right.parking), 0);
}

/* One wake for each token suffices, however many wait and put at once. */
static void test_each_token_wakes_one(void **state)
{
    (void)state;
    enum { pairs = 3, rounds = 2000 };
    struct bowl source = {.tokens = pairs * rounds};
    struct bowl bowl = {0};
    struct player players[2 * pairs];
    for (unsigned i = 0; i < 2 * pairs; i++) {
        players[i] = i < pairs ? (struct player){.from = &bowl, .rounds = rounds}
                               : (struct player){.from = &source, .to = &bowl, .rounds = rounds};
        start(&players[i]);
    }
    assert_all_end(players, 2 * pairs);
    assert_int_equal(atomic_load(&bowl.tokens), 0);
    assert_int_equal(waiters(&bowl.parking), 0);
}

static void test_one_call_wakes_all(void **state)
{
    (void)state;
    enum { sleepers = 8 };
    for (unsigned round = 0; round < 30; round++) {
        struct bowl bowl = {0};
        struct player players[sleepers];
        for (unsigned i = 0; i < sleepers; i++) {
            players[i] = (struct player){.from = &bowl, .rounds = 1};
            start(&players[i]);
        }
        while (waiters(&bowl.parking) < sleepers) {
            sched_yield();
        }
        put(&bowl, sleepers, UINT32_MAX);
        assert_all_end(players, sleepers);
        assert_int_equal(waiters(&bowl.parking), 0);
    }
}

int main(void)
{
    mill_fence_open();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wake_for_nobody_leaves_nothing),
        cmocka_unit_test(test_wakes_are_counted),
        cmocka_unit_test(test_times_out),
        cmocka_unit_test(test_a_late_waiter_takes_its_wake),
        cmocka_unit_test(test_a_wake_outlives_its_waiter),
        cmocka_unit_test(test_no_wake_is_missed),
        cmocka_unit_test(test_ping_pong),
        cmocka_unit_test(test_each_token_wakes_one),
        cmocka_unit_test(test_one_call_wakes_all),
    };
    return cmocka_run_group_tests_name("parking", tests, NULL, NULL);
}

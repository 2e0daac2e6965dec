#include "sync/monitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#define SLEEPERS 6u

struct room {
    struct mill_monitor monitor; /* protects all below */
    unsigned inside;
    unsigned passes; /* sleepers that may leave */
};

static void open_room(struct room *room)
{
    *room = (struct room){.inside = 0};
    assert_int_equal(mill_monitor_init(&room->monitor), 0);
}

static void test_times_out_and_not_before(void **state)
{
    (void)state;
    struct room room;
    open_room(&room);
    mill_monitor_enter(&room.monitor);
    assert_int_equal(mill_monitor_wait(&room.monitor, 0), -ETIMEDOUT);
    uint64_t deadline = mill_now_ns() + 2 * MILL_NS_PER_MS;
    int status;
    while ((status = mill_monitor_wait(&room.monitor, deadline)) == 0) {
    }
    assert_int_equal(status, -ETIMEDOUT);
    assert_true(mill_now_ns() >= deadline);
    mill_monitor_leave(&room.monitor);
    mill_monitor_destroy(&room.monitor);
}

struct sleeper {
    struct room *room;
    uint64_t deadline;
    int status;
    pthread_t thread;
};

static void *sleep_for_a_pass(void *argument)
{
    struct sleeper *sleeper = argument;
    struct room *room = sleeper->room;
    mill_monitor_enter(&room->monitor);
    room->inside++;
    while (room->passes == 0 && sleeper->status == 0) {
        sleeper->status = mill_monitor_wait(&room->monitor, sleeper->deadline);
    }
    room->passes -= room->passes > 0;
    room->inside--;
    mill_monitor_leave(&room->monitor);
    return NULL;
}

/* All sleep, since whoever is seen inside from within has left the mutex to sleep. */
static void fill(struct room *room, struct sleeper *sleepers)
{
    const uint64_t deadlines[] = {MILL_NO_DEADLINE, UINT64_MAX - 1, mill_now_ns() + 60 * MILL_NS_PER_S};
    for (unsigned i = 0; i < SLEEPERS; i++) {
        sleepers[i] = (struct sleeper){.room = room, .deadline = deadlines[i % 3]};
        assert_int_equal(pthread_create(&sleepers[i].thread, NULL, sleep_for_a_pass, &sleepers[i]), 0);
    }
    for (bool full = false; !full;) {
        mill_monitor_enter(&room->monitor);
        full = room->inside == SLEEPERS;
        mill_monitor_leave(&room->monitor);
    }
}

static void assert_all_left(struct room *room, struct sleeper *sleepers)
{
    for (unsigned i = 0; i < SLEEPERS; i++) {
        pthread_join(sleepers[i].thread, NULL);
    }
    for (unsigned i = 0; i < SLEEPERS; i++) {
        assert_int_equal(sleepers[i].status, 0);
    }
    assert_int_equal(room->inside, 0);
    assert_int_equal(room->passes, 0);
    mill_monitor_destroy(&room->monitor);
}

static void test_wakes_all(void **state)
{
    (void)state;
    struct room room;
    struct sleeper sleepers[SLEEPERS];
    open_room(&room);
    fill(&room, sleepers);
    mill_monitor_enter(&room.monitor);
    room.passes = SLEEPERS;
    mill_monitor_wake_all(&room.monitor);
    mill_monitor_leave(&room.monitor);
    assert_all_left(&room, sleepers);
}

static void test_wakes_one_at_a_time(void **state)
{
    (void)state;
    struct room room;
    struct sleeper sleepers[SLEEPERS];
    open_room(&room);
    fill(&room, sleepers);
    for (unsigned i = 0; i < SLEEPERS; i++) {
        mill_monitor_enter(&room.monitor);
        room.passes++;
        mill_monitor_wake_one(&room.monitor);
        mill_monitor_leave(&room.monitor);
    }
    assert_all_left(&room, sleepers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_out_and_not_before),
        cmocka_unit_test(test_wakes_all),
        cmocka_unit_test(test_wakes_one_at_a_time),
    };
    return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}

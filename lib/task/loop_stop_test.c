/* A post that comes between the loop's taking of the list and its leaving: its poster had looked before the
 * stop, and was stopped itself. The test plays it, inside of the loop's file, as a post of the same batch.
 */
#include "task/loop.c" // NOLINT(bugprone-suspicious-include)

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"

struct held {
    struct mill_loop *loop;
    atomic_bool entered, leave;
    struct post *late;
    int status; /* of the late push */
    unsigned runs;
};

static void hold_up(void *argument)
{
    struct held *held = argument;
    atomic_store(&held->entered, true);
    while (!atomic_load(&held->leave)) {
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS / 10);
    }
}

static void run_late(void *argument)
{
    ((struct held *)argument)->runs++;
}

static void push_late(void *argument)
{
    struct held *held = argument;
    held->status = push(held->loop, held->late);
}

static void test_what_came_behind_the_last_batch_runs(void **state)
{
    (void)state;
    struct held held = {.late = malloc(sizeof *held.late)};
    assert_non_null(held.late);
    *held.late = (struct post){.run = run_late, .argument = &held};
    assert_int_equal(mill_loop_start(&held.loop, "test"), 0);
    assert_int_equal(mill_loop_post(held.loop, hold_up, &held), 0);
    while (!atomic_load(&held.entered)) {
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS / 10);
    }
    /* the next batch: the late push, then the request to leave */
    assert_int_equal(mill_loop_post(held.loop, push_late, &held), 0);
    assert_int_equal(mill_loop_stop(&held.loop, 0), -ETIMEDOUT);
    atomic_store(&held.leave, true);
    struct mill_loop *loop = held.loop; /* the late push reads the other */
    assert_int_equal(mill_loop_stop(&loop, MILL_FOREVER), 0);
    assert_int_equal(held.status, 0);
    assert_int_equal(held.runs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_came_behind_the_last_batch_runs),
    };
    return cmocka_run_group_tests_name("loop_stop", tests, NULL, NULL);
}

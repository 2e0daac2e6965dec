/* A worker that is stopped between the intake, where its batch no longer stands, and its own deque. One
 * thread plays it and whoever looks meanwhile whether a task is left: a worker about to sleep or to end, or a
 * submit.
 */
#include "task/intake.h"

static void (*behind_take)(void);

static size_t played_take(struct mill_intake *intake, struct mill_task **tasks, size_t most, size_t sharers,
                          atomic_bool *carrying)
{
    size_t count = mill_intake_take(intake, tasks, most, sharers, carrying);
    if (behind_take) {
        behind_take();
    }
    return count;
}

#define mill_intake_take played_take
#include "task/pool_stealing.c" // NOLINT(bugprone-suspicious-include)

#include "task/test_pool.h"

#define WORKERS 2

static struct stealing *house; /* without threads */
static int seen;               /* whether a task was left: 0 or 1; -1: nobody looked */

static void look(void)
{
    seen = any(&house->team);
}

static void open_house(void **state)
{
    house = mill_isolated_alloc(sizeof *house);
    assert_non_null(house);
    house->deque = *state;
    house->team.pool.workers = WORKERS;
    atomic_store(&house->team.idlers.pace, MILL_PACE_QUICK); /* a batch is all there is */
    assert_int_equal(open_store(house, WORKERS), 0);
    behind_take = look;
}

static void close_house(void)
{
    behind_take = NULL;
    mill_intake_destroy(&house->intake);
    for (unsigned i = 0; i < WORKERS; i++) {
        house->deque->destroy(&house->workers[i].deque);
    }
    free(house->workers);
    free(house);
}

/* The first worker takes a batch; `left`: what is seen while it is stopped. */
static struct mill_task *take_stopped(int left)
{
    seen = -1;
    struct mill_task *task = take_batch(house, &house->workers[0]);
    assert_int_equal(seen, left);
    return task;
}

/* Takes `tasks`, which stand in the intake, and looks on: the first, then what is in the deque. */
static void assert_takes(struct mill_task *tasks, unsigned count)
{
    assert_ptr_equal(take_stopped(count > 1), &tasks[0]);
    for (unsigned i = 1; i < count; i++) {
        assert_true(any(&house->team));
        assert_ptr_equal(house->deque->pop(&house->workers[0].deque), &tasks[i]);
    }
    assert_false(any(&house->team));
}

static void test_what_is_carried_is_left(void **state)
{
    struct mill_task tasks[3];
    open_house(state);
    for (unsigned count = 1; count <= 3; count++) {
        for (unsigned i = 0; i < count; i++) {
            assert_int_equal(mill_intake_put(&house->intake, &tasks[i]), 0);
        }
        assert_takes(tasks, count);
    }
    close_house();
}

/* The same out of the list behind the intake's ring, and out of both at once. */
static void test_what_is_carried_from_the_list_is_left(void **state)
{
    struct mill_task tasks[3];
    open_house(state);
    for (unsigned i = 0; i < 3; i++) {
        mill_intake_put_back(&house->intake, &tasks[i]);
    }
    assert_takes(tasks, 3);
    mill_intake_put_back(&house->intake, &tasks[0]);
    assert_int_equal(mill_intake_put(&house->intake, &tasks[1]), 0);
    assert_takes(tasks, 2);
    close_house();
}

/* Who finds nothing carries nothing, neither then nor later: it would keep the others awake. */
static void test_nothing_is_carried_in_vain(void **state)
{
    open_house(state);
    assert_null(take_stopped(false));
    assert_false(any(&house->team));
    close_house();
}

#define EACH(ident)                                                                                          \
    {"what is carried is left: " #ident, test_what_is_carried_is_left, NULL, NULL,                           \
     (void *)(uintptr_t)&ident},                                                                             \
        {"what is carried from the list is left: " #ident, test_what_is_carried_from_the_list_is_left, NULL, \
         NULL, (void *)(uintptr_t)&ident},                                                                   \
        {"nothing is carried in vain: " #ident, test_nothing_is_carried_in_vain, NULL, NULL,                 \
         (void *)(uintptr_t)&ident},

int main(void)
{
    const struct CMUnitTest tests[] = {EACH(chase_lev) EACH(blocks)};
    return cmocka_run_group_tests_name("pool_stealing", tests, NULL, NULL);
}

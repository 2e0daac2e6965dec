/* Every strategy when memory is out: nothing leaks, nothing is put by half, and it goes on afterwards. */
#include "core/test_exhaustion.h"

#include <sched.h>

#include "queue/test_queues.h"

/* Enough for a queue of nodes or segments to allocate more than once. */
#define ITEMS 300u

static char items[ITEMS];

/* Puts all, as often as needed: what was refused with -ENOMEM is not in the queue and goes in again. */
static int put_and_get_all(struct mill_queue *queue)
{
    int met = 0;
    size_t out = 0;
    for (size_t in = 0; in < ITEMS;) {
        int status = mill_queue_try_put(queue, &items[in]);
        if (status == 0) {
            in++;
        } else {
            assert_int_equal(status, -ENOMEM);
            met = status;
        }
        if (in - out < 4 && in < ITEMS) {
            continue;
        }
        void *got = NULL;
        assert_int_equal(mill_queue_try_get(queue, &got), 0);
        assert_ptr_equal(got, &items[out]);
        out++;
    }
    mill_queue_close(queue);
    return met;
}

static int attempt(void *context)
{
    const struct mill_queue_ops *ops = context;
    struct mill_queue *queue = NULL;
    int status = mill_queue_create(ops, 4, &queue);
    if (status < 0) {
        assert_int_equal(status, -ENOMEM);
        assert_null(queue);
        return status;
    }
    status = put_and_get_all(queue);
    mill_queue_destroy(queue);
    return status;
}

static void test_memory_runs_out(void **state)
{
    const struct mill_queue_ops *ops = strategy_of(state);
    if (shaped(ops, MILL_QUEUE_LOOSE_MEMORY)) {
        leave_out(ops, "its library does not survive that");
    }
    bool met = mill_exhaust(attempt, (void *)(uintptr_t)ops) > 0;
    if (!met && ops->about.library) {
        leave_out(ops, "its library's allocations are not seen");
    }
    assert_true(met);
}

int main(void)
{
    static const struct check checks[] = {{"memory runs out", test_memory_runs_out}};
    return run_checks("queue_exhaustion", checks, sizeof checks / sizeof checks[0]);
}

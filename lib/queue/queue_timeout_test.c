/* What put and get make of their timeout: 0 is one try, without a look at the clock's expense or at a
 * parking. The queue is the test's own: it is always full and always empty, and notes how it was asked.
 */
#include "queue/queue.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct {
    unsigned tries, waits;
    uint32_t parked; /* the most waiters that a try has seen */
    int says;
} seen;

static uint32_t waiters_of(const struct mill_parking *parking)
{
    return atomic_load_explicit(&parking->waiters, memory_order_relaxed); /* one thread alone */
}

static int look(const struct mill_queue *queue)
{
    uint32_t waiters = waiters_of(&queue->not_empty) + waiters_of(&queue->not_full);
    seen.parked = waiters > seen.parked ? waiters : seen.parked;
    seen.tries++;
    return seen.says;
}

static int try_put(struct mill_queue *queue, void *item)
{
    (void)item;
    return look(queue);
}

static int try_get(struct mill_queue *queue, void **item)
{
    (void)item;
    return look(queue);
}

static int put(struct mill_queue *queue, void *item, uint64_t deadline)
{
    (void)queue;
    (void)item;
    (void)deadline;
    seen.waits++;
    return -ETIMEDOUT;
}

static int get(struct mill_queue *queue, void **item, uint64_t deadline)
{
    (void)queue;
    (void)item;
    (void)deadline;
    seen.waits++;
    return -ETIMEDOUT;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    (void)capacity;
    *queue = mill_isolated_alloc(sizeof **queue);
    return *queue ? 0 : -ENOMEM;
}

static void destroy(struct mill_queue *queue)
{
    free(queue);
}

static const struct mill_queue_ops tries_only = {
    .shape = MILL_QUEUE_BOUNDED,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
};

static const struct mill_queue_ops waits_by_itself = {
    .shape = MILL_QUEUE_BOUNDED,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .put = put,
    .get = get,
};

typedef int call(struct mill_queue *queue, int64_t timeout_ns);

static int call_put(struct mill_queue *queue, int64_t timeout_ns)
{
    return mill_queue_put(queue, &seen, timeout_ns);
}

static int call_get(struct mill_queue *queue, int64_t timeout_ns)
{
    return mill_queue_get(queue, &(void *){NULL}, timeout_ns);
}

static call *const calls[] = {call_put, call_get};

#define CALLS (sizeof calls / sizeof calls[0])

/* Calls with the queue answering `says` to every try; what the call returned. */
static int ask(call *one, const struct mill_queue_ops *ops, int64_t timeout_ns, int says)
{
    struct mill_queue *queue = NULL;
    assert_int_equal(mill_queue_create(ops, 1, &queue), 0);
    seen.tries = seen.waits = seen.parked = 0;
    seen.says = says;
    int status = one(queue, timeout_ns);
    assert_int_equal(waiters_of(&queue->not_empty) + waiters_of(&queue->not_full), 0);
    mill_queue_destroy(queue);
    return status;
}

static void test_0_tries_once_and_does_not_prepare_to_park(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(ask(calls[i], &tries_only, 0, -EAGAIN), -ETIMEDOUT);
        assert_int_equal(seen.tries, 1);
        assert_int_equal(seen.parked, 0);
    }
}

static void test_0_asks_nobody_to_wait(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(ask(calls[i], &waits_by_itself, 0, -EAGAIN), -ETIMEDOUT);
        assert_int_equal(seen.tries, 1);
        assert_int_equal(seen.waits, 0);
    }
}

static void test_0_hands_on_what_the_try_said(void **state)
{
    (void)state;
    static const int says[] = {0, -EPIPE, -ENOMEM};
    for (size_t i = 0; i < CALLS; i++) {
        for (size_t j = 0; j < sizeof says / sizeof says[0]; j++) {
            assert_int_equal(ask(calls[i], &tries_only, 0, says[j]), says[j]);
            assert_int_equal(ask(calls[i], &waits_by_itself, 0, says[j]), says[j]);
        }
    }
}

/* The control of the first test: what waits does prepare, and the try that follows sees it. */
static void test_a_wait_prepares_to_park(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(ask(calls[i], &tries_only, MILL_NS_PER_MS, -EAGAIN), -ETIMEDOUT);
        assert_true(seen.tries > 1);
        assert_int_equal(seen.parked, 1);
        assert_int_equal(ask(calls[i], &waits_by_itself, MILL_NS_PER_MS, -EAGAIN), -ETIMEDOUT);
        assert_int_equal(seen.waits, 1);
    }
}

static void test_a_negative_one_is_refused_untried(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(ask(calls[i], &tries_only, -1, 0), -EINVAL);
        assert_int_equal(seen.tries, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_0_tries_once_and_does_not_prepare_to_park),
        cmocka_unit_test(test_0_asks_nobody_to_wait),
        cmocka_unit_test(test_0_hands_on_what_the_try_said),
        cmocka_unit_test(test_a_wait_prepares_to_park),
        cmocka_unit_test(test_a_negative_one_is_refused_untried),
    };
    return cmocka_run_group_tests_name("queue_timeout", tests, NULL, NULL);
}

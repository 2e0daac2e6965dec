/* The contract of queue.h as one thread sees it, held against every strategy. */
#include "queue/queue.h"

#include <sched.h>
#include <string.h>

#include "queue/test_queues.h"

#define ITEMS 64u

/* Only their addresses matter. */
static char items[ITEMS];

static void *item(size_t number)
{
    return &items[number % ITEMS];
}

static const size_t capacities[] = {1, 2, 3, 8, 21};

typedef void held_to(const struct mill_queue_ops *ops, size_t capacity);

static void for_each_capacity(void **state, held_to *check)
{
    const struct mill_queue_ops *ops = strategy_of(state);
    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        check(ops, capacities[i]);
    }
}

static void assert_gets(struct mill_queue *queue, size_t number)
{
    void *got = NULL;
    assert_int_equal(mill_queue_try_get(queue, &got), 0);
    assert_ptr_equal(got, item(number));
}

/* Every way to get says `expected` (try_get: `tried`), and leaves the result alone. */
static void assert_gets_nothing(struct mill_queue *queue, int tried, int expected)
{
    void *got = items;
    assert_int_equal(mill_queue_try_get(queue, &got), tried);
    assert_int_equal(mill_queue_get(queue, &got, 0), expected);
    uint64_t from = mill_now_ns();
    assert_int_equal(mill_queue_get(queue, &got, MILL_NS_PER_MS), expected);
    if (expected == -ETIMEDOUT) {
        assert_true(mill_now_ns() - from >= MILL_NS_PER_MS);
    }
    assert_ptr_equal(got, items);
}

static void assert_puts_nothing(struct mill_queue *queue, int tried, int expected)
{
    assert_int_equal(mill_queue_try_put(queue, item(0)), tried);
    assert_int_equal(mill_queue_put(queue, item(0), 0), expected);
    uint64_t from = mill_now_ns();
    assert_int_equal(mill_queue_put(queue, item(0), MILL_NS_PER_MS), expected);
    if (expected == -ETIMEDOUT) {
        assert_true(mill_now_ns() - from >= MILL_NS_PER_MS);
    }
}

/* Puts items `from`, `from` + 1, … until it is full. Returns how many. */
static size_t fill(struct mill_queue *queue, size_t from)
{
    size_t put = 0;
    int status;
    while ((status = mill_queue_try_put(queue, item(from + put))) == 0) {
        put++;
        assert_true(put <= queue->capacity);
    }
    assert_int_equal(status, -EAGAIN);
    return put;
}

static void test_table(void **state)
{
    const struct mill_queue_ops *ops = *state;
    const struct mill_strategy *about = &ops->about;
    assert_ptr_equal(mill_queue_ops_find(about->name), ops);
    assert_int_equal(strspn(about->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(about->name));
    assert_non_null(about->summary);
    assert_null(strchr(about->summary, '\n'));
    assert_non_null(about->source);
    assert_in_range(about->progress, MILL_BLOCKING, MILL_WAIT_FREE);
    assert_int_equal(shaped(ops, MILL_QUEUE_DROPS_OLDEST), ops->dropped != NULL);
    assert_true(!shaped(ops, MILL_QUEUE_DROPS_OLDEST) || shaped(ops, MILL_QUEUE_BOUNDED));
    assert_int_equal(ops->put == NULL, ops->get == NULL);
    if (about->missing) {
        struct mill_queue *queue = NULL;
        assert_int_equal(mill_queue_create(ops, 4, &queue), -ENOTSUP);
        assert_null(queue);
        leave_out(ops, about->missing);
    }
    assert_non_null(ops->create);
    assert_non_null(ops->destroy);
    assert_non_null(ops->try_put);
    assert_non_null(ops->try_get);
    assert_non_null(ops->close);
}

static void test_bad_input(void **state)
{
    const struct mill_queue_ops *ops = strategy_of(state);
    struct mill_queue *queue = NULL;
    assert_int_equal(mill_queue_create(NULL, 4, &queue), -EINVAL);
    assert_int_equal(mill_queue_create(ops, 4, NULL), -EINVAL);
    assert_int_equal(mill_queue_create(ops, 0, &queue), -EINVAL);
    assert_int_equal(mill_queue_create(ops, MILL_QUEUE_CAPACITY_MAX + 1, &queue), -EINVAL);
    assert_int_equal(mill_queue_create(ops, SIZE_MAX, &queue), -EINVAL);
    assert_null(queue);
    mill_queue_destroy(NULL);
    assert_null(mill_queue_ops_find("no-such-queue"));

    queue = made(ops, 4);
    assert_int_equal(mill_queue_try_put(queue, NULL), -EINVAL);
    assert_int_equal(mill_queue_put(queue, NULL, MILL_FOREVER), -EINVAL);
    assert_int_equal(mill_queue_put(queue, item(0), -1), -EINVAL);
    assert_int_equal(mill_queue_put(queue, item(0), INT64_MIN), -EINVAL);
    assert_int_equal(mill_queue_try_put(queue, item(1)), 0);
    void *got = items;
    assert_int_equal(mill_queue_get(queue, &got, -1), -EINVAL);
    assert_int_equal(mill_queue_get(queue, NULL, MILL_FOREVER), -EINVAL);
    assert_int_equal(mill_queue_try_get(queue, NULL), -EINVAL);
    assert_ptr_equal(got, items);
    assert_gets(queue, 1);
    assert_gets_nothing(queue, -EAGAIN, -ETIMEDOUT);
    mill_queue_destroy(queue);
}

/* Every length from one item to all that were asked for, at every place of a ring, by every way to call. */
static void check_first_in_first_out(const struct mill_queue_ops *ops, size_t capacity)
{
    struct mill_queue *queue = made(ops, capacity);
    size_t in = 0;
    size_t out = 0;
    for (size_t round = 0; round < 40 * capacity; round++) {
        size_t length = 1 + round % capacity;
        for (; in < out + length; in++) {
            int64_t timeout_ns = in % 3 == 0 ? 0 : MILL_FOREVER;
            assert_int_equal(in % 2 ? mill_queue_try_put(queue, item(in))
                                    : mill_queue_put(queue, item(in), timeout_ns),
                             0);
        }
        for (; out < in; out++) {
            void *got = NULL;
            int64_t timeout_ns = out % 3 == 0 ? 0 : MILL_FOREVER;
            assert_int_equal(
                out % 2 ? mill_queue_try_get(queue, &got) : mill_queue_get(queue, &got, timeout_ns), 0);
            assert_ptr_equal(got, item(out));
        }
        assert_int_equal(mill_queue_try_get(queue, &(void *){NULL}), -EAGAIN);
    }
    mill_queue_destroy(queue);
}

static void test_first_in_first_out(void **state)
{
    for_each_capacity(state, check_first_in_first_out);
}

/* What was asked for is there at every moment, also where a ring has just come round. */
static void check_capacity_is_held(const struct mill_queue_ops *ops, size_t capacity)
{
    struct mill_queue *queue = made(ops, capacity);
    if (shaped(ops, MILL_QUEUE_BOUNDED)) {
        assert_true(queue->capacity >= capacity);
    } else {
        assert_int_equal(queue->capacity, 0);
    }
    size_t in = 0;
    for (; in < capacity; in++) {
        assert_int_equal(mill_queue_try_put(queue, item(in)), 0);
    }
    for (size_t out = 0; out < 10 * capacity; out++, in++) {
        assert_gets(queue, out);
        assert_int_equal(mill_queue_try_put(queue, item(in)), 0);
    }
    mill_queue_destroy(queue);
}

static void test_capacity_is_held(void **state)
{
    for_each_capacity(state, check_capacity_is_held);
}

static void check_full(const struct mill_queue_ops *ops, size_t capacity)
{
    struct mill_queue *queue = made(ops, capacity);
    size_t in = 0;
    size_t out = 0;
    for (size_t round = 0; round < 3 * queue->capacity + 2; round++) {
        in += fill(queue, in);
        assert_in_range(in - out, capacity, queue->capacity);
        for (size_t left = 1 + round % capacity; left > 0; left--) {
            assert_gets(queue, out++);
        }
    }
    in += fill(queue, in);
    assert_puts_nothing(queue, -EAGAIN, -ETIMEDOUT);
    for (; out < in; out++) {
        assert_gets(queue, out);
    }
    mill_queue_destroy(queue);
}

static void test_full(void **state)
{
    const struct mill_queue_ops *ops = strategy_of(state);
    if (!fills(ops)) {
        leave_out(ops, "never full");
    }
    for_each_capacity(state, check_full);
}

static void test_empty(void **state)
{
    const struct mill_queue_ops *ops = strategy_of(state);
    struct mill_queue *queue = made(ops, 3);
    assert_gets_nothing(queue, -EAGAIN, -ETIMEDOUT);
    assert_int_equal(mill_queue_put(queue, item(5), MILL_NS_PER_MS), 0);
    assert_gets(queue, 5);
    assert_gets_nothing(queue, -EAGAIN, -ETIMEDOUT);
    mill_queue_destroy(queue);
}

static void test_grows(void **state)
{
    const struct mill_queue_ops *ops = strategy_of(state);
    if (shaped(ops, MILL_QUEUE_BOUNDED)) {
        leave_out(ops, "bounded");
    }
    struct mill_queue *queue = made(ops, 1);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 5000; i++) {
            assert_int_equal(mill_queue_put(queue, item(i), 0), 0);
        }
        for (size_t i = 0; i < 5000; i++) {
            assert_gets(queue, i);
        }
        assert_gets_nothing(queue, -EAGAIN, -ETIMEDOUT);
    }
    mill_queue_destroy(queue);
}

/* The newest stay, in order, and every other one is counted. */
static void check_oldest_is_dropped(const struct mill_queue_ops *ops, size_t capacity)
{
    struct mill_queue *queue = made(ops, capacity);
    size_t in = 0;
    size_t got = 0;
    for (size_t round = 0; round < 5; round++) {
        for (size_t i = 0; i < queue->capacity + 7 * round; i++, in++) {
            assert_int_equal(in % 2 ? mill_queue_try_put(queue, item(in))
                                    : mill_queue_put(queue, item(in), MILL_FOREVER),
                             0);
        }
        size_t kept = in - got - (size_t)ops->dropped(queue);
        assert_in_range(kept, capacity, queue->capacity);
        for (size_t i = in - kept; i < in; i++, got++) {
            assert_gets(queue, i);
        }
        assert_gets_nothing(queue, -EAGAIN, -ETIMEDOUT);
        assert_int_equal(got + (size_t)ops->dropped(queue), in);
    }
    mill_queue_destroy(queue);
}

static void test_oldest_is_dropped(void **state)
{
    const struct mill_queue_ops *ops = strategy_of(state);
    if (!shaped(ops, MILL_QUEUE_DROPS_OLDEST)) {
        leave_out(ops, "drops nothing");
    }
    for_each_capacity(state, check_oldest_is_dropped);
}

static void check_closes_and_drains(const struct mill_queue_ops *ops, size_t capacity)
{
    for (size_t left = 0; left <= capacity; left++) {
        struct mill_queue *queue = made(ops, capacity);
        for (size_t i = 0; i < left; i++) {
            assert_int_equal(mill_queue_put(queue, item(i), 0), 0);
        }
        mill_queue_close(queue);
        assert_puts_nothing(queue, -EPIPE, -EPIPE);
        assert_int_equal(mill_queue_put(queue, item(0), MILL_FOREVER), -EPIPE);
        for (size_t i = 0; i < left; i++) {
            assert_gets(queue, i);
        }
        assert_gets_nothing(queue, -EPIPE, -EPIPE);
        assert_int_equal(mill_queue_get(queue, &(void *){NULL}, MILL_FOREVER), -EPIPE);
        mill_queue_close(queue);
        assert_puts_nothing(queue, -EPIPE, -EPIPE);
        assert_gets_nothing(queue, -EPIPE, -EPIPE);
        mill_queue_destroy(queue);
    }
}

static void test_closes_and_drains(void **state)
{
    for_each_capacity(state, check_closes_and_drains);
}

/* AddressSanitizer's build tells what a queue leaks that is destroyed with items, closed or not. */
static void test_destroyed_with_items(void **state)
{
    const struct mill_queue_ops *ops = strategy_of(state);
    for (size_t round = 0; round < 8; round++) {
        struct mill_queue *queue = made(ops, 8);
        for (size_t i = 0; i < round; i++) {
            assert_int_equal(mill_queue_try_put(queue, item(i)), 0);
        }
        if (round % 2) {
            mill_queue_close(queue);
        }
        if (round % 3 == 2) {
            assert_gets(queue, 0);
        }
        mill_queue_destroy(queue);
    }
}

int main(void)
{
    static const struct check checks[] = {
        {"table", test_table},
        {"bad input", test_bad_input},
        {"first in, first out", test_first_in_first_out},
        {"capacity is held", test_capacity_is_held},
        {"full", test_full},
        {"empty", test_empty},
        {"grows", test_grows},
        {"oldest is dropped", test_oldest_is_dropped},
        {"closes and drains", test_closes_and_drains},
        {"destroyed with items", test_destroyed_with_items},
    };
    return run_checks("queue", checks, sizeof checks / sizeof checks[0]);
}

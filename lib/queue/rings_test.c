/* What all bounded rings of this folder have to stand: positions that wrap, rings of one slot, closing while
 * full, and closing right behind the last put. Rings start two laps before their positions wrap
 * (positions.h), so each of these tests runs over the wrap. The contract itself is in queue_test.c.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "queue/queue_list.h"

static void *item_of(uintptr_t number)
{
    return (void *)number; /* the queue never looks into it */
}

static struct mill_queue *make(const struct mill_queue_ops *ops, size_t capacity)
{
    struct mill_queue *queue;
    assert_int_equal(mill_queue_create(ops, capacity, &queue), 0);
    assert_true(queue->capacity >= capacity);
    return queue;
}

/* Puts `next`, `next` + 1, … until it is full; returns the number after the last. */
static uintptr_t fill(struct mill_queue *queue, uintptr_t next)
{
    int status;
    while ((status = mill_queue_try_put(queue, item_of(next))) == 0) {
        next++;
    }
    assert_int_equal(status, -EAGAIN);
    return next;
}

/* Gets `from` … `to` - 1 in this order. */
static void get_all(struct mill_queue *queue, uintptr_t from, uintptr_t to)
{
    for (; from < to; from++) {
        void *item = NULL;
        assert_int_equal(mill_queue_try_get(queue, &item), 0);
        assert_ptr_equal(item, item_of(from));
    }
}

static void expect_nothing(struct mill_queue *queue, int status)
{
    void *item = queue;
    assert_int_equal(mill_queue_try_get(queue, &item), status);
    assert_ptr_equal(item, queue);
}

static void test_full_and_empty_in_every_place(void **state)
{
    const struct mill_queue_ops *ops = *state;
    for (size_t capacity = 1; capacity <= 9; capacity++) {
        struct mill_queue *queue = make(ops, capacity);
        uintptr_t next = 1;
        for (unsigned turn = 0; turn < 40; turn++) {
            expect_nothing(queue, -EAGAIN);
            uintptr_t first = next;
            next = fill(queue, first);
            assert_in_range(next - first, capacity, queue->capacity);
            get_all(queue, first, next);
            expect_nothing(queue, -EAGAIN);
            /* one further, so that the next turn fills and empties from another slot */
            assert_int_equal(mill_queue_try_put(queue, item_of(next)), 0);
            get_all(queue, next, next + 1);
            next++;
        }
        mill_queue_destroy(queue);
    }
}

static void test_half_full_for_many_laps(void **state)
{
    const struct mill_queue_ops *ops = *state;
    struct mill_queue *queue = make(ops, 6);
    uintptr_t next = 1;
    for (; next <= 3; next++) {
        assert_int_equal(mill_queue_try_put(queue, item_of(next)), 0);
    }
    for (; next <= 200; next++) {
        assert_int_equal(mill_queue_try_put(queue, item_of(next)), 0);
        get_all(queue, next - 3, next - 2);
    }
    get_all(queue, next - 3, next);
    expect_nothing(queue, -EAGAIN);
    mill_queue_destroy(queue);
}

/* At every filling, before and behind the wrap. */
static void test_closes_with_items_inside(void **state)
{
    const struct mill_queue_ops *ops = *state;
    for (uintptr_t before = 0; before <= 14; before++) {
        for (uintptr_t inside = 0; inside <= 4; inside++) {
            struct mill_queue *queue = make(ops, 4);
            for (uintptr_t i = 1; i <= before; i++) {
                assert_int_equal(mill_queue_try_put(queue, item_of(i)), 0);
                get_all(queue, i, i + 1);
            }
            for (uintptr_t i = 1; i <= inside; i++) {
                assert_int_equal(mill_queue_try_put(queue, item_of(i)), 0);
            }
            mill_queue_close(queue);
            mill_queue_close(queue);
            assert_int_equal(mill_queue_try_put(queue, item_of(9)), -EPIPE);
            assert_int_equal(mill_queue_put(queue, item_of(9), MILL_FOREVER), -EPIPE);
            get_all(queue, 1, inside + 1);
            expect_nothing(queue, -EPIPE);
            assert_int_equal(mill_queue_try_put(queue, item_of(9)), -EPIPE);
            expect_nothing(queue, -EPIPE);
            mill_queue_destroy(queue);
        }
    }
}

static void test_closes_full(void **state)
{
    const struct mill_queue_ops *ops = *state;
    for (size_t capacity = 1; capacity <= 8; capacity++) {
        struct mill_queue *queue = make(ops, capacity);
        uintptr_t next = fill(queue, 1);
        mill_queue_close(queue);
        assert_int_equal(mill_queue_try_put(queue, item_of(next)), -EPIPE);
        get_all(queue, 1, next);
        expect_nothing(queue, -EPIPE);
        assert_int_equal(mill_queue_try_put(queue, item_of(next)), -EPIPE);
        mill_queue_destroy(queue);
    }
}

/* ---- closing right behind the last put, while the consumer looks ---- */

#define ENDINGS 3000u

struct ending {
    _Atomic(struct mill_queue *) queue; /* the one to put into and to close; NULL: none, or done with */
    unsigned delay;                     /* spent by the producer, to hit the consumer in another place */
};

static void *put_and_close(void *argument)
{
    struct ending *ending = argument;
    for (unsigned i = 0; i < ENDINGS; i++) {
        struct mill_queue *queue;
        while (!(queue = atomic_load(&ending->queue))) {
            sched_yield();
        }
        for (volatile unsigned spin = 0; spin < ending->delay; spin++) {
        }
        int status = mill_queue_try_put(queue, item_of(i + 1));
        mill_queue_close(queue);
        atomic_store(&ending->queue, status == 0 ? NULL : queue);
    }
    return NULL;
}

/* The end is never told before the item. */
static void test_the_last_item_comes_before_the_end(void **state)
{
    const struct mill_queue_ops *ops = *state;
    struct ending ending = {.queue = NULL};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, put_and_close, &ending), 0);
    unsigned had = 0, ended = 0;
    for (unsigned i = 0; i < ENDINGS; i++) {
        struct mill_queue *queue = make(ops, 1);
        void *item = NULL;
        int status;
        ending.delay = i % 200;
        atomic_store(&ending.queue, queue);
        for (unsigned looks = 1; (status = mill_queue_try_get(queue, &item)) == -EAGAIN; looks++) {
            if (looks % 4096 == 0) {
                sched_yield();
            }
        }
        had += status == 0 && item == item_of(i + 1);
        while (atomic_load(&ending.queue)) {
            sched_yield();
        }
        ended += mill_queue_try_get(queue, &item) == -EPIPE;
        mill_queue_destroy(queue);
    }
    pthread_join(thread, NULL);
    assert_int_equal(had, ENDINGS);
    assert_int_equal(ended, ENDINGS);
}

#define ON(ident, title, test) {title ": " #ident, test, NULL, NULL, (void *)(uintptr_t)&mill_queue_##ident},
#define EACH(ident)                                                                \
    ON(ident, "full and empty in every place", test_full_and_empty_in_every_place) \
    ON(ident, "half full for many laps", test_half_full_for_many_laps)             \
    ON(ident, "closes with items inside", test_closes_with_items_inside)           \
    ON(ident, "closes full", test_closes_full)                                     \
    ON(ident, "the last item comes before the end", test_the_last_item_comes_before_the_end)

int main(void)
{
    const struct CMUnitTest tests[] = {EACH(mpmc_ring) EACH(spsc_ring) EACH(spsc_cached) EACH(scq) EACH(bbq)};
    return cmocka_run_group_tests_name("rings", tests, NULL, NULL);
}

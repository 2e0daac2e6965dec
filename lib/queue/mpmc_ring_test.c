/* What is particular to the MPMC ring: a thread that stops between the claim of a position and the
 * publication of its slot. The test plays that thread itself, inside the strategy's file.
 */
#include "queue/mpmc_ring.c" // NOLINT(bugprone-suspicious-include)

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"

static int first, second, third;

static struct ring *make(size_t capacity)
{
    struct mill_queue *queue;
    assert_int_equal(mill_queue_create(&mill_queue_mpmc_ring, capacity, &queue), 0);
    return ring_of(queue);
}

/* A put that stops behind its claim; its position. */
static uint64_t claim_put(struct ring *ring)
{
    return atomic_fetch_add(&ring->tail, STEP);
}

/* And goes on. */
static void publish(struct ring *ring, uint64_t position, void *item)
{
    struct slot *slot = slot_at(ring, position);
    slot->item = item;
    atomic_store_explicit(&slot->turn, position + 1, memory_order_release);
    mill_parking_wake(&ring->queue.not_empty, 1);
}

static void test_a_stalled_producer_holds_back_but_blocks_nobody(void **state)
{
    (void)state;
    struct ring *ring = make(4);
    struct mill_queue *queue = &ring->queue;
    void *item;
    uint64_t position = claim_put(ring);
    assert_int_equal(mill_queue_try_put(queue, &second), 0);
    assert_int_equal(mill_queue_try_get(queue, &item), -EAGAIN);
    assert_int_equal(mill_queue_get(queue, &item, 1), -ETIMEDOUT);
    assert_int_equal(mill_queue_try_put(queue, &third), 0);
    publish(ring, position, &first);
    void *const expected[] = {&first, &second, &third};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mill_queue_try_get(queue, &item), 0);
        assert_ptr_equal(item, expected[i]);
    }
    mill_queue_destroy(queue);
}

static void test_a_stalled_consumer_holds_back_but_blocks_nobody(void **state)
{
    (void)state;
    struct ring *ring = make(2);
    struct mill_queue *queue = &ring->queue;
    void *item;
    assert_int_equal(mill_queue_try_put(queue, &first), 0);
    assert_int_equal(mill_queue_try_put(queue, &second), 0);
    uint64_t position = atomic_fetch_add(&ring->head, STEP);
    assert_int_equal(mill_queue_try_get(queue, &item), 0);
    assert_ptr_equal(item, &second);
    assert_int_equal(mill_queue_try_put(queue, &third), -EAGAIN);
    assert_int_equal(mill_queue_put(queue, &third, 1), -ETIMEDOUT);
    atomic_store(&slot_at(ring, position)->turn, position + STEP * queue->capacity);
    assert_int_equal(mill_queue_try_put(queue, &third), 0);
    assert_int_equal(mill_queue_try_get(queue, &item), 0);
    assert_ptr_equal(item, &third);
    mill_queue_destroy(queue);
}

/* An item on its way when the queue is closed still comes, and only then is it the end. */
static void test_closing_waits_for_what_was_claimed(void **state)
{
    (void)state;
    struct ring *ring = make(4);
    struct mill_queue *queue = &ring->queue;
    void *item;
    uint64_t position = claim_put(ring);
    mill_queue_close(queue);
    assert_int_equal(mill_queue_try_put(queue, &second), -EPIPE);
    assert_int_equal(mill_queue_try_get(queue, &item), -EAGAIN);
    publish(ring, position, &first);
    assert_int_equal(mill_queue_try_get(queue, &item), 0);
    assert_ptr_equal(item, &first);
    assert_int_equal(mill_queue_try_get(queue, &item), -EPIPE);
    mill_queue_destroy(queue);
}

/* ---- who is woken ---- */

#define GETTERS 3u

struct getter {
    struct mill_queue *queue;
    atomic_uint *ended;
    int status;
};

static void *get_one(void *argument)
{
    struct getter *getter = argument;
    void *item;
    getter->status = mill_queue_get(getter->queue, &item, MILL_FOREVER);
    atomic_fetch_add(getter->ended, 1);
    return NULL;
}

/* False when it is not so after a long while, which only a failing test ever waits for. */
static bool becomes(const atomic_uint *word, unsigned value)
{
    uint64_t deadline = mill_now_ns() + 20 * MILL_NS_PER_S;
    while (atomic_load(word) != value) {
        if (mill_now_ns() > deadline) {
            return false;
        }
        sched_yield();
    }
    return true;
}

/* GETTERS threads sleep. A put is on its way, `whole` more come behind it and wake in vain; with `closing`
 * the queue is closed. Then the one on its way arrives. Counts who got an item and who was told the end. */
static void wake_over_a_stalled_put(unsigned whole, bool closing, unsigned *got, unsigned *told)
{
    struct ring *ring = make(8);
    struct mill_queue *queue = &ring->queue;
    struct getter getters[GETTERS];
    pthread_t threads[GETTERS];
    atomic_uint ended = 0;
    for (unsigned i = 0; i < GETTERS; i++) {
        getters[i] = (struct getter){.queue = queue, .ended = &ended};
        assert_int_equal(pthread_create(&threads[i], NULL, get_one, &getters[i]), 0);
    }
    bool asleep = becomes(&queue->not_empty.waiters, GETTERS);
    uint64_t position = claim_put(ring);
    bool back = true;
    for (unsigned i = 0; i < whole; i++) {
        int status = mill_queue_try_put(queue, &second);
        back = back && status == 0 && becomes(&queue->not_empty.signals, 0) &&
               becomes(&queue->not_empty.waiters, GETTERS);
    }
    if (closing) {
        mill_queue_close(queue);
    }
    publish(ring, position, &first);
    bool all = becomes(&ended, closing ? GETTERS : whole + 1);
    mill_queue_close(queue); /* whatever was found, so that all end */
    for (unsigned i = 0; i < GETTERS; i++) {
        mill_parking_wake(&queue->not_empty, UINT32_MAX);
        pthread_join(threads[i], NULL);
        *got += getters[i].status == 0;
        *told += getters[i].status == -EPIPE;
    }
    assert_true(asleep);
    assert_true(back);
    assert_true(all);
    mill_queue_destroy(queue);
}

static void test_a_wake_in_vain_is_made_good(void **state)
{
    (void)state;
    unsigned got = 0, told = 0;
    wake_over_a_stalled_put(2, false, &got, &told);
    assert_int_equal(got, 3);
    assert_int_equal(told, 0);
}

static void test_the_last_item_after_closing_ends_all_waits(void **state)
{
    (void)state;
    unsigned got = 0, told = 0;
    wake_over_a_stalled_put(0, true, &got, &told);
    assert_int_equal(got, 1);
    assert_int_equal(told, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stalled_producer_holds_back_but_blocks_nobody),
        cmocka_unit_test(test_a_stalled_consumer_holds_back_but_blocks_nobody),
        cmocka_unit_test(test_closing_waits_for_what_was_claimed),
        cmocka_unit_test(test_a_wake_in_vain_is_made_good),
        cmocka_unit_test(test_the_last_item_after_closing_ends_all_waits),
    };
    return cmocka_run_group_tests_name("mpmc ring", tests, NULL, NULL);
}

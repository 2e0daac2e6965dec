/* What is particular to the SCQ: a thread that stops in the middle of a put or a get holds nobody back. The
 * test plays that thread itself.
 */
#include "queue/scq_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int first, second, third;

/* Laid out for so few threads that each step shows. */
static struct mill_scq *make(size_t items)
{
    struct mill_scq *ring = mill_isolated_alloc(mill_scq_size_laid_out(items, items));
    assert_non_null(ring);
    mill_scq_lay_out(ring, items, items);
    return ring;
}

/* As the queues have it. */
static struct mill_scq *make_for_threads(size_t items)
{
    struct mill_scq *ring = mill_isolated_alloc(mill_scq_size(items));
    assert_non_null(ring);
    mill_scq_init(ring, items);
    return ring;
}

static void assert_gets(struct mill_scq *ring, void *expected)
{
    void *item = NULL;
    assert_int_equal(mill_scq_get(ring, &item), 0);
    assert_ptr_equal(item, expected);
}

static void assert_ends(struct mill_scq *ring, int status)
{
    void *item;
    assert_int_equal(mill_scq_get(ring, &item), status);
}

/* A put that stops with its place taken and before it has a position. */
static uint64_t take_place(struct mill_scq *ring)
{
    uint64_t index = 0;
    assert_int_equal(mill_index_ring_dequeue(&ring->unused, &index), 0);
    return index;
}

static void test_a_stopped_put_takes_one_place_out_of_use(void **state)
{
    (void)state;
    struct mill_scq *ring = make(2);
    uint64_t index = take_place(ring);
    for (unsigned lap = 0; lap < 20; lap++) {
        assert_int_equal(mill_scq_put(ring, &second), 0);
        assert_int_equal(mill_scq_put(ring, &third), -EAGAIN);
        assert_gets(ring, &second);
        assert_ends(ring, -EAGAIN);
    }
    ring->items[index] = &first;
    assert_int_equal(mill_index_ring_enqueue(&ring->used, index), 0);
    assert_gets(ring, &first);
    free(ring);
}

/* The item behind a put that stopped with its position is had at once; the position is lost to that put. */
static void test_a_stopped_put_is_passed_over(void **state)
{
    (void)state;
    struct mill_scq *ring = make(4);
    uint64_t index = take_place(ring);
    uint64_t position = atomic_fetch_add(&ring->used.tail, MILL_SCQ_STEP);
    assert_int_equal(mill_scq_put(ring, &second), 0);
    assert_gets(ring, &second);
    assert_false(mill_index_ring_place(&ring->used, position, index));
    ring->items[index] = &first;
    assert_int_equal(mill_index_ring_enqueue(&ring->used, index), 0);
    assert_gets(ring, &first);
    assert_ends(ring, -EAGAIN);
    free(ring);
}

/* A get that stopped with its position, with an item in it: whoever comes next has the next item, and a put
 * one lap later does not write over what was not taken. */
static void test_a_stopped_get_keeps_its_item(void **state)
{
    (void)state;
    struct mill_scq *ring = make(2);
    assert_int_equal(mill_scq_put(ring, &first), 0);
    uint64_t position = atomic_fetch_add(&ring->used.head, MILL_SCQ_STEP);
    for (unsigned lap = 0; lap < 20; lap++) {
        assert_int_equal(mill_scq_put(ring, &second), 0);
        assert_gets(ring, &second);
    }
    uint64_t index = mill_index_ring_claimed(&ring->used, position);
    assert_in_range(index, 0, 1);
    assert_ptr_equal(ring->items[index], &first);
    free(ring);
}

/* The get of a later lap passes a slot whose item is still in it, and leaves word: the put of its lap, which
 * had stopped, must not write there any more, though the slot is free by then. */
static void test_a_slot_that_was_passed_is_not_safe(void **state)
{
    (void)state;
    struct mill_scq *ring = make(2);
    assert_int_equal(mill_scq_put(ring, &first), 0);
    uint64_t early = atomic_fetch_add(&ring->used.head, MILL_SCQ_STEP);
    for (unsigned i = 0; i < 3; i++) { /* the other three slots */
        assert_int_equal(mill_scq_put(ring, &second), 0);
        assert_gets(ring, &second);
    }
    uint64_t index = take_place(ring);
    uint64_t late = atomic_fetch_add(&ring->used.tail, MILL_SCQ_STEP);
    assert_ptr_equal(mill_scq_entry(&ring->used, late), mill_scq_entry(&ring->used, early));
    assert_ends(ring, -EAGAIN);
    assert_ptr_equal(ring->items[mill_index_ring_claimed(&ring->used, early)], &first);
    assert_false(mill_index_ring_place(&ring->used, late, index));
    /* a lap later nobody has passed it yet: it may be written, and is safe again */
    assert_true(mill_index_ring_place(&ring->used, late + MILL_SCQ_STEP * ring->used.slots, index));
    assert_true(atomic_load(mill_scq_entry(&ring->used, late)) & mill_scq_safe(&ring->used));
    free(ring);
}

static void test_closing_takes_the_position_from_a_stopped_put(void **state)
{
    (void)state;
    struct mill_scq *ring = make(2);
    assert_int_equal(mill_scq_put(ring, &first), 0);
    uint64_t index = take_place(ring);
    uint64_t position = atomic_fetch_add(&ring->used.tail, MILL_SCQ_STEP);
    mill_scq_close(ring);
    assert_gets(ring, &first);
    assert_ends(ring, -EPIPE);
    assert_false(mill_index_ring_place(&ring->used, position, index));
    assert_int_equal(mill_index_ring_enqueue(&ring->used, index), -EPIPE);
    assert_ends(ring, -EPIPE);
    free(ring);
}

/* The threshold may run out with an item still to come: closed, that is not the end. */
static void test_closed_is_not_drained(void **state)
{
    (void)state;
    struct mill_scq *ring = make(4);
    assert_ends(ring, -EAGAIN);
    for (unsigned i = 0; i < 30; i++) { /* positions that were taken in vain */
        atomic_fetch_add(&ring->used.tail, MILL_SCQ_STEP);
    }
    assert_int_equal(mill_scq_put(ring, &first), 0);
    atomic_store(&ring->used.threshold, 3);
    mill_scq_close(ring);
    assert_gets(ring, &first);
    assert_ends(ring, -EPIPE);
    free(ring);
}

/* ---- more threads than items ---- */

/* `threads` dequeues of a ring in which there is nothing, each let in by the threshold and stopped when it
 * has looked and not yet counted that it failed. */
static void stop_before_counting(struct mill_index_ring *ring, unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        uint64_t index;
        assert_true(atomic_load(&ring->threshold) >= 0);
        assert_int_equal(mill_index_ring_look(ring, &index), -EAGAIN);
    }
}

static void go_on_counting(struct mill_index_ring *ring, unsigned threads)
{
    atomic_fetch_sub(&ring->threshold, threads);
}

/* An item is put while `threads` gets stand still that had found nothing. */
static struct mill_scq *put_amid_gets(struct mill_scq *ring, unsigned threads)
{
    assert_int_equal(mill_scq_put(ring, &first), 0);
    assert_gets(ring, &first);
    stop_before_counting(&ring->used, threads);
    assert_int_equal(mill_scq_put(ring, &second), 0);
    go_on_counting(&ring->used, threads);
    return ring;
}

/* The only item is got while `threads` puts stand still that had found no room. */
static struct mill_scq *get_amid_puts(struct mill_scq *ring, unsigned threads)
{
    assert_int_equal(mill_scq_put(ring, &first), 0);
    stop_before_counting(&ring->unused, threads);
    assert_gets(ring, &first);
    go_on_counting(&ring->unused, threads);
    return ring;
}

static void test_threads_that_stall_hide_no_item(void **state)
{
    (void)state;
    for (size_t items = 1; items <= 2 * MILL_SCQ_THREADS; items *= 2) {
        struct mill_scq *ring = put_amid_gets(make_for_threads(items), MILL_SCQ_THREADS);
        assert_gets(ring, &second);
        free(ring);
    }
}

static void test_threads_that_stall_hide_no_room(void **state)
{
    (void)state;
    struct mill_scq *ring = get_amid_puts(make_for_threads(1), MILL_SCQ_THREADS);
    assert_int_equal(mill_scq_put(ring, &second), 0);
    assert_gets(ring, &second);
    free(ring);
}

/* Why the queues lay their rings out for more indices than they have items: with one of each, three threads
 * are enough to make it empty and full for good. */
static void test_as_few_indices_as_items_would_hide_both(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        struct mill_scq *ring = side ? get_amid_puts(make(1), 3) : put_amid_gets(make(1), 3);
        for (unsigned i = 0; i < 20; i++) {
            assert_ends(ring, -EAGAIN);
            assert_int_equal(mill_scq_put(ring, &third), -EAGAIN);
        }
        free(ring);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stopped_put_takes_one_place_out_of_use),
        cmocka_unit_test(test_a_stopped_put_is_passed_over),
        cmocka_unit_test(test_a_stopped_get_keeps_its_item),
        cmocka_unit_test(test_a_slot_that_was_passed_is_not_safe),
        cmocka_unit_test(test_closing_takes_the_position_from_a_stopped_put),
        cmocka_unit_test(test_closed_is_not_drained),
        cmocka_unit_test(test_threads_that_stall_hide_no_item),
        cmocka_unit_test(test_threads_that_stall_hide_no_room),
        cmocka_unit_test(test_as_few_indices_as_items_would_hide_both),
    };
    return cmocka_run_group_tests_name("scq", tests, NULL, NULL);
}

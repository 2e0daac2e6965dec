/* What is particular to the SCQ: a thread that stops in the middle of a put or a get holds nobody back. The
 * test plays that thread itself.
 */
#include "queue/scq_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int first, second, third;

static struct mill_scq *make(size_t items)
{
    struct mill_scq *ring = mill_isolated_alloc(mill_scq_size(items, items));
    assert_non_null(ring);
    mill_scq_init(ring, items, items);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stopped_put_takes_one_place_out_of_use),
        cmocka_unit_test(test_a_stopped_put_is_passed_over),
        cmocka_unit_test(test_a_stopped_get_keeps_its_item),
        cmocka_unit_test(test_a_slot_that_was_passed_is_not_safe),
        cmocka_unit_test(test_closing_takes_the_position_from_a_stopped_put),
        cmocka_unit_test(test_closed_is_not_drained),
    };
    return cmocka_run_group_tests_name("scq", tests, NULL, NULL);
}

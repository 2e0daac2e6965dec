/* What is particular to the BBQ: what a put or a get that stops in the middle holds back, and how the last
 * block is sealed. The test plays the thread that stops, inside the strategy's file.
 */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cacheline.h"
#include "queue/positions.h"
#include "queue/queue_list.h"

static void (*behind_load)(void); /* what others do behind the next load */

static uint64_t played_load(const _Atomic uint64_t *word, memory_order order)
{
    uint64_t value = atomic_load_explicit(word, order);
    void (*once)(void) = behind_load;
    behind_load = NULL;
    if (once) {
        once();
    }
    return value;
}

#undef atomic_load_explicit
#define atomic_load_explicit played_load
#include "queue/bbq.c" // NOLINT(bugprone-suspicious-include)

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int first, second, third;

static struct bbq *make(size_t capacity)
{
    struct mill_queue *queue;
    assert_int_equal(mill_queue_create(&mill_queue_bbq, capacity, &queue), 0);
    return bbq_of(queue);
}

static void assert_gets(struct bbq *bbq, void *expected)
{
    void *item = NULL;
    assert_int_equal(mill_queue_try_get(&bbq->queue, &item), 0);
    assert_ptr_equal(item, expected);
}

static void assert_ends(struct bbq *bbq, int status)
{
    void *item;
    assert_int_equal(mill_queue_try_get(&bbq->queue, &item), status);
}

/* A put that stops behind its allocation; its offset in the block that puts go to. */
static uint64_t allocate(struct bbq *bbq)
{
    return offset_of(atomic_fetch_add(&block_at(bbq, atomic_load(&bbq->putters))->allocated, 1));
}

static void test_a_stopped_put_hides_its_block(void **state)
{
    (void)state;
    struct bbq *bbq = make(64);
    struct block *block = block_at(bbq, atomic_load(&bbq->putters));
    assert_int_equal(mill_queue_try_put(&bbq->queue, &first), 0);
    uint64_t offset = allocate(bbq);
    assert_int_equal(mill_queue_try_put(&bbq->queue, &third), 0);
    assert_ends(bbq, -EAGAIN);
    commit(block, offset, &second);
    assert_gets(bbq, &first);
    assert_gets(bbq, &second);
    assert_gets(bbq, &third);
    assert_ends(bbq, -EAGAIN);
    mill_queue_destroy(&bbq->queue);
}

static void test_a_stopped_get_keeps_its_block(void **state)
{
    (void)state;
    struct bbq *bbq = make(1);
    struct block *block = block_at(bbq, atomic_load(&bbq->getters));
    assert_int_equal(mill_queue_try_put(&bbq->queue, &first), 0);
    assert_int_equal(mill_queue_try_put(&bbq->queue, &second), 0);
    atomic_fetch_add(&block->reserved, 1);
    assert_gets(bbq, &second);
    assert_int_equal(mill_queue_try_put(&bbq->queue, &third), -EAGAIN);
    atomic_fetch_add(&block->consumed, 1);
    assert_int_equal(mill_queue_try_put(&bbq->queue, &third), 0);
    assert_gets(bbq, &third);
    mill_queue_destroy(&bbq->queue);
}

static void test_closing_waits_for_what_was_allocated(void **state)
{
    (void)state;
    struct bbq *bbq = make(64);
    struct block *block = block_at(bbq, atomic_load(&bbq->putters));
    uint64_t offset = allocate(bbq);
    mill_queue_close(&bbq->queue);
    assert_int_equal(mill_queue_try_put(&bbq->queue, &second), -EPIPE);
    assert_ends(bbq, -EAGAIN);
    commit(block, offset, &first);
    assert_gets(bbq, &first);
    assert_ends(bbq, -EPIPE);
    mill_queue_destroy(&bbq->queue);
}

/* Of a bbq of two blocks of one entry, the second block: opened by a put that stopped before it moved
 * `putters` there. */
static struct block *open_second(struct bbq *bbq, uint64_t *position)
{
    *position = atomic_load(&bbq->putters) + STEP;
    struct block *block = block_at(bbq, *position);
    raise(&block->committed, opened(*position));
    raise(&block->allocated, opened(*position));
    return block;
}

static void test_an_entry_ahead_stands_unless_closed_before(void **state)
{
    (void)state;
    uint64_t position;
    struct bbq *bbq = make(1);
    assert_int_equal(mill_queue_try_put(&bbq->queue, &first), 0);
    open_second(bbq, &position);
    assert_true(stands(bbq, position));
    assert_true(stands(bbq, position)); /* now that it has been moved */
    assert_int_equal(atomic_load(&bbq->putters), position);
    mill_queue_close(&bbq->queue);
    assert_true(stands(bbq, position)); /* closed in that very block: the claim of the entry decides */
    assert_false(stands(bbq, position + STEP));
    mill_queue_destroy(&bbq->queue);
}

/* A block behind the last one, with an entry that did not stand: before and after the getters are in it. */
static void test_a_block_behind_the_last_does_not_count(void **state)
{
    (void)state;
    for (int entered = 0; entered < 2; entered++) {
        uint64_t position;
        struct bbq *bbq = make(1);
        assert_int_equal(mill_queue_try_put(&bbq->queue, &first), 0);
        struct block *block = open_second(bbq, &position);
        if (entered) {
            assert_gets(bbq, &first);
            assert_ends(bbq, -EAGAIN);
            assert_int_equal(atomic_load(&bbq->getters), position);
        }
        mill_queue_close(&bbq->queue);
        atomic_fetch_add(&block->allocated, 1);
        if (!entered) {
            assert_gets(bbq, &first);
        }
        assert_ends(bbq, -EPIPE);
        assert_false(stands(bbq, position));
        commit(block, 0, NULL);
        assert_ends(bbq, -EPIPE);
        mill_queue_destroy(&bbq->queue);
    }
}

/* ---- a put that stops behind its look at `putters` ---- */

static struct bbq *late; /* bbq of two blocks of one entry, into which it puts */
static bool closed_meanwhile;

/* Both blocks are filled and emptied; the first is opened for its next lap, by a put that stops before it
 * moves `putters` there. */
static void go_round_once(void)
{
    uint64_t position;
    assert_int_equal(mill_queue_try_put(&late->queue, &first), 0);
    assert_int_equal(mill_queue_try_put(&late->queue, &second), 0);
    assert_gets(late, &first);
    assert_gets(late, &second);
    open_second(late, &position);
    if (closed_meanwhile) {
        mill_queue_close(&late->queue);
        assert_ends(late, -EPIPE);
    }
}

/* What it then allocates is of the block's next lap. It stands, unless the queue was closed before. */
static void test_a_put_that_comes_a_lap_late(void **state)
{
    (void)state;
    for (int closes = 0; closes < 2; closes++) {
        late = make(1);
        closed_meanwhile = closes;
        behind_load = go_round_once;
        assert_int_equal(mill_queue_try_put(&late->queue, &third), closes ? -EPIPE : 0);
        assert_null(behind_load);
        if (!closes) {
            assert_gets(late, &third);
        }
        assert_ends(late, closes ? -EPIPE : -EAGAIN);
        mill_queue_destroy(&late->queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stopped_put_hides_its_block),
        cmocka_unit_test(test_a_stopped_get_keeps_its_block),
        cmocka_unit_test(test_closing_waits_for_what_was_allocated),
        cmocka_unit_test(test_an_entry_ahead_stands_unless_closed_before),
        cmocka_unit_test(test_a_block_behind_the_last_does_not_count),
        cmocka_unit_test(test_a_put_that_comes_a_lap_late),
    };
    return cmocka_run_group_tests_name("bbq", tests, NULL, NULL);
}

/* Thieves that fall asleep in the middle of a theft. One thread plays them and the owner too: whatever others
 * do meanwhile is put before a swap, or behind the owner's light fence, where they could have done it.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/fence.h"

static void (*before_swap)(void);
static void (*behind_fence)(void);

static void play(void (**others)(void))
{
    void (*once)(void) = *others;
    *others = NULL;
    if (once) {
        once();
    }
}

// NOLINTNEXTLINE(readability-non-const-parameter): the exchange writes it
static bool played_swap(_Atomic uint64_t *word, uint64_t *expected, uint64_t desired, memory_order success,
                        memory_order failure)
{
    play(&before_swap);
    return atomic_compare_exchange_strong_explicit(word, expected, desired, success, failure);
}

static void played_fence(void)
{
    mill_fence_light();
    play(&behind_fence);
    mill_fence_light();
}

#undef atomic_compare_exchange_strong_explicit
#define atomic_compare_exchange_strong_explicit played_swap
#define mill_fence_light                        played_fence
#include "task/deque_blocks.c" // NOLINT(bugprone-suspicious-include)

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct mill_block_deque deque;
static int first, second, third;

/* ---- an old wish ---- */

static void *withdrawn, *popped[2], *asked;

static void take_the_wish_back(void)
{
    withdrawn = mill_block_deque_steal(&deque, true);
}

static void pop_the_second(void)
{
    popped[1] = mill_block_deque_pop(&deque);
}

static void empty_and_wish_again(void)
{
    behind_fence = take_the_wish_back;
    popped[0] = mill_block_deque_pop(&deque);
    mill_block_deque_push(&deque, &second);
    before_swap = pop_the_second;
    asked = mill_block_deque_steal(&deque, false); /* the wish is as it was, and there is nothing */
}

static void sleep_before_the_next_swap(void)
{
    before_swap = empty_and_wish_again;
}

/* A thief asks, sees that the item is there, and sleeps before it grants itself the item. Meanwhile another
 * one takes the wish back, the item is popped, and so is the next one; and a third thief wishes the same. */
static void test_an_old_wish_is_not_granted(void **state)
{
    (void)state;
    assert_int_equal(mill_block_deque_init(&deque, 2, 2), 0);
    assert_int_equal(mill_block_deque_push(&deque, &first), 0);
    before_swap = sleep_before_the_next_swap; /* the first swap asks, the second one grants */
    void *stolen = mill_block_deque_steal(&deque, true);
    assert_null(withdrawn);
    assert_ptr_equal(popped[0], &first);
    assert_ptr_equal(popped[1], &second);
    assert_null(asked);
    assert_null(stolen);
    assert_true(mill_block_deque_empty(&deque));
    assert_int_equal(mill_block_deque_push(&deque, &third), 0);
    assert_ptr_equal(mill_block_deque_pop(&deque), &third);
    mill_block_deque_destroy(&deque);
}

int main(void)
{
    mill_fence_open();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_old_wish_is_not_granted),
    };
    return cmocka_run_group_tests_name("deque_blocks_asleep", tests, NULL, NULL);
}

#include "task/deque_blocks.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fence.h"
#include "core/random.h"
#include "core/test_in_step.h"

static void *item_of(size_t number)
{
    return (void *)(uintptr_t)(number + 1);
}

static size_t number_of(const void *item)
{
    return (size_t)(uintptr_t)item - 1;
}

static void open_deque(struct mill_block_deque *deque, size_t blocks, uint32_t items)
{
    assert_int_equal(mill_block_deque_init(deque, blocks, items), 0);
    assert_true(mill_block_deque_empty(deque));
    assert_null(mill_block_deque_pop(deque));
    assert_null(mill_block_deque_shift(deque));
    assert_null(mill_block_deque_steal(deque, true));
}

static void push(struct mill_block_deque *deque, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        assert_int_equal(mill_block_deque_push(deque, item_of(i)), 0);
    }
}

static void test_refuses_nonsense(void **state)
{
    (void)state;
    struct mill_block_deque deque;
    assert_int_equal(mill_block_deque_init(&deque, 1, 4), -EINVAL);
    assert_int_equal(mill_block_deque_init(&deque, 3, 4), -EINVAL);
    assert_int_equal(mill_block_deque_init(&deque, 2, 0), -EINVAL);
    assert_int_equal(mill_block_deque_init(&deque, 2, MILL_BLOCK_ITEMS_MAX + 1), -EINVAL);
    mill_block_deque_destroy(&deque);
    assert_int_equal(mill_block_deque_init(&deque, 2, MILL_BLOCK_ITEMS_MAX), 0);
    push(&deque, 0, 3 * MILL_BLOCK_ITEMS_MAX);
    for (size_t i = 0; i < 2 * MILL_BLOCK_ITEMS_MAX; i++) {
        assert_ptr_equal(mill_block_deque_steal(&deque, false), item_of(i));
    }
    mill_block_deque_destroy(&deque);
}

/* Over the ends of blocks, upwards and downwards, with blocks of 1, 2, … items. */
static void test_own_end_is_a_stack(void **state)
{
    (void)state;
    for (uint32_t items = 1; items < 5; items++) {
        struct mill_block_deque deque;
        open_deque(&deque, 2, items);
        for (int round = 0; round < 3; round++) {
            push(&deque, 0, 11);
            assert_false(mill_block_deque_empty(&deque));
            for (size_t i = 11; i > 4; i--) {
                assert_ptr_equal(mill_block_deque_pop(&deque), item_of(i - 1));
            }
            push(&deque, 4, 9);
            for (size_t i = 9; i > 0; i--) {
                assert_false(mill_block_deque_empty(&deque));
                assert_ptr_equal(mill_block_deque_pop(&deque), item_of(i - 1));
            }
            assert_true(mill_block_deque_empty(&deque));
            assert_null(mill_block_deque_pop(&deque));
        }
        mill_block_deque_destroy(&deque);
    }
}

/* Blocks that the owner has left are the thieves', the oldest first; its own one is not. */
static void test_full_blocks_are_granted(void **state)
{
    (void)state;
    struct mill_block_deque deque;
    open_deque(&deque, 4, 3);
    push(&deque, 0, 8);
    for (size_t i = 0; i < 6; i++) {
        assert_ptr_equal(mill_block_deque_steal(&deque, false), item_of(i));
    }
    assert_null(mill_block_deque_steal(&deque, false));
    assert_false(mill_block_deque_empty(&deque));
    assert_ptr_equal(mill_block_deque_pop(&deque), item_of(7));
    mill_block_deque_destroy(&deque);
}

/* Coming back to a block the owner takes half of it, the younger one. */
static void test_half_is_taken_back(void **state)
{
    (void)state;
    struct mill_block_deque deque;
    open_deque(&deque, 2, 4);
    push(&deque, 0, 5);
    assert_ptr_equal(mill_block_deque_pop(&deque), item_of(4));
    assert_ptr_equal(mill_block_deque_pop(&deque), item_of(3));
    assert_ptr_equal(mill_block_deque_steal(&deque, false), item_of(0));
    assert_ptr_equal(mill_block_deque_steal(&deque, false), item_of(1));
    assert_null(mill_block_deque_steal(&deque, false));
    assert_ptr_equal(mill_block_deque_pop(&deque), item_of(2));
    assert_true(mill_block_deque_empty(&deque));
    mill_block_deque_destroy(&deque);
}

/* The owner's next push, or pop, answers a thief that has asked. */
static void test_answers(void **state)
{
    (void)state;
    struct mill_block_deque deque;
    open_deque(&deque, 2, 8);
    push(&deque, 0, 3);
    assert_null(mill_block_deque_steal(&deque, false));
    push(&deque, 3, 4);
    assert_ptr_equal(mill_block_deque_steal(&deque, false), item_of(0));
    assert_ptr_equal(mill_block_deque_steal(&deque, false), item_of(1));
    assert_null(mill_block_deque_steal(&deque, false));
    assert_ptr_equal(mill_block_deque_pop(&deque), item_of(3));
    assert_ptr_equal(mill_block_deque_steal(&deque, false), item_of(2));
    push(&deque, 4, 5);
    assert_null(mill_block_deque_steal(&deque, false));
    assert_ptr_equal(mill_block_deque_pop(&deque), item_of(4)); /* there was but one, and the owner has it */
    assert_null(mill_block_deque_steal(&deque, false));
    assert_true(mill_block_deque_empty(&deque));
    mill_block_deque_destroy(&deque);
}

/* Whatever the owner does, or not: half at a time, and in the end all. */
static void test_insists(void **state)
{
    (void)state;
    struct mill_block_deque deque;
    open_deque(&deque, 2, 8);
    push(&deque, 0, 5);
    assert_ptr_equal(mill_block_deque_steal(&deque, true), item_of(0));
    for (size_t i = 1; i < 3; i++) {
        assert_ptr_equal(mill_block_deque_steal(&deque, false), item_of(i));
    }
    assert_null(mill_block_deque_steal(&deque, false)); /* asks; who insists then goes on from there */
    assert_ptr_equal(mill_block_deque_steal(&deque, true), item_of(3));
    assert_ptr_equal(mill_block_deque_steal(&deque, true), item_of(4));
    assert_null(mill_block_deque_steal(&deque, true));
    assert_null(mill_block_deque_pop(&deque));
    assert_true(mill_block_deque_empty(&deque));
    push(&deque, 5, 10);
    for (size_t i = 10; i > 5; i--) {
        assert_ptr_equal(mill_block_deque_pop(&deque), item_of(i - 1));
    }
    mill_block_deque_destroy(&deque);
}

static void test_owner_takes_an_old_one(void **state)
{
    (void)state;
    struct mill_block_deque deque;
    open_deque(&deque, 2, 4);
    push(&deque, 0, 7);
    for (size_t i = 0; i < 6; i++) {
        assert_ptr_equal(mill_block_deque_shift(&deque), item_of(i));
    }
    assert_ptr_equal(mill_block_deque_pop(&deque), item_of(6));
    assert_null(mill_block_deque_shift(&deque));
    mill_block_deque_destroy(&deque);
}

/* Blocks that are used up are used again: no more of them are made. */
static void test_blocks_are_used_again(void **state)
{
    (void)state;
    struct mill_block_deque deque;
    size_t oldest = 0;
    open_deque(&deque, 4, 2);
    struct mill_block_table *table = atomic_load(&deque.table);
    for (size_t i = 0; i < 1000; i++) {
        push(&deque, i, i + 1);
        if (i >= 4) {
            assert_ptr_equal(mill_block_deque_steal(&deque, true), item_of(oldest++));
        }
    }
    assert_ptr_equal(atomic_load(&deque.table), table);
    mill_block_deque_destroy(&deque);
}

/* Round the table and over its end, with the oldest in the middle of it. */
static void test_grows(void **state)
{
    (void)state;
    struct mill_block_deque deque;
    size_t oldest = 0;
    open_deque(&deque, 2, 3);
    for (size_t i = 0; i < 1000; i++) {
        push(&deque, i, i + 1);
        if (i % 3 == 0) {
            assert_ptr_equal(mill_block_deque_steal(&deque, true), item_of(oldest++));
        }
    }
    for (size_t i = 1000; i > oldest; i--) {
        assert_ptr_equal(mill_block_deque_pop(&deque), item_of(i - 1));
    }
    assert_true(mill_block_deque_empty(&deque));
    mill_block_deque_destroy(&deque);
}

/* ---- the word ---- */

#define SEEN        (1u << 16)
#define BLOCKS_MOST 64

struct seen {
    const struct mill_block *block;
    uint64_t word;
    void *item;
};

/* The items that a thief has read with a word must be the ones that it gets if it finds the same word again,
 * however long it has slept: with other items the word is another one. */
static void assert_unlike_before(struct seen *seen, struct mill_block *block)
{
    uint64_t word = atomic_load(&block->share);
    uint32_t taken = word & 511; /* the fields: deque_blocks.c */
    uint32_t granted = (word >> 9) & 511;
    if (taken == granted) {
        return;
    }
    void *item = atomic_load(&block->slots[taken]);
    uint64_t at = (word ^ (uintptr_t)block) * 0x9e3779b97f4a7c15u >> 48;
    while (seen[at].block && (seen[at].block != block || seen[at].word != word)) {
        at = (at + 1) % SEEN;
    }
    assert_true(!seen[at].block || seen[at].item == item);
    seen[at] = (struct seen){.block = block, .word = word, .item = item};
}

static void test_no_word_comes_twice(void **state)
{
    (void)state;
    static struct seen seen[SEEN];
    struct mill_block *blocks[BLOCKS_MOST]; /* that the owner has been in */
    size_t count = 0;
    struct mill_block_deque deque;
    struct mill_random random;
    mill_random_seed(&random, 7, 0);
    open_deque(&deque, 2, 3);
    for (size_t i = 0; i < SEEN / 4; i++) {
        switch (mill_random_below(&random, 6)) {
        case 0:
            mill_block_deque_steal(&deque, false);
            break;
        case 1:
            mill_block_deque_steal(&deque, true);
            break;
        case 2:
            mill_block_deque_shift(&deque);
            break;
        case 3:
            mill_block_deque_pop(&deque);
            break;
        default:
            push(&deque, i, i + 1);
        }
        size_t known = 0;
        while (known < count && blocks[known] != deque.own) {
            known++;
        }
        if (known == count) {
            assert_true(count < BLOCKS_MOST);
            blocks[count++] = deque.own;
        }
        for (size_t at = 0; at < count; at++) {
            assert_unlike_before(seen, blocks[at]);
        }
    }
    mill_block_deque_destroy(&deque);
}

/* A thief that has slept may use up a block, in its new life, that is not the oldest one. The owner finds
 * what stands before it all the same. */
static void test_steps_over_a_used_block(void **state)
{
    (void)state;
    struct mill_block_deque deque;
    open_deque(&deque, 4, 2);
    push(&deque, 0, 4);
    struct mill_block *middle = deque.own;
    push(&deque, 4, 5);
    atomic_fetch_add(&middle->share, 2); /* as two claims do */
    assert_ptr_equal(mill_block_deque_pop(&deque), item_of(4));
    assert_ptr_equal(mill_block_deque_pop(&deque), item_of(1));
    push(&deque, 5, 9); /* through the middle one again */
    assert_ptr_equal(mill_block_deque_steal(&deque, false), item_of(0));
    for (size_t i = 9; i > 5; i--) {
        assert_ptr_equal(mill_block_deque_pop(&deque), item_of(i - 1));
    }
    assert_null(mill_block_deque_pop(&deque));
    mill_block_deque_destroy(&deque);
}

/* ---- races ---- */

#define ROUNDS 4000

/* What goes wrong in a thread is written down, and asserted when all have ended. */
struct duel {
    struct mill_block_deque deque;
    atomic_uint had[ROUNDS];
    int status; /* of the last push that failed; the owner's */
};

static void have_in_duel(struct duel *duel, void *item)
{
    if (item) {
        atomic_fetch_add_explicit(&duel->had[number_of(item)], 1, memory_order_relaxed);
    }
}

/* Every second round the owner pushes, and then one pops and the other one insists at the same moment, give
 * or take a little; whoever is late does not get a second chance. */
static void fight(void *context, unsigned side, unsigned round)
{
    struct duel *duel = context;
    if (round % 2 == 0) {
        int status = side == 0 ? mill_block_deque_push(&duel->deque, item_of(round)) : 0;
        if (status < 0) {
            duel->status = status;
        }
        return;
    }
    for (unsigned pauses = side == 0 ? round / 2 % 16 : round / 32 % 16; pauses > 0; pauses--) {
        mill_pause();
    }
    have_in_duel(duel,
                 side == 0 ? mill_block_deque_pop(&duel->deque) : mill_block_deque_steal(&duel->deque, true));
}

static void test_one_item_for_two(void **state)
{
    (void)state;
    static struct duel duel;
    open_deque(&duel.deque, 2, 2);
    mill_in_step(fight, &duel, ROUNDS);
    assert_int_equal(duel.status, 0);
    while (!mill_block_deque_empty(&duel.deque)) {
        have_in_duel(&duel, mill_block_deque_pop(&duel.deque));
    }
    for (unsigned i = 0; i < ROUNDS; i += 2) {
        assert_int_equal(duel.had[i], 1);
    }
    mill_block_deque_destroy(&duel.deque);
}

#define ITEMS   20000
#define THIEVES 3

enum manner { ASK, INSIST, BOTH };

struct heist {
    struct mill_block_deque deque;
    enum manner manner;
    atomic_uint thieves;
    atomic_uint stolen;
    atomic_bool over;
    atomic_uint unwritten; /* items that came out before they were written */
    atomic_uint had[ITEMS];
    size_t written[ITEMS]; /* number + 1, before the push: ThreadSanitizer sees whether a thief may read */
};

static void have(struct heist *heist, void *item)
{
    size_t number = number_of(item);
    if (heist->written[number] != number + 1) {
        atomic_fetch_add_explicit(&heist->unwritten, 1, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&heist->had[number], 1, memory_order_relaxed);
}

static void *steal_all(void *argument)
{
    struct heist *heist = argument;
    unsigned me = atomic_fetch_add(&heist->thieves, 1);
    bool insist = heist->manner == INSIST || (heist->manner == BOTH && me == 0);
    bool over;
    do {
        over = atomic_load_explicit(&heist->over, memory_order_acquire);
        void *item;
        while ((item = mill_block_deque_steal(&heist->deque, insist))) {
            have(heist, item);
            atomic_fetch_add_explicit(&heist->stolen, 1, memory_order_relaxed);
        }
    } while (!over);
    return NULL;
}

/* Now and then the owner does nothing until something is stolen, so that they meet on every machine. */
static void let_them(struct heist *heist, size_t pushed)
{
    unsigned before = atomic_load(&heist->stolen);
    while (heist->manner != ASK && pushed % 1000 == 999 && atomic_load(&heist->stolen) == before &&
           !mill_block_deque_empty(&heist->deque)) {
        sched_yield();
    }
}

static int keep_at(struct heist *heist, size_t depth)
{
    for (size_t i = 0; i < ITEMS; i++) {
        heist->written[i] = i + 1;
        int status = mill_block_deque_push(&heist->deque, item_of(i));
        if (status < 0) {
            return status;
        }
        let_them(heist, i);
        for (size_t pops = depth; i % depth == depth - 1 && pops > 0; pops--) {
            void *item =
                i % 7 == 0 ? mill_block_deque_shift(&heist->deque) : mill_block_deque_pop(&heist->deque);
            if (item) {
                have(heist, item);
            }
        }
    }
    return 0;
}

/* The owner keeps the deque at `depth`: at 1 every item is the last one, and raced for; at the size of a
 * block and one more it goes to and fro between two. */
static void rob(enum manner manner, size_t blocks, uint32_t items, size_t depth)
{
    static struct heist heist;
    pthread_t thieves[THIEVES];
    memset(&heist, 0, sizeof heist);
    open_deque(&heist.deque, blocks, items);
    heist.manner = manner;
    int started = 0;
    while (started < THIEVES && pthread_create(&thieves[started], NULL, steal_all, &heist) == 0) {
        started++;
    }
    int status = started == THIEVES ? keep_at(&heist, depth) : -EAGAIN;
    void *item;
    while ((item = mill_block_deque_pop(&heist.deque))) {
        have(&heist, item);
    }
    bool empty = mill_block_deque_empty(&heist.deque);
    atomic_store_explicit(&heist.over, true, memory_order_release);
    while (started > 0) {
        pthread_join(thieves[--started], NULL);
    }
    assert_int_equal(status, 0);
    assert_true(empty);
    assert_int_equal(heist.unwritten, 0);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(heist.had[i], 1);
    }
    mill_block_deque_destroy(&heist.deque);
}

static void test_each_item_once(void **state)
{
    (void)state;
    for (enum manner manner = ASK; manner <= BOTH; manner++) {
        rob(manner, 2, 1, 2);
        rob(manner, 2, 2, 1);
        rob(manner, 2, 2, 3);
        rob(manner, 4, 3, 5);
        rob(manner, 2, 8, 100);
    }
}

int main(void)
{
    mill_fence_open(); /* as every pool does, so that the owner's fences are the light ones */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_nonsense),
        cmocka_unit_test(test_own_end_is_a_stack),
        cmocka_unit_test(test_full_blocks_are_granted),
        cmocka_unit_test(test_half_is_taken_back),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_insists),
        cmocka_unit_test(test_owner_takes_an_old_one),
        cmocka_unit_test(test_blocks_are_used_again),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_no_word_comes_twice),
        cmocka_unit_test(test_steps_over_a_used_block),
        cmocka_unit_test(test_one_item_for_two),
        cmocka_unit_test(test_each_item_once),
    };
    return cmocka_run_group_tests_name("deque_blocks", tests, NULL, NULL);
}

#include "task/deque_chase_lev.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void *item_of(size_t number)
{
    return (void *)(uintptr_t)(number + 1);
}

static size_t number_of(const void *item)
{
    return (size_t)(uintptr_t)item - 1;
}

static void test_own_end_is_a_stack(void **state)
{
    (void)state;
    struct mill_chase_lev deque;
    assert_int_equal(mill_chase_lev_init(&deque, 4), 0);
    assert_true(mill_chase_lev_empty(&deque));
    assert_null(mill_chase_lev_pop(&deque));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(mill_chase_lev_push(&deque, item_of(i)), 0);
    }
    assert_false(mill_chase_lev_empty(&deque));
    for (size_t i = 3; i > 0; i--) {
        assert_ptr_equal(mill_chase_lev_pop(&deque), item_of(i - 1));
    }
    assert_null(mill_chase_lev_pop(&deque));
    assert_null(mill_chase_lev_steal(&deque));
    assert_int_equal(mill_chase_lev_push(&deque, item_of(7)), 0); /* the empty pops have left it in order */
    assert_ptr_equal(mill_chase_lev_pop(&deque), item_of(7));
    mill_chase_lev_destroy(&deque);
}

static void test_other_end_is_a_queue(void **state)
{
    (void)state;
    struct mill_chase_lev deque;
    assert_int_equal(mill_chase_lev_init(&deque, 4), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mill_chase_lev_push(&deque, item_of(i)), 0);
    }
    assert_ptr_equal(mill_chase_lev_steal(&deque), item_of(0));
    assert_ptr_equal(mill_chase_lev_pop(&deque), item_of(3));
    assert_ptr_equal(mill_chase_lev_steal(&deque), item_of(1));
    assert_ptr_equal(mill_chase_lev_steal(&deque), item_of(2));
    assert_null(mill_chase_lev_steal(&deque));
    mill_chase_lev_destroy(&deque);
}

/* Round the array and over its end, with the oldest in the middle of it. */
static void test_grows(void **state)
{
    (void)state;
    struct mill_chase_lev deque;
    size_t oldest = 0;
    assert_int_equal(mill_chase_lev_init(&deque, 1), 0);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(mill_chase_lev_push(&deque, item_of(i)), 0);
        if (i % 3 == 0) {
            assert_ptr_equal(mill_chase_lev_steal(&deque), item_of(oldest++));
        }
    }
    for (size_t i = 1000; i > oldest; i--) {
        assert_ptr_equal(mill_chase_lev_pop(&deque), item_of(i - 1));
    }
    assert_true(mill_chase_lev_empty(&deque));
    mill_chase_lev_destroy(&deque);
}

/* ---- races ---- */

#define ITEMS   40000
#define THIEVES 2

/* What goes wrong in a thread is written down, and asserted when all have ended. */
struct heist {
    struct mill_chase_lev deque;
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
    bool over;
    do {
        over = atomic_load_explicit(&heist->over, memory_order_acquire);
        void *item;
        while ((item = mill_chase_lev_steal(&heist->deque))) {
            have(heist, item);
        }
    } while (!over);
    return NULL;
}

static int keep_at(struct heist *heist, size_t depth)
{
    for (size_t i = 0; i < ITEMS; i++) {
        heist->written[i] = i + 1;
        int status = mill_chase_lev_push(&heist->deque, item_of(i));
        if (status < 0) {
            return status;
        }
        for (size_t pops = depth; i % depth == depth - 1 && pops > 0; pops--) {
            void *item = mill_chase_lev_pop(&heist->deque);
            if (item) {
                have(heist, item);
            }
        }
    }
    return 0;
}

/* The owner keeps the deque at `depth`: at 1 every item is the last one, and raced for. */
static void rob(size_t depth)
{
    static struct heist heist;
    pthread_t thieves[THIEVES];
    memset(&heist, 0, sizeof heist);
    assert_int_equal(mill_chase_lev_init(&heist.deque, 2), 0);
    int started = 0;
    while (started < THIEVES && pthread_create(&thieves[started], NULL, steal_all, &heist) == 0) {
        started++;
    }
    int status = started == THIEVES ? keep_at(&heist, depth) : -EAGAIN;
    void *item;
    while ((item = mill_chase_lev_pop(&heist.deque))) {
        have(&heist, item);
    }
    atomic_store_explicit(&heist.over, true, memory_order_release);
    while (started > 0) {
        pthread_join(thieves[--started], NULL);
    }
    assert_int_equal(status, 0);
    assert_int_equal(heist.unwritten, 0);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(heist.had[i], 1);
    }
    mill_chase_lev_destroy(&heist.deque);
}

static void test_each_item_once(void **state)
{
    (void)state;
    rob(1);
    rob(2);
    rob(100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_end_is_a_stack),
        cmocka_unit_test(test_other_end_is_a_queue),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_each_item_once),
    };
    return cmocka_run_group_tests_name("deque_chase_lev", tests, NULL, NULL);
}

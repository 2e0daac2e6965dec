/* What is particular to the list of SCQs: rings that fill up, close, and are taken out. */
#include "queue/lscq.c" // NOLINT(bugprone-suspicious-include)

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void *item_of(uintptr_t number)
{
    return (void *)number; /* the queue never looks into it */
}

static struct list *make(size_t hint)
{
    struct mill_queue *queue;
    assert_int_equal(mill_queue_create(&mill_queue_lscq, hint, &queue), 0);
    assert_int_equal(queue->capacity, 0);
    return list_of(queue);
}

static void put_all(struct list *list, uintptr_t from, uintptr_t to)
{
    for (; from < to; from++) {
        assert_int_equal(mill_queue_try_put(&list->queue, item_of(from)), 0);
    }
}

static void get_all(struct list *list, uintptr_t from, uintptr_t to)
{
    for (; from < to; from++) {
        void *item = NULL;
        assert_int_equal(mill_queue_try_get(&list->queue, &item), 0);
        assert_ptr_equal(item, item_of(from));
    }
}

static void assert_ends(struct list *list, int status)
{
    void *item;
    assert_int_equal(mill_queue_try_get(&list->queue, &item), status);
}

static size_t rings(struct list *list)
{
    size_t count = 0;
    for (struct node *node = list->head; node && node != &list->seal; node = node->next) {
        count++;
    }
    return count;
}

static void test_grows_and_shrinks_in_order(void **state)
{
    (void)state;
    for (size_t hint = 1; hint <= 8; hint *= 2) {
        struct list *list = make(hint);
        for (unsigned round = 0; round < 20; round++) {
            assert_ends(list, -EAGAIN);
            put_all(list, 1, 101);
            assert_true(rings(list) >= 100 / hint);
            get_all(list, 1, 101);
            assert_ends(list, -EAGAIN);
            assert_true(rings(list) <= 2);
        }
        mill_queue_destroy(&list->queue);
    }
}

static void test_closes_with_any_number_of_rings(void **state)
{
    (void)state;
    for (uintptr_t before = 0; before <= 9; before++) {
        for (uintptr_t inside = 0; inside <= 9; inside++) {
            struct list *list = make(2);
            put_all(list, 1, before + 1);
            get_all(list, 1, before + 1);
            put_all(list, 1, inside + 1);
            mill_queue_close(&list->queue);
            mill_queue_close(&list->queue);
            assert_int_equal(mill_queue_try_put(&list->queue, item_of(9)), -EPIPE);
            get_all(list, 1, inside + 1);
            assert_ends(list, -EPIPE);
            assert_int_equal(mill_queue_try_put(&list->queue, item_of(9)), -EPIPE);
            mill_queue_destroy(&list->queue);
        }
    }
}

static void test_destroys_with_items_inside(void **state)
{
    (void)state;
    struct list *list = make(2);
    put_all(list, 1, 20);
    get_all(list, 1, 8);
    mill_queue_destroy(&list->queue);
}

/* A put that found the ring full and stopped before it linked the next one: not the end, and others go on. */
static void test_a_stopped_grower_is_no_end(void **state)
{
    (void)state;
    struct list *list = make(2);
    put_all(list, 1, 3);
    mill_scq_close(&list->tail->ring);
    get_all(list, 1, 3);
    assert_ends(list, -EAGAIN);
    put_all(list, 3, 8);
    get_all(list, 3, 8);
    mill_queue_destroy(&list->queue);
}

/* Linked, and the tail not yet moved: puts help it on, gets take it along, and closing finds the end. */
static void test_a_lagging_tail_is_helped(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 3; who++) {
        struct list *list = make(2);
        put_all(list, 1, 3);
        struct node *lagging = list->tail;
        put_all(list, 3, 4);
        list->tail = lagging;
        if (who == 0) {
            put_all(list, 4, 5);
        } else if (who == 1) {
            get_all(list, 1, 4);
        } else {
            mill_queue_close(&list->queue);
            assert_int_equal(mill_queue_try_put(&list->queue, item_of(9)), -EPIPE);
        }
        assert_ptr_not_equal(list->tail, lagging);
        get_all(list, who == 1 ? 4 : 1, who == 0 ? 5 : 4);
        assert_ends(list, who == 2 ? -EPIPE : -EAGAIN);
        mill_queue_destroy(&list->queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_and_shrinks_in_order),
        cmocka_unit_test(test_closes_with_any_number_of_rings),
        cmocka_unit_test(test_destroys_with_items_inside),
        cmocka_unit_test(test_a_stopped_grower_is_no_end),
        cmocka_unit_test(test_a_lagging_tail_is_helped),
    };
    return cmocka_run_group_tests_name("lscq", tests, NULL, NULL);
}

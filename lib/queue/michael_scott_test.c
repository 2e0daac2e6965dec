/* What is particular to Michael and Scott's queue: a put that stops between linking its node and moving the
 * tail. The test plays that put itself.
 */
#include "queue/michael_scott.c" // NOLINT(bugprone-suspicious-include)

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int first, second, third;

struct kind {
    const struct mill_queue_ops *ops;
    enum scheme scheme;
};

static const struct kind hazard = {&mill_queue_ms_hazard, HAZARD};
static const struct kind epoch = {&mill_queue_ms_epoch, EPOCH};

static struct list *make(const struct kind *kind)
{
    struct mill_queue *queue = NULL;
    assert_int_equal(mill_queue_create(kind->ops, 1, &queue), 0);
    return list_of(queue);
}

static void assert_puts(struct list *list, void *item)
{
    assert_int_equal(mill_queue_try_put(&list->queue, item), 0);
}

static void assert_gets(struct list *list, void *expected)
{
    void *item = NULL;
    assert_int_equal(mill_queue_try_get(&list->queue, &item), 0);
    assert_ptr_equal(item, expected);
}

static void assert_ends(struct list *list, int status)
{
    void *item;
    assert_int_equal(mill_queue_try_get(&list->queue, &item), status);
}

/* The first half of `append`: the item can be got, and the tail is where it was. */
static void put_and_stop(struct list *list, void *item)
{
    struct node *node = malloc(sizeof *node);
    assert_non_null(node);
    atomic_init(&node->next, NULL);
    node->item = item;
    struct node *nothing = NULL;
    assert_true(atomic_compare_exchange_strong(&atomic_load(&list->tail)->next, &nothing, node));
}

/* All that was retired may be used again from here on: by the next puts, which take it off the shelf. */
static void free_retired(struct list *list, enum scheme scheme)
{
    for (unsigned i = 0; i < 3; i++) {
        void *seat = enter(list, scheme);
        if (scheme == HAZARD) {
            mill_hazards_collect(&list->hazards, seat);
        } else {
            mill_epochs_collect(&list->epochs, seat);
        }
        leave(list, seat, scheme);
    }
}

static bool is_inside(struct list *list, const struct node *sought)
{
    const struct node *node = atomic_load(&list->head);
    while (node && node != sought && node != &list->seal) {
        node = atomic_load(&node->next);
    }
    return node == sought;
}

/* The get takes out the node that the tail is still at: it is retired, and the next put is about to link its
 * node behind the tail. */
static void test_the_tail_never_stays_on_what_is_retired(void **state)
{
    const struct kind *kind = *state;
    struct list *list = make(kind);
    put_and_stop(list, &first);
    assert_gets(list, &first);
    assert_true(is_inside(list, atomic_load(&list->tail)));
    free_retired(list, kind->scheme);
    assert_puts(list, &second); /* its node is the one that was retired */
    assert_puts(list, &third);
    assert_gets(list, &second);
    assert_gets(list, &third);
    assert_ends(list, -EAGAIN);
    mill_queue_destroy(&list->queue);
}

static void test_closing_comes_behind_a_tail_that_lags(void **state)
{
    const struct kind *kind = *state;
    struct list *list = make(kind);
    put_and_stop(list, &first);
    mill_queue_close(&list->queue);
    assert_gets(list, &first);
    assert_ends(list, -EPIPE);
    assert_int_equal(mill_queue_try_put(&list->queue, &second), -EPIPE);
    mill_queue_destroy(&list->queue);
}

static void test_a_put_moves_a_tail_that_lags(void **state)
{
    const struct kind *kind = *state;
    struct list *list = make(kind);
    put_and_stop(list, &first);
    assert_puts(list, &second);
    assert_null(atomic_load(&atomic_load(&list->tail)->next));
    assert_gets(list, &first);
    assert_gets(list, &second);
    assert_true(is_inside(list, atomic_load(&list->tail)));
    assert_ends(list, -EAGAIN);
    mill_queue_destroy(&list->queue);
}

#define TEST_OF(kind, test)                                                                                  \
    {                                                                                                        \
        .name = #kind ": " #test, .test_func = test, .initial_state = (void *)(uintptr_t)(const void *)&kind \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF(hazard, test_the_tail_never_stays_on_what_is_retired),
        TEST_OF(epoch, test_the_tail_never_stays_on_what_is_retired),
        TEST_OF(hazard, test_closing_comes_behind_a_tail_that_lags),
        TEST_OF(epoch, test_closing_comes_behind_a_tail_that_lags),
        TEST_OF(hazard, test_a_put_moves_a_tail_that_lags),
        TEST_OF(epoch, test_a_put_moves_a_tail_that_lags),
    };
    return cmocka_run_group_tests_name("michael_scott", tests, NULL, NULL);
}

#include "sync/freelist.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sync/freelist_list.h"

#define NODES   8
#define THREADS 2u

static void test_takes_every_node_once_and_last_given_first(void **state)
{
    const struct mill_freelist_ops *ops = *state;
    struct mill_freelist *list;
    assert_int_equal(ops->create(3, &list), 0);
    for (int32_t node = 0; node < 3; node++) {
        assert_int_equal(ops->take(list), node);
    }
    assert_int_equal(ops->take(list), MILL_FREELIST_EMPTY);
    ops->give(list, 1);
    ops->give(list, 2);
    assert_int_equal(ops->take(list), 2);
    ops->give(list, 0);
    assert_int_equal(ops->take(list), 0);
    assert_int_equal(ops->take(list), 1);
    assert_int_equal(ops->take(list), MILL_FREELIST_EMPTY);
    ops->destroy(list);
    ops->destroy(NULL);
}

static void test_refuses_no_nodes(void **state)
{
    const struct mill_freelist_ops *ops = *state;
    struct mill_freelist *list;
    assert_int_equal(ops->create(0, &list), -EINVAL);
}

struct sharing {
    const struct mill_freelist_ops *ops;
    struct mill_freelist *list;
    atomic_uint ready;
    atomic_uint twice; /* nodes that were had by two threads at once, or were gone */
    atomic_bool owned[NODES];
    uint64_t written[NODES]; /* plain: the owner's, which `give` and `take` must order */
};

static void hold(struct sharing *run, int32_t node)
{
    if (node == MILL_FREELIST_EMPTY ||
        atomic_exchange_explicit(&run->owned[node], true, memory_order_relaxed)) {
        atomic_fetch_add_explicit(&run->twice, 1, memory_order_relaxed);
    }
}

static void let_go(struct sharing *run, int32_t node)
{
    if (node != MILL_FREELIST_EMPTY) {
        atomic_store_explicit(&run->owned[node], false, memory_order_relaxed);
        run->ops->give(run->list, node);
    }
}

#define ROUNDS 50000

static void *share(void *argument)
{
    struct sharing *run = argument;
    atomic_fetch_add_explicit(&run->ready, 1, memory_order_relaxed);
    while (atomic_load_explicit(&run->ready, memory_order_relaxed) < THREADS) {
        sched_yield();
    }
    for (unsigned i = 0; i < ROUNDS && atomic_load_explicit(&run->twice, memory_order_relaxed) == 0; i++) {
        int32_t first = run->ops->take(run->list);
        hold(run, first);
        int32_t second = run->ops->take(run->list);
        hold(run, second);
        if (first != MILL_FREELIST_EMPTY && !(run->ops->about.traits & MILL_CONTROL)) {
            run->written[first]++;
        }
        let_go(run, first);
        let_go(run, second);
    }
    return NULL;
}

/* Whether every node always had one owner, and all are there in the end. */
static bool shares_correctly(const struct mill_freelist_ops *ops)
{
    struct sharing run = {.ops = ops};
    assert_int_equal(ops->create(NODES, &run.list), 0);
    pthread_t thread[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, share, &run), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
    bool seen[NODES] = {false};
    bool whole = true;
    for (int32_t i = 0; i < NODES && whole; i++) {
        int32_t node = ops->take(run.list);
        whole = node != MILL_FREELIST_EMPTY && !seen[node];
        if (whole) {
            seen[node] = true;
        }
    }
    whole = whole && ops->take(run.list) == MILL_FREELIST_EMPTY;
    ops->destroy(run.list);
    return whole && run.twice == 0;
}

static void test_shares_correctly(void **state)
{
    const struct mill_freelist_ops *ops = *state;
    assert_true(shares_correctly(ops));
}

static void test_untagged_suffers_from_aba(void **state)
{
    (void)state;
    bool caught = false;
    for (unsigned attempt = 0; attempt < 200 && !caught; attempt++) {
        caught = !shares_correctly(&mill_freelist_untagged);
    }
    assert_true(caught);
}

static void test_family_finds_its_strategies(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_freelist_family.count; i++) {
        const struct mill_strategy *about = mill_freelist_family.strategies[i];
        assert_ptr_equal(&mill_freelist_ops_find(about->name)->about, about);
    }
    assert_null(mill_freelist_ops_find("no-such-list"));
}

#define TABLE(ident) (void *)(uintptr_t)&mill_freelist_##ident
#define EACH(ident)                                                                                          \
    {"takes and gives: " #ident, test_takes_every_node_once_and_last_given_first, NULL, NULL, TABLE(ident)}, \
        {"refuses no nodes: " #ident, test_refuses_no_nodes, NULL, NULL, TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {
        MILL_FREELISTS(EACH){"shares: tagged", test_shares_correctly, NULL, NULL, TABLE(tagged)},
        {"shares: locked", test_shares_correctly, NULL, NULL, TABLE(locked)},
        cmocka_unit_test(test_untagged_suffers_from_aba),
        cmocka_unit_test(test_family_finds_its_strategies),
    };
    return cmocka_run_group_tests_name("freelist", tests, NULL, NULL);
}

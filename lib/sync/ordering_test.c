#include "sync/ordering.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cacheline.h"
#include "core/fence.h"

#define ADDITIONS 2000u

static void test_tables_are_well_formed(void **state)
{
    (void)state;
    assert_int_equal(mill_ordering_family.count, 8);
    for (size_t i = 0; i < mill_ordering_family.count; i++) {
        const struct mill_ordering_ops *ops = mill_ordering_ops_of(mill_ordering_family.strategies[i]);
        assert_ptr_equal(mill_ordering_ops_find(ops->about.name), ops);
        assert_non_null(ops->about.summary);
        assert_non_null(ops->about.source);
        assert_non_null(ops->add);
        assert_int_equal(ops->asymmetric, strncmp(ops->about.name, "asymmetric-", 11) == 0);
    }
    assert_null(mill_ordering_ops_find("no-such-ordering"));
}

struct adder {
    alignas(MILL_ISOLATION) _Atomic uint64_t own;
    _Atomic uint64_t *word; /* its own, or one that both share */
    const struct mill_ordering_ops *ops;
    pthread_t thread;
};

static void *add_many(void *argument)
{
    struct adder *adder = argument;
    for (unsigned i = 0; i < ADDITIONS; i++) {
        adder->ops->add(adder->word);
    }
    return NULL;
}

/* Two threads add, to words of their own or to the first one's. */
static void add_at_once(struct adder adders[2], const struct mill_ordering_ops *ops, bool to_one)
{
    for (unsigned i = 0; i < 2; i++) {
        atomic_init(&adders[i].own, 0);
        adders[i].word = &adders[to_one ? 0 : i].own;
        adders[i].ops = ops;
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&adders[i].thread, NULL, add_many, &adders[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(adders[i].thread, NULL);
    }
}

static void test_each_adds_one(void **state)
{
    (void)state;
    mill_fence_open();
    for (size_t i = 0; i < mill_ordering_family.count; i++) {
        struct adder adders[2];
        add_at_once(adders, mill_ordering_ops_of(mill_ordering_family.strategies[i]), false);
        assert_int_equal(adders[0].own, ADDITIONS);
        assert_int_equal(adders[1].own, ADDITIONS);
    }
}

/* Only one of them is one step. */
static void test_locked_add_is_one_step(void **state)
{
    (void)state;
    struct adder adders[2];
    for (unsigned i = 0; i < 20; i++) {
        add_at_once(adders, mill_ordering_ops_find("locked-add"), true);
        assert_int_equal(adders[0].own, 2 * ADDITIONS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_well_formed),
        cmocka_unit_test(test_each_adds_one),
        cmocka_unit_test(test_locked_add_is_one_step),
    };
    return cmocka_run_group_tests_name("ordering", tests, NULL, NULL);
}

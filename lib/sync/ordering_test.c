#include "sync/ordering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cacheline.h"
#include "core/fence.h"
#include "core/test_in_step.h"

#define ADDITIONS 100u /* of each side, in each round */

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

struct words {
    const struct mill_ordering_ops *ops;
    struct {
        alignas(MILL_ISOLATION) _Atomic uint64_t own;
    } of[2];
};

static void add_some(struct words *words, unsigned to)
{
    for (unsigned i = 0; i < ADDITIONS; i++) {
        words->ops->add(&words->of[to].own);
    }
}

static void add_to_own(void *words, unsigned side, unsigned round)
{
    (void)round;
    add_some(words, side);
}

static void add_to_one(void *words, unsigned side, unsigned round)
{
    (void)side;
    (void)round;
    add_some(words, 0);
}

static void test_each_adds_one(void **state)
{
    (void)state;
    mill_fence_open();
    for (size_t i = 0; i < mill_ordering_family.count; i++) {
        struct words words = {.ops = mill_ordering_ops_of(mill_ordering_family.strategies[i])};
        mill_in_step(add_to_own, &words, 10);
        assert_int_equal(words.of[0].own, 10 * ADDITIONS);
        assert_int_equal(words.of[1].own, 10 * ADDITIONS);
    }
}

static uint64_t sum_of_both(const char *name, unsigned rounds)
{
    struct words words = {.ops = mill_ordering_ops_find(name)};
    mill_in_step(add_to_one, &words, rounds);
    return words.of[0].own;
}

/* Only one of them is one step; of another one, additions get lost sooner or later. */
static void test_locked_add_is_one_step(void **state)
{
    (void)state;
    uint64_t expected = 2 * 200 * ADDITIONS;
    assert_int_equal(sum_of_both("locked-add", 200), expected);
    bool lost = false;
    for (unsigned attempt = 0; attempt < 100 && !lost; attempt++) {
        lost = sum_of_both("relaxed", 200) < expected;
    }
    assert_true(lost);
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

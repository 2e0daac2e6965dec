#include "core/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct mill_strategy first = {.name = "first"};
static const struct mill_strategy second = {.name = "second"};
static const struct mill_strategy *const strategies[] = {&first, &second};

static void a_strategy_is_found_by_its_whole_name(void **state)
{
    (void)state;
    const struct mill_family family = {.name = "lock", .strategies = strategies, .count = 2};
    assert_ptr_equal(mill_family_find(&family, "first"), &first);
    assert_ptr_equal(mill_family_find(&family, "second"), &second);
    assert_null(mill_family_find(&family, "sec"));
    assert_null(mill_family_find(&family, "seconds"));
    assert_null(mill_family_find(&family, "Second"));
    assert_null(mill_family_find(&family, ""));
}

static void an_empty_family_has_none(void **state)
{
    (void)state;
    const struct mill_family family = {.name = "lock", .strategies = NULL, .count = 0};
    assert_null(mill_family_find(&family, "first"));
}

static void some_may_stand_for_a_family(void **state)
{
    (void)state;
    static const char *const usual[] = {"second", NULL};
    struct mill_family family = {.name = "lock", .strategies = strategies, .count = 2};
    assert_true(mill_family_is_usual(&family, &first));
    family.usual = usual;
    assert_false(mill_family_is_usual(&family, &first));
    assert_true(mill_family_is_usual(&family, &second));
}

static const char *shape_by_name(const struct mill_strategy *strategy, char *buffer, size_t size)
{
    snprintf(buffer, size, "a %s one", strategy->name);
    return buffer;
}

static void a_family_may_tell_shapes_apart(void **state)
{
    (void)state;
    char buffer[MILL_SHAPE_MAX];
    struct mill_family family = {.name = "lock", .strategies = strategies, .count = 2};
    assert_null(mill_family_shape(&family, &first, buffer));
    family.shape = shape_by_name;
    assert_string_equal(mill_family_shape(&family, &second, buffer), "a second one");
}

static void progress_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(mill_progress_name(MILL_BLOCKING), "blocking");
    assert_string_equal(mill_progress_name(MILL_LOCK_FREE), "lock-free");
    assert_string_equal(mill_progress_name(MILL_WAIT_FREE), "wait-free");
}

static void every_trait_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned a = MILL_FAIR; a <= MILL_SERVES_WRITERS; a <<= 1) {
        assert_string_not_equal(mill_trait_name((enum mill_trait)a), "unknown");
        for (unsigned b = MILL_FAIR; b < a; b <<= 1) {
            assert_string_not_equal(mill_trait_name((enum mill_trait)a), mill_trait_name((enum mill_trait)b));
        }
    }
    assert_string_equal(mill_trait_name(MILL_FAIR), "fair");
    assert_string_equal(mill_trait_name(MILL_HIDES_ATOMICS), "hides-atomics");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_strategy_is_found_by_its_whole_name),
        cmocka_unit_test(an_empty_family_has_none),
        cmocka_unit_test(some_may_stand_for_a_family),
        cmocka_unit_test(a_family_may_tell_shapes_apart),
        cmocka_unit_test(progress_has_a_name),
        cmocka_unit_test(every_trait_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

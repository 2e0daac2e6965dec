#include "device/staleness.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_ages_of_all_threads_are_told_together(void **state)
{
    (void)state;
    struct mill_staleness *staleness;
    struct mill_staleness_summary summary;
    assert_int_equal(mill_staleness_create(3, &staleness), 0);
    mill_staleness_read(staleness, &summary);
    assert_int_equal(summary.count, 0);
    assert_int_equal(summary.max_ns, 0);
    for (unsigned i = 1; i <= 99; i++) {
        mill_staleness_note(staleness, i % 2, 1000000, 1000000 + i);
    }
    mill_staleness_note(staleness, 2, 5, 5 + 700000);
    mill_staleness_note(staleness, 2, 6, 5);
    for (unsigned again = 0; again < 2; again++) {
        mill_staleness_read(staleness, &summary);
        assert_int_equal(summary.count, 100);
        assert_int_equal(summary.backwards, 1);
        assert_int_equal(summary.p50_ns, 50);
        assert_int_equal(summary.p99_ns, 99);
        assert_int_equal(summary.max_ns, 700000);
    }
    mill_staleness_destroy(staleness);
    mill_staleness_destroy(NULL);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    struct mill_staleness *staleness;
    assert_int_equal(mill_staleness_create(0, &staleness), -EINVAL);
    assert_int_equal(mill_staleness_create(1, NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ages_of_all_threads_are_told_together),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests_name("device/staleness", tests, NULL, NULL);
}

#include "core/timeout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_negative_is_refused(void **state)
{
    (void)state;
    uint64_t deadline = 7;
    assert_int_equal(mill_deadline_after(-1, &deadline), -EINVAL);
    assert_int_equal(mill_deadline_after(INT64_MIN, &deadline), -EINVAL);
    assert_int_equal(deadline, 7);
}

static void test_ends_of_the_scale(void **state)
{
    (void)state;
    uint64_t deadline = 7;
    assert_int_equal(mill_deadline_after(0, &deadline), 0);
    assert_int_equal(deadline, 0);
    assert_int_equal(mill_deadline_after(MILL_FOREVER, &deadline), 0);
    assert_true(deadline == MILL_NO_DEADLINE);
}

static void test_counts_from_now(void **state)
{
    (void)state;
    static const int64_t timeouts[] = {1, 1000, (int64_t)MILL_NS_PER_S, MILL_FOREVER - 1};
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        uint64_t deadline;
        uint64_t before = mill_now_ns();
        assert_int_equal(mill_deadline_after(timeouts[i], &deadline), 0);
        uint64_t after = mill_now_ns();
        assert_in_range(deadline, before + (uint64_t)timeouts[i], after + (uint64_t)timeouts[i]);
        assert_true(deadline != MILL_NO_DEADLINE);
        assert_true(mill_timespec_ns(mill_deadline_timespec(deadline)) == deadline);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_negative_is_refused),
        cmocka_unit_test(test_ends_of_the_scale),
        cmocka_unit_test(test_counts_from_now),
    };
    return cmocka_run_group_tests_name("timeout", tests, NULL, NULL);
}

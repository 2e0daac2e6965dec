/* lock-try and lock-timed: what they notice of refusals and of waits that are given up, and what they
 * measure.
 */
#include "scenarios/test_lock_bench.h"

static const char *why_not(const char *scenario, const char *strategy)
{
    prepare(scenario, 2);
    bench.one.strategy = mill_family_find(&mill_lock_family, strategy);
    assert_non_null(bench.one.strategy);
    return bench.one.scenario->unsupported(&bench.one);
}

static void test_what_cannot_be_asked_is_unsupported(void **state)
{
    (void)state;
    assert_string_equal(why_not("lock-timed", "mcs"), "its algorithm cannot give up waiting");
    assert_string_equal(why_not("lock-timed", "ticket"), "its algorithm cannot give up waiting");
    assert_null(why_not("lock-timed", "pthread"));
    assert_null(why_not("lock-timed", "early-release"));
    assert_string_equal(why_not("lock-try", "ck-anderson"), "its algorithm cannot try");
    assert_null(why_not("lock-try", "mcs"));
    assert_null(why_not("lock-try", "early-release"));
}

/* ---- tries ---- */

static void test_refusals_are_counted(void **state)
{
    (void)state;
    prepare("lock-try", 2);
    set_up();
    told.refusals = 3;
    run(0, 1);
    run(1, 1);
    struct mill_check check = verify();
    assert_int_equal(check.findings, MILL_NO_FINDING); /* of two threads, one may be in the other's way */
    assert_near(measured(&check, "refused"), 60);
    tear_down();
}

static void test_a_refusal_without_others_is_found(void **state)
{
    (void)state;
    prepare("lock-try", 1);
    set_up();
    told.refusals = 1;
    run(0, 1);
    assert_found(MILL_WRONG_ANSWER, "1 times a try was refused, and there is no other thread");
    tear_down();
}

static void test_a_lock_that_stays_shut_is_found(void **state)
{
    (void)state;
    prepare("lock-try", 2);
    set_up();
    told.never_released = true;
    run(0, 1);
    atomic_store(&bench.phase, MILL_PHASE_END);
    assert_int_equal(operate(1), MILL_STOPPED);
    assert_found(MILL_WRONG_ANSWER, "all have left the lock, and a try is refused");
    tear_down();
}

static void test_tries_are_timed_apart(void **state)
{
    (void)state;
    prepare("lock-try", 2);
    set("hold", 10 * MILL_NS_PER_US);
    set("instead", 5 * MILL_NS_PER_US);
    set_up();
    told.refusals = 2;
    uint64_t before = the_time;
    assert_int_equal(operate_timed(0), MILL_DONE);
    assert_true(the_time - before >= 20 * MILL_NS_PER_US);
    assert_int_equal(span("granted")->count, 1);
    assert_int_equal(span("refused")->count, 2);
    assert_int_equal(span("hold")->count, 1);
    assert_true(span("hold")->minimum >= 10 * MILL_NS_PER_US);
    assert_true(span("granted")->maximum < MILL_NS_PER_US); /* what was done instead is no part of it, */
    assert_true(span("refused")->maximum < MILL_NS_PER_US); /* nor of this */
    run(0, 1);
    assert_int_equal(span("granted")->count, 1);
    tear_down();
}

/* ---- waits with a deadline ---- */

static void test_give_ups_are_counted_and_timed(void **state)
{
    (void)state;
    prepare("lock-timed", 2);
    set("patience", 50 * MILL_NS_PER_US);
    set_up();
    told.refusals = 3;
    told.late = 7 * MILL_NS_PER_US;
    assert_int_equal(operate_timed(0), MILL_DONE);
    struct mill_check check = verify();
    assert_int_equal(check.findings, MILL_NO_FINDING);
    assert_near(measured(&check, "gave up"), 75);
    assert_int_equal(span("late")->count, 3);
    assert_true(span("late")->minimum >= 7 * MILL_NS_PER_US); /* beyond the deadline alone */
    assert_true(span("late")->maximum < 8 * MILL_NS_PER_US);
    assert_int_equal(span("acquire")->count, 1);
    assert_true(span("acquire")->maximum < MILL_NS_PER_US); /* of the wait that had it alone */
    assert_int_equal(span("hold")->count, 1);
    tear_down();
}

static void test_a_hasty_refusal_is_found(void **state)
{
    (void)state;
    prepare("lock-timed", 2);
    set_up();
    told.refusals = 1;
    told.hasty = true;
    assert_int_equal(operate_timed(0), MILL_DONE);
    assert_found(MILL_WRONG_ANSWER, "1 of 1 who gave up were told so before their deadline");
    assert_int_equal(span("late")->count, 1);
    assert_int_equal(span("late")->maximum, 0);
    tear_down();
}

static void test_a_give_up_without_others_is_found(void **state)
{
    (void)state;
    prepare("lock-timed", 1);
    set_up();
    told.refusals = 1;
    run(0, 1);
    assert_found(MILL_WRONG_ANSWER, "1 gave up, and there is no other thread");
    tear_down();
}

static void test_who_gave_up_and_has_it_is_found(void **state)
{
    (void)state;
    prepare("lock-timed", 2);
    set_up();
    told.refusals = 1;
    told.keeps = true;
    atomic_store(&bench.phase, MILL_PHASE_END);
    assert_int_equal(operate(0), MILL_STOPPED);
    assert_found(MILL_WRONG_ANSWER, "somebody has it still");
    tear_down();
}

static void test_another_error_ends_the_sample(void **state)
{
    (void)state;
    prepare("lock-timed", 2);
    set_up();
    told.error = -EIO;
    assert_int_equal(operate(0), -EIO);
    told.error = 0;
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_asked_is_unsupported),
        cmocka_unit_test(test_refusals_are_counted),
        cmocka_unit_test(test_a_refusal_without_others_is_found),
        cmocka_unit_test(test_a_lock_that_stays_shut_is_found),
        cmocka_unit_test(test_tries_are_timed_apart),
        cmocka_unit_test(test_give_ups_are_counted_and_timed),
        cmocka_unit_test(test_a_hasty_refusal_is_found),
        cmocka_unit_test(test_a_give_up_without_others_is_found),
        cmocka_unit_test(test_who_gave_up_and_has_it_is_found),
        cmocka_unit_test(test_another_error_ends_the_sample),
    };
    return cmocka_run_group_tests_name("locks that are asked", tests, NULL, NULL);
}

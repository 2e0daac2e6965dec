/* lock-hog and lock-preempted, and what all scenarios of one lock notice alike. */
#include "scenarios/test_lock_bench.h"

static const char *const all[] = {"lock-try", "lock-timed", "lock-hog", "lock-preempted"};

static void test_entries_are_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        prepare(all[i], 2);
        set_up();
        run(0, 3);
        run(1, 2);
        assert_int_equal(verify().findings, MILL_NO_FINDING);
        assert_int_equal(bench.workers[0].acquisitions + bench.workers[1].acquisitions, 5);
        bench.one.operations++;
        assert_found(MILL_LOST_UPDATE, "6 times in the lock, but its count shows 5");
        tear_down();
    }
}

/* One has come in while another was inside. */
static void test_an_entry_that_is_overtaken_is_lost(void **state)
{
    (void)state;
    struct mill_lock_context first, second;
    prepare("lock-hog", 2);
    set_up();
    uint64_t entered = mill_lock_rig_enter(&bench.workers[0], rig_of_bench());
    uint64_t entered_too = mill_lock_rig_enter(&bench.workers[1], rig_of_bench());
    mill_lock_rig_leave(&bench.workers[0], rig_of_bench(), &first, entered);
    mill_lock_rig_leave(&bench.workers[1], rig_of_bench(), &second, entered_too);
    bench.one.operations = 2;
    assert_found(MILL_LOST_UPDATE, "2 times in the lock, but its count shows 1");
    tear_down();
}

/* A control that these scenarios expect nothing of would never be found in them. */
static void test_other_controls_are_left_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        prepare(all[i], 2);
        assert_string_equal(bench.one.scenario->unsupported(&bench.one),
                            "its mistake is looked for in critical-section");
        bench.one.strategy = mill_family_find(&mill_lock_family, "early-release");
        assert_null(bench.one.scenario->unsupported(&bench.one));
    }
}

/* ---- the hog ---- */

static void test_shares_are_of_time(void **state)
{
    (void)state;
    prepare("lock-hog", 3);
    set("hog", 10000 * STEP);
    set("hold", 100 * STEP);
    set_up();
    run(0, 1);
    run(1, 50);
    run(2, 50);
    struct mill_check check = verify();
    assert_int_equal(check.findings, MILL_NO_FINDING);
    double hog = measured(&check, "lock-time share");
    assert_true(hog > 48 && hog < 50); /* each entry has some steps more than it works */
    assert_near(measured(&check, "least of its due"), 3 * (100 - hog) / 2);
    run(1, 50);
    check = verify();
    hog = measured(&check, "lock-time share");
    assert_near(measured(&check, "least of its due"), 3 * (100 - hog) / 3);
    tear_down();
}

static void test_who_gets_nothing_is_told(void **state)
{
    (void)state;
    prepare("lock-hog", 3);
    set_up();
    struct mill_check check = verify();
    assert_int_equal(check.measure_count, 0); /* shares of nothing */
    run(0, 2);
    run(2, 1);
    check = verify();
    assert_near(measured(&check, "least of its due"), 0);
    tear_down();
}

/* What is told of the others is theirs, also where the hog has less. */
static void test_a_hog_without_time_is_none_of_the_others(void **state)
{
    (void)state;
    prepare("lock-hog", 3);
    set_up();
    run(1, 2);
    run(2, 2);
    struct mill_check check = verify();
    assert_near(measured(&check, "lock-time share"), 0);
    assert_near(measured(&check, "least of its due"), 150);
    tear_down();
}

static void test_the_hog_is_timed_apart(void **state)
{
    (void)state;
    prepare("lock-hog", 2);
    set_up();
    assert_int_equal(operate_timed(0), MILL_DONE);
    assert_int_equal(operate_timed(1), MILL_DONE);
    assert_int_equal(operate_timed(1), MILL_DONE);
    assert_int_equal(span("hog waits")->count, 1);
    assert_int_equal(span("hog holds")->count, 1);
    assert_int_equal(span("wait")->count, 2);
    assert_int_equal(span("hold")->count, 2);
    assert_true(span("hog holds")->minimum >= 20 * MILL_NS_PER_US);
    assert_true(span("hold")->maximum < 2 * MILL_NS_PER_US);
    tear_down();
}

/* ---- the holder that is away ---- */

static void test_each_so_many_th_time_it_is_away(void **state)
{
    (void)state;
    prepare("lock-preempted", 2);
    set("every", 3);
    set("away", MILL_NS_PER_MS);
    set_up();
    uint64_t before = the_time;
    run(0, 7);
    assert_int_equal(sleeps, 3);
    assert_true(the_time - before >= 3 * MILL_NS_PER_MS);
    run(1, 1);
    assert_int_equal(sleeps, 4);
    struct mill_check check = verify();
    assert_int_equal(check.findings, MILL_NO_FINDING);
    assert_near(measured(&check, "away"), 50);
    tear_down();
}

static void test_it_yields_where_it_does_not_sleep(void **state)
{
    (void)state;
    prepare("lock-preempted", 1);
    set("away", 0);
    set("every", 1);
    set_up();
    run(0, 4);
    assert_int_equal(sleeps, 0);
    struct mill_check check = verify();
    assert_near(measured(&check, "away"), 100);
    tear_down();
}

static bool it_was_away;

static void give_back_late(void)
{
    rig_of_bench()->given_back = mill_ticks_begin(&the_clock);
    rig_of_bench()->was_away = it_was_away;
}

/* Of those that waited when the lock was given back, and by whom it was. */
static void test_handovers_are_told_apart(void **state)
{
    (void)state;
    prepare("lock-preempted", 2);
    set("every", 1000);
    set_up();
    assert_int_equal(operate_timed(0), MILL_DONE);
    assert_int_equal(operate_timed(1), MILL_DONE); /* it found the lock free */
    assert_int_equal(span("handover")->count + span("after away")->count, 0);
    told.while_waiting = give_back_late;
    it_was_away = true;
    assert_int_equal(operate_timed(0), MILL_DONE);
    assert_int_equal(span("after away")->count, 1);
    it_was_away = false;
    assert_int_equal(operate_timed(0), MILL_DONE);
    assert_int_equal(operate_timed(1), MILL_DONE);
    assert_int_equal(span("after away")->count, 1);
    assert_int_equal(span("handover")->count, 2);
    assert_int_equal(span("acquire")->count, 5);
    tear_down();
}

/* It says so to the next one. */
static void test_who_was_away_is_remembered(void **state)
{
    (void)state;
    prepare("lock-preempted", 2);
    set("every", 2);
    set_up();
    run(0, 1);
    assert_true(rig_of_bench()->was_away);
    run(0, 1);
    assert_false(rig_of_bench()->was_away);
    run(1, 1);
    assert_true(rig_of_bench()->was_away);
    tear_down();
}

/* Of a holder whose clock was not read nobody knows when it gave the lock back. */
static void test_who_was_not_timed_hands_nothing_over(void **state)
{
    (void)state;
    prepare("lock-preempted", 2);
    set("every", 1000);
    set_up();
    it_was_away = false;
    told.while_waiting = give_back_late;
    assert_int_equal(operate_timed(0), MILL_DONE);
    assert_int_equal(span("handover")->count, 1);
    run(1, 1);
    assert_int_equal(rig_of_bench()->given_back, 0);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_are_counted),
        cmocka_unit_test(test_an_entry_that_is_overtaken_is_lost),
        cmocka_unit_test(test_other_controls_are_left_out),
        cmocka_unit_test(test_shares_are_of_time),
        cmocka_unit_test(test_who_gets_nothing_is_told),
        cmocka_unit_test(test_a_hog_without_time_is_none_of_the_others),
        cmocka_unit_test(test_the_hog_is_timed_apart),
        cmocka_unit_test(test_each_so_many_th_time_it_is_away),
        cmocka_unit_test(test_it_yields_where_it_does_not_sleep),
        cmocka_unit_test(test_handovers_are_told_apart),
        cmocka_unit_test(test_who_was_away_is_remembered),
        cmocka_unit_test(test_who_was_not_timed_hands_nothing_over),
    };
    return cmocka_run_group_tests_name("locks that are held", tests, NULL, NULL);
}

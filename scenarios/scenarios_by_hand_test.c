/* Every scenario is run by hand: some operations with every strategy that stands for its family, what its
 * check finds of the controls, and what is particular to single ones. */
#include "scenarios/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "harness/recorded.h"
#include "scenarios/test_hand.h"

#define RECORDED 1000u /* calls of each thread, at most */

/* ThreadSanitizer ends the process over a race that is there on purpose: the engine looks for those, not this
 * test. */
static bool races_under_tsan(const struct mill_expectation *expected)
{
    return MILL_UNDER_TSAN && expected && (expected->findings & MILL_RACE);
}

/* Nobody is done where all wait for ever. */
static bool waits_for_ever(const struct mill_expectation *expected)
{
    return expected && (expected->findings & (MILL_DEADLOCK | MILL_LOST_WAKEUP));
}

static bool can_run(const struct hand *hand)
{
    const struct mill_case *one = &hand->one;
    char reason[96];
    const char *why_not = mill_scenario_unsupported(one, reason, sizeof reason);
    const struct mill_expectation *expected =
        mill_scenario_expects(one->scenario, one->strategy, one->threads);
    if (!why_not && races_under_tsan(expected)) {
        why_not = "a race kept on purpose, left to the engine";
    }
    if (!why_not && waits_for_ever(expected)) {
        why_not = "a deadlock kept on purpose, left to the engine";
    }
    if (why_not) {
        print_message("%s, %s, %u threads: %s\n", one->scenario->name, one->strategy->name, one->threads,
                      why_not);
    }
    return !why_not;
}

/* A control may answer what it likes; all others answer as their models do. */
static void judge_history(const struct hand *hand, const struct mill_model *model)
{
    struct mill_recorded recorded;
    struct mill_error error = {""};
    if (mill_recorded_judge(model, hand->one.history, NULL, &recorded, &error) < 0) {
        fail_msg("%s, %s: %s", hand->one.scenario->name, hand->one.strategy->name, error.message);
    }
    if (recorded.verdict == MILL_NOT_LINEARIZABLE &&
        !mill_scenario_is_control(hand->one.scenario, hand->one.strategy)) {
        fail_msg("%s, %s, %u threads: %s", hand->one.scenario->name, hand->one.strategy->name,
                 hand->one.threads, recorded.timeline.text);
    }
    mill_recorded_free(&recorded);
}

static void judge_outcomes(const struct hand *hand)
{
    struct mill_check check = {0};
    struct mill_outcomes *outcomes;
    assert_int_equal(mill_case_outcomes(&hand->one, &check, &outcomes), 0);
    if (check.findings) {
        fail_msg("%s, %s: %s", hand->one.scenario->name, hand->one.strategy->name, check.message);
    }
    assert_true(!outcomes || mill_outcomes_total(outcomes, MILL_OUTCOME_GRADES) > 0);
    mill_outcomes_destroy(outcomes);
}

static void test_one(struct hand *hand)
{
    struct mill_model copy;
    if (!may_be_set_up(hand)) {
        print_message("%s, %s: not a second time in one process\n", hand->one.scenario->name,
                      hand->one.strategy->name);
        return;
    }
    prepare_workers(hand);
    run(hand, 300);
    const struct mill_case *one = &hand->one;
    if (!(one->strategy->traits & MILL_EMPTY) && one->scenario->verify) {
        struct mill_check check = verify(hand);
        const struct mill_expectation *expected =
            mill_scenario_expects(one->scenario, one->strategy, one->threads);
        if (check.findings & ~(expected ? expected->findings : 0u)) {
            print_error("%s, %s: %s\n", one->scenario->name, one->strategy->name, check.message);
            fail();
        }
    }
    bool empty = one->strategy->traits & MILL_EMPTY;
    const struct mill_model *model = empty ? NULL : mill_case_model(one, &copy);
    if (!empty) {
        judge_outcomes(hand);
    }
    one->scenario->teardown(&hand->one);
    judge_history(hand, model);
}

static void test_usual_strategies(void **state)
{
    (void)state;
    static struct hand hand;
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_scenario *scenario = mill_scenarios.scenarios[i];
        for (size_t s = 0; s < scenario->family->count; s++) {
            bool usual = mill_family_is_usual(scenario->family, scenario->family->strategies[s]);
            for (unsigned threads = 1; usual && threads <= MAX_THREADS; threads++) {
                prepare(&hand, scenario, scenario->family->strategies[s], threads);
                if (can_run(&hand)) {
                    assert_int_equal(
                        mill_history_create(threads, RECORDED, MILL_STAMPS_COUNTER, NULL, &hand.one.history),
                        0);
                    test_one(&hand);
                    mill_history_destroy(hand.one.history);
                }
            }
        }
    }
}

static bool caught(struct hand *hand, const struct mill_expectation *expectation, uint64_t operations)
{
    set_up(hand);
    run(hand, operations);
    struct mill_check check = verify(hand);
    hand->one.scenario->teardown(&hand->one);
    assert_int_equal(check.findings == 0, check.message[0] == '\0');
    return (check.findings & expectation->findings) != 0;
}

/* Those that any window shows. Deadlocks, broken bounds and growth are left to the engine, which every
 * scenario is run by in bench/. */
static const unsigned shown_by_hand = MILL_LOST_UPDATE | MILL_CORRUPTION;

static void catch_one(const struct mill_scenario *scenario, const struct mill_strategy *strategy)
{
    static struct hand hand;
    const struct mill_expectation *expectation = mill_scenario_expects(scenario, strategy, MAX_THREADS);
    bool found = false;
    /* On a loaded machine short runs of two threads may never meet: each attempt is longer. */
    uint64_t operations = 100000;
    for (unsigned attempt = 0; attempt < 30 && !found; attempt++) {
        prepare(&hand, scenario, strategy, MAX_THREADS);
        if (!can_run(&hand)) {
            return;
        }
        /* a question to a device is worth many of what others do */
        found = caught(&hand, expectation, hand.asks_a_device ? operations / 100 : operations);
        operations += operations / 4;
    }
    assert_true(found || the_processors < expectation->min_threads);
}

static void test_controls_are_caught(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_scenario *scenario = mill_scenarios.scenarios[i];
        for (size_t s = 0; s < scenario->family->count; s++) {
            const struct mill_strategy *strategy = scenario->family->strategies[s];
            const struct mill_expectation *expectation =
                mill_scenario_expects(scenario, strategy, MAX_THREADS);
            if (expectation && (expectation->findings & shown_by_hand)) {
                catch_one(scenario, strategy);
            }
        }
    }
}

/* ---- single scenarios ---- */

/* Their checks compare with the number of operations: one more than there were must not pass. */
static void test_a_missing_operation_is_noticed(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"counter", "mutex"},        {"critical-section", "mcs"},   {"handoff", "futex"},
        {"false-sharing", "packed"}, {"worker-stop", "mutex-ring"}, {"manager-pause", "confirmed"},
        {"lock-table", "ticket"},    {"lock-nested", "mcs"},        {"fences", "seq-cst-fence"}};
    static struct hand hand;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, pairs[i][0]);
        prepare(&hand, scenario, mill_family_find(scenario->family, pairs[i][1]), MAX_THREADS);
        set_up(&hand);
        run(&hand, 50);
        assert_int_equal(verify(&hand).findings, MILL_NO_FINDING);
        hand.one.operations++;
        assert_int_equal(verify(&hand).findings, MILL_LOST_UPDATE);
        scenario->teardown(&hand.one);
    }
}

static void test_section_writes_the_lines_it_is_told_to(void **state)
{
    (void)state;
    static struct hand hand;
    const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, "critical-section");
    prepare(&hand, scenario, mill_family_find(scenario->family, "ttas"), MAX_THREADS);
    struct mill_error error;
    assert_int_equal(mill_parameters_set(scenario, "lines=64", hand.values, &error), 0);
    assert_int_equal(mill_parameters_set(scenario, "hold=1us", hand.values, &error), 0);
    assert_int_equal(mill_parameters_set(scenario, "think=1us", hand.values, &error), 0);
    set_up(&hand);
    run(&hand, 200);
    assert_int_equal(verify(&hand).findings, MILL_NO_FINDING);
    assert_int_equal(hand.workers[0].acquisitions + hand.workers[1].acquisitions, 400);
    scenario->teardown(&hand.one);
}

/* Each batch ends in a meeting of both; what each did in whole batches and in the last one is counted. */
static void test_every_litmus_test_is_counted(void **state)
{
    (void)state;
    static struct hand hand;
    static const char *const names[] = {"store-buffering", "message-passing", "load-buffering"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, names[i]);
        struct mill_check check = {0};
        struct mill_outcomes *outcomes;
        struct mill_error error;
        prepare(&hand, scenario, mill_family_find(scenario->family, "seq-cst"), MAX_THREADS);
        assert_int_equal(mill_parameters_set(scenario, "batch=16", hand.values, &error), 0);
        set_up(&hand);
        hand.never_ended = true;
        run(&hand, 100);
        assert_int_equal(mill_case_outcomes(&hand.one, &check, &outcomes), 0);
        assert_int_equal(mill_outcomes_total(outcomes, MILL_OUTCOME_GRADES), 100);
        assert_int_equal(mill_outcomes_total(outcomes, MILL_OUTCOME_ACCEPTABLE), 100);
        assert_int_equal(check.findings, MILL_NO_FINDING);
        mill_outcomes_destroy(outcomes);
        scenario->teardown(&hand.one);
    }
}

/* A player whose turn never comes leaves when the run is over, and leaves the lock free. */
static void test_handoff_stops(void **state)
{
    (void)state;
    static struct hand hand;
    const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, "handoff");
    prepare(&hand, scenario, mill_family_find(scenario->family, "pthread"), 2);
    set_up(&hand);
    atomic_store(&hand.phase, MILL_PHASE_END);
    assert_int_equal(scenario->roles[0].operation(&hand.workers[1]), MILL_STOPPED);
    assert_int_equal(scenario->roles[0].operation(&hand.workers[0]), MILL_DONE);
    hand.one.operations = 1;
    assert_int_equal(verify(&hand).findings, MILL_NO_FINDING);
    scenario->teardown(&hand.one);
}

static void test_aba_wants_two_nodes_a_thread(void **state)
{
    (void)state;
    static struct hand hand;
    const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, "aba");
    prepare(&hand, scenario, mill_family_find(scenario->family, "tagged"), 32);
    assert_null(mill_scenario_unsupported(&hand.one, NULL, 0));
    hand.one.threads = 33;
    assert_non_null(mill_scenario_unsupported(&hand.one, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual_strategies),
        cmocka_unit_test(test_controls_are_caught),
        cmocka_unit_test(test_a_missing_operation_is_noticed),
        cmocka_unit_test(test_section_writes_the_lines_it_is_told_to),
        cmocka_unit_test(test_every_litmus_test_is_counted),
        cmocka_unit_test(test_handoff_stops),
        cmocka_unit_test(test_aba_wants_two_nodes_a_thread),
    };
    return cmocka_run_group_tests_name("scenarios_by_hand", tests, open_the_clock, NULL);
}

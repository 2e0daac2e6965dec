/* Every scenario is run by hand: some operations with every strategy that stands for its family, what its
 * check finds of the controls, and what is particular to single ones. */
#include "scenarios/list.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "core/sanitizer.h"
#include "harness/parameter.h"
#include "harness/worker.h"

#define MAX_THREADS 2u

static struct mill_clock the_clock;

static int the_place[MAX_THREADS];
static size_t the_processors;

struct hand {
    struct mill_case one;
    int64_t values[MILL_PARAMETERS_MAX];
    atomic_uint phase;
    atomic_uint ready;
    uint64_t operations; /* of each thread */
    bool asks_a_device;
    struct mill_worker workers[MAX_THREADS];
    int status[MAX_THREADS];
    atomic_uint done; /* threads that have no more operations to do */
    bool ended;       /* before all were done */
};

/* How long a device is modelled to take, and how much it is asked at once, decides nothing that is tested
 * here. */
static bool asks_little(const struct mill_scenario *scenario, int64_t *values)
{
    static const char *const least[] = {"service", "quirks", "outstanding", "deciding"};
    bool any = false;
    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        for (size_t n = 0; n < sizeof least / sizeof least[0]; n++) {
            if (strcmp(scenario->parameters[i].name, least[n]) == 0) {
                values[i] = scenario->parameters[i].minimum;
                any = true;
            }
        }
    }
    return any;
}

static void prepare(struct hand *hand, const struct mill_scenario *scenario,
                    const struct mill_strategy *strategy, unsigned threads)
{
    memset(hand, 0, sizeof *hand);
    mill_parameters_default(scenario, hand->values);
    hand->asks_a_device = asks_little(scenario, hand->values);
    hand->one = (struct mill_case){
        .scenario = scenario,
        .strategy = strategy,
        .values = hand->values,
        .clock = &the_clock,
        .threads = threads,
        .seed = 1,
    };
}

/* A library that is set up once for the whole process refuses the second time (-ENOTSUP); the engine's
 * samples are fresh processes. */
static bool may_be_set_up(struct hand *hand)
{
    int status = hand->one.scenario->setup(&hand->one);
    assert_true(status == 0 || (status == -ENOTSUP && mill_strategy_is_foreign(hand->one.strategy)));
    return status == 0;
}

static void prepare_workers(struct hand *hand)
{
    for (unsigned i = 0; i < hand->one.threads; i++) {
        mill_worker_init(&hand->workers[i], &hand->one, i, &hand->phase);
    }
}

static void set_up(struct hand *hand)
{
    assert_true(may_be_set_up(hand));
    prepare_workers(hand);
}

static void *play(void *argument)
{
    struct mill_worker *worker = argument;
    struct hand *hand =
        (struct hand *)((char *)argument - offsetof(struct hand, workers) - worker->index * sizeof *worker);
    /* Left to the scheduler, both may share a processor for as long as the machine is busy, and never meet.
     */
    mill_cpu_pin_self(the_place[worker->index]);
    atomic_fetch_add(&hand->ready, 1);
    while (atomic_load(&hand->ready) < hand->one.threads) {
        sched_yield();
    }
    hand->status[worker->index] = mill_worker_run(worker, MILL_PHASE_END, hand->operations);
    atomic_fetch_add(&hand->done, 1);
    mill_worker_finish(worker);
    return NULL;
}

static uint64_t operations_so_far(struct hand *hand)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < hand->one.threads; i++) {
        sum += atomic_load(&hand->workers[i].operations);
    }
    return sum;
}

/* Where roles need each other, one may wait for operations that the other has no more of, and a control may
 * keep all waiting: some time after the last operation the run is over for all, as it is when the engine's
 * window ends. */
static void end_where_one_waits(struct hand *hand)
{
    uint64_t last = 0, since = mill_now_ns();
    while (atomic_load(&hand->done) < hand->one.threads && !hand->ended) {
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS / 10);
        uint64_t now = mill_now_ns(), sum = operations_so_far(hand);
        since = sum == last ? since : now;
        last = sum;
        hand->ended = now - since > 300 * MILL_NS_PER_MS;
    }
    if (hand->ended) {
        atomic_store(&hand->phase, MILL_PHASE_END);
        if (hand->one.scenario->interrupt) {
            hand->one.scenario->interrupt(&hand->one);
        }
    }
}

/* Where one role ends another, the other may have had fewer operations to do (what was dropped is never got).
 */
static bool hands_its_end_on(const struct mill_scenario *scenario)
{
    bool any = false;
    for (unsigned i = 0; i < scenario->role_count; i++) {
        any = any || scenario->roles[i].finish;
    }
    return any;
}

static void run(struct hand *hand, uint64_t operations)
{
    hand->operations = operations;
    pthread_t thread[MAX_THREADS] = {0};
    for (unsigned i = 0; i < hand->one.threads; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, play, &hand->workers[i]), 0);
    }
    end_where_one_waits(hand);
    for (unsigned i = 0; i < hand->one.threads; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(hand->status[i], 0);
        hand->one.operations += hand->workers[i].operations;
    }
    assert_true(hand->ended || hands_its_end_on(hand->one.scenario) ||
                hand->one.operations == operations * hand->one.threads);
}

static struct mill_check verify(const struct hand *hand)
{
    struct mill_check check = {0};
    hand->one.scenario->verify(&hand->one, &check);
    return check;
}

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

static void test_one(struct hand *hand)
{
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
    one->scenario->teardown(&hand->one);
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
                    test_one(&hand);
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
    static const char *const pairs[][2] = {{"counter", "mutex"},          {"critical-section", "mcs"},
                                           {"handoff", "futex"},          {"false-sharing", "packed"},
                                           {"worker-stop", "mutex-ring"}, {"manager-pause", "confirmed"}};
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

static int open_clock(void **state)
{
    (void)state;
    mill_clock_open(&the_clock);
    struct mill_cpus *cpus;
    if (mill_cpus_open(&cpus, NULL) < 0) {
        return -1;
    }
    the_processors = mill_cpus_count(cpus);
    mill_cpus_place(cpus, MILL_PIN_SPREAD, MAX_THREADS, the_place);
    mill_cpus_close(cpus);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual_strategies),
        cmocka_unit_test(test_controls_are_caught),
        cmocka_unit_test(test_a_missing_operation_is_noticed),
        cmocka_unit_test(test_section_writes_the_lines_it_is_told_to),
        cmocka_unit_test(test_handoff_stops),
        cmocka_unit_test(test_aba_wants_two_nodes_a_thread),
    };
    return cmocka_run_group_tests_name("scenarios_by_hand", tests, open_clock, NULL);
}

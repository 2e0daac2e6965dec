/* What is particular to the scenarios over locks and conditions, played by hand. */
#include "scenarios/test_hand.h"

static double measured(const struct mill_check *check, const char *name)
{
    for (unsigned i = 0; i < check->measure_count; i++) {
        if (strcmp(check->measures[i].name, name) == 0) {
            return check->measures[i].value;
        }
    }
    return -1;
}

/* Every scenario that takes shapes is right with each of them. */
static void test_sections_of_every_shape(void **state)
{
    (void)state;
    static struct hand hand;
    static const char *const pairs[][2] = {{"critical-section", "futex"},
                                           {"read-write", "phase-fair"},
                                           {"read-mostly", "seqlock"},
                                           {"lock-table", "pthread"},
                                           {"lock-nested", "pthread"}};
    static const char *const shapes[] = {"shape=fixed", "shape=exponential", "shape=bursty"};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0] * 3; i++) {
        const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, pairs[i / 3][0]);
        prepare(&hand, scenario, mill_family_find(scenario->family, pairs[i / 3][1]), MAX_THREADS);
        set(&hand, shapes[i % 3]);
        set(&hand, "think=2us");
        if (strcmp(scenario->name, "read-mostly") != 0) { /* a record is not held */
            set(&hand, "hold=1us");
        }
        set_up(&hand);
        run(&hand, 200);
        assert_int_equal(verify(&hand).findings, MILL_NO_FINDING);
        scenario->teardown(&hand.one);
    }
}

/* What a lock weighs is what its strategy says. */
static void test_memory_of_locks_is_told(void **state)
{
    (void)state;
    static struct hand hand;
    static const struct {
        const char *scenario, *strategy, *setting;
        unsigned locks;
    } cases[] = {{"critical-section", "mcs", "lines=0", 1},
                 {"handoff", "pthread", NULL, 1},
                 {"lock-nested", "clh", "alone=50", 2},
                 {"lock-table", "ticket", "buckets=64", 64},
                 {"lock-table", "anderson", "buckets=1", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, cases[i].scenario);
        const struct mill_strategy *strategy = mill_family_find(scenario->family, cases[i].strategy);
        bool bounded = strategy->traits & MILL_BOUNDED;
        double size = (double)(strategy->size + (bounded ? MAX_THREADS * strategy->size_each : 0));
        prepare(&hand, scenario, strategy, MAX_THREADS);
        if (cases[i].setting) {
            set(&hand, cases[i].setting);
        }
        set_up(&hand);
        run(&hand, 10);
        struct mill_check check = verify(&hand);
        assert_true(measured(&check, "lock size") == size);
        assert_true(measured(&check, "waiter size") == (bounded ? 0 : (double)strategy->size_each));
        assert_true(measured(&check, "all locks") == (cases[i].locks > 1 ? size * cases[i].locks : -1));
        scenario->teardown(&hand.one);
    }
}

/* One lock or many, few keys or many: the sums are right. */
static void test_table_of_any_size(void **state)
{
    (void)state;
    static struct hand hand;
    static const char *const sizes[][2] = {
        {"buckets=1", "keys=1"}, {"buckets=1024", "keys=1"}, {"buckets=3", "keys=65536"}};
    const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, "lock-table");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        prepare(&hand, scenario, mill_family_find(scenario->family, "pthread"), MAX_THREADS);
        set(&hand, sizes[i][0]);
        set(&hand, sizes[i][1]);
        set_up(&hand);
        run(&hand, 1000);
        assert_int_equal(verify(&hand).findings, MILL_NO_FINDING);
        scenario->teardown(&hand.one);
    }
}

/* Nested in all operations, and in none. */
static void test_nested_or_alone(void **state)
{
    (void)state;
    static struct hand hand;
    static const char *const shares[] = {"alone=0", "alone=100"};
    const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, "lock-nested");
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        prepare(&hand, scenario, mill_family_find(scenario->family, "pthread"), MAX_THREADS);
        set(&hand, shares[i]);
        set_up(&hand);
        run(&hand, 1000);
        assert_int_equal(verify(&hand).findings, MILL_NO_FINDING);
        scenario->teardown(&hand.one);
    }
}

/* All wakes reach somebody, however they are given; who is let through is counted. */
static void test_every_wake_of_a_storm_arrives(void **state)
{
    (void)state;
    static struct hand hand;
    static const char *const settings[][2] = {{"wake=all", "inside=off"},
                                              {"wake=all", "inside=on"},
                                              {"wake=one", "inside=off"},
                                              {"wake=one", "inside=on"}};
    static const char *const strategies[] = {"pthread", "parking-lot"};
    const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, "condvar-storm");
    for (size_t i = 0; i < 2 * sizeof settings / sizeof settings[0]; i++) {
        prepare(&hand, scenario, mill_family_find(scenario->family, strategies[i % 2]), MAX_THREADS);
        set(&hand, "waiters=5");
        set(&hand, settings[i / 2][0]);
        set(&hand, settings[i / 2][1]);
        set_up(&hand);
        run(&hand, 100);
        struct mill_check check = verify(&hand);
        assert_int_equal(check.findings, MILL_NO_FINDING);
        /* what was begun was ended, also where a slow machine ended the run before all were done */
        assert_true(hand.workers[0].operations > 0);
        assert_true(measured(&check, "wake-ups") == 5.0 * (double)hand.workers[0].operations);
        scenario->teardown(&hand.one);
    }
}

/* A wake that is lost is told for what it is, and ends the run: nobody hangs. */
static void test_a_lost_wake_ends_a_storm(void **state)
{
    (void)state;
    static struct hand hand;
    const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, "condvar-storm");
    unsigned findings = 0;
    for (unsigned attempt = 0; attempt < 100 && findings == 0; attempt++) {
        prepare(&hand, scenario, mill_family_find(scenario->family, "missing-wake"), MAX_THREADS);
        set_up(&hand);
        run(&hand, 1000);
        findings = verify(&hand).findings;
        scenario->teardown(&hand.one);
    }
    assert_int_equal(findings, MILL_LOST_WAKEUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sections_of_every_shape),
        cmocka_unit_test(test_memory_of_locks_is_told),
        cmocka_unit_test(test_table_of_any_size),
        cmocka_unit_test(test_nested_or_alone),
        cmocka_unit_test(test_every_wake_of_a_storm_arrives),
        cmocka_unit_test(test_a_lost_wake_ends_a_storm),
    };
    return cmocka_run_group_tests_name("locks_by_hand", tests, open_the_clock, NULL);
}

#include "harness/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/test_scenarios.h"

static int plan_of(struct mill_plan *plan, const char *scenario, const char *strategies, const char *threads,
                   const char *setting, struct mill_error *error)
{
    const char *const scenarios[] = {scenario};
    const char *const settings[] = {setting};
    const struct mill_request request = {
        .scenarios = scenarios,
        .scenario_count = scenario ? 1 : 0,
        .strategies = strategies,
        .threads = threads,
        .settings = settings,
        .setting_count = setting ? 1 : 0,
    };
    return mill_plan_make(plan, &request, &test_list, 2, error);
}

static void everything_is_planned_when_nothing_is_named(void **state)
{
    (void)state;
    struct mill_plan plan;
    assert_int_equal(plan_of(&plan, NULL, NULL, NULL, NULL, NULL), 0);
    assert_int_equal(plan.count, 2 * way_count);
    assert_int_equal(plan.cells[0].threads, 1);
    assert_int_equal(plan.cells[way_count].threads, 2);
    mill_plan_destroy(&plan);
}

static void cells_know_what_is_special_about_them(void **state)
{
    (void)state;
    struct mill_plan plan;
    assert_int_equal(plan_of(&plan, "ways", "one-thread,missing,caught", "1,2,4", "size=7", NULL), 0);
    assert_int_equal(plan.count, 9);
    for (size_t i = 0; i < plan.count; i++) {
        const struct mill_cell *cell = &plan.cells[i];
        bool single = strcmp(cell->strategy->name, "one-thread") == 0;
        bool missing = strcmp(cell->strategy->name, "missing") == 0;
        bool caught = strcmp(cell->strategy->name, "caught") == 0;
        assert_int_equal(cell->values[0], 7);
        assert_int_equal(cell->oversubscribed, cell->threads > 2);
        assert_int_equal(cell->unsupported != NULL, missing || (single && cell->threads > 1));
        assert_int_equal(cell->expectation != NULL, caught);
    }
    mill_plan_destroy(&plan);
}

static unsigned three(const struct mill_case *one, unsigned role)
{
    (void)one;
    return role == 0 ? 3 : 0;
}

/* Why a number of threads does not do says which one would. */
static void reasons_give_the_number_of_threads_that_is_needed(void **state)
{
    (void)state;
    static const struct mill_role two_roles[] = {{.name = "three", .operation = test_operation},
                                                 {.name = "the rest", .operation = test_operation}};
    struct mill_scenario scenario = test_scenario;
    struct mill_case one = {.scenario = &scenario, .strategy = &ways[way_fine], .threads = 2};
    char reason[96];
    assert_null(mill_scenario_unsupported(&one, reason, sizeof reason));
    scenario.role_threads = three;
    assert_string_equal(mill_scenario_unsupported(&one, reason, sizeof reason),
                        "the scenario's roles need exactly 3 threads");
    scenario.roles = two_roles;
    scenario.role_count = 2;
    assert_string_equal(mill_scenario_unsupported(&one, reason, sizeof reason),
                        "the scenario's roles need at least 4 threads");
    one.threads = 4;
    assert_null(mill_scenario_unsupported(&one, reason, sizeof reason));
    scenario.min_threads = 5;
    assert_string_equal(mill_scenario_unsupported(&one, reason, sizeof reason),
                        "the scenario needs at least 5 threads");
    scenario.min_threads = 0;
    scenario.max_threads = 1;
    assert_string_equal(mill_scenario_unsupported(&one, reason, sizeof reason),
                        "the scenario allows at most 1 thread");
}

static void refusals_name_the_word_and_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *strategies, *threads, *setting, *in_message;
    } wrong[] = {
        {"wais", NULL, NULL, NULL, "did you mean 'ways'"},
        {"quite-another", NULL, NULL, NULL, "there are: ways"},
        {"ways", "finer", NULL, NULL, "'fine'"},
        {"ways", "fine,,crash", NULL, NULL, "empty"},
        {"ways", "fine,fine", NULL, NULL, "twice"},
        {"ways", "", NULL, NULL, "empty"},
        {NULL, "crush", NULL, NULL, "'crash'"},
        {"ways", NULL, "0", NULL, "'0'"},
        {"ways", NULL, "1,two", NULL, "'two'"},
        {"ways", NULL, "100000", NULL, "from 1 to 1024"},
        {"ways", NULL, "2,2", NULL, "twice"},
        {"ways", NULL, NULL, "size=1000", "'1000'"},
        {"ways", NULL, NULL, "sise=10", "'size'"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mill_plan plan;
        struct mill_error error = {""};
        int status = plan_of(&plan, wrong[i].scenario, wrong[i].strategies, wrong[i].threads,
                             wrong[i].setting, &error);
        assert_int_equal(status, -EINVAL);
        if (!strstr(error.message, wrong[i].in_message)) {
            fail_msg("'%s' is not in: %s", wrong[i].in_message, error.message);
        }
        assert_null(plan.cells);
    }
}

static void those_that_stand_for_a_family_are_taken_unless_others_are_named(void **state)
{
    (void)state;
    struct mill_plan plan;
    struct mill_error error;
    const char *const usual[] = {way_list[1]->name, NULL};
    struct mill_family family = way_family;
    struct mill_scenario scenario = test_scenario;
    const struct mill_scenario *const scenarios[] = {&scenario};
    const struct mill_scenario_list list = {scenarios, 1};
    struct mill_request request = {.threads = "1"};
    family.usual = usual;
    scenario.family = &family;
    assert_int_equal(mill_plan_make(&plan, &request, &list, 2, &error), 0);
    assert_int_equal(plan.count, 1);
    assert_ptr_equal(plan.cells[0].strategy, way_list[1]);
    mill_plan_destroy(&plan);
    request.strategies = way_list[0]->name;
    assert_int_equal(mill_plan_make(&plan, &request, &list, 2, &error), 0);
    assert_int_equal(plan.count, 1);
    assert_ptr_equal(plan.cells[0].strategy, way_list[0]);
    mill_plan_destroy(&plan);
    request.strategies = "all";
    assert_int_equal(mill_plan_make(&plan, &request, &list, 2, &error), 0);
    assert_int_equal(plan.count, way_count);
    mill_plan_destroy(&plan);
    request.without_foreign = true;
    assert_int_equal(mill_plan_make(&plan, &request, &list, 2, &error), 0);
    assert_true(plan.count < way_count);
    mill_plan_destroy(&plan);
}

static void other_libraries_are_left_out_unless_they_are_named(void **state)
{
    (void)state;
    struct mill_plan plan;
    struct mill_error error;
    struct mill_request request = {.threads = "1"};
    assert_int_equal(mill_plan_make(&plan, &request, &test_list, 2, &error), 0);
    size_t all = plan.count, foreign = 0;
    for (size_t i = 0; i < plan.count; i++) {
        foreign += mill_strategy_is_foreign(plan.cells[i].strategy);
    }
    mill_plan_destroy(&plan);
    assert_true(foreign > 0);
    request.without_foreign = true;
    assert_int_equal(mill_plan_make(&plan, &request, &test_list, 2, &error), 0);
    assert_int_equal(plan.count, all - foreign);
    mill_plan_destroy(&plan);
    request.strategies = "missing";
    assert_int_equal(mill_plan_make(&plan, &request, &test_list, 2, &error), 0);
    assert_int_equal(plan.count, 1);
    mill_plan_destroy(&plan);
}

static void a_scenario_named_twice_is_refused(void **state)
{
    (void)state;
    static const char *const twice[] = {"ways", "ways"};
    const struct mill_request request = {.scenarios = twice, .scenario_count = 2};
    struct mill_plan plan;
    struct mill_error error;
    assert_int_equal(mill_plan_make(&plan, &request, &test_list, 2, &error), -EINVAL);
    assert_non_null(strstr(error.message, "twice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_planned_when_nothing_is_named),
        cmocka_unit_test(cells_know_what_is_special_about_them),
        cmocka_unit_test(reasons_give_the_number_of_threads_that_is_needed),
        cmocka_unit_test(refusals_name_the_word_and_the_nearest),
        cmocka_unit_test(those_that_stand_for_a_family_are_taken_unless_others_are_named),
        cmocka_unit_test(other_libraries_are_left_out_unless_they_are_named),
        cmocka_unit_test(a_scenario_named_twice_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every scenario of the list is well formed. scenarios_by_hand_test.c runs them. */
#include "scenarios/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/parameter.h"

static void assert_word(const char *word)
{
    assert_non_null(word);
    assert_true(strlen(word) > 0);
    assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(word));
}

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_scenario *scenario = mill_scenarios.scenarios[i];
        assert_word(scenario->name);
        assert_non_null(scenario->summary);
        assert_non_null(scenario->family);
        assert_ptr_equal(mill_scenario_find(&mill_scenarios, scenario->name), scenario); /* else not unique */
    }
}

/* Build scripts go from the identifier in the list to the name. */
static void test_identifiers_are_names(void **state)
{
    (void)state;
    static const char *const identifiers[] = {
#define IDENTIFIER(ident) #ident,
        MILL_SCENARIOS(IDENTIFIER)
#undef IDENTIFIER
    };
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        char name[64];
        assert_true(snprintf(name, sizeof name, "%s", identifiers[i]) < (int)sizeof name);
        for (char *c = name; *c; c++) {
            *c = *c == '_' ? '-' : *c;
        }
        assert_string_equal(name, mill_scenarios.scenarios[i]->name);
    }
}

static void test_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_scenario *scenario = mill_scenarios.scenarios[i];
        assert_true(scenario->parameter_count <= MILL_PARAMETERS_MAX);
        for (unsigned p = 0; p < scenario->parameter_count; p++) {
            const struct mill_parameter *parameter = &scenario->parameters[p];
            assert_word(parameter->name);
            assert_non_null(parameter->summary);
            int64_t least = parameter->minimum;
            int64_t most = parameter->maximum;
            if (parameter->type == MILL_SWITCH) {
                least = 0;
                most = 1;
            } else if (parameter->type == MILL_CHOICE) {
                assert_non_null(parameter->choices);
                least = 0;
                for (most = -1; parameter->choices[most + 1];) {
                    most++;
                }
            }
            assert_true(least <= most);
            assert_true(parameter->fallback >= least);
            assert_true(parameter->fallback <= most);
            assert_true(parameter->hunted == 0 || (parameter->hunted >= least && parameter->hunted <= most));
        }
    }
}

static void test_roles(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_scenario *scenario = mill_scenarios.scenarios[i];
        assert_true(scenario->role_count > 0);
        assert_non_null(scenario->setup);
        assert_non_null(scenario->teardown);
        for (unsigned r = 0; r < scenario->role_count; r++) {
            assert_word(scenario->roles[r].name);
            assert_non_null(scenario->roles[r].summary);
            assert_non_null(scenario->roles[r].operation);
        }
    }
}

static void test_expectations(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_scenario *scenario = mill_scenarios.scenarios[i];
        for (unsigned e = 0; e < scenario->expectation_count; e++) {
            const struct mill_expectation *expectation = &scenario->expectations[e];
            assert_true(expectation->strategy
                            ? mill_family_find(scenario->family, expectation->strategy) != NULL
                            : expectation->applies != NULL);
            assert_int_not_equal(expectation->findings, MILL_NO_FINDING);
            assert_non_null(expectation->why);
        }
    }
}

/* With every strategy: outcomes that are graded, each once, and told why. */
static void test_outcomes(void **state)
{
    (void)state;
    size_t litmus = 0;
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_scenario *scenario = mill_scenarios.scenarios[i];
        assert_int_equal(scenario->outcomes != NULL, scenario->count != NULL);
        for (size_t s = 0; scenario->outcomes && s < scenario->family->count; s++) {
            const struct mill_case one = {.scenario = scenario, .strategy = scenario->family->strategies[s]};
            struct mill_outcomes *outcomes;
            size_t count = 0;
            const struct mill_declared_outcome *declared = scenario->outcomes(&one, &count);
            assert_int_equal(mill_outcomes_create(declared, count, &outcomes), 0);
            mill_outcomes_destroy(outcomes);
            litmus++;
        }
    }
    assert_true(litmus > 0);
}

static bool is_expected_somewhere(const struct mill_family *family, const struct mill_strategy *strategy)
{
    bool expected = false;
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_scenario *scenario = mill_scenarios.scenarios[i];
        expected =
            expected || (scenario->family == family && mill_scenario_expects(scenario, strategy, UINT32_MAX));
    }
    return expected;
}

/* A mistake that no scenario looks for would never be missed. */
static void test_every_control_is_expected_somewhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_family *family = mill_scenarios.scenarios[i]->family;
        for (size_t s = 0; s < family->count; s++) {
            assert_true(!(family->strategies[s]->traits & MILL_CONTROL) ||
                        is_expected_somewhere(family, family->strategies[s]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_identifiers_are_names),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_every_control_is_expected_somewhere),
    };
    return cmocka_run_group_tests_name("scenarios", tests, NULL, NULL);
}

#include "harness/parameter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/test_scenarios.h"

enum {
    size,
    hold,
    colour,
    loud,
};

static void defaults_are_the_fallbacks(void **state)
{
    (void)state;
    int64_t values[MILL_PARAMETERS_MAX];
    mill_parameters_default(&test_scenario, values);
    assert_int_equal(values[size], 10);
    assert_int_equal(values[colour], 1);
}

static void values_of_each_type_are_read(void **state)
{
    (void)state;
    int64_t values[MILL_PARAMETERS_MAX];
    struct mill_error error;
    mill_parameters_default(&test_scenario, values);
    assert_int_equal(mill_parameters_set(&test_scenario, "size=100", values, &error), 0);
    assert_int_equal(mill_parameters_set(&test_scenario, "hold=1.5us", values, &error), 0);
    assert_int_equal(mill_parameters_set(&test_scenario, "colour=red", values, &error), 0);
    assert_int_equal(mill_parameters_set(&test_scenario, "loud=on", values, &error), 0);
    assert_int_equal(values[size], 100);
    assert_int_equal(values[hold], 1500);
    assert_int_equal(values[colour], 0);
    assert_int_equal(values[loud], 1);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const int64_t values[] = {42, 999, 1, 1};
    for (unsigned i = 0; i < test_scenario.parameter_count; i++) {
        char text[64], assignment[128];
        int64_t read[MILL_PARAMETERS_MAX] = {0};
        const struct mill_parameter *parameter = &test_scenario.parameters[i];
        snprintf(assignment, sizeof assignment, "%s=%s", parameter->name,
                 mill_parameter_format(parameter, values[i], text, sizeof text));
        assert_int_equal(mill_parameters_set(&test_scenario, assignment, read, NULL), 0);
        assert_int_equal(read[i], values[i]);
    }
}

static void refusals_name_the_thing_and_the_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *assignment;
        const char *in_message;
    } wrong[] = {
        {"size=0", "from 1 to 100"},
        {"size=101", "'101'"},
        {"size=1e3", "whole number"},
        {"size=", "'size'"},
        {"hold=5", "100ns, 1us"},
        {"hold=2ms", "from 0ns to 1ms"},
        {"hold=-1ns", "'-1ns'"},
        {"colour=blue", "red, green"},
        {"loud=yes", "on or off"},
        {"siz=3", "did you mean 'size'"},
        {"zzzzzz=3", "it has: size, hold, colour, loud"},
        {"size", "name=value"},
        {"=3", "name=value"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mill_error error = {""};
        int64_t values[MILL_PARAMETERS_MAX];
        mill_parameters_default(&test_scenario, values);
        assert_int_equal(mill_parameters_set(&test_scenario, wrong[i].assignment, values, &error), -EINVAL);
        assert_non_null(strstr(error.message, wrong[i].in_message));
        assert_int_equal(values[size], 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_fallbacks),
        cmocka_unit_test(values_of_each_type_are_read),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(refusals_name_the_thing_and_the_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

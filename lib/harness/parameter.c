#include "harness/parameter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

void mill_parameters_default(const struct mill_scenario *scenario, int64_t *values)
{
    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        values[i] = scenario->parameters[i].fallback;
    }
}

/* Each parser returns 0 or -EINVAL; bounds are checked by the caller. */
static int parse_number(const struct mill_parameter *parameter, const char *text, int64_t *value)
{
    (void)parameter;
    return mill_parse_integer(text, value);
}

static int parse_duration(const struct mill_parameter *parameter, const char *text, int64_t *value)
{
    (void)parameter;
    uint64_t ns;
    int status = mill_parse_duration(text, &ns);
    if (status == 0 && ns > INT64_MAX) {
        status = -ERANGE;
    }
    if (status == 0) {
        *value = (int64_t)ns;
    }
    return status;
}

static int parse_choice(const struct mill_parameter *parameter, const char *text, int64_t *value)
{
    for (int64_t i = 0; parameter->choices[i]; i++) {
        if (strcmp(parameter->choices[i], text) == 0) {
            *value = i;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_switch(const struct mill_parameter *parameter, const char *text, int64_t *value)
{
    (void)parameter;
    bool on = strcmp(text, "on") == 0;
    if (!on && strcmp(text, "off") != 0) {
        return -EINVAL;
    }
    *value = on;
    return 0;
}

static const struct {
    const char *name;
    int (*parse)(const struct mill_parameter *parameter, const char *text, int64_t *value);
    bool bounded;
} types[] = {
    [MILL_INTEGER] = {"integer", parse_number, true},
    [MILL_DURATION] = {"duration", parse_duration, true},
    [MILL_CHOICE] = {"choice", parse_choice, false},
    [MILL_SWITCH] = {"switch", parse_switch, false},
};

const char *mill_parameter_type_name(enum mill_parameter_type type)
{
    return types[type].name;
}

/* In the largest unit of which it is a whole number. */
static void format_duration(int64_t ns, char *buffer, size_t size)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
    size_t unit = ns == 0 ? 3 : 0;
    while (ns % units[unit].ns != 0) {
        unit++;
    }
    snprintf(buffer, size, "%" PRId64 "%s", ns / units[unit].ns, units[unit].name);
}

const char *mill_parameter_format(const struct mill_parameter *parameter, int64_t value, char *buffer,
                                  size_t size)
{
    switch (parameter->type) {
    case MILL_CHOICE:
        snprintf(buffer, size, "%s", parameter->choices[value]);
        break;
    case MILL_SWITCH:
        snprintf(buffer, size, "%s", value ? "on" : "off");
        break;
    case MILL_DURATION:
        format_duration(value, buffer, size);
        break;
    case MILL_INTEGER:
        snprintf(buffer, size, "%" PRId64, value);
        break;
    }
    return buffer;
}

/* What the parameter accepts, in words. */
static void describe(const struct mill_parameter *parameter, struct mill_text *text)
{
    char low[32], high[32];
    switch (parameter->type) {
    case MILL_CHOICE:
        mill_text_add(text, "one of");
        for (size_t i = 0; parameter->choices[i]; i++) {
            mill_text_add(text, "%s %s", i > 0 ? "," : "", parameter->choices[i]);
        }
        break;
    case MILL_SWITCH:
        mill_text_add(text, "on or off");
        break;
    case MILL_DURATION:
    case MILL_INTEGER:
        mill_text_add(text, "%s from %s to %s",
                      parameter->type == MILL_DURATION ? "a duration like 100ns, 1us or 2.5ms,"
                                                       : "a whole number",
                      mill_parameter_format(parameter, parameter->minimum, low, sizeof low),
                      mill_parameter_format(parameter, parameter->maximum, high, sizeof high));
        break;
    }
}

static int unknown_parameter(const struct mill_scenario *scenario, const char *name, struct mill_error *error)
{
    const char *names[MILL_PARAMETERS_MAX];
    char near[256];
    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        names[i] = scenario->parameters[i].name;
    }
    mill_nearest(near, sizeof near, name, names, scenario->parameter_count);
    if (near[0] != '\0') {
        return mill_error_set(error, -EINVAL, "scenario '%s' has no parameter '%s'; did you mean %s?",
                              scenario->name, name, near);
    }
    struct mill_text all = {0};
    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        mill_text_add(&all, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    int status = mill_error_set(error, -EINVAL, "scenario '%s' has no parameter '%s'; it has: %s",
                                scenario->name, name, all.text ? all.text : "none");
    mill_text_free(&all);
    return status;
}

int mill_parameters_set(const struct mill_scenario *scenario, const char *assignment, int64_t *values,
                        struct mill_error *error)
{
    const char *equals = strchr(assignment, '=');
    char name[64];
    size_t length = equals ? (size_t)(equals - assignment) : 0;
    if (length == 0 || length >= sizeof name) {
        return mill_error_set(error, -EINVAL, "'%s' is not of the form name=value", assignment);
    }
    memcpy(name, assignment, length);
    name[length] = '\0';

    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        const struct mill_parameter *parameter = &scenario->parameters[i];
        if (strcmp(parameter->name, name) != 0) {
            continue;
        }
        int64_t value = 0;
        int status = types[parameter->type].parse(parameter, equals + 1, &value);
        bool outside =
            types[parameter->type].bounded && (value < parameter->minimum || value > parameter->maximum);
        if (status == 0 && !outside) {
            values[i] = value;
            return 0;
        }
        struct mill_text accepted = {0};
        describe(parameter, &accepted);
        mill_error_set(error, -EINVAL, "'%s' is no value for parameter '%s' of scenario '%s': it takes %s",
                       equals + 1, name, scenario->name, accepted.text ? accepted.text : "another");
        mill_text_free(&accepted);
        return -EINVAL;
    }
    return unknown_parameter(scenario, name, error);
}

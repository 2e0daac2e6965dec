/* threadmill list: scenarios, strategies, parameters, and what each engine supports of them. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "core/text.h"
#include "harness/plan.h"
#include "options.h"
#include "scenarios/list.h"

struct request {
    bool json;
    const struct mill_scenario *only; /* NULL: all */
};

/* ---- for people ---- */

static void print_parameter(const struct mill_parameter *parameter)
{
    char low[64], high[64], fallback[64];
    printf("    %-12s %s", parameter->name, parameter->summary);
    mill_parameter_format(parameter, parameter->fallback, fallback, sizeof fallback);
    switch (parameter->type) {
    case MILL_INTEGER:
    case MILL_DURATION:
        printf(" (%s to %s; %s)", mill_parameter_format(parameter, parameter->minimum, low, sizeof low),
               mill_parameter_format(parameter, parameter->maximum, high, sizeof high), fallback);
        break;
    case MILL_CHOICE:
        printf(" (");
        for (size_t i = 0; parameter->choices[i]; i++) {
            printf("%s%s", i > 0 ? ", " : "", parameter->choices[i]);
        }
        printf("; %s)", fallback);
        break;
    case MILL_SWITCH:
        printf(" (on or off; %s)", fallback);
        break;
    }
    printf("\n");
}

static void print_traits(const struct mill_strategy *strategy)
{
    printf("%s", mill_progress_name(strategy->progress));
    for (unsigned bit = 1; bit != 0 && bit <= strategy->traits; bit <<= 1) {
        if (strategy->traits & bit) {
            printf(", %s", mill_trait_name((enum mill_trait)bit));
        }
    }
    if (strategy->size > 0) {
        printf(", %zu bytes", strategy->size);
    }
}

static void print_strategy(const struct mill_scenario *scenario, const struct mill_strategy *strategy)
{
    printf("    %-20s %s\n%25s%s; ", strategy->name, strategy->summary, "", strategy->source);
    print_traits(strategy);
    if (strategy->missing) {
        printf("; unavailable: %s", strategy->missing);
    }
    const struct mill_expectation *expectation = mill_scenario_expects(scenario, strategy, MILL_THREADS_MAX);
    if (expectation) {
        char findings[128];
        printf("; expected at %u threads and more: %s (%s)",
               expectation->min_threads > 0 ? expectation->min_threads : 1,
               mill_findings_name(findings, sizeof findings, expectation->findings), expectation->why);
    }
    printf("\n");
}

static void print_details(const struct mill_scenario *scenario)
{
    printf("%s: %s\n  roles:\n", scenario->name, scenario->summary);
    for (unsigned i = 0; i < scenario->role_count; i++) {
        const struct mill_role *role = &scenario->roles[i];
        printf("    %-12s %s", role->name, role->summary);
        if (role->threads > 0) {
            printf(" (%u threads)", role->threads);
        }
        printf("\n");
    }
    printf("  threads: %u and more\n", scenario->min_threads > 0 ? scenario->min_threads : 1);
    printf("  parameters:%s\n", scenario->parameter_count > 0 ? "" : " none");
    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        print_parameter(&scenario->parameters[i]);
    }
    printf("  strategies (%s):\n", scenario->family->summary);
    for (size_t i = 0; i < scenario->family->count; i++) {
        print_strategy(scenario, scenario->family->strategies[i]);
    }
}

enum {
    name_width = 21,
    line_width = 110,
};

/* The words of a family, wrapped; each once, however many scenarios compare them. */
static void print_family(const struct mill_family *family)
{
    int column = printf("%-*s", name_width - 1, family->name);
    for (size_t i = 0; i < family->count; i++) {
        const struct mill_strategy *strategy = family->strategies[i];
        const char *mark = strategy->missing ? " (unavailable)" : strategy->traits & MILL_CONTROL ? "*" : "";
        int width = (int)(strlen(strategy->name) + strlen(mark)) + 1;
        if (column + width > line_width) {
            column = printf("\n%-*s", name_width - 1, "") - 1;
        }
        column += printf(" %s%s", strategy->name, mark);
    }
    printf("\n");
}

static bool is_first_of_family(size_t scenario)
{
    for (size_t i = 0; i < scenario; i++) {
        if (mill_scenarios.scenarios[i]->family == mill_scenarios.scenarios[scenario]->family) {
            return false;
        }
    }
    return true;
}

static void print_overview(void)
{
    printf("scenarios\n");
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_scenario *scenario = mill_scenarios.scenarios[i];
        printf("%-*s%s (%s)\n", name_width, scenario->name, scenario->summary, scenario->family->name);
        if (scenario->parameter_count > 0) {
            printf("%-*s ", name_width, "");
            for (unsigned p = 0; p < scenario->parameter_count; p++) {
                char value[64];
                const struct mill_parameter *parameter = &scenario->parameters[p];
                printf(" %s=%s", parameter->name,
                       mill_parameter_format(parameter, parameter->fallback, value, sizeof value));
            }
            printf("\n");
        }
    }
    printf("\nfamilies, and the strategies of each (*: a mistake kept on purpose)\n");
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        if (is_first_of_family(i)) {
            print_family(mill_scenarios.scenarios[i]->family);
        }
    }
    printf("\n'threadmill list SCENARIO' tells all about one.\n");
}

/* ---- for programs ---- */

static json_t *encode_parameter(const struct mill_parameter *parameter)
{
    char value[64];
    json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "name", parameter->name, "summary", parameter->summary,
                             "type", mill_parameter_type_name(parameter->type), "default",
                             mill_parameter_format(parameter, parameter->fallback, value, sizeof value));
    if (parameter->type == MILL_INTEGER || parameter->type == MILL_DURATION) {
        json_object_set_new(json, "minimum", json_integer(parameter->minimum));
        json_object_set_new(json, "maximum", json_integer(parameter->maximum));
    } else if (parameter->type == MILL_CHOICE) {
        json_t *choices = json_array();
        for (size_t i = 0; parameter->choices[i]; i++) {
            json_array_append_new(choices, json_string(parameter->choices[i]));
        }
        json_object_set_new(json, "choices", choices);
    }
    return json;
}

static json_t *encode_strategy(const struct mill_scenario *scenario, const struct mill_strategy *strategy)
{
    json_t *traits = json_array();
    for (unsigned bit = 1; bit != 0 && bit <= strategy->traits; bit <<= 1) {
        if (strategy->traits & bit) {
            json_array_append_new(traits, json_string(mill_trait_name((enum mill_trait)bit)));
        }
    }
    char findings[128];
    const struct mill_expectation *expectation = mill_scenario_expects(scenario, strategy, MILL_THREADS_MAX);
    json_t *expected = expectation
                           ? json_pack("{s:s, s:i, s:s}", "findings",
                                       mill_findings_name(findings, sizeof findings, expectation->findings),
                                       "min_threads", (int)expectation->min_threads, "why", expectation->why)
                           : json_null();
    return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s, s:o, s:I, s:o}",        /* */
                     "name", strategy->name, "summary", strategy->summary,           /* */
                     "source", strategy->source, "algorithm", strategy->algorithm,   /* */
                     "library", strategy->library, "unavailable", strategy->missing, /* */
                     "progress", mill_progress_name(strategy->progress),             /* */
                     "traits", traits, "size", (json_int_t)strategy->size, "expected", expected);
}

/* This build offers the measuring engine; the flavour says which sanitizer it measures under. */
static json_t *encode_scenario(const struct mill_scenario *scenario)
{
    json_t *parameters = json_array();
    json_t *roles = json_array();
    json_t *strategies = json_array();
    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        json_array_append_new(parameters, encode_parameter(&scenario->parameters[i]));
    }
    for (unsigned i = 0; i < scenario->role_count; i++) {
        const struct mill_role *role = &scenario->roles[i];
        json_array_append_new(roles, json_pack("{s:s, s:s, s:i}", "name", role->name, "summary",
                                               role->summary, "threads", (int)role->threads));
    }
    for (size_t i = 0; i < scenario->family->count; i++) {
        json_array_append_new(strategies, encode_strategy(scenario, scenario->family->strategies[i]));
    }
    return json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:[s]}", "name", scenario->name, "summary",
                     scenario->summary, "family", scenario->family->name, "min_threads",
                     scenario->min_threads > 0 ? (int)scenario->min_threads : 1, "parameters", parameters,
                     "roles", roles, "strategies", strategies, "engines", "run");
}

static int print_json(const struct request *request)
{
    json_t *scenarios = json_array();
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        if (!request->only || request->only == mill_scenarios.scenarios[i]) {
            json_array_append_new(scenarios, encode_scenario(mill_scenarios.scenarios[i]));
        }
    }
    json_t *all =
        json_pack("{s:s, s:i, s:o}", "format", "threadmill-list", "version", 1, "scenarios", scenarios);
    int status = all ? json_dumpf(all, stdout, JSON_INDENT(1)) : -1;
    json_decref(all);
    printf("\n");
    return status == 0 ? MILL_EXIT_EXPECTED
                       : mill_complain(MILL_EXIT_MACHINE, "the list could not be written");
}

/* ---- the command ---- */

static int take_json(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct request *)target)->json = true;
    return 0;
}

static int take_scenario(void *target, const char *word, struct mill_error *error)
{
    struct request *request = target;
    if (request->only) {
        return mill_error_set(error, -EINVAL,
                              "'threadmill list' tells about one scenario at a time, or about all");
    }
    request->only = mill_scenario_find(&mill_scenarios, word);
    return request->only ? 0 : mill_scenario_unknown(&mill_scenarios, word, error);
}

static const struct mill_option options[] = {
    {"json", 0, NULL, "everything, as JSON on standard output", take_json, false},
};

static const struct mill_usage usage = {
    "list",
    "[SCENARIO]",
    "Lists the scenarios with their strategies and parameters, or tells all about one.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill list\n"
    "  threadmill list critical-section\n"
    "  threadmill list --json | jq '.scenarios[].name'\n",
};

static int run(int argc, char **argv)
{
    struct request request = {0};
    struct mill_error error;
    int status = mill_options_parse(&usage, argc, argv, &request, take_scenario, &error);
    if (status != 0) {
        return status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    if (request.json) {
        return print_json(&request);
    }
    if (request.only) {
        print_details(request.only);
    } else {
        print_overview();
    }
    return MILL_EXIT_EXPECTED;
}

const struct mill_command mill_command_list = {"list", "scenarios, strategies, parameters", run};

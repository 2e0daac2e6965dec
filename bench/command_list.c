/* threadmill list: scenarios, strategies, parameters, and what each engine supports of them. */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "core/text.h"
#include "harness/plan.h"
#include "options.h"
#include "report/display.h"
#include "report/style.h"
#include "scenarios/list.h"

struct request {
    bool json;
    const struct mill_scenario *only; /* NULL: all */
};

/* ---- for people ---- */

enum {
    name_column = 2,
    text_column = 23,
    widest = 120, /* longer lines read badly, however wide the terminal */
    unlimited = 100,
};

static int line_width(void)
{
    unsigned width = mill_terminal_width(stdout);
    return width == 0 ? unlimited : width < widest ? (int)width : widest;
}

/* A name, and beside it a text that is wrapped between words and goes on in its own column. Takes the text.
 */
static void print_row(int indent, const char *name, struct mill_text *text)
{
    int width = line_width();
    int column = printf("%*s%-*s", indent, "", text_column - indent - 1, name);
    const char *word = text->text && !text->failed ? text->text + strspn(text->text, " ") : "";
    for (bool first = true; *word; first = false) {
        size_t length = strcspn(word, " ");
        int columns = (int)mill_display_width_of(word, length);
        if (!first && column + 1 + columns > width) {
            printf("\n%*s", text_column - 1, "");
            column = text_column - 1;
        }
        printf(" %.*s", (int)length, word);
        column += 1 + columns;
        word += length + strspn(word + length, " ");
    }
    printf("\n");
    mill_text_free(text);
}

/* Lines of their own, wrapped. */
static void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print_line(const char *format, ...)
{
    char line[512];
    struct mill_text text = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    mill_display_paragraph(&text, 0, (size_t)line_width(), line);
    printf("%s", text.text && !text.failed ? text.text : "");
    mill_text_free(&text);
}

static void print_parameter(const struct mill_parameter *parameter)
{
    char low[64], high[64], fallback[64];
    struct mill_text text = {0};
    mill_text_add(&text, "%s", parameter->summary);
    mill_parameter_format(parameter, parameter->fallback, fallback, sizeof fallback);
    switch (parameter->type) {
    case MILL_INTEGER:
    case MILL_DURATION:
        mill_text_add(&text, " (%s to %s; %s)",
                      mill_parameter_format(parameter, parameter->minimum, low, sizeof low),
                      mill_parameter_format(parameter, parameter->maximum, high, sizeof high), fallback);
        if (parameter->hunted != 0) {
            mill_text_add(&text, " [%s in a hunt]",
                          mill_parameter_format(parameter, parameter->hunted, low, sizeof low));
        }
        break;
    case MILL_CHOICE:
        mill_text_add(&text, " (");
        for (size_t i = 0; parameter->choices[i]; i++) {
            mill_text_add(&text, "%s%s", i > 0 ? ", " : "", parameter->choices[i]);
        }
        mill_text_add(&text, "; %s)", fallback);
        break;
    case MILL_SWITCH:
        mill_text_add(&text, " (on or off; %s)", fallback);
        break;
    }
    print_row(2 * name_column, parameter->name, &text);
}

static void add_traits(struct mill_text *text, const struct mill_strategy *strategy)
{
    mill_text_add(text, "%s", mill_progress_name(strategy->progress));
    for (unsigned bit = 1; bit != 0 && bit <= strategy->traits; bit <<= 1) {
        if (strategy->traits & bit) {
            mill_text_add(text, ", %s", mill_trait_name((enum mill_trait)bit));
        }
    }
    if (strategy->size > 0) {
        mill_text_add(text, ", %zu bytes", strategy->size);
    }
    if (strategy->size_each > 0) {
        mill_text_add(text, ", %zu for each %s", strategy->size_each,
                      strategy->traits & MILL_BOUNDED ? "thread" : "waiter");
    }
}

static void print_strategy(const struct mill_scenario *scenario, const struct mill_strategy *strategy)
{
    char shape[MILL_SHAPE_MAX];
    struct mill_text text = {0};
    mill_text_add(&text, "%s", strategy->summary);
    print_row(2 * name_column, strategy->name, &text);
    mill_text_add(&text, "%s; ", strategy->source);
    if (mill_family_shape(scenario->family, strategy, shape)) {
        mill_text_add(&text, "%s; ", shape);
    }
    add_traits(&text, strategy);
    if (strategy->missing) {
        mill_text_add(&text, "; unavailable: %s", strategy->missing);
    }
    const struct mill_expectation *expectation = mill_scenario_expects(scenario, strategy, MILL_THREADS_MAX);
    if (expectation) {
        char findings[128];
        mill_text_add(&text, "; expected at %u threads and more: %s (%s)",
                      expectation->min_threads > 0 ? expectation->min_threads : 1,
                      mill_findings_name(findings, sizeof findings, expectation->findings), expectation->why);
    }
    print_row(0, "", &text);
}

static void print_details(const struct mill_scenario *scenario)
{
    print_line("%s: %s", scenario->name, scenario->summary);
    printf("  roles:\n");
    for (unsigned i = 0; i < scenario->role_count; i++) {
        const struct mill_role *role = &scenario->roles[i];
        struct mill_text text = {0};
        mill_text_add(&text, "%s", role->summary);
        if (role->threads > 0) {
            mill_text_add(&text, " (%u threads)", role->threads);
        }
        print_row(2 * name_column, role->name, &text);
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

static void print_scenario(const struct mill_scenario *scenario)
{
    struct mill_text text = {0};
    mill_text_add(&text, "%s", scenario->summary);
    print_row(name_column, scenario->name, &text);
    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        char value[64];
        const struct mill_parameter *parameter = &scenario->parameters[i];
        mill_text_add(&text, " %s=%s", parameter->name,
                      mill_parameter_format(parameter, parameter->fallback, value, sizeof value));
    }
    if (scenario->parameter_count > 0) {
        print_row(0, "", &text);
    }
}

/* A family's scenarios, and its strategies once, however many scenarios compare them. */
static void print_family(const struct mill_family *family)
{
    struct mill_text names = {0};
    printf("\n");
    print_line("%s: %s", family->name, family->summary);
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        if (mill_scenarios.scenarios[i]->family == family) {
            print_scenario(mill_scenarios.scenarios[i]);
        }
    }
    for (size_t i = 0; i < family->count; i++) {
        const struct mill_strategy *strategy = family->strategies[i];
        mill_text_add(&names, " %s%s%s", strategy->name,
                      strategy->missing                 ? "(unavailable)"
                      : strategy->traits & MILL_CONTROL ? "*"
                                                        : "",
                      mill_family_is_usual(family, strategy) ? "" : "+");
    }
    print_row(name_column, "strategies", &names);
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
    print_line(
        "Scenarios with their parameters, by the family whose strategies they compare (*: a mistake kept "
        "on purpose; +: left out unless it is named, or 'all' are). The table in README.md goes by pattern.");
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
    char shape[MILL_SHAPE_MAX];
    return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s, s:o, s:I, s:I, s:o}", /* */
                     "name", strategy->name, "summary", strategy->summary,               /* */
                     "source", strategy->source, "algorithm", strategy->algorithm,       /* */
                     "library", strategy->library, "unavailable", strategy->missing,     /* */
                     "shape", mill_family_shape(scenario->family, strategy, shape),      /* */
                     "progress", mill_progress_name(strategy->progress),                 /* */
                     "traits", traits, "size", (json_int_t)strategy->size,               /* */
                     "size_each", (json_int_t)strategy->size_each, "expected", expected);
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

#include "harness/scenario.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    enum mill_finding finding;
    const char *name;
} finding_names[] = {
    {MILL_LOST_UPDATE, "lost-update"},
    {MILL_RACE, "race"},
    {MILL_DEADLOCK, "deadlock"},
    {MILL_LOST_WAKEUP, "lost-wakeup"},
    {MILL_LATENCY_BOUND, "latency-bound"},
    {MILL_CORRUPTION, "corruption"},
    {MILL_UNBOUNDED_GROWTH, "unbounded-growth"},
    {MILL_WRONG_ANSWER, "wrong-answer"},
    {MILL_FORBIDDEN_OUTCOME, "forbidden-outcome"},
};

void mill_check_measured(struct mill_check *check, const char *name, const char *unit, double value)
{
    assert(check->measure_count < MILL_MEASURES_MAX);
    check->measures[check->measure_count++] =
        (struct mill_measure){.name = name, .unit = unit, .value = value};
}

void mill_check_found(struct mill_check *check, enum mill_finding finding, const char *format, ...)
{
    if (check->findings == 0) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(check->message, sizeof check->message, format, arguments);
        va_end(arguments);
    }
    check->findings |= (unsigned)finding;
}

const struct mill_scenario *mill_scenario_find(const struct mill_scenario_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->scenarios[i]->name, name) == 0) {
            return list->scenarios[i];
        }
    }
    return NULL;
}

static bool is_about(const struct mill_expectation *expectation, const struct mill_strategy *strategy)
{
    return expectation->strategy ? strcmp(expectation->strategy, strategy->name) == 0
                                 : expectation->applies(strategy);
}

const struct mill_expectation *mill_scenario_expects(const struct mill_scenario *scenario,
                                                     const struct mill_strategy *strategy, unsigned threads)
{
    for (unsigned i = 0; i < scenario->expectation_count; i++) {
        const struct mill_expectation *expectation = &scenario->expectations[i];
        if (is_about(expectation, strategy) && threads >= expectation->min_threads) {
            return expectation;
        }
    }
    return NULL;
}

bool mill_scenario_is_control(const struct mill_scenario *scenario, const struct mill_strategy *strategy)
{
    return (strategy->traits & MILL_CONTROL) || mill_scenario_expects(scenario, strategy, UINT_MAX);
}

const struct mill_model *mill_case_model(const struct mill_case *one, struct mill_model *copy)
{
    return one->scenario->model ? one->scenario->model(one, copy) : NULL;
}

static void check_outcomes(const struct mill_outcomes *outcomes, struct mill_check *check)
{
    for (size_t i = 0; i < mill_outcomes_rows(outcomes); i++) {
        struct mill_outcome_count row;
        mill_outcomes_row(outcomes, i, &row);
        if (row.count > 0 && (row.grade == MILL_OUTCOME_FORBIDDEN || row.grade == MILL_OUTCOME_UNKNOWN)) {
            mill_check_found(check, MILL_FORBIDDEN_OUTCOME, "'%s' came out %" PRIu64 " times: %s",
                             row.outcome, row.count, row.sentence);
        }
    }
}

int mill_case_outcomes(const struct mill_case *one, struct mill_check *check, struct mill_outcomes **outcomes)
{
    const struct mill_scenario *scenario = one->scenario;
    size_t count;
    *outcomes = NULL;
    if (!scenario->outcomes) {
        return 0;
    }
    const struct mill_declared_outcome *declared = scenario->outcomes(one, &count);
    int status = mill_outcomes_create(declared, count, outcomes);
    if (status == 0) {
        status = scenario->count(one, *outcomes);
    }
    if (status < 0) {
        mill_outcomes_destroy(*outcomes);
        *outcomes = NULL;
        return status;
    }
    check_outcomes(*outcomes, check);
    return 0;
}

unsigned mill_case_role_threads(const struct mill_case *one, unsigned role)
{
    const struct mill_scenario *scenario = one->scenario;
    return scenario->role_threads ? scenario->role_threads(one, role) : scenario->roles[role].threads;
}

/* Roles with a fixed number of threads must all fit, and roles without one get at least a thread each. NULL
 * when they do. */
static const char *roles_misfit(const struct mill_case *one, char *buffer, size_t size)
{
    unsigned fixed = 0;
    unsigned open = 0;
    for (unsigned i = 0; i < one->scenario->role_count; i++) {
        unsigned threads = mill_case_role_threads(one, i);
        fixed += threads;
        open += threads == 0;
    }
    if (open > 0 ? one->threads >= fixed + open : one->threads == fixed) {
        return NULL;
    }
    snprintf(buffer, size, "the scenario's roles need %s %u threads", open > 0 ? "at least" : "exactly",
             fixed + open);
    return buffer;
}

const char *mill_scenario_unsupported(const struct mill_case *one, char *buffer, size_t size)
{
    const struct mill_scenario *scenario = one->scenario;
    const struct mill_strategy *strategy = one->strategy;
    if (strategy->missing) {
        return strategy->missing;
    }
    if ((strategy->traits & MILL_ONE_THREAD) && one->threads > 1) {
        return "correct for one thread only";
    }
    const char *blind = mill_tool_blind(one->tool, strategy);
    if (blind) {
        return blind;
    }
    if (mill_tool_takes_atomics_for_plain(one->tool) && !scenario->plain) {
        return "Valgrind takes the scenario's atomic accesses for plain ones";
    }
    if (one->threads < scenario->min_threads) {
        snprintf(buffer, size, "the scenario needs at least %u threads", scenario->min_threads);
        return buffer;
    }
    if (scenario->max_threads != 0 && one->threads > scenario->max_threads) {
        snprintf(buffer, size, "the scenario allows at most %u thread%s", scenario->max_threads,
                 scenario->max_threads == 1 ? "" : "s");
        return buffer;
    }
    const char *misfit = roles_misfit(one, buffer, size);
    return misfit || !scenario->unsupported ? misfit : scenario->unsupported(one);
}

const char *mill_findings_name(char *buffer, size_t size, unsigned findings)
{
    size_t length = 0;
    buffer[0] = '\0';
    for (size_t i = 0; i < sizeof finding_names / sizeof finding_names[0]; i++) {
        if ((findings & (unsigned)finding_names[i].finding) && length < size) {
            length += (size_t)snprintf(buffer + length, size - length, "%s%s", length > 0 ? ", " : "",
                                       finding_names[i].name);
        }
    }
    return buffer;
}

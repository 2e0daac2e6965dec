#include "harness/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

enum {
    names_max = 128, /* of one request's list, and of one family's or the program's */
    name_size = 64,
};

/* A comma-separated list, taken apart. */
struct words {
    char word[names_max][name_size];
    size_t count;
};

/* A request, understood. */
struct selection {
    const struct mill_scenario *scenarios[names_max];
    size_t scenario_count;
    struct words strategies; /* none: those that stand for their family, or `every` one */
    bool every;
    bool without_foreign;
    unsigned threads[names_max];
    size_t thread_count;
};

static int split(struct words *words, const char *what, const char *list, struct mill_error *error)
{
    const char *rest = list;
    words->count = 0;
    for (;;) {
        if (words->count == names_max) {
            return mill_error_set(error, -EINVAL, "the list of %s is too long: at most %d", what, names_max);
        }
        int status = mill_list_next(&rest, words->word[words->count], name_size);
        if (status < 0) {
            return mill_error_set(error, -EINVAL, "the list of %s '%s' has an empty or overlong item", what,
                                  list);
        }
        if (status == 0) {
            break;
        }
        for (size_t i = 0; i < words->count; i++) {
            if (strcmp(words->word[i], words->word[words->count]) == 0) {
                return mill_error_set(error, -EINVAL, "'%s' is named twice in the list of %s", words->word[i],
                                      what);
            }
        }
        words->count++;
    }
    return words->count > 0 ? 0 : mill_error_set(error, -EINVAL, "the list of %s is empty", what);
}

static int unknown(struct mill_error *error, const char *what, const char *word, const char *const *names,
                   size_t count)
{
    char near[256];
    mill_nearest(near, sizeof near, word, names, count);
    if (near[0] != '\0') {
        return mill_error_set(error, -EINVAL, "there is no %s '%s'; did you mean %s?", what, word, near);
    }
    struct mill_text all = {0};
    for (size_t i = 0; i < count; i++) {
        mill_text_add(&all, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    int status = mill_error_set(error, -EINVAL, "there is no %s '%s'; there are: %s", what, word,
                                all.text ? all.text : "none");
    mill_text_free(&all);
    return status;
}

int mill_scenario_unknown(const struct mill_scenario_list *list, const char *word, struct mill_error *error)
{
    const char *names[names_max];
    size_t count = list->count < names_max ? list->count : names_max;
    for (size_t i = 0; i < count; i++) {
        names[i] = list->scenarios[i]->name;
    }
    return unknown(error, "scenario", word, names, count);
}

static int unknown_strategy(struct mill_error *error, const char *word, const struct mill_scenario *scenario)
{
    const char *names[names_max];
    char what[96];
    const struct mill_family *family = scenario->family;
    size_t count = family->count < names_max ? family->count : names_max;
    for (size_t i = 0; i < count; i++) {
        names[i] = family->strategies[i]->name;
    }
    snprintf(what, sizeof what, "%s strategy of scenario '%s' called", family->name, scenario->name);
    return unknown(error, what, word, names, count);
}

static bool has_any(const struct mill_scenario *scenario, const struct words *strategies)
{
    for (size_t i = 0; i < strategies->count; i++) {
        if (mill_family_find(scenario->family, strategies->word[i])) {
            return true;
        }
    }
    return strategies->count == 0;
}

/* A strategy that was asked for by name and that no scenario has. Its nearest names come from all families.
 */
static int nowhere(struct mill_error *error, const char *word, const struct mill_scenario_list *list)
{
    const char *names[4 * names_max];
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct mill_family *family = list->scenarios[i]->family;
        for (size_t j = 0; j < family->count && count < sizeof names / sizeof names[0]; j++) {
            bool known = false;
            for (size_t k = 0; k < count; k++) {
                known = known || strcmp(names[k], family->strategies[j]->name) == 0;
            }
            if (!known) {
                names[count++] = family->strategies[j]->name;
            }
        }
    }
    return unknown(error, "strategy", word, names, count);
}

static int select_scenarios(struct selection *selection, const struct mill_request *request,
                            const struct mill_scenario_list *list, struct mill_error *error)
{
    for (size_t i = 0; i < request->scenario_count; i++) {
        const struct mill_scenario *scenario = mill_scenario_find(list, request->scenarios[i]);
        if (!scenario) {
            return mill_scenario_unknown(list, request->scenarios[i], error);
        }
        for (size_t j = 0; j < selection->scenario_count; j++) {
            if (selection->scenarios[j] == scenario) {
                return mill_error_set(error, -EINVAL, "scenario '%s' is named twice", scenario->name);
            }
        }
        for (size_t j = 0; j < selection->strategies.count; j++) {
            if (!mill_family_find(scenario->family, selection->strategies.word[j])) {
                return unknown_strategy(error, selection->strategies.word[j], scenario);
            }
        }
        selection->scenarios[selection->scenario_count++] = scenario;
    }
    if (request->scenario_count > 0) {
        return 0;
    }
    for (size_t j = 0; j < selection->strategies.count; j++) {
        bool found = false;
        for (size_t i = 0; i < list->count; i++) {
            found = found || mill_family_find(list->scenarios[i]->family, selection->strategies.word[j]);
        }
        if (!found) {
            return nowhere(error, selection->strategies.word[j], list);
        }
    }
    for (size_t i = 0; i < list->count && selection->scenario_count < names_max; i++) {
        if (has_any(list->scenarios[i], &selection->strategies)) {
            selection->scenarios[selection->scenario_count++] = list->scenarios[i];
        }
    }
    return 0;
}

static int select_threads(struct selection *selection, const char *list, size_t processors,
                          struct mill_error *error)
{
    if (!list) {
        for (unsigned threads = 1; threads <= processors && threads <= MILL_THREADS_MAX; threads *= 2) {
            selection->threads[selection->thread_count++] = threads;
        }
        return 0;
    }
    struct words words;
    int status = split(&words, "numbers of threads", list, error);
    for (size_t i = 0; status == 0 && i < words.count; i++) {
        int64_t threads;
        if (mill_parse_integer(words.word[i], &threads) < 0 || threads < 1 || threads > MILL_THREADS_MAX) {
            return mill_error_set(error, -EINVAL,
                                  "'%s' is no number of threads: it takes a whole number from 1 to %d",
                                  words.word[i], MILL_THREADS_MAX);
        }
        selection->threads[selection->thread_count++] = (unsigned)threads;
    }
    return status;
}

static int understand(struct selection *selection, const struct mill_request *request,
                      const struct mill_scenario_list *list, size_t processors, struct mill_error *error)
{
    int status = 0;
    *selection = (struct selection){0};
    if (request->scenario_count > names_max) {
        return mill_error_set(error, -EINVAL, "at most %d scenarios can be named", names_max);
    }
    selection->without_foreign = request->without_foreign;
    selection->every = request->strategies && strcmp(request->strategies, "all") == 0;
    if (request->strategies && !selection->every) {
        status = split(&selection->strategies, "strategies", request->strategies, error);
    }
    if (status == 0) {
        status = select_scenarios(selection, request, list, error);
    }
    if (status == 0) {
        status = select_threads(selection, request->threads, processors, error);
    }
    return status;
}

static int apply_settings(const struct mill_scenario *scenario, const struct mill_request *request,
                          int64_t *values, struct mill_error *error)
{
    mill_parameters_default(scenario, values);
    for (size_t i = 0; i < request->setting_count; i++) {
        size_t name = strcspn(request->settings[i], "=") + 1;
        for (size_t j = 0; j < i; j++) {
            if (strncmp(request->settings[i], request->settings[j], name) == 0) {
                return mill_error_set(error, -EINVAL, "parameter '%.*s' is set twice: '%s' and '%s'",
                                      (int)name - 1, request->settings[i], request->settings[j],
                                      request->settings[i]);
            }
        }
        int status = mill_parameters_set(scenario, request->settings[i], values, error);
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

static void add_cell(struct mill_plan *plan, const struct mill_scenario *scenario,
                     const struct mill_strategy *strategy, const int64_t *values, unsigned threads,
                     size_t processors, enum mill_tool tool)
{
    struct mill_cell *cell = &plan->cells[plan->count++];
    *cell = (struct mill_cell){
        .scenario = scenario,
        .strategy = strategy,
        .threads = threads,
        .oversubscribed = threads > processors,
        .expectation = mill_scenario_expects(scenario, strategy, threads),
    };
    cell->must_show = cell->expectation && processors >= cell->expectation->min_threads;
    memcpy(cell->values, values, sizeof cell->values);
    struct mill_case one = {
        .scenario = scenario, .strategy = strategy, .values = cell->values, .threads = threads, .tool = tool};
    cell->unsupported = mill_scenario_unsupported(&one, cell->reason, sizeof cell->reason);
}

static bool wanted(const struct selection *selection, const struct mill_family *family,
                   const struct mill_strategy *strategy)
{
    if (selection->strategies.count == 0) {
        return (selection->every || mill_family_is_usual(family, strategy)) &&
               !(selection->without_foreign && mill_strategy_is_foreign(strategy));
    }
    for (size_t i = 0; i < selection->strategies.count; i++) {
        if (strcmp(selection->strategies.word[i], strategy->name) == 0) {
            return true;
        }
    }
    return false;
}

int mill_plan_make(struct mill_plan *plan, const struct mill_request *request,
                   const struct mill_scenario_list *list, size_t processors, struct mill_error *error)
{
    *plan = (struct mill_plan){0};
    struct selection *selection = malloc(sizeof *selection);
    if (!selection) {
        return mill_error_set(error, -ENOMEM, "no memory for a plan");
    }
    int status = understand(selection, request, list, processors, error);
    size_t most = 0;
    for (size_t i = 0; i < selection->scenario_count; i++) {
        most += selection->scenarios[i]->family->count * selection->thread_count;
    }
    if (status == 0) {
        plan->cells = calloc(most > 0 ? most : 1, sizeof *plan->cells);
        if (!plan->cells) {
            mill_error_set(error, -ENOMEM, "no memory for a plan of %zu cells", most);
            status = -ENOMEM;
        }
    }
    for (size_t i = 0; status == 0 && i < selection->scenario_count; i++) {
        const struct mill_scenario *scenario = selection->scenarios[i];
        int64_t values[MILL_PARAMETERS_MAX] = {0};
        status = apply_settings(scenario, request, values, error);
        for (size_t t = 0; status == 0 && t < selection->thread_count; t++) {
            for (size_t s = 0; s < scenario->family->count; s++) {
                if (wanted(selection, scenario->family, scenario->family->strategies[s])) {
                    add_cell(plan, scenario, scenario->family->strategies[s], values, selection->threads[t],
                             processors, request->tool);
                }
            }
        }
    }
    free(selection);
    if (status < 0) {
        mill_plan_destroy(plan);
    }
    return status;
}

void mill_plan_destroy(struct mill_plan *plan)
{
    free(plan->cells);
    *plan = (struct mill_plan){0};
}

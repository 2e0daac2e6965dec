/* Objects that come out right at the end and tell wrong answers on the way, one for each model: only a
 * recorded history can find them. Each has its twin, which is right. As a program that is hunted:
 *
 *     threadmill hunt -- threadmill-answers answers wrong model=queue threads=2
 *
 * It is linked with what threadmill-hunt is linked with, but for the scenarios, whose place it takes.
 */
#include "answers.h"

#include <errno.h>
#include <stdlib.h>

#include "scenarios/list.h"

enum { MODEL };

static const char *const names[] = {
#define NAME(ident, model, parameter) #ident,
    ANSWERS(NAME)
#undef NAME
        NULL};

static const struct subject {
    const struct mill_model *model;
    int64_t parameter;
    int (*operation)(struct mill_worker *worker, struct answers *answers);
} subjects[] = {
#define SUBJECT(ident, model, parameter) {&(model), (parameter), answers_##ident},
    ANSWERS(SUBJECT)
#undef SUBJECT
};

static const struct mill_parameter parameters[] = {
    [MODEL] = {.name = "model", .summary = "of the object", .type = MILL_CHOICE, .choices = names},
};

static int setup(struct mill_case *one)
{
    struct answers *answers = mill_isolated_alloc(sizeof *answers);
    if (!answers) {
        return -ENOMEM;
    }
    pthread_mutex_init(&answers->mutex, NULL);
    answers->wrong = one->strategy->traits & MILL_CONTROL;
    one->state = answers;
    return 0;
}

static void teardown(struct mill_case *one)
{
    struct answers *answers = one->state;
    pthread_mutex_destroy(&answers->mutex);
    free(answers);
}

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    const struct subject *subject = &subjects[one->values[MODEL]];
    *copy = *subject->model;
    copy->parameter = subject->parameter;
    return copy;
}

static int operate(struct mill_worker *worker)
{
    return subjects[worker->the_case->values[MODEL]].operation(worker, worker->state);
}

static const struct mill_strategy right = {
    .name = "right", .summary = "answers as its model does", .source = "here", .algorithm = "answers"};
static const struct mill_strategy wrong = {.name = "wrong",
                                           .summary = "answers otherwise",
                                           .source = "here",
                                           .algorithm = "answers",
                                           .traits = MILL_CONTROL};
static const struct mill_strategy *const strategies[] = {&right, &wrong};
static const struct mill_family family = {
    .name = "answers", .summary = "objects that answer", .strategies = strategies, .count = 2};

static const struct mill_role roles[] = {
    {.name = "asker", .summary = "asks", .operation = operate},
};

static const struct mill_scenario scenario = {
    .name = "answers",
    .summary = "objects that answer wrongly, and their twins",
    .family = &family,
    .parameters = parameters,
    .parameter_count = 1,
    .roles = roles,
    .role_count = 1,
    .model = model,
    .setup = setup,
    .teardown = teardown,
};

static const struct mill_scenario *const scenarios[] = {&scenario};
const struct mill_scenario_list mill_scenarios = {.scenarios = scenarios, .count = 1};

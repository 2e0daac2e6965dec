/* Tasks with futures: one object is one task. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "measure/model.h"

enum { STANDING, RESULT, WORDS };
enum {
    NEW,
    SUBMITTED,
    RUNNING,  /* it has begun, and whether it returned is not known */
    RETURNED, /* it has been run; the future may not have settled yet */
    SETTLED,
};

static size_t future_room(const struct mill_model *model, size_t calls)
{
    (void)model;
    (void)calls;
    return WORDS;
}

static void future_begin(const struct mill_model *model, struct mill_model_state *state)
{
    (void)model;
    state->count = WORDS;
    memset(state->words, 0, WORDS * sizeof *state->words);
}

static bool move(struct mill_model_state *state, int64_t from, int64_t to, int64_t result)
{
    if (state->words[STANDING] != from) {
        return false;
    }
    state->words[STANDING] = to;
    state->words[RESULT] = result;
    return true;
}

static bool has_been_run(const struct mill_model_state *state)
{
    return state->words[STANDING] == RETURNED || state->words[STANDING] == SETTLED;
}

static bool submit_step(struct mill_model_state *state, const struct mill_call *call)
{
    if (!mill_call_is_pending(call) && call->result < 0) {
        return true;
    }
    return (mill_call_is_pending(call) || call->result == 0) && move(state, NEW, SUBMITTED, 0);
}

static bool cancel_step(struct mill_model_state *state, const struct mill_call *call)
{
    int64_t standing = state->words[STANDING];
    if (mill_call_is_pending(call) || call->result == 0) {
        return move(state, SUBMITTED, SETTLED, -ECANCELED);
    }
    if (call->result == -EALREADY && has_been_run(state)) {
        state->words[STANDING] = SETTLED;
        return true;
    }
    return call->result == -EBUSY && (standing == RUNNING || standing == RETURNED);
}

static bool wait_step(const struct mill_model *model, struct mill_model_state *state,
                      const struct mill_call *call)
{
    if (mill_call_is_pending(call)) {
        return false;
    }
    if (has_been_run(state) && call->result == state->words[RESULT]) {
        state->words[STANDING] = SETTLED;
        return true;
    }
    return call->result == -ETIMEDOUT && (state->words[STANDING] != SETTLED || model->loose_refusals);
}

static bool future_step(const struct mill_model *model, struct mill_model_state *state,
                        const struct mill_model_step *step)
{
    const struct mill_call *call = step->call;
    switch (call->operation) {
    case MILL_CALL_TASK_SUBMIT:
        return submit_step(state, call);
    case MILL_CALL_TASK_RUN:
        return mill_call_is_pending(call) ? move(state, SUBMITTED, RUNNING, 0)
                                          : move(state, SUBMITTED, RETURNED, call->result);
    case MILL_CALL_TASK_CANCEL:
        return cancel_step(state, call);
    default:
        return wait_step(model, state, call);
    }
}

static void future_describe(const struct mill_model *model, const struct mill_model_state *state,
                            struct mill_text *text)
{
    static const char *const standings[] = {[NEW] = "has not been submitted",
                                            [SUBMITTED] = "is submitted",
                                            [RUNNING] = "runs",
                                            [RETURNED] = "has returned",
                                            [SETTLED] = "has settled with"};
    (void)model;
    mill_text_add(text, "%s", standings[state->words[STANDING]]);
    if (has_been_run(state)) {
        mill_text_add(text, " %" PRId64, state->words[RESULT]);
    }
}

static const struct mill_model_operation future_operations[] = {
    [MILL_CALL_TASK_SUBMIT] = {.name = "submit", .answer = MILL_ANSWER_STATUS},
    [MILL_CALL_TASK_RUN] = {.name = "run", .answer = MILL_ANSWER_ITEM},
    [MILL_CALL_TASK_CANCEL] = {.name = "cancel", .answer = MILL_ANSWER_STATUS},
    [MILL_CALL_TASK_WAIT] = {.name = "wait", .answer = MILL_ANSWER_ITEM},
};

const struct mill_model mill_model_future = {
    .name = "future",
    .summary = "a task that was submitted runs once, or is cancelled, and all are told the same",
    .operations = future_operations,
    .operation_count = sizeof future_operations / sizeof future_operations[0],
    .key = mill_model_key_object,
    .room = future_room,
    .begin = future_begin,
    .step = future_step,
    .describe = future_describe,
};

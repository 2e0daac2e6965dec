/* The stack. An item in its state is two words: its value, and the latest moment at which it has left, as far
 * as that is foreseen; this follows from the value and the history, so equal contents are equal words.
 */
#include <errno.h>
#include <inttypes.h>

#include "measure/model_foresight.h"

enum { ITEM_WORDS = 2 };

static size_t stack_room(const struct mill_model *model, size_t calls)
{
    (void)model;
    return ITEM_WORDS * calls;
}

static void stack_begin(const struct mill_model *model, struct mill_model_state *state)
{
    (void)model;
    state->count = 0;
}

static bool is_full(const struct mill_model *model, const struct mill_model_state *state)
{
    return model->parameter > 0 && state->count / ITEM_WORDS >= (size_t)model->parameter;
}

static void stack_describe(const struct mill_model *model, const struct mill_model_state *state,
                           struct mill_text *text)
{
    (void)model;
    mill_text_add(text, state->count == 0 ? "is empty" : "holds");
    for (size_t i = 0; i < state->count; i += ITEM_WORDS) {
        mill_text_add(text, "%s %" PRId64, i > 0 ? "," : "", state->words[i]);
    }
}

static bool pushes_an_item(const struct mill_call *call)
{
    return call->operation == MILL_CALL_STACK_PUSH && (mill_call_is_pending(call) || call->result == 0);
}

static bool pops_an_item(const struct mill_call *call)
{
    return call->operation == MILL_CALL_STACK_POP && (mill_call_is_pending(call) || call->result >= 0);
}

static int stack_foresee(const struct mill_model *model, const struct mill_call *calls, size_t count,
                         struct mill_foresight *foresight)
{
    static const struct mill_foresight_words words = {pushes_an_item, pops_an_item};
    (void)model;
    return mill_foresee(&words, calls, count, foresight);
}

/* Would it lie upon one that leaves before it? */
static bool buries(const struct mill_model_state *state, struct mill_foresight foresight)
{
    for (size_t i = 0; i < state->count; i += ITEM_WORDS) {
        if (foresight.earliest > (uint64_t)state->words[i + 1]) {
            return true;
        }
    }
    return false;
}

static bool may_refuse(const struct mill_model *model, const struct mill_call *call, bool reason)
{
    return call->result == -EAGAIN && (model->loose_refusals || reason);
}

static bool stack_step(const struct mill_model *model, struct mill_model_state *state,
                       const struct mill_model_step *step)
{
    const struct mill_call *call = step->call;
    if (pushes_an_item(call)) {
        if (is_full(model, state) || buries(state, step->foresight)) {
            return false;
        }
        state->words[state->count++] = call->argument;
        state->words[state->count++] = (int64_t)step->foresight.latest;
        return true;
    }
    bool empty = state->count == 0;
    if (pops_an_item(call)) {
        if (empty ||
            (!mill_call_is_pending(call) && state->words[state->count - ITEM_WORDS] != call->result)) {
            return false;
        }
        state->count -= ITEM_WORDS;
        return true;
    }
    if (call->operation == MILL_CALL_STACK_PUSH) {
        return call->result == -ENOMEM || may_refuse(model, call, is_full(model, state));
    }
    return may_refuse(model, call, empty);
}

static void stack_leaving(const struct mill_model *model, const struct mill_call *call,
                          struct mill_leaving *leaving)
{
    (void)model;
    bool push = call->operation == MILL_CALL_STACK_PUSH;
    if (pushes_an_item(call) || pops_an_item(call)) {
        mill_leaves_with_its_value(call, push, leaving);
    } else {
        leaving->alone = true;
        leaving->refusal = push;
    }
}

static const struct mill_model_operation stack_operations[] = {
    [MILL_CALL_STACK_PUSH] = {.name = "push", .arguments = 1, .answer = MILL_ANSWER_STATUS},
    [MILL_CALL_STACK_POP] = {.name = "pop", .answer = MILL_ANSWER_ITEM},
};

const struct mill_model mill_model_stack = {
    .name = "stack",
    .summary = "last in, first out",
    .operations = stack_operations,
    .operation_count = sizeof stack_operations / sizeof stack_operations[0],
    .key = mill_model_key_object,
    .room = stack_room,
    .begin = stack_begin,
    .step = stack_step,
    .foresee = stack_foresee,
    .describe = stack_describe,
    .leaving = stack_leaving,
};

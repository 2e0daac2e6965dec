/* Queues. The state is whether it is closed, and the items, the first one first. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "measure/model_foresight.h"

enum { CLOSED, HEAD_WORDS };

static size_t queue_room(const struct mill_model *model, size_t calls)
{
    (void)model;
    return HEAD_WORDS + calls;
}

static void queue_begin(const struct mill_model *model, struct mill_model_state *state)
{
    (void)model;
    state->count = HEAD_WORDS;
    state->words[CLOSED] = 0;
}

static size_t items_in(const struct mill_model_state *state)
{
    return state->count - HEAD_WORDS;
}

static bool is_full(const struct mill_model *model, const struct mill_model_state *state)
{
    return model->parameter > 0 && items_in(state) >= (size_t)model->parameter;
}

static void drop_first(struct mill_model_state *state)
{
    state->count--;
    memmove(state->words + HEAD_WORDS, state->words + HEAD_WORDS + 1,
            (state->count - HEAD_WORDS) * sizeof *state->words);
}

static void queue_describe(const struct mill_model *model, const struct mill_model_state *state,
                           struct mill_text *text)
{
    (void)model;
    mill_text_add(text, "%s%s", state->words[CLOSED] ? "is closed and " : "",
                  items_in(state) == 0 ? "is empty" : "holds");
    for (size_t i = HEAD_WORDS; i < state->count; i++) {
        mill_text_add(text, "%s %" PRId64, i > HEAD_WORDS ? "," : "", state->words[i]);
    }
}

static bool is_put(const struct mill_call *call)
{
    return call->operation == MILL_CALL_QUEUE_PUT || call->operation == MILL_CALL_QUEUE_TRY_PUT;
}

static bool puts_an_item(const struct mill_call *call)
{
    return is_put(call) && (mill_call_is_pending(call) || call->result == 0);
}

static bool takes_an_item(const struct mill_call *call)
{
    return !is_put(call) && call->operation != MILL_CALL_QUEUE_CLOSE &&
           (mill_call_is_pending(call) || call->result >= 0);
}

static int queue_foresee(const struct mill_model *model, const struct mill_call *calls, size_t count,
                         struct mill_foresight *foresight)
{
    static const struct mill_foresight_words words = {puts_an_item, takes_an_item};
    (void)model;
    return mill_foresee(&words, calls, count, foresight);
}

/* Refusals that both kinds of call share: of a wait and of a try. */
static bool may_refuse(const struct mill_model *model, const struct mill_call *call, bool is_try, bool reason)
{
    return call->result == (is_try ? -EAGAIN : -ETIMEDOUT) && (model->loose_refusals || reason);
}

static bool put_step(const struct mill_model *model, struct mill_model_state *state,
                     const struct mill_model_step *step, bool drops)
{
    const struct mill_call *call = step->call;
    bool closed = state->words[CLOSED] != 0;
    bool full = is_full(model, state);
    if (!puts_an_item(call)) {
        bool is_try = call->operation == MILL_CALL_QUEUE_TRY_PUT;
        return call->result == -ENOMEM || (call->result == -EPIPE && closed) ||
               may_refuse(model, call, is_try, full && !closed && !drops);
    }
    if (closed || (full && !drops)) {
        return false;
    }
    if (full) {
        drop_first(state);
    }
    state->words[state->count++] = call->argument;
    return true;
}

static bool get_step(const struct mill_model *model, struct mill_model_state *state,
                     const struct mill_call *call)
{
    bool closed = state->words[CLOSED] != 0;
    bool empty = items_in(state) == 0;
    if (!takes_an_item(call)) {
        bool is_try = call->operation == MILL_CALL_QUEUE_TRY_GET;
        return (call->result == -EPIPE && closed && empty) ||
               may_refuse(model, call, is_try, empty && !closed);
    }
    if (empty || (!mill_call_is_pending(call) && state->words[HEAD_WORDS] != call->result)) {
        return false;
    }
    drop_first(state);
    return true;
}

static bool any_queue_step(const struct mill_model *model, struct mill_model_state *state,
                           const struct mill_model_step *step, bool drops)
{
    if (is_put(step->call)) {
        return put_step(model, state, step, drops);
    }
    if (step->call->operation == MILL_CALL_QUEUE_CLOSE) {
        state->words[CLOSED] = 1;
        return true;
    }
    return get_step(model, state, step->call);
}

static bool queue_step(const struct mill_model *model, struct mill_model_state *state,
                       const struct mill_model_step *step)
{
    return any_queue_step(model, state, step, false);
}

static bool drop_oldest_step(const struct mill_model *model, struct mill_model_state *state,
                             const struct mill_model_step *step)
{
    return any_queue_step(model, state, step, true);
}

static void queue_leaving(const struct mill_model *model, const struct mill_call *call,
                          struct mill_leaving *leaving)
{
    (void)model;
    if (call->operation == MILL_CALL_QUEUE_CLOSE) {
        return;
    }
    if (puts_an_item(call) || takes_an_item(call)) {
        mill_leaves_with_its_value(call, is_put(call), leaving);
    } else {
        /* What wants the queue empty stays right when less is in it. */
        leaving->alone = true;
        leaving->refusal = is_put(call);
    }
}

/* Without an item, one that it pushed out would have stayed: items stay. */
static void drop_oldest_leaving(const struct mill_model *model, const struct mill_call *call,
                                struct mill_leaving *leaving)
{
    (void)model;
    leaving->alone = call->operation != MILL_CALL_QUEUE_CLOSE && !puts_an_item(call) && !takes_an_item(call);
}

static const struct mill_model_operation queue_operations[] = {
    [MILL_CALL_QUEUE_PUT] = {.name = "put", .arguments = 1, .answer = MILL_ANSWER_STATUS},
    [MILL_CALL_QUEUE_TRY_PUT] = {.name = "try_put", .arguments = 1, .answer = MILL_ANSWER_STATUS},
    [MILL_CALL_QUEUE_GET] = {.name = "get", .answer = MILL_ANSWER_ITEM},
    [MILL_CALL_QUEUE_TRY_GET] = {.name = "try_get", .answer = MILL_ANSWER_ITEM},
    [MILL_CALL_QUEUE_CLOSE] = {.name = "close"},
};

const struct mill_model mill_model_queue = {
    .name = "queue",
    .summary = "first in, first out",
    .operations = queue_operations,
    .operation_count = sizeof queue_operations / sizeof queue_operations[0],
    .key = mill_model_key_object,
    .room = queue_room,
    .begin = queue_begin,
    .step = queue_step,
    .foresee = queue_foresee,
    .first_in_first_out = true,
    .describe = queue_describe,
    .leaving = queue_leaving,
};

const struct mill_model mill_model_drop_oldest = {
    .name = "drop-oldest",
    .summary = "first in, first out, and on a full one the oldest makes room",
    .operations = queue_operations,
    .operation_count = sizeof queue_operations / sizeof queue_operations[0],
    .parameter = 1,
    .key = mill_model_key_object,
    .room = queue_room,
    .begin = queue_begin,
    .step = drop_oldest_step,
    .describe = queue_describe,
    .leaving = drop_oldest_leaving,
};

/* Queues and the stack. An item in a state is two words: its value, and what is foreseen of it: the earliest
 * moment at which it can leave (queues) or the latest at which it has left (stack). Both follow from the
 * value and the history, so equal contents are equal words.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "measure/model.h"

/* ---- foresight: who takes what who brought ---- */

struct brought {
    int64_t value;
    size_t call;
    bool takes;
};

static int by_value(const void *a, const void *b)
{
    const struct brought *left = a, *right = b;
    if (left->value != right->value) {
        return left->value < right->value ? -1 : 1;
    }
    return (left->takes > right->takes) - (left->takes < right->takes);
}

struct vocabulary {
    bool (*brings)(const struct mill_call *call);
    bool (*takes)(const struct mill_call *call); /* a call that may take an item */
};

/* Of items that come once and are taken at most once, in `calls` order by value. An item that nobody is seen
 * to take stays, unless a pending call has it: then it leaves after that was called. */
static void foresee_each(const struct brought *all, size_t count, const struct mill_call *calls,
                         uint64_t first_pending, struct mill_foresight *foresight)
{
    for (size_t i = 0, next; i < count; i = next) {
        size_t takers = 0;
        for (next = i; next < count && all[next].value == all[i].value; next++) {
            takers += all[next].takes;
        }
        if (all[i].takes || next - i - takers > 1 || takers > 1) {
            continue; /* never brought, or equal to another */
        }
        struct mill_foresight *item = &foresight[all[i].call];
        if (takers == 1) {
            item->earliest = calls[all[i + 1].call].invoked;
            item->latest = calls[all[i + 1].call].returned;
        } else {
            item->earliest = first_pending;
        }
    }
}

static int foresee(const struct vocabulary *vocabulary, const struct mill_call *calls, size_t count,
                   struct mill_foresight *foresight)
{
    struct brought *all = calloc(count > 0 ? count : 1, sizeof *all);
    uint64_t first_pending = UINT64_MAX;
    size_t used = 0;
    if (!all) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const struct mill_call *call = &calls[i];
        if (vocabulary->brings(call)) {
            all[used++] = (struct brought){call->argument, i, false};
        } else if (vocabulary->takes(call) && !mill_call_is_pending(call)) {
            all[used++] = (struct brought){call->result, i, true};
        } else if (vocabulary->takes(call) && call->invoked < first_pending) {
            first_pending = call->invoked;
        }
    }
    qsort(all, used, sizeof *all, by_value);
    foresee_each(all, used, calls, first_pending, foresight);
    free(all);
    return 0;
}

/* ---- what queues and the stack share ---- */

enum { CLOSED, HEAD_WORDS, ITEM_WORDS = 2 };

static size_t container_room(const struct mill_model *model, size_t calls)
{
    (void)model;
    return HEAD_WORDS + ITEM_WORDS * calls;
}

static void container_begin(const struct mill_model *model, struct mill_model_state *state)
{
    (void)model;
    state->count = HEAD_WORDS;
    state->words[CLOSED] = 0;
}

static size_t items_in(const struct mill_model_state *state)
{
    return (state->count - HEAD_WORDS) / ITEM_WORDS;
}

static bool is_full(const struct mill_model *model, const struct mill_model_state *state)
{
    return model->parameter > 0 && items_in(state) >= (size_t)model->parameter;
}

static void append(struct mill_model_state *state, int64_t value, uint64_t moment)
{
    state->words[state->count++] = value;
    state->words[state->count++] = (int64_t)moment;
}

static void drop_first(struct mill_model_state *state)
{
    state->count -= ITEM_WORDS;
    memmove(state->words + HEAD_WORDS, state->words + HEAD_WORDS + ITEM_WORDS,
            (state->count - HEAD_WORDS) * sizeof *state->words);
}

static void container_describe(const struct mill_model *model, const struct mill_model_state *state,
                               struct mill_text *text)
{
    (void)model;
    mill_text_add(text, "%s%s", state->words[CLOSED] ? "is closed and " : "",
                  items_in(state) == 0 ? "is empty" : "holds");
    for (size_t i = HEAD_WORDS; i < state->count; i += ITEM_WORDS) {
        mill_text_add(text, "%s %" PRId64, i > HEAD_WORDS ? "," : "", state->words[i]);
    }
}

/* What was put goes with what was got. */
static void leaves_with_its_value(const struct mill_call *call, bool brings, struct mill_leaving *leaving)
{
    leaving->brings = brings;
    leaving->takes_away = !brings;
    leaving->marks = brings || !mill_call_is_pending(call);
    leaving->mark[0] = brings ? call->argument : call->result;
}

/* ---- queues ---- */

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
    static const struct vocabulary vocabulary = {puts_an_item, takes_an_item};
    (void)model;
    return foresee(&vocabulary, calls, count, foresight);
}

/* Would the item come out before one that is ahead of it? */
static bool overtakes(const struct mill_model_state *state, struct mill_foresight foresight)
{
    for (size_t i = HEAD_WORDS; i < state->count; i += ITEM_WORDS) {
        if ((uint64_t)state->words[i + 1] > foresight.latest) {
            return true;
        }
    }
    return false;
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
    if (closed || (full && !drops) || overtakes(state, step->foresight)) {
        return false;
    }
    if (full) {
        drop_first(state);
    }
    append(state, call->argument, step->foresight.earliest);
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
        leaves_with_its_value(call, is_put(call), leaving);
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
    .room = container_room,
    .begin = container_begin,
    .step = queue_step,
    .foresee = queue_foresee,
    .describe = container_describe,
    .leaving = queue_leaving,
};

const struct mill_model mill_model_drop_oldest = {
    .name = "drop-oldest",
    .summary = "first in, first out, and on a full one the oldest makes room",
    .operations = queue_operations,
    .operation_count = sizeof queue_operations / sizeof queue_operations[0],
    .parameter = 1,
    .key = mill_model_key_object,
    .room = container_room,
    .begin = container_begin,
    .step = drop_oldest_step,
    .describe = container_describe,
    .leaving = drop_oldest_leaving,
};

/* ---- the stack ---- */

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
    static const struct vocabulary vocabulary = {pushes_an_item, pops_an_item};
    (void)model;
    return foresee(&vocabulary, calls, count, foresight);
}

/* Would it lie upon one that leaves before it? */
static bool buries(const struct mill_model_state *state, struct mill_foresight foresight)
{
    for (size_t i = HEAD_WORDS; i < state->count; i += ITEM_WORDS) {
        if (foresight.earliest > (uint64_t)state->words[i + 1]) {
            return true;
        }
    }
    return false;
}

static bool stack_step(const struct mill_model *model, struct mill_model_state *state,
                       const struct mill_model_step *step)
{
    const struct mill_call *call = step->call;
    if (pushes_an_item(call)) {
        if (is_full(model, state) || buries(state, step->foresight)) {
            return false;
        }
        append(state, call->argument, step->foresight.latest);
        return true;
    }
    bool empty = items_in(state) == 0;
    if (pops_an_item(call)) {
        if (empty ||
            (!mill_call_is_pending(call) && state->words[state->count - ITEM_WORDS] != call->result)) {
            return false;
        }
        state->count -= ITEM_WORDS;
        return true;
    }
    if (call->operation == MILL_CALL_STACK_PUSH) {
        return call->result == -ENOMEM || may_refuse(model, call, true, is_full(model, state));
    }
    return may_refuse(model, call, true, empty);
}

static void stack_leaving(const struct mill_model *model, const struct mill_call *call,
                          struct mill_leaving *leaving)
{
    (void)model;
    bool push = call->operation == MILL_CALL_STACK_PUSH;
    if (pushes_an_item(call) || pops_an_item(call)) {
        leaves_with_its_value(call, push, leaving);
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
    .room = container_room,
    .begin = container_begin,
    .step = stack_step,
    .foresee = stack_foresee,
    .describe = container_describe,
    .leaving = stack_leaving,
};

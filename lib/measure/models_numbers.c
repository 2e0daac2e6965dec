/* The counter, the register, the cached value. */
#include <inttypes.h>
#include <string.h>

#include "measure/model.h"

static size_t one_word(const struct mill_model *model, size_t calls)
{
    (void)model;
    (void)calls;
    return 1;
}

static void begin_with_the_parameter(const struct mill_model *model, struct mill_model_state *state)
{
    state->count = 1;
    state->words[0] = model->parameter;
}

static void describe_number(const struct mill_model *model, const struct mill_model_state *state,
                            struct mill_text *text)
{
    (void)model;
    mill_text_add(text, "is %" PRId64, state->words[0]);
}

/* Was this the answer? A pending call may have had any. */
static bool answered(const struct mill_call *call, int64_t value)
{
    return mill_call_is_pending(call) || call->result == value;
}

/* ---- the counter ---- */

static int64_t sum(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static bool counter_step(const struct mill_model *model, struct mill_model_state *state,
                         const struct mill_model_step *step)
{
    (void)model;
    const struct mill_call *call = step->call;
    int64_t before = state->words[0];
    int64_t by = call->operation == MILL_CALL_COUNTER_INCREMENT ? 1 : call->argument;
    int64_t after = sum(before, by);
    switch (call->operation) {
    case MILL_CALL_COUNTER_READ:
        return !mill_call_is_pending(call) && call->result == before;
    case MILL_CALL_COUNTER_ADD_AND_FETCH:
        if (!answered(call, after)) {
            return false;
        }
        break;
    case MILL_CALL_COUNTER_FETCH_AND_ADD:
        if (!answered(call, before)) {
            return false;
        }
        break;
    default:
        break;
    }
    state->words[0] = after;
    return true;
}

static void counter_leaving(const struct mill_model *model, const struct mill_call *call,
                            struct mill_leaving *leaving)
{
    (void)model;
    leaving->alone = call->operation == MILL_CALL_COUNTER_READ;
}

static const struct mill_model_operation counter_operations[] = {
    [MILL_CALL_COUNTER_READ] = {.name = "read", .answer = MILL_ANSWER_NUMBER},
    [MILL_CALL_COUNTER_INCREMENT] = {.name = "increment"},
    [MILL_CALL_COUNTER_ADD] = {.name = "add", .arguments = 1},
    [MILL_CALL_COUNTER_ADD_AND_FETCH] = {.name = "add_and_fetch",
                                         .arguments = 1,
                                         .answer = MILL_ANSWER_NUMBER},
    [MILL_CALL_COUNTER_FETCH_AND_ADD] = {.name = "fetch_and_add",
                                         .arguments = 1,
                                         .answer = MILL_ANSWER_NUMBER},
};

const struct mill_model mill_model_counter = {
    .name = "counter",
    .summary = "each addition counts once",
    .operations = counter_operations,
    .operation_count = sizeof counter_operations / sizeof counter_operations[0],
    .key = mill_model_key_object,
    .room = one_word,
    .begin = begin_with_the_parameter,
    .step = counter_step,
    .describe = describe_number,
    .leaving = counter_leaving,
};

/* ---- the register ---- */

static bool swap_step(int64_t *value, const struct mill_call *call)
{
    bool fits = *value == call->argument;
    if (!answered(call, fits) || (!fits && mill_call_is_pending(call))) {
        return false;
    }
    *value = fits ? call->second : *value;
    return true;
}

static bool register_step(const struct mill_model *model, struct mill_model_state *state,
                          const struct mill_model_step *step)
{
    (void)model;
    const struct mill_call *call = step->call;
    int64_t *value = &state->words[0];
    switch (call->operation) {
    case MILL_CALL_REGISTER_READ:
        return !mill_call_is_pending(call) && call->result == *value;
    case MILL_CALL_REGISTER_COMPARE_AND_SWAP:
        return swap_step(value, call);
    case MILL_CALL_REGISTER_EXCHANGE:
        if (!answered(call, *value)) {
            return false;
        }
        break;
    default:
        break;
    }
    *value = call->argument;
    return true;
}

/* What was written, and all that read it, go together; a swap or an exchange ties what it found to what it
 * left. A pending exchange may have found anything, and stays. */
static void register_leaving(const struct mill_model *model, const struct mill_call *call,
                             struct mill_leaving *leaving)
{
    (void)model;
    bool pending = mill_call_is_pending(call);
    switch (call->operation) {
    case MILL_CALL_REGISTER_READ:
        leaving->alone = true;
        leaving->marks = pending ? 0 : 1;
        leaving->mark[0] = call->result;
        break;
    case MILL_CALL_REGISTER_COMPARE_AND_SWAP:
        leaving->alone = leaving->refusal = !pending && call->result == 0;
        leaving->marks = leaving->refusal ? 0 : 2;
        leaving->mark[0] = call->argument;
        leaving->mark[1] = call->second;
        break;
    case MILL_CALL_REGISTER_EXCHANGE:
        leaving->marks = pending ? 0 : 2;
        leaving->mark[0] = call->result;
        leaving->mark[1] = call->argument;
        break;
    default:
        leaving->marks = 1;
        leaving->mark[0] = call->argument;
        break;
    }
}

static const struct mill_model_operation register_operations[] = {
    [MILL_CALL_REGISTER_READ] = {.name = "read", .answer = MILL_ANSWER_NUMBER},
    [MILL_CALL_REGISTER_WRITE] = {.name = "write", .arguments = 1},
    [MILL_CALL_REGISTER_COMPARE_AND_SWAP] = {.name = "compare_and_swap",
                                             .arguments = 2,
                                             .answer = MILL_ANSWER_TRUTH},
    [MILL_CALL_REGISTER_EXCHANGE] = {.name = "exchange", .arguments = 1, .answer = MILL_ANSWER_NUMBER},
};

const struct mill_model mill_model_register = {
    .name = "register",
    .summary = "a read gives what was written last",
    .operations = register_operations,
    .operation_count = sizeof register_operations / sizeof register_operations[0],
    .key = mill_model_key_object,
    .room = one_word,
    .begin = begin_with_the_parameter,
    .step = register_step,
    .describe = describe_number,
    .leaving = register_leaving,
    .lasting = true,
};

/* ---- the cached value: its state is what a read may still give, oldest first ---- */

static size_t cached_room(const struct mill_model *model, size_t calls)
{
    (void)model;
    return calls + 1;
}

static void forget_before(struct mill_model_state *state, size_t first)
{
    state->count -= first;
    memmove(state->words, state->words + first, state->count * sizeof *state->words);
}

static bool cached_step(const struct mill_model *model, struct mill_model_state *state,
                        const struct mill_model_step *step)
{
    (void)model;
    const struct mill_call *call = step->call;
    if (call->operation == MILL_CALL_CACHED_WRITE) {
        state->words[state->count++] = call->argument;
        return true;
    }
    if (mill_call_is_pending(call)) {
        return false; /* it could only take something away from later reads */
    }
    size_t found = state->count - 1;
    if (call->operation == MILL_CALL_CACHED_READ) {
        /* The oldest of equal values: it leaves later reads the most. */
        for (found = 0; found < state->count && state->words[found] != call->result; found++) {
        }
        if (found == state->count) {
            return false;
        }
    }
    forget_before(state, found);
    return true;
}

static void cached_describe(const struct mill_model *model, const struct mill_model_state *state,
                            struct mill_text *text)
{
    (void)model;
    mill_text_add(text, "may be read as");
    for (size_t i = 0; i < state->count; i++) {
        mill_text_add(text, "%s %" PRId64, i > 0 ? "," : "", state->words[i]);
    }
}

static void cached_leaving(const struct mill_model *model, const struct mill_call *call,
                           struct mill_leaving *leaving)
{
    (void)model;
    bool write = call->operation == MILL_CALL_CACHED_WRITE;
    leaving->alone = !write;
    leaving->marks = write || (call->operation == MILL_CALL_CACHED_READ && !mill_call_is_pending(call));
    leaving->mark[0] = write ? call->argument : call->result;
}

static const struct mill_model_operation cached_operations[] = {
    [MILL_CALL_CACHED_READ] = {.name = "read", .answer = MILL_ANSWER_NUMBER},
    [MILL_CALL_CACHED_WRITE] = {.name = "write", .arguments = 1},
    [MILL_CALL_CACHED_REFRESH] = {.name = "refresh"},
};

const struct mill_model mill_model_cached = {
    .name = "cached",
    .summary = "a read gives what was written once, and nothing older than before",
    .operations = cached_operations,
    .operation_count = sizeof cached_operations / sizeof cached_operations[0],
    .key = mill_model_key_object,
    .room = cached_room,
    .begin = begin_with_the_parameter,
    .step = cached_step,
    .describe = cached_describe,
    .leaving = cached_leaving,
};

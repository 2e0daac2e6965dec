/* The barrier. Its state is whether it is broken, whether the tripped generation still has to name its
 * leader, and each thread that has come and not gone, in order, with where it stands.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "measure/model.h"

enum { BROKEN, LEADER_LEFT, HEAD_WORDS };
enum { THREAD, STANDING, PARTY_WORDS };
enum { WAITING, TRIPPED, CANCELLED };

static size_t barrier_room(const struct mill_model *model, size_t calls)
{
    (void)model;
    return HEAD_WORDS + PARTY_WORDS * calls;
}

static void barrier_begin(const struct mill_model *model, struct mill_model_state *state)
{
    (void)model;
    state->count = HEAD_WORDS;
    memset(state->words, 0, HEAD_WORDS * sizeof *state->words);
}

static size_t standing_so(const struct mill_model_state *state, int64_t standing)
{
    size_t count = 0;
    for (size_t i = HEAD_WORDS; i < state->count; i += PARTY_WORDS) {
        count += state->words[i + STANDING] == standing;
    }
    return count;
}

static void all_that_wait(struct mill_model_state *state, int64_t standing)
{
    for (size_t i = HEAD_WORDS; i < state->count; i += PARTY_WORDS) {
        if (state->words[i + STANDING] == WAITING) {
            state->words[i + STANDING] = standing;
        }
    }
}

/* Where the thread is among those that have come, or would be. */
static size_t place_of(const struct mill_model_state *state, int64_t thread)
{
    size_t i = HEAD_WORDS;
    while (i < state->count && state->words[i + THREAD] < thread) {
        i += PARTY_WORDS;
    }
    return i;
}

static bool has_come(const struct mill_model_state *state, size_t place, int64_t thread)
{
    return place < state->count && state->words[place + THREAD] == thread;
}

static bool come(const struct mill_model *model, struct mill_model_state *state, int64_t thread)
{
    size_t place = place_of(state, thread);
    bool broken = state->words[BROKEN] != 0;
    bool last = !broken && standing_so(state, WAITING) + 1 == (size_t)model->parameter;
    if (has_come(state, place, thread) || (last && standing_so(state, TRIPPED) > 0)) {
        return false;
    }
    memmove(&state->words[place + PARTY_WORDS], &state->words[place],
            (state->count - place) * sizeof *state->words);
    state->count += PARTY_WORDS;
    state->words[place + THREAD] = thread;
    state->words[place + STANDING] = broken ? CANCELLED : WAITING;
    if (last) {
        all_that_wait(state, TRIPPED);
        state->words[LEADER_LEFT] = 1;
    }
    return true;
}

static bool may_go(const struct mill_model_state *state, int64_t standing, const struct mill_call *call)
{
    bool pending = mill_call_is_pending(call);
    switch (standing) {
    case WAITING: /* it gives up, and breaks the barrier */
        return pending || call->result == -ETIMEDOUT;
    case CANCELLED:
        return !pending && call->result == -ECANCELED;
    case TRIPPED:
    default:
        return !pending &&
               ((call->result == 1 && state->words[LEADER_LEFT]) ||
                (call->result == 0 && (!state->words[LEADER_LEFT] || standing_so(state, TRIPPED) > 1)));
    }
}

static bool go(struct mill_model_state *state, const struct mill_call *call)
{
    size_t place = place_of(state, call->thread);
    if (!has_come(state, place, call->thread)) {
        return false;
    }
    int64_t standing = state->words[place + STANDING];
    if (!may_go(state, standing, call)) {
        return false;
    }
    state->count -= PARTY_WORDS;
    memmove(&state->words[place], &state->words[place + PARTY_WORDS],
            (state->count - place) * sizeof *state->words);
    if (standing == WAITING) {
        state->words[BROKEN] = 1;
        all_that_wait(state, CANCELLED);
    } else if (standing == TRIPPED && call->result == 1) {
        state->words[LEADER_LEFT] = 0;
    }
    return true;
}

static bool barrier_step(const struct mill_model *model, struct mill_model_state *state,
                         const struct mill_model_step *step)
{
    const struct mill_call *call = step->call;
    if (call->operation == MILL_CALL_BARRIER_WAIT) {
        return step->point == 0 ? come(model, state, call->thread) : go(state, call);
    }
    state->words[BROKEN] = call->operation == MILL_CALL_BARRIER_ABORT;
    all_that_wait(state, CANCELLED);
    return true;
}

static void barrier_describe(const struct mill_model *model, const struct mill_model_state *state,
                             struct mill_text *text)
{
    static const char *const standings[] = {
        [WAITING] = "waits", [TRIPPED] = "may go", [CANCELLED] = "is cancelled"};
    mill_text_add(text, "is %s", state->words[BROKEN] ? "broken" : "whole");
    for (size_t i = HEAD_WORDS; i < state->count; i += PARTY_WORDS) {
        mill_text_add(text, ", T%" PRId64 " %s", state->words[i + THREAD],
                      standings[state->words[i + STANDING]]);
    }
    if (standing_so(state, WAITING) > 0) {
        mill_text_add(text, " for %" PRId64 " in all", model->parameter);
    }
}

static const struct mill_model_operation barrier_operations[] = {
    [MILL_CALL_BARRIER_WAIT] = {.name = "wait", .answer = MILL_ANSWER_ITEM, .points = 2},
    [MILL_CALL_BARRIER_ABORT] = {.name = "abort"},
    [MILL_CALL_BARRIER_RESET] = {.name = "reset"},
};

const struct mill_model mill_model_barrier = {
    .name = "barrier",
    .summary = "nobody goes before all have come",
    .operations = barrier_operations,
    .operation_count = sizeof barrier_operations / sizeof barrier_operations[0],
    .parameter = 2,
    .key = mill_model_key_object,
    .room = barrier_room,
    .begin = barrier_begin,
    .step = barrier_step,
    .describe = barrier_describe,
};

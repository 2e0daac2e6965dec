/* The lock, the read-write lock, the event. */
#include <errno.h>
#include <string.h>

#include "measure/model.h"

static size_t two_words(const struct mill_model *model, size_t calls)
{
    (void)model;
    (void)calls;
    return 2;
}

static void begin_with_zeros(const struct mill_model *model, struct mill_model_state *state)
{
    state->count = model->room(model, 0);
    memset(state->words, 0, state->count * sizeof *state->words);
}

/* Of the ways to ask for a lock: does the answer say that it was had? A pending call may have had it. */
enum asking { ASKS_AND_WAITS, TRIES, ASKS_WITH_TIMEOUT };

static bool was_granted(const struct mill_call *call, enum asking asking)
{
    return mill_call_is_pending(call) || asking == ASKS_AND_WAITS ||
           call->result == (asking == TRIES ? 1 : 0);
}

static bool may_be_refused(const struct mill_model *model, const struct mill_call *call, enum asking asking,
                           bool held)
{
    return call->result == (asking == TRIES ? 0 : -ETIMEDOUT) && (held || model->loose_refusals);
}

/* Sections open and close; what was refused goes by itself. */
static void lock_leaving(const struct mill_model *model, const struct mill_call *call,
                         struct mill_leaving *leaving)
{
    enum mill_answer answer = model->operations[call->operation].answer;
    bool pending = mill_call_is_pending(call);
    leaving->alone = leaving->refusal = !pending && ((answer == MILL_ANSWER_TRUTH && call->result == 0) ||
                                                     (answer == MILL_ANSWER_STATUS && call->result != 0));
}

/* ---- the lock: its state is who holds it, from 1 on ---- */

static bool lock_step(const struct mill_model *model, struct mill_model_state *state,
                      const struct mill_model_step *step)
{
    const struct mill_call *call = step->call;
    int64_t *holder = &state->words[0];
    int64_t self = (int64_t)call->thread + 1;
    if (call->operation == MILL_CALL_LOCK_RELEASE) {
        if (*holder != self) {
            return false;
        }
        *holder = 0;
        return true;
    }
    enum asking asking = (enum asking)(call->operation - MILL_CALL_LOCK_ACQUIRE);
    if (!was_granted(call, asking)) {
        return may_be_refused(model, call, asking, *holder != 0);
    }
    if (*holder != 0) {
        return false;
    }
    *holder = self;
    return true;
}

static size_t lock_room(const struct mill_model *model, size_t calls)
{
    (void)model;
    (void)calls;
    return 1;
}

static void lock_describe(const struct mill_model *model, const struct mill_model_state *state,
                          struct mill_text *text)
{
    (void)model;
    if (state->words[0] == 0) {
        mill_text_add(text, "is free");
    } else {
        mill_text_add(text, "is held by T%lld", (long long)state->words[0] - 1);
    }
}

static const struct mill_model_operation lock_operations[] = {
    [MILL_CALL_LOCK_ACQUIRE] = {.name = "acquire", .section = MILL_SECTION_OPENS},
    [MILL_CALL_LOCK_TRY] = {.name = "try", .answer = MILL_ANSWER_TRUTH, .section = MILL_SECTION_OPENS},
    [MILL_CALL_LOCK_TIMED] = {.name = "timed", .answer = MILL_ANSWER_STATUS, .section = MILL_SECTION_OPENS},
    [MILL_CALL_LOCK_RELEASE] = {.name = "release", .section = MILL_SECTION_CLOSES},
};

const struct mill_model mill_model_lock = {
    .name = "lock",
    .summary = "one thread at a time",
    .operations = lock_operations,
    .operation_count = sizeof lock_operations / sizeof lock_operations[0],
    .key = mill_model_key_object,
    .room = lock_room,
    .begin = begin_with_zeros,
    .step = lock_step,
    .describe = lock_describe,
    .leaving = lock_leaving,
};

/* ---- the read-write lock: who writes, from 1 on; then who reads, in order ---- */

static size_t rwlock_room(const struct mill_model *model, size_t calls)
{
    (void)model;
    return 1 + calls;
}

static void add_reader(struct mill_model_state *state, int64_t self)
{
    size_t i = state->count++;
    for (; i > 1 && state->words[i - 1] > self; i--) {
        state->words[i] = state->words[i - 1];
    }
    state->words[i] = self;
}

static bool remove_reader(struct mill_model_state *state, int64_t self)
{
    for (size_t i = 1; i < state->count; i++) {
        if (state->words[i] == self) {
            state->count--;
            memmove(&state->words[i], &state->words[i + 1], (state->count - i) * sizeof *state->words);
            return true;
        }
    }
    return false;
}

static bool rwlock_release(struct mill_model_state *state, bool write, int64_t self)
{
    if (!write) {
        return remove_reader(state, self);
    }
    if (state->words[0] != self) {
        return false;
    }
    state->words[0] = 0;
    return true;
}

static bool rwlock_step(const struct mill_model *model, struct mill_model_state *state,
                        const struct mill_model_step *step)
{
    const struct mill_call *call = step->call;
    bool write = call->operation >= MILL_CALL_RWLOCK_WRITE_ACQUIRE;
    int64_t self = (int64_t)call->thread + 1;
    if (call->operation == MILL_CALL_RWLOCK_READ_RELEASE ||
        call->operation == MILL_CALL_RWLOCK_WRITE_RELEASE) {
        return rwlock_release(state, write, self);
    }
    enum asking asking = (enum asking)(
        call->operation - (write ? MILL_CALL_RWLOCK_WRITE_ACQUIRE : MILL_CALL_RWLOCK_READ_ACQUIRE));
    bool held = state->words[0] != 0 || (write && state->count > 1);
    if (!was_granted(call, asking)) {
        return may_be_refused(model, call, asking, held);
    }
    if (held) {
        return false;
    }
    if (write) {
        state->words[0] = self;
    } else {
        add_reader(state, self);
    }
    return true;
}

static void rwlock_describe(const struct mill_model *model, const struct mill_model_state *state,
                            struct mill_text *text)
{
    (void)model;
    if (state->words[0] != 0) {
        mill_text_add(text, "is written by T%lld", (long long)state->words[0] - 1);
        return;
    }
    mill_text_add(text, state->count > 1 ? "is read by" : "is free");
    for (size_t i = 1; i < state->count; i++) {
        mill_text_add(text, "%s T%lld", i > 1 ? "," : "", (long long)state->words[i] - 1);
    }
}

static const struct mill_model_operation rwlock_operations[] = {
    [MILL_CALL_RWLOCK_READ_ACQUIRE] = {.name = "read_acquire", .section = MILL_SECTION_OPENS},
    [MILL_CALL_RWLOCK_READ_TRY] = {.name = "read_try",
                                   .answer = MILL_ANSWER_TRUTH,
                                   .section = MILL_SECTION_OPENS},
    [MILL_CALL_RWLOCK_READ_TIMED] = {.name = "read_timed",
                                     .answer = MILL_ANSWER_STATUS,
                                     .section = MILL_SECTION_OPENS},
    [MILL_CALL_RWLOCK_READ_RELEASE] = {.name = "read_release", .section = MILL_SECTION_CLOSES},
    [MILL_CALL_RWLOCK_WRITE_ACQUIRE] = {.name = "write_acquire", .section = MILL_SECTION_OPENS},
    [MILL_CALL_RWLOCK_WRITE_TRY] = {.name = "write_try",
                                    .answer = MILL_ANSWER_TRUTH,
                                    .section = MILL_SECTION_OPENS},
    [MILL_CALL_RWLOCK_WRITE_TIMED] = {.name = "write_timed",
                                      .answer = MILL_ANSWER_STATUS,
                                      .section = MILL_SECTION_OPENS},
    [MILL_CALL_RWLOCK_WRITE_RELEASE] = {.name = "write_release", .section = MILL_SECTION_CLOSES},
};

const struct mill_model mill_model_rwlock = {
    .name = "rwlock",
    .summary = "many readers, or one writer",
    .operations = rwlock_operations,
    .operation_count = sizeof rwlock_operations / sizeof rwlock_operations[0],
    .key = mill_model_key_object,
    .room = rwlock_room,
    .begin = begin_with_zeros,
    .step = rwlock_step,
    .describe = rwlock_describe,
    .leaving = lock_leaving,
};

/* ---- the event ---- */

enum { IS_SET, IS_ABANDONED };

static bool event_wait_step(const struct mill_model *model, const struct mill_model_state *state,
                            const struct mill_call *call)
{
    switch (call->result) {
    case 0:
        return state->words[IS_SET];
    case -ETIMEDOUT:
        return !state->words[IS_SET] || model->loose_refusals;
    case -ECANCELED:
        return !state->words[IS_SET] && state->words[IS_ABANDONED];
    default:
        return false;
    }
}

static bool event_step(const struct mill_model *model, struct mill_model_state *state,
                       const struct mill_model_step *step)
{
    const struct mill_call *call = step->call;
    switch (call->operation) {
    case MILL_CALL_EVENT_SET:
        state->words[IS_SET] = 1;
        return true;
    case MILL_CALL_EVENT_CLEAR:
        state->words[IS_SET] = 0;
        return true;
    case MILL_CALL_EVENT_ABANDON:
        state->words[IS_ABANDONED] = 1;
        return true;
    case MILL_CALL_EVENT_IS_SET:
        return !mill_call_is_pending(call) && call->result == state->words[IS_SET];
    default:
        return !mill_call_is_pending(call) && event_wait_step(model, state, call);
    }
}

static void event_describe(const struct mill_model *model, const struct mill_model_state *state,
                           struct mill_text *text)
{
    (void)model;
    mill_text_add(text, "is %s%s", state->words[IS_SET] ? "set" : "clear",
                  state->words[IS_ABANDONED] ? " and abandoned" : "");
}

static void event_leaving(const struct mill_model *model, const struct mill_call *call,
                          struct mill_leaving *leaving)
{
    (void)model;
    leaving->alone = call->operation == MILL_CALL_EVENT_IS_SET || call->operation == MILL_CALL_EVENT_WAIT;
}

static const struct mill_model_operation event_operations[] = {
    [MILL_CALL_EVENT_SET] = {.name = "set"},
    [MILL_CALL_EVENT_CLEAR] = {.name = "clear"},
    [MILL_CALL_EVENT_IS_SET] = {.name = "is_set", .answer = MILL_ANSWER_TRUTH},
    [MILL_CALL_EVENT_WAIT] = {.name = "wait", .answer = MILL_ANSWER_STATUS},
    [MILL_CALL_EVENT_ABANDON] = {.name = "abandon"},
};

const struct mill_model mill_model_event = {
    .name = "event",
    .summary = "set or not, and who waits is let through while it is set",
    .operations = event_operations,
    .operation_count = sizeof event_operations / sizeof event_operations[0],
    .key = mill_model_key_object,
    .room = two_words,
    .begin = begin_with_zeros,
    .step = event_step,
    .describe = event_describe,
    .leaving = event_leaving,
};

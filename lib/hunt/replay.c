#include "hunt/replay.h"

#include <errno.h>

#include "hunt/explorers.h"

struct state {
    bool strict;
    uint32_t at;
    enum mill_replay_reason reason;
    uint32_t position;
    struct mill_choices list; /* the last: its items follow */
};

int mill_replay_load(void *memory, size_t size, const struct mill_choices *list, bool strict)
{
    if (list->lost > 0) {
        return -EOVERFLOW;
    }
    if (size < sizeof(struct state) + (size_t)list->count * sizeof(uint32_t)) {
        return -ENOBUFS;
    }
    struct state *state = memory;
    state->strict = strict;
    state->list.capacity = list->count;
    return mill_choices_copy(&state->list, list);
}

struct mill_replay_verdict mill_replay_verdict(const void *memory)
{
    const struct state *state = memory;
    return (struct mill_replay_verdict){.reason = state->reason, .position = state->position};
}

const char *mill_replay_reason_text(enum mill_replay_reason reason)
{
    static const char *const texts[] = {
        [MILL_REPLAY_FITS] = "everything fits",
        [MILL_REPLAY_NOT_ENABLED] = "the thread that was chosen cannot go on here",
        [MILL_REPLAY_NOT_A_THREAD] = "here a thread is chosen, and was a way in which a call ends",
        [MILL_REPLAY_NOT_A_WAY] = "here a way is chosen in which a call ends, and was a thread",
        [MILL_REPLAY_NO_SUCH_WAY] = "the call cannot end in the way that was chosen",
        [MILL_REPLAY_OTHERWISE] = "whether the thread before could go on is not as it was",
        [MILL_REPLAY_LIST_ENDED] = "there are more choices to make than were made",
        [MILL_REPLAY_TOO_EARLY] = "the schedule ends before its last choice",
    };
    return (unsigned)reason < sizeof(texts) / sizeof(texts[0]) ? texts[reason] : "unknown";
}

static void open_replay(void *memory, const struct mill_explore_options *options)
{
    (void)memory; /* the list is in it already */
    (void)options;
}

static void begin(void *memory, uint64_t number, bool learning)
{
    (void)number;
    (void)learning;
    struct state *state = memory;
    state->at = 0;
    state->reason = MILL_REPLAY_FITS;
    state->position = state->list.count;
}

static void differs(struct state *state, enum mill_replay_reason reason, uint32_t position)
{
    if (state->reason == MILL_REPLAY_FITS) {
        state->reason = reason;
        state->position = position;
    }
}

/* Does the list still say anything? */
static bool follows(const struct state *state)
{
    return !state->strict || state->reason == MILL_REPLAY_FITS;
}

static unsigned go_on(const struct mill_view *view)
{
    return mill_explore_enabled(view, view->current) ? view->current : view->enabled[0];
}

static unsigned pick(void *memory, const struct mill_view *view)
{
    struct state *state = memory;
    const uint32_t *items = state->list.items;
    while (follows(state) && state->at < state->list.count && (items[state->at] & MILL_CHOICE_DATA)) {
        differs(state, MILL_REPLAY_NOT_A_THREAD, state->at++);
    }
    if (!follows(state) || state->at == state->list.count) {
        differs(state, MILL_REPLAY_LIST_ENDED, state->at);
        return go_on(view);
    }
    uint32_t at = state->at++;
    unsigned thread = items[at] & MILL_CHOICE_VALUE;
    if (!mill_explore_enabled(view, thread)) {
        differs(state, MILL_REPLAY_NOT_ENABLED, at);
        return go_on(view);
    }
    bool preempts = thread != view->current && mill_explore_enabled(view, view->current);
    if (preempts != ((items[at] & MILL_CHOICE_PREEMPTS) != 0)) {
        differs(state, MILL_REPLAY_OTHERWISE, at);
    }
    return follows(state) ? thread : go_on(view);
}

static unsigned choose(void *memory, unsigned ways)
{
    struct state *state = memory;
    if (!follows(state) || state->at == state->list.count) {
        differs(state, MILL_REPLAY_LIST_ENDED, state->at);
        return 0;
    }
    uint32_t item = state->list.items[state->at];
    if (!(item & MILL_CHOICE_DATA)) {
        differs(state, MILL_REPLAY_NOT_A_WAY, state->at);
        return 0;
    }
    uint32_t at = state->at++;
    if ((item & MILL_CHOICE_VALUE) >= ways) {
        differs(state, MILL_REPLAY_NO_SUCH_WAY, at);
        return 0;
    }
    return item & MILL_CHOICE_VALUE;
}

static void end(void *memory, bool failed)
{
    (void)failed;
    struct state *state = memory;
    if (state->at < state->list.count) {
        differs(state, MILL_REPLAY_TOO_EARLY, state->at);
    }
}

const struct mill_explorer mill_explore_replay = {
    .name = "replay",
    .summary = "follows a list of choices",
    .source = "",
    .size = MILL_EXPLORE_STATE,
    .sequential = true,
    .open = open_replay,
    .begin = begin,
    .pick = pick,
    .choose = choose,
    .end = end,
};

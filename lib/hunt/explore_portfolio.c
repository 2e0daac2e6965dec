/* Portfolio: no strategy is the best for all bugs, so the schedules are shared among them by their numbers:
 * each takes its turns in every ROUND of them, the better ones more often. Each member has its own seed and
 * its own part of the state, and learns from all of the first schedules, whoever leads them.
 *
 * The exhaustive search is sequential, and gets every second one of those first schedules, which are run in
 * order in one place: it sees to all without a preemption and some with one, which is where many bugs are; a
 * program so small that it comes to its end is exhausted then. Later it gets none, as these may be run side
 * by side.
 */
#include "hunt/explorers.h"

#include <stdio.h>

#define ROUND   16
#define ALIGNED ((size_t)64)

enum member { RANDOM, PCT_2, PCT_3, POS, URW, SURW, SEARCH, MEMBERS };

static const struct {
    const struct mill_explorer *explorer;
    unsigned depth;
} members[MEMBERS] = {
    [RANDOM] = {&mill_explore_random, 0},     [PCT_2] = {&mill_explore_pct, 2},
    [PCT_3] = {&mill_explore_pct, 3},         [POS] = {&mill_explore_pos, 0},
    [URW] = {&mill_explore_urw, 0},           [SURW] = {&mill_explore_surw, 0},
    [SEARCH] = {&mill_explore_exhaustive, 0},
};

static const uint8_t turns[ROUND] = {
    RANDOM, POS, SURW, PCT_3, URW, SURW, POS, PCT_2, SURW, PCT_3, RANDOM, POS, SURW, PCT_2, URW, PCT_3,
};

struct state {
    enum member leader;
    bool learning; /* all but the sequential one learn from this schedule */
    bool exhausted;
    size_t at[MEMBERS]; /* of each member's state, from the beginning of this one */
};

static void *part(const struct state *state, enum member member)
{
    return (char *)state + state->at[member];
}

static void open_portfolio(void *memory, const struct mill_explore_options *options)
{
    struct state *state = memory;
    size_t at = sizeof(*state);
    uint64_t seed = options->seed;
    for (enum member i = 0; i < MEMBERS; i++) {
        at = (at + ALIGNED - 1) / ALIGNED * ALIGNED;
        state->at[i] = at;
        at += members[i].explorer->size;
        struct mill_explore_options own = *options;
        own.seed = mill_random_split(&seed);
        own.depth = options->depth > 0 ? options->depth : members[i].depth;
        own.preemptions = MILL_EXPLORE_UNBOUNDED - 1; /* raised until nothing is left out */
        members[i].explorer->open(part(state, i), &own);
    }
}

static enum member leader_of(uint64_t number, bool searches)
{
    if (number >= MILL_EXPLORE_LEARNING) {
        return turns[number % ROUND];
    }
    return searches && number % 2 == 0 ? SEARCH : turns[number / 2 % ROUND];
}

static void begin(void *memory, uint64_t number, bool learning)
{
    struct state *state = memory;
    state->learning = learning;
    state->leader = leader_of(number, learning && !state->exhausted);
    for (enum member i = 0; i < MEMBERS; i++) {
        if (i == state->leader || (learning && i != SEARCH)) {
            members[i].explorer->begin(part(state, i), number, learning);
        }
    }
}

/* Calls what the members that take part in this schedule have. */
#define FORWARD(call, ...)                                                                           \
    for (enum member i = 0; i < MEMBERS; i++) {                                                      \
        if ((i == state->leader || (state->learning && i != SEARCH)) && members[i].explorer->call) { \
            members[i].explorer->call(part(state, i), __VA_ARGS__);                                  \
        }                                                                                            \
    }

static unsigned pick(void *memory, const struct mill_view *view)
{
    struct state *state = memory;
    if (!state->learning) {
        return members[state->leader].explorer->pick(part(state, state->leader), view);
    }
    unsigned picked = 0;
    for (enum member i = 0; i < MEMBERS; i++) {
        if (i == state->leader) {
            picked = members[i].explorer->pick(part(state, i), view);
        } else if (i != SEARCH) {
            members[i].explorer->pick(part(state, i), view); /* it counts the points */
        }
    }
    return picked;
}

static unsigned choose(void *memory, unsigned ways)
{
    struct state *state = memory;
    return members[state->leader].explorer->choose(part(state, state->leader), ways);
}

static void spawned(void *memory, unsigned parent, unsigned child)
{
    struct state *state = memory;
    FORWARD(spawned, parent, child)
}

static void executed(void *memory, unsigned thread, const struct mill_step *step)
{
    struct state *state = memory;
    if (!state->learning) {
        const struct mill_explorer *leader = members[state->leader].explorer;
        if (leader->executed) {
            leader->executed(part(state, state->leader), thread, step);
        }
        return;
    }
    FORWARD(executed, thread, step)
}

static void end(void *memory, bool failed)
{
    struct state *state = memory;
    FORWARD(end, failed)
    if (state->leader == SEARCH) {
        state->exhausted = mill_explore_exhaustive.exhausted(part(state, SEARCH));
    }
}

static bool exhausted(const void *memory)
{
    const struct state *state = memory;
    return state->exhausted;
}

/* Schedules out of the first so many that a member has led. */
static uint64_t led(enum member member, uint64_t schedules, bool searches)
{
    uint64_t count = 0;
    uint64_t number = 0;
    for (; number < schedules && number < MILL_EXPLORE_LEARNING; number++) {
        count += leader_of(number, searches) == member;
    }
    uint64_t rounds = (schedules - number) / ROUND;
    for (uint64_t i = 0; i < ROUND; i++) {
        uint64_t turn = number + i;
        bool left = i < (schedules - number) % ROUND;
        count += turns[turn % ROUND] == member ? rounds + left : 0;
    }
    return count;
}

static int worth(const void *memory, uint64_t schedules, char *buffer, size_t size)
{
    const struct state *state = memory;
    int length = 0;
    for (enum member i = MEMBERS; i-- > 0;) {
        uint64_t count = led(i, schedules, true);
        if (count == 0 || (state->exhausted && i != SEARCH)) {
            continue;
        }
        char own[600];
        members[i].explorer->worth(part(state, i), count, own, sizeof(own));
        size_t used = (size_t)length < size ? (size_t)length : size;
        length += snprintf(buffer + used, size - used, "%s%s: %s", length > 0 ? "\n" : "",
                           members[i].explorer->name, own);
    }
    return length;
}

const struct mill_explorer mill_explore_portfolio = {
    .name = "portfolio",
    .summary = "all of them in turn: the default",
    .source = "",
    .size = MILL_EXPLORE_STATE,
    .open = open_portfolio,
    .begin = begin,
    .pick = pick,
    .choose = choose,
    .spawned = spawned,
    .executed = executed,
    .end = end,
    .exhausted = exhausted,
    .worth = worth,
};

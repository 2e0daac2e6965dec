/* PCT, probabilistic concurrency testing: every thread has a random priority, the highest that may go on goes
 * on, and at d-1 random points the one about to go on falls below all others. A bug that needs d orders of
 * steps is found by each schedule with a probability of at least 1/(n k^(d-1)), for n threads and k points.
 *
 * n and k are learnt by random walks in the first schedules: the points counted are those at which there is
 * a choice, since a priority that changes elsewhere makes no difference before the next of these.
 *
 * A thread about to yield falls below all others, and so does one that has stayed for long: else a loop that
 * waits for a thread of lower priority would never end. The bound holds for programs without such loops.
 */
#include "hunt/explorers.h"

#include <stdio.h>

#define DEFAULT_DEPTH 3
#define WALKS         8 /* of the schedules in which is learnt */

struct state {
    struct mill_random random;
    uint64_t seed;
    unsigned depth;
    uint32_t threads, points; /* learnt: the most seen in a schedule; frozen after the walks */
    bool walks;               /* this schedule is one in which is learnt */
    uint32_t threads_now, points_now;
    unsigned changed; /* change points that are past */
    uint32_t stays;   /* points in a row at which the same thread went on */
    unsigned last;
    uint64_t lowest; /* the next priority below all others */
    uint32_t change[MILL_EXPLORE_DEPTH];
    uint64_t priority[MILL_HUNT_THREADS];
};

static void open_pct(void *memory, const struct mill_explore_options *options)
{
    struct state *state = memory;
    state->seed = options->seed;
    state->depth = options->depth == 0                   ? DEFAULT_DEPTH
                   : options->depth > MILL_EXPLORE_DEPTH ? MILL_EXPLORE_DEPTH
                                                         : options->depth;
    state->threads = 1;
    state->points = 1;
}

/* Above all that are lowered. */
static void draw_priority(struct state *state, unsigned thread)
{
    state->priority[thread] = mill_random_next(&state->random) | 1ull << 63;
}

static void draw_changes(struct state *state)
{
    for (unsigned i = 0; i + 1 < state->depth; i++) {
        uint32_t point = (uint32_t)mill_random_below(&state->random, state->points);
        unsigned at = i;
        while (at > 0 && state->change[at - 1] > point) {
            state->change[at] = state->change[at - 1];
            at--;
        }
        state->change[at] = point;
    }
}

static void begin(void *memory, uint64_t number, bool learning)
{
    struct state *state = memory;
    mill_random_seed(&state->random, state->seed, number);
    state->walks = learning && number < WALKS;
    state->threads_now = 1;
    state->points_now = 0;
    state->changed = 0;
    state->stays = 0;
    state->last = 0;
    state->lowest = 1ull << 62;
    draw_changes(state);
    draw_priority(state, 0);
}

static void spawned(void *memory, unsigned parent, unsigned child)
{
    (void)parent;
    struct state *state = memory;
    state->threads_now++;
    draw_priority(state, child);
}

static unsigned highest(const struct state *state, const struct mill_view *view)
{
    unsigned best = view->enabled[0];
    for (unsigned i = 1; i < view->enabled_count; i++) {
        unsigned thread = view->enabled[i];
        best = state->priority[thread] > state->priority[best] ? thread : best;
    }
    return best;
}

static unsigned pick(void *memory, const struct mill_view *view)
{
    struct state *state = memory;
    uint32_t point = state->points_now++;
    if (state->walks) {
        return mill_explore_anyone(&state->random, view);
    }
    unsigned thread = highest(state, view);
    while (state->changed + 1 < state->depth && state->change[state->changed] <= point) {
        state->changed++;
        state->priority[thread] = --state->lowest;
        thread = highest(state, view);
    }
    state->stays = thread == state->last ? state->stays + 1 : 0;
    if (state->stays >= MILL_EXPLORE_STAY || mill_explore_yields(&view->pending[thread])) {
        state->stays = 0;
        state->priority[thread] = --state->lowest;
        thread = highest(state, view);
    }
    state->last = thread;
    return thread;
}

static void end(void *memory, bool failed)
{
    (void)failed;
    struct state *state = memory;
    if (state->walks) {
        state->threads = state->threads_now > state->threads ? state->threads_now : state->threads;
        state->points = state->points_now > state->points ? state->points_now : state->points;
    }
}

/* 1 - (1 - p)^count, without losing a small p. */
static double at_least_once(double p, uint64_t count)
{
    double all = 0;
    while (count > 0) {
        if (count & 1) {
            all += p - all * p;
        }
        p += p - p * p;
        count >>= 1;
    }
    return all;
}

static int worth(const void *memory, uint64_t schedules, char *buffer, size_t size)
{
    const struct state *state = memory;
    double p = 1.0 / state->threads;
    for (unsigned i = 1; i < state->depth; i++) {
        p /= state->points;
    }
    return snprintf(
        buffer, size,
        "a bug of depth %u is found by a schedule with a probability of at least 1/(n k^%u) = %.3g "
        "(n = %u threads, k = %u points): by one of these %llu with %.4g%%",
        state->depth, state->depth - 1, p, state->threads, state->points, (unsigned long long)schedules,
        100 * at_least_once(p, schedules));
}

const struct mill_explorer mill_explore_pct = {
    .name = "pct",
    .summary =
        "random priorities that change at d-1 random points; finds bugs of depth d with a known probability",
    .source = "Burckhardt, Kothari, Musuvathi, Nagarakatte 2010",
    .size = sizeof(struct state),
    .open = open_pct,
    .begin = begin,
    .pick = pick,
    .choose = mill_explore_any_way,
    .spawned = spawned,
    .end = end,
    .worth = worth,
};

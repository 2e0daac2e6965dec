/* URW, uniform random walk: a thread goes on with a probability in proportion to the steps that it still has
 * before it. If these are known, and nothing blocks, every interleaving is as likely as any other, which it
 * is not in a plain random walk: there, one that lets a thread run to its end at once is much more likely
 * than one that changes between threads up to the end.
 *
 * How many steps a thread takes is learnt in the first schedules; a thread counts the steps of those that it
 * has yet to begin as its own. One that has taken more than expected still goes on now and then.
 */
#include "hunt/explorers.h"
#include "hunt/profile.h"

#include <stdio.h>

struct state {
    struct mill_random random;
    uint64_t seed;
    uint64_t unit;                         /* of the sums below: a step */
    uint64_t remaining[MILL_HUNT_THREADS]; /* steps, of the thread and those that it will begin */
    struct mill_profile profile;
};

static void open_urw(void *memory, const struct mill_explore_options *options)
{
    struct state *state = memory;
    state->seed = options->seed;
}

static void begin(void *memory, uint64_t number, bool learning)
{
    struct state *state = memory;
    mill_random_seed(&state->random, state->seed, number);
    mill_profile_begin(&state->profile, learning);
    state->unit = mill_profile_unit(&state->profile);
    state->remaining[0] = mill_profile_steps(&state->profile, 0);
}

static void take(struct state *state, unsigned thread, uint64_t amount)
{
    state->remaining[thread] -= amount < state->remaining[thread] ? amount : state->remaining[thread];
}

static void spawned(void *memory, unsigned parent, unsigned child)
{
    struct state *state = memory;
    mill_profile_spawned(&state->profile, parent, child);
    state->remaining[child] = mill_profile_steps(&state->profile, child);
    take(state, parent, state->remaining[child]);
}

static uint64_t weight(const struct state *state, unsigned thread)
{
    return state->remaining[thread] > 0 ? state->remaining[thread] : 1;
}

static unsigned pick(void *memory, const struct mill_view *view)
{
    struct state *state = memory;
    uint64_t sum = 0;
    for (unsigned i = 0; i < view->enabled_count; i++) {
        sum += weight(state, view->enabled[i]);
    }
    uint64_t drawn = mill_random_below(&state->random, sum);
    unsigned i = 0;
    while (drawn >= weight(state, view->enabled[i])) {
        drawn -= weight(state, view->enabled[i]);
        i++;
    }
    return view->enabled[i];
}

static void executed(void *memory, unsigned thread, const struct mill_step *step)
{
    (void)step;
    struct state *state = memory;
    take(state, thread, state->unit);
    mill_profile_executed(&state->profile, thread);
}

static void end(void *memory, bool failed)
{
    (void)failed;
    struct state *state = memory;
    mill_profile_end(&state->profile);
}

static int worth(const void *memory, uint64_t schedules, char *buffer, size_t size)
{
    const struct state *state = memory;
    return snprintf(
        buffer, size,
        "%llu interleavings, each drawn with about the same probability (%llu steps of %u threads)",
        (unsigned long long)schedules,
        (unsigned long long)(state->profile.slot[0].steps / mill_profile_unit(&state->profile)),
        state->profile.known);
}

const struct mill_explorer mill_explore_urw = {
    .name = "urw",
    .summary =
        "uniform random walk: threads weighted by the steps before them, so that interleavings are as likely",
    .source = "Zhao, Wolff, Mathur, Roychoudhury 2025",
    .size = sizeof(struct state),
    .open = open_urw,
    .begin = begin,
    .pick = pick,
    .choose = mill_explore_any_way,
    .spawned = spawned,
    .executed = executed,
    .end = end,
    .worth = worth,
};

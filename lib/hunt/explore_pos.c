/* POS, partial order sampling: every pending step has a random priority, and the highest goes on. Those that
 * depend on a step just taken draw again, so that the order of dependent steps is decided anew each time,
 * while independent ones do not disturb each other.
 *
 * A step that yields makes all draw again, and so does a thread that has stayed for long: else a loop that
 * waits for a step of very low priority would hardly end.
 */
#include "hunt/explorers.h"

#include <stdio.h>

struct state {
    struct mill_random random;
    uint64_t seed;
    unsigned last;
    uint32_t stays;
    uint64_t priority[MILL_HUNT_THREADS]; /* of each thread's pending step */
};

static void open_pos(void *memory, const struct mill_explore_options *options)
{
    struct state *state = memory;
    state->seed = options->seed;
}

static void begin(void *memory, uint64_t number, bool learning)
{
    (void)learning;
    struct state *state = memory;
    mill_random_seed(&state->random, state->seed, number);
    state->last = 0;
    state->stays = 0;
    state->priority[0] = mill_random_next(&state->random);
}

static void spawned(void *memory, unsigned parent, unsigned child)
{
    (void)parent;
    struct state *state = memory;
    state->priority[child] = mill_random_next(&state->random);
}

static unsigned pick(void *memory, const struct mill_view *view)
{
    struct state *state = memory;
    unsigned chosen = view->enabled[0];
    for (unsigned i = 1; i < view->enabled_count; i++) {
        unsigned thread = view->enabled[i];
        chosen = state->priority[thread] > state->priority[chosen] ? thread : chosen;
    }
    state->stays = chosen == state->last ? state->stays + 1 : 0;
    state->last = chosen;
    const struct mill_step *step = &view->pending[chosen];
    bool all = state->stays >= MILL_EXPLORE_STAY || mill_explore_yields(step);
    for (unsigned i = 0; i < view->enabled_count; i++) {
        unsigned thread = view->enabled[i];
        if (thread != chosen && (all || mill_steps_depend(step, &view->pending[thread]))) {
            state->priority[thread] = mill_random_next(&state->random);
        }
    }
    return chosen;
}

/* Its next step is another one. */
static void executed(void *memory, unsigned thread, const struct mill_step *step)
{
    (void)step;
    struct state *state = memory;
    state->priority[thread] = mill_random_next(&state->random);
}

static int worth(const void *memory, uint64_t schedules, char *buffer, size_t size)
{
    (void)memory;
    return snprintf(buffer, size, "%llu partial orders sampled, without a bound on what they miss",
                    (unsigned long long)schedules);
}

const struct mill_explorer mill_explore_pos = {
    .name = "pos",
    .summary = "a random priority for each step, drawn again where steps depend on each other",
    .source = "Yuan, Yang, Gu 2018",
    .size = sizeof(struct state),
    .open = open_pos,
    .begin = begin,
    .pick = pick,
    .choose = mill_explore_any_way,
    .spawned = spawned,
    .executed = executed,
    .worth = worth,
};

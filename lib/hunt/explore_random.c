/* Random walk: at each point, any of the threads that may go on, each as likely as another. It finds shallow
 * bugs in no time, and every bug some time; but orders that need one thread to wait for long are rare, as
 * each point at which it could go on must be lost again.
 */
#include "hunt/explorers.h"

#include <stdio.h>

struct state {
    struct mill_random random;
    uint64_t seed;
};

static void open_walk(void *memory, const struct mill_explore_options *options)
{
    struct state *state = memory;
    state->seed = options->seed;
}

static void begin(void *memory, uint64_t number, bool learning)
{
    (void)learning;
    struct state *state = memory;
    mill_random_seed(&state->random, state->seed, number);
}

static unsigned pick(void *memory, const struct mill_view *view)
{
    struct state *state = memory;
    return mill_explore_anyone(&state->random, view);
}

static int worth(const void *memory, uint64_t schedules, char *buffer, size_t size)
{
    (void)memory;
    return snprintf(buffer, size, "%llu random walks, without a bound on what they miss",
                    (unsigned long long)schedules);
}

const struct mill_explorer mill_explore_random = {
    .name = "random",
    .summary = "random walk: any thread that may go on, at each point",
    .source = "folklore; measured against others in Thomson, Donaldson, Betts 2016",
    .size = sizeof(struct state),
    .open = open_walk,
    .begin = begin,
    .pick = pick,
    .choose = mill_explore_any_way,
    .worth = worth,
};

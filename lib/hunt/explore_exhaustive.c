/* Exhaustive search: all schedules with no preemption, then all with up to one, and so on (Musuvathi and
 * Qadeer 2007). A preemption is to leave a thread that could go on; to leave one that is blocked, has ended
 * or yields costs nothing. Depth first: each schedule repeats the one before up to the last point with
 * another alternative, and takes that.
 *
 * Sleep sets (Godefroid 1996) leave out schedules that differ from a seen one in nothing but the order of
 * independent steps: a thread whose step was tried first at a point sleeps in the alternatives to it, until a
 * step is taken that its own depends on. Together with a bound that is not sound as it stands, for the one
 * that was seen may need more preemptions than the one left out, and so not have been within the bound
 * (Coons, Musuvathi, McKinley 2013). Here, within a bound, it is kept to where the one that was seen never
 * needs more:
 *
 *   - only the running thread sleeps, where it could have gone on (as was tried first, for nothing) and
 * another is taken;
 *   - it wakes when a thread is left for nothing, for that one might be blocked by what the sleeping thread
 * holds and, in the schedule that was seen, has let go of;
 *   - what is left out is a preemption in favour of the sleeping thread.
 *
 * So each switch from where the thread began to sleep up to its step was a preemption, the first and the last
 * of them for nothing but to put off that step; in the schedule that was seen it comes at once, which saves
 * two, and costs at most one to leave it then, and one to leave the thread that it would have preempted.
 *
 * Without a bound all that were tried sleep, and all that sleep are left out. When no alternative was left
 * out for the bound, the search is complete at once, whatever the bound could be raised to.
 *
 * A step that yields, sleeps or may time out depends on all others, as it matters to it that time goes on.
 *
 * Loops that wait: a thread that has yielded YIELDS times, or stayed for MILL_EXPLORE_STAY points, is tired
 * until all that can go on are, or it is alone. Nobody is left for a tired thread but by a preemption, and at
 * such a long stay it costs nothing to leave; after a sixteenth of a schedule's steps it must be left. What
 * is said of the bound then holds but for schedules that are less fair, and those where it mattered are
 * counted. Nobody sleeps while somebody is tired.
 */
#include "hunt/explorers.h"

#include <stdio.h>

#define NODES     ((uint32_t)1 << 18)
#define YIELDS    2
#define STAY_MOST (16 * MILL_EXPLORE_STAY) /* where schedules have no end */

/* A point with alternatives on the way of the present schedule. */
struct node {
    uint32_t ways;  /* how many alternatives there are */
    uint32_t taken; /* which one is: those before it have been seen */
};

struct state {
    uint32_t bound, bound_most;
    uint32_t steps_max, stay_most;
    bool unbounded;  /* no bound at all, from the beginning */
    bool left_out;   /* an alternative, for the bound, in this round */
    bool exhausted;  /* all rounds are over, */
    bool complete;   /* and there are no more schedules with a higher bound */
    uint64_t round;  /* schedules with the present bound */
    uint64_t total;  /* in all rounds */
    uint64_t before; /* in the round that is over */
    uint64_t redundant, cut, overflown, diverged, stayed;
    /* the schedule under way */
    uint32_t depth;     /* points with alternatives that it has passed */
    uint32_t depth_max; /* nodes that are valid: up to here it repeats the one before */
    uint32_t preemptions, steps, stays;
    unsigned last;  /* ran at the last point */
    unsigned ran;   /* took the last step */
    bool preempted; /* the next step is taken by preemption */
    bool is_redundant, is_overflown, is_diverged, has_stayed;
    unsigned tired_count;
    uint16_t tired[MILL_HUNT_THREADS];
    uint8_t yields[MILL_HUNT_THREADS]; /* since it was last tired */
    bool is_tired[MILL_HUNT_THREADS];
    unsigned asleep_count;
    uint16_t asleep[MILL_HUNT_THREADS];
    bool sleeps[MILL_HUNT_THREADS];
    struct mill_step step[MILL_HUNT_THREADS]; /* of those asleep */
    uint16_t candidates[MILL_HUNT_THREADS];
    struct node nodes[NODES];
};

static void open_exhaustive(void *memory, const struct mill_explore_options *options)
{
    struct state *state = memory;
    state->bound_most = options->preemptions;
    state->unbounded = options->preemptions == MILL_EXPLORE_UNBOUNDED;
    state->steps_max = options->steps_max;
    uint32_t least = 2 * MILL_EXPLORE_STAY;
    uint32_t share = options->steps_max / 16;
    state->stay_most = options->steps_max == 0 ? STAY_MOST : share > least ? share : least;
}

static void wake_all(struct state *state)
{
    for (unsigned i = 0; i < state->asleep_count; i++) {
        state->sleeps[state->asleep[i]] = false;
    }
    state->asleep_count = 0;
}

static void rest_all(struct state *state)
{
    for (unsigned i = 0; i < state->tired_count; i++) {
        state->is_tired[state->tired[i]] = false;
        state->yields[state->tired[i]] = 0;
    }
    state->tired_count = 0;
}

static void begin(void *memory, uint64_t number, bool learning)
{
    (void)number;
    (void)learning;
    struct state *state = memory;
    wake_all(state);
    rest_all(state);
    state->depth = 0;
    state->preemptions = 0;
    state->steps = 0;
    state->stays = 0;
    state->last = 0;
    state->ran = 0;
    state->preempted = false;
    state->yields[0] = 0;
    state->is_redundant = false;
    state->is_overflown = false;
    state->is_diverged = false;
    state->has_stayed = false;
}

static void spawned(void *memory, unsigned parent, unsigned child)
{
    (void)parent;
    struct state *state = memory;
    state->yields[child] = 0;
}

static void tire(struct state *state, unsigned thread)
{
    wake_all(state);
    if (!state->is_tired[thread]) {
        state->is_tired[thread] = true;
        state->tired[state->tired_count++] = (uint16_t)thread;
    }
}

/* ---- sleep ---- */

static bool depends_on_all(const struct mill_step *step)
{
    return mill_explore_yields(step) || step->kind == MILL_STEP_SLEEP || (step->flags & MILL_STEP_TIMED);
}

static void put_to_sleep(struct state *state, unsigned thread, const struct mill_step *step)
{
    if (!state->sleeps[thread] && !depends_on_all(step) && state->tired_count == 0) {
        state->sleeps[thread] = true;
        state->step[thread] = *step;
        state->asleep[state->asleep_count++] = (uint16_t)thread;
    }
}

static void executed(void *memory, unsigned thread, const struct mill_step *step)
{
    struct state *state = memory;
    state->steps++;
    if (mill_explore_yields(step) && ++state->yields[thread] >= YIELDS) {
        state->yields[thread] = 0;
        tire(state, thread);
    }
    if (thread != state->ran && !state->preempted && !state->unbounded) {
        wake_all(state);
    }
    state->ran = thread;
    state->preempted = false;
    if (state->asleep_count == 0) {
        return;
    }
    if (state->sleeps[thread] && state->unbounded) {
        state->is_redundant = true; /* there was nobody else */
    }
    bool all = depends_on_all(step);
    unsigned kept = 0;
    for (unsigned i = 0; i < state->asleep_count; i++) {
        uint16_t sleeper = state->asleep[i];
        if (all || sleeper == thread || mill_steps_depend(step, &state->step[sleeper])) {
            state->sleeps[sleeper] = false;
        } else {
            state->asleep[kept++] = sleeper;
        }
    }
    state->asleep_count = kept;
}

/* ---- points ---- */

/* Which alternative is taken at this point, of so many. */
static uint32_t take_way(struct state *state, uint32_t ways)
{
    if (ways < 2 || state->is_redundant) {
        return 0;
    }
    if (state->depth == NODES) {
        state->is_overflown = true;
        return 0;
    }
    struct node *node = &state->nodes[state->depth];
    if (state->depth < state->depth_max && node->ways != ways) {
        state->is_diverged = true; /* the program does not repeat itself: what is behind was another one's */
        state->depth_max = state->depth;
    }
    if (state->depth == state->depth_max) {
        *node = (struct node){.ways = ways, .taken = 0};
        state->depth_max++;
    }
    state->depth++;
    return node->taken;
}

/* Those that are neither tired nor the running thread. */
static uint32_t find_rested(struct state *state, const struct mill_view *view)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < view->enabled_count; i++) {
        uint16_t thread = view->enabled[i];
        if (thread != view->current && !state->is_tired[thread]) {
            state->candidates[count++] = thread;
        }
    }
    if (count == 0) {
        rest_all(state);
    }
    return count;
}

/* The running thread has stayed for long: others first, and itself last, unless it must go. */
static uint32_t find_relief(struct state *state, const struct mill_view *view)
{
    state->has_stayed = true;
    tire(state, view->current);
    uint32_t count = find_rested(state, view);
    if (count == 0) {
        count = find_rested(state, view);
        tire(state, view->current);
    }
    if (state->stays < state->stay_most) {
        state->candidates[count++] = (uint16_t)view->current;
    }
    return count;
}

/* What may be tried at this point, in that order: the running thread first, if it can go on. `preempts`: that
 * another is taken is a preemption. */
static uint32_t find_candidates(struct state *state, const struct mill_view *view, bool preempts)
{
    bool too_many = preempts && !state->unbounded && state->preemptions == state->bound;
    bool may_skip = state->unbounded || preempts;
    bool is_fair = state->tired_count > 0 && (state->unbounded || !preempts);
    if (is_fair && find_rested(state, view) == 0) {
        is_fair = false;
    }
    uint32_t count = 0;
    if (preempts && !(is_fair && state->is_tired[view->current])) {
        state->candidates[count++] = (uint16_t)view->current;
    }
    for (unsigned i = 0; i < view->enabled_count; i++) {
        uint16_t thread = view->enabled[i];
        if (thread == view->current || (may_skip && state->sleeps[thread])) {
            continue;
        }
        if (too_many) {
            state->left_out = true;
        } else if (is_fair && state->is_tired[thread]) {
            state->has_stayed = true;
        } else {
            state->candidates[count++] = thread;
        }
    }
    return count;
}

static unsigned pick(void *memory, const struct mill_view *view)
{
    struct state *state = memory;
    state->stays = view->current == state->last ? state->stays + 1 : 0;
    state->last = view->current;
    bool goes_on = mill_explore_enabled(view, view->current);
    bool is_long = goes_on && state->stays > 0 && state->stays % MILL_EXPLORE_STAY == 0;
    bool preempts = goes_on && !is_long;
    uint32_t count = is_long ? find_relief(state, view) : find_candidates(state, view, preempts);
    if (count == 0) {
        state->is_redundant = true;
        state->candidates[0] = view->enabled[0];
    }
    uint32_t way = take_way(state, count);
    for (uint32_t i = 0; i < way && !is_long; i++) {
        unsigned seen = state->candidates[i];
        if (state->unbounded || (preempts && !state->has_stayed && seen == view->current)) {
            put_to_sleep(state, seen, &view->pending[seen]);
        }
    }
    unsigned thread = state->candidates[way];
    state->preempted = preempts && thread != view->current;
    state->preemptions += state->preempted;
    return thread;
}

static unsigned choose(void *memory, unsigned ways)
{
    return take_way(memory, ways);
}

/* ---- from one schedule to the next ---- */

static void end_round(struct state *state)
{
    state->before = state->round;
    state->complete = !state->left_out;
    state->exhausted = state->complete || state->bound >= state->bound_most;
    if (!state->exhausted) {
        state->bound++;
        state->round = 0;
        state->left_out = false;
    }
}

static void end(void *memory, bool failed)
{
    (void)failed;
    struct state *state = memory;
    state->round++;
    state->total++;
    state->redundant += state->is_redundant;
    state->cut += state->steps_max > 0 && state->steps >= state->steps_max;
    state->overflown += state->is_overflown;
    state->diverged += state->is_diverged || state->depth < state->depth_max;
    state->stayed += state->has_stayed;
    state->depth_max = state->depth < state->depth_max ? state->depth : state->depth_max;
    while (state->depth_max > 0) {
        struct node *node = &state->nodes[state->depth_max - 1];
        if (++node->taken < node->ways) {
            return;
        }
        state->depth_max--;
    }
    end_round(state);
}

static bool exhausted(const void *memory)
{
    const struct state *state = memory;
    return state->exhausted;
}

static int worth(const void *memory, uint64_t schedules, char *buffer, size_t size)
{
    (void)schedules; /* as a member of a portfolio it has had fewer */
    const struct state *state = memory;
    unsigned long long round = state->round;
    char doubts[200] = "";
    if (state->cut + state->overflown + state->diverged + state->stayed > 0) {
        snprintf(
            doubts, sizeof(doubts),
            "; but %llu were cut, %llu had more points than are kept, %llu did not repeat the one before, "
            "%llu had a thread that went on for long",
            (unsigned long long)state->cut, (unsigned long long)state->overflown,
            (unsigned long long)state->diverged, (unsigned long long)state->stayed);
    }
    if (state->complete) {
        return snprintf(buffer, size, "all %llu schedules, with any number of preemptions: no failure%s",
                        round, doubts);
    }
    if (state->exhausted) {
        return snprintf(buffer, size, "all %llu schedules up to bound %u: no failure%s", round, state->bound,
                        doubts);
    }
    if (state->unbounded || state->bound == 0) {
        return snprintf(buffer, size, "%llu schedules of a search that has not ended: no failure%s", round,
                        doubts);
    }
    return snprintf(buffer, size, "all %llu schedules up to bound %u, and %llu up to bound %u: no failure%s",
                    (unsigned long long)state->before, state->bound - 1, round, state->bound, doubts);
}

const struct mill_explorer mill_explore_exhaustive = {
    .name = "exhaustive",
    .summary =
        "all schedules with up to so many preemptions, but for those that differ in independent steps alone",
    .source = "Musuvathi, Qadeer 2007; Godefroid 1996; Coons, Musuvathi, McKinley 2013",
    .size = sizeof(struct state),
    .sequential = true,
    .open = open_exhaustive,
    .begin = begin,
    .pick = pick,
    .choose = choose,
    .spawned = spawned,
    .executed = executed,
    .end = end,
    .exhausted = exhausted,
    .worth = worth,
};

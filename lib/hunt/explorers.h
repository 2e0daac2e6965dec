/* The tables of all explorers, and what several of them share. For explorers; hunts find them by name
 * (explore.h).
 */
#ifndef MILL_HUNT_EXPLORERS_H
#define MILL_HUNT_EXPLORERS_H

#include "core/random.h"
#include "hunt/explore.h"

extern const struct mill_explorer mill_explore_random;
extern const struct mill_explorer mill_explore_pct;
extern const struct mill_explorer mill_explore_pos;
extern const struct mill_explorer mill_explore_urw;
extern const struct mill_explorer mill_explore_surw;
extern const struct mill_explorer mill_explore_exhaustive;
extern const struct mill_explorer mill_explore_portfolio;

/* Threads that stay for so many points in a row, while others could go on, may be in a loop that waits for
 * these: explorers that could stay for ever let go of them. */
#define MILL_EXPLORE_STAY 256

/* choose() of all whose state begins with its struct mill_random. */
unsigned mill_explore_any_way(void *state, unsigned ways);

/* One of the enabled threads, each as likely. */
static inline unsigned mill_explore_anyone(struct mill_random *random, const struct mill_view *view)
{
    return view->enabled[mill_random_below(random, view->enabled_count)];
}

/* May it go on? */
static inline bool mill_explore_enabled(const struct mill_view *view, unsigned thread)
{
    for (unsigned i = 0; i < view->enabled_count; i++) {
        if (view->enabled[i] == thread) {
            return true;
        }
    }
    return false;
}

/* Does the step let others go first? */
static inline bool mill_explore_yields(const struct mill_step *step)
{
    return step->kind == MILL_STEP_YIELD || (step->flags & MILL_STEP_YIELDS);
}

#endif

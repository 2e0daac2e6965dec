/* Replay: an explorer that follows a list of choices. Not one of mill_explorers: it explores nothing.
 *
 *     if (mill_replay_load(state, size, choices, true) == 0)
 *         … run one schedule with mill_explore_replay …
 *     struct mill_replay_verdict verdict = mill_replay_verdict(state);
 *
 * Strictly: the first choice that does not fit ends it: which one, and why, is kept; from there on the
 * running thread goes on as long as it can, then the lowest. Leniently: only that choice is replaced so, and
 * the next ones are followed again; ways where a thread is to be chosen are passed over, and a way that is
 * missing is 0. In both, threads go on in that way when the list has ended.
 *
 * Wait-free, no allocation; a state belongs to one thread at a time, as an explorer's.
 */
#ifndef MILL_HUNT_REPLAY_H
#define MILL_HUNT_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hunt/choices.h"
#include "hunt/explore.h"

extern const struct mill_explorer mill_explore_replay;

enum mill_replay_reason {
    MILL_REPLAY_FITS,
    MILL_REPLAY_NOT_ENABLED,  /* the thread cannot go on here */
    MILL_REPLAY_NOT_A_THREAD, /* the list has a way here */
    MILL_REPLAY_NOT_A_WAY,    /* the list has a thread here */
    MILL_REPLAY_NO_SUCH_WAY,  /* the call has fewer ways to end in */
    MILL_REPLAY_OTHERWISE,    /* the thread that ran before can go on and could not, or the other way round */
    MILL_REPLAY_LIST_ENDED,   /* there are more points than choices */
    MILL_REPLAY_TOO_EARLY,    /* the schedule has ended, and the list has not */
};

struct mill_replay_verdict {
    enum mill_replay_reason reason; /* of the first choice that did not fit; leniently as well */
    uint32_t position;              /* of that choice; the number of choices where all fit */
};

/* The list is copied into the state, `size` bytes of memory. 0; -ENOBUFS: they are too few; -EOVERFLOW: the
 * list has lost choices. */
int mill_replay_load(void *memory, size_t size, const struct mill_choices *list, bool strict);

/* After the schedule's end(). */
struct mill_replay_verdict mill_replay_verdict(const void *memory);

/* "the thread cannot go on", …: constant. */
const char *mill_replay_reason_text(enum mill_replay_reason reason);

#endif

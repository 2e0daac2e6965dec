/* An explorer: who goes on at each point. One strategy is one constant table and one file, explore_NAME.c.
 *
 * The scheduler owns the threads; an explorer sees who may go on and what each would do, and answers with a
 * thread's number. Its state is one block of memory, zeroed at first, without pointers to itself or anything
 * else: it lies in memory shared between the processes of a hunt, each of which may run a single schedule.
 *
 *     open                                   once, before the first schedule
 *     begin (number, learning)               a schedule; nothing is left of the one before but what is learnt
 *         spawned, pick, choose, executed    in the order in which they happen
 *     end (failed)                           also when the program died, or the schedule was cut
 *     exhausted                              after each: has it seen everything it can tell apart?
 *
 * Schedule `number` is the same each time, for the same seed, program and what was learnt: an explorer takes
 * its random numbers from mill_random_seed(&random, options.seed, number), and learns only while `learning`,
 * which the hunt sets for the same first numbers whatever it does side by side. One whose schedules follow
 * from each other (`sequential`) is given all of its numbers in order, in one place.
 */
#ifndef MILL_HUNT_EXPLORE_H
#define MILL_HUNT_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hunt/step.h"

struct mill_explore_options {
    uint64_t seed;
    unsigned depth; /* of PCT: how many orders of steps the bug needs, at most MILL_EXPLORE_DEPTH; 0: the
                       strategy's own default */
    unsigned preemptions; /* of the exhaustive search: at most so many, from none on and raised by one when
                             all are seen; MILL_EXPLORE_UNBOUNDED: any number, at once */
    uint32_t steps_max;   /* a schedule is cut after so many */
};

#define MILL_EXPLORE_DEPTH     32
#define MILL_EXPLORE_UNBOUNDED UINT32_MAX

/* What is seen at a point. At least two threads may go on; one that yielded is left out while others can. */
struct mill_view {
    unsigned current; /* ran the last step; it may be blocked, or gone, or have yielded */
    unsigned enabled_count;
    const uint16_t *enabled;         /* their numbers, ascending */
    const struct mill_step *pending; /* [number]: the step that it takes when it goes on */
};

struct mill_explorer {
    const char *name;    /* as on the command line */
    const char *summary; /* one line */
    const char *source;  /* the paper */
    size_t size;         /* of its state; at most MILL_EXPLORE_STATE */
    bool sequential;
    void (*open)(void *state, const struct mill_explore_options *options);
    void (*begin)(void *state, uint64_t number, bool learning);
    unsigned (*pick)(void *state, const struct mill_view *view);   /* a number out of view->enabled */
    unsigned (*choose)(void *state, unsigned ways);                /* 0 … ways-1; `ways` is at least 2 */
    void (*spawned)(void *state, unsigned parent, unsigned child); /* optional; the first thread is 0 */
    void (*executed)(void *state, unsigned thread, const struct mill_step *step); /* optional: each step of
                                                                        all threads, picked or not */
    void (*end)(void *state, bool failed);                                        /* optional */
    bool (*exhausted)(const void *state);                                         /* optional */
    /* What its silence is worth, in a sentence, after `schedules` without a failure. Optional; returns the
     * length as snprintf does. */
    int (*worth)(const void *state, uint64_t schedules, char *buffer, size_t size);
};

/* Shared memory that a state may take; untouched pages of it cost nothing. */
#define MILL_EXPLORE_STATE    ((size_t)64 << 20)

/* Schedules at the start in which explorers learn (how many threads and steps there are, and on what): these
 * are given in order, in one place, to all explorers. */
#define MILL_EXPLORE_LEARNING 64

/* By name; NULL: there is none. */
const struct mill_explorer *mill_explorer_find(const char *name);

/* All, ended by NULL, in the order in which help names them. */
extern const struct mill_explorer *const mill_explorers[];

#endif

/* Minimising: a schedule that fails is reduced to the fewest preemptions, by delta debugging over its context
 * switches. What is left is what the bug needs.
 *
 *     static bool fails(void *context, const struct mill_choices *try, struct mill_choices *ran);
 *
 *     struct mill_minimise work = {.fails = fails, .attempts_max = 1000, .best = …, .try = …, .ran = …};
 *     int status = mill_minimise(&work, failing);
 *
 * Blocks while fails() runs the program; no allocation; a struct belongs to one thread.
 */
#ifndef MILL_HUNT_MINIMISE_H
#define MILL_HUNT_MINIMISE_H

#include <stdbool.h>
#include <stdint.h>

#include "hunt/choices.h"

struct mill_minimise {
    /* Runs the program with `try`, leniently (replay.h), and writes the choices that it really made into
     * `ran`, which is empty. Did it fail, and in the same way? */
    bool (*fails)(void *context, const struct mill_choices *try, struct mill_choices *ran);
    void *context;
    uint32_t attempts_max;          /* calls of fails() at most */
    struct mill_choices *best;      /* the result */
    struct mill_choices *try, *ran; /* to work with */
    uint32_t attempts;              /* calls of fails() that were made */
};

/* The best schedule found that fails, never one with more preemptions, more switches of threads among equals,
 * or more choices among equals than `failing`. 0; -ENOENT: even `failing` itself did not fail again: `best`
 * is a copy of it; -EOVERFLOW: it has lost choices; -ENOBUFS: `best` or `try` have no room for it. */
int mill_minimise(struct mill_minimise *work, const struct mill_choices *failing);

#endif

/* The work-stealing deque of Chase and Lev (2005): its owner pushes and pops at the bottom, last in first
 * out, and any thread steals at the top, first in first out.
 *
 *     owner:    status = mill_chase_lev_push(&deque, item);
 *               item = mill_chase_lev_pop(&deque);                    NULL: empty
 *     thieves:  item = mill_chase_lev_steal(&deque);                  NULL: empty, or another was faster
 *
 * Items are pointers that are not looked into; not NULL. Each comes out once. What was written before a push
 * is seen by whoever gets the item. It grows when it is full; the smaller arrays stay until it is destroyed,
 * since a thief may still read one (together they are smaller than the last).
 *
 * One thread at a time is the owner. Pushing without growth is wait-free, popping and stealing too: who loses
 * a race is told so and does not try again.
 */
#ifndef MILL_TASK_DEQUE_CHASE_LEV_H
#define MILL_TASK_DEQUE_CHASE_LEV_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/cacheline.h"

struct mill_chase_lev_array; /* deque_chase_lev.c */

struct mill_chase_lev {
    alignas(MILL_ISOLATION) _Atomic int64_t top; /* of the oldest item; rises with each one that is stolen */
    alignas(MILL_ISOLATION) _Atomic int64_t bottom; /* behind the youngest; written by the owner alone */
    struct mill_chase_lev_array *_Atomic array;     /* written by the owner alone */
};

/* With room for at least `capacity` items, 1 … 2^30. 0 or -ENOMEM. */
int mill_chase_lev_init(struct mill_chase_lev *deque, size_t capacity);

/* Nobody uses it any more. Items that are still in it are forgotten. One that is zeroed and was never
 * initialised is fine. */
void mill_chase_lev_destroy(struct mill_chase_lev *deque);

/* 0; -ENOMEM: it is full and cannot grow, nothing was pushed. */
int mill_chase_lev_push(struct mill_chase_lev *deque, void *item);

void *mill_chase_lev_pop(struct mill_chase_lev *deque);

void *mill_chase_lev_steal(struct mill_chase_lev *deque);

/* A hint for others, exact for the owner as long as nobody steals. */
static inline bool mill_chase_lev_empty(const struct mill_chase_lev *deque)
{
    /* acquire: no look at the items follows from it, but what the last stealer did before is seen */
    int64_t top = atomic_load_explicit(&deque->top, memory_order_acquire);
    return atomic_load_explicit(&deque->bottom, memory_order_acquire) <= top;
}

#endif

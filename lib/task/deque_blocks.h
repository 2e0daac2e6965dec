/* A work-stealing deque in blocks, after BWoS (Wang, Trach, Fu and others, OSDI 2023): its owner pushes and
 * pops in one block, thieves steal from those before it.
 *
 *     owner:    status = mill_block_deque_push(&deque, item);
 *               item = mill_block_deque_pop(&deque);             the youngest; NULL: empty
 *               item = mill_block_deque_shift(&deque);           an old one; NULL: pop may still find some
 *     thieves:  item = mill_block_deque_steal(&deque, false);    NULL: nothing to be had, or lost a race
 *
 * Of each block a lower part is granted to the thieves, who race for it one by one; the rest is the owner's
 * alone. A block is granted whole when the owner goes on to the next one, and half of what is left is taken
 * back when the owner comes back to it. So neither push nor pop has an instruction that locks the bus: that
 * is paid for at the change of a block, and once for each halving of a part.
 *
 * The paper's thieves never get anything out of the owner's own block. A pool cannot live with that: a task
 * may wait for the one that it forked last. So a thief that finds nothing granted asks, and the owner's next
 * push or pop grants half. Where none comes, since the owner is busy with an item, a thief that insists
 * grants itself half with a heavy fence (core/fence.h; dear, also for the owner).
 *
 * Items are pointers that are not looked into; not NULL. Each comes out once. What was written before a push
 * is seen by whoever gets the item. It grows when it is full; the smaller tables stay until it is destroyed.
 *
 * One thread at a time is the owner. Pushing without growth, and popping, are wait-free but for swaps that
 * fail when thieves succeed; stealing is lock-free, and who loses a race is told so and does not try again.
 */
#ifndef MILL_TASK_DEQUE_BLOCKS_H
#define MILL_TASK_DEQUE_BLOCKS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cacheline.h"

#define MILL_BLOCK_ITEMS_MAX 256

struct mill_block_table; /* deque_blocks.c */

struct mill_block {
    alignas(MILL_ISOLATION) _Atomic uint64_t share; /* what is taken, granted and wanted; deque_blocks.c */
    _Atomic uint32_t bottom;                        /* behind the youngest; written by the owner alone */
    void *_Atomic slots[];
};

/* Blocks are numbered from 0 on. A number that thieves have passed never comes again; the owner's goes up and
 * down above them. */
struct mill_block_deque {
    alignas(MILL_ISOLATION) _Atomic uint64_t oldest; /* that thieves look at; written by whoever finds it used
                                                        up, only upwards */
    alignas(MILL_ISOLATION) _Atomic uint64_t newest; /* the owner's; written by the owner alone */
    struct mill_block_table *_Atomic table;          /* written by the owner alone */
    struct mill_block *own;                          /* the block of number `newest`; the owner's */
    uint32_t items;                                  /* that a block holds */
};

/* With `blocks` (a power of two, 2 or more) of `items` each (1 … MILL_BLOCK_ITEMS_MAX) at first. 0; -EINVAL;
 * -ENOMEM. */
int mill_block_deque_init(struct mill_block_deque *deque, size_t blocks, uint32_t items);

/* Nobody uses it any more. Items that are still in it are forgotten. One that is zeroed and was never
 * initialised is fine. */
void mill_block_deque_destroy(struct mill_block_deque *deque);

/* 0; -ENOMEM: it is full and cannot grow, nothing was pushed. */
int mill_block_deque_push(struct mill_block_deque *deque, void *item);

void *mill_block_deque_pop(struct mill_block_deque *deque);

/* The owner takes what a thief would get, and grants it where nothing is granted. */
void *mill_block_deque_shift(struct mill_block_deque *deque);

/* Any thread. With `insist` an item that is there all the time is had in the end, whatever the owner does. */
void *mill_block_deque_steal(struct mill_block_deque *deque, bool insist);

/* A hint for others, exact for the owner as long as nobody steals. */
bool mill_block_deque_empty(const struct mill_block_deque *deque);

#endif

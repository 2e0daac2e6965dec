/* A ring of slots for queues under one lock. Whoever holds the lock uses it; the slots stand where the queue
 * has them, so that the lock and the three numbers share one cache line.
 */
#ifndef MILL_QUEUE_ITEM_RING_H
#define MILL_QUEUE_ITEM_RING_H

#include <stdbool.h>
#include <stdint.h>

struct mill_item_ring {
    uint32_t capacity;
    uint32_t count;
    uint32_t head; /* the slot of the oldest item */
};

/* False when it is full. */
static inline bool mill_item_ring_append(struct mill_item_ring *ring, void **slots, void *item)
{
    if (ring->count == ring->capacity) {
        return false;
    }
    uint32_t slot = ring->head + ring->count;
    slots[slot < ring->capacity ? slot : slot - ring->capacity] = item;
    ring->count++;
    return true;
}

/* The oldest item, or NULL when it is empty. */
static inline void *mill_item_ring_take(struct mill_item_ring *ring, void **slots)
{
    if (ring->count == 0) {
        return NULL;
    }
    void *item = slots[ring->head];
    ring->head = ring->head + 1 < ring->capacity ? ring->head + 1 : 0;
    ring->count--;
    return item;
}

#endif

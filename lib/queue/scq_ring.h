/* Nikolaev's Scalable Circular Queue (A Scalable, Portable, and Memory-Efficient Lock-Free FIFO Queue, DISC
 * 2019): a bounded FIFO ring that any number of threads put into and get from, with single-word operations
 * alone. scq.c makes a bounded queue of one, lscq.c an unbounded one of a list of them.
 *
 *     struct mill_scq *ring = mill_isolated_alloc(mill_scq_size(items));
 *     mill_scq_init(ring, items);                            items: a power of two
 *     status = mill_scq_put(ring, item);                     0; -EAGAIN: full; -EPIPE: closed
 *     status = mill_scq_get(ring, &item);                    0; -EAGAIN: empty; -EPIPE: closed and drained
 *
 * Items lie in an array; two rings of indices into it say which places hold items (`used`, in order) and
 * which are free. An index ring has twice as many slots as there are indices, so an enqueue always finds
 * room: it takes a position by fetch-and-add and writes its index there, unless a dequeue that was too early
 * has spoilt the slot; then it takes the next position. Dequeues that find nothing count a threshold down,
 * and below 0 there is nothing: that keeps dequeues from running after enqueues for ever.
 *
 * Lock-free: of the threads that are inside, one always gets on, whichever of the others have stopped. A
 * thread that stopped in a put or a get takes one place out of use, nothing else. Closed is a bit in the
 * position word of `used`, from which a put takes its position: the put is before or behind the closing.
 *
 * Orders: the operations on head, tail, threshold and slots are sequentially consistent, as the proof has it
 * (a put writes its slot and then the threshold and reads head; a get moves head and the threshold and then
 * reads slot and tail). On x86-64 that costs nothing over acquire and release: all writes but one are
 * read-modify-writes in any case, and that one is rare. Items are plain memory: the slot that carries the
 * index orders them.
 */
#ifndef MILL_QUEUE_SCQ_RING_H
#define MILL_QUEUE_SCQ_RING_H

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cacheline.h"
#include "core/pause.h"
#include "queue/positions.h"

#define MILL_SCQ_STEP   2u /* positions count in steps of two: the odd bit of `tail` says closed */
#define MILL_SCQ_CLOSED 1u

/* Looks that a dequeue gives an enqueue that has taken its position and not yet written its index. Spoiling
 * the slot at once would be as right, and would send both to the next one. */
#define MILL_SCQ_LOOKS  16

struct mill_index_ring {
    alignas(MILL_ISOLATION) _Atomic uint64_t tail;
    alignas(MILL_ISOLATION) _Atomic uint64_t head;
    alignas(MILL_ISOLATION) _Atomic int64_t threshold; /* dequeues that may still fail before it is empty */
    alignas(MILL_ISOLATION) uint64_t slots;            /* twice as many as indices; this line is only read */
    _Atomic uint64_t *entries;
};

/* An entry: the lap in the high bits, one bit that says it may be written without looking at `head` (safe),
 * and the index, all ones for none. The lap is that part of a position that does not choose the slot, so laps
 * and positions are compared alike. */
static inline uint64_t mill_scq_lap(const struct mill_index_ring *ring, uint64_t position_or_entry)
{
    return position_or_entry & ~(2 * ring->slots - 1);
}

static inline uint64_t mill_scq_none(const struct mill_index_ring *ring)
{
    return ring->slots - 1;
}

static inline uint64_t mill_scq_index(const struct mill_index_ring *ring, uint64_t entry)
{
    return entry & (ring->slots - 1);
}

static inline uint64_t mill_scq_safe(const struct mill_index_ring *ring)
{
    return ring->slots;
}

static inline bool mill_scq_before(uint64_t one, uint64_t other)
{
    return (int64_t)(one - other) < 0;
}

static inline _Atomic uint64_t *mill_scq_entry(const struct mill_index_ring *ring, uint64_t position)
{
    return &ring->entries[position / MILL_SCQ_STEP & (ring->slots - 1)];
}

/* A threshold of this lets every index be found, however the dequeues before have spoilt the slots. */
static inline int64_t mill_scq_full_threshold(const struct mill_index_ring *ring)
{
    return (int64_t)(ring->slots / 2 * 3 - 1);
}

/* With the indices 0 … `present` - 1 inside, before any other thread sees it. */
static inline void mill_index_ring_init(struct mill_index_ring *ring, _Atomic uint64_t *entries,
                                        uint64_t slots, uint64_t present)
{
    ring->slots = slots;
    ring->entries = entries;
    uint64_t first = mill_positions_first((size_t)slots, MILL_SCQ_STEP);
    uint64_t lap_before = first - MILL_SCQ_STEP * slots;
    for (uint64_t i = 0; i < slots; i++) {
        uint64_t content = i < present ? first | i : lap_before | mill_scq_none(ring);
        atomic_init(&entries[i], content | mill_scq_safe(ring));
    }
    atomic_init(&ring->head, first);
    atomic_init(&ring->tail, first + MILL_SCQ_STEP * present);
    atomic_init(&ring->threshold, present > 0 ? mill_scq_full_threshold(ring) : -1);
}

/* Writes the index at position `tail`, which is the caller's. False: a dequeue was there before, or its item
 * of an earlier lap is still there.
 *
 * A slot that is not safe was passed by the dequeue of some lap when the item of an earlier one was in it. If
 * that lap is this one, nobody would come for the index; it is not this one if `head` is not past it. */
static inline bool mill_index_ring_place(struct mill_index_ring *ring, uint64_t tail, uint64_t index)
{
    _Atomic uint64_t *slot = mill_scq_entry(ring, tail);
    uint64_t lap = mill_scq_lap(ring, tail);
    uint64_t entry = atomic_load(slot);
    while (mill_scq_before(mill_scq_lap(ring, entry), lap) &&
           mill_scq_index(ring, entry) == mill_scq_none(ring) &&
           ((entry & mill_scq_safe(ring)) || !mill_scq_before(tail, atomic_load(&ring->head)))) {
        if (atomic_compare_exchange_weak(slot, &entry, lap | mill_scq_safe(ring) | index)) {
            return true;
        }
    }
    return false;
}

/* 0 or -EPIPE. */
static inline int mill_index_ring_enqueue(struct mill_index_ring *ring, uint64_t index)
{
    uint64_t tail;
    do {
        tail = atomic_fetch_add(&ring->tail, MILL_SCQ_STEP);
        if (tail & MILL_SCQ_CLOSED) {
            return -EPIPE;
        }
    } while (!mill_index_ring_place(ring, tail, index));
    if (atomic_load(&ring->threshold) != mill_scq_full_threshold(ring)) {
        atomic_store(&ring->threshold, mill_scq_full_threshold(ring));
    }
    return 0;
}

/* `head` has run past `tail`: brings `tail` up, so that enqueues do not take positions that are over. */
static inline void mill_index_ring_catch_up(struct mill_index_ring *ring, uint64_t tail, uint64_t head)
{
    while (!atomic_compare_exchange_weak(&ring->tail, &tail, head | (tail & MILL_SCQ_CLOSED))) {
        head = atomic_load(&ring->head);
        if (!mill_scq_before(tail & ~(uint64_t)MILL_SCQ_CLOSED, head)) {
            return;
        }
    }
}

/* The index at position `head`, which is the caller's, or `none`: then no enqueue will succeed there. */
static inline uint64_t mill_index_ring_claimed(struct mill_index_ring *ring, uint64_t head)
{
    _Atomic uint64_t *slot = mill_scq_entry(ring, head);
    uint64_t lap = mill_scq_lap(ring, head);
    uint64_t entry = atomic_load(slot);
    for (unsigned looks = 0; looks < MILL_SCQ_LOOKS && mill_scq_lap(ring, entry) != lap &&
                             mill_scq_before(head, atomic_load(&ring->tail));
         looks++) {
        mill_pause();
        entry = atomic_load(slot);
    }
    uint64_t spoilt;
    do {
        if (mill_scq_lap(ring, entry) == lap) {
            atomic_fetch_or(slot, mill_scq_none(ring));
            return mill_scq_index(ring, entry);
        }
        bool free_slot = mill_scq_index(ring, entry) == mill_scq_none(ring);
        spoilt = free_slot ? lap | (entry & mill_scq_safe(ring)) | mill_scq_none(ring)
                           : entry & ~mill_scq_safe(ring);
    } while (mill_scq_before(mill_scq_lap(ring, entry), lap) && entry != spoilt &&
             !atomic_compare_exchange_weak(slot, &entry, spoilt));
    return mill_scq_none(ring);
}

/* Takes the next position. 0: `*index` was there; -EAGAIN: nothing, and none behind it; -ESTALE: nothing, but
 * perhaps behind it. What failed has yet to be counted. */
static inline int mill_index_ring_look(struct mill_index_ring *ring, uint64_t *index)
{
    uint64_t head = atomic_fetch_add(&ring->head, MILL_SCQ_STEP);
    *index = mill_index_ring_claimed(ring, head);
    if (*index != mill_scq_none(ring)) {
        return 0;
    }
    uint64_t next = head + MILL_SCQ_STEP, tail = atomic_load(&ring->tail);
    if (mill_scq_before(next, tail & ~(uint64_t)MILL_SCQ_CLOSED)) {
        return -ESTALE;
    }
    mill_index_ring_catch_up(ring, tail, next);
    return -EAGAIN;
}

/* 0 or -EAGAIN. */
static inline int mill_index_ring_dequeue(struct mill_index_ring *ring, uint64_t *index)
{
    if (atomic_load(&ring->threshold) < 0) {
        return -EAGAIN;
    }
    for (;;) {
        int status = mill_index_ring_look(ring, index);
        if (status == 0) {
            return 0;
        }
        if (atomic_fetch_sub(&ring->threshold, 1) <= 0 || status == -EAGAIN) {
            return -EAGAIN;
        }
    }
}

/* ---- the ring of items ---- */

struct mill_scq {
    struct mill_index_ring used;
    struct mill_index_ring unused;
    void **items;
};

/* Indices that the rings are laid out for, however few items they hold: the threshold is right for as many
 * threads at once as there are indices (Nikolaev 2019 has at most n threads on n indices). With fewer,
 * dequeues that stall before they count themselves as failed count the threshold down below an item that was
 * put meanwhile, and nobody finds that any more: the queue is empty and full for good (scq_test.c). */
#define MILL_SCQ_THREADS 1024u

static inline size_t mill_scq_indices(size_t items)
{
    return items > MILL_SCQ_THREADS ? items : MILL_SCQ_THREADS;
}

/* Bytes, when the index rings are laid out for `indices`, a power of two and no fewer than `items`. */
static inline size_t mill_scq_size_laid_out(size_t items, size_t indices)
{
    return MILL_ISOLATED_SIZE(sizeof(struct mill_scq)) + MILL_ISOLATED_SIZE(items * sizeof(void *)) +
           2 * MILL_ISOLATED_SIZE(2 * indices * sizeof(_Atomic uint64_t));
}

static inline void mill_scq_lay_out(struct mill_scq *ring, size_t items, size_t indices)
{
    char *place = (char *)ring + MILL_ISOLATED_SIZE(sizeof *ring);
    size_t entries = MILL_ISOLATED_SIZE(2 * indices * sizeof(_Atomic uint64_t));
    mill_index_ring_init(&ring->used, (_Atomic uint64_t *)(void *)place, 2 * indices, 0);
    mill_index_ring_init(&ring->unused, (_Atomic uint64_t *)(void *)(place + entries), 2 * indices, items);
    ring->items = (void **)(void *)(place + 2 * entries);
}

static inline size_t mill_scq_size(size_t items)
{
    return mill_scq_size_laid_out(items, mill_scq_indices(items));
}

/* In the `mill_scq_size(items)` bytes at `ring`, which are isolated. */
static inline void mill_scq_init(struct mill_scq *ring, size_t items)
{
    mill_scq_lay_out(ring, items, mill_scq_indices(items));
}

static inline bool mill_scq_closed(struct mill_scq *ring)
{
    return atomic_load(&ring->used.tail) & MILL_SCQ_CLOSED;
}

static inline int mill_scq_put(struct mill_scq *ring, void *item)
{
    if (mill_scq_closed(ring)) {
        return -EPIPE;
    }
    uint64_t index;
    int status = mill_index_ring_dequeue(&ring->unused, &index);
    if (status < 0) {
        return status;
    }
    ring->items[index] = item;
    return mill_index_ring_enqueue(&ring->used, index); /* closed: nobody needs the index any more */
}

static inline int mill_scq_get(struct mill_scq *ring, void **item)
{
    uint64_t index;
    while (mill_index_ring_dequeue(&ring->used, &index) < 0) {
        uint64_t tail = atomic_load(&ring->used.tail);
        if (!(tail & MILL_SCQ_CLOSED)) {
            return -EAGAIN;
        }
        /* Drained when each position that a put could have has its get. If not, the threshold ran out (or it
         * was empty before the last put): it is renewed, and head moves on. */
        if (!mill_scq_before(atomic_load(&ring->used.head), tail - MILL_SCQ_CLOSED)) {
            return -EPIPE;
        }
        atomic_store(&ring->used.threshold, mill_scq_full_threshold(&ring->used));
    }
    *item = ring->items[index];
    return mill_index_ring_enqueue(&ring->unused, index); /* 0: it is never closed */
}

static inline void mill_scq_close(struct mill_scq *ring)
{
    atomic_fetch_or(&ring->used.tail, MILL_SCQ_CLOSED);
}

#endif

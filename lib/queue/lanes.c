/* A lane for each producer, and consumers that go from lane to lane: unbounded, and in order for each
 * producer alone. What the order of all costs is seen beside it: here a put touches nothing that another
 * producer writes.
 *
 * A lane is a ring that one thread fills and any thread takes from, in the manner of Chase and Lev's deque
 * (2005) when nobody takes from the owner's end: `tail` is the producer's own word, `head` moves by
 * compare-and-swap, and a ring that is full is copied into one of twice the size. A consumer may still read
 * an old ring; what it finds there at `head` is right, or its swap fails. So old rings are kept until the
 * queue goes, less than as much again as the largest; they never shrink.
 *
 * A consumer stays with the lane where it last found something, for QUOTA items at most, and goes on to the
 * next when another consumer is faster: so consumers spread over the lanes by themselves. Nothing found at
 * all is exact: when the tails of all lanes are, after the look into them, what they were during it, there
 * was a moment between the two at which all were empty.
 *
 * A put is wait-free but for malloc and for the first of a thread, a get is lock-free until the queue is
 * closed; then it waits for the puts that are going on (gate.h).
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "queue/gate.h"
#include "queue/positions.h"
#include "queue/queue_list.h"

#define QUOTA           256  /* items that a consumer takes from one lane before it looks at the next */
#define FIRST_SLOTS_MAX 1024 /* of a lane's first ring; the hint of create is taken up to here */

struct ring {
    struct ring *smaller; /* the one before it, which a consumer may still read */
    uint64_t mask;
    _Atomic(void *) slots[]; /* atomic: a consumer that is late reads a slot while it is filled again */
};

/* In a thread's seat: what it puts into, and where it last took from. */
struct lane {
    alignas(MILL_ISOLATION) struct mill_gate_seat at_gate; /* first */
    struct lane *from;                                     /* of the thread as a consumer, as is the next */
    unsigned taken;                                        /* from there in a row */
    uint64_t limit;         /* of the thread as a producer: a put may go up to here, by the head last seen */
    _Atomic(uint64_t) tail; /* the position of the next put */
    _Atomic(struct ring *) ring; /* NULL: nothing was ever put */
    struct lane *next;           /* in the list of those that were put into; constant once it is listed */
    alignas(MILL_ISOLATION) _Atomic(uint64_t) head; /* the position of the next get */
    _Atomic(uint64_t) seen;                         /* a tail that a consumer saw */
};

struct lanes {
    struct mill_queue queue;
    struct mill_seats seats;
    struct mill_gate gate;
    size_t slots;                                         /* of a lane's first ring */
    alignas(MILL_ISOLATION) _Atomic(struct lane *) first; /* the lane that was listed last */
};

static struct lanes *lanes_of(struct mill_queue *queue)
{
    return (struct lanes *)queue;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    struct lanes *lanes = mill_isolated_alloc(sizeof *lanes);
    if (!lanes) {
        return -ENOMEM;
    }
    int status = mill_seats_open(&lanes->seats, sizeof(struct lane));
    if (status < 0) {
        free(lanes);
        return status;
    }
    lanes->slots = mill_positions_round_up(capacity < FIRST_SLOTS_MAX ? capacity : FIRST_SLOTS_MAX);
    *queue = &lanes->queue;
    return 0;
}

static void destroy(struct mill_queue *queue)
{
    struct lanes *lanes = lanes_of(queue);
    struct lane *lane = atomic_load_explicit(&lanes->first, memory_order_relaxed); /* nobody else is left */
    for (; lane; lane = lane->next) {
        struct ring *ring = atomic_load_explicit(&lane->ring, memory_order_relaxed);
        while (ring) {
            struct ring *smaller = ring->smaller;
            free(ring);
            ring = smaller;
        }
    }
    mill_seats_close(&lanes->seats);
    free(lanes);
}

/* ---- putting: the lane's own thread ---- */

/* Gives the lane a ring of `slots`, with what is between `head` and `tail` in it. 0 or -ENOMEM. */
static int set_ring(struct lane *lane, size_t slots, uint64_t head, uint64_t tail)
{
    struct ring *old = atomic_load_explicit(&lane->ring, memory_order_relaxed); /* its own word */
    struct ring *ring = mill_isolated_alloc(sizeof *ring + slots * sizeof ring->slots[0]);
    if (!ring) {
        return -ENOMEM;
    }
    ring->smaller = old;
    ring->mask = slots - 1;
    for (; head != tail; head++) {
        /* relaxed: both are this thread's, until the ring is published */
        void *item = atomic_load_explicit(&old->slots[head & old->mask], memory_order_relaxed);
        atomic_store_explicit(&ring->slots[head & ring->mask], item, memory_order_relaxed);
    }
    /* release: what is in the ring; pairs with the acquire in take */
    atomic_store_explicit(&lane->ring, ring, memory_order_release);
    return 0;
}

/* The thread's first put: makes its lane one that consumers look into. */
static int list(struct lanes *lanes, struct lane *lane)
{
    uint64_t position = mill_positions_first(lanes->slots, 1);
    if (set_ring(lane, lanes->slots, position, position) < 0) {
        return -ENOMEM;
    }
    lane->limit = position + lanes->slots;
    atomic_store_explicit(&lane->tail, position, memory_order_relaxed);
    atomic_store_explicit(&lane->head, position, memory_order_relaxed);
    atomic_store_explicit(&lane->seen, position, memory_order_relaxed);
    lane->next = atomic_load_explicit(&lanes->first, memory_order_relaxed);
    /* release: the lane, as it is now; pairs with the acquire in first_lane. Lanes listed before are handed
     * on, since every listing is a read-modify-write of the same word. */
    while (!atomic_compare_exchange_weak_explicit(&lanes->first, &lane->next, lane, memory_order_release,
                                                  memory_order_relaxed)) {
    }
    return 0;
}

/* There is no room up to the limit: looks again, and else makes some. 0 or -ENOMEM. */
static int make_room(struct lane *lane, uint64_t tail)
{
    const struct ring *ring = atomic_load_explicit(&lane->ring, memory_order_relaxed); /* its own word */
    /* acquire: pairs with the release of the swap in take; what was read from the slots was read before */
    uint64_t head = atomic_load_explicit(&lane->head, memory_order_acquire);
    size_t slots = ring->mask + 1;
    if (tail - head == slots) {
        slots *= 2;
        if (set_ring(lane, slots, head, tail) < 0) {
            return -ENOMEM;
        }
    }
    lane->limit = head + slots;
    return 0;
}

static int put(struct lanes *lanes, struct lane *lane, void *item)
{
    struct ring *ring = atomic_load_explicit(&lane->ring, memory_order_relaxed); /* its own word */
    if (!ring && list(lanes, lane) < 0) {
        return -ENOMEM;
    }
    uint64_t tail = atomic_load_explicit(&lane->tail, memory_order_relaxed); /* its own word */
    if (tail == lane->limit && make_room(lane, tail) < 0) {
        return -ENOMEM;
    }
    ring = atomic_load_explicit(&lane->ring, memory_order_relaxed);
    atomic_store_explicit(&ring->slots[tail & ring->mask], item, memory_order_relaxed);
    /* release: the item and the ring; pairs with the acquire in visible */
    atomic_store_explicit(&lane->tail, tail + 1, memory_order_release);
    return 0;
}

static int try_put(struct mill_queue *queue, void *item)
{
    struct lanes *lanes = lanes_of(queue);
    struct lane *lane = mill_seats_take(&lanes->seats);
    int status = mill_gate_enter(&lanes->gate, &lane->at_gate) ? put(lanes, lane, item) : -EPIPE;
    mill_gate_leave(&lane->at_gate);
    mill_seats_leave(&lanes->seats, lane);
    return status;
}

/* ---- getting: any thread ---- */

/* Is there an item at `head`? The tail is looked at only when by what consumers saw of it there is none; then
 * it is in `*tail`. */
static bool visible(struct lane *lane, uint64_t head, uint64_t *tail)
{
    /* acquire: pairs with the release below, of the consumer that saw the items */
    *tail = atomic_load_explicit(&lane->seen, memory_order_acquire);
    if ((int64_t)(*tail - head) > 0) {
        return true;
    }
    /* acquire: pairs with the release in put */
    *tail = atomic_load_explicit(&lane->tail, memory_order_acquire);
    if (*tail == head) {
        return false;
    }
    /* release: pairs with the acquire above. It may fall back behind what a faster consumer wrote. */
    atomic_store_explicit(&lane->seen, *tail, memory_order_release);
    return true;
}

enum look {
    FOUND,
    NOTHING,
    TAKEN, /* another consumer was faster: there may be more */
};

/* One try to take the first item of a lane; of NOTHING, `*tail` is how far it was filled. */
static enum look take(struct lane *lane, void **item, uint64_t *tail)
{
    /* acquire: pairs with the release of the swap below, so that what that consumer saw of the tail is seen
     */
    uint64_t head = atomic_load_explicit(&lane->head, memory_order_acquire);
    if (!visible(lane, head, tail)) {
        return NOTHING;
    }
    /* acquire: pairs with the release in set_ring. It is the ring that the item was put into, or a later one,
     * into which it was copied unless it has been taken. */
    struct ring *ring = atomic_load_explicit(&lane->ring, memory_order_acquire);
    /* relaxed: right if the swap succeeds */
    void *first = atomic_load_explicit(&ring->slots[head & ring->mask], memory_order_relaxed);
    /* acq_rel: the slot was read before, pairs with the acquire in make_room; acquire: see above */
    if (!atomic_compare_exchange_strong_explicit(&lane->head, &head, head + 1, memory_order_acq_rel,
                                                 memory_order_relaxed)) {
        return TAKEN;
    }
    *item = first;
    return FOUND;
}

static struct lane *first_lane(const struct lanes *lanes)
{
    /* acquire: pairs with the release in list */
    return atomic_load_explicit(&lanes->first, memory_order_acquire);
}

/* The lanes from `from` on, once around. Adds up in `*filled` how far those are that had nothing. */
static enum look look_around(const struct lanes *lanes, struct lane *from, struct lane **where, void **item,
                             uint64_t *filled)
{
    enum look seen = NOTHING;
    struct lane *lane = from;
    do {
        uint64_t tail;
        enum look look = take(lane, item, &tail);
        if (look == FOUND) {
            *where = lane;
            return FOUND;
        }
        if (look == TAKEN) {
            seen = TAKEN;
        }
        *filled += tail;
        lane = lane->next ? lane->next : first_lane(lanes);
    } while (lane != from);
    return seen;
}

/* How far all lanes are filled. A sum of numbers that only grow: it is the same again only if each is. */
static uint64_t filled_now(const struct lanes *lanes)
{
    uint64_t filled = 0;
    for (struct lane *lane = first_lane(lanes); lane; lane = lane->next) {
        /* acquire: the tails read before this one are not read later; what it saw is not older */
        filled += atomic_load_explicit(&lane->tail, memory_order_acquire);
    }
    return filled;
}

static int get(const struct lanes *lanes, struct lane *own, void **item)
{
    if (own->taken == QUOTA) {
        own->from = own->from->next;
        own->taken = 0;
    }
    if (!own->from) {
        own->from = first_lane(lanes);
    }
    if (!own->from) {
        return -EAGAIN;
    }
    for (;;) {
        uint64_t filled = 0;
        struct lane *where = own->from;
        enum look look = look_around(lanes, own->from, &where, item, &filled);
        if (look == FOUND) {
            own->taken = where == own->from ? own->taken + 1 : 1;
            own->from = where;
            return 0;
        }
        if (look == NOTHING && filled == filled_now(lanes)) {
            return -EAGAIN;
        }
    }
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct lanes *lanes = lanes_of(queue);
    struct lane *own = mill_seats_take(&lanes->seats);
    int status = get(lanes, own, item);
    if (status == -EAGAIN && mill_gate_is_shut(&lanes->gate, &lanes->seats)) {
        status = get(lanes, own, item);
        status = status == -EAGAIN ? -EPIPE : status;
    }
    mill_seats_leave(&lanes->seats, own);
    return status;
}

static void close_lanes(struct mill_queue *queue)
{
    mill_gate_shut(&lanes_of(queue)->gate);
}

const struct mill_queue_ops mill_queue_lanes = {
    .about =
        {
            .name = "lanes",
            .summary = "unbounded: a growing ring for each producer, which consumers go around",
            .source =
                "ours; a lane is Chase and Lev, Dynamic Circular Work-Stealing Deque, 2005; the idea of "
                "a queue for each producer is Desrochers', moodycamel::ConcurrentQueue, 2014",
            .algorithm = "producer-lists",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_QUEUE_PRODUCER_ORDER,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_lanes,
};

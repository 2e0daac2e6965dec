/* The graph: a lock has a list of edges, each of which is an order in which one thread took another lock
 * while it held this one, with all that it held then. A new edge looks for a way back, along edges that could
 * all be under way at the same time. An edge that is there already has looked, and so has whatever came
 * since.
 */
#include "hunt/lock_order.h"

#include <errno.h>
#include <string.h>

#include "hunt/births.h"
#include "hunt/places.h"
#include "hunt/reserve.h"
#include "hunt/step.h"
#include "hunt/vector_clock.h"

#define LOCK_SLOTS (2u * MILL_LOCKS) /* at most half of them used, so that a search ends soon */
#define LOOKS      100000u           /* edges that one search goes through at most */

struct lock {
    uintptr_t address; /* 0: the slot is free */
    uint32_t renewals; /* edges with another number are of an earlier lock at the address */
    uint32_t edges;    /* of which it is the one held; 0: none */
    uint64_t schedule; /* in which it was seen last */
};

/* A lock that is, or was, held. */
struct held {
    uint32_t lock, renewals;
    unsigned depth;
    struct mill_lock_taken taken;
};

struct edge {
    uint32_t next;
    uint32_t to, to_renewals;
    uint32_t held_count, from; /* held[from] is the lock whose list this is in */
    uint32_t known;            /* the thread, over all schedules */
    struct mill_clock clock;
    uint64_t schedule;
    struct mill_lock_taken wanted;
    struct held held[MILL_LOCK_HELD];
};

struct thread {
    uint32_t known;          /* its number over all schedules, or MILL_BIRTH_UNKNOWN */
    uint32_t spawns;         /* its own component of `clock` is one more */
    struct mill_clock clock; /* of creation and join alone, by known numbers */
    unsigned held_count;
    struct held held[MILL_LOCK_HELD];
};

struct graph {
    struct lock lock[LOCK_SLOTS];
    unsigned lock_count;
    struct edge edge[MILL_LOCK_ORDERS + 1]; /* from 1 */
    uint32_t edge_count, edge_free;
    struct mill_births births;
    struct thread thread[MILL_HUNT_THREADS];
    unsigned threads;
    uint64_t schedule;
    bool exhausted;
    struct mill_places told;
};

static struct graph *graph; /* all of it is forgotten at once; what is not is here: */
static struct mill_clocks clocks;
static unsigned fresh_count;
static struct {
    uintptr_t address;
    size_t size;
} fresh[MILL_LOCK_FRESHES];

/* ---- locks ---- */

static bool is_fresh(uintptr_t address)
{
    for (unsigned i = 0; i < fresh_count; i++) {
        if (address - fresh[i].address < fresh[i].size) {
            return true;
        }
    }
    return false;
}

static uint64_t mix(uint64_t word)
{
    word = (word ^ (word >> 31)) * 0x9e3779b97f4a7c15ull;
    return word ^ (word >> 29);
}

/* Its slot, or the free one where it would be. */
static uint32_t lock_slot(uintptr_t address)
{
    uint32_t slot = (uint32_t)(mix(address) % LOCK_SLOTS);
    while (graph->lock[slot].address != 0 && graph->lock[slot].address != address) {
        slot = (slot + 1) % LOCK_SLOTS;
    }
    return slot;
}

static void edge_free(uint32_t number)
{
    struct edge *edge = &graph->edge[number];
    mill_clock_clear(&clocks, &edge->clock);
    edge->next = graph->edge_free;
    graph->edge_free = number;
}

static void renew(struct lock *lock)
{
    lock->renewals++;
    while (lock->edges != 0) {
        uint32_t number = lock->edges;
        lock->edges = graph->edge[number].next;
        edge_free(number);
    }
}

/* UINT32_MAX: there is no room. */
static uint32_t lock_find(uintptr_t address)
{
    uint32_t slot = lock_slot(address);
    struct lock *lock = &graph->lock[slot];
    if (lock->address == 0) {
        if (graph->lock_count == MILL_LOCKS) {
            graph->exhausted = true;
            return UINT32_MAX;
        }
        graph->lock_count++;
        lock->address = address;
    } else if (lock->schedule != graph->schedule && is_fresh(address)) {
        renew(lock);
    }
    lock->schedule = graph->schedule;
    return slot;
}

void mill_lock_order_renewed(uintptr_t address)
{
    struct lock *lock = &graph->lock[lock_slot(address)];
    if (lock->address != 0) {
        renew(lock);
    }
}

/* ---- edges ---- */

/* Of a lock that is no more? */
static bool is_stale(const struct edge *edge)
{
    for (unsigned i = 0; i < edge->held_count; i++) {
        if (graph->lock[edge->held[i].lock].renewals != edge->held[i].renewals) {
            return true;
        }
    }
    return graph->lock[edge->to].renewals != edge->to_renewals;
}

static void drop_stale_edges(struct lock *lock)
{
    for (uint32_t *link = &lock->edges; *link != 0;) {
        uint32_t number = *link;
        if (is_stale(&graph->edge[number])) {
            *link = graph->edge[number].next;
            edge_free(number);
        } else {
            link = &graph->edge[number].next;
        }
    }
}

/* 0: there is no room. */
static uint32_t edge_new(void)
{
    if (graph->edge_free == 0 && graph->edge_count == MILL_LOCK_ORDERS) {
        for (unsigned i = 0; i < LOCK_SLOTS; i++) {
            drop_stale_edges(&graph->lock[i]);
        }
    }
    uint32_t number = graph->edge_free;
    if (number != 0) {
        graph->edge_free = graph->edge[number].next;
    } else if (graph->edge_count < MILL_LOCK_ORDERS) {
        number = ++graph->edge_count;
    } else {
        graph->exhausted = true;
    }
    return number;
}

static bool same_clock(const struct mill_clock *a, const struct mill_clock *b)
{
    unsigned length = a->length > b->length ? a->length : b->length;
    for (unsigned i = 0; i < length; i++) {
        if (mill_clock_get(&clocks, a, i) != mill_clock_get(&clocks, b, i)) {
            return false;
        }
    }
    return true;
}

static bool same_taken(const struct mill_lock_taken *a, const struct mill_lock_taken *b)
{
    return a->pc == b->pc && a->shared == b->shared;
}

/* The same as the thread's present order, held[from] before `taken`? */
static bool is_same(const struct edge *edge, const struct thread *thread, unsigned from, uint32_t to,
                    const struct mill_lock_taken *taken)
{
    if (edge->known != thread->known || edge->to != to || edge->to_renewals != graph->lock[to].renewals ||
        edge->from != from || edge->held_count != thread->held_count || !same_taken(&edge->wanted, taken)) {
        return false;
    }
    for (unsigned i = 0; i < edge->held_count; i++) {
        if (edge->held[i].lock != thread->held[i].lock ||
            edge->held[i].renewals != thread->held[i].renewals ||
            !same_taken(&edge->held[i].taken, &thread->held[i].taken)) {
            return false;
        }
    }
    return same_clock(&edge->clock, &thread->clock);
}

/* NULL: it is there already, or there is no room. */
static const struct edge *edge_add(const struct thread *thread, unsigned from, uint32_t to,
                                   const struct mill_lock_taken *taken)
{
    struct lock *held = &graph->lock[thread->held[from].lock];
    drop_stale_edges(held);
    for (uint32_t number = held->edges; number != 0; number = graph->edge[number].next) {
        if (is_same(&graph->edge[number], thread, from, to, taken)) {
            return NULL;
        }
    }
    uint32_t number = edge_new();
    if (number == 0) {
        return NULL;
    }
    struct edge *edge = &graph->edge[number];
    *edge = (struct edge){
        .next = held->edges,
        .to = to,
        .to_renewals = graph->lock[to].renewals,
        .held_count = thread->held_count,
        .from = from,
        .known = thread->known,
        .schedule = graph->schedule,
        .wanted = *taken,
    };
    memcpy(edge->held, thread->held, thread->held_count * sizeof *edge->held);
    mill_clock_join(&clocks, &edge->clock, &thread->clock);
    held->edges = number;
    return edge;
}

/* ---- cycles ---- */

struct search {
    const struct edge *path[MILL_LOCK_CYCLE];
    unsigned length;
    unsigned looks;
    struct mill_lock_cycle *cycle;
};

static bool comes_before(const struct edge *a, const struct edge *b)
{
    return mill_clock_get(&clocks, &a->clock, a->known) <= mill_clock_get(&clocks, &b->clock, a->known);
}

/* Can both be under way at the same time? Those of one thread are always ordered. */
static bool can_meet(const struct edge *a, const struct edge *b)
{
    if (comes_before(a, b) || comes_before(b, a)) {
        return false;
    }
    for (unsigned i = 0; i < a->held_count; i++) {
        for (unsigned j = 0; j < b->held_count; j++) {
            if (a->held[i].lock == b->held[j].lock && !(a->held[i].taken.shared && b->held[j].taken.shared)) {
                return false;
            }
        }
    }
    return true;
}

/* Does `a` wait for what `b` holds? */
static bool waits_for(const struct edge *a, const struct edge *b)
{
    const struct held *held = &b->held[b->from];
    return a->to == held->lock && !(a->wanted.shared && held->taken.shared);
}

static bool fits(const struct search *search, const struct edge *edge)
{
    for (unsigned i = 0; i < search->length; i++) {
        if (!can_meet(search->path[i], edge)) {
            return false;
        }
    }
    return !is_stale(edge);
}

/* The path is closed. Told once for its places, wherever it begins. */
static bool tell(const struct search *search)
{
    uint64_t sum = 0;
    uint64_t mixed = 0;
    for (unsigned i = 0; i < search->length; i++) {
        sum += (uintptr_t)search->path[i]->wanted.pc;
        mixed ^= mix((uintptr_t)search->path[i]->wanted.pc);
    }
    if (!mill_places_first(&graph->told, sum, mixed)) {
        return false;
    }
    search->cycle->count = search->length;
    for (unsigned i = 0; i < search->length; i++) {
        const struct edge *edge = search->path[i];
        search->cycle->order[i] = (struct mill_lock_order){
            .held = edge->held[edge->from].taken,
            .wanted = edge->wanted,
            .earlier = edge->schedule != graph->schedule,
        };
    }
    return true;
}

/* Goes on from the last edge of the path. */
static bool find_way_back(struct search *search)
{
    const struct edge *last = search->path[search->length - 1];
    for (uint32_t number = graph->lock[last->to].edges; number != 0; number = graph->edge[number].next) {
        const struct edge *edge = &graph->edge[number];
        if (search->looks++ == LOOKS) {
            graph->exhausted = true;
        }
        if (search->looks > LOOKS) {
            return false;
        }
        if (!waits_for(last, edge) || !fits(search, edge)) {
            continue;
        }
        search->path[search->length++] = edge;
        bool closed = waits_for(edge, search->path[0]);
        if (closed ? tell(search) : search->length < MILL_LOCK_CYCLE && find_way_back(search)) {
            return true;
        }
        search->length--;
    }
    return false;
}

/* ---- threads and what they hold ---- */

static struct held *held_by(struct thread *thread, uint32_t lock)
{
    for (unsigned i = 0; i < thread->held_count; i++) {
        if (thread->held[i].lock == lock) {
            return &thread->held[i];
        }
    }
    return NULL;
}

bool mill_lock_order_acquired(const struct mill_lock_taken *taken, struct mill_lock_cycle *cycle)
{
    struct thread *thread = &graph->thread[taken->thread];
    uint32_t lock = thread->known != MILL_BIRTH_UNKNOWN ? lock_find(taken->lock) : UINT32_MAX;
    if (lock == UINT32_MAX) {
        return false;
    }
    struct held *held = held_by(thread, lock);
    if (held) {
        held->depth++;
        return false;
    }
    bool found = false;
    for (unsigned from = 0; from < thread->held_count && !taken->tried; from++) {
        const struct edge *edge = edge_add(thread, from, lock, taken);
        if (edge && !found) {
            struct search search = {.path = {edge}, .length = 1, .cycle = cycle};
            found = find_way_back(&search);
        }
    }
    if (thread->held_count == MILL_LOCK_HELD) {
        graph->exhausted = true;
        return found;
    }
    thread->held[thread->held_count++] =
        (struct held){.lock = lock, .renewals = graph->lock[lock].renewals, .depth = 1, .taken = *taken};
    return found;
}

void mill_lock_order_released(unsigned thread, uintptr_t lock)
{
    struct thread *own = &graph->thread[thread];
    struct held *held = held_by(own, lock_slot(lock));
    if (held && --held->depth == 0) {
        unsigned place = (unsigned)(held - own->held);
        own->held_count--;
        memmove(held, held + 1, (own->held_count - place) * sizeof *held);
    }
}

static void thread_begin(unsigned number, uint32_t known)
{
    struct thread *thread = &graph->thread[number];
    thread->known = known;
    thread->spawns = 0;
    thread->held_count = 0;
    if (known != MILL_BIRTH_UNKNOWN) {
        mill_clock_set(&clocks, &thread->clock, known, 1);
    }
    if (number >= graph->threads) {
        graph->threads = number + 1;
    }
}

void mill_lock_order_spawned(unsigned parent, unsigned child)
{
    struct thread *creator = &graph->thread[parent];
    uint32_t known = mill_births_number(&graph->births, creator->known, creator->spawns);
    graph->exhausted |= known == MILL_BIRTH_UNKNOWN;
    thread_begin(child, known);
    mill_clock_join(&clocks, &graph->thread[child].clock, &creator->clock);
    creator->spawns++;
    if (creator->known != MILL_BIRTH_UNKNOWN) {
        mill_clock_set(&clocks, &creator->clock, creator->known, creator->spawns + 1);
    }
}

void mill_lock_order_joined(unsigned parent, unsigned child)
{
    mill_clock_join(&clocks, &graph->thread[parent].clock, &graph->thread[child].clock);
}

/* ---- the life of all this ---- */

int mill_lock_order_open(void)
{
    graph = mill_reserve(sizeof *graph, NULL);
    if (!graph) {
        return -ENOMEM;
    }
    int status = mill_clocks_open(&clocks);
    if (status < 0) {
        mill_lock_order_close();
        return status;
    }
    mill_lock_order_forget();
    return 0;
}

void mill_lock_order_forget(void)
{
    mill_reserve_clear(graph, sizeof *graph);
    mill_clocks_begin(&clocks);
    mill_lock_order_begin();
}

void mill_lock_order_close(void)
{
    mill_clocks_close(&clocks);
    mill_unreserve(graph, sizeof *graph);
    graph = NULL;
    fresh_count = 0;
}

int mill_lock_order_fresh(uintptr_t address, size_t size)
{
    if (fresh_count == MILL_LOCK_FRESHES) {
        return -ENOSPC;
    }
    fresh[fresh_count].address = address;
    fresh[fresh_count].size = size;
    fresh_count++;
    return 0;
}

void mill_lock_order_begin(void)
{
    for (unsigned i = 0; i < graph->threads; i++) {
        mill_clock_clear(&clocks, &graph->thread[i].clock);
    }
    graph->threads = 0;
    graph->schedule++;
    thread_begin(0, MILL_BIRTH_FIRST);
}

bool mill_lock_order_exhausted(void)
{
    return graph->exhausted;
}

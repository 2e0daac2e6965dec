#include "queue/hazard.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "queue/reclaim_list.h"

/* Slots that are compared with the retired objects in one go: few enough for the stack, and for glibc's qsort
 * to need no memory (below 1024 bytes). With more in use the scan goes round again. */
#define HELD_AT_ONCE 120

int mill_hazards_open(struct mill_hazards *hazards, const struct mill_retired_options *options)
{
    return mill_reclaim_open_seats(&hazards->seats, &hazards->options, options,
                                   sizeof(struct mill_hazard_seat));
}

void mill_hazards_close(struct mill_hazards *hazards)
{
    struct mill_hazard_seat *seat;
    for (unsigned cursor = 0; (seat = mill_seats_next(&hazards->seats, &cursor));) {
        if (seat->retired) {
            hazards->options.free(hazards->options.context, seat->retired);
        }
    }
    mill_seats_close(&hazards->seats);
}

/* ---- the scan ---- */

/* A walk over all slots of all threads. */
struct walk {
    const struct mill_seats *seats;
    unsigned cursor;
    const struct mill_hazard_seat *seat; /* NULL at the end */
};

static void next_seat(struct walk *walk)
{
    walk->seat = mill_seats_next(walk->seats, &walk->cursor);
}

/* Whole seats, as many as there is room for. */
static size_t gather(struct walk *walk, uintptr_t *held)
{
    size_t count = 0;
    for (; walk->seat && count <= HELD_AT_ONCE - MILL_HAZARDS; next_seat(walk)) {
        for (unsigned slot = 0; slot < MILL_HAZARDS; slot++) {
            /* acquire: the readers' last looks come before the free; pairs with the release in protect */
            uintptr_t object =
                (uintptr_t)atomic_load_explicit(&walk->seat->slots[slot], memory_order_acquire);
            if (object) {
                held[count++] = object;
            }
        }
    }
    return count;
}

static int compare(const void *a, const void *b)
{
    uintptr_t left = *(const uintptr_t *)a, right = *(const uintptr_t *)b;
    return (left > right) - (left < right);
}

/* Takes the objects that are held out of *chain, and puts them before `kept`. */
static struct mill_retired *sift(struct mill_retired **chain, struct mill_retired *kept, uintptr_t *held,
                                 size_t count)
{
    qsort(held, count, sizeof held[0], compare);
    for (struct mill_retired **link = chain; *link;) {
        struct mill_retired *object = *link;
        uintptr_t key = (uintptr_t)object;
        if (bsearch(&key, held, count, sizeof held[0], compare)) {
            *link = object->next;
            object->next = kept;
            kept = object;
        } else {
            link = &object->next;
        }
    }
    return kept;
}

/* Everything in seat->retired was out of the structure before the heavy fence. A reader whose slot is not
 * seen behind it has yet to look at the place where it found the object, and will see that it is gone. */
void mill_hazards_collect(struct mill_hazards *hazards, struct mill_hazard_seat *seat)
{
    uintptr_t held[HELD_AT_ONCE];
    struct mill_retired *chain = seat->retired;
    struct mill_retired *kept = NULL;
    mill_fence_heavy();
    struct walk walk = {.seats = &hazards->seats};
    next_seat(&walk);
    while (walk.seat) {
        size_t count = gather(&walk, held);
        kept = count > 0 ? sift(&chain, kept, held, count) : kept;
    }
    seat->retired = kept;
    seat->fresh = 0;
    if (chain) {
        hazards->options.free(hazards->options.context, chain);
    }
}

void mill_hazard_retire(struct mill_hazards *hazards, struct mill_hazard_seat *seat,
                        struct mill_retired *object)
{
    object->next = seat->retired;
    seat->retired = object;
    if (++seat->fresh >= hazards->options.batch) {
        mill_hazards_collect(hazards, seat);
    }
}

/* A scan leaves no more than there are slots, and a batch comes on top before the next. */
size_t mill_hazards_bound(const struct mill_hazards *hazards)
{
    size_t seats = (size_t)mill_thread_index_limit() + 1; /* and the guest's */
    return seats * (seats * MILL_HAZARDS + hazards->options.batch);
}

/* ---- as a strategy of the family ---- */

struct mill_reclaim {
    struct mill_hazards hazards;
};

static int create(const struct mill_retired_options *options, struct mill_reclaim **domain)
{
    struct mill_reclaim *made = mill_isolated_alloc(sizeof *made);
    int status = made ? mill_hazards_open(&made->hazards, options) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    *domain = made;
    return 0;
}

static void destroy(struct mill_reclaim *domain)
{
    mill_hazards_close(&domain->hazards);
    free(domain);
}

static void *enter(struct mill_reclaim *domain)
{
    return mill_hazards_enter(&domain->hazards);
}

static struct mill_retired *acquire(void *seat, unsigned slot, _Atomic(struct mill_retired *) *source)
{
    return mill_hazard_acquire(seat, slot, source);
}

static void retire(struct mill_reclaim *domain, void *seat, struct mill_retired *object)
{
    mill_hazard_retire(&domain->hazards, seat, object);
}

static void collect(struct mill_reclaim *domain, void *seat)
{
    mill_hazards_collect(&domain->hazards, seat);
}

static void leave(struct mill_reclaim *domain, void *seat)
{
    mill_hazards_leave(&domain->hazards, seat);
}

static size_t bound(const struct mill_reclaim *domain)
{
    return mill_hazards_bound(&domain->hazards);
}

const struct mill_reclaim_ops mill_reclaim_hazard = {
    .about =
        {
            .name = "hazard",
            .summary = "hazard pointers: a reader names the objects that it looks at",
            .source = "Michael 2004",
            .progress = MILL_LOCK_FREE,
        },
    .create = create,
    .destroy = destroy,
    .enter = enter,
    .acquire = acquire,
    .retire = retire,
    .collect = collect,
    .leave = leave,
    .bound = bound,
};

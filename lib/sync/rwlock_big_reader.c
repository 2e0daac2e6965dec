/* A word for each thread that reads, on a line of its own (the "big reader lock" of Linux 2.4; Hsieh and
 * Weihl 1992): a reader writes nowhere else, a writer looks at all of them. Reads scale, writes pay.
 *
 * A reader counts itself in and then looks for a writer; a writer says that it is there and then looks for
 * readers. Both are sequentially consistent, so at least one sees the other.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "core/backoff.h"
#include "core/cacheline.h"
#include "core/thread_index.h"
#include "sync/rwlock_list.h"

#define PLACES 64u /* the last is for all threads beyond, which is right and slower */

struct place {
    alignas(MILL_ISOLATION) _Atomic uint32_t readers;
};

struct mill_rwlock {
    alignas(MILL_ISOLATION) _Atomic uint32_t writer;
    struct place places[PLACES];
};

static struct place *own_place(struct mill_rwlock *lock)
{
    int index = mill_thread_index();
    return &lock->places[index < 0 || (unsigned)index >= PLACES ? PLACES - 1 : (unsigned)index];
}

static bool is_shared(const struct mill_rwlock *lock, const struct place *place)
{
    return place == &lock->places[PLACES - 1];
}

/* relaxed: the thread's own, or, where its number was another's, ordered by how it came by it. */
static uint32_t own_readers(const struct place *place)
{
    return atomic_load_explicit(&place->readers, memory_order_relaxed);
}

/* A place of its own needs no update in one piece. release: pairs with the writer's look. */
static void leave(const struct mill_rwlock *lock, struct place *place)
{
    if (is_shared(lock, place)) {
        atomic_fetch_sub_explicit(&place->readers, 1, memory_order_release);
    } else {
        atomic_store_explicit(&place->readers, own_readers(place) - 1, memory_order_release);
    }
}

static bool enter(struct mill_rwlock *lock, struct place *place)
{
    /* seq_cst: before the look at `writer`; pairs with write_acquire. acquire of what a writer wrote comes
     * with the load. */
    if (is_shared(lock, place)) {
        atomic_fetch_add_explicit(&place->readers, 1, memory_order_seq_cst);
    } else {
        atomic_store_explicit(&place->readers, own_readers(place) + 1, memory_order_seq_cst);
    }
    if (atomic_load_explicit(&lock->writer, memory_order_seq_cst) == 0) {
        return true;
    }
    leave(lock, place); /* it has read nothing */
    return false;
}

static void read_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    struct place *place = own_place(lock);
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    me->place = place;
    while (!enter(lock, place)) {
        do {
            mill_backoff_wait(&backoff);
            /* relaxed: only a hint */
        } while (atomic_load_explicit(&lock->writer, memory_order_relaxed) != 0);
    }
}

static bool read_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    struct place *place = own_place(lock);
    me->place = place;
    return enter(lock, place);
}

static void read_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    leave(lock, me->place);
}

static bool claim(struct mill_rwlock *lock)
{
    uint32_t writer = 0;
    /* seq_cst: before the looks at the places; pairs with `enter`, and with the writer before */
    return atomic_compare_exchange_strong_explicit(&lock->writer, &writer, 1, memory_order_seq_cst,
                                                   memory_order_relaxed);
}

static void write_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    (void)me;
    while (!claim(lock)) {
        mill_backoff_wait(&backoff);
    }
    for (unsigned i = 0; i < PLACES; i++) {
        backoff = MILL_BACKOFF_INIT;
        while (atomic_load_explicit(&lock->places[i].readers, memory_order_seq_cst) != 0) {
            mill_backoff_wait(&backoff);
        }
    }
}

static void write_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    /* release: pairs with the look in `enter`, and with the next writer's claim */
    atomic_store_explicit(&lock->writer, 0, memory_order_release);
}

static bool write_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    if (!claim(lock)) {
        return false;
    }
    for (unsigned i = 0; i < PLACES; i++) {
        if (atomic_load_explicit(&lock->places[i].readers, memory_order_seq_cst) != 0) {
            write_release(lock, me);
            return false;
        }
    }
    return true;
}

const struct mill_rwlock_ops mill_rwlock_big_reader = {
    .about =
        {
            .name = "big-reader",
            .summary = "a word for each thread that reads; a writer looks at them all",
            .source = "Hsieh and Weihl 1992; Linux 2.4, brlock",
            .traits = MILL_SPINS | MILL_SERVES_WRITERS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_rwlock),
        },
    .read_acquire = read_acquire,
    .read_try = read_try,
    .read_release = read_release,
    .write_acquire = write_acquire,
    .write_try = write_try,
    .write_release = write_release,
};

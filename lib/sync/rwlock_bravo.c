/* BRAVO (Dice and Kogan 2019): in front of any read-write lock stands a table of visible readers. While the
 * lock is biased to readers they only leave a word in the table and never touch the lock; a writer takes the
 * lock, ends the bias and waits until the words are gone. How long that took decides how long there is no
 * bias: a writer loses no more than a tenth of its time to it.
 *
 * The table is one for all locks of the process, as in the paper. Unlike there, a thread's place is not
 * hashed: the lock says where its places begin, the thread's number which of them it is, a line apart. So two
 * readers of one lock share no line, and a writer looks at PLACES words and not at the whole table. Two locks
 * may share places; who finds its own taken goes to the lock behind, which must be one that needs no context.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "core/backoff.h"
#include "core/cacheline.h"
#include "core/clock.h"
#include "core/thread_index.h"
#include "sync/rwlock_list.h"

#define PLACES  64u /* of one lock */
#define TABLE   256u
#define INHIBIT 9u /* so many times as long as a revocation took */

struct place {
    alignas(MILL_ISOLATION) struct mill_rwlock *_Atomic reads; /* the lock that is read, or NULL */
};

/* Who reads by way of bias, in this process: the one context that changes here. All NULL while nobody does.
 */
static struct place visible[TABLE];

struct mill_rwlock {
    const struct mill_rwlock_ops *ops; /* of the lock behind */
    struct mill_rwlock *behind;
    _Atomic uint32_t biased;
    _Atomic uint64_t inhibited_until; /* mill_now_ns; written by writers while they hold the lock behind */
};

static struct place *place_of(struct mill_rwlock *lock, unsigned index)
{
    uint64_t hash = (uint64_t)(uintptr_t)lock * 0x9e3779b97f4a7c15ull; /* Fibonacci hashing */
    return &visible[((unsigned)(hash >> 32) + index) % TABLE];
}

/* Reads by bias, or not at all. */
static bool read_visibly(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    struct mill_rwlock *none = NULL;
    int index = mill_thread_index();
    me->place = NULL;
    /* relaxed: looked at again below */
    if (index < 0 || !atomic_load_explicit(&lock->biased, memory_order_relaxed)) {
        return false;
    }
    struct place *place = place_of(lock, (unsigned)index % PLACES);
    /* seq_cst: before the second look; pairs with `revoke` */
    if (!atomic_compare_exchange_strong_explicit(&place->reads, &none, lock, memory_order_seq_cst,
                                                 memory_order_relaxed)) {
        return false;
    }
    /* and acquire: pairs with the release in `bias`, which a reader did behind the last writer */
    if (atomic_load_explicit(&lock->biased, memory_order_seq_cst)) {
        me->place = place;
        return true;
    }
    atomic_store_explicit(&place->reads, NULL, memory_order_relaxed); /* it has read nothing */
    return false;
}

/* By one that holds the lock behind for reading, so that no writer is there. */
static void bias(struct mill_rwlock *lock)
{
    /* relaxed: the last writer's, which the lock behind orders */
    if (!atomic_load_explicit(&lock->biased, memory_order_relaxed) &&
        mill_now_ns() >= atomic_load_explicit(&lock->inhibited_until, memory_order_relaxed)) {
        atomic_store_explicit(&lock->biased, 1, memory_order_release);
    }
}

static void read_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    if (!read_visibly(lock, me)) {
        struct mill_rwlock_context inner;
        lock->ops->read_acquire(lock->behind, &inner);
        bias(lock);
    }
}

static bool read_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    struct mill_rwlock_context inner;
    return read_visibly(lock, me) || lock->ops->read_try(lock->behind, &inner);
}

static void read_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    struct place *place = me->place;
    if (place) {
        /* release: pairs with the look in `revoke` */
        atomic_store_explicit(&place->reads, NULL, memory_order_release);
    } else {
        struct mill_rwlock_context inner = {NULL};
        lock->ops->read_release(lock->behind, &inner);
    }
}

/* By one that holds the lock behind for writing. seq_cst: ends the bias before it looks for readers; pairs
 * with read_visibly. */
static bool end_bias(struct mill_rwlock *lock)
{
    if (!atomic_load_explicit(&lock->biased, memory_order_relaxed)) {
        return false;
    }
    atomic_store_explicit(&lock->biased, 0, memory_order_seq_cst);
    return true;
}

static bool is_read_at(struct mill_rwlock *lock, unsigned index)
{
    return atomic_load_explicit(&place_of(lock, index)->reads, memory_order_seq_cst) == lock;
}

static void inhibit(struct mill_rwlock *lock, uint64_t since_ns)
{
    uint64_t now = mill_now_ns();
    atomic_store_explicit(&lock->inhibited_until, now + INHIBIT * (now - since_ns), memory_order_relaxed);
}

static void write_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    lock->ops->write_acquire(lock->behind, me);
    if (!end_bias(lock)) {
        return;
    }
    uint64_t since_ns = mill_now_ns();
    for (unsigned i = 0; i < PLACES; i++) {
        struct mill_backoff backoff = MILL_BACKOFF_INIT;
        while (is_read_at(lock, i)) {
            mill_backoff_wait(&backoff);
        }
    }
    inhibit(lock, since_ns);
}

static bool write_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    if (!lock->ops->write_try(lock->behind, me)) {
        return false;
    }
    if (!end_bias(lock)) {
        return true;
    }
    uint64_t since_ns = mill_now_ns();
    for (unsigned i = 0; i < PLACES; i++) {
        if (is_read_at(lock, i)) { /* and goes on reading: no bias comes back while it does not end */
            atomic_store_explicit(&lock->biased, 1, memory_order_release);
            lock->ops->write_release(lock->behind, me);
            return false;
        }
    }
    inhibit(lock, since_ns);
    return true;
}

static void write_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    lock->ops->write_release(lock->behind, me);
}

static int init(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock)
{
    lock->ops = ops->under;
    return mill_rwlock_create(lock->ops, &lock->behind);
}

static void destroy(struct mill_rwlock *lock)
{
    mill_rwlock_destroy(lock->ops, lock->behind);
}

#define BRAVO(ident, own_name, words, behind_ident, own_traits) \
    const struct mill_rwlock_ops mill_rwlock_##ident = {        \
        .about =                                                \
            {                                                   \
                .name = own_name,                               \
                .summary = words,                               \
                .source = "Dice and Kogan 2019",                \
                .traits = own_traits,                           \
                .progress = MILL_BLOCKING,                      \
                .size = sizeof(struct mill_rwlock),             \
            },                                                  \
        .init = init,                                           \
        .destroy = destroy,                                     \
        .read_acquire = read_acquire,                           \
        .read_try = read_try,                                   \
        .read_release = read_release,                           \
        .write_acquire = write_acquire,                         \
        .write_try = write_try,                                 \
        .write_release = write_release,                         \
        .under = &mill_rwlock_##behind_ident,                   \
    };

BRAVO(bravo_phase_fair, "bravo-phase-fair",
      "BRAVO: readers leave a word in a table, before a phase-fair lock", phase_fair,
      MILL_SPINS | MILL_FAIR | MILL_SERVES_WRITERS)
BRAVO(bravo_pthread, "bravo-pthread", "BRAVO: readers leave a word in a table, before the platform's lock",
      pthread, MILL_PARKS | MILL_SPINS)

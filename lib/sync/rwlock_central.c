/* One word for all: how many read, whether one writes, and whether one wants to, which keeps new readers out
 * (Courtois, Heymans and Parnas 1971, their second problem; Mellor-Crummey and Scott 1991b call such a lock
 * centralised). Every reader writes to the same line twice: what that costs is what the others are about.
 *
 * The control `barging` is the same lock whose writer does not wait for the readers that are inside.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "core/backoff.h"
#include "sync/rwlock_list.h"

enum {
    HELD = 1,   /* by a writer */
    WANTED = 2, /* by one; who gets it takes the flag away, and who still waits puts it back */
    READER = 4, /* each of them */
};

struct mill_rwlock {
    _Atomic uint32_t word;
};

static bool read_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    /* acquire: pairs with the release of a writer */
    if (!(atomic_fetch_add_explicit(&lock->word, READER, memory_order_acquire) & (HELD | WANTED))) {
        return true;
    }
    atomic_fetch_sub_explicit(&lock->word, READER, memory_order_relaxed); /* it has read nothing */
    return false;
}

static void read_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    while (!read_try(lock, me)) {
        do {
            mill_backoff_wait(&backoff);
            /* relaxed: only a hint */
        } while (atomic_load_explicit(&lock->word, memory_order_relaxed) & (HELD | WANTED));
    }
}

static void read_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    /* release: pairs with the acquire of a writer, which must not overtake what was read */
    atomic_fetch_sub_explicit(&lock->word, READER, memory_order_release);
}

static bool write_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    uint32_t word = 0;
    /* acquire: pairs with the releases of writers and of readers, whose sum the word is */
    return atomic_compare_exchange_strong_explicit(&lock->word, &word, HELD, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void write_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    (void)me;
    for (;;) {
        uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);
        if (word == 0 || word == WANTED) {
            /* acquire: as in write_try */
            if (atomic_compare_exchange_strong_explicit(&lock->word, &word, HELD, memory_order_acquire,
                                                        memory_order_relaxed)) {
                return;
            }
        } else {
            if (!(word & WANTED)) {
                /* relaxed: it says something to readers, and orders nothing */
                atomic_fetch_or_explicit(&lock->word, WANTED, memory_order_relaxed);
            }
            mill_backoff_wait(&backoff);
        }
    }
}

static void write_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    /* release: pairs with the acquire of whoever comes next. Readers that are about to leave again, and
     * WANTED, stay in the word. */
    atomic_fetch_sub_explicit(&lock->word, HELD, memory_order_release);
}

const struct mill_rwlock_ops mill_rwlock_central = {
    .about =
        {
            .name = "central",
            .summary = "one word that every reader writes to; a writer that waits keeps new readers out",
            .source = "Courtois, Heymans and Parnas 1971; Mellor-Crummey and Scott 1991b",
            .algorithm = "writer-preferring",
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

/* Looks for other writers only. */
static bool barge(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    return !(atomic_fetch_or_explicit(&lock->word, HELD, memory_order_acquire) & HELD);
}

static void barge_in(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    while (!barge(lock, me)) {
        mill_backoff_wait(&backoff);
    }
}

const struct mill_rwlock_ops mill_rwlock_barging = {
    .about =
        {
            .name = "barging",
            .summary = "a mistake: the writer does not wait for the readers that are inside",
            .source = "a control",
            .traits = MILL_SPINS | MILL_CONTROL,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_rwlock),
        },
    .read_acquire = read_acquire,
    .read_try = read_try,
    .read_release = read_release,
    .write_acquire = barge_in,
    .write_try = barge,
    .write_release = write_release,
};

/* Phase-fair ticket lock, PF-T (Brandenburg and Anderson 2010): readers and writers take turns. A reader that
 * finds a writer waits for that one writer and no other; a writer waits for those that read when its turn
 * came, and for the writers before it. Neither starves the other.
 *
 * Readers count themselves in and out on two words; the low byte of the first tells them of a writer, and by
 * its parity of which. Only the writer whose turn it is writes that byte.
 *
 * In the paper the parity is that of the writer's ticket. Here writers may also try, and one that gives up
 * has had a ticket and no phase: the next but one would have the parity of the phase that a late reader still
 * waits for the end of, and the two would wait for each other. So phases are counted by themselves, and a try
 * begins none before it is certain.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "core/backoff.h"
#include "sync/rwlock_list.h"

#define READER  0x100u
#define WRITER  0x3u /* the two bits that tell of one: */
#define PRESENT 0x2u
#define PARITY  0x1u /* of the phase */

struct mill_rwlock {
    _Atomic uint32_t readers_in; /* and, in its low byte, the writer */
    _Atomic uint32_t readers_out;
    _Atomic uint32_t writers_in; /* on the same line: a writer takes that one anyway */
    _Atomic uint32_t writers_out;
    _Atomic uint32_t phases; /* relaxed: only the writer whose turn it is looks at it; its turn orders it */
};

/* Who waits, waits for one phase, and that is short: it looks again after each pause, and backs off only
 * when so many looks told that whoever it waits for may have no core. */
#define LOOKS 256u

static inline void look_again(unsigned *looks, struct mill_backoff *backoff)
{
    if (++*looks < LOOKS) {
        mill_pause();
    } else {
        mill_backoff_wait(backoff);
    }
}

static __attribute__((noinline)) void wait_for_phase(struct mill_rwlock *lock, uint32_t writer)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    unsigned looks = 0;
    /* acquire: pairs with the release in write_release */
    while ((atomic_load_explicit(&lock->readers_in, memory_order_acquire) & WRITER) == writer) {
        look_again(&looks, &backoff);
    }
}

static void read_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    /* acquire: pairs with the release of the last writer, whose value this one adds to */
    uint32_t writer = atomic_fetch_add_explicit(&lock->readers_in, READER, memory_order_acquire) & WRITER;
    if (writer != 0) {
        wait_for_phase(lock, writer);
    }
}

static bool read_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    uint32_t readers = atomic_load_explicit(&lock->readers_in, memory_order_relaxed);
    while (!(readers & WRITER)) {
        /* acquire: as in read_acquire */
        if (atomic_compare_exchange_weak_explicit(&lock->readers_in, &readers, readers + READER,
                                                  memory_order_acquire, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

static void read_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    /* release: pairs with the acquire in wait_for_readers */
    atomic_fetch_add_explicit(&lock->readers_out, READER, memory_order_release);
}

/* The bits of the phase that begins. */
static uint32_t next_phase(const struct mill_rwlock *lock)
{
    return PRESENT | (atomic_load_explicit(&lock->phases, memory_order_relaxed) & PARITY);
}

static void count_phase(struct mill_rwlock *lock)
{
    uint32_t phases = atomic_load_explicit(&lock->phases, memory_order_relaxed);
    atomic_store_explicit(&lock->phases, phases + 1, memory_order_relaxed);
}

/* acquire: pairs with the release in read_release */
static bool have_left(struct mill_rwlock *lock, uint32_t readers)
{
    return atomic_load_explicit(&lock->readers_out, memory_order_acquire) == readers;
}

static void write_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    unsigned looks = 0;
    (void)me;
    uint32_t ticket = atomic_fetch_add_explicit(&lock->writers_in, 1, memory_order_relaxed);
    /* acquire: pairs with the release of the writer before */
    while (atomic_load_explicit(&lock->writers_out, memory_order_acquire) != ticket) {
        look_again(&looks, &backoff);
    }
    /* relaxed: what readers did is ordered by readers_out, what writers did by writers_out */
    uint32_t readers = atomic_fetch_add_explicit(&lock->readers_in, next_phase(lock), memory_order_relaxed);
    count_phase(lock);
    while (!have_left(lock, readers)) {
        look_again(&looks, &backoff);
    }
}

static void end_turn(struct mill_rwlock *lock)
{
    /* relaxed: only the writer whose turn it is writes it. release: pairs with the acquire of the next. */
    uint32_t out = atomic_load_explicit(&lock->writers_out, memory_order_relaxed);
    atomic_store_explicit(&lock->writers_out, out + 1, memory_order_release);
}

static void write_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    /* release: pairs with the acquires of readers. The low byte was 0 before this writer came. */
    atomic_fetch_and_explicit(&lock->readers_in, ~0xffu, memory_order_release);
    end_turn(lock);
}

static bool write_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    /* acquire: pairs with the release of the writer before; if that was the last, its number is the next
     * ticket */
    uint32_t ticket = atomic_load_explicit(&lock->writers_out, memory_order_acquire);
    uint32_t next = ticket;
    if (!atomic_compare_exchange_strong_explicit(&lock->writers_in, &next, ticket + 1, memory_order_relaxed,
                                                 memory_order_relaxed)) {
        return false;
    }
    uint32_t readers = atomic_load_explicit(&lock->readers_in, memory_order_relaxed);
    /* relaxed: as in write_acquire; if it succeeds, nobody came in since, and have_left holds still */
    if (have_left(lock, readers) &&
        atomic_compare_exchange_strong_explicit(&lock->readers_in, &readers, readers | next_phase(lock),
                                                memory_order_relaxed, memory_order_relaxed)) {
        count_phase(lock);
        return true;
    }
    end_turn(lock);
    return false;
}

const struct mill_rwlock_ops mill_rwlock_phase_fair = {
    .about =
        {
            .name = "phase-fair",
            .summary = "readers and writers take turns; writers in the order in which they came",
            .source = "Brandenburg and Anderson 2010, PF-T",
            .algorithm = "phase-fair",
            .traits = MILL_SPINS | MILL_FAIR | MILL_SERVES_WRITERS,
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

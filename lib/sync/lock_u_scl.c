/* Scheduler-cooperative lock, u-SCL (Patel, Yang, Arulraj, Arpaci-Dusseau, Arpaci-Dusseau and Swift 2020):
 * who gets the lock has it for a slice of time, in which nobody else takes it and it comes and goes without a
 * wake. Who has used more than its share when the slice is over is banned for as long as the others that wait
 * need to get the same, so that a thread that holds it long does not take the time of those that hold it
 * shortly. Those that wait stand in line; the first sleeps until the slice is over and the lock is free.
 *
 * In place of the paper's weights and its count of registered threads stand those that wait as the slice
 * ends, equally. Where nobody waits nobody is banned. Only a release that ends a slice is charged.
 */
#include <stdatomic.h>

#include "core/clock.h"
#include "core/thread_index.h"
#include "sync/futex.h"
#include "sync/lock_list.h"

enum {
    FREE,
    HELD,
    CONTENDED, /* held, and the first in line may be asleep */
};

#define SLICE_NS (2 * MILL_NS_PER_MS) /* as in the paper */
#define ACCOUNTS 256u                 /* threads whose index is equal modulo this share one */

struct mill_lock {
    alignas(MILL_ISOLATION) _Atomic uint32_t state;
    _Atomic uint32_t owner;     /* of the slice, as its index plus one; 0: none; written under `state` */
    _Atomic uint64_t slice_end; /* by mill_now_ns(); the same */
    uint64_t slice_begin;       /* protected by `state` */
    alignas(MILL_ISOLATION) struct mill_lock *line; /* whose holder is the first in line */
    _Atomic uint32_t waiting;                       /* in line */
    alignas(MILL_ISOLATION) _Atomic uint64_t banned_until[ACCOUNTS];
};

static int init(struct mill_lock *lock, unsigned threads)
{
    return mill_lock_create_for(&mill_lock_mcs_park, threads, &lock->line);
}

static void destroy(struct mill_lock *lock)
{
    mill_lock_destroy(&mill_lock_mcs_park, lock->line);
}

/* Who could not have an index shares the first account and the name that goes with it: that is less fair, and
 * no less exclusive. */
static uint32_t name_of_self(void)
{
    int index = mill_thread_index();
    return index < 0 ? 1 : (uint32_t)index + 1;
}

static _Atomic uint64_t *account_of(struct mill_lock *lock, uint32_t name)
{
    return &lock->banned_until[(name - 1) % ACCOUNTS];
}

static bool take_if_free(struct mill_lock *lock)
{
    uint32_t state = FREE;
    /* acquire: pairs with the release in `set_free` */
    return atomic_compare_exchange_strong_explicit(&lock->state, &state, HELD, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void set_free(struct mill_lock *lock)
{
    /* release: pairs with the acquire of the next holder */
    if (atomic_exchange_explicit(&lock->state, FREE, memory_order_release) == CONTENDED) {
        mill_futex_wake(&lock->state, 1);
    }
}

/* Relaxed here and below: hints while the lock is not held, and ordered by it while it is. */
static bool has_slice(struct mill_lock *lock, uint32_t name, uint64_t now)
{
    return atomic_load_explicit(&lock->owner, memory_order_relaxed) == name &&
           now < atomic_load_explicit(&lock->slice_end, memory_order_relaxed);
}

/* By its holder. */
static void begin_slice(struct mill_lock *lock, uint32_t name)
{
    lock->slice_begin = mill_now_ns();
    atomic_store_explicit(&lock->slice_end, lock->slice_begin + SLICE_NS, memory_order_relaxed);
    atomic_store_explicit(&lock->owner, name, memory_order_relaxed);
}

/* Again within a slice of one's own. */
static bool take_again(struct mill_lock *lock, uint32_t name)
{
    if (!has_slice(lock, name, mill_now_ns()) || !take_if_free(lock)) {
        return false;
    }
    if (atomic_load_explicit(&lock->owner, memory_order_relaxed) == name) {
        return true;
    }
    set_free(lock); /* another's slice has begun meanwhile */
    return false;
}

/* The end of a slice that is another's; 0: there is none. */
static uint64_t slice_of_others(struct mill_lock *lock, uint32_t name)
{
    uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
    return owner == 0 || owner == name ? 0 : atomic_load_explicit(&lock->slice_end, memory_order_relaxed);
}

static void sleep_until(uint64_t moment)
{
    if (mill_now_ns() < moment) {
        mill_sleep_until(moment);
    }
}

static __attribute__((noinline)) void wait(struct mill_lock *lock, uint32_t name)
{
    struct mill_lock_context place;
    sleep_until(atomic_load_explicit(account_of(lock, name), memory_order_relaxed));
    atomic_fetch_add_explicit(&lock->waiting, 1, memory_order_relaxed);
    mill_lock_acquire(&mill_lock_mcs_park, lock->line, &place);
    sleep_until(slice_of_others(lock, name));
    /* acquire: pairs with the release in `set_free`. Of those in line only the first comes here, so nobody
     * else sleeps on the state. */
    while (atomic_exchange_explicit(&lock->state, CONTENDED, memory_order_acquire) != FREE) {
        mill_futex_wait(&lock->state, CONTENDED);
    }
    /* relaxed: nobody sleeps any more, and others only compare it with FREE */
    atomic_store_explicit(&lock->state, HELD, memory_order_relaxed);
    begin_slice(lock, name);
    atomic_fetch_sub_explicit(&lock->waiting, 1, memory_order_relaxed);
    mill_lock_release(&mill_lock_mcs_park, lock->line, &place);
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint32_t name = name_of_self();
    if (!take_again(lock, name)) {
        wait(lock, name);
    }
}

/* Outside a slice of one's own, as a guest, who has no slice and is not charged: not while others wait or one
 * is banned. */
static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint32_t name = name_of_self();
    if (take_again(lock, name)) {
        return true;
    }
    return atomic_load_explicit(&lock->waiting, memory_order_relaxed) == 0 &&
           mill_now_ns() >= atomic_load_explicit(account_of(lock, name), memory_order_relaxed) &&
           take_if_free(lock);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint32_t name = name_of_self();
    uint64_t now = mill_now_ns();
    if (atomic_load_explicit(&lock->owner, memory_order_relaxed) == name &&
        now >= atomic_load_explicit(&lock->slice_end, memory_order_relaxed)) {
        uint64_t used = now - lock->slice_begin;
        uint64_t ban = used * atomic_load_explicit(&lock->waiting, memory_order_relaxed);
        atomic_store_explicit(account_of(lock, name), now + ban, memory_order_relaxed);
        atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
    }
    set_free(lock);
}

const struct mill_lock_ops mill_lock_u_scl = {
    .about =
        {
            .name = "u-scl",
            .summary = "lends itself for slices of time; who used more than its share is banned for a while",
            .source = "Patel et al. 2020 (u-SCL)",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
            .size_each = sizeof(struct mill_lock_context),
        },
    .init = init,
    .destroy = destroy,
    .acquire = acquire,
    .try_acquire = try_acquire,
    .try_may_miss = true,
    .release = release,
};

/* Locks taken in both orders: A while B is held, and B while A is held, by different threads, is a deadlock
 * that may not have happened yet (Goodlock: Havelund 2000; for any number of locks, Agarwal, Wang and Stoller
 * 2005). It does not count when one thread alone does both, when both hold a third lock meanwhile (unless
 * both share it), when the locks that meet are both shared, or when creation and join of threads order the
 * two.
 *
 * Orders are kept over the schedules of a process: one may be seen in one schedule and the other in another.
 * A lock is known by its address, and a thread by its creator and how many that had created before. Orders
 * that other means impose (a flag, a semaphore) are not looked at: what is told is a finding about order, not
 * yet a deadlock.
 *
 *     mill_lock_order_open();
 *     mill_lock_order_fresh(heap, size);                 what lies there is new in each schedule
 *     mill_lock_order_begin();
 *         if (mill_lock_order_acquired(&taken, &cycle))  … each edge of the cycle is one thread's order …
 *         mill_lock_order_released(thread, lock);
 *
 * One kernel thread at a time; constant memory, no malloc.
 */
#ifndef MILL_HUNT_LOCK_ORDER_H
#define MILL_HUNT_LOCK_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MILL_LOCK_HELD    16    /* locks that one thread holds at a time */
#define MILL_LOCK_CYCLE   6     /* locks, and threads, of a cycle */
#define MILL_LOCKS        16384 /* with an order among them */
#define MILL_LOCK_ORDERS  65536
#define MILL_LOCK_FRESHES 8

struct mill_lock_taken {
    unsigned thread;
    uint32_t when; /* the number of the step */
    uintptr_t lock;
    const void *pc;
    bool shared; /* a read-write lock, to read */
    bool tried;  /* by a call that does not wait, or not for ever: it closes no cycle, but is held like any
                    other */
};

/* One thread's order: it took `wanted` while it held `held`. */
struct mill_lock_order {
    struct mill_lock_taken held, wanted;
    bool earlier; /* in a schedule before this one: `when` and the thread's number are of that */
};

struct mill_lock_cycle {
    unsigned count;
    struct mill_lock_order
        order[MILL_LOCK_CYCLE]; /* each wants what the next one holds; the last, the first */
};

/* 0 or -ENOMEM. */
int mill_lock_order_open(void);
void mill_lock_order_close(void);

/* Locks in this memory (the heap, the stacks of threads) are other ones in each schedule, although they have
 * the same addresses. 0, or -ENOSPC beyond MILL_LOCK_FRESHES pieces. */
int mill_lock_order_fresh(uintptr_t address, size_t size);

/* A schedule of thread 0 alone, which holds nothing. Its time goes with the threads of the one before. */
void mill_lock_order_begin(void);

/* `child` is a number not used before in this schedule, below MILL_HUNT_THREADS. */
void mill_lock_order_spawned(unsigned parent, unsigned child);
void mill_lock_order_joined(unsigned parent, unsigned child);

/* A thread has got a lock. True: that closes a cycle, which is told, once for its places (`wanted.pc`). */
bool mill_lock_order_acquired(const struct mill_lock_taken *taken, struct mill_lock_cycle *cycle);

/* As often as it was acquired. Of a lock that the thread does not hold, nothing. */
void mill_lock_order_released(unsigned thread, uintptr_t lock);

/* The lock was initialised or destroyed: what comes is another one at the same address. */
void mill_lock_order_renewed(uintptr_t address);

/* Not all was looked at since open or forget: there were more locks, threads, orders, locks held, or ways
 * through them than there is room for. */
bool mill_lock_order_exhausted(void);

/* Forgets all orders, and what was told; a schedule begins. */
void mill_lock_order_forget(void);

#endif

/* Happens-before by vector clocks (Mattern 1989), and races by epochs (Flanagan and Freund, FastTrack, 2009):
 * two accesses to the same bytes by different threads, one of them a write and one of them plain, that no
 * synchronisation orders. C11's memory orders are taken as they are: a relaxed atomic access orders nothing,
 * although schedules are sequentially consistent.
 *
 * One kernel thread at a time calls this. A schedule begins in constant time: what is left of the one before
 * is told apart by its number. Memory is reserved once and touched as needed; none is allocated by malloc.
 */
#ifndef MILL_HUNT_RACE_H
#define MILL_HUNT_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One of the two accesses of a race. */
struct mill_access {
    unsigned thread;
    uint32_t when; /* the number of its step in the schedule: run again, it tells the whole stack */
    const void *pc;
    uintptr_t address;
    unsigned size;
    bool write;
    bool atomic;
    bool released; /* it is a free of the memory */
};

struct mill_race {
    struct mill_access earlier, later;
};

/* 0 or -ENOMEM. */
int mill_race_open(void);
void mill_race_close(void);

/* A new schedule, of thread 0 alone. */
void mill_race_begin(void);

/* An access of a thread. True: it races with an earlier one, which is told, once for each pair of places. */
bool mill_race_read(const struct mill_access *access, struct mill_race *race);
bool mill_race_write(const struct mill_access *access, struct mill_race *race);

/* Memory comes new (nothing that was done there before counts) or goes (as if all of it were written). */
void mill_race_allocated(unsigned thread, uintptr_t address, size_t size);
bool mill_race_freed(const struct mill_access *access, size_t size, struct mill_race *race);

/* ---- what orders ---- */

/* What the thread has done so far is ordered before what follows an acquire of the same object. Objects are
 * addresses; those of mutexes, atomics and so on do not meet, since an address is one thing at a time. */
void mill_race_release(unsigned thread, uintptr_t object);
void mill_race_acquire(unsigned thread, uintptr_t object);

/* Of atomic objects, `order` being one of C11's as the compiler numbers them (__ATOMIC_…): a store starts a
 * new release sequence or ends the one there was; an update carries it on. Fences turn what is relaxed before
 * or after them into what they are. */
void mill_race_atomic_load(unsigned thread, uintptr_t object, int order);
void mill_race_atomic_store(unsigned thread, uintptr_t object, int order);
void mill_race_atomic_update(unsigned thread, uintptr_t object, int order);
void mill_race_fence(unsigned thread, int order);

void mill_race_spawned(unsigned parent, unsigned child);
void mill_race_joined(unsigned parent, unsigned child);

#endif

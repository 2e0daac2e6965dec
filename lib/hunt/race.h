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

/* 0 or -ENOMEM: about 20 GiB of address space are taken. */
int mill_race_open(void);
void mill_race_close(void);

/* A new schedule, of thread 0 alone. */
void mill_race_begin(void);

/* This schedule went through so much memory, or so many objects, that not all of it could be kept: from there
 * on no race is told in it, since an order may have been missed. */
bool mill_race_exhausted(void);

/* An access of a thread that was spawned. True: it races with an earlier one, which is told, once for each
 * pair of places (`pc`) in the life of the process. All accesses of atomics come here too. Of an earlier
 * access that reached over several aligned 8 bytes, the part in those is told. Memory that no program has
 * (beyond 48 bits) is passed over. */
bool mill_race_access(const struct mill_access *access, struct mill_race *race);

/* Every pair of places is told once more: a replay tells what the hunt told. */
void mill_race_forget(void);

/* Memory comes new: nothing that was done there before counts, and no object is there. Of the heap, and of a
 * new thread's stack and thread-local storage where they lie where another's were. */
void mill_race_allocated(uintptr_t address, size_t size);

/* Memory goes: it is as if all of it were written; then it is forgotten: a later access is the heap's to
 * find, whether it is ordered or not. `access->size` is not looked at. The time of both calls goes with how
 * much of the memory was accessed. */
bool mill_race_freed(const struct mill_access *access, size_t size, struct mill_race *race);

/* ---- what orders ---- */

/* What the thread has done so far is ordered before what follows an acquire of the same object. Objects are
 * addresses; those of mutexes, atomics and so on do not meet, since an address is one thing at a time. */
void mill_race_release(unsigned thread, uintptr_t address);
void mill_race_acquire(unsigned thread, uintptr_t address);

/* Of atomic objects, `order` being one of C11's as the compiler numbers them (__ATOMIC_…), consume as
 * acquire: a store ends the release sequences that others headed and, if it releases, heads one; an update
 * carries all of them on (C11's rule; since C++20 a thread's own end too). A compare-exchange that fails is a
 * load, of the order for failure. A plain write ends all. Fences turn what is relaxed before or after them
 * into what they are. */
void mill_race_atomic_load(unsigned thread, uintptr_t address, int order);
void mill_race_atomic_store(unsigned thread, uintptr_t address, int order);
void mill_race_atomic_update(unsigned thread, uintptr_t address, int order);
void mill_race_fence(unsigned thread, int order);

/* `child` is a number not used before in this schedule, below MILL_HUNT_THREADS. */
void mill_race_spawned(unsigned parent, unsigned child);
void mill_race_joined(unsigned parent, unsigned child);

#endif

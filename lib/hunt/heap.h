/* The heap of a hunted program: memory whose chunks know who has them.
 *
 * malloc and its kin, and C++'s new and delete, called from the program itself, are served from here while a
 * schedule runs; calls from libraries (a stream's buffer, say), and all calls at other times, by the C
 * library. What was freed is not given out again within a schedule as long as there is room, so that a late
 * access meets a freed chunk and no other one. The same calls get the same addresses in every schedule, and
 * memory that comes is zeros, so that a run with the same choices is the same run. One kernel thread at a
 * time calls this.
 *
 * Between any two chunks lie at least 32 bytes that are nobody's, or a quarter of the first chunk's size up
 * to 2 KiB: small overruns end there.
 */
#ifndef MILL_HUNT_HEAP_H
#define MILL_HUNT_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mill_heap_state {
    MILL_HEAP_ELSEWHERE, /* not memory of this heap */
    MILL_HEAP_LIVE,
    MILL_HEAP_FREED,
    MILL_HEAP_OUTSIDE, /* of this heap, but of no chunk: before one, past its end, over its end */
};

/* Who calls, for the reports. */
struct mill_heap_call {
    unsigned thread;
    uint32_t when; /* the number of the step */
    const void *pc;
};

struct mill_chunk {
    uintptr_t address;
    size_t size;                            /* as it was asked for */
    struct mill_heap_call allocated, freed; /* `freed` of one that is */
};

/* Reserves the memory: about 105 GiB of address space. 0 or -ENOMEM. */
int mill_heap_open(void);
void mill_heap_close(void);

/* A schedule begins: an empty heap, in constant time. */
void mill_heap_begin(void);

/* It is over: no more is allocated; calls go to the C library again. Chunks are there to be looked at, and to
 * be freed, until the next begins. */
void mill_heap_end(void);

/* How many chunks are still there: leaks, if nothing points to them that outlives the schedule. With one or
 * more, `first` is the oldest. */
size_t mill_heap_left(struct mill_chunk *first);

/* From a chunk that is still there to the next younger one; false: there is none. */
bool mill_heap_next(struct mill_chunk *chunk);

/* Room ended in this schedule for what was freed: the oldest of it was given out again, and a late access to
 * that would meet another chunk. */
bool mill_heap_reused(void);

/* What memory is at an address. With `chunk`, unless it is NULL, which chunk it is in, or is nearest to it;
 * with no chunk near, the one that is told has address 0. */
enum mill_heap_state mill_heap_look(uintptr_t address, size_t size, struct mill_chunk *chunk);

/* The bounds of all memory of this heap: addresses outside need no look. */
extern uintptr_t mill_heap_base;
extern size_t mill_heap_size;

/* malloc and so on while a schedule runs: `size` bytes of zeros. NULL: there is no room (a chunk has less
 * than 1 GiB, all chunks of a size too), or `alignment` is no power of two; below 16 it counts as 16. Of size
 * 0, a chunk without bytes. */
void *mill_heap_allocate(size_t size, size_t alignment, const struct mill_heap_call *call);

enum mill_heap_freed {
    MILL_HEAP_FREED_WELL,
    MILL_HEAP_FREED_TWICE,
    MILL_HEAP_FREED_NOTHING, /* no chunk begins there */
};

/* `chunk` is told in every case but the last. */
enum mill_heap_freed mill_heap_release(void *memory, const struct mill_heap_call *call,
                                       struct mill_chunk *chunk);

#endif

/* The heap of a hunted program: memory whose chunks know who has them.
 *
 * malloc and its kin, and C++'s new and delete, called from the program itself, are served from here while a
 * schedule runs; calls from libraries (a stream's buffer, say), and all calls at other times, by the C
 * library. What was freed is not given out again within a schedule as long as there is room, so that a late
 * access meets a freed chunk and no other one. One kernel thread at a time calls this.
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
    MILL_HEAP_OUTSIDE, /* of this heap, but of no chunk: before one, past its end */
};

struct mill_chunk {
    uintptr_t address;
    size_t size;
    unsigned allocated_by, freed_by; /* threads */
    uint32_t allocated_at, freed_at; /* numbers of steps */
    const void *allocated_pc, *freed_pc;
};

/* Reserves the memory. 0 or -ENOMEM. */
int mill_heap_open(void);
void mill_heap_close(void);

/* A schedule begins: an empty heap, in constant time. */
void mill_heap_begin(void);

/* It is over; calls go to the C library again. */
void mill_heap_end(void);

/* Goes through the chunks that are still there: leaks, if nothing points to them that outlives the schedule.
 * Returns how many there are; `first` is the oldest. */
size_t mill_heap_left(struct mill_chunk *first);

/* What memory is at an address. With `chunk`, which chunk it is in, or is nearest before it. */
enum mill_heap_state mill_heap_look(uintptr_t address, size_t size, struct mill_chunk *chunk);

/* The bounds of all memory of this heap: addresses outside need no look. */
extern uintptr_t mill_heap_base;
extern size_t mill_heap_size;

/* malloc and so on while a schedule runs. NULL: there is no room. `pc` is who called. */
void *mill_heap_allocate(size_t size, size_t alignment, const void *pc);

enum mill_heap_freed {
    MILL_HEAP_FREED_WELL,
    MILL_HEAP_FREED_TWICE,
    MILL_HEAP_FREED_NOTHING, /* no chunk begins there */
};

/* `chunk` is told in every case but the last. */
enum mill_heap_freed mill_heap_release(void *memory, const void *pc, struct mill_chunk *chunk);

#endif

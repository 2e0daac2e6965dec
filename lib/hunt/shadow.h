/* The shadow of memory: a cell for each 8 aligned bytes, found by address. All cells are emptied at once, in
 * constant time: each carries the number of the schedule in which it was used last.
 *
 *     directory [address / 2 MiB] → chunk: its cells, and for each 4 KiB of memory whether one is in use
 *
 * What a cell holds is its user's: numbers of things, 0 for none. One kernel thread at a time.
 */
#ifndef MILL_HUNT_SHADOW_H
#define MILL_HUNT_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MILL_CELL_BYTES            8u
#define MILL_SHADOW_ADDRESSES      ((uintptr_t)1 << 48) /* addresses beyond have no cells */
#define MILL_SHADOW_PAGE           ((uintptr_t)1 << 12)
#define MILL_SHADOW_REACH          ((uintptr_t)1 << 21) /* memory under one chunk */
#define MILL_SHADOW_CHUNKS         4096u
#define MILL_SHADOW_PAGES_EACH     (MILL_SHADOW_REACH / MILL_SHADOW_PAGE)
#define MILL_SHADOW_CELLS_EACH     (MILL_SHADOW_REACH / MILL_CELL_BYTES)
#define MILL_SHADOW_DIRECTORY_SIZE (MILL_SHADOW_ADDRESSES / MILL_SHADOW_REACH)

struct mill_cell {
    uint32_t schedule; /* not the present one: it is empty */
    uint32_t records;
    uint32_t objects;
};

struct mill_shadow_chunk {
    uint32_t schedule[MILL_SHADOW_PAGES_EACH]; /* in which one of the page's cells was used last */
    struct mill_cell cell[MILL_SHADOW_CELLS_EACH];
};

struct mill_shadow {
    struct mill_shadow_chunk **directory; /* NULL: none */
    struct mill_shadow_chunk *chunks;
    unsigned chunk_count;
    uint32_t schedule; /* the present one, from 1 */
    bool full;         /* memory was accessed for which no chunk is left */
};

/* 0 or -ENOMEM. */
int mill_shadow_open(struct mill_shadow *shadow);
void mill_shadow_close(struct mill_shadow *shadow);

/* All cells are empty. Constant time but for once in 2^32 calls, and after schedules that went through
 * gigabytes of addresses: then the memory behind the cells is given back. */
void mill_shadow_begin(struct mill_shadow *shadow);

/* The cell over `address`. NULL: there is none, or none that is free, see `full`. */
struct mill_cell *mill_shadow_reach(struct mill_shadow *shadow, uintptr_t address); /* into a new chunk */
static inline struct mill_cell *mill_shadow_at(struct mill_shadow *shadow, uintptr_t address)
{
    if (address >= MILL_SHADOW_ADDRESSES) {
        return NULL;
    }
    struct mill_shadow_chunk *chunk = shadow->directory[address / MILL_SHADOW_REACH];
    if (__builtin_expect(!chunk, false)) {
        return mill_shadow_reach(shadow, address);
    }
    struct mill_cell *cell = &chunk->cell[address % MILL_SHADOW_REACH / MILL_CELL_BYTES];
    if (cell->schedule != shadow->schedule) {
        chunk->schedule[address % MILL_SHADOW_REACH / MILL_SHADOW_PAGE] = shadow->schedule;
        *cell = (struct mill_cell){.schedule = shadow->schedule};
    }
    return cell;
}

/* The next cell in use that is over bytes of [*address, end), and sets *address to its first byte, or leaves
 * it if it is within the cell; NULL: no more. To go on, add the rest of the cell to *address. Pages that were
 * not touched cost nothing, so that the range may be as large as it likes. */
struct mill_cell *mill_shadow_next(struct mill_shadow *shadow, uintptr_t *address, uintptr_t end);

#endif

#include "hunt/shadow.h"

#include <errno.h>

#include "hunt/reserve.h"

#define DIRECTORY_BYTES (MILL_SHADOW_DIRECTORY_SIZE * sizeof(struct mill_shadow_chunk *))
#define CHUNK_BYTES     (MILL_SHADOW_CHUNKS * sizeof(struct mill_shadow_chunk))

int mill_shadow_open(struct mill_shadow *shadow)
{
    *shadow = (struct mill_shadow){.schedule = 1};
    shadow->directory = mill_reserve(DIRECTORY_BYTES, NULL);
    shadow->chunks = mill_reserve(CHUNK_BYTES, NULL);
    if (!shadow->directory || !shadow->chunks) {
        mill_shadow_close(shadow);
        return -ENOMEM;
    }
    return 0;
}

void mill_shadow_close(struct mill_shadow *shadow)
{
    mill_unreserve(shadow->directory, DIRECTORY_BYTES);
    mill_unreserve(shadow->chunks, CHUNK_BYTES);
    *shadow = (struct mill_shadow){0};
}

void mill_shadow_begin(struct mill_shadow *shadow)
{
    shadow->full = false;
    shadow->schedule++;
    if (shadow->schedule == 0 || shadow->chunk_count > MILL_SHADOW_CHUNKS / 2) {
        mill_reserve_clear(shadow->directory, DIRECTORY_BYTES);
        mill_reserve_clear(shadow->chunks, CHUNK_BYTES);
        shadow->chunk_count = 0;
        shadow->schedule = 1;
    }
}

struct mill_cell *mill_shadow_reach(struct mill_shadow *shadow, uintptr_t address)
{
    if (shadow->chunk_count == MILL_SHADOW_CHUNKS) {
        shadow->full = true;
        return NULL;
    }
    struct mill_shadow_chunk *chunk = &shadow->chunks[shadow->chunk_count++];
    shadow->directory[address / MILL_SHADOW_REACH] = chunk;
    chunk->cell[address % MILL_SHADOW_REACH / MILL_CELL_BYTES].schedule =
        0; /* written first: a page that is read first costs two faults */
    return mill_shadow_at(shadow, address);
}

static uintptr_t round_up(uintptr_t address, uintptr_t unit)
{
    return (address / unit + 1) * unit;
}

struct mill_cell *mill_shadow_next(struct mill_shadow *shadow, uintptr_t *address, uintptr_t end)
{
    uintptr_t at = *address;
    while (at < end && at < MILL_SHADOW_ADDRESSES) {
        struct mill_shadow_chunk *chunk = shadow->directory[at / MILL_SHADOW_REACH];
        if (!chunk) {
            at = round_up(at, MILL_SHADOW_REACH);
            continue;
        }
        if (chunk->schedule[at % MILL_SHADOW_REACH / MILL_SHADOW_PAGE] != shadow->schedule) {
            at = round_up(at, MILL_SHADOW_PAGE);
            continue;
        }
        uintptr_t rest = round_up(at, MILL_SHADOW_PAGE);
        for (rest = rest < end ? rest : end; at < rest; at = round_up(at, MILL_CELL_BYTES)) {
            struct mill_cell *cell = &chunk->cell[at % MILL_SHADOW_REACH / MILL_CELL_BYTES];
            if (cell->schedule == shadow->schedule) {
                *address = at;
                return cell;
            }
        }
    }
    return NULL;
}

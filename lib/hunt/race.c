/* Accesses. A cell has a list of records, the newest first: for each byte those accesses that a later one can
 * still race with. A record goes when a later access stands for it: one that is ordered after it, touches the
 * same bytes, and conflicts with all that it conflicts with. Whatever comes later and is not ordered after
 * the first is not ordered after the second either, so nothing is lost: unlike FastTrack's single epoch of
 * the last write, this finds whether each access races, not only the first for each variable. There are
 * seldom more than two records, and at most one for each thread, kind and byte.
 */
#include "hunt/race.h"

#include <errno.h>
#include <stddef.h>

#include "hunt/race_parts.h"
#include "hunt/reserve.h"

struct mill_race_state mill_race_state;
static struct mill_race_state *const state = &mill_race_state;

#define RECORD_BYTES ((size_t)MILL_RACE_RECORDS * sizeof(struct mill_race_record))
#define OBJECT_BYTES ((size_t)MILL_RACE_OBJECTS * sizeof(struct mill_race_object))
#define HEAD_BYTES   ((size_t)MILL_RACE_HEADS * sizeof(struct mill_race_head))

/* ---- kinds of accesses ---- */

enum {
    WRITE = 1,
    ATOMIC = 2,
};

static bool conflict(unsigned a, unsigned b)
{
    return ((a | b) & WRITE) && !(a & b & ATOMIC);
}

/* [kind]: set of the kinds that conflict with no more than it does. */
static const uint8_t stands_for[] = {
    [0] = 1 << 0 | 1 << ATOMIC,
    [WRITE] = 1 << 0 | 1 << WRITE | 1 << ATOMIC | 1 << (WRITE | ATOMIC),
    [ATOMIC] = 1 << ATOMIC,
    [WRITE | ATOMIC] = 1 << ATOMIC | 1 << (WRITE | ATOMIC),
};

/* A record's `who`. RACED: it raced when it came, so that the same access again does too. */
#define THREAD_BITS 10
#define RACED       (1u << (THREAD_BITS + 2))

static_assert(1 << THREAD_BITS == MILL_HUNT_THREADS, "a thread's number has its bits in `who`");

static unsigned thread_of(const struct mill_race_record *record)
{
    return record->who & (MILL_HUNT_THREADS - 1);
}

static unsigned kind_of(const struct mill_race_record *record)
{
    return record->who >> THREAD_BITS & (WRITE | ATOMIC);
}

/* ---- the life of all this ---- */

int mill_race_open(void)
{
    int status = mill_clocks_open(&state->clocks);
    if (status == 0) {
        status = mill_shadow_open(&state->shadow);
    }
    state->records = mill_reserve(RECORD_BYTES, NULL);
    state->objects = mill_reserve(OBJECT_BYTES, NULL);
    state->heads = mill_reserve(HEAD_BYTES, NULL);
    if (status < 0 || !state->records || !state->objects || !state->heads) {
        mill_race_close();
        return -ENOMEM;
    }
    mill_race_forget();
    mill_race_begin();
    return 0;
}

void mill_race_close(void)
{
    mill_clocks_close(&state->clocks);
    mill_shadow_close(&state->shadow);
    mill_unreserve(state->records, RECORD_BYTES);
    mill_unreserve(state->objects, OBJECT_BYTES);
    mill_unreserve(state->heads, HEAD_BYTES);
    state->records = NULL;
    state->objects = NULL;
    state->heads = NULL;
}

void mill_race_begin(void)
{
    mill_shadow_begin(&state->shadow);
    mill_clocks_begin(&state->clocks);
    state->record_count = state->object_count = state->head_count = 0;
    state->record_free = state->object_free = state->head_free = 0;
    state->full = false;
    state->threads = 1;
    mill_race_thread_begin(0);
}

bool mill_race_exhausted(void)
{
    return state->full || state->clocks.full || state->shadow.full;
}

void mill_race_forget(void)
{
    mill_places_clear(&state->told);
}

/* ---- records ---- */

static void record_free(uint32_t number)
{
    state->records[number].next = state->record_free;
    state->record_free = number;
}

/* 0: there is no room. */
static uint32_t record_new(void)
{
    uint32_t number = state->record_free;
    if (number != 0) {
        state->record_free = state->records[number].next;
    } else if (state->record_count + 1 < MILL_RACE_RECORDS) {
        number = ++state->record_count;
    } else {
        state->full = true;
    }
    return number;
}

/* Bytes of the cell no longer count. */
static void records_forget(struct mill_cell *cell, unsigned mask)
{
    for (uint32_t *link = &cell->records; *link != 0;) {
        uint32_t number = *link;
        struct mill_race_record *record = &state->records[number];
        record->mask = (uint8_t)(record->mask & ~mask);
        if (record->mask == 0) {
            *link = record->next;
            record_free(number);
        } else {
            link = &record->next;
        }
    }
}

/* ---- an access to one cell ---- */

struct look {
    const struct mill_access *access;
    unsigned thread, kind;
    uintptr_t cell; /* the address of its first byte */
    unsigned mask;
    struct mill_race *race;
    bool told;
};

static void tell(struct look *look, const struct mill_race_record *record)
{
    if (look->told || mill_race_exhausted() ||
        !mill_places_first(&state->told, (uintptr_t)record->pc, (uintptr_t)look->access->pc)) {
        return;
    }
    look->told = true;
    look->race->later = *look->access;
    look->race->earlier = (struct mill_access){
        .thread = thread_of(record),
        .when = record->when,
        .pc = record->pc,
        .address = look->cell + record->span % MILL_CELL_BYTES,
        .size = record->span / MILL_CELL_BYTES + 1u,
        .write = (kind_of(record) & WRITE) != 0,
        .atomic = (kind_of(record) & ATOMIC) != 0,
    };
}

static bool ordered(const struct mill_race_record *record, unsigned thread)
{
    unsigned other = thread_of(record);
    return other == thread ||
           record->epoch <= mill_clock_get(&state->clocks, &state->thread[thread].clock, other);
}

enum met {
    MET_NEW,
    MET_RACE,     /* a new one too */
    MET_RECORDED, /* a record of the same moment stands for it */
};

/* Meets every record of the cell, and narrows those that the access stands for. */
static enum met meet(struct mill_cell *cell, struct look *look)
{
    enum met met = MET_NEW;
    bool raced = false;
    for (uint32_t *link = &cell->records; *link != 0;) {
        uint32_t number = *link;
        struct mill_race_record *record = &state->records[number];
        unsigned kind = kind_of(record);
        if (!(record->mask & look->mask)) {
            link = &record->next;
            continue;
        }
        if (!ordered(record, look->thread)) {
            if (conflict(kind, look->kind)) {
                raced = true;
                tell(look, record);
            }
        } else if (thread_of(record) == look->thread && record->epoch == state->thread[look->thread].epoch &&
                   (stands_for[kind] & 1u << look->kind) && !(look->mask & ~record->mask)) {
            met = MET_RECORDED;
        } else if (stands_for[look->kind] & 1u << kind) {
            record->mask = (uint8_t)(record->mask & ~look->mask);
            if (record->mask == 0) {
                *link = record->next;
                record_free(number);
                continue;
            }
        }
        link = &record->next;
    }
    return met == MET_RECORDED ? met : raced ? MET_RACE : MET_NEW;
}

static void record_add(struct mill_cell *cell, const struct look *look, bool raced)
{
    uint32_t number = record_new();
    if (number != 0) {
        unsigned first = (unsigned)__builtin_ctz(look->mask);
        unsigned count = (unsigned)__builtin_popcount(look->mask);
        state->records[number] = (struct mill_race_record){
            .next = cell->records,
            .epoch = state->thread[look->thread].epoch,
            .when = look->access->when,
            .who = (uint16_t)(look->thread | look->kind << THREAD_BITS | (raced ? RACED : 0)),
            .mask = (uint8_t)look->mask,
            .span = (uint8_t)(first | (count - 1) * MILL_CELL_BYTES),
            .pc = look->access->pc,
        };
        cell->records = number;
    }
}

/* The access to bytes of the cell over `at`; true: a race is told. */
static __attribute__((noinline)) bool enter(struct mill_cell *cell, const struct mill_access *access,
                                            unsigned kind, uintptr_t at, unsigned mask,
                                            struct mill_race *race)
{
    struct look look = {
        .access = access,
        .thread = access->thread,
        .kind = kind,
        .cell = at - at % MILL_CELL_BYTES,
        .mask = mask,
        .race = race,
    };
    enum met met = cell->records != 0 ? meet(cell, &look) : MET_NEW;
    if (met != MET_RECORDED) {
        record_add(cell, &look, met == MET_RACE);
    }
    if (cell->objects != 0 && kind == WRITE) {
        mill_race_objects_overwritten(cell, mask);
    }
    return look.told;
}

/* The newest record is of the same moment and stands for the access: nothing came between. */
static inline bool is_again(const struct mill_cell *cell, unsigned thread, unsigned kind, unsigned mask)
{
    const struct mill_race_record *record = &state->records[cell->records]; /* number 0 has no bytes */
    return record->epoch == state->thread[thread].epoch &&
           (record->who & (MILL_HUNT_THREADS - 1 + RACED)) == thread &&
           (stands_for[kind_of(record)] & 1u << kind) && !(mask & ~record->mask);
}

/* ---- an access ---- */

/* Bytes of the cell over `at` that an access of `size` bytes there has. */
static unsigned mask_of(uintptr_t at, size_t size)
{
    unsigned first = (unsigned)(at % MILL_CELL_BYTES);
    unsigned count = size < MILL_CELL_BYTES - first ? (unsigned)size : MILL_CELL_BYTES - first;
    return ((1u << count) - 1) << first;
}

static __attribute__((noinline)) bool access_cells(const struct mill_access *access, unsigned kind,
                                                   struct mill_race *race)
{
    bool told = false;
    uintptr_t at = access->address;
    for (size_t left = access->size; left > 0;) {
        struct mill_cell *cell = mill_shadow_at(&state->shadow, at);
        if (!cell) {
            break; /* no memory of a program's, or no room: told by mill_race_exhausted */
        }
        unsigned mask = mask_of(at, left);
        if (!is_again(cell, access->thread, kind, mask)) {
            struct mill_race later; /* races: the first is told */
            told |= enter(cell, access, kind, at, mask, told ? &later : race);
        }
        size_t step = MILL_CELL_BYTES - at % MILL_CELL_BYTES;
        at += step;
        left -= step < left ? step : left;
    }
    return told;
}

/* Most accesses are within one cell that was used before. */
static inline bool access_memory(const struct mill_access *access, unsigned kind, struct mill_race *race)
{
    struct mill_cell *cell = mill_shadow_used(&state->shadow, access->address);
    unsigned first = (unsigned)(access->address % MILL_CELL_BYTES);
    if (!cell || access->size - 1 >= MILL_CELL_BYTES - first) {
        return access_cells(access, kind, race);
    }
    unsigned mask = ((1u << access->size) - 1) << first;
    return !is_again(cell, access->thread, kind, mask) &&
           enter(cell, access, kind, access->address, mask, race);
}

bool mill_race_read(const struct mill_access *access, struct mill_race *race)
{
    return access_memory(access, access->atomic ? ATOMIC : 0, race);
}

bool mill_race_write(const struct mill_access *access, struct mill_race *race)
{
    return access_memory(access, access->atomic ? WRITE | ATOMIC : WRITE, race);
}

/* ---- memory that comes and goes ---- */

static uintptr_t end_of(uintptr_t address, size_t size)
{
    return size < UINTPTR_MAX - address ? address + size : UINTPTR_MAX;
}

static void forget(struct mill_cell *cell, unsigned mask)
{
    records_forget(cell, mask);
    mill_race_objects_forget(cell, mask);
}

void mill_race_allocated(uintptr_t address, size_t size)
{
    uintptr_t end = end_of(address, size);
    struct mill_cell *cell;
    for (uintptr_t at = address; (cell = mill_shadow_next(&state->shadow, &at, end));
         at += MILL_CELL_BYTES - at % MILL_CELL_BYTES) {
        forget(cell, mask_of(at, end - at));
    }
}

bool mill_race_freed(const struct mill_access *access, size_t size, struct mill_race *race)
{
    struct look look = {.access = access, .thread = access->thread, .kind = WRITE, .race = race};
    uintptr_t end = end_of(access->address, size);
    struct mill_cell *cell;
    for (uintptr_t at = access->address; (cell = mill_shadow_next(&state->shadow, &at, end));
         at += MILL_CELL_BYTES - at % MILL_CELL_BYTES) {
        look.cell = at - at % MILL_CELL_BYTES;
        look.mask = mask_of(at, end - at);
        meet(cell, &look);
        forget(cell, look.mask);
    }
    return look.told;
}

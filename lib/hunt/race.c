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
    mill_shadow_at(&state->shadow,
                   (uintptr_t)state); /* the program's data lies near: processes forked later find it */
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
    const struct mill_clock nothing = {0, 0, 0};
    mill_race_thread_begin(0, &nothing);
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

/* By value where it matters, so that its members stay in registers. What is wanted of the access is copied by
 * members: it was written by members just now, and a wider read of it would wait until they have arrived. */
struct look {
    const struct mill_access *access;
    unsigned thread;
    uint32_t when;
    const void *pc;
    unsigned kind;
    uintptr_t cell; /* the address of its first byte */
    unsigned mask;
    unsigned span; /* as a record has it */
    bool told;
};

static void tell(struct look *look, const struct mill_race_record *record, struct mill_race *race)
{
    if (look->told || mill_race_exhausted() ||
        !mill_places_first(&state->told, (uintptr_t)record->pc, (uintptr_t)look->pc)) {
        return;
    }
    look->told = true;
    race->later = *look->access;
    race->earlier = (struct mill_access){
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
static enum met meet(struct mill_cell *cell, struct look *look, struct mill_race *race)
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
                tell(look, record, race);
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

static inline void record_write(struct mill_race_record *record, const struct look *look, bool raced)
{
    record->epoch = state->thread[look->thread].epoch;
    record->when = look->when;
    record->who = (uint16_t)(look->thread | look->kind << THREAD_BITS | (raced ? RACED : 0));
    record->mask = (uint8_t)look->mask;
    record->span = (uint8_t)look->span;
    record->pc = look->pc;
}

static inline void record_add(struct mill_cell *cell, const struct look *look, bool raced)
{
    uint32_t number = record_new();
    if (number != 0) {
        record_write(&state->records[number], look, raced);
        state->records[number].next = cell->records;
        cell->records = number;
    }
}

/* True: a race is told. */
static __attribute__((noinline)) bool meet_and_add(struct mill_cell *cell, struct look look,
                                                   struct mill_race *race)
{
    enum met met = meet(cell, &look, race);
    if (met != MET_RECORDED) {
        record_add(cell, &look, met == MET_RACE);
    }
    return look.told;
}

/* Beside the only record of the cell, which the access does not race with, or in its place. */
static inline bool meet_one(struct mill_cell *cell, struct mill_race_record *record, const struct look *look,
                            struct mill_race *race)
{
    unsigned kind = kind_of(record);
    bool before = ordered(record, look->thread);
    if (record->next != 0 || record->who & RACED || (!before && conflict(kind, look->kind))) {
        return meet_and_add(cell, *look, race);
    }
    if (!before || !(stands_for[look->kind] & 1u << kind)) {
        record_add(cell, look, false);
    } else if (!(record->mask & ~look->mask)) {
        record_write(record, look, false);
    } else {
        return meet_and_add(cell, *look, race);
    }
    return false;
}

/* The newest record is of the same moment and stands for the access: nothing came between. */
static inline bool is_again(const struct mill_race_record *record, const struct look *look)
{
    return record->epoch == state->thread[look->thread].epoch &&
           (record->who & (MILL_HUNT_THREADS - 1 + RACED)) == look->thread &&
           (stands_for[kind_of(record)] & 1u << look->kind) && !(look->mask & ~record->mask);
}

/* The access to bytes of the cell; true: a race is told. */
static inline __attribute__((always_inline)) bool enter(struct mill_cell *cell, const struct look *look,
                                                        struct mill_race *race)
{
    bool told = false;
    if (cell->records == 0) {
        record_add(cell, look, false);
    } else {
        struct mill_race_record *record = &state->records[cell->records];
        if (is_again(record, look)) {
            return false;
        }
        told = meet_one(cell, record, look, race);
    }
    if (__builtin_expect(cell->objects != 0, false) && look->kind == WRITE) {
        mill_race_objects_overwritten(cell, look->mask);
    }
    return told;
}

/* ---- an access ---- */

/* The part of `size` bytes at `at` that is in the cell there. */
static inline void look_at(struct look *look, uintptr_t at, size_t size)
{
    unsigned first = (unsigned)(at % MILL_CELL_BYTES);
    unsigned count = size < MILL_CELL_BYTES - first ? (unsigned)size : MILL_CELL_BYTES - first;
    look->cell = at - first;
    look->mask = ((1u << count) - 1) << first;
    look->span = first | (count - 1) * MILL_CELL_BYTES;
}

static __attribute__((noinline)) bool access_cells(struct look look, struct mill_race *race)
{
    uintptr_t at = look.access->address;
    for (size_t left = look.access->size; left > 0;) {
        struct mill_cell *cell = mill_shadow_at(&state->shadow, at);
        if (!cell) {
            break; /* no memory of a program's, or no room: told by mill_race_exhausted */
        }
        look_at(&look, at, left);
        look.told |= enter(cell, &look, race); /* of several races the first is told */
        size_t step = MILL_CELL_BYTES - at % MILL_CELL_BYTES;
        at += step;
        left -= step < left ? step : left;
    }
    return look.told;
}

static inline struct look look_of(const struct mill_access *access)
{
    return (struct look){
        .access = access,
        .thread = access->thread,
        .when = access->when,
        .pc = access->pc,
        .kind = (access->write ? WRITE : 0u) | (access->atomic ? ATOMIC : 0u),
    };
}

/* Most accesses are within one cell. */
bool mill_race_access(const struct mill_access *access, struct mill_race *race)
{
    struct look look = look_of(access);
    unsigned first = (unsigned)(access->address % MILL_CELL_BYTES);
    if (__builtin_expect(access->size - 1 >= MILL_CELL_BYTES - first, false)) {
        return access_cells(look, race);
    }
    struct mill_cell *cell = mill_shadow_at(&state->shadow, access->address);
    if (!cell) {
        return false;
    }
    look.cell = access->address - first;
    look.mask = ((1u << access->size) - 1) << first;
    look.span = first | (access->size - 1) * MILL_CELL_BYTES;
    return enter(cell, &look, race);
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
        struct look look;
        look_at(&look, at, end - at);
        forget(cell, look.mask);
    }
}

bool mill_race_freed(const struct mill_access *access, size_t size, struct mill_race *race)
{
    struct look look = look_of(access);
    look.kind = WRITE;
    uintptr_t end = end_of(access->address, size);
    struct mill_cell *cell;
    for (uintptr_t at = access->address; (cell = mill_shadow_next(&state->shadow, &at, end));
         at += MILL_CELL_BYTES - at % MILL_CELL_BYTES) {
        look_at(&look, at, end - at);
        meet(cell, &look, race);
        forget(cell, look.mask);
    }
    return look.told;
}

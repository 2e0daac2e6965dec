/* Size classes: each has a region of address space, cut into slots of one size, each with one chunk at its
 * start and nobody's bytes at its end. So the slot over an address is a division, and what is known of it
 * lies in a table apart, where no overrun reaches it. A class gives out slot after slot; from ROOM bytes on
 * it takes the one freed longest ago, if there is one. What was written before, in this schedule or another,
 * is cleared when it is given out again.
 */
#include "hunt/heap.h"

#include <errno.h>
#include <string.h>

#include "hunt/reserve.h"

#define REGION_BITS     30
#define REGION          ((size_t)1 << REGION_BITS)
#define ROOM            ((size_t)64 << 20)

/* Slots of class c have (4 + c % 4) << (4 + c / 4) bytes: 64, 80, 96, 112, 128, 160, … 2^30. */
#define CLASSES         97
#define STEP_BITS       4

/* A page that is nobody's lies before the first region: what is just before the first chunk is of this heap.
 */
#define PAGE            ((size_t)4096)
#define MEMORY          (PAGE + CLASSES * REGION)

#define ZONE_LEAST      ((size_t)32)
#define ZONE_MOST       ((size_t)2048)
#define ALIGNMENT       ((size_t)16)

/* Larger ones are not cleared byte by byte: the system takes the pages back. */
#define CLEARED_BY_HAND ((size_t)128 << 10)

/* A place to be at the same addresses in each process; elsewhere if it is taken. */
#define HINT            ((void *)0x200000000000)

uintptr_t mill_heap_base;
size_t mill_heap_size;

struct slot {
    bool is_freed;
    uint32_t next_freed;     /* of the class, freed later */
    uint64_t older, younger; /* chunks that are there: class and slot, as `name` has them; 0: none */
    struct mill_chunk chunk;
};

struct class
{
    uint64_t schedule;       /* not the present one: none of its slots has been given out */
    uint32_t given;          /* slots 0 … given-1 have been given out in this schedule, */
    uint32_t dirty;          /* 0 … dirty-1 in this or an earlier one */
    uint32_t oldest, newest; /* of those freed, if there are any */
    uint32_t freed;          /* how many */
};

static MILL_WRITTEN struct {
    struct slot *slots;
    size_t first[CLASSES + 1]; /* in `slots`, of each class */
    struct class class[CLASSES];
    uint64_t schedule;
    bool running, reused;
    size_t live;
    uint64_t oldest, youngest; /* of the chunks that are there */
} heap;

/* ---- classes and slots ---- */

static size_t slot_size(unsigned class)
{
    return (size_t)(4 + class % 4) << (STEP_BITS + class / 4);
}

static uint32_t slot_count(unsigned class)
{
    return (uint32_t)(REGION / slot_size(class));
}

/* The smallest whose slots have so many bytes; CLASSES: none. */
static unsigned class_for(size_t bytes)
{
    if (bytes > REGION) {
        return CLASSES;
    }
    if (bytes <= slot_size(0)) {
        return 0;
    }
    unsigned bits = 63 - (unsigned)__builtin_clzll(bytes - 1); /* 2^bits < bytes <= 2^(bits+1) */
    unsigned quarter = (unsigned)((bytes - 1) >> (bits - 2)) & 3;
    return (bits - 2 - STEP_BITS) * 4 + quarter + 1;
}

static uint32_t slot_over(unsigned class, size_t offset)
{
    /* Times 2^40/n, rounded up, is a division by n = 4 … 7 for the 26 bits that are left of an offset. */
    static const uint64_t inverse[] = {(1ull << 40) / 4, (1ull << 40) / 5 + 1, (1ull << 40) / 6 + 1,
                                       (1ull << 40) / 7 + 1};
    return (uint32_t)(((uint64_t)offset >> (STEP_BITS + class / 4)) * inverse[class % 4] >> 40);
}

static struct slot *slot_at(unsigned class, uint32_t number)
{
    return &heap.slots[heap.first[class] + number];
}

/* NULL: it has not been given out in this schedule. */
static struct slot *given_slot(unsigned class, uint32_t number)
{
    if (class >= CLASSES || heap.class[class].schedule != heap.schedule ||
        number >= heap.class[class].given) {
        return NULL;
    }
    return slot_at(class, number);
}

static uint64_t name(unsigned class, uint32_t number)
{
    return (uint64_t)(class + 1) << 32 | number;
}

static struct slot *named(uint64_t slot)
{
    return slot_at((unsigned)(slot >> 32) - 1, (uint32_t)slot);
}

static uintptr_t region(unsigned class)
{
    return mill_heap_base + PAGE + (uintptr_t) class * REGION;
}

/* The slot over an address, which may be what is left at the end of a region; false: of none. */
static bool find(uintptr_t address, unsigned *class, uint32_t *number)
{
    size_t offset = address - mill_heap_base - PAGE;
    *class = (unsigned)(offset >> REGION_BITS);
    *number = *class < CLASSES ? slot_over(*class, offset & (REGION - 1)) : 0;
    return offset < CLASSES * REGION;
}

/* ---- the life of all this ---- */

int mill_heap_open(void)
{
    size_t slots = 0;
    for (unsigned class = 0; class < CLASSES; class ++) {
        heap.first[class] = slots;
        slots += slot_count(class);
    }
    heap.first[CLASSES] = slots;
    heap.slots = mill_reserve(slots * sizeof *heap.slots, NULL);
    mill_heap_size = MEMORY;
    mill_heap_base = (uintptr_t)mill_reserve(mill_heap_size, HINT);
    if (!heap.slots || mill_heap_base == 0) {
        mill_heap_close();
        return -ENOMEM;
    }
    return 0;
}

void mill_heap_close(void)
{
    mill_unreserve(heap.slots, heap.first[CLASSES] * sizeof *heap.slots);
    mill_unreserve((void *)mill_heap_base, mill_heap_size);
    memset(&heap, 0, sizeof heap);
    mill_heap_base = 0;
    mill_heap_size = 0;
}

void mill_heap_begin(void)
{
    heap.schedule++;
    heap.running = true;
    heap.reused = false;
    heap.live = 0;
    heap.oldest = heap.youngest = 0;
}

void mill_heap_end(void)
{
    heap.running = false;
}

bool mill_heap_reused(void)
{
    return heap.reused;
}

/* ---- chunks that are there ---- */

static void enter(unsigned class, uint32_t number)
{
    uint64_t slot = name(class, number);
    struct slot *entered = slot_at(class, number);
    entered->older = heap.youngest;
    entered->younger = 0;
    if (heap.youngest != 0) {
        named(heap.youngest)->younger = slot;
    } else {
        heap.oldest = slot;
    }
    heap.youngest = slot;
    heap.live++;
}

static void leave(const struct slot *slot)
{
    if (slot->older != 0) {
        named(slot->older)->younger = slot->younger;
    } else {
        heap.oldest = slot->younger;
    }
    if (slot->younger != 0) {
        named(slot->younger)->older = slot->older;
    } else {
        heap.youngest = slot->older;
    }
    heap.live--;
}

size_t mill_heap_left(struct mill_chunk *first)
{
    if (heap.live > 0) {
        *first = named(heap.oldest)->chunk;
    }
    return heap.live;
}

bool mill_heap_next(struct mill_chunk *chunk)
{
    unsigned class;
    uint32_t number;
    const struct slot *slot = find(chunk->address, &class, &number) ? given_slot(class, number) : NULL;
    if (!slot || slot->is_freed || slot->younger == 0) {
        return false;
    }
    *chunk = named(slot->younger)->chunk;
    return true;
}

/* ---- to allocate ---- */

/* Bytes that a slot must have; 0: more than any has. */
static size_t room_for(size_t size, size_t alignment)
{
    size_t zone = size / 4;
    zone = zone < ZONE_LEAST ? ZONE_LEAST : zone > ZONE_MOST ? ZONE_MOST : zone;
    size_t room = 0;
    if (__builtin_add_overflow(size, zone, &room) ||
        __builtin_add_overflow(room, alignment - ALIGNMENT, &room)) {
        return 0;
    }
    return room;
}

static uint32_t take_oldest(unsigned class)
{
    struct class *own = &heap.class[class];
    uint32_t number = own->oldest;
    own->oldest = slot_at(class, number)->next_freed;
    own->freed--;
    heap.reused = true;
    return number;
}

/* UINT32_MAX: the region is full. */
static uint32_t take_slot(unsigned class)
{
    struct class *own = &heap.class[class];
    if (own->schedule != heap.schedule) {
        *own = (struct class){.schedule = heap.schedule, .dirty = own->dirty};
    }
    bool room = own->given < slot_count(class);
    if (own->freed > 0 && (!room || own->given * slot_size(class) >= ROOM)) {
        return take_oldest(class);
    }
    return room ? own->given++ : UINT32_MAX;
}

static void clear(void *memory, size_t size)
{
    if (size < CLEARED_BY_HAND) {
        memset(memory, 0, size);
        return;
    }
    char *end = (char *)memory + size;
    char *first = (char *)(((uintptr_t)memory + PAGE - 1) / PAGE * PAGE);
    size_t pages = (size_t)(end - first) / PAGE * PAGE;
    memset(memory, 0, (size_t)(first - (char *)memory));
    mill_reserve_clear(first, pages);
    memset(first + pages, 0, (size_t)(end - first) - pages);
}

void *mill_heap_allocate(size_t size, size_t alignment, const struct mill_heap_call *call)
{
    if ((alignment & (alignment - 1)) != 0 || !heap.running) {
        return NULL;
    }
    alignment = alignment < ALIGNMENT ? ALIGNMENT : alignment;
    size_t room = room_for(size, alignment);
    unsigned class = class_for(room);
    uint32_t number = room != 0 && class < CLASSES ? take_slot(class) : UINT32_MAX;
    if (number == UINT32_MAX) {
        return NULL;
    }
    uintptr_t start = region(class) + number * slot_size(class);
    uintptr_t address = (start + alignment - 1) & ~(alignment - 1);
    struct slot *slot = slot_at(class, number);
    slot->is_freed = false;
    slot->chunk = (struct mill_chunk){.address = address, .size = size, .allocated = *call};
    enter(class, number);
    if (number < heap.class[class].dirty) {
        clear((void *)address, size);
    } else {
        heap.class[class].dirty = number + 1;
    }
    return (void *)address;
}

/* ---- to free ---- */

enum mill_heap_freed mill_heap_release(void *memory, const struct mill_heap_call *call,
                                       struct mill_chunk *chunk)
{
    unsigned class;
    uint32_t number;
    struct slot *slot = find((uintptr_t)memory, &class, &number) ? given_slot(class, number) : NULL;
    if (!slot || slot->chunk.address != (uintptr_t)memory) {
        return MILL_HEAP_FREED_NOTHING;
    }
    *chunk = slot->chunk;
    if (slot->is_freed) {
        return MILL_HEAP_FREED_TWICE;
    }
    slot->is_freed = true;
    slot->chunk.freed = *call;
    *chunk = slot->chunk;
    leave(slot);
    struct class *own = &heap.class[class];
    if (own->freed == 0) {
        own->oldest = number;
    } else {
        slot_at(class, own->newest)->next_freed = number;
    }
    own->newest = number;
    own->freed++;
    return MILL_HEAP_FREED_WELL;
}

/* ---- to look ---- */

static const struct slot *last_slot(unsigned class, uint32_t below)
{
    uint32_t given = heap.class[class].given;
    uint32_t end = below < given ? below : given;
    return end > 0 ? given_slot(class, end - 1) : NULL;
}

static const struct slot *next_slot(unsigned class, uint32_t number)
{
    return number + 1 < slot_count(class) ? given_slot(class, number + 1) : given_slot(class + 1, 0);
}

/* The chunk next to an address that is in none: the one that ends before it, or the one that begins after. */
static const struct slot *nearest(uintptr_t address)
{
    unsigned class;
    uint32_t number;
    if (!find(address, &class, &number)) {
        return given_slot(0, 0);
    }
    const struct slot *before = given_slot(class, number);
    const struct slot *after = next_slot(class, number);
    if (!before || address < before->chunk.address) {
        after = before ? before : after;
        before = last_slot(class, number);
    }
    if (!before || !after) {
        return before ? before : after;
    }
    uintptr_t end = before->chunk.address + before->chunk.size;
    return address < end || address - end <= after->chunk.address - address ? before : after;
}

enum mill_heap_state mill_heap_look(uintptr_t address, size_t size, struct mill_chunk *chunk)
{
    if (address - mill_heap_base >= mill_heap_size) {
        return MILL_HEAP_ELSEWHERE;
    }
    unsigned class;
    uint32_t number;
    const struct slot *slot = find(address, &class, &number) ? given_slot(class, number) : NULL;
    if (slot) {
        size_t inside = address - slot->chunk.address; /* before the chunk: beyond any size */
        if (inside < slot->chunk.size && size <= slot->chunk.size - inside) {
            if (chunk) {
                *chunk = slot->chunk;
            }
            return slot->is_freed ? MILL_HEAP_FREED : MILL_HEAP_LIVE;
        }
    }
    if (chunk) {
        slot = nearest(address);
        *chunk = slot ? slot->chunk : (struct mill_chunk){0};
    }
    return MILL_HEAP_OUTSIDE;
}

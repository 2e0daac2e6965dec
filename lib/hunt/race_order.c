/* What orders accesses: threads, objects that are released and acquired, atomics and fences.
 *
 * An atomic object has the clock that an acquire of its present value takes: the join of the heads of the
 * release sequences that the value belongs to (C11, 5.1.2.4p10). An update carries all of them on; a store
 * carries on those that its own thread headed, and ends the others. So heads are kept apart by thread, but
 * only where there are several: most objects are stored by one thread, or updated by all and never stored.
 * A relaxed access counts for what a fence makes of it: a store heads with the clock of the thread's last
 * release fence, a load is remembered for its next acquire fence (7.17.4).
 */
#include "hunt/race.h"
#include "hunt/race_parts.h"

static struct mill_race_state *const state = &mill_race_state;

/* ---- objects ---- */

static uint32_t object_find(const struct mill_cell *cell, uintptr_t address)
{
    uint32_t number = cell->objects;
    while (number != 0 && state->objects[number].address != address) {
        number = state->objects[number].next;
    }
    return number;
}

/* 0: there is no room. */
static uint32_t object_new(void)
{
    uint32_t number = state->object_free;
    if (number != 0) {
        state->object_free = state->objects[number].next;
    } else if (state->object_count + 1 < MILL_RACE_OBJECTS) {
        number = ++state->object_count;
    } else {
        state->full = true;
    }
    return number;
}

/* NULL: it has none, or there is no room. */
static struct mill_race_object *object_at(uintptr_t address, bool make)
{
    struct mill_cell *cell = mill_shadow_at(&state->shadow, address);
    if (!cell) {
        return NULL;
    }
    uint32_t number = object_find(cell, address);
    if (number == 0 && make && (number = object_new()) != 0) {
        state->objects[number] = (struct mill_race_object){.address = address, .next = cell->objects};
        cell->objects = number;
    }
    return number != 0 ? &state->objects[number] : NULL;
}

/* ---- heads of release sequences ---- */

static void heads_clear(struct mill_race_object *object)
{
    while (object->heads != 0) {
        uint32_t number = object->heads;
        struct mill_race_head *head = &state->heads[number];
        mill_clock_clear(&state->clocks, &head->clock);
        object->heads = head->next;
        head->next = state->head_free;
        state->head_free = number;
    }
}

static struct mill_race_head *head_of(const struct mill_race_object *object, unsigned thread)
{
    for (uint32_t number = object->heads; number != 0; number = state->heads[number].next) {
        if (state->heads[number].thread == thread) {
            return &state->heads[number];
        }
    }
    return NULL;
}

static struct mill_race_head *head_new(struct mill_race_object *object, unsigned thread)
{
    uint32_t number = state->head_free;
    if (number != 0) {
        state->head_free = state->heads[number].next;
    } else if (state->head_count + 1 < MILL_RACE_HEADS) {
        number = ++state->head_count;
    } else {
        state->full = true;
        return NULL;
    }
    struct mill_race_head *head = &state->heads[number];
    *head = (struct mill_race_head){.next = object->heads, .thread = (uint16_t)thread};
    object->heads = number;
    return head;
}

/* The value that the thread writes heads a release sequence with this clock, beside those it belongs to. */
static void head_add(struct mill_race_object *object, unsigned thread, const struct mill_clock *clock)
{
    if (clock->length == 0) {
        return; /* relaxed, and no fence before it */
    }
    bool only = object->heads == 0 && (object->clock.length == 0 || object->head == thread);
    if (only) {
        object->head = (uint16_t)thread;
    } else {
        if (object->heads == 0) {
            struct mill_race_head *first = head_new(object, object->head);
            if (first) {
                mill_clock_join(&state->clocks, &first->clock, &object->clock);
            }
        }
        struct mill_race_head *head = head_of(object, thread);
        if (!head) {
            head = head_new(object, thread);
        }
        if (head) {
            mill_clock_join(&state->clocks, &head->clock, clock);
        }
    }
    mill_clock_join(&state->clocks, &object->clock, clock);
}

/* A store of the thread: of the sequences, its own go on. */
static void heads_of_others_end(struct mill_race_object *object, unsigned thread)
{
    if (object->heads == 0) {
        if (object->head != thread) {
            mill_clock_clear(&state->clocks, &object->clock);
        }
        return;
    }
    mill_clock_clear(&state->clocks, &object->clock);
    const struct mill_race_head *own = head_of(object, thread);
    if (own) {
        mill_clock_join(&state->clocks, &object->clock, &own->clock);
    }
    heads_clear(object);
    object->head = (uint16_t)thread;
}

void mill_race_objects_overwritten(struct mill_cell *cell, unsigned mask)
{
    for (uint32_t number = cell->objects; number != 0; number = state->objects[number].next) {
        struct mill_race_object *object = &state->objects[number];
        if (object->atomic && (mask & 1u << object->address % MILL_CELL_BYTES)) {
            heads_clear(object);
            mill_clock_clear(&state->clocks, &object->clock);
        }
    }
}

void mill_race_objects_forget(struct mill_cell *cell, unsigned mask)
{
    for (uint32_t *link = &cell->objects; *link != 0;) {
        uint32_t number = *link;
        struct mill_race_object *object = &state->objects[number];
        if (!(mask & 1u << object->address % MILL_CELL_BYTES)) {
            link = &object->next;
            continue;
        }
        heads_clear(object);
        mill_clock_clear(&state->clocks, &object->clock);
        *link = object->next;
        object->next = state->object_free;
        state->object_free = number;
    }
}

/* ---- threads ---- */

/* What the thread has done so far has been given away: what it does next is something else. */
static void next_epoch(unsigned thread)
{
    struct mill_race_thread *own = &state->thread[thread];
    own->epoch++;
    mill_clock_set(&state->clocks, &own->clock, thread, own->epoch);
}

void mill_race_thread_begin(unsigned thread, const struct mill_clock *before)
{
    struct mill_race_thread *own = &state->thread[thread];
    *own = (struct mill_race_thread){.epoch = 1};
    mill_clock_begin(&state->clocks, &own->clock, before, thread, own->epoch);
}

void mill_race_spawned(unsigned parent, unsigned child)
{
    if (child >= state->threads) {
        state->threads = child + 1;
    }
    mill_race_thread_begin(child, &state->thread[parent].clock);
    next_epoch(parent);
}

void mill_race_joined(unsigned parent, unsigned child)
{
    mill_clock_join(&state->clocks, &state->thread[parent].clock, &state->thread[child].clock);
}

/* ---- what is acquired and released ---- */

void mill_race_release(unsigned thread, uintptr_t address)
{
    struct mill_race_object *object = object_at(address, true);
    if (object) {
        mill_clock_join(&state->clocks, &object->clock, &state->thread[thread].clock);
        next_epoch(thread);
    }
}

void mill_race_acquire(unsigned thread, uintptr_t address)
{
    const struct mill_race_object *object = object_at(address, false);
    if (object) {
        mill_clock_join(&state->clocks, &state->thread[thread].clock, &object->clock);
    }
}

static bool acquires(int order)
{
    return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

static bool releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static void load(unsigned thread, const struct mill_race_object *object, int order)
{
    struct mill_race_thread *own = &state->thread[thread];
    mill_clock_join(&state->clocks, acquires(order) ? &own->clock : &own->loaded, &object->clock);
}

static void store(unsigned thread, struct mill_race_object *object, int order)
{
    struct mill_race_thread *own = &state->thread[thread];
    object->atomic = true;
    if (releases(order)) {
        head_add(object, thread, &own->clock);
        next_epoch(thread);
    } else {
        head_add(object, thread, &own->released);
    }
}

void mill_race_atomic_load(unsigned thread, uintptr_t address, int order)
{
    const struct mill_race_object *object = object_at(address, false);
    if (object) {
        load(thread, object, order);
    }
}

void mill_race_atomic_store(unsigned thread, uintptr_t address, int order)
{
    bool matters = releases(order) || state->thread[thread].released.length > 0;
    struct mill_race_object *object = object_at(address, matters);
    if (object) {
        heads_of_others_end(object, thread);
        store(thread, object, order);
    }
}

void mill_race_atomic_update(unsigned thread, uintptr_t address, int order)
{
    bool matters = releases(order) || state->thread[thread].released.length > 0;
    struct mill_race_object *object = object_at(address, matters);
    if (object) {
        load(thread, object, order);
        store(thread, object, order);
    }
}

void mill_race_fence(unsigned thread, int order)
{
    struct mill_race_thread *own = &state->thread[thread];
    if (acquires(order)) {
        mill_clock_join(&state->clocks, &own->clock, &own->loaded);
    }
    if (releases(order)) {
        mill_clock_join(&state->clocks, &own->released, &own->clock);
        next_epoch(thread);
    }
}

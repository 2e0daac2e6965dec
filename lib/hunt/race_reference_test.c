/* Random traces, against happens-before as C11 writes it down: every event with its full clock, the whole
 * modification order of every atomic, every access to every byte. Slow, and nothing in it is shared with what
 * it judges. Each access of each trace must race or not as it says, and what is told must be one that races.
 */
#include "hunt/race.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"

#define SEED    20260721u
#define THREADS 40
#define STEPS   150
#define BYTES   40
#define OBJECTS 4 /* two of 4 bytes, one of 8, one of 1: at the start of the memory, accessed plainly too */
#define LOCKS   3

struct clock {
    uint32_t of[THREADS];
};

struct change { /* of an atomic: its modification order */
    unsigned thread;
    bool update, releases, fenced;
    struct clock clock, fence;
};

struct event {
    unsigned thread;
    uint32_t own; /* its thread's component */
    bool write, atomic;
    bool gone[BYTES]; /* memory that was given anew, or freed, since */
    unsigned first, size;
};

static struct {
    struct clock now[THREADS], fence[THREADS], loaded[THREADS];
    bool fenced[THREADS], alive[THREADS];
    unsigned threads;
    struct change change[OBJECTS][STEPS];
    unsigned changes[OBJECTS];
    struct clock lock[LOCKS];
    struct event event[STEPS];
    bool is_access[STEPS];
} naive;

static const struct {
    unsigned first, size;
} object[OBJECTS] = {{0, 4}, {4, 4}, {8, 8}, {17, 1}};

static const uintptr_t base = 0x7f0000200000 - 24; /* over the end of a page, and of what a chunk reaches */
static struct mill_random dice;
static unsigned races_seen, accesses_seen;

static unsigned below(unsigned bound)
{
    return (unsigned)mill_random_below(&dice, bound);
}

static void join(struct clock *clock, const struct clock *other)
{
    for (unsigned i = 0; i < THREADS; i++) {
        clock->of[i] = clock->of[i] > other->of[i] ? clock->of[i] : other->of[i];
    }
}

/* ---- memory ---- */

static bool races(const struct event *a, const struct event *b)
{
    if (!(a->write || b->write) || (a->atomic && b->atomic)) {
        return false;
    }
    if (a->own <= naive.now[b->thread].of[a->thread]) {
        return false;
    }
    for (unsigned i = a->first; i < a->first + a->size; i++) {
        if (!a->gone[i] && i >= b->first && i < b->first + b->size) {
            return true;
        }
    }
    return false;
}

static void judge(unsigned step, bool told, const struct mill_race *race)
{
    const struct event *event = &naive.event[step];
    bool expected = false;
    for (unsigned i = 0; i < step; i++) {
        expected |= naive.is_access[i] && races(&naive.event[i], event);
    }
    assert_int_equal(told, expected);
    accesses_seen++;
    if (told) {
        races_seen++;
        const struct mill_access *earlier = &race->earlier;
        assert_true(earlier->when < step && naive.is_access[earlier->when]);
        const struct event *other = &naive.event[earlier->when];
        assert_true(races(other, event));
        assert_int_equal(earlier->thread, other->thread);
        assert_int_equal(earlier->write, other->write);
        assert_int_equal(earlier->atomic, other->atomic);
        assert_true(earlier->address >= base + other->first);
        assert_true(earlier->address + earlier->size <= base + other->first + other->size);
        assert_int_equal(race->later.when, step);
    }
}

static void access_bytes(unsigned step, unsigned thread, unsigned first, unsigned size, bool write,
                         bool atomic)
{
    struct mill_access access = {
        .thread = thread,
        .when = step,
        .pc = (const void *)(uintptr_t)(step + 1),
        .address = base + first,
        .size = size,
        .write = write,
        .atomic = atomic,
    };
    naive.is_access[step] = true;
    naive.event[step] = (struct event){.thread = thread,
                                       .own = naive.now[thread].of[thread],
                                       .write = write,
                                       .atomic = atomic,
                                       .first = first,
                                       .size = size};
    struct mill_race race;
    judge(step, mill_race_access(&access, &race), &race);
    for (unsigned i = 0; write && !atomic && i < OBJECTS; i++) {
        if (object[i].first >= first && object[i].first < first + size) {
            naive.changes[i] = 0;
        }
    }
}

static void forget_bytes(unsigned first, unsigned size)
{
    for (unsigned i = 0; i < STEPS; i++) {
        for (unsigned byte = first; byte < first + size; byte++) {
            naive.event[i].gone[byte] = true;
        }
    }
    for (unsigned i = 0; i < OBJECTS; i++) {
        if (object[i].first >= first && object[i].first < first + size) {
            naive.changes[i] = 0;
        }
    }
}

static void plain(unsigned step, unsigned thread)
{
    static const unsigned sizes[] = {1, 2, 4, 8, 16};
    unsigned size = below(8) == 0 ? 1 + below(30) : sizes[below(5)];
    unsigned first = below(BYTES - size + 1);
    access_bytes(step, thread, first, size, below(2) == 0, false);
}

static void allocate_or_free(unsigned step, unsigned thread)
{
    unsigned size = 1 + below(BYTES);
    unsigned first = below(BYTES - size + 1);
    if (below(2) == 0) {
        mill_race_allocated(base + first, size);
    } else {
        struct mill_access access = {.thread = thread,
                                     .when = step,
                                     .pc = (const void *)(uintptr_t)(step + 1),
                                     .address = base + first,
                                     .write = true,
                                     .released = true};
        naive.event[step] = (struct event){.thread = thread,
                                           .own = naive.now[thread].of[thread],
                                           .write = true,
                                           .first = first,
                                           .size = size};
        struct mill_race race;
        judge(step, mill_race_freed(&access, size, &race), &race);
    }
    forget_bytes(first, size);
}

/* ---- order ---- */

static bool is_acquire(int order)
{
    return order == __ATOMIC_CONSUME || order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL ||
           order == __ATOMIC_SEQ_CST;
}

static bool is_release(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* 5.1.2.4p10 and 7.17.4, to the letter: each change so far may head a sequence that reaches the last one. */
static void take(unsigned which, struct clock *into)
{
    for (unsigned head = 0; head < naive.changes[which]; head++) {
        const struct change *first = &naive.change[which][head];
        bool reaches = true;
        for (unsigned i = head + 1; i < naive.changes[which]; i++) {
            const struct change *next = &naive.change[which][i];
            reaches &= next->update || next->thread == first->thread;
        }
        if (reaches && first->releases) {
            join(into, &first->clock);
        }
        if (reaches && first->fenced) {
            join(into, &first->fence);
        }
    }
}

static void atomic(unsigned step, unsigned thread)
{
    static const int loads[] = {__ATOMIC_RELAXED, __ATOMIC_CONSUME, __ATOMIC_ACQUIRE, __ATOMIC_SEQ_CST};
    static const int stores[] = {__ATOMIC_RELAXED, __ATOMIC_RELEASE, __ATOMIC_SEQ_CST};
    static const int updates[] = {__ATOMIC_RELAXED, __ATOMIC_ACQUIRE, __ATOMIC_RELEASE, __ATOMIC_ACQ_REL,
                                  __ATOMIC_SEQ_CST};
    unsigned which = below(OBJECTS);
    unsigned how = below(3);
    int order = how == 0 ? loads[below(4)] : how == 1 ? stores[below(3)] : updates[below(5)];
    uintptr_t address = base + object[which].first;
    access_bytes(step, thread, object[which].first, object[which].size, how != 0, true);
    if (how != 1) {
        take(which, is_acquire(order) ? &naive.now[thread] : &naive.loaded[thread]);
    }
    if (how != 0) {
        naive.change[which][naive.changes[which]++] = (struct change){.thread = thread,
                                                                      .update = how == 2,
                                                                      .releases = is_release(order),
                                                                      .fenced = naive.fenced[thread],
                                                                      .clock = naive.now[thread],
                                                                      .fence = naive.fence[thread]};
    }
    if (how == 0) {
        mill_race_atomic_load(thread, address, order);
    } else if (how == 1) {
        mill_race_atomic_store(thread, address, order);
    } else {
        mill_race_atomic_update(thread, address, order);
    }
}

static void fence(unsigned thread)
{
    static const int orders[] = {__ATOMIC_ACQUIRE, __ATOMIC_RELEASE, __ATOMIC_ACQ_REL, __ATOMIC_SEQ_CST};
    int order = orders[below(4)];
    mill_race_fence(thread, order);
    if (is_acquire(order)) {
        join(&naive.now[thread], &naive.loaded[thread]);
    }
    if (is_release(order)) {
        naive.fenced[thread] = true;
        naive.fence[thread] = naive.now[thread];
    }
}

static void lock(unsigned thread)
{
    unsigned which = below(LOCKS);
    uintptr_t address = base + 4096 + 40 * which;
    if (below(2) == 0) {
        mill_race_acquire(thread, address);
        join(&naive.now[thread], &naive.lock[which]);
    } else {
        mill_race_release(thread, address);
        join(&naive.lock[which], &naive.now[thread]);
    }
}

static void spawn_or_join(unsigned thread, unsigned most)
{
    if (naive.threads < most && below(3) > 0) {
        unsigned child = naive.threads++;
        naive.alive[child] = true;
        join(&naive.now[child], &naive.now[thread]);
        naive.now[child].of[child] = 1;
        mill_race_spawned(thread, child);
        return;
    }
    unsigned other = below(naive.threads);
    if (other != thread && other != 0 && naive.alive[other]) {
        naive.alive[other] = false;
        join(&naive.now[thread], &naive.now[other]);
        mill_race_joined(thread, other);
    }
}

/* ---- traces ---- */

static void one_trace(unsigned most)
{
    memset(&naive, 0, sizeof naive);
    naive.threads = 1;
    naive.alive[0] = true;
    naive.now[0].of[0] = 1;
    mill_race_forget();
    mill_race_begin();
    unsigned calm = 1 + below(6); /* the more order, the fewer races */
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned thread = below(naive.threads);
        if (!naive.alive[thread]) {
            continue;
        }
        naive.now[thread].of[thread]++; /* every step is an event of its own */
        unsigned what = below(6 + 3 * calm);
        if (step < most || what == 0) {
            spawn_or_join(thread, most);
        } else if (what <= 4) {
            plain(step, thread);
        } else if (what == 5) {
            below(8) == 0 ? allocate_or_free(step, thread) : fence(thread);
        } else if (what % 3 == 0) {
            lock(thread);
        } else {
            atomic(step, thread);
        }
        naive.now[thread].of[thread]++;
    }
    assert_false(mill_race_exhausted());
}

static void test_every_access_races_or_not_as_c11_says(void **unused)
{
    (void)unused;
    assert_int_equal(mill_race_open(), 0);
    for (unsigned trace = 0; trace < 4000; trace++) {
        mill_random_seed(&dice, SEED, trace);
        unsigned most = trace % 50 == 0 ? THREADS : 2 + trace % 4;
        one_trace(most);
    }
    /* Both answers are met often enough to mean something. */
    assert_true(accesses_seen > 100000);
    assert_in_range(races_seen, accesses_seen / 50, accesses_seen - accesses_seen / 10);
    mill_race_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_access_races_or_not_as_c11_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

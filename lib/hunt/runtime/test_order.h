/* The part of the tiny scheduler (test_scheduler.h, which includes this) that knows what is ordered: race.h
 * as vector clocks of synchronisation alone, and marks, by which a test asks.
 *
 *     mark(0);   in one thread           … mark(1); in another
 *     assert_int_equal(seen.unordered[0][1], 0);   wherever 0 came first, it was ordered before 1
 */
#ifndef MILL_HUNT_RUNTIME_TEST_ORDER_H
#define MILL_HUNT_RUNTIME_TEST_ORDER_H

#include <stdint.h>
#include <string.h>

#include "hunt/race.h"
#include "hunt/runtime/check.h"

/* ---- race.h: what is ordered ---- */

#define OBJECTS_MAX 64

struct test_clock {
    unsigned of[THREADS_MAX];
};

static struct test_clock clocks[THREADS_MAX];
static struct {
    uintptr_t object;
    struct test_clock clock;
} released[OBJECTS_MAX];
static unsigned released_count;
static struct {
    bool set;
    unsigned thread;
    struct test_clock clock;
} marks[MARKS_MAX];
/* Bits of the threads that had one. The C library's headers tell gcc that syscall() calls nothing back
 * (`leaf`). */
static volatile unsigned fences;
static uintptr_t touch_fails; /* the address of an object that no call may touch */

static void join_clock(struct test_clock *into, const struct test_clock *from)
{
    for (unsigned i = 0; i < THREADS_MAX; i++) {
        into->of[i] = from->of[i] > into->of[i] ? from->of[i] : into->of[i];
    }
}

static struct test_clock *clock_of(uintptr_t object)
{
    for (unsigned i = 0; i < released_count; i++) {
        if (released[i].object == object) {
            return &released[i].clock;
        }
    }
    expect(released_count < OBJECTS_MAX);
    released[released_count].object = object;
    return &released[released_count++].clock;
}

void mill_race_begin(void)
{
    memset(clocks, 0, sizeof clocks);
    memset(released, 0, sizeof released);
    memset(marks, 0, sizeof marks);
    released_count = 0;
    clocks[0].of[0] = 1;
}

void mill_race_release(unsigned thread, uintptr_t object)
{
    join_clock(clock_of(object), &clocks[thread]);
    clocks[thread].of[thread]++;
}

void mill_race_acquire(unsigned thread, uintptr_t object)
{
    join_clock(&clocks[thread], clock_of(object));
}

void mill_race_spawned(unsigned parent, unsigned child)
{
    join_clock(&clocks[child], &clocks[parent]);
    clocks[child].of[child]++;
    clocks[parent].of[parent]++;
}

void mill_race_joined(unsigned parent, unsigned child)
{
    join_clock(&clocks[parent], &clocks[child]);
}

/* Accesses are not looked at. */
void mill_race_allocated(uintptr_t address, size_t size)
{
    (void)address;
    (void)size;
}

void mill_race_fence(unsigned thread, int order)
{
    (void)order;
    fences |= 1U << thread;
}

/* ---- check.h: what is touched, and told ---- */

void mill_check_place(struct mill_failure *failure, unsigned thread, uint32_t when, const void *pc,
                      const char *what)
{
    (void)pc;
    mill_failure_add(failure, thread, when, "%s", what);
}

void mill_check_access(const struct mill_access *access)
{
    if (access->address == touch_fails && (access->write || access->atomic)) {
        mill_fail_here(MILL_FAILURE_RACE, NULL, "%s", access->write ? "made or destroyed" : "used");
    }
}

/* ---- marks ---- */

/* The running thread is at this place; every mark that was set before it, and is not ordered before, is
 * counted. */
static inline void mark(unsigned number)
{
    for (unsigned i = 0; i < MARKS_MAX; i++) {
        unsigned thread = marks[i].thread;
        if (marks[i].set && clocks[current].of[thread] < marks[i].clock.of[thread]) {
            seen.unordered[i][number]++;
        }
    }
    marks[number].set = true;
    marks[number].thread = current;
    marks[number].clock = clocks[current];
}

#endif

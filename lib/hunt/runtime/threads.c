#include "hunt/runtime/schedule.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "hunt/race.h"
#include "hunt/runtime/check.h"

static_assert(sizeof(struct mill_frames) <= MILL_CONTEXT_SPARE,
              "they fit into the memory that a context has for them");

unsigned mill_self(void)
{
    return mill_schedule.current;
}

unsigned mill_thread_count(void)
{
    return mill_schedule.count;
}

struct mill_thread_data *mill_thread_data(unsigned thread)
{
    return &mill_schedule.threads[thread].data;
}

bool mill_thread_is_over(unsigned thread)
{
    return !mill_schedule.threads[thread].alive;
}

void *mill_thread_result(unsigned thread)
{
    return mill_schedule.threads[thread].result;
}

unsigned long mill_thread_handle(unsigned thread)
{
    return mill_schedule.engine->handle(thread);
}

int mill_thread_find(unsigned long handle)
{
    for (unsigned thread = 0; thread < mill_schedule.count; thread++) {
        if (mill_schedule.engine->handle(thread) == handle) {
            return (int)thread;
        }
    }
    return -1;
}

/* What was there of the thread of the same number in another schedule is of no use; its frames are cut off by
 * their depth. */
void mill_schedule_thread(unsigned thread)
{
    struct mill_hunted *one = &mill_schedule.threads[thread];
    memset(one, 0, offsetof(struct mill_hunted, data.shares));
    one->alive = true;
    one->can = true;
    struct mill_frames *spare = mill_schedule.engine->spare(thread);
    one->frames = spare ? spare : &mill_schedule.own_frames[thread];
    one->frames->depth = 0;
    mill_schedule.pending[thread] = mill_thing(MILL_STEP_BEGIN, NULL, NULL);
}

static void thread_main(void)
{
    struct mill_hunted *one = &mill_schedule.threads[mill_schedule.current];
    mill_schedule_step();
    mill_thread_end(one->start(one->argument));
}

int mill_thread_spawn(void *(*start)(void *argument), void *argument)
{
    unsigned child = mill_schedule.count;
    if (child >= MILL_HUNT_THREADS) {
        return -EAGAIN;
    }
    int status = mill_schedule.engine->start(child, thread_main);
    if (status < 0) {
        return status;
    }
    mill_schedule_thread(child);
    mill_schedule.threads[child].start = start;
    mill_schedule.threads[child].argument = argument;
    mill_schedule.count++;
    mill_schedule.stale = true;
    mill_hunt_together = true;
    if (mill_hunt_races) {
        mill_race_spawned(mill_schedule.current, child);
    }
    if (mill_schedule.job->flags & MILL_JOB_CLASSES) {
        mill_class_spawned(&mill_schedule_class, mill_schedule.current, child);
    }
    if (mill_schedule.explorer->spawned) {
        mill_schedule.explorer->spawned(mill_schedule.job->explorer_state, mill_schedule.current, child);
    }
    return (int)child;
}

static bool lives_besides(unsigned self)
{
    for (unsigned thread = 0; thread < mill_schedule.count; thread++) {
        if (thread != self && mill_schedule.threads[thread].alive) {
            return true;
        }
    }
    return false;
}

_Noreturn void mill_thread_end(void *result)
{
    unsigned self = mill_schedule.current;
    const struct mill_step end = mill_thing(MILL_STEP_END, mill_thread_object(self), NULL);
    mill_point(&end);
    if (!lives_besides(self)) {
        exit(0); /* as POSIX has it: the first thread has ended without ending the program */
    }
    mill_schedule.threads[self].result = result;
    mill_schedule.threads[self].alive = false;
    mill_schedule.stale = true;
    mill_changed(&mill_schedule.threads[self].data);
    mill_schedule_go_on();
    __builtin_unreachable(); /* who has ended is never picked */
}

unsigned mill_thread_stack(unsigned thread, const void *pc, uintptr_t *pcs, unsigned most)
{
    const struct mill_frames *frames = mill_schedule.threads[thread].frames;
    uint32_t depth = frames->depth < MILL_FRAMES ? frames->depth : MILL_FRAMES;
    unsigned count = 0;
    if (pc && count < most) {
        pcs[count++] = (uintptr_t)pc;
    }
    while (depth > 0 && count < most) {
        pcs[count++] = (uintptr_t)frames->callers[--depth];
    }
    return count;
}

uintptr_t mill_thread_floor(unsigned thread)
{
    return mill_schedule.engine->stack_floor(thread);
}

uint32_t mill_step_number(void)
{
    return mill_schedule.step;
}

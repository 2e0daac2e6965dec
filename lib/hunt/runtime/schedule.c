#include "hunt/runtime/schedule.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "hunt/heap.h"
#include "hunt/lock_order.h"
#include "hunt/race.h"
#include "hunt/replay.h"
#include "hunt/runtime/check.h"
#include "hunt/runtime/interpose.h"
#include "hunt/runtime/raw.h"
#include "hunt/runtime/sanitizer.h"
#include "hunt/runtime/suspend.h"

/* Exit status of a process whose end the job tells. */
#define STATUS_IN_JOB 0

/* More memory, objects or locks than there is room for: what was not kept was not looked at. */
static bool was_blind(void)
{
    return (mill_hunt_races && mill_race_exhausted()) || mill_heap_reused() ||
           (mill_hunt_lock_order && mill_lock_order_exhausted());
}

static void keep_counts(void)
{
    struct mill_job *job = mill_schedule.job;
    atomic_store_explicit(&job->blind, atomic_load_explicit(&job->blind, memory_order_relaxed) + was_blind(),
                          memory_order_relaxed);
    atomic_store_explicit(&job->hash,
                          atomic_load_explicit(&job->hash, memory_order_relaxed) + mill_schedule.hash,
                          memory_order_relaxed);
    job->steps_most = mill_schedule.step > job->steps_most ? mill_schedule.step : job->steps_most;
    job->threads_most = mill_schedule.count > job->threads_most ? mill_schedule.count : job->threads_most;
    /* relaxed, here and below: counts, read while they move; one process at a time writes them */
    atomic_store_explicit(&job->steps,
                          atomic_load_explicit(&job->steps, memory_order_relaxed) + mill_schedule.step,
                          memory_order_relaxed);
}

/* A process that ends with its schedule leaves it to its parent, which has the pages of all names at hand. */
static void keep_class(struct mill_job *job, uint64_t name)
{
    if (job->batch == 1) {
        job->class_name = name;
        job->class_ended = true;
    } else {
        mill_classes_add(&job->classes, name);
    }
}

static void end_schedule(enum mill_job_state state)
{
    struct mill_job *job = mill_schedule.job;
    mill_hunt_on = false;
    mill_hunt_together = false;
    mill_heap_end();
    keep_counts();
    if (job->flags & MILL_JOB_CLASSES) {
        keep_class(job, mill_class_end(&mill_schedule_class, mill_schedule.count));
    }
    if (mill_schedule.explorer->end) {
        mill_schedule.explorer->end(job->explorer_state, state == MILL_JOB_FAILED);
    }
    /* Each schedule that suspends a thread is of another program: a search through them has no end. */
    job->exhausted = !mill_schedule.suspends && mill_schedule.explorer->exhausted &&
                     mill_schedule.explorer->exhausted(job->explorer_state);
    atomic_store_explicit(&job->state, state, memory_order_relaxed);
}

bool mill_scheduler_shows_output(void)
{
    return mill_schedule.job->flags & MILL_JOB_OUTPUT;
}

_Noreturn void mill_scheduler_leave(enum mill_job_state state)
{
    end_schedule(state);
    for (;;) {
        mill_raw_syscall(SYS_exit_group, STATUS_IN_JOB, 0, 0, 0, 0, 0);
    }
}

static int refuse(struct mill_job *job, int status, const char *format, const char *what)
{
    snprintf(job->refusal, sizeof job->refusal, format, what);
    atomic_store_explicit(&job->state, MILL_JOB_REFUSED, memory_order_relaxed);
    return status;
}

static int open_explorer(struct mill_job *job)
{
    if (job->mode == MILL_JOB_FOLLOW) {
        mill_schedule.explorer = &mill_explore_replay;
        const struct mill_choices *asked = (const struct mill_choices *)job->asked;
        int status = mill_replay_load(job->explorer_state, sizeof job->explorer_state, asked,
                                      job->flags & MILL_JOB_STRICT);
        return status < 0 ? refuse(job, status, "%s", "the list of choices has no end") : 0;
    }
    mill_schedule.explorer = mill_explorer_find(job->explorer);
    if (!mill_schedule.explorer) {
        return refuse(job, -EINVAL, "explorer '%s' is not known", job->explorer);
    }
    if (!job->opened) {
        mill_schedule.explorer->open(job->explorer_state, &job->options);
        job->opened = true;
    }
    return 0;
}

static bool looks_for_races(const struct mill_job *job)
{
    switch (mill_sanitizer.races) {
    case MILL_SANITIZER_RACES_OURS:
        return job->flags & MILL_JOB_RACES;
    case MILL_SANITIZER_RACES_NONE:
        return false;
    case MILL_SANITIZER_RACES_ITS:
        return true;
    }
    return false;
}

int mill_scheduler_open(struct mill_job *job)
{
    static const struct mill_context_engine *const engines[] = {&mill_context_fibers, &mill_context_threads};
    mill_schedule.job = job;
    snprintf(job->sanitizer, sizeof job->sanitizer, "%s", mill_sanitizer.name ? mill_sanitizer.name : "");
    for (unsigned i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        if (strcmp(job->engine, engines[i]->name) == 0) {
            mill_schedule.engine = engines[i];
        }
    }
    if (!mill_schedule.engine || mill_schedule.engine->missing()) {
        return refuse(job, -EINVAL, "engine: %s",
                      mill_schedule.engine ? mill_schedule.engine->missing() : job->engine);
    }
    if (mill_sanitizer.dress) {
        mill_schedule.engine = mill_sanitizer.dress(mill_schedule.engine);
    }
    if (mill_schedule.engine->once) {
        job->batch = 1;
    }
    if (mill_interpose_early) {
        return refuse(job, -EOPNOTSUPP, "%s creates a thread, where it cannot be controlled",
                      "a constructor, before main,");
    }
    int status = open_explorer(job);
    if (status < 0) {
        return status;
    }
    if (job->flags & mill_sanitizer.flags_not) {
        return refuse(job, -EOPNOTSUPP, "leaks are not looked for in a program that is linked with %s",
                      mill_sanitizer.name);
    }
    mill_hunt_races = looks_for_races(job);
    mill_interpose_spurious = job->flags & MILL_JOB_SPURIOUS;
    mill_schedule.steps_max = job->options.steps_max;
    mill_schedule.made = mill_choices_make(job->made, sizeof job->made);
    status = mill_schedule.engine->prepare(1);
    if (status == 0) {
        status = mill_heap_open();
    }
    if (status == 0 && mill_hunt_races) {
        status = mill_race_open();
    }
    if (status == 0 && (job->flags & MILL_JOB_LOCK_ORDER)) {
        status = mill_order_open();
    }
    return status < 0 ? refuse(job, status, "no memory for %s", "threads, the heap, races or lock orders")
                      : 0;
}

void mill_scheduler_prepare(unsigned threads)
{
    mill_schedule.engine->prepare(
        threads); /* what is missing is made when it is needed, and then is missed */
}

void mill_scheduler_begin(uint64_t number)
{
    struct mill_job *job = mill_schedule.job;
    atomic_store_explicit(&job->number, number, memory_order_relaxed);
    atomic_store_explicit(&job->state, MILL_JOB_RUNNING, memory_order_relaxed);
    mill_schedule_beat();
    mill_schedule.current = 0;
    mill_schedule.count = 1;
    mill_schedule.stale = true;
    mill_schedule.waiting_count = 0;
    mill_schedule.ask_again = false;
    mill_schedule.yielded_count = 0;
    mill_schedule.stay = 0;
    mill_schedule.lost_count = 0;
    mill_schedule.idle_rounds = 0;
    mill_schedule.step = 0;
    mill_schedule.progress = 0;
    mill_schedule.due = 0;
    mill_schedule.skipped_ns = 0;
    mill_schedule.hash = number;
    mill_schedule.choice = UINT32_MAX;
    mill_choices_clear(mill_schedule.made);
    job->traced = 0;
    job->trace_lost = 0;
    mill_schedule_thread(0);
    mill_suspend_begin(number);
    mill_interpose_begin();
    mill_frames_here = mill_schedule.threads[0].frames;
    mill_heap_begin();
    if (mill_sanitizer.begin) {
        mill_sanitizer.begin(job);
    }
    if (mill_hunt_races) {
        mill_race_begin();
    }
    mill_order_begun();
    if (job->flags & MILL_JOB_CLASSES) {
        mill_class_begin(&mill_schedule_class);
    }
    mill_schedule.explorer->begin(job->explorer_state, number, number < MILL_EXPLORE_LEARNING);
    mill_hunt_on = true;
}

void mill_scheduler_end(void)
{
    struct mill_job *job = mill_schedule.job;
    if (job->flags & MILL_JOB_LEAKS) {
        mill_tell_leaks();
    }
    atomic_store_explicit(&job->done, atomic_load_explicit(&job->done, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    end_schedule(MILL_JOB_ENDED);
}

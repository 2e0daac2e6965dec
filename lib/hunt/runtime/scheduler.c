#include "hunt/runtime/scheduler.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "hunt/choices.h"
#include "hunt/heap.h"
#include "hunt/race.h"
#include "hunt/replay.h"
#include "hunt/runtime/check.h"
#include "hunt/runtime/holders.h"
#include "hunt/runtime/interpose.h"
#include "hunt/runtime/raw.h"
#include "hunt/runtime/scheduler_inside.h"

/* Virtual time that a step takes. */
#define STEP_NS        100

/* Waits with longer timeouts than this end by them only when nothing else can happen. */
#define PATIENT_NS     1000000000

/* Looks in vain at one place before others go first. */
#define VAIN_LOOKS     4

/* Steps that a thread takes while others could, before they do. */
#define LONG_STAY      512

/* Virtual time that passes when all threads look in vain; twice as much each time. */
#define IDLE_NS        ((uint64_t)1000)
#define IDLE_DOUBLINGS 24

#define LOST_WAKES     64

#define STEPS_A_BEAT   256

/* Exit status of a process whose end the job tells. */
#define STATUS_IN_JOB  0

struct thread {
    bool alive;
    bool yielded;
    bool timed;     /* it may go on at any time */
    uint64_t until; /* it goes on then, if nobody can before; 0: it does not */
    bool can;       /* go on: `ready` says so, or there is none */
    bool last;      /* it goes on when nobody else can */
    bool (*ready)(const void *object, unsigned thread);
    const void *waits_at; /* the object of `ready` */
    void *(*start)(void *argument);
    void *argument;
    void *result;
    const void *vain_pc;
    uintptr_t vain_object;
    uint64_t vain_value;
    unsigned vain_looks;
    struct mill_thread_data data;
    struct mill_frames frames;
};

bool mill_hunt_on;
bool mill_hunt_alone;
struct mill_frames *mill_frames_here;

static struct {
    struct mill_job *job;
    const struct mill_context_engine *engine;
    const struct mill_explorer *explorer;
    unsigned current;
    unsigned count; /* of threads so far */
    bool stale;     /* the list of those that can go on is to be made anew */
    bool ask_again; /* a step was on a thing that threads may wait for: those that wait are asked */
    unsigned enabled_count;
    unsigned yielded_count;
    unsigned stay;
    uint32_t step;
    uint32_t progress; /* the last step that changed something */
    uint32_t steps_max;
    uint64_t now_ns;
    uint32_t choice; /* the number of the one that led to the step at hand */
    struct mill_choices *made;
    unsigned idle_rounds; /* in a row, in which all looked in vain */
    unsigned lost_count;
    uintptr_t lost[LOST_WAKES]; /* objects at which a wake found nobody */
    uint16_t enabled[MILL_HUNT_THREADS];
    struct mill_step pending[MILL_HUNT_THREADS];
    struct thread threads[MILL_HUNT_THREADS];
} s;

/* ---- the end of a schedule ---- */

static void keep_counts(void)
{
    struct mill_job *job = s.job;
    job->steps_most = s.step > job->steps_most ? s.step : job->steps_most;
    job->threads_most = s.count > job->threads_most ? s.count : job->threads_most;
    /* relaxed, here and below: counts, read while they move; one process at a time writes them */
    atomic_store_explicit(&job->steps, atomic_load_explicit(&job->steps, memory_order_relaxed) + s.step,
                          memory_order_relaxed);
}

static void end_schedule(enum mill_job_state state)
{
    struct mill_job *job = s.job;
    mill_hunt_on = false;
    mill_heap_end();
    keep_counts();
    if (s.explorer->end) {
        s.explorer->end(job->explorer_state, state == MILL_JOB_FAILED);
    }
    job->exhausted = s.explorer->exhausted && s.explorer->exhausted(job->explorer_state);
    atomic_store_explicit(&job->state, state, memory_order_relaxed);
}

_Noreturn void mill_scheduler_leave(enum mill_job_state state)
{
    end_schedule(state);
    for (;;) {
        mill_raw_syscall(SYS_exit_group, STATUS_IN_JOB, 0, 0, 0, 0, 0);
    }
}

static void describe(struct mill_failure *failure, unsigned thread)
{
    const struct mill_step *pending = &s.pending[thread];
    struct mill_failure_stack *stack;
    if (!s.threads[thread].can) {
        char what[sizeof stack->label];
        mill_holder_text(pending, what, sizeof what);
        stack = mill_failure_add(failure, thread, UINT32_MAX, "waits for %s", what);
    } else if (thread == s.current) {
        stack = mill_failure_add(failure, thread, s.step, "runs");
    } else {
        stack = mill_failure_add(failure, thread, UINT32_MAX, "is at %s", mill_step_name(pending->kind));
    }
    if (stack) {
        stack->frames = mill_thread_stack(thread, pending->pc, stack->pcs, MILL_FAILURE_FRAMES);
    }
}

void mill_stand_at(const void *pc)
{
    s.pending[s.current].pc = pc;
}

_Noreturn void mill_fail(const struct mill_failure *failure)
{
    struct mill_failure *told = &s.job->failure;
    *told = *failure;
    if (told->stacks == 0) {
        describe(told, s.current);
        for (unsigned thread = 0; thread < s.count; thread++) {
            if (thread != s.current && s.threads[thread].alive) {
                describe(told, thread);
            }
        }
    }
    mill_scheduler_leave(MILL_JOB_FAILED);
}

_Noreturn void mill_fail_here(enum mill_failure_kind kind, const void *object, const char *format, ...)
{
    struct mill_failure failure = {.kind = kind, .object = (uintptr_t)object};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure.message, sizeof failure.message, format, arguments);
    va_end(arguments);
    mill_fail(&failure);
}

/* Does a thread wait where a wake has come before? */
static bool lost_a_wake(unsigned thread)
{
    uintptr_t object = (uintptr_t)s.threads[thread].data.waits_for;
    for (unsigned i = 0; object != 0 && s.threads[thread].alive && i < s.lost_count; i++) {
        if (s.lost[i] == object) {
            return true;
        }
    }
    return false;
}

static _Noreturn void stuck(void)
{
    for (unsigned thread = 0; thread < s.count; thread++) {
        if (lost_a_wake(thread)) {
            mill_fail_here(MILL_FAILURE_LOST_WAKEUP, s.threads[thread].data.waits_for,
                           "thread %u waits for a wake-up that came when nobody waited", thread);
        }
    }
    mill_fail_here(MILL_FAILURE_DEADLOCK, NULL, "every thread waits, and none is left to end that");
}

static _Noreturn void too_many_steps(void)
{
    if (s.progress < s.steps_max / 2) {
        mill_fail_here(MILL_FAILURE_LIVELOCK, NULL,
                       "%u steps, and since step %u nothing has been changed by any of them", s.step,
                       s.progress);
    }
    mill_scheduler_leave(MILL_JOB_CUT);
}

/* ---- choices ---- */

unsigned mill_choose(unsigned ways)
{
    if (ways < 2) {
        return 0;
    }
    unsigned way = s.explorer->choose(s.job->explorer_state, ways);
    mill_choices_data(s.made, way);
    return way;
}

/* ---- who can go on ---- */

static bool can_go_on(unsigned thread)
{
    const struct thread *one = &s.threads[thread];
    return one->alive && (one->can || one->timed) && !one->yielded;
}

static void list_enabled(void)
{
    unsigned count = 0;
    for (unsigned thread = 0; thread < s.count; thread++) {
        if (can_go_on(thread)) {
            s.enabled[count++] = (uint16_t)thread;
        }
    }
    s.enabled_count = count;
    s.stale = false;
}

static void forget_yields(void)
{
    for (unsigned thread = 0; thread < s.count; thread++) {
        s.threads[thread].yielded = false;
    }
    s.yielded_count = 0;
    s.stale = true;
}

/* The first long wait ends. */
static void let_time_pass(void)
{
    struct thread *first = NULL;
    for (unsigned thread = 0; thread < s.count; thread++) {
        struct thread *one = &s.threads[thread];
        if (one->alive && one->until > 0 && (!first || one->until < first->until)) {
            first = one;
        }
    }
    if (first) {
        first->timed = true;
        list_enabled();
    }
}

static void find_enabled(void)
{
    list_enabled();
    if (s.enabled_count == 0 && s.yielded_count > 0) {
        /* All look in vain: for what only time brings, if anything does. */
        s.now_ns += IDLE_NS << (s.idle_rounds < IDLE_DOUBLINGS ? s.idle_rounds++ : IDLE_DOUBLINGS);
        forget_yields();
        list_enabled();
    }
    for (unsigned thread = 0; thread < s.count && s.enabled_count == 0; thread++) {
        if (s.threads[thread].last) {
            s.threads[thread].timed = true;
            list_enabled();
        }
    }
    if (s.enabled_count == 0) {
        let_time_pass();
    }
    if (s.enabled_count == 0) {
        stuck();
    }
}

void mill_progressed(void)
{
    s.progress = s.step;
    s.idle_rounds = 0;
    if (s.yielded_count > 0) {
        forget_yields();
    }
}

static void let_others_go_first(struct thread *one)
{
    if (!one->yielded) {
        one->yielded = true;
        s.yielded_count++;
        s.stale = true;
    }
}

void mill_looked(const void *pc, uintptr_t object, uint64_t value)
{
    struct thread *one = &s.threads[s.current];
    if (one->vain_pc == pc && one->vain_object == object && one->vain_value == value) {
        if (++one->vain_looks >= VAIN_LOOKS) {
            let_others_go_first(one);
        }
    } else if (one->vain_looks == 0 || one->vain_pc == pc) {
        one->vain_pc = pc;
        one->vain_object = object;
        one->vain_value = value;
        one->vain_looks = 1;
    } else {
        one->vain_looks--; /* a loop may look at several; the first of them is watched */
    }
}

/* ---- points ---- */

static unsigned pick(void)
{
    if (s.enabled_count == 1) {
        s.choice = UINT32_MAX;
        return s.enabled[0];
    }
    const struct mill_view view = {
        .current = s.current,
        .enabled_count = s.enabled_count,
        .enabled = s.enabled,
        .pending = s.pending,
    };
    unsigned next = s.explorer->pick(s.job->explorer_state, &view);
    s.choice = s.made->count;
    mill_choices_thread(s.made, next, next != s.current && can_go_on(s.current));
    return next;
}

/* Whoever watches over this process sees that it is alive. */
static void beat(void)
{
    _Atomic uint32_t *moved = &s.job->beat;
    atomic_store_explicit(moved, atomic_load_explicit(moved, memory_order_relaxed) + 1, memory_order_relaxed);
}

static void trace(const struct mill_step *step)
{
    struct mill_job *job = s.job;
    if (s.step < job->trace_from) {
        return;
    }
    if (job->traced == MILL_JOB_TRACE) {
        job->trace_lost++;
        return;
    }
    const struct mill_frames *frames = &s.threads[s.current].frames;
    uint32_t depth = frames->depth;
    job->trace[job->traced++] = (struct mill_traced){
        .step = *step,
        .thread = (uint16_t)s.current,
        .depth = (uint16_t)(depth < UINT16_MAX ? depth : UINT16_MAX),
        .choice = s.choice,
        .caller = depth > 0 && depth <= MILL_FRAMES ? frames->callers[depth - 1] : NULL,
    };
}

static void watch(const struct mill_step *step)
{
    struct mill_job *job = s.job;
    for (unsigned i = 0; i < sizeof job->watched / sizeof job->watched[0]; i++) {
        if (job->watched[i] == s.step) {
            struct mill_failure_stack *seen = &job->seen[i];
            seen->thread = s.current;
            seen->step = s.step;
            seen->frames = mill_thread_stack(s.current, step->pc, seen->pcs, MILL_FAILURE_FRAMES);
        }
    }
}

/* A wake that finds nobody waiting; whoever waits there later waits for one that has been. */
static void keep_lost_wake(const struct mill_step *step)
{
    bool wakes = step->kind == MILL_STEP_WAKE || step->kind == MILL_STEP_WAKE_ALL;
    for (unsigned thread = 0; wakes && thread < s.count; thread++) {
        wakes = (uintptr_t)s.threads[thread].data.waits_for != step->object;
    }
    if (wakes && s.lost_count < LOST_WAKES) {
        s.lost[s.lost_count++] = step->object;
    }
}

/* The running thread has been picked, and takes its step now. */
static void take_step(void)
{
    const struct mill_step *step = &s.pending[s.current];
    s.step++;
    s.now_ns += STEP_NS;
    if (s.step % STEPS_A_BEAT == 0) {
        beat();
    }
    if (s.step >= s.steps_max) {
        too_many_steps();
    }
    if (s.job->flags & MILL_JOB_TRACE_ON) {
        trace(step);
        watch(step);
    }
    if (s.explorer->executed) {
        s.explorer->executed(s.job->explorer_state, s.current, step);
    }
    if (step->kind >= MILL_STEP_LOCK && step->kind <= MILL_STEP_END) {
        s.ask_again = true;
        mill_progressed();
        keep_lost_wake(step);
    }
}

static void ask_all(void)
{
    for (unsigned thread = 0; thread < s.count; thread++) {
        struct thread *one = &s.threads[thread];
        if (one->alive && one->ready) {
            one->can = one->ready(one->waits_at, thread);
        }
    }
    s.ask_again = false;
    s.stale = true;
}

/* Somebody goes on; returns when that is the running thread, or never, if it has ended. */
static void go_on(void)
{
    if (s.ask_again) {
        ask_all();
    }
    if (s.stale) {
        find_enabled();
    }
    unsigned before = s.current;
    unsigned next = pick();
    if (next == before) {
        if (++s.stay >= LONG_STAY && s.enabled_count > 1) {
            s.stay = 0;
            let_others_go_first(&s.threads[before]);
        }
    } else {
        s.stay = 0;
        s.current = next;
        mill_frames_here = &s.threads[next].frames;
        s.engine->change(before, next);
    }
    take_step();
}

void mill_point(const struct mill_step *step)
{
    s.pending[s.current] = *step;
    if (s.threads[s.current].yielded) {
        s.pending[s.current].flags |= MILL_STEP_YIELDS;
    }
    go_on();
}

bool mill_point_when(const struct mill_step *step, bool (*ready)(const void *object, unsigned thread),
                     const void *object, uint64_t until)
{
    bool ends = until != MILL_NO_END;
    bool timed = ends && (until < s.now_ns || until - s.now_ns < PATIENT_NS);
    unsigned self = s.current;
    struct thread *one = &s.threads[self];
    s.pending[self] = *step;
    s.pending[self].flags |= timed ? MILL_STEP_TIMED : 0;
    one->ready = ready;
    one->waits_at = object;
    one->timed = timed;
    one->until = ends && !timed ? until : 0;
    one->can = ready(object, self);
    s.ask_again = true; /* that somebody waits may keep others from going on: a writer keeps readers */
    s.stale = true;
    go_on();
    bool could = one->can;
    one->ready = NULL;
    one->waits_at = NULL;
    one->timed = false;
    one->until = 0;
    one->can = true;
    s.stale = true;
    return could;
}

void mill_changed(const void *object)
{
    for (unsigned thread = 0; thread < s.count; thread++) {
        struct thread *one = &s.threads[thread];
        if (one->ready && one->waits_at == object) {
            one->can = one->ready(object, thread);
            s.stale = true;
        }
    }
    mill_progressed();
}

void mill_yield(const struct mill_step *step)
{
    s.pending[s.current] = *step;
    s.pending[s.current].flags |= MILL_STEP_YIELDS;
    if (s.ask_again) {
        ask_all(); /* first, since what has changed ends yields: those of before, not this one */
    }
    let_others_go_first(&s.threads[s.current]);
    go_on();
}

void mill_point_last(const struct mill_step *step, bool (*ready)(const void *object, unsigned thread),
                     const void *object)
{
    unsigned self = s.current;
    s.threads[self].last = true;
    mill_point_when(step, ready, object, MILL_NO_END);
    s.threads[self].last = false;
}

/* ---- threads ---- */

unsigned mill_self(void)
{
    return s.current;
}

unsigned mill_thread_count(void)
{
    return s.count;
}

struct mill_thread_data *mill_thread_data(unsigned thread)
{
    return &s.threads[thread].data;
}

bool mill_thread_is_over(unsigned thread)
{
    return !s.threads[thread].alive;
}

void *mill_thread_result(unsigned thread)
{
    return s.threads[thread].result;
}

unsigned long mill_thread_handle(unsigned thread)
{
    return s.engine->handle(thread);
}

int mill_thread_find(unsigned long handle)
{
    for (unsigned thread = 0; thread < s.count; thread++) {
        if (s.engine->handle(thread) == handle) {
            return (int)thread;
        }
    }
    return -1;
}

/* What was there of the thread of the same number in another schedule is of no use; its frames are cut off by
 * their depth. */
static void prepare_thread(unsigned thread)
{
    struct thread *one = &s.threads[thread];
    memset(one, 0, offsetof(struct thread, frames));
    one->frames.depth = 0;
    one->alive = true;
    one->can = true;
    s.pending[thread] = mill_thing(MILL_STEP_BEGIN, NULL, NULL);
}

static void thread_main(void)
{
    struct thread *one = &s.threads[s.current];
    take_step();
    mill_thread_end(one->start(one->argument));
}

int mill_thread_spawn(void *(*start)(void *argument), void *argument)
{
    unsigned child = s.count;
    if (child >= MILL_HUNT_THREADS) {
        return -EAGAIN;
    }
    int status = s.engine->start(child, thread_main);
    if (status < 0) {
        return status;
    }
    prepare_thread(child);
    s.threads[child].start = start;
    s.threads[child].argument = argument;
    s.count++;
    s.stale = true;
    mill_hunt_alone = false;
    if (mill_hunt_races) {
        mill_race_spawned(s.current, child);
    }
    if (s.explorer->spawned) {
        s.explorer->spawned(s.job->explorer_state, s.current, child);
    }
    return (int)child;
}

static bool lives_besides(unsigned self)
{
    for (unsigned thread = 0; thread < s.count; thread++) {
        if (thread != self && s.threads[thread].alive) {
            return true;
        }
    }
    return false;
}

_Noreturn void mill_thread_end(void *result)
{
    unsigned self = s.current;
    const struct mill_step end = mill_thing(MILL_STEP_END, mill_thread_object(self), NULL);
    mill_point(&end);
    if (!lives_besides(self)) {
        exit(0); /* as POSIX has it: the first thread has ended without ending the program */
    }
    s.threads[self].result = result;
    s.threads[self].alive = false;
    s.stale = true;
    mill_changed(&s.threads[self].data);
    go_on();
    __builtin_unreachable(); /* who has ended is never picked */
}

unsigned mill_thread_stack(unsigned thread, const void *pc, uintptr_t *pcs, unsigned most)
{
    const struct mill_frames *frames = &s.threads[thread].frames;
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
    return s.engine->stack_floor(thread);
}

uint32_t mill_step_number(void)
{
    return s.step;
}

/* ---- time ---- */

uint64_t mill_virtual_now(void)
{
    return s.now_ns;
}

void mill_virtual_advance(uint64_t until)
{
    s.now_ns = until > s.now_ns ? until : s.now_ns;
}

/* ---- schedules ---- */

static int refuse(struct mill_job *job, int status, const char *format, const char *what)
{
    snprintf(job->refusal, sizeof job->refusal, format, what);
    atomic_store_explicit(&job->state, MILL_JOB_REFUSED, memory_order_relaxed);
    return status;
}

static int open_explorer(struct mill_job *job)
{
    if (job->mode == MILL_JOB_FOLLOW) {
        s.explorer = &mill_explore_replay;
        const struct mill_choices *asked = (const struct mill_choices *)job->asked;
        int status = mill_replay_load(job->explorer_state, sizeof job->explorer_state, asked,
                                      job->flags & MILL_JOB_STRICT);
        return status < 0 ? refuse(job, status, "%s", "the list of choices has no end") : 0;
    }
    s.explorer = mill_explorer_find(job->explorer);
    if (!s.explorer) {
        return refuse(job, -EINVAL, "explorer '%s' is not known", job->explorer);
    }
    if (!job->opened) {
        s.explorer->open(job->explorer_state, &job->options);
        job->opened = true;
    }
    return 0;
}

int mill_scheduler_open(struct mill_job *job)
{
    static const struct mill_context_engine *const engines[] = {&mill_context_fibers, &mill_context_threads};
    s.job = job;
    for (unsigned i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        if (strcmp(job->engine, engines[i]->name) == 0) {
            s.engine = engines[i];
        }
    }
    if (!s.engine || s.engine->missing()) {
        return refuse(job, -EINVAL, "engine: %s", s.engine ? s.engine->missing() : job->engine);
    }
    if (mill_interpose_early) {
        return refuse(job, -EOPNOTSUPP, "%s creates a thread, where it cannot be controlled",
                      "a constructor, before main,");
    }
    int status = open_explorer(job);
    if (status < 0) {
        return status;
    }
    mill_hunt_races = job->flags & MILL_JOB_RACES;
    mill_interpose_spurious = job->flags & MILL_JOB_SPURIOUS;
    s.steps_max = job->options.steps_max;
    s.made = mill_choices_make(job->made, sizeof job->made);
    status = s.engine->prepare(1);
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
    s.engine->prepare(threads); /* what is missing is made when it is needed, and then is missed */
}

void mill_scheduler_begin(uint64_t number)
{
    struct mill_job *job = s.job;
    atomic_store_explicit(&job->number, number, memory_order_relaxed);
    atomic_store_explicit(&job->state, MILL_JOB_RUNNING, memory_order_relaxed);
    beat();
    s.current = 0;
    s.count = 1;
    s.stale = true;
    s.ask_again = false;
    s.yielded_count = 0;
    s.stay = 0;
    s.lost_count = 0;
    s.idle_rounds = 0;
    s.step = 0;
    s.progress = 0;
    s.now_ns = 0;
    s.choice = UINT32_MAX;
    mill_choices_clear(s.made);
    job->traced = 0;
    job->trace_lost = 0;
    prepare_thread(0);
    mill_interpose_begin();
    mill_frames_here = &s.threads[0].frames;
    mill_hunt_alone = true;
    mill_heap_begin();
    if (mill_hunt_races) {
        mill_race_begin();
    }
    mill_order_begun();
    s.explorer->begin(job->explorer_state, number, number < MILL_EXPLORE_LEARNING);
    mill_hunt_on = true;
}

static void check_leaks(void)
{
    struct mill_chunk first;
    size_t count = mill_heap_left(&first);
    if (count == 0) {
        return;
    }
    struct mill_failure failure = {.kind = MILL_FAILURE_LEAK, .object = first.address};
    snprintf(failure.message, sizeof failure.message,
             "%zu allocations are left at the end, the first of %zu bytes", count, first.size);
    mill_check_place(&failure, first.allocated.thread, first.allocated.when, first.allocated.pc,
                     "allocated the first");
    mill_fail(&failure);
}

void mill_scheduler_end(void)
{
    struct mill_job *job = s.job;
    if (job->flags & MILL_JOB_LEAKS) {
        check_leaks();
    }
    atomic_store_explicit(&job->done, atomic_load_explicit(&job->done, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    end_schedule(MILL_JOB_ENDED);
}

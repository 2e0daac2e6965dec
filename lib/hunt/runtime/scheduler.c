#include "hunt/reserve.h"
#include "hunt/runtime/schedule.h"
#include "hunt/runtime/suspend.h"

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

#define STEPS_A_BEAT   256

MILL_WRITTEN bool mill_hunt_on;
MILL_WRITTEN bool mill_hunt_together;
MILL_WRITTEN struct mill_frames *mill_frames_here;
struct mill_schedule mill_schedule;

void mill_hunt_pause(void)
{
    mill_hunt_on = false;
    mill_hunt_together = false;
}

void mill_hunt_resume(void)
{
    mill_hunt_on = true;
    mill_hunt_together = mill_schedule.count > 1;
}

/* ---- choices ---- */

unsigned mill_choose(unsigned ways)
{
    if (ways < 2) {
        return 0;
    }
    unsigned way = mill_schedule.explorer->choose(mill_schedule.job->explorer_state, ways);
    mill_choices_data(mill_schedule.made, way);
    if (mill_schedule.job->flags & MILL_JOB_CLASSES) {
        mill_class_way(&mill_schedule_class, mill_schedule.current, way);
    }
    return way;
}

/* ---- who can go on ---- */

/* Without a branch: whether it is so is seldom what it was the last time. */
static inline bool can_go_on(unsigned thread)
{
    const struct mill_hunted *one = &mill_schedule.threads[thread];
    return one->alive & (one->can | one->timed) & !one->yielded & !one->held;
}

static void list_enabled(void)
{
    unsigned count = 0;
    for (unsigned thread = 0; thread < mill_schedule.count; thread++) {
        mill_schedule.enabled[count] = (uint16_t)thread;
        count += can_go_on(thread);
    }
    mill_schedule.enabled_count = count;
    mill_schedule.stale = false;
}

static void forget_yields(void)
{
    for (unsigned thread = 0; mill_schedule.yielded_count > 0; thread++) {
        if (mill_schedule.threads[thread].yielded) {
            mill_schedule.threads[thread].yielded = false;
            mill_schedule.yielded_count--;
        }
    }
    mill_schedule.stale = true;
}

/* The first long wait ends. */
static void let_time_pass(void)
{
    unsigned first = 0;
    uint64_t until = UINT64_MAX;
    for (unsigned thread = 0; thread < mill_schedule.count; thread++) {
        const struct mill_hunted *one = &mill_schedule.threads[thread];
        if (one->alive && !one->held && one->until > 0 && one->until < until) {
            first = thread;
            until = one->until;
        }
    }
    if (until < UINT64_MAX) {
        mill_schedule.threads[first].timed = true;
        list_enabled();
    }
}

/* Nobody can go on. */
static __attribute__((noinline, cold)) void find_somebody(void)
{
    if (mill_schedule.suspends && mill_suspend_release()) {
        list_enabled();
    }
    if (mill_schedule.enabled_count == 0 && mill_schedule.yielded_count > 0) {
        /* All look in vain: for what only time brings, if anything does. */
        mill_schedule.skipped_ns +=
            IDLE_NS << (mill_schedule.idle_rounds < IDLE_DOUBLINGS ? mill_schedule.idle_rounds++
                                                                   : IDLE_DOUBLINGS);
        forget_yields();
        list_enabled();
    }
    for (unsigned thread = 0; thread < mill_schedule.count && mill_schedule.enabled_count == 0; thread++) {
        if (mill_schedule.threads[thread].last) {
            mill_schedule.threads[thread].timed = true;
            list_enabled();
        }
    }
    if (mill_schedule.enabled_count == 0) {
        let_time_pass();
    }
    if (mill_schedule.enabled_count == 0) {
        mill_tell_stuck();
    }
}

void mill_progressed(void)
{
    mill_schedule.progress = mill_schedule.step;
    mill_schedule.idle_rounds = 0;
    if (mill_schedule.yielded_count > 0) {
        forget_yields();
    }
}

static void let_others_go_first(unsigned thread)
{
    struct mill_hunted *one = &mill_schedule.threads[thread];
    if (!one->yielded) {
        one->yielded = true;
        mill_schedule.yielded_count++;
        mill_schedule.stale = true;
    }
}

void mill_looked(const void *pc, uintptr_t object, uint64_t value)
{
    struct mill_hunted *one = &mill_schedule.threads[mill_schedule.current];
    if (one->vain_pc == pc && one->vain_object == object && one->vain_value == value) {
        if (++one->vain_looks >= VAIN_LOOKS) {
            let_others_go_first(mill_schedule.current);
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
    if (mill_schedule.enabled_count == 1) {
        mill_schedule.choice = UINT32_MAX;
        return mill_schedule.enabled[0];
    }
    const struct mill_view view = {
        .current = mill_schedule.current,
        .enabled_count = mill_schedule.enabled_count,
        .enabled = mill_schedule.enabled,
        .pending = mill_schedule.pending,
    };
    unsigned next = mill_schedule.explorer->pick(mill_schedule.job->explorer_state, &view);
    mill_schedule.choice = mill_schedule.made->count;
    mill_choices_thread(mill_schedule.made, next,
                        next != mill_schedule.current && can_go_on(mill_schedule.current));
    return next;
}

void mill_schedule_beat(void)
{
    _Atomic uint32_t *moved = &mill_schedule.job->beat;
    atomic_store_explicit(moved, atomic_load_explicit(moved, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* The step of which more than usual is made: a beat, the last, one that is kept. Sets which is the next. */
static __attribute__((noinline, cold)) void step_due(const struct mill_step *step)
{
    bool kept = mill_schedule.job->flags & (MILL_JOB_TRACE_ON | MILL_JOB_HASH_ON | MILL_JOB_CLASSES);
    if (mill_schedule.step % STEPS_A_BEAT == 0) {
        mill_schedule_beat();
    }
    if (mill_schedule.step >= mill_schedule.steps_max) {
        mill_tell_too_many_steps();
    }
    if (kept) {
        mill_tell_step(step);
    }
    uint32_t beat = mill_schedule.step - mill_schedule.step % STEPS_A_BEAT + STEPS_A_BEAT;
    mill_schedule.due = kept                             ? mill_schedule.step + 1
                        : beat < mill_schedule.steps_max ? beat
                                                         : mill_schedule.steps_max;
}

static inline __attribute__((always_inline)) void take_step(void)
{
    const struct mill_step *step = &mill_schedule.pending[mill_schedule.current];
    if (__builtin_expect(++mill_schedule.step >= mill_schedule.due, 0)) {
        step_due(step);
    }
    if (mill_schedule.explorer->executed) {
        mill_schedule.explorer->executed(mill_schedule.job->explorer_state, mill_schedule.current, step);
    }
    if (step->kind >= MILL_STEP_LOCK && step->kind <= MILL_STEP_END) {
        mill_schedule.ask_again = mill_schedule.waiting_count > 0;
        mill_progressed();
        if (step->kind == MILL_STEP_WAKE || step->kind == MILL_STEP_WAKE_ALL) {
            mill_tell_keep_wake(step);
        }
    }
}

void mill_schedule_step(void)
{
    take_step();
}

/* Can a thread that waits go on? */
static inline void ask(unsigned thread)
{
    struct mill_hunted *one = &mill_schedule.threads[thread];
    bool can = one->ready(one->waits_at, thread);
    mill_schedule.stale |= can != one->can;
    one->can = can;
}

static void ask_all(void)
{
    for (unsigned i = 0; i < mill_schedule.waiting_count; i++) {
        ask(mill_schedule.waiting[i]);
    }
    mill_schedule.ask_again = false;
}

static void begin_waiting(unsigned thread)
{
    mill_schedule.threads[thread].waiting_at = (uint16_t)mill_schedule.waiting_count;
    mill_schedule.waiting[mill_schedule.waiting_count++] = (uint16_t)thread;
}

static void end_waiting(unsigned thread)
{
    unsigned at = mill_schedule.threads[thread].waiting_at;
    unsigned last = mill_schedule.waiting[--mill_schedule.waiting_count];
    mill_schedule.waiting[at] = (uint16_t)last;
    mill_schedule.threads[last].waiting_at = (uint16_t)at;
}

void mill_schedule_go_on(void)
{
    if (mill_schedule.suspends) {
        mill_suspend_point();
    }
    if (mill_schedule.ask_again) {
        ask_all();
    }
    if (mill_schedule.stale) {
        list_enabled();
        if (mill_schedule.enabled_count == 0) {
            find_somebody();
        }
    }
    unsigned before = mill_schedule.current;
    unsigned next = pick();
    if (next == before) {
        if (++mill_schedule.stay >= LONG_STAY && mill_schedule.enabled_count > 1) {
            mill_schedule.stay = 0;
            let_others_go_first(before);
        }
    } else {
        mill_schedule.stay = 0;
        mill_schedule.current = next;
        mill_frames_here = mill_schedule.threads[next].frames;
        mill_schedule.engine->change(before, next);
    }
    take_step();
}

void mill_point(const struct mill_step *step)
{
    mill_step_copy(&mill_schedule.pending[mill_schedule.current], step);
    if (mill_schedule.threads[mill_schedule.current].yielded) {
        mill_schedule.pending[mill_schedule.current].flags |= MILL_STEP_YIELDS;
    }
    mill_schedule_go_on();
}

bool mill_point_when(const struct mill_step *step, bool (*ready)(const void *object, unsigned thread),
                     const void *object, uint64_t until)
{
    bool ends = until != MILL_NO_END;
    uint64_t now = mill_virtual_now();
    bool timed = ends && (until < now || until - now < PATIENT_NS);
    unsigned self = mill_schedule.current;
    struct mill_hunted *one = &mill_schedule.threads[self];
    mill_step_copy(&mill_schedule.pending[self], step);
    mill_schedule.pending[self].flags |= timed ? MILL_STEP_TIMED : 0;
    one->ready = ready;
    one->waits_at = object;
    one->timed = timed;
    one->until = ends && !timed ? until : 0;
    begin_waiting(self);
    mill_schedule.ask_again = true; /* others too: a writer who waits keeps readers from going on */
    mill_schedule_go_on();
    end_waiting(self);
    bool could = one->can;
    one->ready = NULL;
    one->waits_at = NULL;
    one->timed = false;
    one->until = 0;
    one->can = true; /* as was listed: it could go on, or had waited long enough */
    return could;
}

void mill_changed(const void *object)
{
    for (unsigned i = 0; i < mill_schedule.waiting_count; i++) {
        unsigned thread = mill_schedule.waiting[i];
        if (mill_schedule.threads[thread].waits_at == object) {
            ask(thread);
        }
    }
    mill_progressed();
}

void mill_yield(const struct mill_step *step)
{
    mill_step_copy(&mill_schedule.pending[mill_schedule.current], step);
    mill_schedule.pending[mill_schedule.current].flags |= MILL_STEP_YIELDS;
    if (mill_schedule.ask_again) {
        ask_all(); /* first, since what has changed ends yields: those of before, not this one */
    }
    let_others_go_first(mill_schedule.current);
    mill_schedule_go_on();
}

void mill_point_last(const struct mill_step *step, bool (*ready)(const void *object, unsigned thread),
                     const void *object)
{
    unsigned self = mill_schedule.current;
    mill_schedule.threads[self].last = true;
    mill_point_when(step, ready, object, MILL_NO_END);
    mill_schedule.threads[self].last = false;
}

/* ---- time ---- */

uint64_t mill_virtual_now(void)
{
    return (uint64_t)mill_schedule.step * STEP_NS + mill_schedule.skipped_ns;
}

void mill_virtual_advance(uint64_t until)
{
    uint64_t now = mill_virtual_now();
    mill_schedule.skipped_ns += until > now ? until - now : 0;
}

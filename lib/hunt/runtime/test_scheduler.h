/* A tiny scheduler for the tests of interposed calls: scheduler.h with ucontext, which runs a program through
 * all of its schedules (depth first). What is ordered tests ask of test_order.h.
 *
 *     static void two_threads(void) { … pthread_create … expect(x == 2); … }
 *     explore(two_threads);                 runs it in every order, up to SCHEDULES_MAX
 *     assert_int_equal(seen.deadlocks, 0);  what came of it
 *
 * In the program itself expect() takes the place of assert: cmocka's may not leave a context.
 */
#ifndef MILL_HUNT_RUNTIME_TEST_SCHEDULER_H
#define MILL_HUNT_RUNTIME_TEST_SCHEDULER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#include "hunt/failure.h"
#include "hunt/race.h"
#include "hunt/runtime/check.h"
#include "hunt/runtime/interpose.h"
#include "hunt/runtime/real.h"
#include "hunt/runtime/scheduler.h"

#define THREADS_MAX   8
#define STACK_SIZE    ((size_t)128 << 10)
#define STEPS_MAX     2000
#define STEPS_FREE    60 /* from then on who yields waits until all others have yielded or are blocked */
#define SCHEDULES_MAX 200000

/* ---- what came of it ---- */

#define MARKS_MAX     16

static struct {
    unsigned schedules, deadlocks, failures;
    unsigned results[16]; /* how many schedules called result(i) */
    unsigned unordered[MARKS_MAX]
                      [MARKS_MAX];         /* in how many mark a came first, but not ordered before mark b */
    struct mill_failure failure;           /* the last */
    struct mill_step blocked[THREADS_MAX]; /* of the last deadlock: what they wait for */
    unsigned blocked_count;
    int holders[THREADS_MAX];
    char holder_texts[THREADS_MAX][120];
} seen;

/* ---- one schedule ---- */

static struct test_thread {
    ucontext_t context;
    char *stack;
    struct mill_step pending;
    bool (*ready)(const void *object, unsigned thread);
    const void *object;
    bool timed, yielded, ended;
    void *(*start)(void *);
    void *argument, *result;
    struct mill_thread_data data;
} threads[THREADS_MAX];

static char stacks[THREADS_MAX][STACK_SIZE];
static unsigned thread_count, current;
static ucontext_t runner;
static uint64_t now;
static uint32_t steps;
static void (*program)(void);
bool mill_hunt_on;
bool mill_hunt_races = true;

/* The decisions of this schedule, and of the next as far as they are given. */
static struct {
    unsigned chosen, ways;
} decisions[STEPS_MAX];
static unsigned decided, given;
static char broken[200]; /* what expect() found wrong */

static void leave_schedule(void)
{
    setcontext(&runner);
}

#define expect(condition)                                                         \
    do {                                                                          \
        if (!(condition)) {                                                       \
            snprintf(broken, sizeof broken, "line %d: %s", __LINE__, #condition); \
            leave_schedule();                                                     \
        }                                                                         \
    } while (0)

static inline void result(unsigned number)
{
    seen.results[number]++;
}

static unsigned decide(unsigned ways)
{
    if (ways == 1) {
        return 0;
    }
    expect(decided < STEPS_MAX);
    if (decided >= given) {
        decisions[decided].chosen = 0;
    }
    decisions[decided].ways = ways;
    return decisions[decided++].chosen;
}

static bool can_go_on(unsigned thread)
{
    const struct test_thread *t = &threads[thread];
    return !t->ended && (t->ready == NULL || t->timed || t->ready(t->object, thread));
}

#ifdef MILL_HUNT_RUNTIME_HOLDERS_H
static void note_holders(void)
{
    for (unsigned i = 0; i < seen.blocked_count; i++) {
        seen.holders[i] = mill_holder(&seen.blocked[i]);
        mill_holder_text(&seen.blocked[i], seen.holder_texts[i], sizeof seen.holder_texts[i]);
    }
}
#else
static void note_holders(void)
{
}
#endif

static void note_deadlock(void)
{
    seen.deadlocks++;
    seen.blocked_count = 0;
    for (unsigned thread = 0; thread < thread_count; thread++) {
        if (!threads[thread].ended) {
            seen.blocked[seen.blocked_count++] = threads[thread].pending;
        }
    }
    note_holders();
}

/* Who is next: the running thread first among those who can. */
static unsigned pick(void)
{
    unsigned enabled[THREADS_MAX];
    unsigned count = 0;
    bool others = false;
    for (unsigned thread = 0; thread < thread_count; thread++) {
        others = others || (can_go_on(thread) && !threads[thread].yielded);
    }
    for (unsigned i = 0; i < thread_count; i++) {
        unsigned thread = (current + i) % thread_count;
        if (can_go_on(thread) && !(others && threads[thread].yielded)) {
            enabled[count++] = thread;
        }
    }
    if (count == 0) {
        bool alive = false;
        for (unsigned thread = 0; thread < thread_count; thread++) {
            alive = alive || !threads[thread].ended;
        }
        if (alive) {
            note_deadlock();
        }
        leave_schedule();
    }
    expect(steps++ < STEPS_MAX);
    unsigned next = enabled[decide(count)];
    for (unsigned thread = 0; thread < thread_count; thread++) {
        threads[thread].yielded = threads[thread].yielded && others && steps > STEPS_FREE;
    }
    return next;
}

static void go_on(void)
{
    unsigned before = current;
    current = pick();
    now++;
    if (current != before) {
        swapcontext(&threads[before].context, &threads[current].context);
    }
}

static void thread_entry(void)
{
    struct test_thread *t = &threads[current];
    mill_thread_end(t->start(t->argument));
}

static int start_thread(void *(*start)(void *), void *argument)
{
    if (thread_count == THREADS_MAX) {
        return -11; /* -EAGAIN */
    }
    struct test_thread *t = &threads[thread_count];
    *t = (struct test_thread){.start = start, .argument = argument, .stack = stacks[thread_count]};
    getcontext(&t->context);
    t->context.uc_stack.ss_sp = t->stack;
    t->context.uc_stack.ss_size = STACK_SIZE;
    makecontext(&t->context, thread_entry, 0);
    return (int)thread_count++;
}

static void *first_thread(void *unused)
{
    program();
    return unused;
}

static void run_schedule(void)
{
    thread_count = 0;
    current = 0;
    decided = 0;
    steps = 0;
    now = 0;
    mill_race_begin();
    mill_interpose_begin();
    mill_order_begun();
    start_thread(first_thread, NULL);
    volatile bool begun = false;
    mill_hunt_on = true;
    getcontext(&runner);
    if (!begun) {
        begun = true;
        setcontext(&threads[0].context);
    }
    mill_hunt_on = false;
    seen.schedules++;
}

/* The next schedule in depth-first order; false: there is none. */
static bool next_schedule(void)
{
    while (decided > 0 && decisions[decided - 1].chosen + 1 == decisions[decided - 1].ways) {
        decided--;
    }
    if (decided == 0) {
        return false;
    }
    decisions[decided - 1].chosen++;
    given = decided;
    return true;
}

static void explore(void (*body)(void))
{
    memset(&seen, 0, sizeof seen);
    program = body;
    given = 0;
    do {
        broken[0] = '\0';
        run_schedule();
        if (broken[0] != '\0') {
            fail_msg("schedule %u: %s", seen.schedules, broken);
        }
    } while (next_schedule() && seen.schedules < SCHEDULES_MAX);
    assert_true(seen.schedules < SCHEDULES_MAX); /* all of them, or it shows nothing */
}

/* Every schedule fails like this. */
static inline void assert_fails(void (*body)(void), enum mill_failure_kind kind, const char *words)
{
    explore(body);
    assert_int_equal(seen.failures, seen.schedules);
    assert_int_equal(seen.failure.kind, kind);
    assert_non_null(strstr(seen.failure.message, words));
}

/* Every schedule ends, and neither in a deadlock nor in a failure. */
static inline void assert_ends(void (*body)(void))
{
    explore(body);
    if (seen.failures > 0) {
        fail_msg("%s", seen.failure.message);
    }
    assert_int_equal(seen.deadlocks, 0);
}

/* ---- scheduler.h ---- */

void mill_point(const struct mill_step *step)
{
    threads[current].pending = *step;
    threads[current].ready = NULL;
    go_on();
}

bool mill_point_when(const struct mill_step *step, bool (*ready)(const void *object, unsigned thread),
                     const void *object, uint64_t until)
{
    struct test_thread *t = &threads[current];
    t->pending = *step;
    t->ready = ready;
    t->object = object;
    t->timed = until != MILL_NO_END;
    go_on();
    t->ready = NULL;
    return ready(object, current);
}

void mill_changed(const void *object)
{
    (void)object;
}

unsigned mill_choose(unsigned ways)
{
    return decide(ways);
}

void mill_yield(const struct mill_step *step)
{
    threads[current].yielded = true;
    mill_point(step);
}

unsigned mill_self(void)
{
    return current;
}

unsigned mill_thread_count(void)
{
    return thread_count;
}

int mill_thread_spawn(void *(*start)(void *), void *argument)
{
    int number = start_thread(start, argument);
    if (number >= 0) {
        mill_race_spawned(current, (unsigned)number);
    }
    return number;
}

void mill_stand_at(const void *pc)
{
    (void)pc;
}

bool mill_thread_is_over(unsigned thread)
{
    return threads[thread].ended;
}

void mill_thread_end(void *value)
{
    threads[current].result = value;
    threads[current].ended = true;
    current = pick();
    setcontext(&threads[current].context);
    __builtin_unreachable();
}

void *mill_thread_result(unsigned thread)
{
    return threads[thread].result;
}

/* The first thread's is the C library's own. */
unsigned long mill_thread_handle(unsigned thread)
{
    return mill_real()->pthread_self() + thread;
}

int mill_thread_find(unsigned long handle)
{
    unsigned long thread = handle - mill_thread_handle(0);
    return thread < thread_count ? (int)thread : -1;
}

struct mill_thread_data *mill_thread_data(unsigned thread)
{
    return &threads[thread].data;
}

uint64_t mill_virtual_now(void)
{
    return now;
}

void mill_virtual_advance(uint64_t until)
{
    now = until > now ? until : now;
}

void mill_fail(const struct mill_failure *failure)
{
    seen.failure = *failure;
    seen.failures++;
    leave_schedule();
    __builtin_unreachable();
}

void mill_fail_here(enum mill_failure_kind kind, const void *object, const char *format, ...)
{
    struct mill_failure failure = {.kind = kind, .object = (uintptr_t)object};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure.message, sizeof failure.message, format, arguments);
    va_end(arguments);
    mill_fail(&failure);
}

uint32_t mill_step_number(void)
{
    return steps;
}

unsigned mill_thread_stack(unsigned thread, const void *pc, uintptr_t *pcs, unsigned most)
{
    (void)thread;
    pcs[0] = (uintptr_t)pc;
    return most > 0;
}

#include "hunt/runtime/test_order.h"

/* ---- shorthands ---- */

static inline pthread_t spawn(void *(*start)(void *), void *argument)
{
    pthread_t thread;
    expect(pthread_create(&thread, NULL, start, argument) == 0);
    return thread;
}

static inline void join(pthread_t thread)
{
    expect(pthread_join(thread, NULL) == 0);
}

#endif

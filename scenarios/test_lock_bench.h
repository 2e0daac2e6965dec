/* What the tests of the scenarios of one lock share: a lock that does as it is told, and a case that is
 * played by hand. One thread plays all, and time is the test's own: each look at the clock takes a step, so
 * that all that is measured is known beforehand. Included once by such a test.
 *
 *     prepare("lock-try", 2);
 *     set("hold", 100);
 *     set_up();
 *     told.refusals = 2;
 *     run(0, 1);
 *     struct mill_check check = verify();
 *     tear_down();
 */
#ifndef MILL_SCENARIOS_TEST_LOCK_BENCH_H
#define MILL_SCENARIOS_TEST_LOCK_BENCH_H

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/timeout.h"
#include "harness/parameter.h"
#include "harness/worker.h"
#include "scenarios/list.h"
#include "scenarios/lock_rig.h"

#define STEP    100u
#define THREADS 3u
#define HOUR    (3600 * MILL_NS_PER_S)

/* ---- time ---- */

static uint64_t the_time = HOUR;
static unsigned sleeps;

/* In the place of the C library's. */
int tell_time(clockid_t clock, struct timespec *now) __asm__("clock_gettime");
int sleep_as_told(clockid_t clock, int flags, const struct timespec *request,
                  struct timespec *left) __asm__("clock_nanosleep");

int tell_time(clockid_t clock, struct timespec *now)
{
    (void)clock;
    the_time += STEP;
    *now = mill_deadline_timespec(the_time);
    return 0;
}

int sleep_as_told(clockid_t clock, int flags, const struct timespec *request, struct timespec *left)
{
    (void)clock;
    (void)left;
    uint64_t until = mill_timespec_ns(*request);
    if (flags != TIMER_ABSTIME) {
        return EINVAL;
    }
    the_time = until > the_time ? until : the_time;
    sleeps++;
    return 0;
}

static const struct mill_clock the_clock = {.multiplier = 1ull << 32, .ticks_per_ns = 1.0};

/* ---- a lock that does as it is told ---- */

static struct {
    unsigned refusals;   /* of tries and of waits with a deadline, to come */
    bool hasty;          /* a wait that is refused is so before its deadline, else */
    uint64_t late;       /* so long after it */
    bool keeps;          /* who is refused has it all the same */
    bool never_released; /* a release does nothing */
    int error;           /* of waits with a deadline */
    void (*while_waiting)(void);
} told;

struct mill_lock {
    bool held;
};

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    if (told.while_waiting) {
        told.while_waiting();
    }
    lock->held = true;
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    bool granted = !lock->held && told.refusals == 0;
    told.refusals -= told.refusals > 0;
    lock->held = lock->held || granted || told.keeps;
    return granted;
}

static int acquire_until(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline)
{
    if (told.error) {
        return told.error;
    }
    if (try_acquire(lock, me)) {
        return 0;
    }
    while (!told.hasty && mill_now_ns() < deadline + told.late) {
    }
    return -ETIMEDOUT;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    lock->held = told.never_released;
}

static const struct mill_lock_ops obedient = {
    .about = {.name = "obedient", .traits = MILL_CONTROL, .size = sizeof(struct mill_lock)},
    .acquire = acquire,
    .try_acquire = try_acquire,
    .acquire_until = acquire_until,
    .release = release,
};

/* ---- a case, played by hand ---- */

static struct {
    struct mill_case one;
    int64_t values[MILL_PARAMETERS_MAX];
    atomic_uint phase;
    struct mill_worker workers[THREADS];
    struct mill_recording recording;
} bench;

static inline void set(const char *name, uint64_t value)
{
    const struct mill_scenario *scenario = bench.one.scenario;
    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        if (strcmp(scenario->parameters[i].name, name) == 0) {
            bench.values[i] = (int64_t)value;
            return;
        }
    }
    fail_msg("%s has no parameter '%s'", scenario->name, name);
}

static inline void prepare(const char *name, unsigned threads)
{
    const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, name);
    assert_non_null(scenario);
    memset(&told, 0, sizeof told);
    memset(&bench, 0, sizeof bench);
    sleeps = 0;
    bench.one = (struct mill_case){.scenario = scenario,
                                   .strategy = &obedient.about,
                                   .values = bench.values,
                                   .clock = &the_clock,
                                   .threads = threads};
    mill_parameters_default(scenario, bench.values);
}

static inline void set_up(void)
{
    assert_int_equal(bench.one.scenario->setup(&bench.one), 0);
    for (unsigned i = 0; i < bench.one.threads; i++) {
        mill_worker_init(&bench.workers[i], &bench.one, i, &bench.phase);
    }
    assert_int_equal(mill_recording_create(&bench.recording, bench.one.scenario), 0);
}

static inline void tear_down(void)
{
    bench.one.scenario->teardown(&bench.one);
    mill_recording_destroy(&bench.recording);
}

static inline struct mill_lock_rig *rig_of_bench(void)
{
    return bench.one.state;
}

static inline int operate(unsigned thread)
{
    struct mill_worker *worker = &bench.workers[thread];
    int outcome = bench.one.scenario->roles[worker->role].operation(worker);
    bench.one.operations += outcome == MILL_DONE;
    return outcome;
}

static inline int operate_timed(unsigned thread)
{
    bench.workers[thread].spans = bench.recording.spans;
    int outcome = operate(thread);
    bench.workers[thread].spans = NULL;
    return outcome;
}

static inline void run(unsigned thread, unsigned operations)
{
    for (unsigned i = 0; i < operations; i++) {
        assert_int_equal(operate(thread), MILL_DONE);
    }
}

/* ---- what came of it ---- */

static inline const struct mill_histogram *span(const char *name)
{
    for (unsigned i = 0; i < bench.one.scenario->span_count; i++) {
        if (strcmp(bench.one.scenario->spans[i].name, name) == 0) {
            return bench.recording.spans[i];
        }
    }
    fail_msg("no span '%s'", name);
    return NULL;
}

static inline struct mill_check verify(void)
{
    struct mill_check check = {0};
    bench.one.scenario->verify(&bench.one, &check);
    return check;
}

static inline double measured(const struct mill_check *check, const char *name)
{
    for (unsigned i = 0; i < check->measure_count; i++) {
        if (strcmp(check->measures[i].name, name) == 0) {
            return check->measures[i].value;
        }
    }
    fail_msg("'%s' was not measured", name);
    return NAN;
}

static inline void assert_found(unsigned finding, const char *words)
{
    struct mill_check check = verify();
    assert_int_equal(check.findings, finding);
    assert_non_null(strstr(check.message, words));
}

static inline void assert_near(double value, double expected)
{
    if (fabs(value - expected) > 0.01) {
        fail_msg("%f is not %f", value, expected);
    }
}

#endif

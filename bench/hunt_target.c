/* threadmill-hunt: scenarios as programs that are hunted. Started by 'threadmill hunt' and 'threadmill
 * replay':
 *
 *     threadmill-hunt counter unsafe threads=2 operations=3 seed=1 SETTING=VALUE...
 *
 * Each schedule is set-up, some operations of each thread, verify and tear-down, in the same process as long
 * as nothing outlives it. The scenarios, and all that they are made of, are instrumented; this, the engine's
 * loop around an operation, and the runtime are not.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/thread_index.h"
#include "harness/parameter.h"
#include "harness/recorded.h"
#include "harness/worker.h"
#include "hunt/runtime/scheduler.h"
#include "hunt/runtime/suspend.h"
#include "hunt/runtime/target.h"
#include "scenarios/list.h"

#define THREADS_MAX    64
#define OPERATIONS_MAX 1000
#define KNOWN          4096 /* histories; a power of two */

struct target {
    struct mill_job *job;
    struct mill_case one;
    struct mill_clock clock;
    struct mill_check check; /* of the schedule at hand */
    int64_t values[MILL_PARAMETERS_MAX];
    uint64_t operations; /* of each thread */
    uint64_t history;    /* 0: calls are not recorded */
    struct mill_fingerprint
        known[KNOWN]; /* of histories that were linearizable, each where its low bits say */
    atomic_uint phase;
    struct hand {
        struct mill_worker worker;
        struct target *target;
        pthread_t thread;
        unsigned number; /* of the schedule's threads, once it runs */
        int status;
        bool done; /* with its operations */
    } hands[THREADS_MAX];
};

/* Who holds another back goes on until that one has ended. */
static uint64_t operations_of(const struct hand *hand)
{
    return mill_held_back() != MILL_SUSPEND_NOBODY && mill_held_back() != hand->number
               ? UINT64_MAX
               : hand->target->operations;
}

static void *hand_main(void *argument)
{
    struct hand *hand = argument;
    hand->number = mill_self();
    mill_operations_begin();
    hand->status = mill_worker_run(&hand->worker, MILL_PHASE_END, operations_of(hand));
    hand->done = true;
    mill_operations_end();
    mill_worker_finish(&hand->worker);
    return NULL;
}

/* relaxed: one process writes at a time, and who reads it later has waited for that. */
static void add(_Atomic uint64_t *number, uint64_t more)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

static _Noreturn void fail(enum mill_failure_kind kind, const char *what, const char *why)
{
    mill_fail_here(kind, NULL, "%s: %s", what, why);
}

static void verify(struct target *target)
{
    const struct mill_scenario *scenario = target->one.scenario;
    if (scenario->verify) {
        scenario->verify(&target->one, &target->check);
        target->check.findings &=
            ~(unsigned)(MILL_LATENCY_BOUND | MILL_UNBOUNDED_GROWTH); /* matters of time and of load */
    }
}

static void judge_check(const struct mill_check *check)
{
    if (check->findings != 0) {
        char names[128];
        fail(MILL_FAILURE_CHECK, mill_findings_name(names, sizeof names, check->findings), check->message);
    }
}

/* ---- what the calls were told ---- */

static void tell_timeline(const struct target *target, const struct mill_recorded *recorded)
{
    struct mill_text told = {0};
    mill_text_add(&told, "%s", recorded->timeline.text ? recorded->timeline.text : "");
    for (unsigned i = 0; i < target->one.threads; i++) {
        mill_text_add(&told, "%sT%u is thread %u", i > 0 ? ", " : "", i, target->hands[i].number);
    }
    mill_text_add(&told, " of the schedule\n");
    snprintf(target->job->told, sizeof target->job->told, "%s", told.text ? told.text : "");
    mill_text_free(&told);
}

/* Before teardown, unlike elsewhere: threads that the subject has still stand where they are.
 *
 * None of this is the schedule's: no points, and memory from the C library. What cannot be judged is counted
 * as not looked for. Most schedules record what another one has recorded before, which is not judged again; a
 * place that was never written stands for the history without calls, which is linearizable as well. */
static void judge_history(struct target *target)
{
    static const struct mill_linearizability_limits limits = {.configurations = 1000000,
                                                              .bytes = (size_t)1 << 28};
    struct mill_recorded recorded;
    struct mill_model copy;
    struct mill_error error = {.message = ""};
    char why[256];
    if (!target->one.history) {
        return;
    }
    struct mill_fingerprint fingerprint = {0};
    bool whole = mill_history_fingerprint(target->one.history, &fingerprint);
    struct mill_fingerprint *known = &target->known[fingerprint.low % KNOWN];
    if (whole && known->low == fingerprint.low && known->high == fingerprint.high) {
        return;
    }
    mill_hunt_pause();
    int status = mill_recorded_judge(mill_case_model(&target->one, &copy), target->one.history, &limits,
                                     &recorded, &error);
    bool wrong = recorded.verdict == MILL_NOT_LINEARIZABLE;
    bool unknown = !wrong && (status == -ENOMEM || recorded.verdict == MILL_UNDECIDED || recorded.missed > 0);
    if (wrong) {
        tell_timeline(target, &recorded);
    }
    if (whole && status == 0 && recorded.verdict == MILL_LINEARIZABLE) {
        *known = fingerprint;
    }
    snprintf(why, sizeof why, "%s", recorded.sentence);
    mill_recorded_free(&recorded);
    mill_hunt_resume();
    if (wrong) {
        mill_fail_here(MILL_FAILURE_HISTORY, NULL, "%s", why);
    }
    if (status < 0 && status != -ENOMEM) {
        fail(MILL_FAILURE_UNSUPPORTED, "what was recorded is no history", error.message);
    }
    add(&target->job->blind, unknown);
}

/* ---- how it came out ---- */

static void count_outcomes(struct target *target)
{
    struct mill_outcomes *outcomes;
    mill_hunt_pause();
    int status = mill_case_outcomes(&target->one, &target->check, &outcomes);
    for (size_t i = 0; status == 0 && i < mill_outcomes_rows(outcomes) && i < MILL_JOB_OUTCOMES; i++) {
        struct mill_job_outcome *told = &target->job->outcomes[i];
        struct mill_outcome_count row;
        mill_outcomes_row(outcomes, i, &row);
        snprintf(told->outcome, sizeof told->outcome, "%s", row.outcome);
        snprintf(told->grade, sizeof told->grade, "%s", mill_outcome_grade_name(row.grade));
        snprintf(told->sentence, sizeof told->sentence, "%s", row.sentence);
        add(&told->count, row.count);
    }
    mill_outcomes_destroy(outcomes);
    mill_hunt_resume();
    if (status < 0) {
        fail(MILL_FAILURE_UNSUPPORTED, "outcomes could not be counted", strerror(-status));
    }
}

/* Made once, before the first schedule, and used in each. Calls of an operation are few; what a role has to
 * do at its end may be many more. */
static int open_history(struct target *target)
{
    size_t capacity = 64 + 16 * target->operations;
    bool progress = target->job && target->job->flags & MILL_JOB_PROGRESS; /* then nobody asks for it */
    if (!target->one.scenario->model || !target->history || progress) {
        return 0;
    }
    return mill_history_create(target->one.threads, capacity, MILL_STAMPS_PLAIN, NULL, &target->one.history);
}

/* All are done with their operations, but for one that is suspended. */
static bool are_done(const void *object, unsigned thread)
{
    const struct target *target = object;
    unsigned left = 0;
    (void)thread;
    for (unsigned i = 0; i < target->one.threads; i++) {
        const struct hand *hand = &target->hands[i];
        left += !hand->done && (hand->number == 0 || hand->number != mill_suspended());
    }
    return left == 0;
}

static bool has_ended(const struct target *target, unsigned number)
{
    unsigned left = target->one.threads;
    for (unsigned i = 0; i < target->one.threads; i++) {
        left -= target->hands[i].done && target->hands[i].number == number;
    }
    return left < target->one.threads;
}

/* All that play one of the roles: who waits for them would wait for ever. */
static bool have_ended(const void *object, unsigned thread)
{
    const struct target *target = object;
    unsigned roles = target->one.scenario->role_count;
    if (mill_suspended() != MILL_SUSPEND_NOBODY) {
        return are_done(target, thread);
    }
    if (mill_held_back() != MILL_SUSPEND_NOBODY) {
        return has_ended(target, mill_held_back());
    }
    for (unsigned role = 0; role < roles; role++) {
        unsigned playing = 0;
        unsigned done = 0;
        for (unsigned i = 0; i < target->one.threads; i++) {
            bool plays = target->hands[i].worker.role == role;
            playing += plays;
            done += plays && target->hands[i].done;
        }
        if (playing > 0 && done == playing) {
            return true;
        }
    }
    return false;
}

/* When a role has been played to its end, or none can go on by itself, the run is over: those that wait for
 * others are told. */
static void end_run(struct target *target)
{
    const struct mill_step step = mill_thing(MILL_STEP_JOIN, NULL, NULL);
    mill_point_last(&step, have_ended, target);
    atomic_store_explicit(&target->phase, MILL_PHASE_END, memory_order_relaxed); /* nobody else runs */
    if (target->one.scenario->interrupt) {
        target->one.scenario->interrupt(&target->one);
    }
}

/* Some wait for a thread that is suspended to hand its end on, as roles may: it is done for it. */
static void finish_for_suspended(struct target *target)
{
    for (unsigned i = 0; i < target->one.threads && !are_done(target, 0); i++) {
        struct hand *hand = &target->hands[i];
        if (hand->number != 0 && hand->number == mill_suspended()) {
            mill_worker_finish(&hand->worker);
        }
    }
}

static void run_threads(struct target *target)
{
    struct mill_case *one = &target->one;
    for (unsigned i = 0; i < one->threads; i++) {
        struct hand *hand = &target->hands[i];
        mill_worker_init(&hand->worker, one, i, &target->phase);
        hand->target = target;
        hand->number = 0;
        hand->done = false;
        if (pthread_create(&hand->thread, NULL, hand_main, hand) != 0) {
            fail(MILL_FAILURE_CHECK, "a thread could not be created", "");
        }
    }
    end_run(target);
    if (mill_suspend_wanted()) {
        const struct mill_step step = mill_thing(MILL_STEP_JOIN, NULL, NULL);
        mill_point_last(&step, are_done, target);
        finish_for_suspended(target);
        mill_point_when(&step, are_done, target, MILL_NO_END);
        if (mill_suspended() != MILL_SUSPEND_NOBODY) {
            mill_suspend_leave(); /* who is suspended is never joined, and nothing it works on torn down */
        }
    }
    for (unsigned i = 0; i < one->threads; i++) {
        struct hand *hand = &target->hands[i];
        pthread_join(hand->thread, NULL);
        one->operations += hand->worker.operations;
        if (hand->status < 0) {
            fail(MILL_FAILURE_CHECK, "an operation failed", strerror(-hand->status));
        }
    }
}

static void judge(struct target *target)
{
    verify(target);
    judge_history(target);
    if (target->one.scenario->outcomes) {
        count_outcomes(target);
    }
    judge_check(&target->check);
}

static void run(void *context)
{
    struct target *target = context;
    struct mill_case *one = &target->one;
    mill_thread_index_begin_anew(); /* alone yet: it takes no step */
    one->state = NULL;
    one->operations = 0;
    target->check = (struct mill_check){.findings = 0};
    if (one->history) {
        mill_history_reset(one->history);
    }
    atomic_store_explicit(&target->phase, MILL_PHASE_MEASURE, memory_order_relaxed);
    int status = one->scenario->setup(one);
    if (status < 0) {
        fail(status == -ENOTSUP ? MILL_FAILURE_UNSUPPORTED : MILL_FAILURE_CHECK, "set-up failed",
             strerror(-status));
    }
    run_threads(target);
    if (!mill_suspend_wanted()) { /* then progress is what is looked at */
        judge(target);
    }
    one->scenario->teardown(one);
}

/* ---- arguments ---- */

static int take_number(const char *text, int64_t minimum, int64_t maximum, uint64_t *number,
                       struct mill_error *error)
{
    int64_t value;
    if (mill_parse_integer(text, &value) < 0 || value < minimum || value > maximum) {
        return mill_error_set(error, -EINVAL, "'%s' is no number from %lld to %lld", text, (long long)minimum,
                              (long long)maximum);
    }
    *number = (uint64_t)value;
    return 0;
}

static int take_setting(struct target *target, const char *word, struct mill_error *error)
{
    uint64_t threads = 1;
    if (strncmp(word, "threads=", 8) == 0) {
        int status = take_number(word + 8, 1, THREADS_MAX, &threads, error);
        target->one.threads = status == 0 ? (unsigned)threads : 1;
        return status;
    }
    if (strncmp(word, "operations=", 11) == 0) {
        return take_number(word + 11, 1, OPERATIONS_MAX, &target->operations, error);
    }
    if (strncmp(word, "history=", 8) == 0) {
        return take_number(word + 8, 0, 1, &target->history, error);
    }
    if (strncmp(word, "seed=", 5) == 0) {
        return take_number(word + 5, 0, INT64_MAX, &target->one.seed, error);
    }
    return mill_parameters_set(target->one.scenario, word, target->values, error);
}

static int take_arguments(struct target *target, int argc, char **argv, struct mill_error *error)
{
    if (argc < 3) {
        return mill_error_set(error, -EINVAL, "threadmill-hunt is started by 'threadmill hunt'");
    }
    target->one.scenario = mill_scenario_find(&mill_scenarios, argv[1]);
    if (!target->one.scenario) {
        return mill_error_set(error, -EINVAL, "there is no scenario '%s'", argv[1]);
    }
    target->one.strategy = mill_family_find(target->one.scenario->family, argv[2]);
    if (!target->one.strategy) {
        return mill_error_set(error, -EINVAL, "'%s' has no strategy '%s'", argv[1], argv[2]);
    }
    mill_parameters_default(target->one.scenario, target->values);
    for (int i = 3; i < argc; i++) {
        int status = take_setting(target, argv[i], error);
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct target target;
    struct mill_error error;
    struct mill_job *job = mill_target_job();
    target.one.values = target.values;
    target.one.clock = &target.clock;
    target.one.threads = 2;
    target.operations = 3;
    target.history = 1;
    target.clock = (struct mill_clock){.multiplier = (uint64_t)1 << 32}; /* virtual nanoseconds */
    target.job = job;
    int status = take_arguments(&target, argc, argv, &error);
    if (status == 0 && open_history(&target) < 0) {
        status = mill_error_set(&error, -ENOMEM, "no memory to record the calls of %u threads",
                                target.one.threads);
    }
    if (status < 0 || !job) {
        fprintf(stderr, "threadmill-hunt: %s\n", status < 0 ? error.message : "no hunt has started it");
        if (job) {
            snprintf(job->refusal, sizeof job->refusal, "%s", error.message);
            atomic_store(&job->state, MILL_JOB_REFUSED);
        }
        return 2;
    }
    mill_thread_index(); /* what numbers threads outlives a schedule, so it is set up before the first */
    mill_target_run(job, run, &target);
    return 0;
}

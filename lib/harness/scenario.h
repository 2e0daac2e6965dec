/* The contract of a scenario: written once, driven by every engine.
 *
 * A scenario is a constant `struct mill_scenario`. The engine owns threads, timing, repetition and isolation;
 * the scenario says what is set up, what one operation is, and how to check afterwards that nothing went
 * wrong. The smallest one, in full, is in scenarios/README.md.
 *
 * Who calls what: `setup`, `verify` and `teardown` run in one thread, before the first operation and after
 * the last (the engine's start and join order them, so plain reads in `verify` see all that the operations
 * wrote). A role's `operation` and `between` run in as many threads at once as play the role. `interrupt`
 * runs in the engine's thread while operations are still going on.
 */
#ifndef MILL_HARNESS_SCENARIO_H
#define MILL_HARNESS_SCENARIO_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/cacheline.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/strategy.h"
#include "harness/tool.h"
#include "measure/history.h"
#include "measure/model.h"
#include "measure/outcomes.h"

struct mill_histogram;

/* ---- parameters ---- */

enum mill_parameter_type {
    MILL_INTEGER,
    MILL_DURATION, /* nanoseconds; written 100ns, 1us, 2.5ms */
    MILL_CHOICE,   /* one of `choices`; the value is its index */
    MILL_SWITCH,   /* on or off; the value is 1 or 0 */
};

struct mill_parameter {
    const char *name;
    const char *summary;
    enum mill_parameter_type type;
    int64_t minimum; /* bounds of MILL_INTEGER and MILL_DURATION, both inclusive */
    int64_t maximum;
    int64_t fallback; /* the value when none is given */
    int64_t hunted;   /* the same under controlled schedules, which have to be short; 0: `fallback` */
    const char *const *choices; /* of MILL_CHOICE: ended by NULL */
};

/* ---- findings ---- */

/* What can be wrong with a strategy. A control is expected to show one of these; anything else must show
 * none. */
enum mill_finding {
    MILL_NO_FINDING = 0,
    MILL_LOST_UPDATE = 1 << 0,
    MILL_RACE = 1 << 1,
    MILL_DEADLOCK = 1 << 2,
    MILL_LOST_WAKEUP = 1 << 3,
    MILL_LATENCY_BOUND = 1 << 4,
    MILL_CORRUPTION = 1 << 5, /* a structure or an ownership is broken (ABA, overlap in a critical section) */
    MILL_UNBOUNDED_GROWTH = 1 << 6,  /* memory grows with the load, past what was promised */
    MILL_WRONG_ANSWER = 1 << 7,      /* no order of the calls explains what they were told */
    MILL_FORBIDDEN_OUTCOME = 1 << 8, /* a litmus test came out as it must not */
};

/* One number that only the scenario can know: idle processor time, staleness, items dropped. */
struct mill_measure {
    const char *name; /* constant, in words; a column of the table */
    const char *unit; /* "%", "ns", "B", … or "" for a count */
    double value;
};

#define MILL_MEASURES_MAX 6

/* What `verify` found, and measured. */
struct mill_check {
    unsigned findings; /* of enum mill_finding */
    char message[256]; /* the first finding, in words */
    unsigned measure_count;
    struct mill_measure measures[MILL_MEASURES_MAX];
};

/* Records a number of this sample; the median over samples is shown. At most MILL_MEASURES_MAX, each name
 * once. */
void mill_check_measured(struct mill_check *check, const char *name, const char *unit, double value);

/* Records a finding; the first one's words are kept. */
void mill_check_found(struct mill_check *check, enum mill_finding finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What is expected of one strategy; strategies that are not listed are expected to pass. */
struct mill_expectation {
    const char *strategy; /* NULL: every strategy that `applies` says */
    bool (*applies)(const struct mill_strategy *strategy);
    unsigned findings; /* any one of these makes the control caught */
    unsigned
        min_threads; /* below this many threads the mistake cannot show, and the cell is expected to pass */
    const char *why;
};

/* ---- one case ---- */

/* One scenario with one strategy, parameters and a number of threads, for the length of one sample. */
struct mill_case {
    const struct mill_scenario *scenario;
    const struct mill_strategy *strategy;
    const int64_t *values; /* of the parameters, in the order of scenario->parameters */
    const struct mill_clock *clock;
    unsigned threads;
    enum mill_tool tool; /* under which it will run; MILL_NO_TOOL: what this build is made with */
    uint64_t seed;
    struct mill_history *history; /* of an engine that records; else NULL */
    void *state;                  /* setup sets it, teardown frees it */
    uint64_t operations;          /* completed by all threads, warm-up included; valid in verify */
};

/* ---- spans ---- */

/* A part of an operation whose length is of interest by itself: until a lock was there, while it was held.
 * Latency samples keep a histogram of each beside that of the whole operation. */
struct mill_span {
    const char *name; /* one word or two, as in the table */
    const char *summary;
};

#define MILL_SPANS_MAX 4

/* ---- roles and operations ---- */

/* What an operation returns besides a negative errno, which fails the sample. */
enum mill_outcome {
    MILL_DONE = 0,    /* one operation was completed, and counts */
    MILL_STOPPED = 1, /* the run is over; this one was given up and does not count */
};

enum mill_phase {
    MILL_PHASE_WARM,
    MILL_PHASE_MEASURE,
    MILL_PHASE_COOL, /* the window is over; threads go on so that it ended under full load */
    MILL_PHASE_END,
};

/* One thread's view: what an operation is given. No two workers share a cache line. */
struct mill_worker {
    alignas(MILL_ISOLATION) void *state; /* what setup made */
    const struct mill_case *the_case;
    const struct mill_clock *clock;
    const atomic_uint *phase; /* of enum mill_phase; only the engine writes it */
    unsigned index;           /* 0 … threads-1 */
    unsigned role;            /* index into scenario->roles */
    unsigned index_in_role;
    struct mill_history *history; /* the case's */
    struct mill_random random;    /* seeded from the case's seed and the index */
    uint64_t acquisitions;        /* counted by mill_worker_holds */
    uint64_t reacquisitions;
    uint64_t since; /* set by mill_worker_latency_since for one operation */
    struct mill_histogram *const
        *spans; /* one for each of the scenario's, while an operation is timed; NULL */
    alignas(MILL_ISOLATION) _Atomic uint64_t
        operations; /* completed; written by this thread alone, read by the engine */
};

struct mill_role {
    const char *name;
    const char *summary;
    int (*operation)(struct mill_worker *worker);
    void (*between)(
        struct mill_worker *worker); /* think time after each operation, not part of its latency; or NULL */
    /* What each of its threads does once after its last operation: hand the end on, take what is left. It may
     * wait for other threads' finish, but must not rely on another operation being called. Optional. */
    void (*finish)(struct mill_worker *worker);
    unsigned threads; /* exactly so many play it; 0: the threads left over are dealt out evenly to the roles
                         with 0 */
};

/* True once the run is over. An operation that waits for other threads asks this in its loop and returns
 * MILL_STOPPED: the other side may have left. */
static inline bool mill_stopping(const struct mill_worker *worker)
{
    /* relaxed: a flag to leave by; what the operations wrote is ordered by the join */
    return atomic_load_explicit(worker->phase, memory_order_relaxed) == MILL_PHASE_END;
}

/* Called inside a critical section, `holder` being a plain variable that the section protects: counts how
 * often the section went to the thread that had it last. A lock that rewards its last holder looks fast and
 * starves the rest. */
static inline void mill_worker_holds(struct mill_worker *worker, unsigned *holder)
{
    worker->acquisitions++;
    worker->reacquisitions += *holder == worker->index;
    *holder = worker->index;
}

#define MILL_NO_LATENCY UINT64_MAX

/* The latency of this operation counts from an earlier moment than its start: from mill_ticks_begin at which
 * an item was put that the operation got. With MILL_NO_LATENCY nothing is recorded of it. Means nothing in an
 * open loop, whose latencies count from the intended start. */
static inline void mill_worker_latency_since(struct mill_worker *worker, uint64_t ticks)
{
    worker->since = ticks;
}

/* Is this operation timed? Only then are clocks read for spans, and recorded. */
static inline bool mill_worker_is_timed(const struct mill_worker *worker)
{
    return worker->spans != NULL;
}

/* Records that span `index` of the scenario took from mill_ticks_begin `from` to mill_ticks_end `to`. Only in
 * an operation that is timed. */
void mill_worker_span(struct mill_worker *worker, unsigned index, uint64_t from, uint64_t to);

/* ---- what is recorded ----
 *
 * A scenario with a model records each call of its subject that the model knows, and what the call was told.
 * Around the call and nothing else:
 *
 *     mill_worker_called(worker, MILL_CALL_QUEUE_PUT, 0, number, 0);
 *     status = mill_queue_put(queue, item, MILL_FOREVER);
 *     mill_worker_returned(worker, status);
 *
 * What returns nothing returns 0. A call that is given up needs no return: it stays pending. Where nothing is
 * recorded each of these costs a branch that is always foretold. They order nothing between threads, and the
 * hunt does not see them: the build for it (MILL_UNDER_HUNT) leaves them to functions that are not
 * instrumented. The worker's own thread alone.
 */

bool mill_worker_records_unseen(const struct mill_worker *worker);
void mill_worker_note_call(struct mill_worker *worker, unsigned operation, int64_t object, int64_t argument,
                           int64_t second);
void mill_worker_note_return(struct mill_worker *worker, int64_t result);
void mill_worker_note_return_of(struct mill_worker *worker, int64_t object, int64_t result);

/* Is this run recorded? Then a scenario may ask its subject more than it does else, where its operations are
 * told nothing that could be wrong. */
static inline bool mill_worker_records(const struct mill_worker *worker)
{
#ifdef MILL_UNDER_HUNT
    return mill_worker_records_unseen(worker);
#else
    return worker->history != NULL;
#endif
}

/* Calls an operation of the model. `object` tells which, where there are several; 0 else. */
static inline void mill_worker_called(struct mill_worker *worker, unsigned operation, int64_t object,
                                      int64_t argument, int64_t second)
{
    if (mill_worker_records(worker)) {
        mill_worker_note_call(worker, operation, object, argument, second);
    }
}

static inline void mill_worker_returned(struct mill_worker *worker, int64_t result)
{
    if (mill_worker_records(worker)) {
        mill_worker_note_return(worker, result);
    }
}

/* The same when only the answer tells which object it was (history.h). */
static inline void mill_worker_returned_of(struct mill_worker *worker, int64_t object, int64_t result)
{
    if (mill_worker_records(worker)) {
        mill_worker_note_return_of(worker, object, result);
    }
}

/* The same in threads that are no worker's: of the scenario, of its subject, of the engine. The result is for
 * the return; where nothing is recorded both do nothing. Any thread. */
size_t mill_case_called(const struct mill_case *one, unsigned operation, int64_t object, int64_t argument,
                        int64_t second);
void mill_case_returned(const struct mill_case *one, size_t call, int64_t result);

/* ---- the scenario ---- */

struct mill_scenario {
    const char *name;    /* as on the command line: lower case, words joined by '-' */
    const char *summary; /* one line */
    const struct mill_family *family;
    const struct mill_parameter *parameters;
    unsigned parameter_count;
    const struct mill_role *roles;
    unsigned role_count;
    const struct mill_span *spans; /* at most MILL_SPANS_MAX; or NULL */
    unsigned span_count;
    unsigned min_threads; /* 0 counts as 1 */
    unsigned max_threads; /* 0: only the engine's limit */
    const struct mill_expectation *expectations;
    unsigned expectation_count;
    bool plain; /* its own accesses are plain ones under the subject's protection: Valgrind's tools can judge
                   it */
    /* Why its operations wait for other threads whatever the strategy guarantees, so that no progress is
     * asked of them; NULL: they end by themselves, or wait for a role whose `finish` or `interrupt` ends
     * that. */
    const char *waits;

    /* How many threads play a role, where that depends on parameters; read as roles[role].threads is.
     * Optional. */
    unsigned (*role_threads)(const struct mill_case *one, unsigned role);

    /* Why this combination cannot run, or NULL. Optional. The engine itself answers for MILL_ONE_THREAD,
     * `missing`, the thread limits and what a tool cannot see of the strategy (mill_tool_blind). */
    const char *(*unsupported)(const struct mill_case *one);

    /* What recorded calls are checked against (measure/model.h), or NULL: for this case there is none.
     * `copy` is room for a model with a parameter set. Asked for between setup and teardown, and no part of
     * the state: it is used behind teardown, when nobody records any more. Optional. */
    const struct mill_model *(*model)(const struct mill_case *one, struct mill_model *copy);

    /* A litmus test: how it may come out with this strategy, and how often it came out so, counted behind the
     * join. Both or neither. `count` returns 0 or what mill_outcomes_count said. */
    const struct mill_declared_outcome *(*outcomes)(const struct mill_case *one, size_t *count);
    int (*count)(const struct mill_case *one, struct mill_outcomes *outcomes);

    int (*setup)(struct mill_case *one);                                   /* 0 or a negative errno */
    void (*verify)(const struct mill_case *one, struct mill_check *check); /* optional */
    void (*interrupt)(struct mill_case *one); /* optional: wakes operations that block */
    void (*teardown)(struct mill_case *one);
};

/* Every scenario of the program; bench/ hands it to the engine, which names none. */
struct mill_scenario_list {
    const struct mill_scenario *const *scenarios;
    size_t count;
};

const struct mill_scenario *mill_scenario_find(const struct mill_scenario_list *list, const char *name);

/* The expectation for a strategy at so many threads, or NULL: it shall pass. */
const struct mill_expectation *mill_scenario_expects(const struct mill_scenario *scenario,
                                                     const struct mill_strategy *strategy, unsigned threads);

/* Is it a mistake kept on purpose, everywhere or in this scenario? Such a one never leads. */
bool mill_scenario_is_control(const struct mill_scenario *scenario, const struct mill_strategy *strategy);

/* The case's model, or NULL. */
const struct mill_model *mill_case_model(const struct mill_case *one, struct mill_model *copy);

/* The table of a case that is a litmus test, filled; *outcomes is NULL where it is none. A forbidden outcome
 * is a finding; one that nobody declared, too. Behind the join, before teardown. 0 or a negative errno. */
int mill_case_outcomes(const struct mill_case *one, struct mill_check *check,
                       struct mill_outcomes **outcomes);

/* Exactly so many threads play the role; 0: an even share of those left over. */
unsigned mill_case_role_threads(const struct mill_case *one, unsigned role);

/* Why the case cannot run in this build, or NULL. The text is constant, or was written to `buffer`. */
const char *mill_scenario_unsupported(const struct mill_case *one, char *buffer, size_t size);

/* "lost-update", "race", …; the findings of a set, joined by ", ". Returns `buffer`. */
const char *mill_findings_name(char *buffer, size_t size, unsigned findings);

#endif

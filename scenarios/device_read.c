/* Many threads read the status of one valve (rows 19 and 23 of the patterns): those that ask it for each read
 * against those that read a copy, and how old is what they read.
 *
 * More readers that never rest than processors are a measure of the system's scheduler, too: an updater's
 * thread waits for its turn among them, and under a lock for a reader that lost its processor with it. How
 * long any thread waits that sleeps as the updater does is therefore measured beside (wake p99), and `think`
 * lets the readers rest.
 *
 * All reads ask the same, so an answer to another thread's question looks like one's own. At the end a few
 * threads therefore ask for two kinds of things in turns, status and config, all at once: who gets the wrong
 * kind has had the answer of another.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/device_numbers.h"
#include "scenarios/device_rig.h"
#include "scenarios/list.h"
#include "scenarios/wake_probe.h"

enum { THINK = MILL_DEVICE_RIG_PARAMETERS };

static const struct mill_parameter parameters[] = {
    MILL_DEVICE_RIG_PARAMETER_ROWS(MILL_DEVICE_RIG_IN_PROCESS),
    [THINK] = {.name = "think",
               .summary = "how long a reader sleeps between two reads",
               .type = MILL_DURATION,
               .maximum = MILL_NS_PER_S,
               .fallback = 0},
};

/* A read of a copy costs less than a look at the clock: the ages of one in so many are noted. */
#define NOTED_OF_COPIES 64

/* Threads that look at the end, and how often. They wait for each other, so that they do it at once. */
#define LOOKERS         4u
#define LOOKS           6u
#define PATIENCE_NS     (2 * MILL_NS_PER_S)
#define NAP_NS          (50 * MILL_NS_PER_US)

struct reader {
    alignas(MILL_ISOLATION) uint64_t reads;
    uint64_t wrong;  /* answers to something else */
    uint64_t failed; /* reads that had none */
    struct mill_device_failure failure;
};

struct state {
    struct mill_device_rig rig;
    struct mill_device_numbers numbers; /* of a recorded run */
    int64_t first_number;
    struct mill_wake_probe *probe; /* beside an updater */
    uint64_t think_ns;
    uint64_t noted; /* one in so many */
    unsigned threads;
    atomic_bool answered;                        /* somebody was, once */
    alignas(MILL_ISOLATION) atomic_uint lookers; /* that have come to the end */
    struct reader readers[];
};

/* ---- the histories: device_numbers.h ---- */

static unsigned promises_of(const struct mill_case *one)
{
    return mill_sharing_ops_of(one->strategy)->promises;
}

static int open_rig(struct state *state, const struct mill_case *one)
{
    bool own = promises_of(one) & MILL_SHARING_EACH;
    bool cached = promises_of(one) & MILL_SHARING_CACHED;
    if (!one->history) {
        return mill_device_rig_open(&state->rig, one);
    }
    mill_device_numbers_init(&state->numbers, one, own ? one->threads : cached);
    int status = mill_device_rig_open_by(&state->rig, one, &state->numbers.ops);
    state->first_number = mill_device_numbers_next(&state->numbers);
    return status;
}

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    const struct state *state = one->state;
    if (one->values[MILL_DEVICE_RIG_TRANSPORT] != MILL_DEVICE_RIG_IN_PROCESS) {
        return NULL; /* its answers are not numbered */
    }
    if (promises_of(one) & MILL_SHARING_CACHED) {
        return &mill_model_cached;
    }
    *copy = mill_model_counter;
    copy->parameter = state->first_number;
    return copy;
}

static int ask(struct mill_worker *worker, struct mill_valve_status *status, struct mill_sharing_stamp *stamp)
{
    struct state *state = worker->state;
    struct reader *reader = &state->readers[worker->index];
    unsigned promises = promises_of(worker->the_case);
    bool cached = promises & MILL_SHARING_CACHED;
    mill_worker_called(worker, cached ? MILL_CALL_CACHED_READ : MILL_CALL_COUNTER_FETCH_AND_ADD,
                       promises & MILL_SHARING_EACH ? worker->index : 0, 1, 0);
    int result = mill_sharing_get_status(state->rig.sharing, worker->index, status, stamp, &reader->failure);
    if (result == 0) {
        mill_worker_returned(worker, mill_device_number(status));
    }
    return result;
}

/* ---- reading ---- */

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->readers[0]);
    if (!state) {
        return -ENOMEM;
    }
    bool copies = promises_of(one) & MILL_SHARING_CACHED;
    int status = open_rig(state, one);
    if (status == 0 && copies) {
        status = mill_wake_probe_start((uint64_t)one->values[MILL_DEVICE_RIG_REFRESH], &state->probe);
        if (status < 0) {
            mill_device_rig_close(&state->rig);
        }
    }
    if (status < 0) {
        free(state);
        return status;
    }
    state->think_ns = (uint64_t)one->values[THINK];
    state->noted = copies && state->think_ns == 0 ? NOTED_OF_COPIES : 1;
    state->threads = one->threads;
    one->state = state;
    return 0;
}

/* Goes on: what failed is told at the end. */
static void count(struct reader *reader, int result)
{
    reader->wrong += result == -EBADMSG;
    reader->failed += result < 0 && result != -EBADMSG;
}

/* An operation is a read that had an answer: one that had none is tried again. A valve that never answered
 * anybody fails the sample. */
static int read_status(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct reader *reader = &state->readers[worker->index];
    struct mill_valve_status status;
    struct mill_sharing_stamp stamp;
    int result;
    while ((result = ask(worker, &status, &stamp)) < 0) {
        count(reader, result);
        if (mill_stopping(worker)) {
            /* relaxed: each thread has its own word for what it read */
            bool answered = atomic_load_explicit(&state->answered, memory_order_relaxed);
            return answered || result == -EBADMSG ? MILL_STOPPED : result;
        }
    }
    if (reader->reads == 0) {
        atomic_store_explicit(&state->answered, true, memory_order_relaxed);
    }
    if (reader->reads++ % state->noted == 0) {
        mill_staleness_note(state->rig.staleness, worker->index, stamp.asked_ns, mill_now_ns());
    }
    return MILL_DONE;
}

static void think(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    if (state->think_ns > 0) {
        mill_sleep_until(mill_now_ns() + state->think_ns);
    }
}

/* ---- the end ---- */

static void only_look(void *context, const struct mill_valve_status *status,
                      const struct mill_valve_config *config, struct mill_valve_config *change)
{
    *(int64_t *)context = mill_device_number(status);
    (void)config;
    (void)change;
}

/* Not at a copy: where that is what was recorded, this is not. */
static void look(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct reader *reader = &state->readers[worker->index];
    bool cached = promises_of(worker->the_case) & MILL_SHARING_CACHED;
    int64_t number = 0;
    if (!cached) {
        mill_worker_called(worker, MILL_CALL_COUNTER_FETCH_AND_ADD, 0, 1, 0);
    }
    int result =
        mill_sharing_transact(state->rig.sharing, worker->index, only_look, &number, &reader->failure);
    if (!cached && result == 0) {
        mill_worker_returned(worker, number);
    }
    count(reader, result);
}

static void look_together(struct mill_worker *worker)
{
    struct state *state = worker->state;
    unsigned expected = state->threads < LOOKERS ? state->threads : LOOKERS;
    uint64_t end_ns = mill_now_ns() + PATIENCE_NS;
    if (worker->index >= LOOKERS) {
        return;
    }
    /* relaxed, both: a rendezvous that must not order what the sharing should */
    atomic_fetch_add_explicit(&state->lookers, 1, memory_order_relaxed);
    while (atomic_load_explicit(&state->lookers, memory_order_relaxed) < expected && mill_now_ns() < end_ns) {
        mill_sleep_until(mill_now_ns() + NAP_NS);
    }
    for (unsigned i = 0; i < LOOKS; i++) {
        look(worker);
    }
}

/* How late the machine wakes a thread that sleeps as the updater does, beside these readers. */
static void measure_probe(struct state *state, struct mill_check *check)
{
    struct mill_staleness_summary late;
    if (state->probe) {
        mill_wake_probe_stop(state->probe, &late);
        state->probe = NULL;
        mill_check_measured(check, "wake p99", "ns", (double)late.p99_ns);
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    uint64_t wrong = 0;
    uint64_t failed = 0;
    const struct mill_device_failure *failure = NULL;
    for (unsigned i = 0; i < one->threads; i++) {
        const struct reader *reader = &state->readers[i];
        wrong += reader->wrong;
        failed += reader->failed;
        failure = reader->failed > 0 ? &reader->failure : failure;
    }
    if (wrong > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " answers were none to the question: they were another thread's", wrong);
    }
    if (failed > 0 && mill_device_rig_always_answers(&state->rig)) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " questions to a valve that never fails had no answer: %.150s", failed,
                         failure->message);
    }
    mill_device_rig_measure_ages(&state->rig, check);
    measure_probe(state, check);
    mill_check_measured(check, "failed", "", (double)failed);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_wake_probe_stop(state->probe, NULL);
    mill_device_rig_close(&state->rig);
    free(state);
}

static const char *unsupported(const struct mill_case *one)
{
    return mill_device_rig_unsupported(one, MILL_DEVICE_RIG_READS);
}

static const struct mill_role roles[] = {
    {.name = "reader",
     .summary = "reads the valve's status",
     .operation = read_status,
     .between = think,
     .finish = look_together},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "unshared",
     .findings = MILL_CORRUPTION | MILL_RACE | MILL_WRONG_ANSWER,
     .min_threads = 2,
     .why = "the client holds one reply, and two threads read it as theirs"},
};

const struct mill_scenario mill_scenario_device_read = {
    .name = "device-read",
    .summary = "many threads read one valve's status, by asking it or from a copy; how old is it?",
    .family = &mill_sharing_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = unsupported,
    .model = model,
    .setup = setup,
    .verify = verify,
    .interrupt = mill_device_rig_interrupt,
    .teardown = teardown,
};

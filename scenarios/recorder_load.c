/* A recorder of the stream under load (row 21 of the patterns), over each lock: all threads record, start and
 * stop, count and read at once. No sample may be torn, none out of order, and the counts must add up to what
 * was offered.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "device/recorder.h"
#include "scenarios/list.h"

enum { CAPACITY, POLICY };

static const char *const policies[] = {
    [MILL_RECORDER_DROP_OLDEST] = "drop-oldest", [MILL_RECORDER_REFUSE] = "refuse", NULL};

static const struct mill_parameter parameters[] = {
    [CAPACITY] = {.name = "capacity",
                  .summary = "samples that the recorder holds",
                  .type = MILL_INTEGER,
                  .minimum = 1,
                  .maximum = 1 << 20,
                  .fallback = 256},
    [POLICY] = {.name = "policy",
                .summary = "what happens when it is full",
                .type = MILL_CHOICE,
                .choices = policies,
                .fallback = MILL_RECORDER_DROP_OLDEST},
};

/* Of so many operations one starts, one stops, one counts and one reads; the others record. */
#define KINDS       16u
#define PAGE        16u
#define PRODUCERS   64u /* whose order is looked at */
#define NUMBER_BITS 48u /* of a sample's number are its count, those above its producer */

struct thread {
    alignas(MILL_ISOLATION) uint64_t offered;
    uint64_t read; /* samples */
    uint64_t torn;
    uint64_t disorder;
    uint64_t sums_wrong;
};

struct state {
    struct mill_recorder *recorder;
    uint64_t capacity;
    unsigned count;
    struct thread threads[];
};

/* ---- samples: every member follows from the number ---- */

static struct mill_stream_sample sample_of(uint64_t number)
{
    return (struct mill_stream_sample){
        .number = number,
        .arrived_ns = ~number,
        .lag_ns = number * 3,
        .line = {.timestamp_ms = number * 5, .seq = number * 7, .err = (int64_t)(number ^ UINT32_MAX)},
    };
}

static bool is_whole(const struct mill_stream_sample *sample)
{
    struct mill_stream_sample wanted = sample_of(sample->number);
    return sample->arrived_ns == wanted.arrived_ns && sample->lag_ns == wanted.lag_ns &&
           sample->line.timestamp_ms == wanted.line.timestamp_ms && sample->line.seq == wanted.line.seq &&
           sample->line.err == wanted.line.err;
}

/* ---- operations ---- */

static void record(struct state *state, struct mill_worker *worker)
{
    struct thread *me = &state->threads[worker->index];
    struct mill_stream_sample sample = sample_of((uint64_t)worker->index << NUMBER_BITS | ++me->offered);
    mill_recorder_take(state->recorder, &sample);
}

static void count(struct state *state, struct thread *me)
{
    struct mill_recorder_metrics metrics;
    mill_recorder_read(state->recorder, &metrics);
    me->sums_wrong += metrics.taken != metrics.held + metrics.dropped || metrics.held > state->capacity ||
                      metrics.offered != metrics.all_taken + metrics.all_refused + metrics.ignored;
}

/* A page from somewhere in the recording. */
static int read_page(struct state *state, struct mill_worker *worker)
{
    struct thread *me = &state->threads[worker->index];
    struct mill_stream_sample page[PAGE];
    uint64_t last[PRODUCERS] = {0};
    uint64_t from = mill_random_below(&worker->random, state->capacity);
    size_t got;
    int status = mill_recorder_copy(state->recorder, 0, &from, page, PAGE, &got);
    for (size_t i = 0; i < got; i++) {
        uint64_t producer = page[i].number >> NUMBER_BITS;
        me->torn += !is_whole(&page[i]);
        if (producer < PRODUCERS) {
            me->disorder += page[i].number <= last[producer];
            last[producer] = page[i].number;
        }
    }
    me->read += got;
    return status;
}

/* Somebody else may have been there before. */
static int unless_done(int status)
{
    return status == -EALREADY ? 0 : status;
}

static int play(struct mill_worker *worker)
{
    struct state *state = worker->state;
    switch (mill_random_below(&worker->random, KINDS)) {
    case 0:
        return unless_done(mill_recorder_start(state->recorder));
    case 1:
        return unless_done(mill_recorder_stop(state->recorder));
    case 2:
        count(state, &state->threads[worker->index]);
        return MILL_DONE;
    case 3:
        return read_page(state, worker);
    default:
        record(state, worker);
        return MILL_DONE;
    }
}

/* ---- the case ---- */

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->threads[0]);
    if (!state) {
        return -ENOMEM;
    }
    const struct mill_recorder_plan plan = {
        .capacity = (size_t)one->values[CAPACITY],
        .policy = (enum mill_recorder_policy)one->values[POLICY],
        .lock = mill_lock_ops_of(one->strategy),
    };
    state->capacity = plan.capacity;
    state->count = one->threads;
    int status = mill_recorder_create(&plan, &state->recorder);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    struct thread sum = {0};
    struct mill_recorder_metrics metrics;
    for (unsigned i = 0; i < state->count; i++) {
        sum.offered += state->threads[i].offered;
        sum.read += state->threads[i].read;
        sum.torn += state->threads[i].torn;
        sum.disorder += state->threads[i].disorder;
        sum.sums_wrong += state->threads[i].sums_wrong;
    }
    mill_recorder_read(state->recorder, &metrics);
    if (sum.torn > 0 || sum.disorder > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "of %" PRIu64 " samples read, %" PRIu64 " were torn and %" PRIu64
                         " stood after a later one of the same thread",
                         sum.read, sum.torn, sum.disorder);
    }
    if (sum.sums_wrong > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " times the counts did not add up",
                         sum.sums_wrong);
    }
    if (metrics.offered != sum.offered ||
        metrics.offered != metrics.all_taken + metrics.all_refused + metrics.ignored) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " samples were offered; the recorder knows of %" PRIu64 ": %" PRIu64
                         " taken, %" PRIu64 " refused, %" PRIu64 " ignored",
                         sum.offered, metrics.offered, metrics.all_taken, metrics.all_refused,
                         metrics.ignored);
    }
    mill_check_measured(check, "recordings", "", (double)metrics.recording_number);
    mill_check_measured(check, "samples read", "", (double)sum.read);
    if (sum.offered > 0) {
        mill_check_measured(check, "taken", "%", 100.0 * (double)metrics.all_taken / (double)sum.offered);
    }
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_recorder_destroy(state->recorder);
    free(state);
}

static const char *unsupported(const struct mill_case *one)
{
    return one->strategy->traits & MILL_CONTROL ? "a broken lock is looked for in critical-section" : NULL;
}

static const struct mill_role roles[] = {
    {.name = "user", .summary = "records, starts, stops, counts and reads", .operation = play},
};

const struct mill_scenario mill_scenario_recorder_load = {
    .name = "recorder-load",
    .summary = "a recorder is written to, started, stopped, counted and read by all threads at once",
    .family = &mill_lock_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};

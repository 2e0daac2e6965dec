/* A collector takes samples at an interval while all processors are kept busy (row 2 of the patterns): how
 * late are they, and is each one in its own period?
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/list.h"
#include "task/collector.h"

enum { INTERVAL, COLLECT, WORK, BUFFER };

static const struct mill_parameter parameters[] = {
    [INTERVAL] = {.name = "interval",
                  .summary = "time from one sample's deadline to the next",
                  .type = MILL_DURATION,
                  .minimum = 10000,
                  .maximum = 1000000000,
                  .fallback = 500000},
    [COLLECT] = {.name = "collect",
                 .summary = "time that taking a sample costs",
                 .type = MILL_DURATION,
                 .minimum = 0,
                 .maximum = 1000000000,
                 .fallback = 10000},
    [WORK] = {.name = "work",
              .summary = "time that a burner computes between two looks at the latest sample",
              .type = MILL_DURATION,
              .minimum = 0,
              .maximum = 1000000000,
              .fallback = 2000},
    [BUFFER] = {.name = "buffer",
                .summary = "samples that the collector keeps",
                .type = MILL_INTEGER,
                .minimum = 1,
                .maximum = 65536,
                .fallback = 16},
};

/* How late the newest so many samples were; the check sorts them. */
#define LATENESS_KEPT 65536
#define SAMPLE_WORDS  8

/* Many words of one value, so that a torn copy shows. */
struct sample {
    uint64_t word[SAMPLE_WORDS];
};

struct state {
    struct mill_collector *collector;
    const struct mill_clock *clock;
    uint64_t interval_ns;
    uint64_t collect_ns;
    uint64_t work_ns;
    /* written by the collector's thread, read once it has stopped */
    alignas(MILL_ISOLATION) uint64_t calls;
    uint64_t next_period;           /* the least that the next sample may have */
    uint64_t skipped;               /* periods between samples */
    uint64_t backwards;             /* samples of a period that had one */
    uint64_t early;                 /* samples before their deadline */
    uint64_t outside;               /* samples after their period */
    struct mill_collected furthest; /* of these, the latest */
    uint64_t furthest_ns;
    uint64_t late_ns[LATENESS_KEPT];
    /* by the burners */
    alignas(MILL_ISOLATION) atomic_uint torn; /* copies that were not of one sample */
};

static void note(struct state *state, const struct mill_collected *about)
{
    uint64_t late = about->taken_ns - about->due_ns;
    if (about->taken_ns < about->due_ns) {
        state->early++;
        late = 0;
    } else if (late >= state->interval_ns) {
        state->outside++;
        if (late > state->furthest_ns) {
            state->furthest_ns = late;
            state->furthest = *about;
        }
    }
    if (about->period < state->next_period) {
        state->backwards++;
    } else {
        state->skipped += about->period - state->next_period;
        state->next_period = about->period + 1;
    }
    state->late_ns[state->calls % LATENESS_KEPT] = late;
    state->calls++;
}

static int collect(void *sample, const struct mill_collected *about, void *argument)
{
    struct state *state = argument;
    struct sample *into = sample;
    note(state, about);
    for (unsigned i = 0; i < SAMPLE_WORDS; i++) {
        into->word[i] = about->sequence;
    }
    mill_spend(state->clock, state->collect_ns);
    return 0;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    state->clock = one->clock;
    state->interval_ns = (uint64_t)one->values[INTERVAL];
    state->collect_ns = (uint64_t)one->values[COLLECT];
    state->work_ns = (uint64_t)one->values[WORK];
    const struct mill_collector_settings settings = {
        .name = "collector",
        .pace = mill_pace_ops_of(one->strategy),
        .interval_ns = one->values[INTERVAL],
        .capacity = (size_t)one->values[BUFFER],
        .sample_size = sizeof(struct sample),
        .collect = collect,
        .argument = state,
    };
    int status = mill_collector_create(&settings, &state->collector);
    if (status == 0) {
        status = mill_collector_start(state->collector);
    }
    if (status < 0) {
        mill_collector_destroy(state->collector);
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static bool is_whole(const struct sample *sample, uint64_t sequence)
{
    for (unsigned i = 0; i < SAMPLE_WORDS; i++) {
        if (sample->word[i] != sequence) {
            return false;
        }
    }
    return true;
}

static int burn(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct sample sample;
    struct mill_collected about;
    mill_spend(worker->clock, state->work_ns);
    if (mill_collector_latest(state->collector, &sample, &about) == 0 && !is_whole(&sample, about.sequence)) {
        atomic_fetch_add_explicit(&state->torn, 1, memory_order_relaxed); /* a witness */
    }
    return MILL_DONE;
}

/* ---- the check ---- */

/* What the thread saw of its periods, against what the collector says of them. */
static void check_periods(const struct state *state, const struct mill_collector_metrics *metrics,
                          struct mill_check *check)
{
    if (state->outside > 0) {
        mill_check_found(
            check, MILL_LATENCY_BOUND,
            "drift: %" PRIu64 " of %" PRIu64 " samples after their period, the one of period %" PRIu64
            " %" PRIu64 " us behind its deadline; %" PRIu64 " periods reported missed",
            state->outside, state->calls, state->furthest.period, state->furthest_ns / 1000, metrics->missed);
    }
    if (state->early > 0 || state->backwards > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " samples before their deadline, %" PRIu64 " in a period that had one",
                         state->early, state->backwards);
    }
    if (state->skipped != metrics->missed || state->calls != metrics->taken + metrics->failed) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " calls and %" PRIu64 " periods without one; reported: %" PRIu64
                         " taken, %" PRIu64 " missed",
                         state->calls, state->skipped, metrics->taken, metrics->missed);
    }
}

/* The buffer holds the newest samples, in order and whole, up to the latest. */
static void check_buffer(struct state *state, const struct mill_collector_metrics *metrics,
                         struct mill_check *check)
{
    struct sample sample;
    struct mill_collected about = {0};
    size_t count = 1;
    uint64_t expected = metrics->dropped;
    while (mill_collector_drain(state->collector, &sample, &about, 1, &count) == 0 && count == 1) {
        expected++;
        if (about.sequence != expected || !is_whole(&sample, expected)) {
            mill_check_found(check, MILL_CORRUPTION,
                             "sample %" PRIu64 " stands in the buffer where %" PRIu64 " should",
                             about.sequence, expected);
            return;
        }
    }
    int status = mill_collector_latest(state->collector, &sample, &about);
    if (expected != metrics->taken || (status == 0 && about.sequence != expected)) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " samples taken, but %" PRIu64 " dropped or buffered", metrics->taken,
                         expected);
    }
    unsigned torn = atomic_load_explicit(&state->torn, memory_order_relaxed);
    if (torn > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%u copies of the latest sample were torn", torn);
    }
}

static int compare(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* How late all but one in `beyond` samples were at most. */
static double late_but_for(const struct state *state, size_t count, size_t beyond)
{
    size_t place = count - 1 - count / beyond;
    return (double)state->late_ns[place];
}

static void measure(struct state *state, const struct mill_collector_metrics *metrics,
                    struct mill_check *check)
{
    size_t count = state->calls < LATENESS_KEPT ? (size_t)state->calls : LATENESS_KEPT;
    qsort(state->late_ns, count, sizeof state->late_ns[0], compare);
    if (count > 0) {
        mill_check_measured(check, "late p50", "ns", late_but_for(state, count, 2));
        mill_check_measured(check, "late p99", "ns", late_but_for(state, count, 100));
        mill_check_measured(check, "late max", "ns", late_but_for(state, count, SIZE_MAX));
    }
    mill_check_measured(check, "samples", "", (double)metrics->taken);
    mill_check_measured(check, "missed", "", (double)metrics->missed);
    mill_check_measured(check, "dropped", "", (double)metrics->dropped);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    if (mill_collector_stop(state->collector, 10 * MILL_NS_PER_S) < 0) {
        mill_check_found(check, MILL_DEADLOCK, "the collector does not stop");
        return;
    }
    struct mill_collector_metrics metrics;
    mill_collector_read(state->collector, &metrics);
    check_periods(state, &metrics, check);
    check_buffer(state, &metrics, check);
    measure(state, &metrics, check);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_collector_stop(state->collector, MILL_FOREVER);
    mill_collector_destroy(state->collector);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "burner", .summary = "computes, and looks at the latest sample", .operation = burn},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "sleep-interval",
     .findings = MILL_LATENCY_BOUND,
     .min_threads = 1,
     .why = "what collecting and waking cost is added to every interval, so the samples drift out of their "
            "periods, and nothing reports it"},
};

const struct mill_scenario mill_scenario_collector_jitter = {
    .name = "collector-jitter",
    .summary = "a collector takes a sample at every interval while the processors are busy",
    .family = &mill_pace_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};

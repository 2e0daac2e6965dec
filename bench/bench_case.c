#include "bench_case.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cpu.h"
#include "harness/parameter.h"
#include "harness/worker.h"
#include "scenarios/list.h"

enum {
    latency_operations = 20000, /* a thread, at the most: enough for p99.9 */
};

const struct mill_bench_percentile mill_bench_percentiles[] = {
    {"p50_ns", 50}, {"p90_ns", 90}, {"p99_ns", 99}, {"p99.9_ns", 99.9}, {"max_ns", 100},
};
const size_t mill_bench_percentile_count = sizeof mill_bench_percentiles / sizeof mill_bench_percentiles[0];

struct mill_bench_case {
    struct mill_clock clock;
    struct mill_case one;
    int64_t values[MILL_PARAMETERS_MAX];
    struct mill_check check;
    struct mill_worker *workers; /* one a thread */
    struct mill_recording *recordings;
    int *place;
    struct mill_histogram *latency; /* of all threads, once the last has finished */
    atomic_uint phase;              /* never changes: the number of operations ends the loops */
    atomic_uint finished;           /* threads whose latency pass is over */
};

/* Here only the number of operations ends a run. */
static const char *unsupported(const struct mill_case *one, char *buffer, size_t size)
{
    const struct mill_expectation *expected =
        mill_scenario_expects(one->scenario, one->strategy, one->threads);
    bool waits_for_ever = expected && (expected->findings & (MILL_DEADLOCK | MILL_LOST_WAKEUP));
    return waits_for_ever ? "a control that waits for ever, which threadmill run ends"
                          : mill_scenario_unsupported(one, buffer, size);
}

int mill_bench_each(void (*visit)(const struct mill_bench_id *id, const char *unsupported, void *context),
                    void *context)
{
    struct mill_cpus *cpus;
    int status = mill_cpus_open(&cpus, NULL);
    if (status < 0) {
        return status;
    }
    size_t most = 2 * mill_cpus_count(cpus);
    mill_cpus_close(cpus);
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_scenario *scenario = mill_scenarios.scenarios[i];
        for (size_t s = 0; s < scenario->family->count; s++) {
            for (unsigned threads = 1; threads <= most; threads *= 2) {
                const struct mill_strategy *strategy = scenario->family->strategies[s];
                int64_t values[MILL_PARAMETERS_MAX];
                mill_parameters_default(scenario, values);
                struct mill_case one = {
                    .scenario = scenario, .strategy = strategy, .values = values, .threads = threads};
                struct mill_bench_id id = {scenario->name, strategy->name, threads};
                char reason[96];
                visit(&id, unsupported(&one, reason, sizeof reason), context);
            }
        }
    }
    return 0;
}

static int place_threads(struct mill_bench_case *bench)
{
    struct mill_cpus *cpus;
    int status = mill_cpus_open(&cpus, NULL);
    if (status == 0) {
        mill_cpus_place(cpus, MILL_PIN_SPREAD, bench->one.threads, bench->place);
        mill_cpus_close(cpus);
    }
    return status;
}

static int prepare(struct mill_bench_case *bench)
{
    unsigned threads = bench->one.threads;
    bench->workers = mill_isolated_alloc(threads * sizeof *bench->workers);
    bench->recordings = calloc(threads, sizeof *bench->recordings);
    bench->place = calloc(threads, sizeof *bench->place);
    if (!bench->workers || !bench->recordings || !bench->place) {
        return -ENOMEM;
    }
    int status = mill_histogram_create(&bench->latency);
    for (unsigned i = 0; status == 0 && i < threads; i++) {
        bench->recordings[i].every = 1;
        status = mill_recording_create(&bench->recordings[i], bench->one.scenario);
    }
    if (status == 0) {
        status = place_threads(bench);
    }
    if (status == 0) {
        status = bench->one.scenario->setup(&bench->one);
    }
    for (unsigned i = 0; status == 0 && i < threads; i++) {
        mill_worker_init(&bench->workers[i], &bench->one, i, &bench->phase);
    }
    return status;
}

static void release(struct mill_bench_case *bench)
{
    for (unsigned i = 0; bench->recordings && i < bench->one.threads; i++) {
        mill_recording_destroy(&bench->recordings[i]);
    }
    mill_histogram_destroy(bench->latency);
    free(bench->workers);
    free(bench->recordings);
    free(bench->place);
    free(bench);
}

struct mill_bench_case *mill_bench_case_create(const struct mill_bench_id *id)
{
    struct mill_bench_case *bench = mill_isolated_alloc(sizeof *bench);
    if (!bench) {
        return NULL;
    }
    const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, id->scenario);
    mill_clock_open(&bench->clock);
    mill_parameters_default(scenario, bench->values);
    atomic_init(&bench->phase, MILL_PHASE_MEASURE);
    atomic_init(&bench->finished, 0);
    bench->one = (struct mill_case){
        .scenario = scenario,
        .strategy = mill_family_find(scenario->family, id->strategy),
        .values = bench->values,
        .clock = &bench->clock,
        .threads = id->threads,
        .seed = 1,
    };
    if (prepare(bench) < 0) {
        release(bench);
        return NULL;
    }
    return bench;
}

bool mill_bench_case_run(struct mill_bench_case *bench, unsigned index, uint64_t operations)
{
    mill_cpu_pin_self(bench->place[index]);
    return mill_worker_run(&bench->workers[index], MILL_PHASE_END, operations) == 0;
}

bool mill_bench_case_latency(struct mill_bench_case *bench, unsigned index, uint64_t operations)
{
    /* A lock that collapses under so many threads would take minutes for the full number. */
    uint64_t limit = operations < latency_operations ? operations : latency_operations;
    mill_worker_run_timed(&bench->workers[index], MILL_PHASE_END, limit, &bench->recordings[index]);
    mill_worker_finish(&bench->workers[index]);
    /* release: this thread's histogram; acquire: those of all that finished before the last one merges them
     */
    if (atomic_fetch_add_explicit(&bench->finished, 1, memory_order_acq_rel) + 1 < bench->one.threads) {
        return false;
    }
    for (unsigned i = 0; i < bench->one.threads; i++) {
        (void)mill_histogram_add(bench->latency, bench->recordings[i].latency);
        bench->one.operations += atomic_load_explicit(&bench->workers[i].operations, memory_order_relaxed);
    }
    return true;
}

double mill_bench_case_percentile(const struct mill_bench_case *bench, size_t i)
{
    return (double)mill_histogram_percentile(bench->latency, mill_bench_percentiles[i].percent);
}

const char *mill_bench_case_verify(struct mill_bench_case *bench, bool *expected)
{
    const struct mill_case *one = &bench->one;
    *expected = mill_scenario_expects(one->scenario, one->strategy, one->threads) != NULL;
    if (one->scenario->verify && !(one->strategy->traits & MILL_EMPTY)) {
        one->scenario->verify(one, &bench->check);
    }
    return bench->check.findings ? bench->check.message : NULL;
}

void mill_bench_case_destroy(struct mill_bench_case *bench)
{
    bench->one.scenario->teardown(&bench->one);
    release(bench);
}

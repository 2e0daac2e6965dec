#include "costs.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "sync/counter.h"

enum {
    costs_max = 16,
};

static void clock_loop(struct mill_cost_bench *bench, uint64_t operations)
{
    for (uint64_t i = 0; i < operations; i++) {
        uint64_t from = mill_ticks_begin(&bench->clock);
        uint64_t took = mill_ticks_end(&bench->clock) - from;
        __asm__ volatile("" : : "r"(took)); /* the difference is wanted, though nobody reads it */
    }
}

static void record_loop(struct mill_cost_bench *bench, uint64_t operations)
{
    for (uint64_t i = 0; i < operations; i++) {
        mill_histogram_record(bench->histogram, bench->values[i % MILL_COST_VALUES]);
    }
}

/* The loop one would write by hand over the same table call. */
static void table_call_loop(struct mill_cost_bench *bench, uint64_t operations)
{
    const struct mill_counter_ops *ops = mill_counter_ops_of(bench->one.strategy);
    struct mill_counter *counter;
    if (ops->create(ops, 1, &counter) < 0) {
        return;
    }
    for (uint64_t i = 0; i < operations; i++) {
        ops->add(counter, 0, 1);
    }
    ops->destroy(counter);
}

static void engine_loop(struct mill_cost_bench *bench, uint64_t operations)
{
    mill_worker_run(&bench->worker, MILL_PHASE_END, operations);
}

static void engine_timed_loop(struct mill_cost_bench *bench, uint64_t operations)
{
    struct mill_recording recording = {.latency = bench->histogram, .every = 1};
    mill_worker_run_timed(&bench->worker, MILL_PHASE_END, operations, &recording);
}

const struct mill_cost mill_own_costs[MILL_COST_OWN_COUNT] = {
    [MILL_COST_CLOCK] = {"clock", "two readings of the clock, as around a timed operation", clock_loop, NULL},
    [MILL_COST_RECORD] = {"record", "recording one latency", record_loop, NULL},
    [MILL_COST_TABLE_CALL] = {"table call", "an empty strategy, called by a hand-written loop",
                              table_call_loop, NULL},
    [MILL_COST_LOOP] = {"engine loop", "the same call by the engine's loop, no clock in it", engine_loop,
                        NULL},
    [MILL_COST_TIMED_LOOP] = {"timed loop", "the same call, timed and recorded", engine_timed_loop, NULL},
};

/* A log-normal value by the sum of uniform ones (Irwin and Hall); e^7 is about a microsecond. */
static uint64_t draw_latency(struct mill_random *random)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        sum += (double)(mill_random_next(random) >> 11) * 0x1p-53;
    }
    return (uint64_t)exp(7 + sum);
}

int mill_cost_bench_create(struct mill_cost_bench **bench, uint64_t seed)
{
    struct mill_random random;
    struct mill_cost_bench *made = mill_isolated_alloc(sizeof *made);
    *bench = NULL;
    if (!made) {
        return -ENOMEM;
    }
    mill_random_seed(&random, seed, 0);
    for (size_t i = 0; i < MILL_COST_VALUES; i++) {
        made->values[i] = draw_latency(&random);
    }
    mill_clock_open(&made->clock);
    atomic_init(&made->phase, MILL_PHASE_MEASURE);
    made->one = (struct mill_case){.scenario = mill_scenario_find(&mill_scenarios, "counter"), .threads = 1};
    made->one.strategy = mill_family_find(made->one.scenario->family, "none");
    made->one.clock = &made->clock;
    static const int64_t no_values[MILL_PARAMETERS_MAX];
    made->one.values = no_values;
    int status = mill_histogram_create(&made->histogram);
    if (status == 0) {
        status = made->one.scenario->setup(&made->one);
    }
    if (status < 0) {
        mill_histogram_destroy(made->histogram);
        free(made);
        return status;
    }
    mill_worker_init(&made->worker, &made->one, 0, &made->phase);
    *bench = made;
    return 0;
}

void mill_cost_bench_destroy(struct mill_cost_bench *bench)
{
    if (bench) {
        bench->one.scenario->teardown(&bench->one);
        mill_histogram_destroy(bench->histogram);
        free(bench);
    }
}

static void *idle(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

static void measure_round(struct mill_cost_bench *bench, struct mill_cost *costs, const size_t *order,
                          size_t count, size_t round, uint64_t operations)
{
    for (size_t i = 0; i < count; i++) {
        struct mill_cost *cost = &costs[order[i]];
        cost->loop(bench, operations / 16); /* caches and predictors */
        uint64_t from = mill_now_ns();
        cost->loop(bench, operations);
        cost->ns[round] = (double)(mill_now_ns() - from) / (double)operations;
    }
}

int mill_costs_measure(struct mill_cost_bench *bench, struct mill_cost *costs, size_t count, size_t rounds,
                       uint64_t operations, uint64_t seed)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t idler;
    size_t order[costs_max];
    struct mill_random random;
    if (count > costs_max) {
        return -EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    pthread_mutex_lock(&gate);
    int status = pthread_create(&idler, NULL, idle, &gate);
    if (status != 0) {
        pthread_mutex_unlock(&gate);
        return -status;
    }
    mill_random_seed(&random, seed, 1);
    for (size_t round = 0; round < rounds; round++) {
        mill_random_shuffle(&random, order, count);
        measure_round(bench, costs, order, count, round, operations);
    }
    pthread_mutex_unlock(&gate);
    pthread_join(idler, NULL);
    return 0;
}

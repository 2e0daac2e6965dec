/* What the harness itself costs: short loops, timed in interleaved rounds.
 *
 * Each cost is one loop of `operations` turns; every round runs all of them once, in a random order, so that
 * costs can be compared pair by pair (measure/paired.h). One thread at a time; a second, idle thread exists
 * meanwhile, since glibc leaves out atomic instructions in a process with one.
 */
#ifndef MILL_BENCH_COSTS_H
#define MILL_BENCH_COSTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "harness/parameter.h"
#include "harness/worker.h"
#include "measure/histogram.h"

enum {
    MILL_COST_VALUES = 4096, /* recorded values: drawn before, so that no random number is drawn in a loop */
};

/* What the loops work on. */
struct mill_cost_bench {
    struct mill_clock clock;
    struct mill_histogram *histogram;
    uint64_t values[MILL_COST_VALUES]; /* log-normal around a microsecond, as latencies are */
    struct mill_case one;              /* the counter scenario with its empty strategy */
    struct mill_worker worker;
    atomic_uint phase;
    void *peer; /* of a cost that is not ours */
};

struct mill_cost {
    const char *name;
    const char *what;
    void (*loop)(struct mill_cost_bench *bench, uint64_t operations);
    double *ns; /* a turn, one value a round */
};

/* Our own costs, in the order of enum mill_own_cost. */
enum mill_own_cost {
    MILL_COST_CLOCK,
    MILL_COST_RECORD,
    MILL_COST_TABLE_CALL,
    MILL_COST_LOOP,
    MILL_COST_TIMED_LOOP,
    MILL_COST_OWN_COUNT,
};
extern const struct mill_cost mill_own_costs[MILL_COST_OWN_COUNT];

/* 0 or -ENOMEM. */
int mill_cost_bench_create(struct mill_cost_bench **bench, uint64_t seed);
void mill_cost_bench_destroy(struct mill_cost_bench *bench);

/* Fills costs[].ns[0..rounds) (which the caller allocated). 0 or a negative errno when no second thread could
 * be started. */
int mill_costs_measure(struct mill_cost_bench *bench, struct mill_cost *costs, size_t count, size_t rounds,
                       uint64_t operations, uint64_t seed);

#endif

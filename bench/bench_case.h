/* One scenario × strategy × thread count, driven by threads that somebody else owns: what the Google
 * Benchmark suite needs of the engine, in terms that C++ can include.
 *
 *     mill_bench_each(visit, context);                       which there are
 *     case = mill_bench_case_create(id);                     one thread, before
 *     mill_bench_case_run(case, index, operations);          each thread, timed by the caller
 *     last = mill_bench_case_latency(case, index, operations);
 *                                                            each thread, afterwards; true for the last
 *     mill_bench_case_percentile(case, i);                   that thread
 *     mill_bench_case_destroy(case);                         that thread
 */
#ifndef MILL_BENCH_BENCH_CASE_H
#define MILL_BENCH_BENCH_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mill_bench_id {
    const char *scenario;
    const char *strategy;
    unsigned threads;
};

struct mill_bench_case;

struct mill_bench_percentile {
    const char *name; /* "p50_ns" … */
    double percent;
};
extern const struct mill_bench_percentile mill_bench_percentiles[];
extern const size_t mill_bench_percentile_count;

/* Visits every scenario × strategy × 1, 2, 4 … up to twice the processors. `unsupported` says why one cannot
 * run, or is NULL. 0 or a negative errno. */
int mill_bench_each(void (*visit)(const struct mill_bench_id *id, const char *unsupported, void *context),
                    void *context);

/* Sets the scenario up with its default parameters. NULL when that failed. */
struct mill_bench_case *mill_bench_case_create(const struct mill_bench_id *id);

/* Runs `operations` operations as thread `index`, which is pinned first. False when one failed. */
bool mill_bench_case_run(struct mill_bench_case *bench, unsigned index, uint64_t operations);

/* Runs up to `operations` timed operations, and no more than some ten thousand, as thread `index`. True for
 * the thread that finished last: the percentiles are then ready, and the case is its to destroy. */
bool mill_bench_case_latency(struct mill_bench_case *bench, unsigned index, uint64_t operations);

/* In nanoseconds, over all threads. */
double mill_bench_case_percentile(const struct mill_bench_case *bench, size_t i);

/* What the scenario's check says of all operations that were run: NULL when all is well, or words that are
 * valid until the case is destroyed. *expected says whether the strategy is a control that should be found.
 */
const char *mill_bench_case_verify(struct mill_bench_case *bench, bool *expected);

void mill_bench_case_destroy(struct mill_bench_case *bench);

#ifdef __cplusplus
}
#endif

#endif

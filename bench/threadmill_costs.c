/* threadmill-costs: the harness's own costs beside their peers, as ratios side by side in one run.
 *
 *   recording one latency     against HdrHistogram_c's hdr_record_value on the same values
 *   the engine's loop         against a hand-written loop over the same table call
 *   put and get of the        against the two pairs of lock and unlock that it cannot do without
 *   mutex ring, alone
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "costs.h"
#include "measure/paired.h"
#include "queue/queue.h"

#if MILL_HAVE_HDR_PEER
#include <hdr_histogram.h>
#endif

enum {
    rounds = 41,
    operations = 1 << 20,
    lock_pairs = MILL_COST_OWN_COUNT,
    put_and_get,
    peer_record, /* last, since it may be missing */
    cost_count,
};

/* As a queue between threads has it: each pair by itself, with a turn of something else between. */
static void lock_pairs_loop(struct mill_cost_bench *bench, uint64_t turns)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    (void)bench;
    for (uint64_t i = 0; i < turns; i++) {
        pthread_mutex_lock(&mutex);
        mill_compiler_barrier();
        pthread_mutex_unlock(&mutex);
        pthread_mutex_lock(&mutex);
        mill_compiler_barrier();
        pthread_mutex_unlock(&mutex);
    }
}

static void put_and_get_loop(struct mill_cost_bench *bench, uint64_t turns)
{
    struct mill_queue *queue;
    void *item = bench;
    if (mill_queue_create(mill_queue_ops_find("mutex-ring"), 64, &queue) < 0) {
        return;
    }
    for (uint64_t i = 0; i < turns; i++) {
        mill_queue_put(queue, item, MILL_FOREVER);
        mill_queue_get(queue, &item, MILL_FOREVER);
    }
    mill_queue_destroy(queue);
}

#if MILL_HAVE_HDR_PEER
static void peer_record_loop(struct mill_cost_bench *bench, uint64_t turns)
{
    struct hdr_histogram *histogram = bench->peer;
    for (uint64_t i = 0; i < turns; i++) {
        hdr_record_value(histogram, (int64_t)bench->values[i % MILL_COST_VALUES]);
    }
}

static bool open_peer(struct mill_cost_bench *bench, struct mill_cost *cost)
{
    struct hdr_histogram *histogram = NULL;
    *cost = (struct mill_cost){"hdr record", "hdr_record_value of HdrHistogram_c", peer_record_loop, NULL};
    if (hdr_init(1, (int64_t)MILL_HISTOGRAM_HIGHEST, MILL_HISTOGRAM_DIGITS, &histogram) != 0) {
        return false;
    }
    bench->peer = histogram;
    return true;
}
#else
static bool open_peer(struct mill_cost_bench *bench, struct mill_cost *cost)
{
    (void)bench;
    (void)cost;
    return false;
}
#endif

static void print_cost(const struct mill_cost *cost)
{
    struct mill_paired interval;
    if (mill_median_interval(cost->ns, rounds, 0.95, &interval) == 0) {
        printf("%-12s %8.2f ns  (%.2f to %.2f)  %s\n", cost->name, interval.ratio, interval.low,
               interval.high, cost->what);
    }
}

static void print_ratio(const char *what, const struct mill_cost *ours, const struct mill_cost *theirs)
{
    struct mill_paired ratio;
    if (mill_paired_compare(ours->ns, theirs->ns, rounds, 0.95, &ratio) == 0) {
        printf("%s: %.2f of the peer's time (95%% interval %.2f to %.2f, %d rounds)\n", what, ratio.ratio,
               ratio.low, ratio.high, rounds);
    }
}

/* The engine's loop minus the hand-written one, round by round. */
static int print_difference(const struct mill_cost *ours, const struct mill_cost *base)
{
    double difference[rounds];
    struct mill_paired interval;
    for (size_t i = 0; i < rounds; i++) {
        difference[i] = ours->ns[i] - base->ns[i];
    }
    int status = mill_median_interval(difference, rounds, 0.95, &interval);
    if (status == 0) {
        printf("the engine's loop: %+.2f ns an operation over a hand-written one (95%% interval %+.2f to "
               "%+.2f, %d "
               "rounds)\n",
               interval.ratio, interval.low, interval.high, rounds);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct mill_cost costs[cost_count];
    struct mill_cost_bench *bench;
    static double ns[cost_count][rounds];
    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
        fprintf(help ? stdout : stderr,
                "usage: threadmill-costs\n\nMeasures what the harness itself costs, beside its "
                "peers, in %d interleaved rounds (some seconds).\n",
                rounds);
        return help ? 0 : 2;
    }
    if (mill_cost_bench_create(&bench, 1) < 0) {
        fprintf(stderr, "threadmill-costs: no memory\n");
        return 3;
    }
    memcpy(costs, mill_own_costs, sizeof mill_own_costs);
    costs[lock_pairs] =
        (struct mill_cost){"lock pairs", "pthread mutex: lock and unlock, twice", lock_pairs_loop, NULL};
    costs[put_and_get] =
        (struct mill_cost){"put and get", "of the queue mutex-ring, by one thread", put_and_get_loop, NULL};
    bool peer = open_peer(bench, &costs[peer_record]);
    size_t count = peer ? cost_count : peer_record;
    for (size_t i = 0; i < count; i++) {
        costs[i].ns = ns[i];
    }
    int status = mill_costs_measure(bench, costs, count, rounds, operations, 1);
    if (status < 0) {
        fprintf(stderr, "threadmill-costs: no second thread could be started: %s\n", strerror(-status));
        return 3;
    }
    for (size_t i = 0; i < count; i++) {
        print_cost(&costs[i]);
    }
    printf("\n");
    if (peer) {
        print_ratio("recording a latency, against HdrHistogram_c", &costs[MILL_COST_RECORD],
                    &costs[peer_record]);
    } else {
        printf("recording a latency, against HdrHistogram_c: unavailable (npm ci --ignore-scripts brings its "
               "source)\n");
    }
    print_ratio("put and get of the mutex ring, against two pairs of lock and unlock", &costs[put_and_get],
                &costs[lock_pairs]);
    print_difference(&costs[MILL_COST_LOOP], &costs[MILL_COST_TABLE_CALL]);
#if MILL_HAVE_HDR_PEER
    hdr_close(bench->peer);
#endif
    mill_cost_bench_destroy(bench);
    return 0;
}

/* Producers put bursts that no consumer can keep up with: what becomes of what does not fit. A bounded queue
 * makes them wait, a ring that drops counts what it dropped, and a queue without a bound grows: where a bound
 * was promised, that is the mistake (the guide: limit queue sizes to prevent memory issues), and each such
 * queue is a control here.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/backoff.h"
#include "scenarios/list.h"
#include "scenarios/queue_load.h"
#include "scenarios/queue_rig.h"

enum { CAPACITY, BURST, WORK };
enum { PRODUCER, CONSUMER };

static const struct mill_parameter parameters[] = {
    [CAPACITY] = {.name = "capacity",
                  .summary = "items that may wait, by promise",
                  .type = MILL_INTEGER,
                  .minimum = 1,
                  .maximum = 1 << 20,
                  .fallback = 64},
    [BURST] = {.name = "burst",
               .summary = "items that a producer puts at once",
               .type = MILL_INTEGER,
               .minimum = 1,
               .maximum = 1 << 20,
               .fallback = 256,
               .hunted = 64},
    [WORK] = {.name = "work",
              .summary = "what a consumer does with an item",
              .type = MILL_DURATION,
              .maximum = MILL_NS_PER_S,
              .fallback = 1000},
};

/* Growth beyond the promise is proven long before memory is short: producers then let consumers catch up. */
static const uint64_t proven = 64;

struct count {
    alignas(MILL_ISOLATION) _Atomic uint64_t items; /* written by its thread alone */
};

struct producer {
    struct count put;
    alignas(MILL_ISOLATION) uint64_t peak; /* the most items that it saw waiting */
};

struct state {
    struct mill_queue_rig rig; /* first */
    uint64_t allowed;          /* items that may be waiting, with those under way at the moment of counting */
};

static struct producer *producer_of(const struct state *state, unsigned index)
{
    return (struct producer *)state->rig.producers + index;
}

static struct count *got_of(const struct state *state, unsigned index)
{
    return (struct count *)state->rig.consumers + index;
}

static const char *unsupported(const struct mill_case *one)
{
    return mill_load_misfit(one->strategy, (one->threads + 1) / 2, one->threads / 2);
}

static int setup(struct mill_case *one)
{
    size_t capacity = (size_t)one->values[CAPACITY];
    int status = mill_queue_rig_open(one, sizeof(struct state), (one->threads + 1) / 2, capacity,
                                     sizeof(struct producer), sizeof(struct count));
    if (status == 0) {
        struct state *state = one->state;
        size_t held = state->rig.queue->capacity > 0 ? state->rig.queue->capacity : capacity;
        state->allowed = held + one->threads;
    }
    return status;
}

static uint64_t count_of(struct count *count)
{
    return atomic_load_explicit(&count->items, memory_order_acquire);
}

/* One writer. release: pairs with the acquire above; what a consumer has counted was put before. */
static void count_one(struct count *count)
{
    uint64_t before = atomic_load_explicit(&count->items, memory_order_relaxed);
    atomic_store_explicit(&count->items, before + 1, memory_order_release);
}

/* Items put and not yet got. Those put are counted first: what is got meanwhile only makes the number
 * smaller, so that growth is never claimed where there was none. */
static uint64_t waiting(const struct state *state)
{
    uint64_t got = 0, put = 0;
    for (unsigned i = 0; i < state->rig.producer_count; i++) {
        put += count_of(&producer_of(state, i)->put);
    }
    for (unsigned i = 0; i < state->rig.consumer_count; i++) {
        got += count_of(got_of(state, i));
    }
    const struct mill_queue_ops *ops = state->rig.queue->ops;
    uint64_t gone = got + (ops->dropped ? ops->dropped(state->rig.queue) : 0);
    return put > gone ? put - gone : 0;
}

static int put_burst(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct producer *me = producer_of(state, worker->index_in_role);
    for (int64_t i = 0; i < worker->the_case->values[BURST]; i++) {
        uint64_t sequence = atomic_load_explicit(&me->put.items, memory_order_relaxed);
        int status =
            mill_queue_put(state->rig.queue, mill_load_item(worker->index_in_role, sequence), MILL_FOREVER);
        if (status < 0) {
            return status;
        }
        count_one(&me->put);
        uint64_t now = waiting(state);
        me->peak = now > me->peak ? now : me->peak;
    }
    return MILL_DONE;
}

static void let_catch_up(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    while (waiting(state) > proven * state->allowed && !mill_stopping(worker)) {
        mill_backoff_wait(&backoff);
    }
}

static int get_one(struct mill_worker *worker)
{
    struct state *state = worker->state;
    void *item;
    mill_worker_latency_since(worker, MILL_NO_LATENCY);
    int status = mill_queue_get(state->rig.queue, &item, MILL_FOREVER);
    if (status < 0) {
        return status == -EPIPE ? MILL_STOPPED : status;
    }
    count_one(got_of(state, worker->index_in_role));
    return MILL_DONE;
}

static void work(struct mill_worker *worker)
{
    mill_spend(worker->clock, (uint64_t)worker->the_case->values[WORK]);
}

static void finish_getting(struct mill_worker *worker)
{
    while (get_one(worker) == MILL_DONE) {
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    uint64_t peak = 0, put = 0, got = 0;
    for (unsigned i = 0; i < state->rig.producer_count; i++) {
        uint64_t seen = producer_of(state, i)->peak;
        peak = seen > peak ? seen : peak;
        put += count_of(&producer_of(state, i)->put);
    }
    for (unsigned i = 0; i < state->rig.consumer_count; i++) {
        got += count_of(got_of(state, i));
    }
    const struct mill_queue_ops *ops = state->rig.queue->ops;
    uint64_t dropped = ops->dropped ? ops->dropped(state->rig.queue) : 0;
    if (put != got + dropped) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " items were put, %" PRIu64 " were got and %" PRIu64 " dropped", put, got,
                         dropped);
    }
    if (peak > state->allowed) {
        mill_check_found(check, MILL_UNBOUNDED_GROWTH,
                         "%" PRIu64 " items were waiting where %" PRId64 " were promised to be the most",
                         peak, one->values[CAPACITY]);
    }
    mill_check_measured(check, "peak waiting", "", (double)peak);
    mill_check_measured(check, "dropped", "%", put > 0 ? 100.0 * (double)dropped / (double)put : 0);
}

/* Or has the bound that it claims in its shape alone. */
static bool has_no_bound(const struct mill_strategy *strategy)
{
    return (strategy->traits & MILL_CONTROL) ||
           !(mill_queue_ops_of(strategy)->shape & (MILL_QUEUE_BOUNDED | MILL_QUEUE_DROPS_OLDEST));
}

static const struct mill_expectation expectations[] = {
    {.applies = has_no_bound,
     .findings = MILL_UNBOUNDED_GROWTH,
     .min_threads = 2,
     .why = "producers are never told that consumers do not keep up, and the queue grows with the load"},
};

static const struct mill_role roles[] = {
    [PRODUCER] = {.name = "producer",
                  .summary = "puts a burst; its latency is that of the whole burst",
                  .operation = put_burst,
                  .between = let_catch_up,
                  .finish = mill_queue_rig_finish_putting},
    [CONSUMER] = {.name = "consumer",
                  .summary = "gets one and works on it",
                  .operation = get_one,
                  .between = work,
                  .finish = finish_getting},
};

const struct mill_scenario mill_scenario_burst = {
    .name = "burst",
    .summary = "bursts that consumers cannot keep up with, into a queue that promised a bound",
    .family = &mill_queue_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .min_threads = 2,
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = mill_queue_rig_close,
};

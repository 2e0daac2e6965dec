/* Producers put numbered items into one queue, consumers get them (rows 8 and 9 of the patterns). Afterwards
 * each item must have come out once, and those of one producer in order, for every consumer.
 *
 * The end is part of it: the last producer to leave ends the queue, by closing it or by one sentinel for each
 * consumer, while consumers are still draining.
 */
#include <errno.h>
#include <inttypes.h>

#include "scenarios/list.h"
#include "scenarios/queue_load.h"
#include "scenarios/queue_rig.h"

enum { CAPACITY, PRODUCERS, THINK, WORK, END };
enum { END_CLOSE, END_SENTINEL };
enum { PRODUCER, CONSUMER };

static const char *const ends[] = {[END_CLOSE] = "close", [END_SENTINEL] = "sentinel", NULL};

static const struct mill_parameter parameters[] = {
    [CAPACITY] = {.name = "capacity",
                  .summary = "items that a bounded queue holds",
                  .type = MILL_INTEGER,
                  .minimum = 1,
                  .maximum = 1 << 20,
                  .fallback = 1024},
    [PRODUCERS] = {.name = "producers",
                   .summary = "threads that put, the others get; 0: half of them",
                   .type = MILL_INTEGER,
                   .maximum = 255},
    [THINK] = {.name = "think",
               .summary = "what a producer does between two items",
               .type = MILL_DURATION,
               .maximum = MILL_NS_PER_S},
    [WORK] = {.name = "work",
              .summary = "what a consumer does between two items",
              .type = MILL_DURATION,
              .maximum = MILL_NS_PER_S},
    [END] = {.name = "end",
             .summary = "how consumers learn that it is over",
             .type = MILL_CHOICE,
             .choices = ends,
             .fallback = END_CLOSE},
};

/* Ends a consumer that gets it; no producer has such a number. */
static void *sentinel(void)
{
    static const char end;
    return (void *)(uintptr_t)&end;
}

/* What a recorded history calls an item: short to read, and of its own. */
static int64_t number_of(const void *item)
{
    const int64_t most = 1000000; /* of one producer; a log is shorter */
    return item == sentinel() ? 0
                              : ((int64_t)mill_load_producer(item) + 1) * most +
                                    (int64_t)(mill_load_sequence(item) % (uint64_t)most);
}

struct producer {
    alignas(MILL_ISOLATION) uint64_t put; /* items so far; its own until it has finished */
};

struct consumer {
    alignas(MILL_ISOLATION) bool ended;
    struct mill_load_tally from[]; /* of each producer */
};

static size_t consumer_size(unsigned producers)
{
    return MILL_ISOLATED_SIZE(sizeof(struct consumer) + producers * sizeof(struct mill_load_tally));
}

static struct producer *producer_of(const struct mill_queue_rig *rig, unsigned index)
{
    return (struct producer *)rig->producers + index;
}

static struct consumer *consumer_of(const struct mill_queue_rig *rig, unsigned index)
{
    unsigned char *first = rig->consumers;
    return (struct consumer *)(void *)(first + index * consumer_size(rig->producer_count));
}

static unsigned producers_of(const struct mill_case *one)
{
    return one->values[PRODUCERS] > 0 ? (unsigned)one->values[PRODUCERS] : (one->threads + 1) / 2;
}

static unsigned role_threads(const struct mill_case *one, unsigned role)
{
    return role == PRODUCER ? (unsigned)one->values[PRODUCERS] : 0;
}

static const char *unsupported(const struct mill_case *one)
{
    unsigned producers = producers_of(one);
    unsigned shape = mill_queue_ops_of(one->strategy)->shape;
    if (one->values[END] == END_SENTINEL && (shape & (MILL_QUEUE_DROPS_OLDEST | MILL_QUEUE_PRODUCER_ORDER))) {
        return "a sentinel could be dropped, or overtake the items of another producer";
    }
    return mill_load_misfit(one->strategy, producers, one->threads - producers);
}

static int setup(struct mill_case *one)
{
    unsigned producers = producers_of(one);
    return mill_queue_rig_open(one, sizeof(struct mill_queue_rig), producers, (size_t)one->values[CAPACITY],
                               sizeof(struct producer), consumer_size(producers));
}

/* ---- the histories ----
 *
 * Where only a producer's own items come out in order, each producer's are a queue of their own: whose it was
 * a consumer knows when it has one; a get that came to the end is left open there, since it was of none.
 */

static bool keeps_one_order(const struct mill_case *one)
{
    return !(mill_queue_ops_of(one->strategy)->shape & MILL_QUEUE_PRODUCER_ORDER);
}

static int64_t object_of(const struct mill_case *one, const void *item)
{
    return keeps_one_order(one) || item == sentinel() ? 0 : 1 + (int64_t)mill_load_producer(item);
}

static int put(struct mill_worker *worker, void *item)
{
    const struct mill_queue_rig *rig = worker->state;
    if (!mill_worker_records(worker)) {
        return mill_queue_put(rig->queue, item, MILL_FOREVER);
    }
    mill_worker_called(worker, MILL_CALL_QUEUE_PUT, object_of(worker->the_case, item), number_of(item), 0);
    int status = mill_queue_put(rig->queue, item, MILL_FOREVER);
    mill_worker_returned(worker, status);
    return status;
}

static int get(struct mill_worker *worker, void **item)
{
    const struct mill_queue_rig *rig = worker->state;
    if (!mill_worker_records(worker)) {
        return mill_queue_get(rig->queue, item, MILL_FOREVER);
    }
    mill_worker_called(worker, MILL_CALL_QUEUE_GET, 0, 0, 0);
    int status = mill_queue_get(rig->queue, item, MILL_FOREVER);
    if (status == 0) {
        mill_worker_returned_of(worker, object_of(worker->the_case, *item), number_of(*item));
    } else if (keeps_one_order(worker->the_case)) {
        mill_worker_returned(worker, status);
    }
    return status;
}

/* Late ones have no order that a model could hold against them; a bound that is broken on purpose is left to
 * the scenario that looks for it. */
static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    const struct mill_queue_rig *rig = one->state;
    unsigned shape = mill_queue_ops_of(one->strategy)->shape;
    bool bounded = keeps_one_order(one) && !(one->strategy->traits & MILL_CONTROL);
    if (shape & MILL_QUEUE_LOOSE_ORDER) {
        return NULL;
    }
    *copy = shape & MILL_QUEUE_DROPS_OLDEST ? mill_model_drop_oldest : mill_model_queue;
    copy->parameter = bounded ? (int64_t)rig->queue->capacity : 0;
    return copy;
}

/* ---- producers ---- */

static int put_one(struct mill_worker *worker)
{
    struct mill_queue_rig *rig = worker->state;
    struct producer *me = producer_of(rig, worker->index_in_role);
    int status = put(worker, mill_load_item(worker->index_in_role, me->put));
    me->put += status == 0;
    return status;
}

static void think(struct mill_worker *worker)
{
    mill_spend(worker->clock, (uint64_t)worker->the_case->values[THINK]);
}

static void finish_putting(struct mill_worker *worker)
{
    struct mill_queue_rig *rig = worker->state;
    if (!mill_queue_rig_is_last(rig)) {
        return;
    }
    if (worker->the_case->values[END] == END_CLOSE) {
        mill_worker_called(worker, MILL_CALL_QUEUE_CLOSE, 0, 0, 0);
        mill_queue_close(rig->queue);
        mill_worker_returned(worker, 0);
        return;
    }
    for (unsigned i = 0; i < rig->consumer_count; i++) {
        put(worker, sentinel());
    }
}

/* ---- consumers ---- */

static int get_one(struct mill_worker *worker)
{
    struct mill_queue_rig *rig = worker->state;
    struct consumer *me = consumer_of(rig, worker->index_in_role);
    void *item;
    int status = me->ended ? -EPIPE : get(worker, &item);
    if (status == -EPIPE || (status == 0 && item == sentinel())) {
        me->ended = true;
        return MILL_STOPPED;
    }
    if (status == 0) {
        mill_load_got(me->from, item);
    }
    return status;
}

static void work(struct mill_worker *worker)
{
    mill_spend(worker->clock, (uint64_t)worker->the_case->values[WORK]);
}

/* Producers that wait for room are let go, and nothing stays behind. */
static void finish_getting(struct mill_worker *worker)
{
    while (get_one(worker) == MILL_DONE) {
    }
}

/* ---- the check ---- */

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct mill_queue_rig *rig = one->state;
    const struct mill_queue_ops *ops = mill_queue_ops_of(one->strategy);
    uint64_t dropped = ops->dropped ? ops->dropped(rig->queue) : 0;
    uint64_t put = 0, got = 0;
    for (unsigned p = 0; p < rig->producer_count; p++) {
        struct mill_load_tally total = {0};
        for (unsigned c = 0; c < rig->consumer_count; c++) {
            mill_load_add(&total, &consumer_of(rig, c)->from[p]);
        }
        if (ops->shape & MILL_QUEUE_LOOSE_ORDER) {
            total.disordered = 0;
        }
        mill_load_check(check, p, producer_of(rig, p)->put, &total, dropped);
        put += producer_of(rig, p)->put;
        got += total.count;
    }
    if (ops->dropped && put != got + dropped) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " items were put, %" PRIu64 " were got and %" PRIu64 " dropped", put, got,
                         dropped);
    }
    if (ops->dropped) {
        mill_check_measured(check, "dropped", "%", put > 0 ? 100.0 * (double)dropped / (double)put : 0);
    }
}

static const struct mill_role roles[] = {
    [PRODUCER] = {.name = "producer",
                  .summary = "puts the next number",
                  .operation = put_one,
                  .between = think,
                  .finish = finish_putting},
    [CONSUMER] = {.name = "consumer",
                  .summary = "gets one and notes it",
                  .operation = get_one,
                  .between = work,
                  .finish = finish_getting},
};

const struct mill_scenario mill_scenario_producers_consumers = {
    .name = "producers-consumers",
    .summary = "producers put into one queue, consumers get from it",
    .family = &mill_queue_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .min_threads = 2,
    .role_threads = role_threads,
    .unsupported = unsupported,
    .model = model,
    .setup = setup,
    .verify = verify,
    .teardown = mill_queue_rig_close,
};

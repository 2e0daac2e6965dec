/* From put to get: producers put an item now and then, and the latency is that from the put of an item to the
 * moment at which a consumer has it. In a queue that is mostly empty this is what handing over costs, with
 * the wake-up of a consumer that waited.
 *
 * Each item is a slot that holds the moment of its put. A slot belongs to its producer until it is put, then
 * to the consumer that gets it, which gives it back by clearing the moment; a producer whose slots are all
 * under way waits.
 */
#include <errno.h>
#include <inttypes.h>

#include "core/pause.h"
#include "scenarios/list.h"
#include "scenarios/queue_load.h"
#include "scenarios/queue_rig.h"

enum { CAPACITY, THINK };
enum { PRODUCER, CONSUMER };
enum { SLOTS = 256 }; /* a producer */

static const struct mill_parameter parameters[] = {
    [CAPACITY] = {.name = "capacity",
                  .summary = "items that a bounded queue holds",
                  .type = MILL_INTEGER,
                  .minimum = 1,
                  .maximum = 1 << 20,
                  .fallback = 1024},
    [THINK] = {.name = "think",
               .summary = "what a producer does between two items",
               .type = MILL_DURATION,
               .maximum = MILL_NS_PER_S,
               .fallback = 5000},
};

struct slot {
    alignas(MILL_CACHE_LINE) _Atomic uint64_t put_at; /* ticks; 0: the producer's */
};

struct producer {
    alignas(MILL_ISOLATION) uint64_t put;
    alignas(MILL_ISOLATION) struct slot slots[SLOTS];
};

struct consumer {
    alignas(MILL_ISOLATION) uint64_t got;
    uint64_t empty; /* slots that came without a moment: got twice, or never put */
};

static struct producer *producer_of(const struct mill_queue_rig *rig, unsigned index)
{
    return (struct producer *)rig->producers + index;
}

static struct consumer *consumer_of(const struct mill_queue_rig *rig, unsigned index)
{
    return (struct consumer *)rig->consumers + index;
}

static const char *unsupported(const struct mill_case *one)
{
    if (mill_queue_ops_of(one->strategy)->shape & MILL_QUEUE_DROPS_OLDEST) {
        return "what is dropped has no latency";
    }
    return mill_load_misfit(one->strategy, (one->threads + 1) / 2, one->threads / 2);
}

static int setup(struct mill_case *one)
{
    return mill_queue_rig_open(one, sizeof(struct mill_queue_rig), (one->threads + 1) / 2,
                               (size_t)one->values[CAPACITY], sizeof(struct producer),
                               sizeof(struct consumer));
}

/* acquire: pairs with the release in get_one, so that the consumer's use of the slot comes before the next
 * put */
static int put_one(struct mill_worker *worker)
{
    struct mill_queue_rig *rig = worker->state;
    struct producer *me = producer_of(rig, worker->index_in_role);
    struct slot *slot = &me->slots[me->put % SLOTS];
    mill_worker_latency_since(worker, MILL_NO_LATENCY);
    while (atomic_load_explicit(&slot->put_at, memory_order_acquire) != 0) {
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
        mill_pause();
    }
    /* relaxed: the queue's put publishes it */
    atomic_store_explicit(&slot->put_at, mill_ticks_begin(worker->clock), memory_order_relaxed);
    int status = mill_queue_put(rig->queue, slot, MILL_FOREVER);
    me->put += status == 0;
    return status;
}

static void think(struct mill_worker *worker)
{
    mill_spend(worker->clock, (uint64_t)worker->the_case->values[THINK]);
}

static int get_one(struct mill_worker *worker)
{
    struct mill_queue_rig *rig = worker->state;
    struct consumer *me = consumer_of(rig, worker->index_in_role);
    void *item;
    int status = mill_queue_get(rig->queue, &item, MILL_FOREVER);
    if (status < 0) {
        return status == -EPIPE ? MILL_STOPPED : status;
    }
    struct slot *slot = item;
    /* release: gives the slot back, see put_one */
    uint64_t put_at = atomic_exchange_explicit(&slot->put_at, 0, memory_order_release);
    mill_worker_latency_since(worker, put_at > 0 ? put_at : MILL_NO_LATENCY);
    me->got++;
    me->empty += put_at == 0;
    return MILL_DONE;
}

static void finish_getting(struct mill_worker *worker)
{
    while (get_one(worker) == MILL_DONE) {
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct mill_queue_rig *rig = one->state;
    uint64_t put = 0, got = 0, empty = 0;
    for (unsigned i = 0; i < rig->producer_count; i++) {
        put += producer_of(rig, i)->put;
    }
    for (unsigned i = 0; i < rig->consumer_count; i++) {
        got += consumer_of(rig, i)->got;
        empty += consumer_of(rig, i)->empty;
    }
    if (empty > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " items were got that nobody had put", empty);
    }
    if (put != got) {
        mill_check_found(check, MILL_LOST_UPDATE, "%" PRIu64 " items were put, %" PRIu64 " were got", put,
                         got);
    }
}

static const struct mill_role roles[] = {
    [PRODUCER] = {.name = "producer",
                  .summary = "puts an item now and then",
                  .operation = put_one,
                  .between = think,
                  .finish = mill_queue_rig_finish_putting},
    [CONSUMER] = {.name = "consumer",
                  .summary = "gets it; the latency is the item's",
                  .operation = get_one,
                  .finish = finish_getting},
};

const struct mill_scenario mill_scenario_queue_latency = {
    .name = "queue-latency",
    .summary = "how long an item takes from put to get",
    .family = &mill_queue_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .min_threads = 2,
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = mill_queue_rig_close,
};

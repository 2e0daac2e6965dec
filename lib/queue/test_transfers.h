/* Transfers: producers and consumers at the two ends of a queue, and the check that everything went through.
 * Included once by a test.
 *
 *     struct transfer *transfer = transfer_of(ops, capacity, putting);
 *     start(consumers, getting, transfer, consume);
 *     start(producers, putting, transfer, produce);
 *     join(producers, putting);
 *     join(consumers, getting);
 *     assert_complete(transfer, putting, getting);
 *     discard(transfer);
 */
#ifndef MILL_QUEUE_TEST_TRANSFERS_H
#define MILL_QUEUE_TEST_TRANSFERS_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "queue/test_queues.h"

#define MAX_SIDE  4u /* producers, and consumers */
#define MAX_ITEMS 600u

/* What goes through the queue. Plain data: only the queue's own order makes it safe to read, and
 * ThreadSanitizer's build tells where it does not. */
struct item {
    unsigned producer;
    unsigned sequence;
    unsigned taken; /* written by its consumer */
};

/* When an item was put, by the clock of the transfer; the producer's own also while the item is gone. */
struct span {
    uint64_t began, ended;
};

struct transfer {
    struct mill_queue *queue;
    bool try_to_put, try_to_get; /* else the blocking calls */
    bool clocked;                /* a clock that all producers share orders more than the queue does */
    bool closed_by_test;         /* else by the last producer */
    unsigned items;              /* of each producer */
    atomic_uint producing;
    atomic_uint taken;
    _Atomic uint64_t clock;
    struct item item[MAX_SIDE][MAX_ITEMS];
    struct span span[MAX_SIDE][MAX_ITEMS];
};

/* One thread of a transfer. */
struct side {
    struct transfer *transfer;
    unsigned index;
    unsigned done;                           /* items put, or taken */
    int status;                              /* with which it ended */
    bool out_of_order;                       /* of consumers */
    struct item *into[MAX_SIDE * MAX_ITEMS]; /* of consumers: what was taken, in that order */
    pthread_t thread;
};

static struct side producers[MAX_SIDE];
static struct side consumers[MAX_SIDE];

static uint64_t soon(void)
{
    return mill_now_ns() + (uint64_t)SOON;
}

/* What ended only because its time was over was not woken, whatever it then found. */
static int in_time(int status, uint64_t late)
{
    return mill_now_ns() < late ? status : -ETIMEDOUT;
}

static int put_in_time(struct mill_queue *queue, bool trying, void *item)
{
    uint64_t late = soon();
    int status = trying ? mill_queue_try_put(queue, item) : mill_queue_put(queue, item, SOON);
    while (status == -EAGAIN && mill_now_ns() < late) {
        sched_yield();
        status = mill_queue_try_put(queue, item);
    }
    return in_time(status, late);
}

static int get_in_time(struct mill_queue *queue, bool trying, void **item)
{
    uint64_t late = soon();
    int status = trying ? mill_queue_try_get(queue, item) : mill_queue_get(queue, item, SOON);
    while (status == -EAGAIN && mill_now_ns() < late) {
        sched_yield();
        status = mill_queue_try_get(queue, item);
    }
    return in_time(status, late);
}

static uint64_t moment(struct transfer *transfer)
{
    return transfer->clocked ? atomic_fetch_add(&transfer->clock, 1) : 0;
}

static void *produce(void *argument)
{
    struct side *side = argument;
    struct transfer *transfer = side->transfer;
    for (unsigned i = 0; i < transfer->items && side->status == 0; i++) {
        struct item *item = &transfer->item[side->index][i];
        struct span *span = &transfer->span[side->index][i];
        item->producer = side->index;
        item->sequence = i;
        span->began = moment(transfer);
        side->status = put_in_time(transfer->queue, transfer->try_to_put, item);
        span->ended = moment(transfer);
        side->done += side->status == 0;
    }
    if (atomic_fetch_sub(&transfer->producing, 1) == 1 && !transfer->closed_by_test) {
        mill_queue_close(transfer->queue);
    }
    return NULL;
}

static void *consume(void *argument)
{
    struct side *side = argument;
    struct transfer *transfer = side->transfer;
    unsigned least[MAX_SIDE] = {0}; /* the sequence number that may follow, for each producer */
    for (;;) {
        void *got = NULL;
        side->status = get_in_time(transfer->queue, transfer->try_to_get, &got);
        if (side->status < 0) {
            return NULL;
        }
        struct item *item = got;
        side->out_of_order |= item->sequence < least[item->producer];
        least[item->producer] = item->sequence + 1;
        item->taken++;
        side->into[side->done++] = item;
        /* relaxed: a hint for the closing test; nothing else shall order what the queue has to order */
        atomic_fetch_add_explicit(&transfer->taken, 1, memory_order_relaxed);
    }
}

static void start(struct side *sides, unsigned count, struct transfer *transfer, void *(*body)(void *))
{
    for (unsigned i = 0; i < count; i++) {
        sides[i].transfer = transfer;
        sides[i].index = i;
        sides[i].done = 0;
        sides[i].status = 0;
        sides[i].out_of_order = false;
        assert_int_equal(pthread_create(&sides[i].thread, NULL, body, &sides[i]), 0);
    }
}

static void join(const struct side *sides, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        pthread_join(sides[i].thread, NULL);
    }
}

static unsigned side_of(const struct mill_queue_ops *ops, unsigned one, unsigned threads)
{
    return shaped(ops, one) ? 1 : threads;
}

/* An item that was put was taken exactly once or dropped and counted; one that was refused was not taken. */
static void assert_complete(const struct transfer *transfer, unsigned putting, unsigned getting)
{
    const struct mill_queue_ops *ops = transfer->queue->ops;
    uint64_t in = 0;
    uint64_t out = ops->dropped ? ops->dropped(transfer->queue) : 0;
    for (unsigned p = 0; p < putting; p++) {
        assert_true(producers[p].status == 0 || (transfer->closed_by_test && producers[p].status == -EPIPE));
        in += producers[p].done;
        for (unsigned i = 0; i < MAX_ITEMS; i++) {
            unsigned most = i < producers[p].done;
            assert_in_range(transfer->item[p][i].taken, ops->dropped ? 0 : most, most);
        }
    }
    for (unsigned c = 0; c < getting; c++) {
        assert_int_equal(consumers[c].status, -EPIPE);
        assert_true(!consumers[c].out_of_order || shaped(ops, MILL_QUEUE_LOOSE_ORDER));
        out += consumers[c].done;
    }
    assert_int_equal(in, out);
    assert_int_equal(mill_queue_try_get(transfer->queue, &(void *){NULL}), -EPIPE);
}

static struct transfer *transfer_of(const struct mill_queue_ops *ops, size_t capacity, unsigned putting)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    assert_non_null(transfer);
    transfer->queue = made(ops, capacity);
    transfer->items = MAX_ITEMS / putting;
    atomic_init(&transfer->producing, putting);
    return transfer;
}

static void discard(struct transfer *transfer)
{
    mill_queue_destroy(transfer->queue);
    free(transfer);
}

#endif

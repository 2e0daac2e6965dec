/* The contract of queue.h for threads that wait: whoever waits for an item, for room or for the end is woken.
 */
#include "queue/queue.h"

#include "queue/test_transfers.h"

struct parked {
    const struct mill_parking *parking;
    uint32_t waiters;
};

static bool are_parked(const void *context)
{
    const struct parked *parked = context;
    /* relaxed: nothing is read on the strength of it */
    return atomic_load_explicit(&parked->parking->waiters, memory_order_relaxed) >= parked->waiters;
}

/* Gives `threads` time to fall asleep in the queue. Where it waits by itself nobody can see whether they did,
 * and the test is right in either case. */
static void let_sleep(const struct mill_queue *queue, const struct mill_parking *parking, unsigned threads)
{
    if (!queue->ops->get) {
        assert_true(becomes(are_parked, &(struct parked){parking, threads}));
    }
    for (unsigned i = 0; i < 20; i++) {
        sched_yield();
    }
}

static void test_close_wakes_getters(void **state)
{
    const struct mill_queue_ops *ops = strategy_of_threads(state);
    unsigned getting = side_of(ops, MILL_QUEUE_ONE_CONSUMER, MAX_SIDE);
    for (unsigned round = 0; round < 20; round++) {
        struct transfer *transfer = transfer_of(ops, 4, 1);
        start(consumers, getting, transfer, consume);
        if (round % 2) {
            let_sleep(transfer->queue, &transfer->queue->not_empty, getting);
        }
        mill_queue_close(transfer->queue);
        join(consumers, getting);
        assert_complete(transfer, 0, getting);
        discard(transfer);
    }
}

static void test_close_wakes_putters(void **state)
{
    const struct mill_queue_ops *ops = strategy_of_threads(state);
    if (!fills(ops) || shaped(ops, MILL_QUEUE_LOOSE_CLOSE | MILL_QUEUE_ONE_PRODUCER)) {
        leave_out(ops, "no put of it waits while it is closed");
    }
    for (unsigned round = 0; round < 20; round++) {
        struct transfer *transfer = transfer_of(ops, 2, MAX_SIDE);
        transfer->closed_by_test = true;
        start(producers, MAX_SIDE, transfer, produce);
        if (round % 2) {
            let_sleep(transfer->queue, &transfer->queue->not_full, MAX_SIDE);
        }
        mill_queue_close(transfer->queue);
        join(producers, MAX_SIDE);
        start(consumers, 1, transfer, consume);
        join(consumers, 1);
        assert_complete(transfer, MAX_SIDE, 1);
        discard(transfer);
    }
}

/* In each round every thread puts or takes its share and no more, and then waits for the others: nobody comes
 * back for an item whose getter was not woken, or for the room that a putter was not told of. */
#define ROUNDS 100u

struct shares {
    struct mill_queue *queue;
    pthread_barrier_t round;
    atomic_bool failed;
};

struct sharer {
    struct shares *shares;
    bool puts;
    unsigned share;
    pthread_t thread;
};

static void *share_out(void *argument)
{
    struct sharer *sharer = argument;
    struct shares *shares = sharer->shares;
    for (unsigned round = 0; round < ROUNDS && !atomic_load(&shares->failed); round++) {
        pthread_barrier_wait(&shares->round);
        for (unsigned i = 0; i < sharer->share; i++) {
            void *item = shares;
            int status = sharer->puts ? put_in_time(shares->queue, false, item)
                                      : get_in_time(shares->queue, false, &item);
            if (status < 0) {
                atomic_store(&shares->failed, true);
            }
        }
        pthread_barrier_wait(&shares->round);
    }
    return NULL;
}

static void check_shares(const struct mill_queue_ops *ops, size_t capacity)
{
    unsigned putting = side_of(ops, MILL_QUEUE_ONE_PRODUCER, MAX_SIDE);
    unsigned getting = side_of(ops, MILL_QUEUE_ONE_CONSUMER, MAX_SIDE);
    unsigned threads = putting + getting;
    struct shares shares = {.queue = made(ops, capacity)};
    assert_int_equal(pthread_barrier_init(&shares.round, NULL, threads), 0);
    struct sharer sharers[2 * MAX_SIDE];
    for (unsigned i = 0; i < threads; i++) {
        bool puts = i < putting;
        sharers[i] =
            (struct sharer){.shares = &shares, .puts = puts, .share = MAX_SIDE / (puts ? putting : getting)};
        assert_int_equal(pthread_create(&sharers[i].thread, NULL, share_out, &sharers[i]), 0);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(sharers[i].thread, NULL);
    }
    assert_false(atomic_load(&shares.failed));
    assert_int_equal(mill_queue_try_get(shares.queue, &(void *){NULL}), -EAGAIN);
    pthread_barrier_destroy(&shares.round);
    mill_queue_destroy(shares.queue);
}

static void test_nobody_is_forgotten(void **state)
{
    const struct mill_queue_ops *ops = strategy_of_threads(state);
    check_shares(ops, 2 * MAX_SIDE);
    if (!shaped(ops, MILL_QUEUE_DROPS_OLDEST)) {
        check_shares(ops, 1);
    }
}

/* ---- one item between two queues ---- */

struct pair {
    struct mill_queue *there, *back;
};

static void *return_all(void *argument)
{
    struct pair *pair = argument;
    void *item;
    while (mill_queue_get(pair->there, &item, MILL_FOREVER) == 0) {
        ++*(unsigned *)item;
        mill_queue_put(pair->back, item, MILL_FOREVER);
    }
    return NULL;
}

static void test_ping_pong(void **state)
{
    const struct mill_queue_ops *ops = strategy_of_threads(state);
    struct pair pair = {made(ops, 1), made(ops, 1)};
    pthread_t partner;
    assert_int_equal(pthread_create(&partner, NULL, return_all, &pair), 0);
    unsigned count = 0;
    for (unsigned i = 0; i < 400; i += 2) {
        assert_int_equal(count, i);
        count++;
        void *got = NULL;
        assert_int_equal(mill_queue_put(pair.there, &count, MILL_FOREVER), 0);
        assert_int_equal(mill_queue_get(pair.back, &got, MILL_FOREVER), 0);
        assert_ptr_equal(got, &count);
    }
    mill_queue_close(pair.there);
    pthread_join(partner, NULL);
    mill_queue_destroy(pair.there);
    mill_queue_destroy(pair.back);
}

int main(void)
{
    static const struct check checks[] = {
        {"close wakes getters", test_close_wakes_getters},
        {"close wakes putters", test_close_wakes_putters},
        {"nobody is forgotten", test_nobody_is_forgotten},
        {"ping-pong", test_ping_pong},
    };
    return run_checks("queue_waiting", checks, sizeof checks / sizeof checks[0]);
}

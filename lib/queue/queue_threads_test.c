/* The contract of queue.h between threads: what goes in comes out, once, in order, and is seen whole. */
#include "queue/queue.h"

#include "queue/test_transfers.h"

static void transfer_all(const struct mill_queue_ops *ops, bool try_to_put, bool try_to_get)
{
    static const size_t capacities[] = {2, 64};
    unsigned before = 0;
    for (unsigned threads = 1; threads <= MAX_SIDE; threads *= 2) {
        unsigned putting = side_of(ops, MILL_QUEUE_ONE_PRODUCER, threads);
        unsigned getting = side_of(ops, MILL_QUEUE_ONE_CONSUMER, threads);
        if (putting + getting == before) {
            break; /* one of each, whatever was asked for */
        }
        before = putting + getting;
        for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
            struct transfer *transfer = transfer_of(ops, capacities[i], putting);
            transfer->try_to_put = try_to_put;
            transfer->try_to_get = try_to_get;
            start(consumers, getting, transfer, consume);
            start(producers, putting, transfer, produce);
            join(producers, putting);
            join(consumers, getting);
            assert_complete(transfer, putting, getting);
            discard(transfer);
        }
    }
}

static void test_both_wait(void **state)
{
    transfer_all(strategy_of_threads(state), false, false);
}

static void test_both_try(void **state)
{
    transfer_all(strategy_of_threads(state), true, true);
}

static void test_producers_try(void **state)
{
    transfer_all(strategy_of_threads(state), true, false);
}

static void test_consumers_try(void **state)
{
    transfer_all(strategy_of_threads(state), false, true);
}

/* Of two puts that did not overlap, the item of the earlier one comes out earlier. */
static void test_first_in_first_out(void **state)
{
    const struct mill_queue_ops *ops = strategy_of_threads(state);
    if (shaped(ops, MILL_QUEUE_PRODUCER_ORDER | MILL_QUEUE_LOOSE_ORDER)) {
        leave_out(ops, "promises no order between producers");
    }
    unsigned putting = side_of(ops, MILL_QUEUE_ONE_PRODUCER, MAX_SIDE);
    for (unsigned round = 0; round < 4; round++) {
        struct transfer *transfer = transfer_of(ops, 16, putting);
        transfer->clocked = true;
        transfer->try_to_put = round % 2;
        start(consumers, 1, transfer, consume);
        start(producers, putting, transfer, produce);
        join(producers, putting);
        join(consumers, 1);
        assert_complete(transfer, putting, 1);
        uint64_t ended_behind = UINT64_MAX; /* the earliest end of a put among the items behind this one */
        for (unsigned i = consumers[0].done; i-- > 0;) {
            const struct item *item = consumers[0].into[i];
            const struct span *span = &transfer->span[item->producer][item->sequence];
            assert_true(span->began < ended_behind);
            ended_behind = span->ended < ended_behind ? span->ended : ended_behind;
        }
        discard(transfer);
    }
}

/* The queue is closed while producers put: what they were told was put is there. */
static void test_closed_amid_puts(void **state)
{
    const struct mill_queue_ops *ops = strategy_of_threads(state);
    if (shaped(ops, MILL_QUEUE_LOOSE_CLOSE | MILL_QUEUE_ONE_PRODUCER)) {
        leave_out(ops, "its close may not overlap a put");
    }
    unsigned getting = side_of(ops, MILL_QUEUE_ONE_CONSUMER, 2);
    for (unsigned round = 0; round < 30; round++) {
        struct transfer *transfer = transfer_of(ops, round % 2 ? 2 : 32, 3);
        transfer->closed_by_test = true;
        transfer->try_to_put = round % 3 == 0;
        transfer->try_to_get = round % 5 == 0;
        start(producers, 3, transfer, produce);
        start(consumers, getting, transfer, consume);
        unsigned until = 10 * round;
        /* relaxed: only a hint when to close */
        while (atomic_load_explicit(&transfer->taken, memory_order_relaxed) < until &&
               atomic_load_explicit(&transfer->producing, memory_order_relaxed) > 0) {
            sched_yield();
        }
        mill_queue_close(transfer->queue);
        join(producers, 3);
        join(consumers, getting);
        assert_complete(transfer, 3, getting);
        discard(transfer);
    }
}

int main(void)
{
    static const struct check checks[] = {
        {"both sides wait", test_both_wait},
        {"both sides try", test_both_try},
        {"producers try", test_producers_try},
        {"consumers try", test_consumers_try},
        {"first in, first out", test_first_in_first_out},
        {"closed amid puts", test_closed_amid_puts},
    };
    return run_checks("queue_threads", checks, sizeof checks / sizeof checks[0]);
}

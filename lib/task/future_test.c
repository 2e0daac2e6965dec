#include "task/test_pool.h"

static void submit_future(struct mill_pool *pool, struct mill_future *future, int (*run)(void *),
                          void *argument)
{
    assert_int_equal(mill_future_init(future, run, argument), 0);
    assert_int_equal(mill_pool_submit_future(pool, future), 0);
}

static void test_refuses_nonsense(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    struct mill_pool *pool = pool_of(ops, 1, 0);
    struct mill_future future;
    struct mill_future blank = {0};
    atomic_int runs = 0;
    assert_int_equal(mill_future_init(NULL, count, &runs), -EINVAL);
    assert_int_equal(mill_future_init(&future, NULL, &runs), -EINVAL);
    assert_int_equal(mill_pool_submit_future(pool, NULL), -EINVAL);
    assert_int_equal(mill_pool_submit_future(pool, &blank), -EINVAL);
    assert_int_equal(mill_future_wait(NULL, 0, NULL), -EINVAL);
    assert_int_equal(mill_future_cancel(NULL), -EINVAL);
    assert_int_equal(mill_future_init(&future, count, &runs), 0);
    assert_int_equal(mill_future_wait(&future, MILL_FOREVER, NULL), -EINVAL); /* never submitted */
    assert_int_equal(mill_future_cancel(&future), -EINVAL);
    assert_int_equal(mill_future_retire(&future, 0), 0);
    assert_int_equal(mill_pool_submit_future(NULL, &future), -EINVAL);
    assert_int_equal(mill_pool_submit_future(pool, &future), 0);
    assert_int_equal(mill_future_wait(&future, -1, NULL), -EINVAL);
    end_pool(pool);
    assert_int_equal(mill_future_wait(&future, MILL_FOREVER, NULL), 0);
    assert_int_equal(mill_future_cancel(&future), -EALREADY);
}

/* The answers of three tasks, one of which fails, reach their own futures, and the pool goes on. */
static void test_result_or_error(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    struct mill_pool *pool = pool_of(ops, 2, 0);
    struct mill_future futures[3];
    int answers[] = {41, 0, 43};
    for (int i = 0; i < 3; i++) {
        submit_future(pool, &futures[i], i == 1 ? fail_io : answer, &answers[i]);
    }
    const int expected[] = {41, -EIO, 43};
    for (int i = 0; i < 3; i++) {
        int result = 0;
        assert_int_equal(mill_future_wait(&futures[i], MILL_FOREVER, &result), 0);
        assert_int_equal(result, expected[i]);
        assert_true(mill_future_settled(&futures[i]));
    }
    int again = 0;
    assert_int_equal(mill_future_wait(&futures[1], 0, &again), 0); /* as often as one likes */
    assert_int_equal(again, -EIO);
    end_pool(pool);
    struct mill_pool_metrics metrics;
    assert_int_equal(answers[1], 0);
    struct mill_pool *second = pool_of(ops, 2, 0);
    submit_future(second, &futures[0], fail_io, NULL);
    assert_int_equal(mill_pool_shutdown(second, MILL_POOL_DRAIN, MILL_FOREVER), 0);
    mill_pool_read(second, &metrics);
    assert_int_equal(metrics.failed, 1);
    assert_int_equal(metrics.done + metrics.cancelled, 0);
    assert_int_equal(mill_pool_destroy(second), 0);
}

/* One future, used again and again, is run each time; while it is under way it cannot be submitted. */
static void test_submitted_again(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    struct mill_pool *pool = pool_of(ops, 1, MILL_POOL_SPIN);
    struct mill_future future;
    struct blocker blocker;
    atomic_int runs = 0;
    assert_int_equal(mill_future_init(&future, count, &runs), 0);
    for (int i = 1; i <= 300; i++) {
        assert_int_equal(mill_pool_submit_future(pool, &future), 0);
        assert_int_equal(mill_future_wait(&future, MILL_FOREVER, NULL), 0);
        assert_int_equal(runs, i);
    }
    block_worker(&blocker, pool);
    assert_int_equal(mill_pool_submit_future(pool, &future), 0);
    assert_int_equal(mill_pool_submit_future(pool, &future), -EBUSY);
    unblock(&blocker);
    assert_int_equal(mill_future_wait(&future, MILL_FOREVER, NULL), 0);
    assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_DRAIN, MILL_FOREVER), 0);
    assert_int_equal(mill_pool_submit_future(pool, &future), -EPIPE);
    assert_int_equal(mill_future_wait(&future, 0, NULL), 0); /* what it was before */
    assert_int_equal(mill_pool_destroy(pool), 0);
}

static void test_waits_no_longer_than_told(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    struct mill_pool *pool = pool_of(ops, 1, 0);
    struct mill_future future;
    struct blocker blocker;
    atomic_int runs = 0;
    block_worker(&blocker, pool);
    submit_future(pool, &future, count, &runs);
    assert_int_equal(mill_future_wait(&future, 0, NULL), -ETIMEDOUT);
    uint64_t before = mill_now_ns();
    assert_int_equal(mill_future_wait(&future, 2 * MILL_NS_PER_MS, NULL), -ETIMEDOUT);
    assert_true(mill_now_ns() - before >= 2 * MILL_NS_PER_MS);
    assert_false(mill_future_settled(&future));
    unblock(&blocker);
    assert_int_equal(mill_future_wait(&future, MILL_FOREVER, NULL), 0);
    end_pool(pool);
}

/* ---- cancelling ---- */

static void test_cancels_what_has_not_started(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    struct mill_pool *pool = pool_of(ops, 1, 0);
    struct mill_future running;
    struct mill_future queued;
    struct blocker blocker;
    atomic_int runs = 0;
    int result = 0;
    sem_init(&blocker.entered, 0, 0);
    sem_init(&blocker.leave, 0, 0);
    submit_future(pool, &running, block, &blocker);
    while (sem_wait(&blocker.entered) != 0) {
    }
    submit_future(pool, &queued, count, &runs);
    assert_int_equal(mill_future_cancel(&running), -EBUSY);
    assert_int_equal(mill_future_cancel(&queued), 0);
    assert_int_equal(mill_future_cancel(&queued), -EALREADY);
    /* it has settled at once, though the worker is still in the way; but the pool has not let go of it */
    assert_int_equal(mill_future_wait(&queued, 0, &result), 0);
    assert_int_equal(result, -ECANCELED);
    assert_int_equal(mill_future_retire(&queued, 0), -ETIMEDOUT);
    assert_int_equal(mill_pool_submit_future(pool, &queued), -EBUSY);
    unblock(&blocker);
    assert_int_equal(mill_future_wait(&running, MILL_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    assert_int_equal(mill_future_cancel(&running), -EALREADY);
    assert_int_equal(mill_future_retire(&queued, MILL_FOREVER), 0);
    assert_int_equal(runs, 0);
    assert_int_equal(mill_pool_submit_future(pool, &queued), 0);
    assert_int_equal(mill_future_wait(&queued, MILL_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    assert_int_equal(runs, 1);
    end_pool(pool);
}

#define RACES 3000

struct race {
    struct mill_pool *pool;
    struct mill_future *futures;
    int *cancelled;
    atomic_int submitted;
};

static void *cancel_many(void *argument)
{
    struct race *race = argument;
    for (int i = 0; i < RACES; i++) {
        while (atomic_load_explicit(&race->submitted, memory_order_acquire) <= i) {
            sched_yield();
        }
        race->cancelled[i] = mill_future_cancel(&race->futures[i]);
    }
    return NULL;
}

/* Cancel against start: exactly one wins, and the future and the metrics say which. */
static void test_cancel_against_start(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    static struct mill_future futures[RACES];
    static atomic_int runs[RACES];
    static int cancelled[RACES];
    struct race race = {.pool = pool_of(ops, 2, MILL_POOL_SPIN), .futures = futures, .cancelled = cancelled};
    pthread_t canceller;
    assert_int_equal(pthread_create(&canceller, NULL, cancel_many, &race), 0);
    for (int i = 0; i < RACES; i++) {
        runs[i] = 0;
        submit_future(race.pool, &futures[i], count, &runs[i]);
        atomic_store_explicit(&race.submitted, i + 1, memory_order_release);
    }
    pthread_join(canceller, NULL);
    assert_int_equal(mill_pool_shutdown(race.pool, MILL_POOL_DRAIN, MILL_FOREVER), 0);
    uint64_t won = 0;
    for (int i = 0; i < RACES; i++) {
        int result = 1;
        assert_int_equal(mill_future_wait(&futures[i], 0, &result), 0);
        assert_int_equal(runs[i], cancelled[i] == 0 ? 0 : 1);
        assert_int_equal(result, cancelled[i] == 0 ? -ECANCELED : 0);
        assert_true(cancelled[i] == 0 || cancelled[i] == -EBUSY || cancelled[i] == -EALREADY);
        won += cancelled[i] == 0;
    }
    struct mill_pool_metrics metrics;
    mill_pool_read(race.pool, &metrics);
    assert_int_equal(metrics.cancelled, won);
    assert_int_equal(metrics.done, RACES - won);
    assert_int_equal(mill_pool_destroy(race.pool), 0);
}

/* ---- as completed ---- */

#define SET 60

struct entry {
    struct mill_future future;
    struct log {
        atomic_int length;
        struct entry *ended[SET];
    } * log;
};

static int write_log(void *argument)
{
    struct entry *entry = argument;
    entry->log->ended[atomic_fetch_add_explicit(&entry->log->length, 1, memory_order_relaxed)] = entry;
    return 0;
}

/* One worker ends tasks in one order, which it writes down: the set must deliver them in that order, those
 * that had settled before they were added in front. */
static void test_delivers_in_order_of_completion(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    static struct entry entries[SET];
    static struct log log;
    struct mill_pool *pool = pool_of(ops, 1, 0);
    struct mill_future_set set;
    struct mill_future *future;
    struct blocker blocker;
    atomic_store(&log.length, 0);
    assert_int_equal(mill_future_set_init(&set), 0);
    assert_int_equal(mill_future_set_next(&set, MILL_FOREVER, &future), -ENOENT);
    for (int i = 0; i < SET; i++) {
        entries[i].log = &log;
        if (i == 1) {
            assert_int_equal(mill_future_wait(&entries[0].future, MILL_FOREVER, NULL), 0);
            block_worker(&blocker, pool);
        }
        submit_future(pool, &entries[i].future, write_log, &entries[i]);
        if (i >= 1) {
            assert_int_equal(mill_future_set_add(&set, &entries[i - 1].future), 0);
        }
    }
    assert_int_equal(mill_future_set_add(&set, &entries[SET - 1].future), 0);
    assert_int_equal(mill_future_set_add(&set, &entries[3].future), -EBUSY);
    assert_int_equal(mill_future_set_next(&set, 0, &future), 0);
    assert_ptr_equal(future, &entries[0].future);
    assert_int_equal(mill_future_set_next(&set, MILL_NS_PER_MS, &future), -ETIMEDOUT);
    assert_int_equal(mill_future_set_destroy(&set), -EBUSY);
    unblock(&blocker);
    for (int i = 1; i < SET; i++) {
        assert_int_equal(mill_future_set_next(&set, MILL_FOREVER, &future), 0);
        assert_true(mill_future_settled(future));
        assert_ptr_equal(future, &log.ended[i]->future);
    }
    assert_int_equal(mill_future_set_next(&set, MILL_FOREVER, &future), -ENOENT);
    end_pool(pool);
    assert_int_equal(mill_future_set_destroy(&set), 0);
}

/* Cancelled ones are delivered too, and each once. */
static void test_delivers_each_once(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    static struct mill_future futures[SET];
    int delivered[SET] = {0};
    struct mill_pool *pool = pool_of(ops, 3, 0);
    struct mill_future_set set;
    struct mill_future *future;
    atomic_int runs = 0;
    assert_int_equal(mill_future_set_init(&set), 0);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < SET; i++) {
            submit_future(pool, &futures[i], count, &runs);
            assert_int_equal(mill_future_set_add(&set, &futures[i]), 0);
            if (i % 3 == 0) {
                mill_future_cancel(&futures[i]);
            }
        }
        while (mill_future_set_next(&set, MILL_FOREVER, &future) == 0) {
            delivered[future - futures]++;
            assert_int_equal(mill_future_retire(future, MILL_FOREVER), 0);
        }
        for (int i = 0; i < SET; i++) {
            assert_int_equal(delivered[i], round + 1);
        }
    }
    end_pool(pool);
    assert_int_equal(mill_future_set_destroy(&set), 0);
}

struct gathering {
    struct mill_pool *pool;
    atomic_int runs;
    int status;
};

static int gather_children(void *argument)
{
    struct gathering *gathering = argument;
    struct mill_future children[4];
    struct mill_future *future;
    struct mill_future_set set;
    int delivered = 0;
    mill_future_set_init(&set);
    for (int i = 0; i < 4; i++) {
        mill_future_init(&children[i], count, &gathering->runs);
        mill_pool_submit_future(gathering->pool, &children[i]);
        mill_future_set_add(&set, &children[i]);
    }
    while ((gathering->status = mill_future_set_next(&set, MILL_FOREVER, &future)) == 0) {
        delivered++;
    }
    mill_future_set_destroy(&set);
    return delivered;
}

/* A worker that takes from a set runs other tasks meanwhile: else one worker would wait for ever. */
static void test_task_takes_from_a_set(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    need_shape(ops, MILL_POOL_NO_ASSIST | MILL_POOL_NO_NESTING);
    for (unsigned workers = 1; workers <= 3; workers += 2) {
        struct gathering gathering = {.pool = pool_of(ops, workers, 0)};
        struct mill_future future;
        int result = 0;
        submit_future(gathering.pool, &future, gather_children, &gathering);
        assert_int_equal(mill_future_wait(&future, MILL_FOREVER, &result), 0);
        assert_int_equal(result, 4);
        assert_int_equal(gathering.runs, 4);
        assert_int_equal(gathering.status, -ENOENT);
        end_pool(gathering.pool);
    }
}

#define EACH(ident)                                                                                       \
    {"refuses nonsense: " #ident, test_refuses_nonsense, NULL, NULL, MILL_POOL_TABLE(ident)},             \
        {"result or error: " #ident, test_result_or_error, NULL, NULL, MILL_POOL_TABLE(ident)},           \
        {"submitted again: " #ident, test_submitted_again, NULL, NULL, MILL_POOL_TABLE(ident)},           \
        {"waits no longer than told: " #ident, test_waits_no_longer_than_told, NULL, NULL,                \
         MILL_POOL_TABLE(ident)},                                                                         \
        {"cancels what has not started: " #ident, test_cancels_what_has_not_started, NULL, NULL,          \
         MILL_POOL_TABLE(ident)},                                                                         \
        {"cancel against start: " #ident, test_cancel_against_start, NULL, NULL, MILL_POOL_TABLE(ident)}, \
        {"delivers in order: " #ident, test_delivers_in_order_of_completion, NULL, NULL,                  \
         MILL_POOL_TABLE(ident)},                                                                         \
        {"delivers each once: " #ident, test_delivers_each_once, NULL, NULL, MILL_POOL_TABLE(ident)},     \
        {"task takes from a set: " #ident, test_task_takes_from_a_set, NULL, NULL, MILL_POOL_TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {MILL_POOLS(EACH)};
    return cmocka_run_group_tests_name("future", tests, NULL, NULL);
}

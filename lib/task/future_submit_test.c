/* Futures that others wait for, cancel or collect while they are being submitted. One thread plays the others
 * too: before a swap of the state, or behind it, where they could have come.
 */
#include "task/test_pool.h"

static _Thread_local void (*before_swap)(void); /* the test's own thread plays; workers do not */
static _Thread_local void (*behind_swap)(void);

static void play(void (**others)(void))
{
    void (*once)(void) = *others;
    *others = NULL;
    if (once) {
        once();
    }
}

// NOLINTNEXTLINE(readability-non-const-parameter): the exchange writes it
static bool played_swap(_Atomic uint32_t *state, uint32_t *expected, uint32_t desired, memory_order success,
                        memory_order failure)
{
    play(&before_swap);
    bool swapped = atomic_compare_exchange_strong_explicit(state, expected, desired, success, failure);
    play(&behind_swap);
    return swapped;
}

#undef atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_weak_explicit played_swap
#include "task/future.c" // NOLINT(bugprone-suspicious-include)

static struct mill_future future;
static struct mill_future_set set;
static atomic_int runs;
static int status; /* what the others were told */

static void wait_a_moment(void)
{
    status = mill_future_wait(&future, 0, NULL);
}

static void cancel(void)
{
    status = mill_future_cancel(&future);
}

static void collect(void)
{
    status = mill_future_set_add(&set, &future);
}

/* What submit says when others do something between its swap and the pool's part. */
static int submit_beside(struct mill_pool *pool, void (*others)(void))
{
    status = 1;
    behind_swap = others;
    int submitted = mill_pool_submit_future(pool, &future);
    assert_null(behind_swap);
    return submitted;
}

static struct mill_pool *open_pool(void)
{
    atomic_store(&runs, 0);
    assert_int_equal(mill_future_init(&future, count, &runs), 0);
    return pool_of(&mill_pool_stealing, 1, 0);
}

/* One that takes nothing. */
static struct mill_pool *ended_pool(void)
{
    struct mill_pool *pool = open_pool();
    assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_DRAIN, MILL_FOREVER), 0);
    return pool;
}

static void assert_cancelled(void)
{
    int result = 0;
    assert_int_equal(mill_future_wait(&future, 0, &result), 0);
    assert_int_equal(result, -ECANCELED);
    assert_int_equal(mill_future_retire(&future, 0), 0);
    assert_int_equal(runs, 0);
}

/* ---- by a pool that takes it ---- */

static void test_waited_for(void **state)
{
    (void)state;
    struct mill_pool *pool = open_pool();
    assert_int_equal(submit_beside(pool, wait_a_moment), 0);
    assert_int_equal(status, -ETIMEDOUT);
    assert_int_equal(mill_future_wait(&future, MILL_FOREVER, NULL), 0);
    assert_int_equal(runs, 1);
    end_pool(pool);
}

static void test_cancelled(void **state)
{
    (void)state;
    struct mill_pool *pool = open_pool();
    assert_int_equal(submit_beside(pool, cancel), 0);
    assert_int_equal(status, 0);
    assert_int_equal(mill_future_retire(&future, MILL_FOREVER), 0);
    assert_cancelled();
    assert_int_equal(mill_pool_submit_future(pool, &future), 0);
    end_pool(pool);
    assert_int_equal(runs, 1);
}

/* ---- by one that does not ---- */

static void test_refused(void **state)
{
    (void)state;
    struct mill_pool *pool = ended_pool();
    assert_int_equal(mill_pool_submit_future(pool, &future), -EPIPE);
    assert_int_equal(mill_future_wait(&future, 20 * MILL_NS_PER_S, NULL), -EINVAL); /* never submitted */
    assert_int_equal(mill_future_cancel(&future), -EINVAL);
    assert_int_equal(mill_future_retire(&future, 0), 0);
    assert_int_equal(mill_pool_destroy(pool), 0);
}

static void test_refused_keeps_its_result(void **state)
{
    (void)state;
    int forty_two = 42;
    int result = 0;
    struct mill_pool *pool = open_pool();
    assert_int_equal(mill_future_init(&future, answer, &forty_two), 0);
    assert_int_equal(mill_pool_submit_future(pool, &future), 0);
    assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_DRAIN, MILL_FOREVER), 0);
    assert_int_equal(mill_pool_submit_future(pool, &future), -EPIPE);
    assert_int_equal(mill_future_wait(&future, 0, &result), 0);
    assert_int_equal(result, 42);
    assert_int_equal(mill_pool_destroy(pool), 0);
}

static void test_refused_while_waited_for(void **state)
{
    (void)state;
    struct mill_pool *pool = ended_pool();
    assert_int_equal(submit_beside(pool, wait_a_moment), -EPIPE);
    assert_int_equal(status, -ETIMEDOUT);
    assert_cancelled();
    assert_int_equal(mill_pool_destroy(pool), 0);
}

static void test_refused_and_cancelled(void **state)
{
    (void)state;
    struct mill_pool *pool = ended_pool();
    assert_int_equal(submit_beside(pool, cancel), -EPIPE);
    assert_int_equal(status, 0);
    assert_cancelled();
    assert_int_equal(mill_pool_destroy(pool), 0);
    pool = pool_of(&mill_pool_stealing, 1, 0);
    assert_int_equal(mill_pool_submit_future(pool, &future), 0); /* it is whole */
    end_pool(pool);
    assert_int_equal(runs, 1);
}

static void test_refused_in_a_set(void **state)
{
    (void)state;
    struct mill_future *next = NULL;
    struct mill_pool *pool = ended_pool();
    assert_int_equal(mill_future_set_init(&set), 0);
    assert_int_equal(submit_beside(pool, collect), -EPIPE);
    assert_int_equal(status, 0);
    assert_int_equal(mill_future_set_next(&set, 0, &next), 0);
    assert_ptr_equal(next, &future);
    assert_cancelled();
    assert_int_equal(mill_future_set_destroy(&set), 0);
    assert_int_equal(mill_pool_destroy(pool), 0);
}

static void refuse(void)
{
    atomic_store(&future.state, IDLE);
}

/* It is refused when somebody who has seen it queued is about to sleep: who would wake him? */
static void test_refused_before_a_sleep(void **state)
{
    (void)state;
    struct mill_pool *pool = ended_pool();
    atomic_store(&future.pool, pool);
    for (int retires = 0; retires < 2; retires++) {
        atomic_store(&future.state, QUEUED);
        before_swap = refuse;
        int told = retires ? mill_future_retire(&future, 20 * MILL_NS_PER_S)
                           : mill_future_wait(&future, 20 * MILL_NS_PER_S, NULL);
        assert_int_equal(told, retires ? 0 : -EINVAL);
        assert_null(before_swap);
    }
    assert_int_equal(mill_pool_destroy(pool), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waited_for),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_keeps_its_result),
        cmocka_unit_test(test_refused_while_waited_for),
        cmocka_unit_test(test_refused_and_cancelled),
        cmocka_unit_test(test_refused_in_a_set),
        cmocka_unit_test(test_refused_before_a_sleep),
    };
    return cmocka_run_group_tests_name("future_submit", tests, NULL, NULL);
}

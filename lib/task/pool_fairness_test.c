/* None is left for ever while others come: a task that submits itself again and again keeps a worker busy,
 * and the one that is looked for stands in each of the places where it could be forgotten.
 */
#include "task/pool_strategy.h"
#include "task/test_pool.h"

/* Only a test that fails gets there. */
#define PATIENCE (60 * MILL_NS_PER_S)

#define DEPTH    (MILL_FAIR_ASSISTS + 4)

/* What goes wrong in a task is written down, and asserted when the pool has ended. */
struct crowd {
    struct mill_pool *pool;
    struct mill_task again;  /* comes for ever */
    struct mill_future left; /* what is looked for */
    struct mill_future host; /* submits it */
    struct mill_future nest[DEPTH];
    atomic_uint deep; /* of `nest`, how many wait in each other */
    atomic_bool ran, over;
    atomic_int status; /* of a submit or a wait that failed */
};

static void note(struct crowd *crowd, int status)
{
    if (status < 0) {
        atomic_store(&crowd->status, status);
    }
}

static int come_again(void *argument)
{
    struct crowd *crowd = argument;
    if (!atomic_load(&crowd->over)) {
        int status = mill_pool_submit(crowd->pool, &crowd->again);
        note(crowd, status == -EPIPE && atomic_load(&crowd->over) ? 0 : status);
    }
    return 0;
}

static int run_left(void *argument)
{
    struct crowd *crowd = argument;
    atomic_store(&crowd->ran, true);
    return 0;
}

static void open_crowd(struct crowd *crowd, const struct mill_pool_ops *ops, unsigned workers)
{
    memset(crowd, 0, sizeof *crowd);
    crowd->pool = pool_of(ops, workers, 0);
    crowd->again = (struct mill_task){.run = come_again, .argument = crowd};
    assert_int_equal(mill_future_init(&crowd->left, run_left, crowd), 0);
}

/* Has it run, or does it before patience is over? */
static void end_crowd(struct crowd *crowd, struct mill_future *awaited)
{
    note(crowd, mill_future_wait(awaited, PATIENCE, NULL));
    bool ran = atomic_load(&crowd->ran);
    atomic_store(&crowd->over, true);
    end_pool(crowd->pool);
    assert_int_equal(crowd->status, 0);
    assert_true(ran);
}

static const struct mill_pool_ops *need_nesting(void **state, unsigned lacks)
{
    const struct mill_pool_ops *ops = need(state);
    need_shape(ops, MILL_POOL_NO_NESTING | lacks);
    return ops;
}

/* One worker, which always has a task of its own. */
static void test_from_outside(void **state)
{
    struct crowd crowd;
    open_crowd(&crowd, need_nesting(state, 0), 1);
    note(&crowd, mill_pool_submit(crowd.pool, &crowd.again));
    note(&crowd, mill_pool_submit_future(crowd.pool, &crowd.left));
    end_crowd(&crowd, &crowd.left);
}

static int leave_one(void *argument)
{
    struct crowd *crowd = argument;
    note(crowd, mill_pool_submit_future(crowd->pool, &crowd->left));
    note(crowd, mill_pool_submit(crowd->pool, &crowd->again));
    return 0;
}

/* One worker, and it stands below the others of its own. */
static void test_under_its_own(void **state)
{
    struct crowd crowd;
    open_crowd(&crowd, need_nesting(state, 0), 1);
    assert_int_equal(mill_future_init(&crowd.host, leave_one, &crowd), 0);
    note(&crowd, mill_pool_submit_future(crowd.pool, &crowd.host));
    note(&crowd, mill_future_wait(&crowd.host, PATIENCE, NULL));
    end_crowd(&crowd, &crowd.left);
}

static int watch_one(void *argument)
{
    struct crowd *crowd = argument;
    note(crowd, mill_pool_submit_future(crowd->pool, &crowd->left));
    while (!atomic_load(&crowd->ran) && !atomic_load(&crowd->over)) {
        sched_yield();
    }
    return 0;
}

/* It stands with a worker that does nothing else till it has run; and the other one is busy. */
static void test_with_a_busy_worker(void **state)
{
    struct crowd crowd;
    open_crowd(&crowd, need_nesting(state, MILL_POOL_NO_RENDEZVOUS), 2);
    note(&crowd, mill_pool_submit(crowd.pool, &crowd.again));
    assert_int_equal(mill_future_init(&crowd.host, watch_one, &crowd), 0);
    note(&crowd, mill_pool_submit_future(crowd.pool, &crowd.host));
    end_crowd(&crowd, &crowd.host);
}

static int go_deeper(void *argument)
{
    struct crowd *crowd = argument;
    unsigned deep = atomic_fetch_add(&crowd->deep, 1) + 1;
    struct mill_future *next = deep < DEPTH ? &crowd->nest[deep] : &crowd->left;
    note(crowd, mill_pool_submit_future(crowd->pool, next));
    if (deep == DEPTH) {
        note(crowd, mill_pool_submit(crowd->pool, &crowd->again));
    }
    note(crowd, mill_future_wait(next, PATIENCE, NULL));
    return 0;
}

/* One worker, which waits for it deep inside other waits. */
static void test_for_one_that_waits_deeply(void **state)
{
    struct crowd crowd;
    open_crowd(&crowd, need_nesting(state, MILL_POOL_NO_ASSIST), 1);
    for (int i = 0; i < DEPTH; i++) {
        assert_int_equal(mill_future_init(&crowd.nest[i], go_deeper, &crowd), 0);
    }
    note(&crowd, mill_pool_submit_future(crowd.pool, &crowd.nest[0]));
    end_crowd(&crowd, &crowd.nest[0]);
}

#define EACH(ident)                                                                                   \
    {"from outside: " #ident, test_from_outside, NULL, NULL, MILL_POOL_TABLE(ident)},                 \
        {"under its own: " #ident, test_under_its_own, NULL, NULL, MILL_POOL_TABLE(ident)},           \
        {"with a busy worker: " #ident, test_with_a_busy_worker, NULL, NULL, MILL_POOL_TABLE(ident)}, \
        {"for one that waits deeply: " #ident, test_for_one_that_waits_deeply, NULL, NULL,            \
         MILL_POOL_TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {MILL_POOLS(EACH)};
    return cmocka_run_group_tests_name("pool_fairness", tests, NULL, NULL);
}

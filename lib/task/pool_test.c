#include "task/test_pool.h"

/* ---- life and death ---- */

static void test_refuses_nonsense(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    struct mill_pool *pool = NULL;
    struct mill_pool_options options = {.workers = 2};
    assert_int_equal(mill_pool_create(NULL, &options, &pool), -EINVAL);
    assert_int_equal(mill_pool_create(ops, NULL, &pool), -EINVAL);
    assert_int_equal(mill_pool_create(ops, &options, NULL), -EINVAL);
    options.workers = 0;
    assert_int_equal(mill_pool_create(ops, &options, &pool), -EINVAL);
    options.workers = MILL_POOL_WORKERS_MAX + 1;
    assert_int_equal(mill_pool_create(ops, &options, &pool), -EINVAL);
    options = (struct mill_pool_options){.workers = 1, .spin_ns = -1};
    assert_int_equal(mill_pool_create(ops, &options, &pool), -EINVAL);
    assert_null(pool);

    pool = pool_of(ops, 1, 0);
    struct mill_task nothing = {0};
    assert_int_equal(mill_pool_submit(pool, NULL), -EINVAL);
    assert_int_equal(mill_pool_submit(pool, &nothing), -EINVAL);
    assert_int_equal(mill_pool_submit(NULL, &nothing), -EINVAL);
    assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_DRAIN, -1), -EINVAL);
    assert_int_equal(mill_pool_shutdown(NULL, MILL_POOL_DRAIN, 0), -EINVAL);
    assert_int_equal(mill_pool_shutdown(pool, (enum mill_pool_end)7, 0), -EINVAL);
    assert_int_equal(mill_pool_destroy(NULL), 0);
    end_pool(pool);
}

static void test_starts_and_stops_twice(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    for (int round = 0; round < 2; round++) {
        struct mill_pool *pool = pool_of(ops, 2, 0);
        assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_DRAIN, MILL_FOREVER), 0);
        assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_CANCEL, MILL_FOREVER), 0);
        assert_int_equal(mill_pool_destroy(pool), 0);
        assert_int_equal(mill_pool_destroy(pool_of(ops, 2, MILL_POOL_SPIN)), 0); /* without shutdown */
    }
}

#define EACH_SUBMITS 2000

struct submitter {
    struct mill_pool *pool;
    int refused; /* how many submits were */
    atomic_int runs[EACH_SUBMITS];
    struct mill_task tasks[EACH_SUBMITS];
    pthread_t thread;
};

static void *submit_many(void *argument)
{
    struct submitter *submitter = argument;
    for (int i = 0; i < EACH_SUBMITS; i++) {
        submitter->tasks[i] = (struct mill_task){.run = count, .argument = &submitter->runs[i]};
        submitter->refused += mill_pool_submit(submitter->pool, &submitter->tasks[i]) != 0;
    }
    return NULL;
}

static void run_all_once(const struct mill_pool_ops *ops, unsigned workers, int64_t spin_ns)
{
    static struct submitter submitters[2];
    struct mill_pool *pool = pool_of(ops, workers, spin_ns);
    memset(submitters, 0, sizeof submitters);
    for (int i = 0; i < 2; i++) {
        submitters[i].pool = pool;
        assert_int_equal(pthread_create(&submitters[i].thread, NULL, submit_many, &submitters[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(submitters[i].thread, NULL);
    }
    assert_int_equal(submitters[0].refused + submitters[1].refused, 0);
    assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_DRAIN, MILL_FOREVER), 0);
    for (int i = 0; i < 2 * EACH_SUBMITS; i++) {
        assert_int_equal(submitters[i / EACH_SUBMITS].runs[i % EACH_SUBMITS], 1);
    }
    struct mill_pool_metrics metrics;
    mill_pool_read(pool, &metrics);
    assert_int_equal(metrics.done, 2 * EACH_SUBMITS);
    assert_int_equal(metrics.failed + metrics.cancelled, 0);
    assert_int_equal(mill_pool_destroy(pool), 0);
}

static void test_runs_each_once(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    run_all_once(ops, 2, MILL_POOL_SPIN);
    run_all_once(ops, 1, 0);
    run_all_once(ops, 8, 0);
    run_all_once(ops, 3, MILL_FOREVER);
}

static void test_stops_while_busy(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    need_shape(ops, MILL_POOL_NO_TIMEOUT);
    struct mill_pool *pool = pool_of(ops, 1, 0);
    struct blocker blocker;
    atomic_int runs = 0;
    struct mill_task late = {.run = count, .argument = &runs};
    block_worker(&blocker, pool);
    assert_int_equal(mill_pool_submit(pool, &late), 0);
    assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_DRAIN, 0), -ETIMEDOUT);
    assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_DRAIN, MILL_NS_PER_MS), -ETIMEDOUT);
    struct mill_task refused = {.run = count, .argument = &runs};
    assert_int_equal(mill_pool_submit(pool, &refused), -EPIPE);
    unblock(&blocker);
    end_pool(pool);
    assert_int_equal(runs, 1);
}

/* A task that submits while its pool drains. */
struct latecomer {
    struct mill_pool *pool;
    struct blocker *blocker;
    struct mill_task task, refused;
    int status;
};

static int submit_late(void *argument)
{
    struct latecomer *latecomer = argument;
    block(latecomer->blocker);
    latecomer->refused = (struct mill_task){.run = block, .argument = latecomer->blocker};
    latecomer->status = mill_pool_submit(latecomer->pool, &latecomer->refused);
    return 0;
}

static void test_refuses_its_own_tasks_while_it_drains(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    need_shape(ops, MILL_POOL_NO_TIMEOUT | MILL_POOL_NO_NESTING);
    struct blocker blocker;
    struct latecomer latecomer = {.pool = pool_of(ops, 1, 0), .blocker = &blocker};
    latecomer.task = (struct mill_task){.run = submit_late, .argument = &latecomer};
    sem_init(&blocker.entered, 0, 0);
    sem_init(&blocker.leave, 0, 0);
    assert_int_equal(mill_pool_submit(latecomer.pool, &latecomer.task), 0);
    assert_int_equal(mill_pool_shutdown(latecomer.pool, MILL_POOL_DRAIN, 0), -ETIMEDOUT);
    unblock(&blocker);
    end_pool(latecomer.pool);
    assert_int_equal(latecomer.status, -EPIPE);
}

static void drop_one(void *argument)
{
    atomic_fetch_add_explicit((atomic_int *)argument, 1, memory_order_relaxed);
}

#define LEFT 50

static void test_drops_what_is_left(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    need_shape(ops, MILL_POOL_NO_TIMEOUT);
    struct mill_pool *pool = pool_of(ops, 1, 0);
    static struct mill_future futures[LEFT];
    static struct mill_task tasks[LEFT];
    struct blocker blocker;
    atomic_int runs = 0;
    atomic_int drops = 0;
    block_worker(&blocker, pool);
    for (int i = 0; i < LEFT; i++) {
        mill_future_init(&futures[i], count, &runs);
        assert_int_equal(mill_pool_submit_future(pool, &futures[i]), 0);
        tasks[i] = (struct mill_task){.run = count, .argument = &drops, .drop = i % 2 ? drop_one : NULL};
        assert_int_equal(mill_pool_submit(pool, &tasks[i]), 0);
    }
    assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_CANCEL, 0), -ETIMEDOUT);
    unblock(&blocker);
    assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_CANCEL, MILL_FOREVER), 0);
    for (int i = 0; i < LEFT; i++) {
        int result = 0;
        assert_int_equal(mill_future_wait(&futures[i], 0, &result), 0);
        assert_int_equal(result, -ECANCELED);
    }
    assert_int_equal(runs, 0);
    assert_int_equal(drops, LEFT / 2);
    struct mill_pool_metrics metrics;
    mill_pool_read(pool, &metrics);
    assert_int_equal(metrics.done, 1);
    assert_int_equal(metrics.cancelled, 2 * LEFT);
    assert_int_equal(mill_pool_destroy(pool), 0);
}

/* ---- tasks of the pool that call it ---- */

struct inside {
    struct mill_pool *pool;
    struct mill_task child;
    struct mill_future future;
    atomic_int runs;
    int submitted, shut, destroyed, waited;
    bool knows; /* where it is */
};

static int use_own_pool(void *argument)
{
    struct inside *inside = argument;
    inside->knows = mill_pool_inside(inside->pool);
    inside->shut = mill_pool_shutdown(inside->pool, MILL_POOL_DRAIN, MILL_FOREVER);
    inside->destroyed = mill_pool_destroy(inside->pool);
    inside->waited = mill_future_wait(&inside->future, MILL_FOREVER, NULL);
    inside->child = (struct mill_task){.run = count, .argument = &inside->runs};
    inside->submitted = mill_pool_submit(inside->pool, &inside->child);
    return 0;
}

static void test_task_uses_its_own_pool(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    struct inside inside = {.pool = pool_of(ops, 1, 0)};
    assert_false(mill_pool_inside(inside.pool));
    mill_future_init(&inside.future, use_own_pool, &inside);
    assert_int_equal(mill_pool_submit_future(inside.pool, &inside.future), 0);
    assert_int_equal(mill_future_wait(&inside.future, MILL_FOREVER, NULL), 0);
    end_pool(inside.pool);
    assert_true(inside.knows);
    assert_int_equal(inside.shut, -EDEADLK);
    assert_int_equal(inside.destroyed, -EDEADLK);
    assert_int_equal(inside.waited, -EDEADLK); /* for itself */
    bool nests = !(ops->shape & MILL_POOL_NO_NESTING);
    assert_int_equal(inside.submitted, nests ? 0 : -ENOTSUP);
    assert_int_equal(inside.runs, nests ? 1 : 0);
}

struct fib {
    struct mill_pool *pool;
    int n;
    int64_t value;
};

/* How many tasks stand on the stack of the thread, and stood there at most. */
static _Thread_local unsigned standing;
static atomic_uint stood;

static int fib_here(struct fib *self);

static int fib(void *argument)
{
    standing++;
    if (standing > atomic_load(&stood)) {
        atomic_store(&stood, standing); /* to be read where there is but one worker */
    }
    int status = fib_here(argument);
    standing--;
    return status;
}

static int fib_here(struct fib *self)
{
    if (self->n < 2) {
        self->value = self->n;
        return 0;
    }
    struct fib left = {self->pool, self->n - 1, 0};
    struct fib right = {self->pool, self->n - 2, 0};
    struct mill_future future;
    mill_future_init(&future, fib, &left);
    int status = mill_pool_submit_future(self->pool, &future);
    if (status == 0) {
        fib_here(&right);
        status = mill_future_wait(&future, MILL_FOREVER, NULL);
    }
    self->value = left.value + right.value;
    return status;
}

static void grow_tree(const struct mill_pool_ops *ops, unsigned workers, int64_t spin_ns, int n,
                      int64_t value)
{
    struct fib root = {.pool = pool_of(ops, workers, spin_ns), .n = n};
    struct mill_future future;
    int result = -1;
    mill_future_init(&future, fib, &root);
    assert_int_equal(mill_pool_submit_future(root.pool, &future), 0);
    assert_int_equal(mill_future_wait(&future, MILL_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    assert_int_equal(root.value, value);
    end_pool(root.pool);
}

static void test_workers_wait_for_their_children(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    need_shape(ops, MILL_POOL_NO_ASSIST | MILL_POOL_NO_NESTING);
    grow_tree(ops, 1, 0, 14, 377);
    grow_tree(ops, 2, MILL_POOL_SPIN, 14, 377);
    grow_tree(ops, 4, 0, 14, 377);
}

/* A tree of some ten thousand tasks, 20 deep, stands on the stack about as deep as it is, although a worker
 * now and then takes an old task. */
static void test_tree_stands_upright(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    need_shape(ops, MILL_POOL_NO_ASSIST | MILL_POOL_NO_NESTING | MILL_POOL_OLDEST_FIRST);
    atomic_store(&stood, 0);
    grow_tree(ops, 1, 0, 20, 6765);
    assert_in_range(atomic_load(&stood), 20, 64);
}

/* A worker that waits for a task which another one runs sleeps, and comes back; or late. */
struct onlooker {
    struct mill_future *future;
    int status, timed;
};

static int look_on(void *argument)
{
    struct onlooker *onlooker = argument;
    onlooker->timed = mill_future_wait(onlooker->future, MILL_NS_PER_MS, NULL);
    onlooker->status = mill_future_wait(onlooker->future, MILL_FOREVER, NULL);
    return 0;
}

static void test_worker_waits_for_a_running_task(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    need_shape(ops, MILL_POOL_NO_ASSIST);
    struct mill_pool *pool = pool_of(ops, 3, 0);
    struct blocker blocker;
    struct mill_future blocked;
    sem_init(&blocker.entered, 0, 0);
    sem_init(&blocker.leave, 0, 0);
    mill_future_init(&blocked, block, &blocker);
    assert_int_equal(mill_pool_submit_future(pool, &blocked), 0);
    while (sem_wait(&blocker.entered) != 0) {
    }
    struct onlooker onlookers[2];
    struct mill_future futures[2];
    for (int i = 0; i < 2; i++) {
        onlookers[i] = (struct onlooker){.future = &blocked, .status = 1, .timed = 1};
        mill_future_init(&futures[i], look_on, &onlookers[i]);
        assert_int_equal(mill_pool_submit_future(pool, &futures[i]), 0);
    }
    assert_int_equal(mill_future_wait(&blocked, 5 * MILL_NS_PER_MS, NULL), -ETIMEDOUT);
    unblock(&blocker);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mill_future_wait(&futures[i], MILL_FOREVER, NULL), 0);
        assert_int_equal(onlookers[i].status, 0);
        assert_true(onlookers[i].timed == -ETIMEDOUT || onlookers[i].timed == 0);
    }
    end_pool(pool);
}

/* ---- no task waits behind a task that waits for it ---- */

struct meeting {
    sem_t here, there;
};

static int arrive(void *argument)
{
    struct meeting *meeting = argument;
    sem_post(&meeting->here);
    while (sem_wait(&meeting->there) != 0) {
    }
    return 0;
}

static int answer_arrival(void *argument)
{
    struct meeting *meeting = argument;
    while (sem_wait(&meeting->here) != 0) {
    }
    sem_post(&meeting->there);
    return 0;
}

#define EMPTIES 3000

/* After a stream of short tasks, which may have taught the pool to leave workers asleep. */
static void test_every_worker_wakes_for_work(void **state)
{
    const struct mill_pool_ops *ops = need(state);
    need_shape(ops, MILL_POOL_NO_RENDEZVOUS);
    static struct mill_task empties[EMPTIES];
    struct meeting meetings[2];
    struct mill_pool *pool = pool_of(ops, 4, 0);
    for (int round = 0; round < 3; round++) {
        atomic_int runs = 0;
        for (int i = 0; i < EMPTIES; i++) {
            empties[i] = (struct mill_task){.run = count, .argument = &runs};
            assert_int_equal(mill_pool_submit(pool, &empties[i]), 0);
        }
        struct mill_future last[4];
        for (int i = 0; i < 4; i++) {
            struct meeting *meeting = &meetings[i / 2];
            if (i % 2 == 0) {
                sem_init(&meeting->here, 0, 0);
                sem_init(&meeting->there, 0, 0);
            }
            mill_future_init(&last[i], i % 2 ? answer_arrival : arrive, meeting);
            assert_int_equal(mill_pool_submit_future(pool, &last[i]), 0);
        }
        for (int i = 0; i < 4; i++) {
            assert_int_equal(mill_future_wait(&last[i], MILL_FOREVER, NULL), 0);
        }
        while (atomic_load(&runs) < EMPTIES) {
            sched_yield();
        }
    }
    end_pool(pool);
}

#define EACH(ident)                                                                                          \
    {"refuses nonsense: " #ident, test_refuses_nonsense, NULL, NULL, MILL_POOL_TABLE(ident)},                \
        {"starts and stops twice: " #ident, test_starts_and_stops_twice, NULL, NULL,                         \
         MILL_POOL_TABLE(ident)},                                                                            \
        {"runs each once: " #ident, test_runs_each_once, NULL, NULL, MILL_POOL_TABLE(ident)},                \
        {"stops while busy: " #ident, test_stops_while_busy, NULL, NULL, MILL_POOL_TABLE(ident)},            \
        {"refuses its own while it drains: " #ident, test_refuses_its_own_tasks_while_it_drains, NULL, NULL, \
         MILL_POOL_TABLE(ident)},                                                                            \
        {"drops what is left: " #ident, test_drops_what_is_left, NULL, NULL, MILL_POOL_TABLE(ident)},        \
        {"task uses its own pool: " #ident, test_task_uses_its_own_pool, NULL, NULL,                         \
         MILL_POOL_TABLE(ident)},                                                                            \
        {"workers wait for their children: " #ident, test_workers_wait_for_their_children, NULL, NULL,       \
         MILL_POOL_TABLE(ident)},                                                                            \
        {"tree stands upright: " #ident, test_tree_stands_upright, NULL, NULL, MILL_POOL_TABLE(ident)},      \
        {"worker waits for a running task: " #ident, test_worker_waits_for_a_running_task, NULL, NULL,       \
         MILL_POOL_TABLE(ident)},                                                                            \
        {"every worker wakes for work: " #ident, test_every_worker_wakes_for_work, NULL, NULL,               \
         MILL_POOL_TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {MILL_POOLS(EACH)};
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}

/* First come, first served, of every lock that claims it. */
#include <sched.h>
#include <stdatomic.h>

#include "sync/test_locks.h"

/* A waiter has its place once it has written to the shared lock: a lock that serves in order of arrival has
 * to decide the order there. So the test holds the lock, starts one waiter, and starts the next only after
 * the lock's bytes have changed. No time is involved, and nothing of the strategies' insides but that.
 */
struct queue {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    unsigned served;             /* protected by `lock` */
    unsigned order[MAX_THREADS]; /* protected by `lock` */
};

struct waiter {
    struct queue *queue;
    unsigned index;
};

static void *wait_in_line(void *argument)
{
    struct waiter *waiter = argument;
    struct queue *queue = waiter->queue;
    struct mill_lock_context me;
    mill_lock_acquire(queue->ops, queue->lock, &me);
    queue->order[queue->served++] = waiter->index;
    mill_lock_release(queue->ops, queue->lock, &me);
    return NULL;
}

/* Copies the lock byte by byte while others write it. Relaxed: nothing is concluded but that it changed. */
static void look(const struct queue *queue, unsigned char *copy)
{
    const atomic_uchar *bytes = (const atomic_uchar *)(const void *)queue->lock;
    for (size_t i = 0; i < MILL_ISOLATION; i++) {
        copy[i] = atomic_load_explicit(&bytes[i], memory_order_relaxed);
    }
}

/* Whether the waiters were served in the order in which they came. */
static bool serves_in_order(const struct mill_lock_ops *ops)
{
    struct queue queue = {.ops = ops};
    assert_int_equal(mill_lock_create(ops, &queue.lock), 0);
    unsigned char before[MILL_ISOLATION];
    unsigned char after[MILL_ISOLATION];

    struct mill_lock_context me;
    mill_lock_acquire(ops, queue.lock, &me);
    pthread_t thread[MAX_THREADS];
    struct waiter waiters[MAX_THREADS];
    for (unsigned i = 0; i < MAX_THREADS; i++) {
        look(&queue, before);
        waiters[i] = (struct waiter){.queue = &queue, .index = i};
        start(&thread[i], wait_in_line, &waiters[i]);
        do {
            sched_yield();
            look(&queue, after);
        } while (memcmp(before, after, sizeof before) == 0);
    }
    mill_lock_release(ops, queue.lock, &me);

    for (unsigned i = 0; i < MAX_THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
    mill_lock_destroy(ops, queue.lock);
    bool in_order = queue.served == MAX_THREADS;
    for (unsigned i = 0; i < queue.served; i++) {
        in_order = in_order && queue.order[i] == i;
    }
    return in_order;
}

static void test_order(void **state)
{
    const struct mill_lock_ops *ops = *state;
    need(ops);
    if (!(ops->about.traits & MILL_FAIR)) {
        print_message("%s: promises no order\n", ops->about.name);
        skip();
    }
    assert_true(serves_in_order(ops));
}

/* A lock that serves the last to come first: `arrived` hands out places, `held` names the place whose turn it
 * is. */
struct mill_lock {
    atomic_uint held;
    atomic_uint arrived;
};

static void acquire_last_first(struct mill_lock *lock, struct mill_lock_context *me)
{
    unsigned place = atomic_fetch_add(&lock->arrived, 1);
    memcpy(me->node, &place, sizeof place);
    while (place > 0 && atomic_load(&lock->held) != place) {
        sched_yield();
    }
}

static void release_last_first(struct mill_lock *lock, struct mill_lock_context *me)
{
    unsigned place;
    memcpy(&place, me->node, sizeof place);
    atomic_store(&lock->held, place == 0 ? MAX_THREADS : place - 1);
}

static void test_order_catches_a_lock_without(void **state)
{
    (void)state;
    static const struct mill_lock_ops last_first = {
        .about = {.name = "last-first", .traits = MILL_CONTROL, .size = sizeof(struct mill_lock)},
        .acquire = acquire_last_first,
        .release = release_last_first,
    };
    assert_false(serves_in_order(&last_first));
}

#define EACH(ident, name, peer) TEST_OF_LOCK("order", test_order, ident, name),

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_catches_a_lock_without), MILL_LOCKS(EACH)};
    return cmocka_run_group_tests_name("lock order", tests, NULL, NULL);
}

/* Giving up at a deadline, of every lock that can: never before it, with -ETIMEDOUT, and without a trace. */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

#include "core/pause.h"
#include "sync/test_locks.h"

#define SHORT_NS (2 * MILL_NS_PER_MS)
#define LONG_NS  (600 * MILL_NS_PER_S)

/* ---- a thread that waits, with or without a limit ---- */

struct waiter {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    int64_t limit_ns; /* MILL_FOREVER: acquire, which has none */
    atomic_bool begun;
    int status;
    bool early; /* gave up before its deadline */
    pthread_t thread;
};

static void *wait_for_lock(void *argument)
{
    struct waiter *waiter = argument;
    struct mill_lock_context context;
    struct mill_lock_context *me = if_used(waiter->ops, &context);
    uint64_t deadline = MILL_NO_DEADLINE;
    if (waiter->limit_ns == MILL_FOREVER) {
        atomic_store(&waiter->begun, true);
        mill_lock_acquire(waiter->ops, waiter->lock, me);
    } else {
        mill_deadline_after(waiter->limit_ns, &deadline);
        atomic_store(&waiter->begun, true);
        waiter->status = mill_lock_acquire_until(waiter->ops, waiter->lock, me, deadline);
        waiter->early = waiter->status == -ETIMEDOUT && mill_now_ns() < deadline;
    }
    if (waiter->status == 0) {
        mill_lock_release(waiter->ops, waiter->lock, me);
    }
    return NULL;
}

static void begin(struct waiter *waiter, const struct mill_lock_ops *ops, struct mill_lock *lock,
                  int64_t limit_ns)
{
    *waiter = (struct waiter){.ops = ops, .lock = lock, .limit_ns = limit_ns};
    start(&waiter->thread, wait_for_lock, waiter);
    while (!atomic_load(&waiter->begun)) {
        sched_yield();
    }
}

/* What acquire said, and -EINTR where it gave up too early. */
static int end(struct waiter *waiter)
{
    pthread_join(waiter->thread, NULL);
    return waiter->early ? -EINTR : waiter->status;
}

static int wait_alone(const struct mill_lock_ops *ops, struct mill_lock *lock, int64_t limit_ns)
{
    struct waiter waiter;
    begin(&waiter, ops, lock, limit_ns);
    return end(&waiter);
}

/* ---- properties ---- */

/* Gives up when it is held, with a passed deadline and with one to come, and does not when it is free. */
static bool gives_up_in_time(const struct mill_lock_ops *ops)
{
    struct mill_lock *lock;
    struct mill_lock_context context;
    struct mill_lock_context *me = if_used(ops, &context);
    assert_int_equal(mill_lock_create(ops, &lock), 0);
    bool good = wait_alone(ops, lock, 0) == 0 && wait_alone(ops, lock, LONG_NS) == 0;
    mill_lock_acquire(ops, lock, me);
    good = good && wait_alone(ops, lock, 0) == -ETIMEDOUT && wait_alone(ops, lock, SHORT_NS) == -ETIMEDOUT;
    mill_lock_release(ops, lock, me);
    good = good && wait_alone(ops, lock, 0) == 0;
    if (good) { /* by this thread itself, which waits for nobody: there is no deadline that could pass */
        good = mill_lock_acquire_until(ops, lock, me, MILL_NO_DEADLINE) == 0 &&
               wait_alone(ops, lock, 0) == -ETIMEDOUT;
        mill_lock_release(ops, lock, me);
    }
    mill_lock_destroy(ops, lock);
    return good;
}

/* Those that wait before and behind one that gives up are served, and so is who has time. */
static bool leaves_no_trace(const struct mill_lock_ops *ops)
{
    struct mill_lock *lock;
    struct mill_lock_context context;
    struct mill_lock_context *me = if_used(ops, &context);
    struct waiter before, impatient, behind, patient;
    assert_int_equal(mill_lock_create(ops, &lock), 0);
    mill_lock_acquire(ops, lock, me);
    begin(&before, ops, lock, MILL_FOREVER);
    begin(&impatient, ops, lock, SHORT_NS);
    begin(&behind, ops, lock, MILL_FOREVER);
    begin(&patient, ops, lock, LONG_NS);
    bool good = end(&impatient) == -ETIMEDOUT;
    mill_lock_release(ops, lock, me);
    good = end(&before) == 0 && end(&behind) == 0 && end(&patient) == 0 && good;
    good = wait_alone(ops, lock, 0) == 0 && good; /* it is free again */
    mill_lock_destroy(ops, lock);
    return good;
}

/* With limits so short that some are kept and some are not, it still keeps others out, and nobody hangs. */
struct mixed {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    uint64_t count; /* protected by `lock` */
    atomic_uint had;
};

static void *come_and_go(void *argument)
{
    struct mixed *mixed = argument;
    struct mill_lock_context context;
    struct mill_lock_context *me = if_used(mixed->ops, &context);
    for (unsigned i = 0; i < 200; i++) {
        uint64_t deadline;
        mill_deadline_after(i % 3 * 20 * MILL_NS_PER_US, &deadline);
        if (mill_lock_acquire_until(mixed->ops, mixed->lock, me, deadline) == 0) {
            mixed->count++;
            for (unsigned pauses = i % 8 * 200; pauses > 0; pauses--) {
                mill_pause();
            }
            atomic_fetch_add_explicit(&mixed->had, 1, memory_order_relaxed);
            mill_lock_release(mixed->ops, mixed->lock, me);
        }
    }
    return NULL;
}

static bool survives_a_crowd(const struct mill_lock_ops *ops)
{
    struct mixed mixed = {.ops = ops};
    pthread_t thread[3];
    assert_int_equal(mill_lock_create(ops, &mixed.lock), 0);
    for (unsigned i = 0; i < 3; i++) {
        start(&thread[i], come_and_go, &mixed);
    }
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(thread[i], NULL);
    }
    bool good = mixed.count == mixed.had && wait_alone(ops, mixed.lock, 0) == 0;
    mill_lock_destroy(ops, mixed.lock);
    return good;
}

static void test_timed(void **state)
{
    const struct mill_lock_ops *ops = *state;
    need(ops);
    if (!ops->acquire_until) {
        assert_int_equal(mill_lock_acquire_until(ops, NULL, NULL, 0), -ENOTSUP);
        print_message("%s: cannot give up\n", ops->about.name);
        skip();
    }
    assert_true(gives_up_in_time(ops));
    assert_true(leaves_no_trace(ops));
    assert_true(survives_a_crowd(ops));
}

/* ---- controls ---- */

struct mill_lock {
    atomic_uint next;
    atomic_uint owner;
};

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    unsigned mine = atomic_fetch_add(&lock->next, 1);
    while (atomic_load(&lock->owner) != mine) {
        sched_yield();
    }
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    atomic_fetch_add(&lock->owner, 1);
}

/* Leaves its number in the queue, which nobody will ever call on from. */
static int acquire_and_leave_number(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline)
{
    (void)me;
    unsigned mine = atomic_fetch_add(&lock->next, 1);
    while (atomic_load(&lock->owner) != mine) {
        if (mill_now_ns() >= deadline) {
            return -ETIMEDOUT;
        }
        sched_yield();
    }
    return 0;
}

static int give_up_at_once(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline)
{
    (void)me;
    (void)deadline;
    unsigned owner = atomic_load(&lock->owner);
    return atomic_compare_exchange_strong(&lock->next, &owner, owner + 1) ? 0 : -ETIMEDOUT;
}

static void test_traces_and_haste_are_caught(void **state)
{
    (void)state;
    struct mill_lock_ops broken = {
        .about = {.name = "broken", .traits = MILL_CONTROL, .size = sizeof(struct mill_lock)},
        .acquire = acquire,
        .acquire_until = acquire_and_leave_number,
        .release = release,
    };
    assert_false(gives_up_in_time(&broken));
    broken.acquire_until = give_up_at_once;
    assert_false(gives_up_in_time(&broken));
}

#define EACH(ident, name, peer) TEST_OF_LOCK("timed", test_timed, ident, name),

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_traces_and_haste_are_caught), MILL_LOCKS(EACH)};
    return cmocka_run_group_tests_name("timed locks", tests, NULL, NULL);
}

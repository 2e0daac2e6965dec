/* No wake is lost: whoever waits for a lock gets it once it is free, of every lock; those that park are
 * caught asleep first. A lock that loses one leaves its waiter for ever, so each is tried in a child, which
 * an alarm ends.
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "sync/futex.h"
#include "sync/test_locks.h"
#include "sync/test_sleep.h"

#define WAITERS 3u
#define TURNS   5u

struct waiter {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    _Atomic pid_t id; /* once it is about to wait */
    pthread_t thread;
};

static void *wait_for_lock(void *argument)
{
    struct waiter *waiter = argument;
    struct mill_lock_context context;
    struct mill_lock_context *me = if_used(waiter->ops, &context);
    atomic_store(&waiter->id, gettid());
    mill_lock_acquire(waiter->ops, waiter->lock, me);
    mill_lock_release(waiter->ops, waiter->lock, me);
    return NULL;
}

/* Ends only if nobody is left asleep. */
static void wake_all_in_turn(const struct mill_lock_ops *ops)
{
    struct mill_lock *lock;
    struct mill_lock_context context;
    struct mill_lock_context *me = if_used(ops, &context);
    assert_int_equal(mill_lock_create(ops, &lock), 0);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        struct waiter waiters[WAITERS];
        mill_lock_acquire(ops, lock, me);
        for (unsigned i = 0; i < WAITERS; i++) {
            waiters[i] = (struct waiter){.ops = ops, .lock = lock};
            start(&waiters[i].thread, wait_for_lock, &waiters[i]);
        }
        for (unsigned i = 0; i < WAITERS && (ops->about.traits & MILL_PARKS); i++) {
            mill_test_await_sleep(&waiters[i].id);
        }
        mill_lock_release(ops, lock, me);
        for (unsigned i = 0; i < WAITERS; i++) {
            pthread_join(waiters[i].thread, NULL);
        }
    }
    mill_lock_destroy(ops, lock);
}

static bool wakes_all(const struct mill_lock_ops *ops, unsigned limit_s)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(limit_s);
        wake_all_in_turn(ops);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGALRM);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_wakes(void **state)
{
    const struct mill_lock_ops *ops = *state;
    need(ops);
    if (ops->about.traits & MILL_EMPTY) {
        print_message("%s: has nobody wait\n", ops->about.name);
        skip();
    }
    assert_true(wakes_all(ops, 120));
}

/* ---- a control ---- */

struct mill_lock {
    _Atomic uint32_t state; /* 0: free, 1: held, 2: held, and somebody may be asleep */
};

/* A mistake with three states: who has slept takes the lock as if it were the only one that had. */
static void acquire_and_forget(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint32_t state = 0;
    while (!atomic_compare_exchange_strong(&lock->state, &state, 1)) {
        if (state == 2 || atomic_compare_exchange_strong(&lock->state, &state, 2)) {
            mill_futex_wait(&lock->state, 2);
        }
        state = 0;
    }
}

static void release_one(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    if (atomic_exchange(&lock->state, 0) == 2) {
        mill_futex_wake(&lock->state, 1);
    }
}

static void test_a_lost_wake_is_caught(void **state)
{
    (void)state;
    static const struct mill_lock_ops forgetful = {
        .about = {.name = "forgetful", .traits = MILL_CONTROL | MILL_PARKS, .size = sizeof(struct mill_lock)},
        .acquire = acquire_and_forget,
        .release = release_one,
    };
    if (MILL_UNDER_TSAN || MILL_UNDER_ASAN) {
        print_message("left out: it takes its seconds once, in the plain build\n");
        skip();
    }
    assert_false(wakes_all(&forgetful, 10));
    assert_false(wakes_all(&mill_lock_missing_wake, 10));
}

#define EACH(ident, name, peer) TEST_OF_LOCK("wakes", test_wakes, ident, name),

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_lost_wake_is_caught), MILL_LOCKS(EACH)};
    return cmocka_run_group_tests_name("lock wakes", tests, NULL, NULL);
}

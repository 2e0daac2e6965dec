/* What one holder did comes before what the next one does, whichever way each of them has come in: every way
 * to release beside every way to acquire, of every lock and read-write lock. The two threads meet by relaxed
 * atomics alone, so that nothing but the lock orders them; ThreadSanitizer is who looks. (In crowds one order
 * that is missing is often made up for by another.)
 */
#include <sched.h>
#include <stdatomic.h>

#include "core/peer.h"
#include "sync/rwlock_list.h"
#include "sync/test_locks.h"

#define ROUNDS 3u

/* The two sides of a pair: who comes in, touches `data`, and leaves. */
struct pair {
    const void *ops;
    void *lock;
    void (*first)(struct pair *pair);
    void (*second)(struct pair *pair);
    atomic_bool left; /* by the first; relaxed, like the next: it must not order what the lock should */
    atomic_bool over; /* for the second; the first lives on until then, since what has ended orders, too */
    uint64_t data;    /* protected by the lock, and by nothing else */
    uint64_t seen;
};

static void *be_first(void *argument)
{
    struct pair *pair = argument;
    pair->first(pair);
    atomic_store_explicit(&pair->left, true, memory_order_relaxed);
    while (!atomic_load_explicit(&pair->over, memory_order_relaxed)) {
        sched_yield();
    }
    return NULL;
}

static void *be_second(void *argument)
{
    struct pair *pair = argument;
    while (!atomic_load_explicit(&pair->left, memory_order_relaxed)) {
        sched_yield();
    }
    pair->second(pair);
    atomic_store_explicit(&pair->over, true, memory_order_relaxed);
    return NULL;
}

static void play(struct pair *pair)
{
    pthread_t threads[2];
    atomic_store(&pair->left, false);
    atomic_store(&pair->over, false);
    start(&threads[0], be_first, pair);
    start(&threads[1], be_second, pair);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
}

/* ---- locks ---- */

static void touch_and_release(struct pair *pair, struct mill_lock_context *me)
{
    pair->data++;
    mill_lock_release(pair->ops, pair->lock, me);
}

static void by_acquire(struct pair *pair)
{
    struct mill_lock_context me;
    mill_lock_acquire(pair->ops, pair->lock, &me);
    touch_and_release(pair, &me);
}

static void by_try(struct pair *pair)
{
    struct mill_lock_context me;
    while (mill_lock_try(pair->ops, pair->lock, &me) < 0) {
        sched_yield();
    }
    touch_and_release(pair, &me);
}

static void by_limit(struct pair *pair)
{
    struct mill_lock_context me;
    while (mill_lock_acquire_until(pair->ops, pair->lock, &me, 0) < 0) {
        sched_yield();
    }
    touch_and_release(pair, &me);
}

static void play_lock(const struct mill_lock_ops *ops)
{
    void (*const ways[])(struct pair *) = {by_acquire, ops->try_acquire ? by_try : NULL,
                                           ops->acquire_until ? by_limit : NULL};
    struct pair pair = {.ops = ops};
    struct mill_lock *lock;
    uint64_t plays = 0;
    assert_int_equal(mill_lock_create(ops, &lock), 0);
    pair.lock = lock;
    for (unsigned i = 0; i < ROUNDS * 9; i++) {
        pair.first = ways[i / 3 % 3];
        pair.second = ways[i % 3];
        if (pair.first && pair.second) {
            play(&pair);
            plays++;
        }
    }
    mill_lock_destroy(ops, lock);
    assert_int_equal(pair.data, 2 * plays);
}

static void test_lock(void **state)
{
    const struct mill_lock_ops *ops = *state;
    need(ops);
    if (ops->about.traits & MILL_EMPTY) {
        print_message("%s: orders nothing\n", ops->about.name);
        skip();
    }
    play_lock(ops);
}

/* ---- read-write locks ---- */

static void leave_read(struct pair *pair, struct mill_rwlock_context *me)
{
    pair->seen = pair->data;
    mill_rwlock_read_release(pair->ops, pair->lock, me);
}

static void leave_write(struct pair *pair, struct mill_rwlock_context *me)
{
    pair->data++;
    mill_rwlock_write_release(pair->ops, pair->lock, me);
}

/* Twice: some locks let a reader in another way once one has been inside. */
static void by_read(struct pair *pair)
{
    struct mill_rwlock_context me;
    for (int again = 0; again < 2; again++) {
        mill_rwlock_read_acquire(pair->ops, pair->lock, &me);
        leave_read(pair, &me);
    }
}

static void by_read_try(struct pair *pair)
{
    struct mill_rwlock_context me;
    for (int again = 0; again < 2; again++) {
        while (mill_rwlock_read_try(pair->ops, pair->lock, &me) < 0) {
            sched_yield();
        }
        leave_read(pair, &me);
    }
}

static void by_write(struct pair *pair)
{
    struct mill_rwlock_context me;
    mill_rwlock_write_acquire(pair->ops, pair->lock, &me);
    leave_write(pair, &me);
}

static void by_write_try(struct pair *pair)
{
    struct mill_rwlock_context me;
    while (mill_rwlock_write_try(pair->ops, pair->lock, &me) < 0) {
        sched_yield();
    }
    leave_write(pair, &me);
}

static bool reads(void (*way)(struct pair *pair))
{
    return way == by_read || way == by_read_try;
}

static void play_rwlock(const struct mill_rwlock_ops *ops)
{
    void (*const ways[])(struct pair *) = {by_write, by_read, ops->read_try ? by_read_try : NULL,
                                           ops->write_try ? by_write_try : NULL};
    struct pair pair = {.ops = ops};
    struct mill_rwlock *lock;
    assert_int_equal(mill_rwlock_create(ops, &lock), 0);
    pair.lock = lock;
    for (unsigned i = 0; i < ROUNDS * 16; i++) {
        pair.first = ways[i / 4 % 4];
        pair.second = ways[i % 4];
        /* two that read are ordered by nobody, and need not be */
        if (pair.first && pair.second && !(reads(pair.first) && reads(pair.second))) {
            uint64_t before = pair.data;
            play(&pair);
            assert_int_equal(pair.data, before + !reads(pair.first) + !reads(pair.second));
        }
    }
    mill_rwlock_destroy(ops, lock);
}

static void test_rwlock(void **state)
{
    const struct mill_rwlock_ops *ops = *state;
    if (ops->about.missing) {
        print_message("%s: %s\n", ops->about.name, ops->about.missing);
        skip();
    }
    if (MILL_UNDER_TSAN && (ops->about.traits & MILL_HIDES_ATOMICS)) {
        print_message("%s: ThreadSanitizer cannot see into it\n", ops->about.name);
        skip();
    }
    play_rwlock(ops);
}

/* ---- a control ---- */

/* Its report ends the child, and is nobody's to read. */
static bool child_fails(const struct mill_lock_ops *ops)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        play_lock(ops);
        exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void test_a_missing_order_is_seen(void **state)
{
    (void)state;
    if (!MILL_UNDER_TSAN) {
        print_message("left out: ThreadSanitizer alone sees it\n");
        skip();
    }
    assert_false(child_fails(&mill_lock_ttas));
    assert_true(child_fails(&mill_lock_missing_fence));
}

#define EACH(ident, name, peer) TEST_OF_LOCK("pairs", test_lock, ident, name),
#define EACH_RWLOCK(ident, name, peer) \
    {"read-write pairs: " name, test_rwlock, NULL, NULL, (void *)(uintptr_t)&mill_rwlock_##ident},

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_missing_order_is_seen),
                                       MILL_LOCKS(EACH) MILL_RIGHT_RWLOCKS(EACH_RWLOCK)};
    return cmocka_run_group_tests_name("lock pairs", tests, NULL, NULL);
}

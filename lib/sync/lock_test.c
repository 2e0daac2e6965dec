/* Every lock: its table, that it keeps others out, and that it can be tried. Its order, its time limits, its
 * wakes and its misuse have tests of their own.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

#include "core/peer.h"
#include "sync/test_locks.h"

/* ---- mutual exclusion ---- */

struct exclusion {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    unsigned operations; /* of each thread */
    atomic_uint ready;   /* threads that have arrived */
    unsigned threads;
    uint64_t count;     /* protected by `lock`, and by nothing else */
    atomic_uint inside; /* relaxed throughout: it must not order what the lock should */
    atomic_uint overlaps;
};

static void *exclude(void *argument)
{
    struct exclusion *run = argument;
    atomic_fetch_add_explicit(&run->ready, 1, memory_order_relaxed);
    while (atomic_load_explicit(&run->ready, memory_order_relaxed) < run->threads) {
        sched_yield();
    }
    struct mill_lock_context context;
    struct mill_lock_context *me = if_used(run->ops, &context);
    for (unsigned i = 0; i < run->operations; i++) {
        memset(&context, (int)i, sizeof context); /* it needs no initialisation, and is the caller's again */
        if (i % 4 == 3 && run->ops->try_acquire) {
            while (mill_lock_try(run->ops, run->lock, me) < 0) {
                sched_yield();
            }
        } else {
            mill_lock_acquire(run->ops, run->lock, me);
        }
        if (atomic_fetch_add_explicit(&run->inside, 1, memory_order_relaxed) != 0) {
            atomic_fetch_add_explicit(&run->overlaps, 1, memory_order_relaxed);
        }
        run->count++;
        if (i % 64 == 0) {
            sched_yield(); /* now and then the holder loses its core */
        }
        atomic_fetch_sub_explicit(&run->inside, 1, memory_order_relaxed);
        mill_lock_release(run->ops, run->lock, me);
    }
    return NULL;
}

/* Whether `threads` threads kept each other out. */
static bool excludes(const struct mill_lock_ops *ops, unsigned threads, unsigned operations)
{
    struct exclusion run = {.ops = ops, .operations = operations, .threads = threads};
    assert_int_equal(mill_lock_create(ops, &run.lock), 0);
    pthread_t thread[MAX_THREADS];
    for (unsigned i = 0; i < threads; i++) {
        start(&thread[i], exclude, &run);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
    mill_lock_destroy(ops, run.lock);
    return run.overlaps == 0 && run.count == (uint64_t)threads * operations;
}

static void test_exclusion(void **state)
{
    const struct mill_lock_ops *ops = *state;
    need(ops);
    assert_true(excludes(ops, 1, 1000));
    if (ops->about.traits & MILL_ONE_THREAD) {
        return;
    }
    /* Few of those that never yield: while the machine is busy, each handover to the thread whose turn it is
     * may cost a time slice. */
    bool spins = ops->about.traits & MILL_SPINS;
    bool in_turn = spins && (ops->about.traits & MILL_FAIR);
    assert_true(excludes(ops, 2, in_turn ? 100 : spins ? 400 : 4000));
    assert_true(excludes(ops, 3, in_turn ? 20 : spins ? 40 : 100));
    if (!spins) {
        assert_true(excludes(ops, 4, 100));
    }
}

/* A lock that looks and then takes, in two steps. */
struct mill_lock {
    atomic_uint held;
};

static void acquire_in_two_steps(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    while (atomic_load(&lock->held)) {
        sched_yield();
    }
    sched_yield();
    atomic_store(&lock->held, 1);
}

static bool try_in_two_steps(struct mill_lock *lock, struct mill_lock_context *me)
{
    acquire_in_two_steps(lock, me);
    return true;
}

static void release_held(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    atomic_store(&lock->held, 0);
}

static bool caught(const struct mill_lock_ops *broken)
{
    bool caught = false;
    for (unsigned attempt = 0; attempt < 100 && !caught; attempt++) {
        caught = !excludes(broken, 4, 2000);
    }
    return caught;
}

static void leave_out_under_tsan(void)
{
    if (MILL_UNDER_TSAN) {
        print_message("left out: ThreadSanitizer rightly reports the race that this test is made of\n");
        skip();
    }
}

static void test_exclusion_catches_a_broken_lock(void **state)
{
    (void)state;
    leave_out_under_tsan();
    static const struct mill_lock_ops broken = {
        .about = {.name = "broken", .traits = MILL_CONTROL, .size = sizeof(struct mill_lock)},
        .acquire = acquire_in_two_steps,
        .try_acquire = try_in_two_steps,
        .release = release_held,
    };
    assert_true(caught(&broken));
}

static void test_exclusion_catches_an_early_release(void **state)
{
    (void)state;
    leave_out_under_tsan();
    assert_true(caught(&mill_lock_early_release));
}

/* Locks that keep others out and do not order: on x86-64 the hardware makes up for it, so that
 * ThreadSanitizer alone sees it. In a child, which it ends. */
static void acquire_relaxed(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    while (atomic_exchange_explicit(&lock->held, 1, memory_order_relaxed) != 0) {
        sched_yield();
    }
}

static void release_ordered(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}

static bool child_fails(const struct mill_lock_ops *ops, unsigned operations)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO); /* its report is expected, and would be taken for the test's */
        exit(excludes(ops, 2, operations) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void test_exclusion_catches_a_missing_order(void **state)
{
    (void)state;
    static const struct mill_lock_ops half_ordered = {
        .about = {.name = "half-ordered", .traits = MILL_CONTROL, .size = sizeof(struct mill_lock)},
        .acquire = acquire_relaxed,
        .release = release_ordered,
    };
    if (!MILL_UNDER_TSAN) {
        print_message("left out: ThreadSanitizer alone sees it\n");
        skip();
    }
    assert_false(child_fails(&mill_lock_ttas, 1000));
    assert_true(child_fails(&mill_lock_missing_fence, 100));
    assert_true(child_fails(&half_ordered, 1000));
}

/* ---- try_acquire ---- */

struct attempt {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    bool got;
};

static void *attempt(void *argument)
{
    struct attempt *try = argument;
    struct mill_lock_context context;
    struct mill_lock_context *me = if_used(try->ops, &context);
    try->got = mill_lock_try(try->ops, try->lock, me) == 0;
    if (try->got) {
        mill_lock_release(try->ops, try->lock, me);
    }
    return NULL;
}

static bool another_thread_gets(const struct mill_lock_ops *ops, struct mill_lock *lock)
{
    struct attempt try = {.ops = ops, .lock = lock};
    pthread_t thread;
    start(&thread, attempt, &try);
    pthread_join(thread, NULL);
    return try.got;
}

/* Whether it is had when it is free, and only then, and by whom it is tried again and again. */
static bool can_be_tried(const struct mill_lock_ops *ops)
{
    struct mill_lock *lock;
    struct mill_lock_context context;
    struct mill_lock_context *me = if_used(ops, &context);
    assert_int_equal(mill_lock_create(ops, &lock), 0);
    bool locks = !(ops->about.traits & MILL_EMPTY);
    bool good = true;
    for (int again = 0; again < 3; again++) {
        good = good && another_thread_gets(ops, lock);
        mill_lock_acquire(ops, lock, me);
        good = good && another_thread_gets(ops, lock) == !locks;
        mill_lock_release(ops, lock, me);
        good = good && another_thread_gets(ops, lock) && mill_lock_try(ops, lock, me) == 0;
        if (good) {
            good = another_thread_gets(ops, lock) == !locks;
            mill_lock_release(ops, lock, me);
        }
    }
    mill_lock_destroy(ops, lock);
    return good;
}

static void test_try(void **state)
{
    const struct mill_lock_ops *ops = *state;
    need(ops);
    if (!ops->try_acquire) {
        assert_int_equal(mill_lock_try(ops, NULL, NULL), -ENOTSUP);
        print_message("%s: cannot try\n", ops->about.name);
        skip();
    }
    assert_true(can_be_tried(ops));
}

static bool never(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)lock;
    (void)me;
    return false;
}

static bool always(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)lock;
    (void)me;
    return true;
}

static void test_try_catches_one_that_says_always_the_same(void **state)
{
    (void)state;
    struct mill_lock_ops broken = mill_lock_ttas;
    broken.about.traits |= MILL_CONTROL;
    assert_true(can_be_tried(&broken));
    broken.try_acquire = never;
    assert_false(can_be_tried(&broken));
    broken.try_acquire = always;
    assert_false(can_be_tried(&broken));
}

/* ---- the tables ---- */

static void test_tables_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_lock_family.count; i++) {
        const struct mill_strategy *about = mill_lock_family.strategies[i];
        const struct mill_lock_ops *ops = mill_lock_ops_of(about);
        assert_ptr_equal(mill_lock_ops_find(about->name), ops);
        assert_non_null(about->summary);
        assert_non_null(about->source);
        assert_int_equal(ops->acquire == NULL, about->missing != NULL);
        assert_int_equal(ops->release == NULL, about->missing != NULL);
    }
    assert_null(mill_lock_ops_find("no-such-lock"));
}

static void test_list_agrees_with_tables(void **state)
{
    (void)state;
#define AGREES(ident, list_name, peer)                            \
    assert_string_equal(mill_lock_##ident.about.name, list_name); \
    assert_int_equal(mill_lock_##ident.about.library == NULL, MILL_##peer##_LIBRARY == NULL);
    MILL_LOCKS(AGREES)
    MILL_BROKEN_LOCKS(AGREES)
#undef AGREES
}

static int refuse(struct mill_lock *lock, unsigned threads)
{
    (void)lock;
    (void)threads;
    return -EAGAIN;
}

/* What a lock weighs, and what it brings for each thread. */
static void test_sizes(void **state)
{
    (void)state;
    unsigned bounded = 0, with_nodes = 0;
    for (size_t i = 0; i < mill_lock_family.count; i++) {
        const struct mill_lock_ops *ops = mill_lock_ops_of(mill_lock_family.strategies[i]);
        const struct mill_strategy *about = &ops->about;
        size_t one = mill_lock_size(ops, 1);
        if (about->missing) {
            assert_int_equal(one, 0);
            continue;
        }
        bool grows = about->traits & MILL_BOUNDED;
        assert_int_equal(one > 0, !(about->traits & MILL_EMPTY));
        assert_int_equal(mill_lock_size(ops, 33) - one, grows ? 63 * about->size_each : 0); /* for 64 */
        assert_int_equal(mill_lock_waiter_size(ops), grows ? 0 : about->size_each);
        assert_int_equal(mill_lock_size(ops, 0), 0);
        assert_int_equal(mill_lock_size(ops, MILL_LOCK_THREADS_MAX + 1), 0);
        bounded += grows;
        with_nodes += mill_lock_waiter_size(ops) > 0;
    }
    assert_true(bounded > 0);
    assert_true(with_nodes > 0);
}

static void test_create_says_why_not(void **state)
{
    (void)state;
    static const struct mill_lock_ops absent = {.about = {.name = "absent", .missing = "not here"}};
    static const struct mill_lock_ops refusing = {.about = {.name = "refusing"}, .init = refuse};
    struct mill_lock *lock = NULL;
    assert_int_equal(mill_lock_create(&absent, &lock), -ENOTSUP);
    assert_int_equal(mill_lock_create(&refusing, &lock), -EAGAIN);
    assert_null(lock);
    mill_lock_destroy(&absent, NULL);
}

#define EACH(ident, name, peer) \
    TEST_OF_LOCK("exclusion", test_exclusion, ident, name), TEST_OF_LOCK("try", test_try, ident, name),

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables_are_well_formed),
                                       cmocka_unit_test(test_list_agrees_with_tables),
                                       cmocka_unit_test(test_create_says_why_not),
                                       cmocka_unit_test(test_sizes),
                                       cmocka_unit_test(test_exclusion_catches_a_broken_lock),
                                       cmocka_unit_test(test_exclusion_catches_an_early_release),
                                       cmocka_unit_test(test_exclusion_catches_a_missing_order),
                                       cmocka_unit_test(test_try_catches_one_that_says_always_the_same),
                                       MILL_LOCKS(EACH)};
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}

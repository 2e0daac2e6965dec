#include "sync/lock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/pause.h"
#include "core/peer.h"
#include "core/sanitizer.h"
#include "sync/lock_list.h"

#define MAX_THREADS 4u

/* Ends the test as skipped, and says why, where this build cannot run the strategy. */
static void need(const struct mill_lock_ops *ops)
{
    if (ops->about.missing) {
        print_message("%s: %s\n", ops->about.name, ops->about.missing);
        skip();
    }
    if (MILL_UNDER_TSAN && (ops->about.traits & MILL_HIDES_ATOMICS)) {
        print_message("%s: ThreadSanitizer cannot see into it\n", ops->about.name);
        skip();
    }
}

static void start(pthread_t *thread, void *(*body)(void *), void *argument)
{
    assert_int_equal(pthread_create(thread, NULL, body, argument), 0);
}

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
    for (unsigned i = 0; i < run->operations; i++) {
        struct mill_lock_context me;
        if (i % 4 == 3 && run->ops->try_acquire) {
            while (mill_lock_try(run->ops, run->lock, &me) < 0) {
                sched_yield();
            }
        } else {
            mill_lock_acquire(run->ops, run->lock, &me);
        }
        if (atomic_fetch_add_explicit(&run->inside, 1, memory_order_relaxed) != 0) {
            atomic_fetch_add_explicit(&run->overlaps, 1, memory_order_relaxed);
        }
        run->count++;
        if (i % 64 == 0) {
            sched_yield(); /* now and then the holder loses its core */
        }
        atomic_fetch_sub_explicit(&run->inside, 1, memory_order_relaxed);
        mill_lock_release(run->ops, run->lock, &me);
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
    /* Few of those that never yield: while the machine is busy each of their handovers may cost a time slice
     */
    bool spins = ops->about.traits & MILL_SPINS;
    assert_true(excludes(ops, 2, spins ? 400 : 4000));
    assert_true(excludes(ops, 3, spins ? 40 : 100));
    if (!spins) {
        assert_true(excludes(ops, 4, 100));
    }
}

/* A lock that looks and then takes, in two steps. */
struct mill_lock {
    atomic_uint held;
    atomic_uint order[MAX_THREADS];
    atomic_uint arrived;
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

static void test_exclusion_catches_a_broken_lock(void **state)
{
    (void)state;
    if (MILL_UNDER_TSAN) {
        print_message("left out: ThreadSanitizer rightly reports the race that this test is made of\n");
        skip();
    }
    static const struct mill_lock_ops broken = {
        .about = {.name = "broken", .traits = MILL_CONTROL, .size = sizeof(struct mill_lock)},
        .acquire = acquire_in_two_steps,
        .try_acquire = try_in_two_steps,
        .release = release_held,
    };
    bool caught = false;
    for (unsigned attempt = 0; attempt < 100 && !caught; attempt++) {
        caught = !excludes(&broken, 4, 2000);
    }
    assert_true(caught);
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
    struct mill_lock_context me;
    try->got = mill_lock_try(try->ops, try->lock, &me) == 0;
    if (try->got) {
        mill_lock_release(try->ops, try->lock, &me);
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

static void test_try(void **state)
{
    const struct mill_lock_ops *ops = *state;
    need(ops);
    struct mill_lock *lock;
    assert_int_equal(mill_lock_create(ops, &lock), 0);
    if (!ops->try_acquire) {
        struct mill_lock_context unused;
        assert_int_equal(mill_lock_try(ops, lock, &unused), -ENOTSUP);
        mill_lock_destroy(ops, lock);
        print_message("%s: cannot try\n", ops->about.name);
        skip();
    }
    bool locks = !(ops->about.traits & MILL_EMPTY);
    struct mill_lock_context me;
    for (int again = 0; again < 3; again++) {
        assert_true(another_thread_gets(ops, lock));
        mill_lock_acquire(ops, lock, &me);
        assert_int_equal(another_thread_gets(ops, lock), !locks);
        mill_lock_release(ops, lock, &me);
        assert_true(another_thread_gets(ops, lock));
        assert_int_equal(mill_lock_try(ops, lock, &me), 0);
        assert_int_equal(another_thread_gets(ops, lock), !locks);
        mill_lock_release(ops, lock, &me);
    }
    mill_lock_destroy(ops, lock);
}

/* ---- first come, first served ---- */

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
#undef AGREES
}

static int refuse(struct mill_lock *lock, unsigned threads)
{
    (void)lock;
    (void)threads;
    return -EAGAIN;
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

#define EACH(ident, name, peer)                                                              \
    {"exclusion: " name, test_exclusion, NULL, NULL, (void *)(uintptr_t)&mill_lock_##ident}, \
        {"try: " name, test_try, NULL, NULL, (void *)(uintptr_t)&mill_lock_##ident},         \
        {"order: " name, test_order, NULL, NULL, (void *)(uintptr_t)&mill_lock_##ident},

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables_are_well_formed),
                                       cmocka_unit_test(test_list_agrees_with_tables),
                                       cmocka_unit_test(test_create_says_why_not),
                                       cmocka_unit_test(test_exclusion_catches_a_broken_lock),
                                       cmocka_unit_test(test_order_catches_a_lock_without),
                                       MILL_LOCKS(EACH)};
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}

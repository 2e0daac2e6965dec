/* Every read-write lock: its table, that it keeps others out, and that writers are served where it says so.
 * Who gets in beside whom, and in which order, have tests of their own, and so has misuse.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

#include "core/clock.h"
#include "core/peer.h"
#include "sync/test_rwlocks.h"

#define WORDS 4u

/* ---- exclusion ---- */

struct exclusion {
    const struct mill_rwlock_ops *ops;
    struct mill_rwlock *lock;
    unsigned operations; /* of each thread */
    unsigned threads;
    atomic_uint ready;     /* threads that have arrived */
    uint64_t words[WORDS]; /* all equal; protected by `lock`, and by nothing else */
    atomic_uint writers;   /* inside; relaxed throughout: these must not order what the lock should */
    atomic_uint readers;
    atomic_uint mistakes;
};

static void mistake(struct exclusion *run, bool is)
{
    if (is) {
        atomic_fetch_add_explicit(&run->mistakes, 1, memory_order_relaxed);
    }
}

static void take(const struct exclusion *run, unsigned turn, struct mill_rwlock_context *me, bool write)
{
    int (*try)(const struct mill_rwlock_ops *, struct mill_rwlock *, struct mill_rwlock_context *) =
        write ? mill_rwlock_write_try : mill_rwlock_read_try;
    if (run->ops->read_try && turn % 8 == 7) {
        while (try(run->ops, run->lock, me) < 0) {
            sched_yield();
        }
    } else if (write) {
        mill_rwlock_write_acquire(run->ops, run->lock, me);
    } else {
        mill_rwlock_read_acquire(run->ops, run->lock, me);
    }
}

static void write_once(struct exclusion *run, unsigned turn)
{
    struct mill_rwlock_context me;
    take(run, turn, &me, true);
    mistake(run, atomic_fetch_add_explicit(&run->writers, 1, memory_order_relaxed) != 0);
    mistake(run, atomic_load_explicit(&run->readers, memory_order_relaxed) != 0);
    for (unsigned i = 0; i < WORDS; i++) {
        run->words[i]++;
    }
    if (turn % 16 == 0) {
        sched_yield(); /* now and then the holder loses its core */
    }
    atomic_fetch_sub_explicit(&run->writers, 1, memory_order_relaxed);
    mill_rwlock_write_release(run->ops, run->lock, &me);
}

static void read_once(struct exclusion *run, unsigned turn)
{
    struct mill_rwlock_context me;
    take(run, turn, &me, false);
    atomic_fetch_add_explicit(&run->readers, 1, memory_order_relaxed);
    mistake(run, atomic_load_explicit(&run->writers, memory_order_relaxed) != 0);
    uint64_t first = run->words[0];
    if (turn % 16 == 1) {
        sched_yield();
    }
    for (unsigned i = 1; i < WORDS; i++) {
        mistake(run, run->words[i] != first);
    }
    atomic_fetch_sub_explicit(&run->readers, 1, memory_order_relaxed);
    mill_rwlock_read_release(run->ops, run->lock, &me);
}

static void *exclude(void *argument)
{
    struct exclusion *run = argument;
    atomic_fetch_add_explicit(&run->ready, 1, memory_order_relaxed);
    while (atomic_load_explicit(&run->ready, memory_order_relaxed) < run->threads) {
        sched_yield();
    }
    for (unsigned i = 0; i < run->operations; i++) {
        if (i % 4 == 0) {
            write_once(run, i / 4);
        } else {
            read_once(run, i);
        }
    }
    return NULL;
}

/* Whether writers kept out everybody else, and readers all writers. */
static bool excludes(const struct mill_rwlock_ops *ops, unsigned threads, unsigned operations)
{
    struct exclusion run = {.ops = ops, .operations = operations, .threads = threads};
    assert_int_equal(mill_rwlock_create(ops, &run.lock), 0);
    pthread_t thread[MAX_THREADS];
    for (unsigned i = 0; i < threads; i++) {
        start(&thread[i], exclude, &run);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
    mill_rwlock_destroy(ops, run.lock);
    return run.mistakes == 0 && run.words[0] == (uint64_t)threads * (operations / 4);
}

static void test_exclusion(void **state)
{
    const struct mill_rwlock_ops *ops = *state;
    need(ops);
    assert_true(excludes(ops, 1, 1000));
    if (ops->about.traits & MILL_ONE_THREAD) {
        return;
    }
    assert_true(excludes(ops, 2, 4000));
    /* few where a waiter never yields: with more threads than cores each turn may cost a time slice */
    bool yields = !ops->about.library || (ops->about.traits & MILL_PARKS);
    assert_true(excludes(ops, 3, yields ? 1000 : 48));
    assert_true(excludes(ops, 4, yields ? 1000 : 48));
}

static void test_exclusion_catches_a_barging_writer(void **state)
{
    (void)state;
    if (MILL_UNDER_TSAN) {
        print_message("left out: ThreadSanitizer rightly reports the race that this test is made of\n");
        skip();
    }
    bool caught = false;
    for (unsigned attempt = 0; attempt < 100 && !caught; attempt++) {
        caught = !excludes(&mill_rwlock_barging, 4, 2000);
    }
    assert_true(caught);
}

/* ---- a writer is not starved ---- */

struct writer {
    const struct mill_rwlock_ops *ops;
    struct mill_rwlock *lock;
    atomic_bool done;
};

static void *write_and_leave(void *argument)
{
    struct writer *one = argument;
    struct mill_rwlock_context me;
    mill_rwlock_write_acquire(one->ops, one->lock, &me);
    mill_rwlock_write_release(one->ops, one->lock, &me);
    atomic_store_explicit(&one->done, true, memory_order_relaxed);
    return NULL;
}

/* Readers come and go so that one is always inside, until the next is kept out; this thread plays them all,
 * which is why they only try, and why it is not the checked calls that they try by. Does the writer get in?
 * With a lock that lets them in for ever that is told after a while, in which all others have long kept one
 * out. */
static bool serves_writers(const struct mill_rwlock_ops *ops, uint64_t patience_ns)
{
    struct writer one = {.ops = ops};
    struct mill_rwlock_context readers[2];
    unsigned inside = 0;
    pthread_t writer;
    assert_int_equal(mill_rwlock_create(ops, &one.lock), 0);
    ops->read_acquire(one.lock, &readers[inside]);
    start(&writer, write_and_leave, &one);
    uint64_t end_ns = mill_now_ns() + patience_ns;
    bool served = false;
    while (!served && mill_now_ns() < end_ns) {
        unsigned next = 1 - inside;
        if (ops->read_try(one.lock, &readers[next])) {
            ops->read_release(one.lock, &readers[inside]);
            inside = next;
            served = atomic_load_explicit(&one.done, memory_order_relaxed);
            sched_yield();
        } else {
            served = true;
        }
    }
    ops->read_release(one.lock, &readers[inside]);
    pthread_join(writer, NULL);
    mill_rwlock_destroy(ops, one.lock);
    return served;
}

static void test_writers_are_served(void **state)
{
    const struct mill_rwlock_ops *ops = *state;
    need(ops);
    if (!(ops->about.traits & MILL_SERVES_WRITERS)) {
        print_message("%s: readers may starve its writers\n", ops->about.name);
        skip();
    }
    need_try(ops);
    assert_true(serves_writers(ops, 60 * MILL_NS_PER_S));
}

static void test_starving_writers_is_seen(void **state)
{
    (void)state;
    assert_false(serves_writers(&mill_rwlock_pthread, 100 * MILL_NS_PER_MS));
}

/* ---- tables ---- */

static void test_tables_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_rwlock_family.count; i++) {
        const struct mill_strategy *about = mill_rwlock_family.strategies[i];
        const struct mill_rwlock_ops *ops = mill_rwlock_ops_of(about);
        assert_ptr_equal(mill_rwlock_ops_find(about->name), ops);
        assert_non_null(about->summary);
        assert_non_null(about->source);
        assert_int_equal(ops->read_acquire == NULL, about->missing != NULL);
        assert_int_equal(ops->read_release == NULL, about->missing != NULL);
        assert_int_equal(ops->write_acquire == NULL, about->missing != NULL);
        assert_int_equal(ops->write_release == NULL, about->missing != NULL);
        assert_int_equal(ops->read_try == NULL, ops->write_try == NULL);
    }
    assert_null(mill_rwlock_ops_find("no-such-lock"));
#define AGREES(ident, list_name, peer)                              \
    assert_string_equal(mill_rwlock_##ident.about.name, list_name); \
    assert_int_equal(mill_rwlock_##ident.about.library == NULL, MILL_##peer##_LIBRARY == NULL);
    MILL_RWLOCKS(AGREES)
#undef AGREES
}

static int refuse(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock)
{
    (void)ops;
    (void)lock;
    return -EAGAIN;
}

static void test_create_says_why_not(void **state)
{
    (void)state;
    static const struct mill_rwlock_ops absent = {.about = {.name = "absent", .missing = "not here"}};
    static const struct mill_rwlock_ops refusing = {.about = {.name = "refusing"}, .init = refuse};
    struct mill_rwlock *lock = NULL;
    assert_int_equal(mill_rwlock_create(&absent, &lock), -ENOTSUP);
    assert_int_equal(mill_rwlock_create(&refusing, &lock), -EAGAIN);
    assert_null(lock);
    mill_rwlock_destroy(&absent, NULL);
}

#define EACH(ident, name, peer)                               \
    TEST_OF_RWLOCK("exclusion", test_exclusion, ident, name), \
        TEST_OF_RWLOCK("writers", test_writers_are_served, ident, name),

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_well_formed), cmocka_unit_test(test_create_says_why_not),
        cmocka_unit_test(test_exclusion_catches_a_barging_writer),
        cmocka_unit_test(test_starving_writers_is_seen), EACH(none, "none", OURS) MILL_RIGHT_RWLOCKS(EACH)};
    return cmocka_run_group_tests_name("rwlock", tests, NULL, NULL);
}

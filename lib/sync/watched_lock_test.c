#include "sync/watched_lock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LOCKS 3u

/* Threads that each hold a lock and go for the next thread's. */
struct table {
    struct mill_watch watch;
    struct mill_watched_lock locks[LOCKS];
    unsigned threads;
    bool closed; /* the last thread goes for the first one's lock; else for nobody's */
    atomic_uint holding;
    int second[LOCKS]; /* what each thread's second acquire returned */
};

static void lay(struct table *table, unsigned threads, bool closed)
{
    memset(table, 0, sizeof *table);
    table->threads = threads;
    table->closed = closed;
    assert_int_equal(mill_watch_open(&table->watch, LOCKS), 0);
    for (unsigned i = 0; i < LOCKS; i++) {
        char name[MILL_WATCH_NAME_MAX + 1];
        snprintf(name, sizeof name, "fork %u", i);
        assert_int_equal(mill_watched_lock_init(&table->locks[i], &table->watch, name), 0);
    }
}

struct diner {
    struct table *table;
    unsigned index;
};

static void *dine(void *argument)
{
    const struct diner *diner = argument;
    struct table *table = diner->table;
    struct mill_watched_lock *mine = &table->locks[diner->index];
    if (mill_watch_attach(&table->watch, diner->index) < 0 || mill_watched_lock_acquire(mine) < 0) {
        return NULL;
    }
    atomic_fetch_add_explicit(&table->holding, 1, memory_order_relaxed);
    while (atomic_load_explicit(&table->holding, memory_order_relaxed) < table->threads) {
        sched_yield();
    }
    if (table->closed || diner->index + 1 < table->threads) {
        struct mill_watched_lock *next = &table->locks[(diner->index + 1) % table->threads];
        int status = mill_watched_lock_acquire(next);
        table->second[diner->index] = status;
        if (status == 0) {
            mill_watched_lock_release(next);
        }
    }
    mill_watched_lock_release(mine);
    return NULL;
}

static void seat(struct table *table, struct diner *diners, pthread_t *threads)
{
    for (unsigned i = 0; i < table->threads; i++) {
        diners[i] = (struct diner){table, i};
        assert_int_equal(pthread_create(&threads[i], NULL, dine, &diners[i]), 0);
    }
}

static void leave(struct table *table, const pthread_t *threads)
{
    for (unsigned i = 0; i < table->threads; i++) {
        pthread_join(threads[i], NULL);
    }
    mill_watch_close(&table->watch);
}

static void assert_circle(unsigned threads, const char *expected)
{
    struct table table;
    struct diner diners[LOCKS];
    pthread_t ids[LOCKS] = {0};
    char words[256] = "";
    lay(&table, threads, true);
    seat(&table, diners, ids);
    while (mill_watch_find_circle(&table.watch, words, sizeof words) == 0) {
        assert_string_equal(words, "");
        sched_yield();
    }
    assert_string_equal(words, expected);
    assert_int_equal(mill_watch_break(&table.watch, words, sizeof words), threads);
    assert_string_equal(words, expected);
    assert_int_equal(mill_watch_break(&table.watch, words, sizeof words), 0);
    leave(&table, ids);
    for (unsigned i = 0; i < threads; i++) {
        assert_int_equal(table.second[i], -EDEADLK);
    }
}

static void test_names_a_circle_and_ends_it(void **state)
{
    (void)state;
    assert_circle(1, "thread 0 holds fork 0 and waits for it itself");
    assert_circle(2, "thread 0 holds fork 0 and waits for fork 1, held by thread 1, which waits for fork 0");
    assert_circle(
        3, "thread 0 holds fork 0 and waits for fork 1, held by thread 1, which waits for fork 2, held "
           "by thread 2, which waits for fork 0");
}

static void test_words_are_cut_and_not_overrun(void **state)
{
    (void)state;
    struct table table;
    struct diner diners[LOCKS];
    pthread_t ids[LOCKS] = {0};
    char words[32];
    memset(words, 'x', sizeof words);
    lay(&table, 2, true);
    seat(&table, diners, ids);
    while (mill_watch_find_circle(&table.watch, words, 16) == 0) {
        sched_yield();
    }
    assert_string_equal(words, "thread 0 holds ");
    assert_int_equal(words[16], 'x');
    assert_int_equal(mill_watch_find_circle(&table.watch, NULL, 0), 2);
    mill_watch_break(&table.watch, NULL, 0);
    leave(&table, ids);
}

/* A line of waiters is no circle: breaking it says so, and each of them is told -ECANCELED. */
static void test_a_line_is_no_circle(void **state)
{
    (void)state;
    struct table table;
    struct diner diners[LOCKS];
    pthread_t ids[LOCKS] = {0};
    char words[256] = "?";
    lay(&table, 2, false);
    assert_int_equal(mill_watch_attach(&table.watch, 2), 0);
    assert_int_equal(mill_watched_lock_acquire(&table.locks[2]), 0);
    table.threads = 3; /* who is holding: two and this one */
    for (unsigned i = 0; i < 2; i++) {
        diners[i] = (struct diner){&table, i};
        assert_int_equal(pthread_create(&ids[i], NULL, dine, &diners[i]), 0);
    }
    atomic_fetch_add_explicit(&table.holding, 1, memory_order_relaxed);
    while (!atomic_load_explicit(&table.watch.party[0].waits_for, memory_order_relaxed) ||
           !atomic_load_explicit(&table.watch.party[1].waits_for, memory_order_relaxed)) {
        sched_yield();
    }
    assert_int_equal(mill_watch_break(&table.watch, words, sizeof words), 0);
    assert_string_equal(words, "");
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(ids[i], NULL);
        assert_int_equal(table.second[i], -ECANCELED);
    }
    mill_watched_lock_release(&table.locks[2]);
    assert_int_equal(mill_watched_lock_acquire(&table.locks[2]), -ECANCELED);
    assert_int_equal(mill_watched_lock_try(&table.locks[0]), -ECANCELED);
    mill_watch_close(&table.watch);
}

/* ---- exclusion, and no circle where there is none ---- */

#define THREADS 3u
#define ROUNDS  3000u

struct sharing {
    struct mill_watch watch;
    struct mill_watched_lock locks[2];
    uint64_t counts[2]; /* plain: the locks' */
    atomic_uint done;
};

struct sharer {
    struct sharing *run;
    unsigned index;
};

static void *share(void *argument)
{
    const struct sharer *sharer = argument;
    struct sharing *run = sharer->run;
    mill_watch_attach(&run->watch, sharer->index);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned which = i % 4 == 3 ? 2 : 0; /* 2: both, in order */
        if (i % 4 == 1) {
            while (mill_watched_lock_try(&run->locks[0]) != 0) {
                sched_yield();
            }
        } else if (mill_watched_lock_acquire(&run->locks[0]) != 0) {
            break;
        }
        run->counts[0]++;
        if (which == 2 && mill_watched_lock_acquire(&run->locks[1]) == 0) {
            run->counts[1]++;
            sched_yield(); /* so that the others wait, and sleep */
            mill_watched_lock_release(&run->locks[1]);
        }
        mill_watched_lock_release(&run->locks[0]);
        if (i % 8 == 0 && mill_watched_lock_acquire(&run->locks[1]) == 0) {
            run->counts[1]++;
            mill_watched_lock_release(&run->locks[1]);
        }
    }
    atomic_fetch_add_explicit(&run->done, 1, memory_order_relaxed);
    return NULL;
}

static void test_excludes_and_shows_no_circle(void **state)
{
    (void)state;
    static struct sharing run;
    memset(&run, 0, sizeof run);
    assert_int_equal(mill_watch_open(&run.watch, THREADS), 0);
    assert_int_equal(mill_watched_lock_init(&run.locks[0], &run.watch, "outer"), 0);
    assert_int_equal(mill_watched_lock_init(&run.locks[1], &run.watch, "inner"), 0);
    struct sharer sharers[THREADS];
    pthread_t ids[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        sharers[i] = (struct sharer){&run, i};
        assert_int_equal(pthread_create(&ids[i], NULL, share, &sharers[i]), 0);
    }
    unsigned circles = 0;
    while (atomic_load_explicit(&run.done, memory_order_relaxed) < THREADS) {
        circles += mill_watch_find_circle(&run.watch, NULL, 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
    }
    assert_int_equal(circles, 0);
    assert_int_equal(run.counts[0], THREADS * ROUNDS);
    assert_int_equal(run.counts[1], THREADS * (ROUNDS / 4 + ROUNDS / 8));
    mill_watch_close(&run.watch);
}

static void test_knows_its_holder(void **state)
{
    (void)state;
    struct table table;
    lay(&table, 1, false);
    struct mill_watched_lock *lock = &table.locks[0];
    assert_int_equal(mill_watch_attach(&table.watch, 1), 0);
    assert_false(mill_watched_lock_is_mine(lock));
    assert_int_equal(mill_watched_lock_try(lock), 0);
    assert_true(mill_watched_lock_is_mine(lock));
    assert_int_equal(mill_watched_lock_try(lock), -EBUSY);
    assert_int_equal(mill_watch_attach(&table.watch, 2), 0);
    assert_false(mill_watched_lock_is_mine(lock));
    assert_int_equal(mill_watch_attach(&table.watch, 1), 0);
    mill_watched_lock_release(lock);
    assert_false(mill_watched_lock_is_mine(lock));
    mill_watch_close(&table.watch);
}

static void test_refuses_what_is_wrong(void **state)
{
    (void)state;
    struct mill_watch watch;
    struct mill_watch other;
    struct mill_watched_lock lock;
    assert_int_equal(mill_watch_open(&watch, 0), -EINVAL);
    assert_int_equal(mill_watch_open(&watch, UINT32_MAX), -EINVAL);
    assert_int_equal(mill_watch_open(NULL, 1), -EINVAL);
    assert_int_equal(mill_watch_open(&watch, 2), 0);
    assert_int_equal(mill_watch_open(&other, 2), 0);
    assert_int_equal(mill_watched_lock_init(&lock, &watch, ""), -EINVAL);
    assert_int_equal(mill_watched_lock_init(&lock, &watch, NULL), -EINVAL);
    assert_int_equal(mill_watched_lock_init(&lock, NULL, "x"), -EINVAL);
    assert_int_equal(mill_watched_lock_init(&lock, &watch, "0123456789012345678901234567890x"), -EINVAL);
    assert_int_equal(mill_watched_lock_init(&lock, &watch, "0123456789012345678901234567890"), 0);
    assert_int_equal(mill_watch_attach(&watch, 2), -EINVAL);
    assert_int_equal(mill_watch_attach(NULL, 0), -EINVAL);
    assert_int_equal(mill_watch_attach(&other, 0), 0);
    assert_false(mill_watch_attached(&watch));
    assert_int_equal(mill_watched_lock_acquire(&lock), -EPERM);
    assert_int_equal(mill_watched_lock_try(&lock), -EPERM);
    mill_watch_close(&other);
    mill_watch_close(&watch);
    assert_int_equal(mill_watch_open(&other, 2), 0); /* in the same place, and another one */
    assert_false(mill_watch_attached(&other));
    mill_watch_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_a_circle_and_ends_it),
        cmocka_unit_test(test_words_are_cut_and_not_overrun),
        cmocka_unit_test(test_a_line_is_no_circle),
        cmocka_unit_test(test_excludes_and_shows_no_circle),
        cmocka_unit_test(test_knows_its_holder),
        cmocka_unit_test(test_refuses_what_is_wrong),
    };
    return cmocka_run_group_tests_name("sync/watched_lock", tests, NULL, NULL);
}

/* What u-scl promises beside exclusion: who has had the lock for more than its slice stays away for as long
 * as each of those that wait needs to get the same.
 *
 * Time is the test's own here: clock_gettime and clock_nanosleep are its functions, and the clock moves when
 * the first thread says so, or sleeps. The others sleep until it has moved as far, or move it likewise.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/timeout.h"
#include "sync/lock_list.h"

#define WAITERS_MAX 3
#define START       MILL_NS_PER_S
#define SLICE       (2 * MILL_NS_PER_MS) /* of the paper, and of lock_u_scl.c */

/* ---- time ---- */

static _Atomic uint64_t the_time = START;
static atomic_bool all_move_it; /* by sleeping */

static _Thread_local struct {
    bool moves_it;
    uint64_t until; /* of its last sleep; 0: it has not slept */
} sleeper;

static void move_to(uint64_t moment)
{
    uint64_t now = atomic_load(&the_time);
    while (now < moment && !atomic_compare_exchange_weak(&the_time, &now, moment)) {
    }
}

/* In the place of the C library's. */
int tell_time(clockid_t clock, struct timespec *now) __asm__("clock_gettime");
int sleep_as_told(clockid_t clock, int flags, const struct timespec *request,
                  struct timespec *left) __asm__("clock_nanosleep");

int tell_time(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = mill_deadline_timespec(atomic_load(&the_time));
    return 0;
}

int sleep_as_told(clockid_t clock, int flags, const struct timespec *request, struct timespec *left)
{
    uint64_t until = mill_timespec_ns(*request);
    (void)clock;
    (void)left;
    if (flags != TIMER_ABSTIME) {
        return EINVAL;
    }
    sleeper.until = until;
    while (atomic_load(&the_time) < until) {
        if (sleeper.moves_it || atomic_load(&all_move_it)) {
            move_to(until);
        } else {
            sched_yield();
        }
    }
    return 0;
}

/* ---- threads that wait ---- */

struct bench {
    struct mill_lock *lock;
    pthread_t waiter[WAITERS_MAX];
    unsigned waiters;
};

static const struct mill_lock_ops *const ops = &mill_lock_u_scl;

static void *come_and_go(void *argument)
{
    struct bench *bench = argument;
    mill_lock_acquire(ops, bench->lock, NULL);
    mill_lock_release(ops, bench->lock, NULL);
    return NULL;
}

/* Of what the holder does not write: there those that wait are counted. Relaxed: nothing is concluded but
 * that it changed. */
static void look(const struct bench *bench, unsigned char *copy)
{
    const atomic_uchar *bytes = (const atomic_uchar *)(const void *)bench->lock;
    for (size_t i = 0; i < MILL_ISOLATION; i++) {
        copy[i] = atomic_load_explicit(&bytes[MILL_ISOLATION + i], memory_order_relaxed);
    }
}

/* One more, who is in line when this returns. The lock is held, and changes in nothing else meanwhile. */
static void let_one_wait(struct bench *bench)
{
    unsigned char before[MILL_ISOLATION], after[MILL_ISOLATION];
    look(bench, before);
    assert_int_equal(pthread_create(&bench->waiter[bench->waiters++], NULL, come_and_go, bench), 0);
    do {
        sched_yield();
        look(bench, after);
    } while (memcmp(before, after, sizeof before) == 0);
}

static void begin(struct bench *bench)
{
    *bench = (struct bench){.waiters = 0};
    sleeper.moves_it = true;
    atomic_store(&all_move_it, false);
    atomic_store(&the_time, START);
    assert_int_equal(mill_lock_create(ops, &bench->lock), 0);
    mill_lock_acquire(ops, bench->lock, NULL);
    sleeper.until = 0;
}

static void let_all_go(struct bench *bench)
{
    for (unsigned i = 0; i < bench->waiters; i++) {
        pthread_join(bench->waiter[i], NULL);
    }
}

/* By the first thread, which does not hold it: until when it had to sleep for it; 0: it had not. */
static uint64_t acquire_and_end(struct bench *bench)
{
    sleeper.until = 0;
    mill_lock_acquire(ops, bench->lock, NULL);
    uint64_t until = sleeper.until;
    mill_lock_release(ops, bench->lock, NULL);
    mill_lock_destroy(ops, bench->lock);
    return until;
}

/* ---- promises ---- */

/* With so many in line; until when it is banned who held the lock for `held`. */
static uint64_t ban(unsigned in_line, uint64_t held)
{
    struct bench bench;
    begin(&bench);
    for (unsigned i = 0; i < in_line; i++) {
        let_one_wait(&bench);
    }
    move_to(START + held);
    atomic_store(&all_move_it,
                 true); /* each of those in line sleeps until the slice of the one before ends */
    mill_lock_release(ops, bench.lock, NULL);
    let_all_go(&bench);
    return acquire_and_end(&bench);
}

static void test_a_hog_is_banned_for_what_others_have_not_had(void **state)
{
    (void)state;
    assert_int_equal(ban(1, 5 * SLICE), START + 10 * SLICE);
    assert_int_equal(ban(1, SLICE), START + 2 * SLICE);
    assert_int_equal(ban(1, 100 * SLICE), START + 200 * SLICE);
    assert_int_equal(ban(2, 5 * SLICE), START + 15 * SLICE);
    assert_int_equal(ban(3, 5 * SLICE), START + 20 * SLICE);
}

static void test_nobody_is_banned_for_nobody(void **state)
{
    (void)state;
    assert_int_equal(ban(0, 5 * SLICE), 0);
}

/* It comes and goes as it likes, whoever waits; only what ends the slice is charged, and all of the slice. */
static void test_a_slice_is_its_owners(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    let_one_wait(&bench);
    for (unsigned i = 0; i < 8; i++) {
        move_to(START + i * SLICE / 8);
        mill_lock_release(ops, bench.lock, NULL);
        mill_lock_acquire(ops, bench.lock, NULL);
        assert_int_equal(sleeper.until, 0);
    }
    move_to(START + SLICE + 1);
    mill_lock_release(ops, bench.lock, NULL);
    let_all_go(&bench);
    assert_int_equal(acquire_and_end(&bench), START + 2 * (SLICE + 1));
}

/* Though nobody holds the lock: what is said of tries in lock.h. */
static void test_who_is_banned_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    let_one_wait(&bench);
    move_to(START + 5 * SLICE);
    mill_lock_release(ops, bench.lock, NULL);
    let_all_go(&bench);
    assert_int_equal(mill_lock_try(ops, bench.lock, NULL), -EBUSY);
    move_to(START + 10 * SLICE - 1);
    assert_int_equal(mill_lock_try(ops, bench.lock, NULL), -EBUSY);
    move_to(START + 10 * SLICE);
    assert_int_equal(mill_lock_try(ops, bench.lock, NULL), 0);
    mill_lock_release(ops, bench.lock, NULL);
    assert_int_equal(acquire_and_end(&bench), 0);
}

/* Nor is anybody but the hog: another thread's account is its own. */
static void test_who_held_it_shortly_is_not_banned(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    let_one_wait(&bench);
    move_to(START + 5 * SLICE);
    mill_lock_release(ops, bench.lock, NULL);
    let_all_go(&bench);
    move_to(START + 7 * SLICE); /* past the slice of who waited, and within the hog's ban */
    atomic_store(&all_move_it, true);
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, come_and_go, &bench), 0);
    pthread_join(other, NULL);
    assert_int_equal(atomic_load(&the_time), START + 7 * SLICE);
    assert_int_equal(acquire_and_end(&bench), START + 10 * SLICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hog_is_banned_for_what_others_have_not_had),
        cmocka_unit_test(test_nobody_is_banned_for_nobody),
        cmocka_unit_test(test_a_slice_is_its_owners),
        cmocka_unit_test(test_who_is_banned_is_refused),
        cmocka_unit_test(test_who_held_it_shortly_is_not_banned),
    };
    alarm(240); /* where it is broken all may wait for ever */
    return cmocka_run_group_tests_name("u-scl", tests, NULL, NULL);
}

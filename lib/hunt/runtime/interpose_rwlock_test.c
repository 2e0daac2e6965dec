#include "hunt/runtime/test_scheduler.h"

#include <errno.h>

static pthread_rwlock_t lock;
static int readers, writers;

static void reset(void)
{
    lock = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
    readers = writers = 0;
}

static void *read_it(void *number)
{
    expect(pthread_rwlock_rdlock(&lock) == 0);
    readers++;
    expect(writers == 0);
    mark((unsigned)(uintptr_t)number);
    sched_yield();
    result((unsigned)readers);
    readers--;
    expect(pthread_rwlock_unlock(&lock) == 0);
    return NULL;
}

static void write_it(unsigned number)
{
    expect(pthread_rwlock_wrlock(&lock) == 0);
    writers++;
    expect(writers == 1 && readers == 0);
    mark(number);
    sched_yield();
    writers--;
    expect(pthread_rwlock_unlock(&lock) == 0);
}

static void two_readers_and_a_writer(void)
{
    reset();
    pthread_t one = spawn(read_it, (void *)1);
    pthread_t two = spawn(read_it, (void *)2);
    write_it(3);
    join(one);
    join(two);
    expect(pthread_rwlock_destroy(&lock) == 0);
}

static void test_readers_together_writers_alone(void **state)
{
    (void)state;
    assert_ends(two_readers_and_a_writer);
    assert_true(seen.results[1] > 0 && seen.results[2] > 0);
    for (int reader = 1; reader <= 2; reader++) {
        assert_int_equal(seen.unordered[reader][3], 0);
        assert_int_equal(seen.unordered[3][reader], 0);
    }
    /* Readers are not ordered by each other, not even when one follows the other. */
    assert_true(seen.unordered[1][2] > 0 && seen.unordered[2][1] > 0);
}

static void two_readers_alone(void)
{
    reset();
    pthread_t one = spawn(read_it, (void *)1);
    read_it((void *)2);
    join(one);
}

static void test_readers_alone_are_never_ordered(void **state)
{
    (void)state;
    assert_ends(two_readers_alone);
    assert_int_equal(seen.unordered[1][2] + seen.unordered[2][1], seen.schedules);
}

static void answers(void)
{
    reset();
    expect(pthread_rwlock_rdlock(&lock) == 0);
    expect(pthread_rwlock_tryrdlock(&lock) == 0);
    expect(pthread_rwlock_trywrlock(&lock) == EBUSY);
    struct timespec past = {.tv_sec = 1};
    struct timespec bad = {.tv_nsec = 1000000000};
    expect(pthread_rwlock_timedwrlock(&lock, &past) == ETIMEDOUT);
    expect(pthread_rwlock_timedwrlock(&lock, &bad) == EINVAL);
    expect(pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &past) == ETIMEDOUT);
    expect(pthread_rwlock_clockwrlock(&lock, CLOCK_TAI, &past) == EINVAL);
    expect(pthread_rwlock_unlock(&lock) == 0);
    expect(pthread_rwlock_unlock(&lock) == 0);
    expect(pthread_rwlock_wrlock(&lock) == 0);
    expect(mill_rwlock_holder(&lock) == 0);
    expect(pthread_rwlock_wrlock(&lock) == EDEADLK);
    expect(pthread_rwlock_rdlock(&lock) == EDEADLK);
    expect(pthread_rwlock_tryrdlock(&lock) == EBUSY);
    expect(pthread_rwlock_unlock(&lock) == 0);
    expect(pthread_rwlock_timedrdlock(&lock, &past) == 0);
    expect(pthread_rwlock_unlock(&lock) == 0);
    expect(pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &past) == 0);
    expect(pthread_rwlock_unlock(&lock) == 0);
    expect(mill_rwlock_holder(&lock) == -1);
}

static void upgrade(void)
{
    reset();
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_wrlock(&lock);
}

static void test_answers_and_an_upgrade_that_waits_for_itself(void **state)
{
    (void)state;
    assert_ends(answers);
    explore(upgrade);
    assert_int_equal(seen.deadlocks, seen.schedules);
}

static void *write_once(void *unused)
{
    write_it(0);
    return unused;
}

static void read_twice(void)
{
    pthread_t other = spawn(write_once, NULL);
    pthread_rwlock_rdlock(&lock);
    sched_yield();
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_unlock(&lock);
    pthread_rwlock_unlock(&lock);
    join(other);
}

static void read_twice_by_default(void)
{
    reset();
    read_twice();
}

static void read_twice_after_writers(void)
{
    reset();
    lock = (pthread_rwlock_t)PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
    read_twice();
}

static void test_who_goes_first(void **state)
{
    (void)state;
    assert_ends(read_twice_by_default);
    explore(read_twice_after_writers);
    assert_true(seen.deadlocks > 0 && seen.deadlocks < seen.schedules);
}

static void *unlock_it(void *unused)
{
    pthread_rwlock_unlock(&lock);
    return unused;
}

static void unlock_of_a_stranger(void)
{
    reset();
    pthread_rwlock_rdlock(&lock);
    join(spawn(unlock_it, NULL));
}

static void destroy_while_held(void)
{
    reset();
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_destroy(&lock);
}

static void test_misuse_is_told(void **state)
{
    (void)state;
    assert_fails(unlock_of_a_stranger, MILL_FAILURE_MISUSE, "which it does not hold");
    assert_fails(destroy_while_held, MILL_FAILURE_MISUSE, "which thread 0 holds");
}

static void read_many_at_once(void)
{
    static pthread_rwlock_t locks[MILL_THREAD_SHARES + 3];
    for (size_t i = 0; i < sizeof locks / sizeof locks[0]; i++) {
        locks[i] = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
        expect(pthread_rwlock_rdlock(&locks[i]) == 0);
    }
    for (size_t i = 0; i < sizeof locks / sizeof locks[0]; i++) {
        expect(pthread_rwlock_unlock(&locks[i]) == 0);
        expect(pthread_rwlock_trywrlock(&locks[i]) == 0);
    }
}

static void test_more_locks_than_are_listed(void **state)
{
    (void)state;
    assert_ends(read_many_at_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers_together_writers_alone),
        cmocka_unit_test(test_readers_alone_are_never_ordered),
        cmocka_unit_test(test_answers_and_an_upgrade_that_waits_for_itself),
        cmocka_unit_test(test_who_goes_first),
        cmocka_unit_test(test_misuse_is_told),
        cmocka_unit_test(test_more_locks_than_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

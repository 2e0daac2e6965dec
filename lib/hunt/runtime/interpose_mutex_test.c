#include "hunt/runtime/test_scheduler.h"

#include <errno.h>

static pthread_mutex_t mutex;
static int shared, inside;

static void make(int type, int robust)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    expect(pthread_mutexattr_settype(&attributes, type) == 0);
    expect(pthread_mutexattr_setrobust(&attributes, robust) == 0);
    expect(pthread_mutex_init(&mutex, &attributes) == 0);
}

static void *add_one(void *unused)
{
    expect(pthread_mutex_lock(&mutex) == 0);
    expect(inside++ == 0);
    int before = shared;
    sched_yield();
    shared = before + 1;
    mark((unsigned)shared);
    inside--;
    expect(pthread_mutex_unlock(&mutex) == 0);
    return unused;
}

static void add_two(void)
{
    shared = inside = 0;
    pthread_t other = spawn(add_one, NULL);
    add_one(NULL);
    join(other);
    expect(shared == 2);
    expect(pthread_mutex_destroy(&mutex) == 0);
}

static void static_add_two(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    add_two();
}

static void adaptive_add_two(void)
{
    make(PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_MUTEX_STALLED);
    add_two();
}

static void test_one_at_a_time_and_ordered(void **state)
{
    (void)state;
    assert_ends(static_add_two);
    assert_true(seen.schedules >= 2); /* either first */
    assert_int_equal(seen.unordered[1][2], 0);
    assert_ends(adaptive_add_two);
    assert_int_equal(seen.unordered[1][2], 0);
}

static void *nothing(void *unused)
{
    return unused;
}

static void recursive(void)
{
    make(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
    expect(pthread_mutex_lock(&mutex) == 0);
    expect(pthread_mutex_lock(&mutex) == 0);
    expect(pthread_mutex_trylock(&mutex) == 0);
    expect(pthread_mutex_unlock(&mutex) == 0);
    expect(pthread_mutex_unlock(&mutex) == 0);
    expect(mill_mutex_holder(&mutex) == 0);
    expect(pthread_mutex_unlock(&mutex) == 0);
    expect(mill_mutex_holder(&mutex) == -1);
    expect(pthread_mutex_unlock(&mutex) == EPERM);
}

static void errorcheck(void)
{
    make(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
    expect(pthread_mutex_unlock(&mutex) == EPERM);
    expect(pthread_mutex_lock(&mutex) == 0);
    expect(pthread_mutex_lock(&mutex) == EDEADLK);
    expect(pthread_mutex_trylock(&mutex) == EBUSY);
    expect(pthread_mutex_unlock(&mutex) == 0);
}

static void test_types_answer_as_posix_says(void **state)
{
    (void)state;
    assert_ends(recursive);
    assert_ends(errorcheck);
}

static void relock(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex);
}

static void test_a_normal_mutex_locked_again_is_a_deadlock(void **state)
{
    (void)state;
    explore(relock);
    assert_int_equal(seen.deadlocks, seen.schedules);
    assert_int_equal(seen.blocked_count, 1);
    assert_int_equal(seen.blocked[0].kind, MILL_STEP_LOCK);
    assert_int_equal(seen.blocked[0].object, (uintptr_t)&mutex);
}

static pthread_mutex_t second;

static void *lock_both(void *other_way)
{
    pthread_mutex_lock(other_way != NULL ? &second : &mutex);
    pthread_mutex_lock(other_way != NULL ? &mutex : &second);
    pthread_mutex_unlock(&mutex);
    pthread_mutex_unlock(&second);
    return NULL;
}

static void lock_in_two_orders(void)
{
    mutex = second = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_t other = spawn(lock_both, &second);
    lock_both(NULL);
    join(other);
}

static void test_two_orders_meet_in_some_schedules(void **state)
{
    (void)state;
    explore(lock_in_two_orders);
    assert_true(seen.deadlocks > 0 && seen.deadlocks < seen.schedules);
    assert_int_equal(seen.failures, 0);
}

static void *unlock_it(void *unused)
{
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void unlock_of_a_stranger(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    join(spawn(unlock_it, NULL));
}

static void unlock_of_nobodys(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_unlock(&mutex);
}

static void destroy_while_held(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_mutex_destroy(&mutex);
}

static void lock_of_destroyed(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_destroy(&mutex);
    pthread_mutex_lock(&mutex);
}

static void test_misuse_is_told(void **state)
{
    (void)state;
    assert_fails(unlock_of_a_stranger, MILL_FAILURE_MISUSE, "which thread 0 holds");
    assert_fails(unlock_of_nobodys, MILL_FAILURE_MISUSE, "which nobody holds");
    assert_fails(destroy_while_held, MILL_FAILURE_MISUSE, "thread 0 destroys mutex");
    assert_fails(lock_of_destroyed, MILL_FAILURE_MISUSE, "after it was destroyed");
}

static void *try_and_tell(void *unused)
{
    int error = pthread_mutex_trylock(&mutex);
    expect(error == 0 || error == EBUSY);
    result(error == 0 ? 0 : 1);
    if (error == 0) {
        pthread_mutex_unlock(&mutex);
    }
    return unused;
}

static void try_beside_a_holder(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_t other = spawn(try_and_tell, NULL);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    join(other);
}

static void *spin_until_taken(void *unused)
{
    while (pthread_mutex_trylock(&mutex) != 0) {
    }
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void spin_beside_a_holder(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_t other = spawn(spin_until_taken, NULL);
    pthread_mutex_unlock(&mutex);
    join(other);
}

static void test_a_try_fails_or_not_and_spinning_ends(void **state)
{
    (void)state;
    assert_ends(try_beside_a_holder);
    assert_true(seen.results[0] > 0 && seen.results[1] > 0);
    assert_ends(spin_beside_a_holder);
}

static void *lock_for_a_second(void *unused)
{
    struct timespec when;
    clock_gettime(CLOCK_REALTIME, &when);
    when.tv_sec++;
    int error = pthread_mutex_timedlock(&mutex, &when);
    expect(error == 0 || error == ETIMEDOUT);
    result(error == 0 ? 0 : 1);
    if (error == ETIMEDOUT) {
        struct timespec now_is;
        clock_gettime(CLOCK_REALTIME, &now_is);
        expect(now_is.tv_sec > when.tv_sec ||
               (now_is.tv_sec == when.tv_sec && now_is.tv_nsec >= when.tv_nsec));
    } else {
        pthread_mutex_unlock(&mutex);
    }
    return unused;
}

static void timed(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_t other = spawn(lock_for_a_second, NULL);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    join(other);
}

static void timed_against_oneself(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    struct timespec bad = {.tv_nsec = 1000000000};
    struct timespec past = {.tv_sec = 1};
    expect(pthread_mutex_timedlock(&mutex, &bad) == 0); /* it need not wait, so the time is not looked at */
    expect(pthread_mutex_timedlock(&mutex, &bad) == EINVAL);
    expect(pthread_mutex_timedlock(&mutex, &past) == ETIMEDOUT);
    expect(pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &past) == ETIMEDOUT);
    expect(pthread_mutex_clocklock(&mutex, CLOCK_PROCESS_CPUTIME_ID, &past) == EINVAL);
}

static void test_a_timeout_is_a_choice(void **state)
{
    (void)state;
    assert_ends(timed);
    assert_true(seen.results[0] > 0 && seen.results[1] > 0);
    assert_ends(timed_against_oneself);
}

static void *lock_and_end(void *unused)
{
    expect(pthread_mutex_lock(&mutex) == 0);
    mark(1);
    return unused;
}

static void owner_ends(void)
{
    make(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
    pthread_t other = spawn(lock_and_end, NULL);
    pthread_t beside = spawn(nothing, NULL);
    int error = pthread_mutex_lock(&mutex);
    expect(error == 0 || error == EOWNERDEAD);
    result(error == 0 ? 0 : 1);
    if (error == EOWNERDEAD) {
        mark(2);
        expect(pthread_mutex_consistent(&mutex) == 0);
        expect(pthread_mutex_consistent(&mutex) == EINVAL);
    }
    expect(pthread_mutex_unlock(&mutex) == 0);
    join(other);
    join(beside);
}

static void owner_ends_and_nobody_cares(void)
{
    make(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
    join(spawn(lock_and_end, NULL));
    expect(pthread_mutex_lock(&mutex) == EOWNERDEAD);
    expect(pthread_mutex_unlock(&mutex) == 0);
    expect(pthread_mutex_lock(&mutex) == ENOTRECOVERABLE);
    expect(pthread_mutex_trylock(&mutex) == ENOTRECOVERABLE);
}

static void test_a_robust_mutex_survives_its_owner(void **state)
{
    (void)state;
    assert_ends(owner_ends);
    assert_true(seen.results[0] > 0 && seen.results[1] > 0);
    assert_int_equal(seen.unordered[1][2], 0);
    assert_ends(owner_ends_and_nobody_cares);
}

static void with_priorities(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    expect(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
    expect(pthread_mutex_init(&mutex, &attributes) == 0);
    add_two();
    expect(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_PROTECT) == 0);
    expect(pthread_mutex_init(&mutex, &attributes) == 0);
    add_two();
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    int old;
    expect(pthread_mutex_setprioceiling(&mutex, 1, &old) == EINVAL);
}

static void test_priorities_are_accepted(void **state)
{
    (void)state;
    assert_ends(with_priorities);
}

static void lock_only(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
}

static void init_only(void)
{
    pthread_mutex_init(&mutex, NULL);
}

static void test_calls_touch_the_mutex(void **state)
{
    (void)state;
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    touch_fails = (uintptr_t)&mutex;
    assert_fails(lock_only, MILL_FAILURE_RACE, "used");
    assert_fails(init_only, MILL_FAILURE_RACE, "made or destroyed");
    touch_fails = 0;
    assert_ends(lock_only);
}

static void test_outside_of_a_schedule_it_is_the_c_librarys(void **state)
{
    (void)state;
    pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
    assert_int_equal(pthread_mutex_lock(&plain), 0);
    assert_int_equal(pthread_mutex_trylock(&plain), EBUSY);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, nothing, &plain), 0);
    void *value = NULL;
    assert_int_equal(pthread_join(thread, &value), 0);
    assert_ptr_equal(value, &plain);
    assert_int_equal(pthread_mutex_unlock(&plain), 0);
    assert_int_equal(pthread_mutex_destroy(&plain), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time_and_ordered),
        cmocka_unit_test(test_types_answer_as_posix_says),
        cmocka_unit_test(test_a_normal_mutex_locked_again_is_a_deadlock),
        cmocka_unit_test(test_two_orders_meet_in_some_schedules),
        cmocka_unit_test(test_misuse_is_told),
        cmocka_unit_test(test_a_try_fails_or_not_and_spinning_ends),
        cmocka_unit_test(test_a_timeout_is_a_choice),
        cmocka_unit_test(test_a_robust_mutex_survives_its_owner),
        cmocka_unit_test(test_priorities_are_accepted),
        cmocka_unit_test(test_calls_touch_the_mutex),
        cmocka_unit_test(test_outside_of_a_schedule_it_is_the_c_librarys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "hunt/runtime/test_scheduler.h"

#include <errno.h>

static pthread_mutex_t mutex;
static pthread_cond_t condition;
static int tokens;

static void reset(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    condition = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    tokens = 0;
}

static struct timespec in_a_second(clockid_t clock)
{
    struct timespec when;
    clock_gettime(clock, &when);
    when.tv_sec++;
    return when;
}

/* ---- waiting well ---- */

static void *take_one(void *unused)
{
    pthread_mutex_lock(&mutex);
    while (tokens == 0) {
        expect(pthread_cond_wait(&condition, &mutex) == 0);
        expect(mill_mutex_holder(&mutex) == (int)mill_self());
    }
    tokens--;
    mark(2);
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void give_two(void)
{
    reset();
    pthread_t one = spawn(take_one, NULL);
    pthread_t two = spawn(take_one, NULL);
    for (int i = 0; i < 2; i++) {
        pthread_mutex_lock(&mutex);
        tokens++;
        mark(1);
        expect(pthread_cond_signal(&condition) == 0);
        pthread_mutex_unlock(&mutex);
    }
    join(one);
    join(two);
    expect(pthread_cond_destroy(&condition) == 0);
}

static void broadcast_two(void)
{
    reset();
    pthread_t one = spawn(take_one, NULL);
    pthread_t two = spawn(take_one, NULL);
    pthread_mutex_lock(&mutex);
    tokens = 2;
    mark(1);
    expect(pthread_cond_broadcast(&condition) == 0);
    pthread_mutex_unlock(&mutex);
    join(one);
    join(two);
}

static void test_words_reach_who_waits(void **state)
{
    (void)state;
    assert_ends(give_two);
    assert_int_equal(seen.unordered[1][2], 0);
    assert_ends(broadcast_two);
    assert_int_equal(seen.unordered[1][2], 0);
}

/* ---- which one is woken ---- */

static void *wait_and_tell(void *number)
{
    pthread_mutex_lock(&mutex);
    pthread_cond_wait(&condition, &mutex);
    result((unsigned)(uintptr_t)number);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void await_waiting(unsigned count)
{
    while (mill_waiting_count(&condition) < count) {
        sched_yield();
    }
}

static void signal_one_of_two(void)
{
    reset();
    spawn(wait_and_tell, (void *)1);
    await_waiting(1);
    spawn(wait_and_tell, (void *)2);
    await_waiting(2);
    pthread_cond_signal(&condition);
}

static void test_a_signal_wakes_either_but_one(void **state)
{
    (void)state;
    explore(signal_one_of_two);
    assert_int_equal(seen.failures, 0);
    assert_int_equal(seen.deadlocks, seen.schedules); /* the other one waits on */
    assert_true(seen.results[1] > 0 && seen.results[2] > 0);
    assert_int_equal(seen.results[1] + seen.results[2], seen.schedules);
    assert_int_equal(seen.blocked_count, 1);
    assert_int_equal(seen.blocked[0].kind, MILL_STEP_WAIT);
    assert_int_equal(seen.blocked[0].object, (uintptr_t)&condition);
}

/* ---- waiting badly ---- */

static void *signal_without_mutex(void *unused)
{
    tokens = 1;
    pthread_cond_signal(&condition);
    return unused;
}

static void wait_beside_a_bare_signal(void)
{
    reset();
    pthread_t other = spawn(signal_without_mutex, NULL);
    pthread_mutex_lock(&mutex);
    if (tokens == 0) {
        sched_yield();
        pthread_cond_wait(&condition, &mutex);
    }
    pthread_mutex_unlock(&mutex);
    join(other);
}

static void *signal_after_mark(void *unused)
{
    mark(1);
    pthread_cond_signal(&condition);
    return unused;
}

static void woken_by_a_bare_signal(void)
{
    reset();
    pthread_mutex_lock(&mutex);
    pthread_t other = spawn(signal_after_mark, NULL);
    pthread_cond_wait(&condition, &mutex);
    mark(2);
    pthread_mutex_unlock(&mutex);
    join(other);
}

static void test_a_word_too_early_is_lost_and_orders_nothing(void **state)
{
    (void)state;
    explore(wait_beside_a_bare_signal);
    assert_true(seen.deadlocks > 0 && seen.deadlocks < seen.schedules);
    explore(woken_by_a_bare_signal);
    assert_true(seen.deadlocks > 0 && seen.deadlocks < seen.schedules);
    assert_int_equal(seen.unordered[1][2], seen.schedules - seen.deadlocks);
}

static void wait_without_mutex(void)
{
    reset();
    pthread_cond_wait(&condition, &mutex);
}

static void wait_with_an_errorcheck_mutex_of_nobodys(void)
{
    reset();
    mutex = (pthread_mutex_t)PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    expect(pthread_cond_wait(&condition, &mutex) == EPERM);
    expect(mill_waiting_count(&condition) == 0);
}

static pthread_mutex_t another;

static void *wait_with_another(void *unused)
{
    pthread_mutex_lock(&another);
    pthread_cond_wait(&condition, &another);
    return unused;
}

static void wait_with_two_mutexes(void)
{
    reset();
    another = mutex;
    spawn(wait_with_another, NULL);
    pthread_mutex_lock(&mutex);
    pthread_cond_wait(&condition, &mutex);
}

static void destroy_while_waited_for(void)
{
    reset();
    spawn(wait_and_tell, (void *)1);
    await_waiting(1);
    pthread_cond_destroy(&condition);
}

static void test_misuse_is_told(void **state)
{
    (void)state;
    assert_fails(wait_without_mutex, MILL_FAILURE_MISUSE, "nobody holds");
    assert_ends(wait_with_an_errorcheck_mutex_of_nobodys);
    assert_fails(wait_with_two_mutexes, MILL_FAILURE_MISUSE, "with another mutex");
    assert_fails(destroy_while_waited_for, MILL_FAILURE_MISUSE, "at which thread 1 waits");
}

/* ---- timeouts ---- */

static void *signal_once(void *unused)
{
    pthread_mutex_lock(&mutex);
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void wait_a_second(void)
{
    reset();
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    expect(pthread_cond_init(&condition, &attributes) == 0);
    pthread_t other = spawn(signal_once, NULL);
    pthread_mutex_lock(&mutex);
    struct timespec when = in_a_second(CLOCK_MONOTONIC);
    int error = pthread_cond_timedwait(&condition, &mutex, &when);
    expect(error == 0 || error == ETIMEDOUT);
    expect(mill_mutex_holder(&mutex) == 0);
    struct timespec now_is;
    clock_gettime(CLOCK_MONOTONIC, &now_is);
    expect(error == 0 || now_is.tv_sec >= when.tv_sec);
    expect(error != 0 || now_is.tv_sec < when.tv_sec || now_is.tv_nsec < when.tv_nsec);
    result(error == 0 ? 0 : 1);
    pthread_mutex_unlock(&mutex);
    join(other);
    expect(mill_waiting_count(&condition) == 0);
}

static void wait_for_nobody(void)
{
    reset();
    pthread_mutex_lock(&mutex);
    struct timespec bad = {.tv_nsec = -1};
    expect(pthread_cond_timedwait(&condition, &mutex, &bad) == EINVAL);
    struct timespec when = in_a_second(CLOCK_REALTIME);
    expect(pthread_cond_timedwait(&condition, &mutex, &when) == ETIMEDOUT);
    when = in_a_second(CLOCK_MONOTONIC);
    expect(pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &when) == ETIMEDOUT);
    expect(pthread_cond_clockwait(&condition, &mutex, CLOCK_TAI, &when) == EINVAL);
    pthread_mutex_unlock(&mutex);
}

static void test_a_timeout_is_a_choice(void **state)
{
    (void)state;
    assert_ends(wait_a_second);
    assert_true(seen.results[0] > 0 && seen.results[1] > 0);
    assert_ends(wait_for_nobody);
}

static void wait_without_a_loop(void)
{
    reset();
    pthread_mutex_lock(&mutex);
    pthread_t other = spawn(signal_once, NULL);
    expect(pthread_cond_wait(&condition, &mutex) == 0);
    result((unsigned)mill_thread_is_over(1));
    pthread_mutex_unlock(&mutex);
    join(other);
}

static void test_nobody_wakes_without_a_word_unless_it_is_wanted(void **state)
{
    (void)state;
    explore(wait_for_nobody);
    assert_int_equal(seen.schedules, 1);
    assert_ends(wait_without_a_loop);
    unsigned without = seen.schedules;
    mill_interpose_spurious = true;
    assert_ends(wait_without_a_loop);
    assert_true(seen.schedules > without);
    mill_interpose_spurious = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_reach_who_waits),
        cmocka_unit_test(test_a_signal_wakes_either_but_one),
        cmocka_unit_test(test_a_word_too_early_is_lost_and_orders_nothing),
        cmocka_unit_test(test_misuse_is_told),
        cmocka_unit_test(test_a_timeout_is_a_choice),
        cmocka_unit_test(test_nobody_wakes_without_a_word_unless_it_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Threads that end before their function returns: pthread_exit, cancelled; clean-ups. */
#include "hunt/runtime/test_scheduler.h"

#include <errno.h>
#include <unistd.h>

static pthread_t first;
static sem_t semaphore;

static void *give_back(void *argument)
{
    return argument;
}

/* ---- the end of a thread ---- */

static int cleaned[4], clean_count;

static void clean(void *number)
{
    expect(clean_count < 4);
    cleaned[clean_count++] = (int)(intptr_t)number;
}

static void leave(void)
{
    pthread_exit((void *)7);
}

/* Without -fexceptions pthread_cleanup_push calls __pthread_register_cancel. */
static void *exit_with_cleanups(void *unused)
{
    pthread_cleanup_push(clean, (void *)1);
    pthread_cleanup_push(clean, (void *)2);
    pthread_cleanup_push(clean, (void *)3);
    pthread_cleanup_pop(0);
    leave();
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return unused;
}

static void exit_in_a_thread(void)
{
    clean_count = 0;
    void *value = NULL;
    expect(pthread_join(spawn(exit_with_cleanups, NULL), &value) == 0);
    expect(value == (void *)7);
    expect(clean_count == 2 && cleaned[0] == 2 && cleaned[1] == 1);
}

static void exit_in_the_first(void)
{
    clean_count = 0;
    spawn(give_back, NULL);
    exit_with_cleanups(NULL);
}

static void pop_and_run(void)
{
    clean_count = 0;
    pthread_cleanup_push(clean, (void *)4);
    int old;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    pthread_cleanup_push_defer_np(clean, (void *)5);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old);
    expect(old == PTHREAD_CANCEL_DEFERRED);
    pthread_cleanup_pop_restore_np(1);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old);
    expect(old == PTHREAD_CANCEL_ASYNCHRONOUS);
    pthread_cleanup_pop(1);
    expect(clean_count == 2 && cleaned[0] == 5 && cleaned[1] == 4);
    pthread_exit(NULL); /* nothing is left to run */
}

static void test_clean_ups_run_innermost_first(void **state)
{
    (void)state;
    assert_ends(exit_in_a_thread);
    assert_ends(exit_in_the_first);
    assert_int_equal(clean_count, 2);
    assert_ends(pop_and_run);
    assert_int_equal(clean_count, 2);
}

/* ---- cancelling ---- */

static pthread_mutex_t mutex;
static pthread_cond_t condition;

static void clean_unlocking(void *unused)
{
    (void)unused;
    expect(mill_mutex_holder(&mutex) == (int)mill_self());
    clean_count++;
    pthread_mutex_unlock(&mutex);
}

static void *wait_at_a_condition(void *unused)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(clean_unlocking, NULL);
    pthread_cond_wait(&condition, &mutex);
    pthread_cleanup_pop(1);
    return unused;
}

static void *wait_at_a_semaphore(void *unused)
{
    sem_wait(&semaphore);
    return unused;
}

static void *wait_for_the_first(void *unused)
{
    pthread_join(first, NULL);
    return unused;
}

static void *wait_in_time(void *unused)
{
    for (;;) {
        usleep(1);
    }
    return unused;
}

static void *wait_testing(void *unused)
{
    for (;;) {
        pthread_testcancel();
        sched_yield();
    }
    return unused;
}

static void cancel_it(void *(*start)(void *))
{
    first = pthread_self();
    clean_count = 0;
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    condition = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    sem_init(&semaphore, 0, 0);
    pthread_t other = spawn(start, NULL);
    expect(pthread_cancel(other) == 0);
    void *value = NULL;
    expect(pthread_join(other, &value) == 0);
    expect(value == PTHREAD_CANCELED);
    expect(pthread_cancel(other) == ESRCH);
}

static void cancel_at_a_condition(void)
{
    cancel_it(wait_at_a_condition);
    expect(clean_count == 1);
    expect(mill_waiting_count(&condition) == 0);
}

static void *wait_at_a_condition_asynchronously(void *unused)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    pthread_mutex_lock(&mutex);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
    pthread_cleanup_push(clean_unlocking, NULL);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    pthread_cond_wait(&condition, &mutex);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
    pthread_cleanup_pop(1);
    pthread_testcancel();
    return unused;
}

/* The other thread has the mutex when the cancelled one would have it back. */
static void cancel_asynchronously_at_a_condition(void)
{
    clean_count = 0;
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    condition = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pthread_t other = spawn(wait_at_a_condition_asynchronously, NULL);
    while (mill_waiting_count(&condition) == 0) {
        sched_yield();
    }
    pthread_mutex_lock(&mutex);
    pthread_cancel(other);
    pthread_mutex_unlock(&mutex);
    void *value = NULL;
    expect(pthread_join(other, &value) == 0);
    expect(value == PTHREAD_CANCELED);
    expect(clean_count == 1);
}

static void cancel_at_a_semaphore(void)
{
    cancel_it(wait_at_a_semaphore);
}

static void cancel_asleep(void)
{
    cancel_it(wait_in_time);
}

static void cancel_testing(void)
{
    cancel_it(wait_testing);
}

static void cancel_at_a_join(void)
{
    first = pthread_self();
    pthread_t other = spawn(wait_for_the_first, NULL);
    expect(pthread_cancel(other) == 0);
    while (!mill_thread_is_over(1)) {
        sched_yield();
    }
    expect(mill_thread_result(1) == PTHREAD_CANCELED);
}

static void test_cancelled_at_cancellation_points(void **state)
{
    (void)state;
    assert_ends(cancel_at_a_condition);
    assert_true(seen.schedules >= 3);
    assert_ends(cancel_asynchronously_at_a_condition);
    assert_ends(cancel_at_a_semaphore);
    assert_ends(cancel_at_a_join);
    assert_ends(cancel_asleep);
    assert_ends(cancel_testing);
}

static void *lock_it(void *asynchronous)
{
    pthread_setcanceltype(asynchronous != NULL ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED, NULL);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void cancel_at_a_mutex(void *asynchronous)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_t other = spawn(lock_it, asynchronous);
    expect(pthread_cancel(other) == 0);
    if (asynchronous == NULL) {
        pthread_mutex_unlock(&mutex);
    }
    void *value = NULL;
    expect(pthread_join(other, &value) == 0);
    expect(value == (asynchronous != NULL ? PTHREAD_CANCELED : NULL));
}

static void cancel_at_a_mutex_deferred(void)
{
    cancel_at_a_mutex(NULL);
}

static void cancel_at_a_mutex_anywhere(void)
{
    cancel_at_a_mutex(&mutex);
}

static void *refuse_to_be_cancelled(void *unused)
{
    int old;
    expect(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old) == 0 && old == PTHREAD_CANCEL_ENABLE);
    while (!mill_thread_data(1)->cancel_wanted) {
        usleep(1);
    }
    pthread_testcancel();
    result(0);
    expect(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old) == 0 && old == PTHREAD_CANCEL_DISABLE);
    result(1);
    pthread_testcancel();
    result(2);
    return unused;
}

static void cancel_the_unwilling(void)
{
    pthread_t other = spawn(refuse_to_be_cancelled, NULL);
    while (!mill_thread_data(1)->cancel_disabled) {
        sched_yield();
    }
    pthread_cancel(other);
    join(other);
}

static void bad_arguments(void)
{
    int old;
    expect(pthread_setcancelstate(7, &old) == EINVAL);
    expect(pthread_setcanceltype(7, &old) == EINVAL);
    expect(pthread_cancel((pthread_t)1) == ESRCH);
}

static void test_cancelled_where_the_type_and_state_allow(void **state)
{
    (void)state;
    assert_ends(cancel_at_a_mutex_deferred);
    assert_ends(cancel_at_a_mutex_anywhere);
    assert_ends(cancel_the_unwilling);
    assert_int_equal(seen.results[0], seen.schedules);
    assert_int_equal(seen.results[1], seen.schedules);
    assert_int_equal(seen.results[2], 0);
    assert_ends(bad_arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean_ups_run_innermost_first),
        cmocka_unit_test(test_cancelled_at_cancellation_points),
        cmocka_unit_test(test_cancelled_where_the_type_and_state_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

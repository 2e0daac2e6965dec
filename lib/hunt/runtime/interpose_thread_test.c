/* Threads: created, joined, detached, cancelled; clean-ups; keys. */
#include "hunt/runtime/test_scheduler.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "hunt/runtime/cleanup.h"

static void *give_back(void *argument)
{
    mark(2);
    return argument;
}

/* ---- create, join, detach ---- */

static void create_and_join(void)
{
    int place;
    pthread_t thread;
    mark(1);
    expect(pthread_create(&thread, NULL, give_back, &place) == 0);
    void *value = NULL;
    expect(pthread_join(thread, &value) == 0);
    expect(value == &place);
    mark(3);
    expect(!pthread_equal(thread, pthread_self()));
    expect(mill_thread_find(pthread_self()) == 0);
    expect(pthread_join(pthread_self(), NULL) == EDEADLK);
}

static void create_detached(void)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    expect(pthread_create(&thread, &attributes, give_back, NULL) == 0);
    pthread_attr_destroy(&attributes);
    expect(pthread_join(thread, NULL) == EINVAL);
    expect(pthread_detach(thread) == EINVAL);
    expect(pthread_create(&thread, NULL, give_back, NULL) == 0);
    expect(pthread_detach(thread) == 0);
    expect(pthread_tryjoin_np(thread, NULL) == EINVAL);
}

static void create_too_many(void)
{
    pthread_t thread;
    for (int i = 1; i < THREADS_MAX; i++) {
        expect(pthread_create(&thread, NULL, give_back, NULL) == 0);
        expect(pthread_join(thread, NULL) == 0);
    }
    expect(pthread_create(&thread, NULL, give_back, NULL) == EAGAIN);
}

static void test_threads_are_made_and_joined_in_order(void **state)
{
    (void)state;
    assert_ends(create_and_join);
    assert_int_equal(seen.unordered[1][2], 0);
    assert_int_equal(seen.unordered[2][3], 0);
    assert_int_equal(seen.unordered[1][3], 0);
    assert_ends(create_detached);
    assert_ends(create_too_many);
}

static pthread_t first;
static sem_t semaphore;

static void *join_the_first(void *unused)
{
    int error = pthread_join(first, NULL);
    result(error == EDEADLK ? 1 : 0);
    return unused;
}

static void join_each_other(void)
{
    first = pthread_self();
    pthread_t other = spawn(join_the_first, NULL);
    int error = pthread_join(other, NULL);
    result(error == EDEADLK ? 1 : 0);
}

static void *give_back_slowly(void *argument)
{
    pthread_testcancel(); /* two steps, so that whoever lets others go first may be back between them */
    pthread_testcancel();
    return argument;
}

static void join_with_timeouts(void)
{
    pthread_t other = spawn(give_back_slowly, &first);
    int error = pthread_tryjoin_np(other, NULL);
    expect(error == 0 || error == EBUSY);
    result(error == 0 ? 0 : 1);
    struct timespec past = {.tv_sec = 1};
    if (error != 0) {
        expect(pthread_clockjoin_np(other, NULL, CLOCK_TAI, &past) == EINVAL);
        error = pthread_timedjoin_np(other, NULL, &past);
        expect(error == 0 || error == ETIMEDOUT);
        result(error == 0 ? 2 : 3);
    }
    if (error != 0) {
        void *value = NULL;
        expect(pthread_clockjoin_np(other, &value, CLOCK_MONOTONIC, NULL) == 0);
        expect(value == &first);
    }
}

static void test_joins_that_wait_for_each_other_or_not_for_ever(void **state)
{
    (void)state;
    assert_ends(join_each_other);
    assert_int_equal(seen.results[1], seen.schedules); /* the second of them is refused, as by glibc */
    assert_ends(join_with_timeouts);
    for (int i = 0; i < 4; i++) {
        assert_true(seen.results[i] > 0);
    }
}

static void join_twice(void)
{
    pthread_t other = spawn(give_back, NULL);
    join(other);
    pthread_join(other, NULL);
}

static void join_nothing(void)
{
    pthread_join((pthread_t)1, NULL);
}

static void detach_joined(void)
{
    pthread_t other = spawn(give_back, NULL);
    join(other);
    pthread_detach(other);
}

static void *join_a_sleeper(void *unused)
{
    pthread_join(first, NULL);
    return unused;
}

static void *wait_for_ever(void *unused)
{
    sem_wait(&semaphore);
    return unused;
}

static void join_from_two_threads(void)
{
    sem_init(&semaphore, 0, 0);
    first = spawn(wait_for_ever, NULL);
    spawn(join_a_sleeper, NULL);
    while (mill_thread_data(2)->joining == 0) {
        sched_yield();
    }
    pthread_join(first, NULL);
}

static void test_misuse_is_told(void **state)
{
    (void)state;
    assert_fails(join_twice, MILL_FAILURE_MISUSE, "which has been joined");
    assert_fails(join_nothing, MILL_FAILURE_MISUSE, "which is no thread's");
    assert_fails(detach_joined, MILL_FAILURE_MISUSE, "a detach of thread 1");
    assert_fails(join_from_two_threads, MILL_FAILURE_MISUSE, "threads 2 and 0 join thread 1");
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

/* ---- keys ---- */

static pthread_key_t key, second_key;
static int destroyed;

static void destroy_twice(void *value)
{
    expect(pthread_getspecific(key) == NULL);
    destroyed++;
    if (value == &destroyed) {
        pthread_setspecific(key, &key); /* a second round */
    }
}

static void destroy_for_ever(void *value)
{
    destroyed++;
    pthread_setspecific(second_key, value);
}

static void *with_keys(void *unused)
{
    expect(pthread_getspecific(key) == NULL);
    expect(pthread_setspecific(key, &destroyed) == 0);
    sched_yield();
    expect(pthread_getspecific(key) == &destroyed);
    return unused;
}

static void *with_a_stubborn_key(void *unused)
{
    pthread_setspecific(second_key, &destroyed);
    return unused;
}

static void keys_of_threads(void)
{
    destroyed = 0;
    expect(pthread_key_create(&key, destroy_twice) == 0);
    expect(pthread_key_create(&second_key, destroy_for_ever) == 0);
    expect(key != second_key);
    expect(pthread_setspecific(key, &first) == 0);
    join(spawn(with_keys, NULL));
    expect(destroyed == 2);
    join(spawn(with_a_stubborn_key, NULL));
    expect(destroyed == 2 + PTHREAD_DESTRUCTOR_ITERATIONS);
    expect(pthread_getspecific(key) == &first);
    expect(pthread_key_delete(key) == 0);
    expect(pthread_key_delete(key) == EINVAL);
    expect(pthread_setspecific(key, &first) == EINVAL);
    expect(pthread_key_create(&key, NULL) == 0); /* the same place, and nothing in it */
    expect(pthread_getspecific(key) == NULL);
}

static void use_a_key_of_before(void)
{
    destroyed = 0;
    join(spawn(with_keys, NULL));
    expect(destroyed == 2);
}

static void too_many_keys(void)
{
    for (int i = 0; i <= MILL_THREAD_KEYS; i++) {
        pthread_key_create(&key, NULL);
    }
}

static void test_keys(void **state)
{
    (void)state;
    assert_ends(keys_of_threads);
    assert_fails(too_many_keys, MILL_FAILURE_UNSUPPORTED, "keys");
    assert_int_equal(pthread_key_create(&key, destroy_twice), 0); /* those of the schedule are gone */
    assert_int_equal(pthread_setspecific(key, &key), 0);
    assert_ends(use_a_key_of_before);
    assert_ptr_equal(pthread_getspecific(key), &key);
    assert_int_equal(pthread_key_delete(key), 0);
}

/* ---- thread_local ---- */

static int order[8], order_count;

static void destroy_one(void *object)
{
    order[order_count++] = (int)(intptr_t)object;
    if (object == (void *)2) {
        __cxa_thread_atexit_impl(destroy_one, (void *)5, NULL); /* one that its destructor makes */
    }
}

static void destroy_key(void *unused)
{
    (void)unused;
    order[order_count++] = 9;
}

static void *with_local_objects(void *unused)
{
    pthread_setspecific(key, &key);
    for (intptr_t i = 1; i <= 3; i++) {
        expect(__cxa_thread_atexit_impl(destroy_one, (void *)i, NULL) == 0);
    }
    return unused;
}

static void local_objects(void)
{
    order_count = 0;
    pthread_key_create(&key, destroy_key);
    join(spawn(with_local_objects, NULL));
    expect(order_count == 5);
    expect(order[0] == 3 && order[1] == 2 && order[2] == 5 && order[3] == 1 && order[4] == 9);
}

static void test_thread_local_objects_go_last_made_first_and_before_keys(void **state)
{
    (void)state;
    assert_ends(local_objects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_are_made_and_joined_in_order),
        cmocka_unit_test(test_joins_that_wait_for_each_other_or_not_for_ever),
        cmocka_unit_test(test_misuse_is_told),
        cmocka_unit_test(test_clean_ups_run_innermost_first),
        cmocka_unit_test(test_cancelled_at_cancellation_points),
        cmocka_unit_test(test_cancelled_where_the_type_and_state_allow),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_thread_local_objects_go_last_made_first_and_before_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

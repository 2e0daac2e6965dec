/* Threads: created, joined, detached; keys. */
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
    assert_int_equal(pthread_key_create(&key, destroy_twice), 0);
    assert_int_equal(pthread_setspecific(key, &key), 0);
    assert_ends(use_a_key_of_before);
    assert_ptr_equal(pthread_getspecific(key), &key);
    assert_int_equal(pthread_key_delete(key), 0);
}

static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void make_the_key(void)
{
    expect(pthread_key_create(&key, destroy_twice) == 0);
}

static void use_a_key_of_the_first_schedule(void)
{
    pthread_once(&key_once, make_the_key);
    use_a_key_of_before();
}

static void test_a_key_outlives_its_schedule(void **state)
{
    (void)state;
    assert_ends(use_a_key_of_the_first_schedule);
    assert_ends(use_a_key_of_the_first_schedule);
}

static void test_too_many_keys(void **state)
{
    (void)state;
    assert_false(mill_keys_crowded());
    assert_fails(too_many_keys, MILL_FAILURE_UNSUPPORTED, "keys");
    assert_true(mill_keys_crowded());
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
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_a_key_outlives_its_schedule),
        cmocka_unit_test(test_thread_local_objects_go_last_made_first_and_before_keys),
        cmocka_unit_test(test_too_many_keys), /* at the end: they stay */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

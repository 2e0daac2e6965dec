#include "hunt/runtime/test_scheduler.h"

#include <threads.h>

static mtx_t mutex;
static cnd_t condition;
static once_flag once;
static tss_t key;
static int count, destroyed, initialised;

static void initialise(void)
{
    initialised++;
}

static void destroy(void *value)
{
    destroyed += value == &count;
}

static int add(void *argument)
{
    call_once(&once, initialise);
    expect(initialised == 1);
    expect(tss_set(key, &count) == thrd_success && tss_get(key) == &count);
    expect(mtx_lock(&mutex) == thrd_success);
    int old = count;
    thrd_yield();
    count = old + 1;
    mark((unsigned)count);
    expect(cnd_signal(&condition) == thrd_success);
    expect(mtx_unlock(&mutex) == thrd_success);
    if (argument != NULL) {
        thrd_exit(7);
    }
    return 3;
}

static void add_in_two(void)
{
    once = (once_flag)ONCE_FLAG_INIT;
    count = destroyed = initialised = 0;
    expect(mtx_init(&mutex, mtx_plain) == thrd_success);
    expect(cnd_init(&condition) == thrd_success);
    expect(tss_create(&key, destroy) == thrd_success);
    thrd_t one;
    thrd_t two;
    expect(thrd_create(&one, add, NULL) == thrd_success);
    expect(thrd_create(&two, add, &count) == thrd_success);
    mtx_lock(&mutex);
    while (count < 2) {
        expect(cnd_wait(&condition, &mutex) == thrd_success);
    }
    mark(3);
    mtx_unlock(&mutex);
    int first = 0;
    int second = 0;
    expect(thrd_join(one, &first) == thrd_success && first == 3);
    expect(thrd_join(two, &second) == thrd_success && second == 7);
    expect(thrd_equal(thrd_current(), pthread_self()));
    expect(destroyed == 2);
    tss_delete(key);
    cnd_destroy(&condition);
    mtx_destroy(&mutex);
}

static void test_threads_mutexes_conditions_once_and_keys(void **state)
{
    (void)state;
    assert_ends(add_in_two);
    assert_int_equal(seen.unordered[1][2], 0);
    assert_int_equal(seen.unordered[2][3], 0);
}

static int add_nothing(void *unused)
{
    return unused != NULL;
}

static void results(void)
{
    struct timespec past = {.tv_sec = 1};
    expect(mtx_init(&mutex, 64) == thrd_error);
    expect(mtx_init(&mutex, mtx_timed) == thrd_success);
    expect(mtx_trylock(&mutex) == thrd_success);
    expect(mtx_trylock(&mutex) == thrd_busy);
    expect(mtx_timedlock(&mutex, &past) == thrd_timedout);
    expect(cnd_init(&condition) == thrd_success);
    expect(cnd_timedwait(&condition, &mutex, &past) == thrd_timedout);
    expect(cnd_broadcast(&condition) == thrd_success);
    expect(mtx_unlock(&mutex) == thrd_success);
    expect(mtx_init(&mutex, mtx_plain | mtx_recursive) == thrd_success);
    expect(mtx_lock(&mutex) == thrd_success && mtx_lock(&mutex) == thrd_success);
    expect(mtx_unlock(&mutex) == thrd_success && mtx_unlock(&mutex) == thrd_success);
    expect(mtx_unlock(&mutex) == thrd_error);
    struct timespec length = {.tv_sec = 5};
    struct timespec before;
    struct timespec after;
    expect(timespec_get(&before, TIME_UTC) == TIME_UTC);
    expect(thrd_sleep(&length, NULL) == 0);
    expect(timespec_get(&after, TIME_UTC) == TIME_UTC && after.tv_sec >= before.tv_sec + 5);
    length.tv_nsec = -1;
    expect(thrd_sleep(&length, NULL) < -1);
    thrd_t thread;
    expect(thrd_create(&thread, add_nothing, NULL) == thrd_success);
    expect(thrd_detach(thread) == thrd_success);
    expect(thrd_detach(thread) == thrd_error);
}

static void unlock_of_nobodys(void)
{
    mtx_init(&mutex, mtx_plain);
    mtx_unlock(&mutex);
}

static void test_results_are_c11s(void **state)
{
    (void)state;
    assert_ends(results);
    assert_fails(unlock_of_nobodys, MILL_FAILURE_MISUSE, "nobody holds");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_mutexes_conditions_once_and_keys),
        cmocka_unit_test(test_results_are_c11s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

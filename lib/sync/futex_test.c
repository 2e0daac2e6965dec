#include "sync/futex.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_a_changed_word_is_not_slept_on(void **state)
{
    (void)state;
    _Atomic uint32_t word = 1;
    assert_int_equal(mill_futex_wait_until(&word, 0, 0), 0);
    assert_int_equal(mill_futex_wait_until(&word, 0, UINT64_MAX - 1), 0);
    assert_int_equal(mill_futex_wait_until(&word, 0, MILL_NO_DEADLINE), 0);
    mill_futex_wait(&word, 0);
}

static void test_times_out_and_not_before(void **state)
{
    (void)state;
    _Atomic uint32_t word = 0;
    errno = EBADF;
    assert_int_equal(mill_futex_wait_until(&word, 0, 0), -ETIMEDOUT);
    uint64_t deadline;
    assert_int_equal(mill_deadline_after(2 * (int64_t)MILL_NS_PER_MS, &deadline), 0);
    int status;
    while ((status = mill_futex_wait_until(&word, 0, deadline)) == 0) {
    }
    assert_int_equal(status, -ETIMEDOUT);
    assert_true(mill_now_ns() >= deadline);
    assert_int_equal(errno, EBADF);
}

struct sleeper {
    _Atomic uint32_t *word;
    uint64_t deadline;
    int status;
};

static void *sleep_until_changed(void *argument)
{
    struct sleeper *sleeper = argument;
    while (atomic_load(sleeper->word) == 0 && sleeper->status == 0) {
        sleeper->status = mill_futex_wait_until(sleeper->word, 0, sleeper->deadline);
    }
    return NULL;
}

static void test_a_change_wakes(void **state)
{
    (void)state;
    const uint64_t deadlines[] = {MILL_NO_DEADLINE, UINT64_MAX - 1, mill_now_ns() + 60 * MILL_NS_PER_S};
    for (size_t i = 0; i < 3 * 20; i++) {
        _Atomic uint32_t word = 0;
        struct sleeper sleeper = {.word = &word, .deadline = deadlines[i % 3]};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, sleep_until_changed, &sleeper), 0);
        atomic_store(&word, 1);
        mill_futex_wake(&word, 1);
        pthread_join(thread, NULL);
        assert_int_equal(sleeper.status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_changed_word_is_not_slept_on),
        cmocka_unit_test(test_times_out_and_not_before),
        cmocka_unit_test(test_a_change_wakes),
    };
    return cmocka_run_group_tests_name("futex", tests, NULL, NULL);
}

/* The parking lot: who sleeps, for how long, and who is woken. */
#include "sync/parking_lot.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/timeout.h"
#include "sync/test_sleep.h"

#define SLEEPERS 3u

/* Addresses are names: these two are of one bucket, since Fibonacci hashing keeps what is a Fibonacci number
 * apart together. */
#define HERE     ((const void *)(uintptr_t)8)
#define THERE    ((const void *)(uintptr_t)(8 + 2584))

static bool yes(void *argument)
{
    (void)argument;
    return true;
}

static bool no(void *argument)
{
    (void)argument;
    return false;
}

/* Keeps what was found; tells that it was a wake of this kind. */
static bool keep(void *argument, struct mill_parking_lot_found found)
{
    *(struct mill_parking_lot_found *)argument = found;
    return found.more;
}

static struct mill_parking_lot_found wake(const void *address)
{
    struct mill_parking_lot_found found;
    mill_parking_lot_wake(address, keep, &found);
    return found;
}

struct sleeper {
    const void *address;
    _Atomic pid_t id;
    int status;
    pthread_t thread;
};

static void *sleep_there(void *argument)
{
    struct sleeper *sleeper = argument;
    atomic_store(&sleeper->id, gettid());
    sleeper->status = mill_parking_lot_sleep(sleeper->address, yes, NULL, MILL_NO_DEADLINE);
    return NULL;
}

static void begin(struct sleeper *sleeper, const void *address)
{
    *sleeper = (struct sleeper){.address = address};
    assert_int_equal(pthread_create(&sleeper->thread, NULL, sleep_there, sleeper), 0);
    mill_test_await_sleep(&sleeper->id);
}

static int end(struct sleeper *sleeper)
{
    pthread_join(sleeper->thread, NULL);
    return sleeper->status;
}

static void test_does_not_sleep_when_told(void **state)
{
    (void)state;
    assert_int_equal(mill_parking_lot_sleep(HERE, no, NULL, MILL_NO_DEADLINE), -EAGAIN);
    assert_false(wake(HERE).somebody);
}

static void test_gives_up(void **state)
{
    (void)state;
    uint64_t deadline;
    mill_deadline_after(2 * MILL_NS_PER_MS, &deadline);
    assert_int_equal(mill_parking_lot_sleep(HERE, yes, NULL, deadline), -ETIMEDOUT);
    assert_true(mill_now_ns() >= deadline);
    assert_false(wake(HERE).somebody);
}

/* The one that gave up stood between others of its bucket, and at its end. */
static void test_leaves_the_others(void **state)
{
    (void)state;
    struct sleeper before, behind;
    begin(&before, HERE);
    assert_int_equal(mill_parking_lot_sleep(HERE, yes, NULL, 0), -ETIMEDOUT);
    begin(&behind, HERE);
    assert_true(wake(HERE).more);
    assert_int_equal(end(&before), true);
    assert_true(wake(HERE).somebody);
    assert_int_equal(end(&behind), false);
    assert_false(wake(HERE).somebody);
}

static void test_wakes_in_order_and_by_address(void **state)
{
    (void)state;
    struct sleeper here[SLEEPERS], there;
    begin(&here[0], HERE);
    begin(&there, THERE);
    begin(&here[1], HERE);
    begin(&here[2], HERE);
    for (unsigned i = 0; i < SLEEPERS; i++) {
        struct mill_parking_lot_found found = wake(HERE);
        assert_true(found.somebody);
        assert_int_equal(found.more, i + 1 < SLEEPERS);
        assert_int_equal(end(&here[i]), found.more); /* hangs if it was another */
    }
    assert_false(wake(HERE).somebody);
    struct mill_parking_lot_found found = wake(THERE);
    assert_true(found.somebody);
    assert_false(found.more);
    assert_int_equal(end(&there), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_does_not_sleep_when_told),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_leaves_the_others),
        cmocka_unit_test(test_wakes_in_order_and_by_address),
    };
    alarm(120);
    return cmocka_run_group_tests_name("parking lot", tests, NULL, NULL);
}

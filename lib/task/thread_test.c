#include "task/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/timeout.h"

/* A thread that says that it runs, and stays until it is told to go. */
struct guest {
    struct mill_thread *thread;
    atomic_bool there, leave;
    unsigned written; /* plain: the join publishes it */
    char name[32];
    int joined_itself;
    bool was_itself;
};

static void stay(void *argument)
{
    struct guest *guest = argument;
    pthread_getname_np(pthread_self(), guest->name, sizeof guest->name);
    atomic_store(&guest->there, true);
    while (!atomic_load(&guest->leave)) {
        sched_yield();
    }
    guest->written = 7;
}

static void invite(struct guest *guest, const char *name)
{
    *guest = (struct guest){.written = 0};
    assert_int_equal(mill_thread_start(&guest->thread, name, stay, guest), 0);
    while (!atomic_load(&guest->there)) {
        sched_yield();
    }
}

static void see_off(struct guest *guest)
{
    atomic_store(&guest->leave, true);
    assert_int_equal(mill_thread_join(&guest->thread, MILL_FOREVER), 0);
    assert_int_equal(guest->written, 7);
}

static void test_bad_input(void **state)
{
    (void)state;
    struct guest guest;
    struct mill_thread *thread = NULL;
    assert_int_equal(mill_thread_start(NULL, "name", stay, &guest), -EINVAL);
    assert_int_equal(mill_thread_start(&thread, NULL, stay, &guest), -EINVAL);
    assert_int_equal(mill_thread_start(&thread, "", stay, &guest), -EINVAL);
    assert_int_equal(mill_thread_start(&thread, "sixteen letters.", stay, &guest), -EINVAL);
    assert_int_equal(mill_thread_start(&thread, "name", NULL, &guest), -EINVAL);
    assert_null(thread);
    assert_int_equal(mill_thread_join(NULL, MILL_FOREVER), -EINVAL);
    assert_int_equal(mill_thread_join(&thread, MILL_FOREVER), -EINVAL);

    invite(&guest, "guest");
    assert_int_equal(mill_thread_join(&guest.thread, -1), -EINVAL);
    assert_non_null(guest.thread);
    see_off(&guest);
    assert_int_equal(mill_thread_join(&guest.thread, MILL_FOREVER), -EINVAL); /* joined before */
}

static void test_the_kernel_knows_the_name(void **state)
{
    (void)state;
    struct guest guest;
    invite(&guest, "fifteen letters");
    assert_string_equal(guest.name, "fifteen letters");
    see_off(&guest);
    invite(&guest, "x");
    assert_string_equal(guest.name, "x");
    see_off(&guest);
}

static void test_a_join_times_out_and_can_be_repeated(void **state)
{
    (void)state;
    struct guest guest;
    invite(&guest, "guest");
    assert_false(mill_thread_ended(guest.thread));
    assert_int_equal(mill_thread_join(&guest.thread, 0), -ETIMEDOUT);
    uint64_t from = mill_now_ns();
    assert_int_equal(mill_thread_join(&guest.thread, 2 * (int64_t)MILL_NS_PER_MS), -ETIMEDOUT);
    assert_true(mill_now_ns() - from >= 2 * MILL_NS_PER_MS);
    assert_false(mill_thread_ended(guest.thread));
    see_off(&guest);
}

static void test_an_ended_one_is_joined_at_once(void **state)
{
    (void)state;
    struct guest guest;
    invite(&guest, "guest");
    atomic_store(&guest.leave, true);
    while (!mill_thread_ended(guest.thread)) {
        sched_yield();
    }
    assert_int_equal(mill_thread_join(&guest.thread, 0), 0);
    assert_int_equal(guest.written, 7);
}

static void join_myself(void *argument)
{
    struct guest *guest = argument;
    while (!atomic_load(&guest->leave)) {
        sched_yield(); /* until its creator has the thread */
    }
    guest->joined_itself = mill_thread_join(&guest->thread, MILL_FOREVER);
    guest->was_itself = mill_thread_is_self(guest->thread);
}

static void test_itself(void **state)
{
    (void)state;
    struct guest guest = {.written = 0};
    assert_int_equal(mill_thread_start(&guest.thread, "self", join_myself, &guest), 0);
    assert_false(mill_thread_is_self(guest.thread));
    atomic_store(&guest.leave, true);
    assert_int_equal(mill_thread_join(&guest.thread, MILL_FOREVER), 0);
    assert_int_equal(guest.joined_itself, -EDEADLK);
    assert_true(guest.was_itself);
}

static void test_processor_time(void **state)
{
    (void)state;
    struct guest guest = {.written = 0};
    uint64_t before = UINT64_MAX;
    assert_int_equal(mill_thread_start(&guest.thread, "busy", stay, &guest), 0);
    assert_int_equal(mill_thread_cpu_ns(guest.thread, &before), 0); /* perhaps before it has run at all */
    assert_true(before < UINT64_MAX);
    uint64_t now = before;
    while (now < before + MILL_NS_PER_MS) { /* it is never idle, so it comes */
        uint64_t last = now;
        assert_int_equal(mill_thread_cpu_ns(guest.thread, &now), 0);
        assert_true(now >= last);
    }
    atomic_store(&guest.leave, true);
    while (!mill_thread_ended(guest.thread)) {
        uint64_t last = now;
        assert_int_equal(mill_thread_cpu_ns(guest.thread, &now), 0);
        assert_true(now >= last);
    }
    uint64_t total = 0;
    assert_int_equal(mill_thread_cpu_ns(guest.thread, &total), 0);
    assert_true(total >= before + MILL_NS_PER_MS);
    see_off(&guest);
}

static void test_many_come_and_go(void **state)
{
    (void)state;
    enum { guests = 8 };
    for (unsigned round = 0; round < 20; round++) {
        struct guest guest[guests] = {0};
        for (unsigned i = 0; i < guests; i++) {
            assert_int_equal(mill_thread_start(&guest[i].thread, "one of many", stay, &guest[i]), 0);
        }
        for (unsigned i = 0; i < guests; i++) {
            see_off(&guest[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_the_kernel_knows_the_name),
        cmocka_unit_test(test_a_join_times_out_and_can_be_repeated),
        cmocka_unit_test(test_an_ended_one_is_joined_at_once),
        cmocka_unit_test(test_itself),
        cmocka_unit_test(test_processor_time),
        cmocka_unit_test(test_many_come_and_go),
    };
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}

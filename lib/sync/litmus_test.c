#include "sync/litmus.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/pause.h"

static void each_function_does_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_litmus_family.count; i++) {
        const struct mill_litmus_ops *ops = mill_litmus_ops_of(mill_litmus_family.strategies[i]);
        struct mill_litmus_variable x = {0}, y = {0};
        int seen[2] = {-1, -1};
        assert_ptr_equal(mill_litmus_ops_find(ops->about.name), ops);
        assert_int_equal(ops->load_then_store(&x, &y), 0);
        ops->load_both(&x, &y, seen);
        assert_int_equal(seen[0], 0);
        assert_int_equal(seen[1], 1);
        assert_int_equal(ops->store_then_load(&x, &y), 1);
        mill_litmus_clear(&x);
        mill_litmus_clear(&y);
        assert_int_equal(ops->store_then_load(&x, &y), 0);
        ops->load_both(&y, &x, seen);
        assert_int_equal(seen[0], 0);
        assert_int_equal(seen[1], 1);
        mill_litmus_clear(&x);
        ops->store_both(&x, &y);
        ops->load_both(&x, &y, seen);
        assert_int_equal(seen[0] + seen[1], 2);
        mill_litmus_clear(&y);
        ops->store(&y);
        assert_int_equal(ops->load_then_store(&y, &x), 1);
    }
}

static void what_is_stronger_forbids_more(void **state)
{
    (void)state;
    assert_int_equal(mill_litmus_ops_find("plain")->forbids, 0);
    assert_int_equal(mill_litmus_ops_find("relaxed")->forbids, 0);
    assert_int_equal(mill_litmus_ops_find("release-acquire")->forbids,
                     MILL_LITMUS_MESSAGE_PASSING | MILL_LITMUS_LOAD_BUFFERING);
    assert_int_equal(mill_litmus_ops_find("seq-cst")->forbids,
                     MILL_LITMUS_STORE_BUFFERING | MILL_LITMUS_MESSAGE_PASSING | MILL_LITMUS_LOAD_BUFFERING |
                         MILL_LITMUS_INDEPENDENT_READS);
    assert_true(mill_litmus_ops_find("plain")->about.traits & MILL_CONTROL);
    assert_null(mill_litmus_ops_find("consume"));
}

/* Release and acquire hand plain data over, and the race detector agrees. */
static struct mill_litmus_variable flag, echo;
static int parcel;

static void *hand_over(void *unused)
{
    parcel = 42;
    mill_litmus_ops_find("release-acquire")->store(&flag);
    return unused;
}

static void a_released_store_hands_over(void **state)
{
    (void)state;
    const struct mill_litmus_ops *ops = mill_litmus_ops_find("release-acquire");
    pthread_t thread;
    int seen[2] = {0, 0};
    assert_int_equal(pthread_create(&thread, NULL, hand_over, NULL), 0);
    while (seen[0] == 0) {
        ops->load_both(&flag, &echo, seen);
        mill_pause();
    }
    assert_int_equal(parcel, 42);
    pthread_join(thread, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_does_what_it_says),
        cmocka_unit_test(what_is_stronger_forbids_more),
        cmocka_unit_test(a_released_store_hands_over),
    };
    return cmocka_run_group_tests_name("sync/litmus", tests, NULL, NULL);
}

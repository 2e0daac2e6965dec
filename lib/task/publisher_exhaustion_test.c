#include "core/test_exhaustion.h"

#include "task/publisher.h"

static void count(void *context, uint64_t number, const void *sample)
{
    (void)number;
    (void)sample;
    atomic_fetch_add_explicit((atomic_uint *)context, 1, memory_order_relaxed);
}

static int publish_once(void *context)
{
    struct mill_watch watch;
    struct mill_publisher *publisher = NULL;
    const struct mill_publisher_plan plan = {.sample_size = 1, .capacity = 2, .watch = &watch};
    atomic_uint calls = 0;
    unsigned ids[2];
    int status = mill_watch_open(&watch, 1);
    if (status < 0) {
        return status;
    }
    mill_watch_attach(&watch, 0);
    status = mill_publisher_create(context, &plan, &publisher);
    for (unsigned i = 0; status == 0 && i < 2; i++) {
        status = mill_publisher_subscribe(publisher, count, &calls, &ids[i]);
    }
    if (status == 0) {
        status = mill_publisher_publish(publisher, "x");
        mill_publisher_close(publisher);
        assert_int_equal(calls, 2);
    }
    mill_publisher_destroy(publisher);
    mill_watch_close(&watch);
    return status;
}

static void test_survives(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_publisher_family.count; i++) {
        const struct mill_publisher_ops *ops = mill_publisher_ops_of(mill_publisher_family.strategies[i]);
        assert_true(mill_exhaust(publish_once, (void *)(uintptr_t)ops) >= 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survives),
    };
    return cmocka_run_group_tests_name("task/publisher_exhaustion", tests, NULL, NULL);
}

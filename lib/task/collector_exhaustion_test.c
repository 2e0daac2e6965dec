#include "core/test_exhaustion.h"
#include "task/collector.h"

static int collect(void *sample, const struct mill_collected *about, void *argument)
{
    (void)argument;
    *(uint64_t *)sample = about->sequence;
    return 0;
}

static int attempt(void *context)
{
    (void)context;
    struct mill_collector *collector;
    const struct mill_collector_settings settings = {.name = "collector",
                                                     .interval_ns = INT64_MAX,
                                                     .capacity = 4,
                                                     .sample_size = sizeof(uint64_t),
                                                     .collect = collect};
    int status = mill_collector_create(&settings, &collector);
    if (status < 0) {
        return status;
    }
    for (int run = 0; run < 2 && status == 0; run++) {
        status = mill_collector_start(collector);
        assert_int_equal(mill_collector_stop(collector, MILL_FOREVER), 0);
    }
    assert_int_equal(mill_collector_destroy(collector), 0);
    return status;
}

static void test_collector_survives(void **state)
{
    (void)state;
    assert_true(mill_exhaust(attempt, NULL) >= 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_collector_survives)};
    return cmocka_run_group_tests_name("collector_exhaustion", tests, NULL, NULL);
}

/* A scenario of a lock for which there is no memory is not set up, and leaves nothing behind. */
#include "core/test_exhaustion.h"

#include "harness/parameter.h"
#include "scenarios/list.h"
#include "sync/lock.h"

static int set_up_and_tear_down(void *context)
{
    struct mill_case *one = context;
    int status = one->scenario->setup(one);
    if (status == 0) {
        one->scenario->teardown(one);
    }
    return status;
}

static void test_set_up_survives(void **state)
{
    (void)state;
    static const char *const names[] = {"lock-try", "lock-timed", "lock-hog", "lock-preempted"};
    static const char *const locks[] = {"pthread", "u-scl"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t l = 0; l < sizeof locks / sizeof locks[0]; l++) {
            int64_t values[MILL_PARAMETERS_MAX];
            struct mill_case one = {.scenario = mill_scenario_find(&mill_scenarios, names[i]),
                                    .strategy = mill_family_find(&mill_lock_family, locks[l]),
                                    .values = values,
                                    .threads = 2};
            mill_parameters_default(one.scenario, values);
            assert_true(mill_exhaust(set_up_and_tear_down, &one) >= 2); /* the state, and the lock */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_set_up_survives)};
    return cmocka_run_group_tests_name("lock scenarios, exhaustion", tests, NULL, NULL);
}

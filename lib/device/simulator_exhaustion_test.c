/* A simulator without memory, or without a thread: it does not start, and leaves nothing behind. */
#include "core/test_exhaustion.h"

#include "device/simulator.h"

static int attempt(void *context)
{
    struct mill_simulator *simulator;
    struct mill_error error = {.message = ""};
    (void)context;
    int status = mill_simulator_start(&(struct mill_simulator_plan){.quirks = MILL_QUIRKS_FIRMWARE},
                                      &simulator, &error);
    if (status == 0) {
        mill_simulator_stop(simulator);
    } else {
        assert_true(error.message[0] != '\0');
    }
    return status;
}

static void each_allocation_fails_once(void **state)
{
    (void)state;
    assert_true(mill_exhaust(attempt, NULL) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_fails_once),
    };
    return cmocka_run_group_tests_name("simulator_exhaustion", tests, NULL, NULL);
}

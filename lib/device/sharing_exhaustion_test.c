#include "core/test_exhaustion.h"

#include "device/command_queue.h"
#include "device/test_valve.h"

static void leave_alone(void *context, const struct mill_valve_status *status,
                        const struct mill_valve_config *config, struct mill_valve_config *change)
{
    (void)context;
    (void)status;
    (void)config;
    (void)change;
}

struct attempt {
    const struct mill_sharing_ops *ops;
    struct mill_sharing_plan plan;
};

/* Every call may fail for want of memory, and says so; what was made can be destroyed. */
static int use_once(void *context)
{
    const struct attempt *attempt = context;
    const struct mill_valve_config change = {.fields = MILL_CONFIG_VISCOUS, .viscous = 0.25};
    struct mill_sharing *sharing;
    struct mill_valve_status status;
    struct mill_device_failure failure = {.kind = MILL_DEVICE_NO_FAILURE};
    int result = mill_sharing_create(attempt->ops, &attempt->plan, &sharing, &failure);
    if (result < 0) {
        assert_int_not_equal(failure.kind, MILL_DEVICE_NO_FAILURE);
        return result;
    }
    result = mill_sharing_get_status(sharing, 0, &status, NULL, &failure);
    if (result == 0) {
        result = mill_sharing_update_config(sharing, 0, &change, &failure);
    }
    if (result == 0) {
        result = mill_sharing_transact(sharing, 0, leave_alone, NULL, &failure);
    }
    mill_sharing_destroy(sharing);
    return result;
}

static void test_survives(void **state)
{
    struct attempt attempt = {.ops = *state, .plan = test_valve_plan(2)};
    attempt.plan.refresh_ns = MILL_SHARING_REFRESH_MAX;
    assert_true(mill_exhaust(use_once, &attempt) >= 3);
    mill_model_destroy(attempt.plan.to.model);
}

static int do_nothing(struct mill_device_client *client, void *argument)
{
    (void)client;
    (void)argument;
    return 0;
}

static int command_once(void *context)
{
    const struct attempt *attempt = context;
    struct mill_command_queue *queue;
    struct mill_command command;
    int result;
    int status = mill_command_queue_create(attempt->plan.transport, &attempt->plan.to, NULL, &queue, NULL);
    if (status < 0) {
        return status;
    }
    assert_int_equal(mill_command_send(queue, &command, do_nothing, NULL), 0);
    assert_int_equal(mill_command_wait(&command, MILL_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    mill_command_queue_destroy(queue);
    return 0;
}

static void test_a_command_queue_survives(void **state)
{
    (void)state;
    struct attempt attempt = {.plan = test_valve_plan(1)};
    assert_true(mill_exhaust(command_once, &attempt) >= 3);
    mill_model_destroy(attempt.plan.to.model);
}

#define EACH(ident) \
    {"survives: " #ident, test_survives, NULL, NULL, (void *)(uintptr_t)&mill_sharing_##ident},

int main(void)
{
    const struct CMUnitTest tests[] = {
        MILL_SHARINGS_ANYWHERE(EACH) cmocka_unit_test(test_a_command_queue_survives),
    };
    return cmocka_run_group_tests_name("device/sharing_exhaustion", tests, NULL, NULL);
}

#include "core/test_exhaustion.h"
#include "device/transport.h"
#include "device/transport_strategy.h"

static int open_and_close(const struct mill_transport_ops *ops, const struct mill_transport_plan *plan)
{
    struct mill_transport *transport;
    struct mill_error error = {.message = ""};
    int status = mill_transport_open(ops, plan, &transport, &error);
    if (status == 0) {
        mill_transport_close(transport);
    } else {
        assert_int_equal(status, -ENOMEM);
        assert_string_not_equal(error.message, "");
    }
    return status;
}

static int live(void *context)
{
    struct mill_model_device *model;
    (void)context;
    int status = mill_model_create(&(struct mill_model_plan){.virtual_time = true}, &model);
    if (status < 0) {
        return status;
    }
    status = open_and_close(&mill_transport_in_process, &(struct mill_transport_plan){.model = model});
    if (status == 0) {
        status = open_and_close(&mill_transport_http,
                                &(struct mill_transport_plan){.host = "127.0.0.1", .port = 80});
    }
    mill_model_destroy(model);
    return status;
}

static void transports_survive_a_lack_of_memory(void **state)
{
    (void)state;
    assert_int_equal(mill_exhaust(live, NULL), 4); /* the model, its firmware, and a transport each */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(transports_survive_a_lack_of_memory)};
    return cmocka_run_group_tests_name("transports without memory", tests, NULL, NULL);
}

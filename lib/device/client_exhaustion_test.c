#include <jansson.h>

#include "core/test_exhaustion.h"
#include "device/test_script_transport.h"

/* The JSON library's memory fails only where it prints, and reads what has no long strings: in the middle of
 * one it does not survive that. */
static void *json_malloc(size_t size)
{
    return malloc(size);
}

/* One client and calls of every make: one reply to be read, one command, one body that the JSON library
 * makes. */
static int live(void *context)
{
    static const struct test_reply replies[] = {
        {.http = 200,
         .body = "{\"closed_pos\":0,\"open_pos\":90,\"viscous\":0.02,\"coulomb\":0.06,\"wall_stiffness\":10,"
                 "\"wall_damping\":0.1,\"smoothing\":0.001,\"torque_limit\":8}"},
        {.http = 200, .body = "{\"bus\":{}}"},
        {.http = 200, .body = "{\"status\":\"ok\"}"},
    };
    struct test_script script = {.answers = replies, .count = 3};
    struct mill_device_failure failure;
    struct mill_valve_config config;
    struct mill_device_client *client;
    char can[64];
    (void)context;
    int status = test_script_try_client(&script, &(struct mill_device_policy){.allow_motion = true}, &client);
    if (status < 0) {
        return status;
    }
    status = mill_device_get_config(client, &config, &failure);
    if (status == 0) {
        status = mill_device_get_can(client, can, sizeof can, &failure);
    }
    if (status == 0) {
        json_set_alloc_funcs(json_malloc, free);
        status = mill_device_set_torque(client, 0.5, &failure);
        json_set_alloc_funcs(__real_malloc, free);
    }
    if (status == 0) {
        status = mill_device_stop_valve(client, &failure);
    }
    if (status < 0) { /* -EBADMSG: see wire_read.h */
        assert_true(status == -ENOMEM || status == -EBADMSG);
        assert_int_equal(failure.kind, status == -ENOMEM ? MILL_DEVICE_CONNECTION : MILL_DEVICE_VALIDATION);
        assert_string_not_equal(failure.message, "");
    }
    mill_device_client_destroy(client);
    return status;
}

static void the_client_survives_a_lack_of_memory(void **state)
{
    (void)state;
    assert_true(mill_exhaust(live, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_client_survives_a_lack_of_memory)};
    return cmocka_run_group_tests_name("the client without memory", tests, NULL, NULL);
}

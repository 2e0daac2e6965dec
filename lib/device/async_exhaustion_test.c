#include "core/test_exhaustion.h"
#include "device/async.h"
#include "device/test_http_server.h"

static void count(void *context, int status, const struct mill_device_failure *failure)
{
    (void)status;
    (void)failure;
    atomic_fetch_add((atomic_uint *)context, 1);
}

/* A request that was taken completes, with whatever; one that was not does not. */
static int live(void *context)
{
    const struct test_server *server = context;
    const struct mill_valve_config config = {.fields = MILL_CONFIG_VISCOUS, .viscous = 0.5};
    struct mill_async_plan plan = {.host = "127.0.0.1", .port = server->port, .connections = 2};
    struct mill_async *async;
    atomic_uint completed = 0;
    unsigned taken = 0;
    int status = mill_async_create(&plan, &async, NULL);
    if (status < 0) {
        return status;
    }
    for (int i = 0; i < 3; i++) {
        int asked = mill_async_update_config(async, &config, count, &completed);
        taken += asked == 0;
        status = asked < 0 ? asked : status;
    }
    while (mill_async_outstanding(async) > 0) {
        usleep(1000);
    }
    mill_async_destroy(async);
    assert_int_equal(atomic_load(&completed), taken);
    return status;
}

static void it_survives_a_lack_of_memory(void **state)
{
    (void)state;
    struct test_server server = {.before = NULL};
    test_server_start(&server, &(struct test_answer){.bytes = TEST_OK("{\"status\":\"ok\"}")}, 1);
    assert_true(mill_exhaust(live, &server) > 10);
    test_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_survives_a_lack_of_memory)};
    return cmocka_run_group_tests_name("the async client without memory", tests, NULL, NULL);
}

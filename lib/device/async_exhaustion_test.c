#include "core/clock.h"
#include "core/test_exhaustion.h"
#include "device/async.h"
#include "device/test_http_server.h"

struct seen {
    atomic_uint completed, late, without_memory;
};

static void count(void *context, int status, const struct mill_device_failure *failure)
{
    struct seen *seen = context;
    (void)failure;
    atomic_fetch_add(&seen->late, status == -ETIMEDOUT);
    atomic_fetch_add(&seen->without_memory, status == -ENOMEM);
    atomic_fetch_add(&seen->completed, 1);
}

/* A request that was taken completes, and does not wait for its timeout when memory for it lacks; one that
 * was not does not complete. */
struct life {
    const struct test_server *server;
    unsigned without_memory; /* requests that were taken, and then had none for their connection */
};

static int live(void *context)
{
    struct life *life = context;
    const struct mill_valve_config config = {.fields = MILL_CONFIG_VISCOUS, .viscous = 0.5};
    struct mill_async_plan plan = {.host = "127.0.0.1",
                                   .port = life->server->port,
                                   .connections = 2,
                                   .policy.timeout_ns = 30 * (int64_t)MILL_NS_PER_S};
    struct mill_async *async;
    struct seen seen = {.completed = 0};
    unsigned taken = 0;
    int status = mill_async_create(&plan, &async, NULL);
    if (status < 0) {
        return status;
    }
    for (int i = 0; i < 3; i++) {
        int asked = mill_async_update_config(async, &config, count, &seen);
        taken += asked == 0;
        status = asked < 0 ? asked : status;
        while (mill_async_outstanding(async) > 0) { /* so that the calls come in one order */
            usleep(1000);
        }
    }
    mill_async_destroy(async);
    assert_int_equal(atomic_load(&seen.completed), taken);
    assert_int_equal(atomic_load(&seen.late), 0);
    life->without_memory += atomic_load(&seen.without_memory);
    return status;
}

static void it_survives_a_lack_of_memory(void **state)
{
    (void)state;
    struct test_server server = {.before = NULL};
    test_server_start(&server, &(struct test_answer){.bytes = TEST_OK("{\"status\":\"ok\"}")}, 1);
    struct life life = {.server = &server};
    assert_true(mill_exhaust(live, &life) > 10);
    assert_int_equal(life.without_memory, 3); /* each of the three, in an attempt of its own */
    test_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_survives_a_lack_of_memory)};
    return cmocka_run_group_tests_name("the async client without memory", tests, NULL, NULL);
}

/* An async client and a server of a test's (test_http_server.h), and what the callbacks saw. Included once by
 * each such test.
 */
#ifndef MILL_DEVICE_TEST_ASYNC_H
#define MILL_DEVICE_TEST_ASYNC_H

#include <errno.h>
#include <stdio.h>

#include "core/timeout.h"
#include "device/async.h"
#include "device/test_http_server.h"
#include "sync/monitor.h"

#define TEST_UNUSED __attribute__((unused)) static

#define REQUESTS    1000u
#define LATER       (60 * (int64_t)MILL_NS_PER_S)

#define STATUS                                                                                               \
    "{\"pos_deg\":12.50,\"vel_rad_s\":0,\"torque_nm\":0,\"status\":2,\"temp_fet\":30.5,\"temp_motor\":31.0," \
    "\"bus_voltage\":0.00,\"safety\":{\"errors\":0,\"last_error\":0,\"estops\":0}}"

/* What the callbacks saw: they run on the loop's thread, and the test waits for them. */
struct seen {
    struct mill_monitor monitor; /* protects what follows */
    unsigned calls[REQUESTS];
    unsigned completed;
    unsigned succeeded;
    int status; /* of the last, as are the next two */
    struct mill_device_failure failure;
    char body[256];
    double position;
};

struct one {
    struct seen *seen;
    unsigned index;
};

TEST_UNUSED struct seen *new_seen(void)
{
    struct seen *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    assert_int_equal(mill_monitor_init(&seen->monitor), 0);
    return seen;
}

TEST_UNUSED void free_seen(struct seen *seen)
{
    mill_monitor_destroy(&seen->monitor);
    free(seen);
}

TEST_UNUSED void note(struct one *one, int status, const struct mill_device_failure *failure,
                      const char *body, double position)
{
    struct seen *seen = one->seen;
    mill_monitor_enter(&seen->monitor);
    seen->calls[one->index]++;
    seen->completed++;
    seen->succeeded += status == 0;
    seen->status = status;
    seen->failure = *failure;
    seen->position = position;
    snprintf(seen->body, sizeof seen->body, "%s", body);
    mill_monitor_wake_all(&seen->monitor);
    mill_monitor_leave(&seen->monitor);
}

TEST_UNUSED void any_done(void *context, int status, const struct mill_transport_reply *reply,
                          const struct mill_device_failure *failure)
{
    note(context, status, failure, reply->body, 0);
}

TEST_UNUSED void status_done(void *context, int status, const struct mill_valve_status *valve,
                             const struct mill_device_failure *failure)
{
    note(context, status, failure, "", valve->pos_deg);
}

TEST_UNUSED void config_done(void *context, int status, const struct mill_valve_config *config,
                             const struct mill_device_failure *failure)
{
    note(context, status, failure, "", config->viscous);
}

TEST_UNUSED void command_done(void *context, int status, const struct mill_device_failure *failure)
{
    note(context, status, failure, "", 0);
}

TEST_UNUSED void await(struct seen *seen, unsigned completed)
{
    int status = 0;
    mill_monitor_enter(&seen->monitor);
    uint64_t deadline = mill_now_ns() + LATER;
    while (seen->completed < completed && status == 0) {
        status = mill_monitor_wait(&seen->monitor, deadline);
    }
    mill_monitor_leave(&seen->monitor);
    assert_int_equal(status, 0);
}

TEST_UNUSED struct mill_async *start(const struct test_server *server, const struct mill_async_plan *plan)
{
    struct mill_async *async;
    struct mill_device_failure failure;
    struct mill_async_plan full = *plan;
    full.host = "127.0.0.1";
    full.port = server->port;
    if (mill_async_create(&full, &async, &failure) != 0) {
        fail_msg("%s", failure.message);
    }
    return async;
}

TEST_UNUSED void ask_all(struct mill_async *async, struct one *ones, struct seen *seen, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        ones[i] = (struct one){seen, i};
        assert_int_equal(mill_async_get_status(async, status_done, &ones[i]), 0);
    }
}

TEST_UNUSED void assert_each_once(const struct seen *seen, unsigned count)
{
    assert_int_equal(seen->completed, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(seen->calls[i], 1);
    }
}

#endif

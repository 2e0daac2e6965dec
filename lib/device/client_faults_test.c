/* What the callers of the client see when the device fails: each fault alone, all of them by the dice, and a
 * power cycle in between. */
#include <pthread.h>

#include "core/timeout.h"
#include "device/async.h"
#include "device/client.h"
#include "device/test_simulator.h"
#include "device/transport_strategy.h"

#define LATER (60 * (int64_t)MILL_NS_PER_S)
#define SOON  (500 * (int64_t)MILL_NS_PER_MS) /* of what never comes */

static const struct mill_valve_config change = {.fields = MILL_CONFIG_VISCOUS, .viscous = 0.5};

static struct mill_device_client *connect_to(const struct mill_simulator *simulator,
                                             const struct mill_device_policy *policy)
{
    struct mill_device_client *client;
    const struct mill_transport_plan plan = {.host = "127.0.0.1",
                                             .port = mill_simulator_http_port(simulator)};
    assert_int_equal(mill_device_client_create(&mill_transport_http, &plan, policy, &client, NULL), 0);
    return client;
}

static struct mill_async *connect_async(const struct mill_simulator *simulator,
                                        const struct mill_device_policy *policy)
{
    struct mill_async *async;
    const struct mill_async_plan plan = {
        .host = "127.0.0.1", .port = mill_simulator_http_port(simulator), .policy = *policy};
    assert_int_equal(mill_async_create(&plan, &async, NULL), 0);
    return async;
}

/* ---- what the callbacks of the async client saw; read when it is destroyed or nothing is outstanding ----
 */

struct seen {
    unsigned succeeded, failed, unnamed, maybe_done;
    enum mill_device_failure_kind kind; /* of the last failure */
};

static void note(struct seen *seen, int status, const struct mill_device_failure *failure)
{
    seen->succeeded += status == 0;
    seen->failed += status < 0;
    seen->maybe_done += failure->maybe_done;
    seen->unnamed += (status < 0) != (failure->kind != MILL_DEVICE_NO_FAILURE);
    seen->kind = failure->kind;
}

static void status_done(void *context, int status, const struct mill_valve_status *valve,
                        const struct mill_device_failure *failure)
{
    (void)valve;
    note(context, status, failure);
}

static void command_done(void *context, int status, const struct mill_device_failure *failure)
{
    note(context, status, failure);
}

static void drain(struct mill_async *async)
{
    uint64_t deadline = mill_now_ns() + (uint64_t)LATER;
    while (mill_async_outstanding(async) > 0) {
        assert_true(mill_now_ns() < deadline);
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS);
    }
    mill_async_destroy(async);
}

/* ---- each fault alone ---- */

static const struct {
    const char *faults;
    int64_t timeout_ns;
    enum mill_device_failure_kind kind, or ;
    bool done; /* what was asked, all the same */
    unsigned get_tries, post_tries;
} matrix[] = {
    {"drop=1", LATER, MILL_DEVICE_CONNECTION, MILL_DEVICE_CONNECTION, true, 3, 1},
    {"reset=1", LATER, MILL_DEVICE_CONNECTION, MILL_DEVICE_CONNECTION, true, 3, 1},
    {"half=1", LATER, MILL_DEVICE_CONNECTION, MILL_DEVICE_CONNECTION, true, 3, 1},
    {"garbage=1", LATER, MILL_DEVICE_CONNECTION, MILL_DEVICE_VALIDATION, true, 1, 1},
    {"stall=1:30s", SOON, MILL_DEVICE_TIMEOUT, MILL_DEVICE_TIMEOUT, true, 3, 1},
    {"5xx=1:5", LATER, MILL_DEVICE_API, MILL_DEVICE_API, false, 3, 3},
};

static void assert_kind(size_t row, enum mill_device_failure_kind kind)
{
    if (kind != matrix[row].kind && kind != matrix[row].or) {
        fail_msg("%s: %s", matrix[row].faults, mill_device_failure_name(kind));
    }
}

static void one_fault(size_t row)
{
    struct mill_device_failure failure;
    struct mill_valve_status status;
    const struct mill_device_policy policy = {.timeout_ns = matrix[row].timeout_ns,
                                              .retries = 2,
                                              .backoff_ns = MILL_NS_PER_MS,
                                              .backoff_max_ns = MILL_NS_PER_MS};
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_NONE);
    set_faults(simulator, matrix[row].faults);
    struct mill_device_client *client = connect_to(simulator, &policy);
    assert_true(mill_device_get_status(client, &status, &failure) < 0);
    assert_kind(row, failure.kind);
    assert_int_equal(failure.tries, matrix[row].get_tries);
    assert_false(failure.maybe_done);
    assert_true(mill_device_update_config(client, &change, &failure) < 0);
    assert_kind(row, failure.kind);
    assert_int_equal(failure.tries, matrix[row].post_tries);
    assert_int_equal(failure.maybe_done, matrix[row].done);
    assert_false(mill_device_ping(client));
    mill_device_client_destroy(client);
    struct seen seen = {.kind = MILL_DEVICE_NO_FAILURE};
    struct mill_async *async = connect_async(simulator, &policy);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(mill_async_get_status(async, status_done, &seen), 0);
    }
    assert_int_equal(mill_async_update_config(async, &change, command_done, &seen), 0);
    drain(async);
    assert_int_equal(seen.failed, 9);
    assert_int_equal(seen.unnamed, 0);
    assert_int_equal(seen.maybe_done, matrix[row].done);
    assert_kind(row, seen.kind);
    assert_int_equal(mill_simulator_applied(simulator), matrix[row].done ? 2 : 0);
    mill_simulator_stop(simulator);
}

static void each_fault_is_named_and_no_post_is_done_twice(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof matrix / sizeof matrix[0]; row++) {
        one_fault(row);
    }
}

static void a_reply_that_is_too_late(void **state)
{
    (void)state;
    struct mill_device_failure failure;
    const struct mill_device_policy policy = {.timeout_ns = SOON, .retries = 1};
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_NONE);
    set_faults(simulator, "latency=fixed:30s");
    struct mill_device_client *client = connect_to(simulator, &policy);
    assert_int_equal(mill_device_update_config(client, &change, &failure), -ETIMEDOUT);
    assert_int_equal(failure.kind, MILL_DEVICE_TIMEOUT);
    assert_true(failure.maybe_done);
    assert_int_equal(failure.tries, 1);
    mill_device_client_destroy(client);
    mill_simulator_stop(simulator);
}

/* ---- all of them, by the dice ---- */

#define CALLS 300

static void every_call_succeeds_or_is_named(void **state)
{
    (void)state;
    const struct mill_device_policy policy = {.timeout_ns = LATER, .retries = 3};
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_NONE);
    struct mill_device_client *client = connect_to(simulator, &policy);
    struct seen reads = {.kind = MILL_DEVICE_NO_FAILURE};
    struct seen writes = {.kind = MILL_DEVICE_NO_FAILURE};
    set_faults(simulator, "drop=0.1,reset=0.1,half=0.1,garbage=0.1,5xx=0.05:3,latency=tail:100us:1.5");
    for (int i = 0; i < CALLS; i++) {
        struct mill_device_failure failure;
        struct mill_valve_status status;
        note(&reads, mill_device_get_status(client, &status, &failure), &failure);
        note(&writes, mill_device_update_config(client, &change, &failure), &failure);
    }
    mill_device_client_destroy(client);
    assert_int_equal(reads.succeeded + reads.failed, CALLS);
    assert_int_equal(reads.unnamed + writes.unnamed, 0);
    assert_int_equal(reads.maybe_done, 0);
    assert_true(reads.succeeded > 0 && writes.succeeded > 0 && writes.maybe_done > 0);
    uint64_t applied = mill_simulator_applied(simulator);
    assert_in_range(applied, writes.succeeded, writes.succeeded + writes.maybe_done);
    mill_simulator_stop(simulator);
}

/* ---- the power goes off and on again ---- */

struct cycling {
    struct mill_simulator *simulator;
    unsigned times;
};

static void *cycle_power(void *argument)
{
    struct cycling *cycling = argument;
    for (unsigned i = 0; i < cycling->times; i++) {
        mill_simulator_power_cycle(cycling->simulator, 50 * MILL_NS_PER_MS);
    }
    return NULL;
}

static const struct mill_device_policy persistent = {.timeout_ns = LATER,
                                                     .retries = 10000,
                                                     .backoff_ns = MILL_NS_PER_MS,
                                                     .backoff_max_ns = 20 * MILL_NS_PER_MS};

static void power_cycles_cost_no_read_and_no_write_unreported(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_NONE);
    struct mill_device_client *client = connect_to(simulator, &persistent);
    struct mill_async *async = connect_async(simulator, &persistent);
    struct seen reads = {.kind = MILL_DEVICE_NO_FAILURE};
    struct seen writes = {.kind = MILL_DEVICE_NO_FAILURE};
    struct seen many = {.kind = MILL_DEVICE_NO_FAILURE};
    struct cycling cycling = {simulator, 5};
    pthread_t thread;
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(mill_async_get_status(async, status_done, &many), 0);
    }
    assert_int_equal(pthread_create(&thread, NULL, cycle_power, &cycling), 0);
    for (int i = 0; i < CALLS; i++) {
        struct mill_device_failure failure;
        struct mill_valve_status status;
        note(&reads, mill_device_get_status(client, &status, &failure), &failure);
        note(&writes, mill_device_update_config(client, &change, &failure), &failure);
    }
    pthread_join(thread, NULL);
    drain(async);
    assert_int_equal(reads.succeeded, CALLS);
    assert_int_equal(many.succeeded, CALLS);
    assert_int_equal(many.failed, 0);
    assert_int_equal(writes.succeeded + writes.maybe_done, CALLS); /* what failed for sure was sent again */
    assert_int_equal(writes.unnamed, 0);
    assert_true(mill_device_ping(client));
    mill_device_client_destroy(client);
    mill_simulator_stop(simulator);
}

/* ---- the device's eight connections ---- */

static void a_thousand_requests_get_through_eight_connections(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_FIRMWARE);
    struct mill_async *async = connect_async(simulator, &persistent);
    struct mill_simulator_counts counts;
    struct seen seen = {.kind = MILL_DEVICE_NO_FAILURE};
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(mill_async_get_status(async, status_done, &seen), 0);
    }
    drain(async);
    mill_simulator_counts(simulator, &counts);
    print_message("%llu requests, %llu refused\n", (unsigned long long)counts.requests,
                  (unsigned long long)counts.refused);
    assert_int_equal(seen.succeeded, 1000);
    assert_int_equal(seen.failed, 0);
    mill_simulator_stop(simulator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_named_and_no_post_is_done_twice),
        cmocka_unit_test(a_reply_that_is_too_late),
        cmocka_unit_test(every_call_succeeds_or_is_named),
        cmocka_unit_test(power_cycles_cost_no_read_and_no_write_unreported),
        cmocka_unit_test(a_thousand_requests_get_through_eight_connections),
    };
    return cmocka_run_group_tests_name("the client and a device that fails", tests, NULL, NULL);
}

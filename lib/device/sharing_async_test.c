#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/sharing_list.h"
#include "device/simulator.h"
#include "device/transport_strategy.h"

#define THREADS 3u
#define MANY    1000u

static struct mill_simulator *start(unsigned quirks)
{
    struct mill_simulator *simulator;
    assert_int_equal(mill_simulator_start(&(struct mill_simulator_plan){.quirks = quirks}, &simulator, NULL),
                     0);
    return simulator;
}

static struct mill_sharing_plan plan_for(struct mill_simulator *simulator, unsigned threads)
{
    return (struct mill_sharing_plan){
        .transport = &mill_transport_http,
        .to = {.host = "127.0.0.1", .port = simulator ? mill_simulator_http_port(simulator) : 1},
        .policy = {.timeout_ns = 20 * (int64_t)MILL_NS_PER_S},
        .threads = threads,
    };
}

static struct mill_sharing *share(struct mill_simulator *simulator, unsigned threads)
{
    struct mill_sharing_plan plan = plan_for(simulator, threads);
    struct mill_sharing *sharing;
    assert_int_equal(mill_sharing_create(&mill_sharing_async, &plan, &sharing, NULL), 0);
    return sharing;
}

struct user {
    struct mill_sharing *sharing;
    unsigned thread;
    unsigned failed;
};

static void leave_alone(void *context, const struct mill_valve_status *status,
                        const struct mill_valve_config *config, struct mill_valve_config *change)
{
    (void)status;
    (void)change;
    *(struct mill_valve_config *)context = *config;
}

static void *use(void *argument)
{
    struct user *user = argument;
    struct mill_valve_status status;
    struct mill_valve_config config;
    struct mill_sharing_stamp stamp;
    for (unsigned i = 0; i < 30; i++) {
        uint64_t from_ns = mill_now_ns();
        const struct mill_valve_config change = {.fields = MILL_CONFIG_VISCOUS, .viscous = 0.5};
        user->failed += mill_sharing_get_status(user->sharing, user->thread, &status, &stamp, NULL) < 0;
        user->failed += stamp.asked_ns < from_ns || stamp.answered_ns > mill_now_ns();
        user->failed += mill_sharing_update_config(user->sharing, user->thread, &change, NULL) < 0;
        user->failed += mill_sharing_transact(user->sharing, user->thread, leave_alone, &config, NULL) < 0;
        user->failed += config.viscous != 0.5;
    }
    return NULL;
}

static void test_threads_share_one_loop(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start(MILL_QUIRKS_FIRMWARE);
    struct mill_sharing *sharing = share(simulator, THREADS);
    struct user users[THREADS];
    pthread_t threads[THREADS] = {0};
    for (unsigned i = 0; i < THREADS; i++) {
        users[i] = (struct user){.sharing = sharing, .thread = i};
        assert_int_equal(pthread_create(&threads[i], NULL, use, &users[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(users[i].failed, 0);
    }
    assert_int_equal(mill_simulator_applied(simulator), THREADS * 30);
    mill_sharing_destroy(sharing);
    mill_simulator_stop(simulator);
}

static void test_a_thousand_at_once_within_the_devices_connections(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start(MILL_QUIRK_CLOSE | MILL_QUIRK_CLIENTS);
    struct mill_sharing *sharing = share(simulator, 1);
    struct mill_sharing_reply *replies = calloc(MANY, sizeof *replies);
    struct mill_simulator_counts counts;
    assert_non_null(replies);
    for (unsigned i = 0; i < MANY; i++) {
        replies[i].result = 1;
    }
    assert_int_equal(mill_sharing_get_many(sharing, 0, replies, MANY), 0);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(replies[i].result, 0);
        assert_int_equal(replies[i].status.state, MILL_VALVE_IDLE);
    }
    mill_simulator_counts(simulator, &counts);
    assert_true(counts.requests >= MANY);
    assert_int_equal(counts.refused, 0);
    assert_int_equal(mill_sharing_get_many(sharing, 0, replies, 0), 0);
    assert_int_equal(mill_sharing_get_many(sharing, 1, replies, 1), -EINVAL);
    assert_int_equal(mill_sharing_get_many(sharing, 0, NULL, 1), -EINVAL);
    free(replies);
    mill_sharing_destroy(sharing);
    mill_simulator_stop(simulator);
}

static void test_failures_have_names(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start(MILL_QUIRKS_NONE);
    struct mill_sharing *sharing = share(simulator, 1);
    struct mill_faults faults = {.burst = 1, .burst_length = 1000};
    const struct mill_valve_config bad = {.fields = MILL_CONFIG_VISCOUS, .viscous = -1};
    struct mill_sharing_reply replies[3];
    struct mill_valve_status status;
    struct mill_device_failure failure = {0};
    assert_int_equal(mill_sharing_update_config(sharing, 0, &bad, &failure), -EINVAL);
    assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
    mill_simulator_set_faults(simulator, &faults);
    assert_int_equal(mill_sharing_get_status(sharing, 0, &status, NULL, &failure), -EREMOTEIO);
    assert_int_equal(failure.kind, MILL_DEVICE_API);
    assert_int_equal(failure.status, 503);
    assert_int_equal(mill_sharing_get_many(sharing, 0, replies, 3), -EREMOTEIO);
    assert_int_equal(replies[2].result, -EREMOTEIO);
    mill_simulator_stop(simulator);
    assert_int_equal(mill_sharing_get_status(sharing, 0, &status, NULL, &failure), -ECONNREFUSED);
    assert_int_equal(failure.kind, MILL_DEVICE_CONNECTION);
    mill_sharing_destroy(sharing);
}

static void test_refuses_what_has_no_sockets(void **state)
{
    (void)state;
    struct mill_sharing_plan plan = plan_for(NULL, 1);
    struct mill_device_failure failure = {0};
    struct mill_sharing *sharing;
    assert_int_equal(mill_model_create(&(struct mill_model_plan){.seed = 1}, &plan.to.model), 0);
    plan.transport = &mill_transport_in_process;
    assert_int_equal(mill_sharing_create(&mill_sharing_async, &plan, &sharing, &failure), -ENOTSUP);
    assert_non_null(strstr(failure.message, "take 'http'"));
    mill_model_destroy(plan.to.model);
    plan = plan_for(NULL, 1);
    plan.connections = 1000;
    assert_int_equal(mill_sharing_create(&mill_sharing_async, &plan, &sharing, &failure), -EINVAL);
    plan = plan_for(NULL, 1);
    plan.to.host = "";
    assert_int_equal(mill_sharing_create(&mill_sharing_async, &plan, &sharing, &failure), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_one_loop),
        cmocka_unit_test(test_a_thousand_at_once_within_the_devices_connections),
        cmocka_unit_test(test_failures_have_names),
        cmocka_unit_test(test_refuses_what_has_no_sockets),
    };
    return cmocka_run_group_tests_name("device/sharing_async", tests, NULL, NULL);
}

/* The scenarios of a valve behind sockets: at a simulator of their own, and at one that is another's, which
 * is named in the environment. */
#include "scenarios/network_valve.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scenarios/list.h"
#include "scenarios/test_hand.h"

static const char *const pairs[][2] = {{"stream-callbacks", "queued"},
                                       {"stream-fanout", "inline"},
                                       {"stream-fanout", "queued"},
                                       {"tuner-shared", "locked"}};

static void prepare_pair(struct hand *hand, const char *const pair[2])
{
    const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, pair[0]);
    prepare(hand, scenario, mill_family_find(scenario->family, pair[1]), MAX_THREADS);
    set(hand, "transport=http");
}

static struct mill_check played(struct hand *hand, uint64_t operations)
{
    set_up(hand);
    run(hand, operations);
    struct mill_check check = verify(hand);
    hand->one.scenario->teardown(&hand->one);
    return check;
}

static void expect_sound(struct hand *hand)
{
    struct mill_check check = played(hand, 20);
    if (check.findings) {
        fail_msg("%s, %s: %s", hand->one.scenario->name, hand->one.strategy->name, check.message);
    }
}

static void test_a_valve_of_their_own(void **state)
{
    (void)state;
    static struct hand hand;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        prepare_pair(&hand, pairs[i]);
        assert_null(mill_scenario_unsupported(&hand.one, NULL, 0));
        expect_sound(&hand);
    }
}

/* ---- another's ---- */

/* Sets TM_DEVICE, and `port` to --set stream=…. */
static struct mill_simulator *serve(const struct mill_faults *faults, char port[32])
{
    const struct mill_simulator_plan plan = {.quirks = MILL_QUIRKS_FIRMWARE, .faults = *faults, .seed = 1};
    struct mill_simulator *simulator;
    char address[64];
    assert_int_equal(mill_simulator_start(&plan, &simulator, NULL), 0);
    snprintf(address, sizeof address, "http://127.0.0.1:%u", mill_simulator_http_port(simulator));
    snprintf(port, 32, "stream=%u", mill_simulator_stream_port(simulator));
    assert_int_equal(setenv("TM_DEVICE", address, 1), 0);
    return simulator;
}

static void leave(struct mill_simulator *simulator)
{
    mill_simulator_stop(simulator);
    unsetenv("TM_DEVICE");
    unsetenv("TM_DEVICE_ALLOW_MOTION");
}

static void prepare_elsewhere(struct hand *hand, const char *const pair[2], const char *port)
{
    prepare_pair(hand, pair);
    if (strcmp(pair[0], "tuner-shared") != 0) {
        set(hand, port);
    }
}

static struct mill_stream_status stream_of(const struct mill_simulator *simulator)
{
    const struct mill_transport_plan to = {.host = "127.0.0.1", .port = mill_simulator_http_port(simulator)};
    struct mill_device_client *client;
    struct mill_stream_status stream;
    assert_int_equal(mill_device_client_create(mill_transport_ops_find("http"), &to, NULL, &client, NULL), 0);
    assert_int_equal(mill_device_get_stream(client, &stream, NULL), 0);
    mill_device_client_destroy(client);
    return stream;
}

static void start_stream(const struct mill_simulator *simulator, unsigned interval_ms)
{
    const struct mill_transport_plan to = {.host = "127.0.0.1", .port = mill_simulator_http_port(simulator)};
    struct mill_device_client *client;
    assert_int_equal(mill_device_client_create(mill_transport_ops_find("http"), &to, NULL, &client, NULL), 0);
    assert_int_equal(mill_device_start_stream(client, interval_ms, NULL), 0);
    mill_device_client_destroy(client);
}

static void test_a_valve_elsewhere_is_left_as_it_was(void **state)
{
    (void)state;
    static struct hand hand;
    char port[32];
    struct mill_valve_config before;
    struct mill_valve_config after;
    uint64_t steps = 0;
    struct mill_simulator *simulator = serve(&(struct mill_faults){0}, port);
    setenv("TM_DEVICE_ALLOW_MOTION", "1", 1);
    mill_simulator_config(simulator, &before);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct mill_simulator_counts counts;
        mill_simulator_counts(simulator, &counts);
        uint64_t lines = counts.stream_lines;
        uint64_t requests = counts.requests;
        prepare_elsewhere(&hand, pairs[i], port);
        expect_sound(&hand);
        steps = hand.one.operations;
        mill_simulator_counts(simulator, &counts);
        assert_true(counts.requests > requests);
        assert_true(strcmp(pairs[i][0], "tuner-shared") == 0 || counts.stream_lines > lines);
        assert_false(stream_of(simulator).active);
    }
    mill_simulator_config(simulator, &after);
    assert_true(after.viscous == before.viscous);
    /* the tuner, which came last, has written it back */
    assert_int_equal(mill_simulator_applied(simulator), steps + 1);

    start_stream(simulator, 70);
    prepare_elsewhere(&hand, pairs[0], port);
    expect_sound(&hand);
    assert_true(stream_of(simulator).active);
    assert_int_equal(stream_of(simulator).default_interval_ms, 70);
    leave(simulator);
}

static void test_the_tuner_needs_leave(void **state)
{
    (void)state;
    static struct hand hand;
    char port[32];
    char reason[96];
    struct mill_simulator *simulator = serve(&(struct mill_faults){0}, port);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        prepare_elsewhere(&hand, pairs[i], port);
        const char *why = mill_scenario_unsupported(&hand.one, reason, sizeof reason);
        if (strcmp(pairs[i][0], "tuner-shared") == 0) {
            assert_non_null(why);
            assert_non_null(strstr(why, "--allow-motion"));
        } else {
            assert_null(why);
        }
    }
    leave(simulator);
}

/* What clients can tell by themselves: that lines came twice. */
static void test_lines_that_come_twice_are_found(void **state)
{
    (void)state;
    static struct hand hand;
    char port[32];
    struct mill_simulator *simulator = serve(&(struct mill_faults){.twice = 1}, port);
    for (size_t i = 0; i < 3; i++) {
        prepare_elsewhere(&hand, pairs[i], port);
        assert_int_equal(played(&hand, 20).findings, MILL_CORRUPTION);
    }
    leave(simulator);
}

static void test_a_port_without_a_valve_elsewhere(void **state)
{
    (void)state;
    static struct hand hand;
    char reason[96];
    for (size_t i = 0; i < 3; i++) {
        prepare_elsewhere(&hand, pairs[i], "stream=8888");
        const char *why = mill_scenario_unsupported(&hand.one, reason, sizeof reason);
        assert_non_null(why);
        assert_non_null(strstr(why, "--device"));
    }
}

/* It does not listen there. */
static void test_a_wrong_port_is_an_error(void **state)
{
    (void)state;
    static struct hand hand;
    char port[32];
    struct mill_simulator *simulator = serve(&(struct mill_faults){0}, port);
    for (size_t i = 0; i < 3; i++) {
        prepare_elsewhere(&hand, pairs[i], "stream=1");
        assert_int_equal(hand.one.scenario->setup(&hand.one), -ECONNREFUSED);
        assert_null(hand.one.state);
        assert_false(stream_of(simulator).active);
    }
    leave(simulator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_valve_of_their_own),
        cmocka_unit_test(test_a_valve_elsewhere_is_left_as_it_was),
        cmocka_unit_test(test_the_tuner_needs_leave),
        cmocka_unit_test(test_lines_that_come_twice_are_found),
        cmocka_unit_test(test_a_port_without_a_valve_elsewhere),
        cmocka_unit_test(test_a_wrong_port_is_an_error),
    };
    return cmocka_run_group_tests_name("network_valve", tests, open_the_clock, NULL);
}

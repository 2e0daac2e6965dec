/* The firmware's clock, its control loop, its motor and its stream. */
#include "device/test_firmware.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "device/hand.h"
#include "device/wire_print.h"

static int boot(void **state)
{
    (void)state;
    return boot_with(MILL_QUIRKS_FIRMWARE, NULL);
}

static int boot_without_quirks(void **state)
{
    (void)state;
    return boot_with(MILL_QUIRKS_NONE, NULL);
}

static struct mill_sample_line sample_at(uint64_t now_us)
{
    struct mill_sample_line sample;
    mill_firmware_sample(firmware, now_us, &sample);
    return sample;
}

static void seq_counts_ticks_of_a_run_and_freezes(void **state)
{
    (void)state;
    struct mill_sample_line sample = sample_at(3000000);
    assert_int_equal(sample.seq, 0);
    assert_int_equal(sample.t_us, 0);
    assert_int_equal(sample.loop_time_us, 0);
    assert_int_equal(sample.timestamp_ms, 3000);
    assert_int_equal(sample.status, MILL_SAMPLE_IDLE);
    assert_int_equal(sample.hb_age, UINT32_MAX);
    uint64_t start = run_at(3000000);
    uint64_t first = sample_at(start).seq;
    assert_true(first <= 1);
    sample = sample_at(start + 250999);
    assert_int_equal(sample.seq, first + 250);
    assert_int_equal(sample.status, MILL_SAMPLE_RUNNING);
    assert_in_range(sample.loop_time_us, 43, 44);
    assert_in_range(sample.t_us, (first + 250) * 43, (first + 250) * 44);
    assert_int_equal(sample.timestamp_ms, (start + 250999) / 1000);
    assert_int_equal(sample.hb_age, (first + 250) % 100);
    assert_true(sample.quiet && sample.data_valid);
    uint64_t t_us = sample.t_us;
    post(start + 250999, "control", "{\"action\":\"stop\"}");
    sample = sample_at(start + 9000000);
    assert_int_equal(sample.seq, first + 250);
    assert_int_equal(sample.t_us, t_us);
    assert_false(sample.quiet);
    start = run_at(start + 9000000);
    assert_true(sample_at(start).seq <= 1);
}

static void without_the_quirk_seq_counts_milliseconds(void **state)
{
    (void)state;
    assert_int_equal(sample_at(1234567).seq, 1234);
    assert_int_equal(sample_at(1234567).t_us, 1234000);
    run_at(1234567);
    assert_int_equal(sample_at(2000000).seq, 2000);
    post(2000000, "control", "{\"action\":\"stop\"}");
    assert_int_equal(sample_at(3000000).seq, 3000);
}

static void a_clock_that_is_far_on_or_goes_back(void **state)
{
    (void)state;
    mill_firmware_destroy(firmware);
    const struct mill_firmware_plan plan = {.quirks = MILL_QUIRKS_FIRMWARE, .seed = 7};
    assert_int_equal(mill_firmware_create(&plan, &firmware), 0);
    const uint64_t far = UINT64_MAX - 10000000;
    assert_int_equal(sample_at(far).timestamp_ms, 0);
    uint64_t ready = far + 2000000;
    post(far + 1000, "control", "{\"action\":\"start\"}");
    assert_int_equal(sample_at(ready).status, MILL_SAMPLE_RUNNING);
    assert_int_equal(sample_at(ready).timestamp_ms, 2000);
    assert_int_equal(sample_at(far).timestamp_ms, 2000);
    assert_int_equal(sample_at(UINT64_MAX).timestamp_ms, 10000);
}

static void idle_for_years_costs_nothing(void **state)
{
    (void)state;
    const uint64_t year = 365ull * 86400 * 1000000;
    assert_int_equal(sample_at(30 * year).timestamp_ms, 30 * year / 1000);
    uint64_t start = run_at(30 * year);
    uint64_t first = sample_at(start).seq;
    /* Running, but at rest: passed over, too, and counted. */
    assert_int_equal(sample_at(start + 30 * year).seq, first + 30 * year / 1000);
}

/* A day in the life of a valve, asked at the times of `often` parts: what comes of it, as texts. */
static char *a_day(unsigned often, const char *hand_text)
{
    struct mill_hand *hand = NULL;
    if (hand_text != NULL) {
        assert_int_equal(mill_hand_create(hand_text, &hand, NULL), 0);
    }
    boot_with(MILL_QUIRKS_FIRMWARE, hand);
    static const struct {
        uint64_t at_us;
        const char *name, *body;
        bool same_tick; /* the next one is posted before anything is asked */
    } posts[] = {
        {1000300, "control", "{\"action\":\"start\",\"preset\":1}", false},
        {2500700, "config", "{\"viscous\":0.3}", true},
        {2500900, "config", "{\"closed_pos\":10}", false},
        {3100000, "config", "{\"travel\":20,\"wall_stiffness\":30}", false},
        {4000100, "control", "{\"action\":\"stop\"}", false},
        {4500000, "control", "{\"action\":\"start\",\"preset\":3}", false},
        {6000000, "config", "{\"closed_pos\":5}", false},
    };
    char *text = calloc(1, 1 << 16);
    assert_non_null(text);
    size_t length = 0;
    uint64_t now = 0;
    for (size_t i = 0; i < sizeof posts / sizeof posts[0]; i++) {
        for (unsigned part = 1; part <= often; part++) {
            mill_firmware_advance(firmware, now + (posts[i].at_us - now) * part / often);
        }
        now = posts[i].at_us;
        post(now, posts[i].name, posts[i].body);
        length += (size_t)snprintf(text + length, (1u << 16) - length, "%s\n", reply.body);
        now += reply.before_us;
        if (posts[i].same_tick) {
            continue;
        }
        static const char *const names[] = {"status", "config", "odrive", "can", "presets", "stream"};
        for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
            get(now + 300000, names[name]);
            length += (size_t)snprintf(text + length, (1u << 16) - length, "%s\n", reply.body);
        }
        char line[MILL_WIRE_LINE_MAX];
        struct mill_sample_line sample = sample_at(now + 300000);
        assert_true(mill_print_sample(&sample, 0, line, sizeof line) > 0);
        length += (size_t)snprintf(text + length, (1u << 16) - length, "%s", line);
        now += 300000;
    }
    assert_true(length < 1u << 16);
    mill_firmware_destroy(firmware);
    mill_hand_destroy(hand);
    return text;
}

static void how_time_is_cut_up_changes_nothing(void **state)
{
    (void)state;
    static const char *const hands[] = {NULL, "sine:70:700ms", "steps:100:110ms"};
    for (size_t i = 0; i < sizeof hands / sizeof hands[0]; i++) {
        char *whole = a_day(1, hands[i]);
        char *again = a_day(1, hands[i]);
        char *parts = a_day(17, hands[i]);
        char *crumbs = a_day(4001, hands[i]);
        assert_string_equal(whole, again);
        assert_string_equal(whole, parts);
        assert_string_equal(whole, crumbs);
        free(whole);
        free(again);
        free(parts);
        free(crumbs);
    }
}

static void a_hand_turns_the_valve_from_its_start_on(void **state)
{
    (void)state;
    struct mill_hand *hand;
    assert_int_equal(mill_hand_create("sine:45:4s", &hand, NULL), 0);
    boot_with(MILL_QUIRKS_NONE, hand);
    assert_true(status_at(700000).pos_deg == 0); /* not taken yet */
    run_at(700000);
    struct mill_valve_status status = status_at(1700000);
    assert_true(status.pos_deg == 45);
    status = status_at(2700000);
    assert_true(fabs(status.pos_deg) < 0.01);
    assert_true(fabs(status.vel_rad_s + 45.0 / 360 * 39.478 / 4) < 0.01); /* A·2π/T, downwards */
    assert_true(status.torque_nm > 0.06);                                 /* against it */
    post(2800000, "control", "{\"action\":\"stop\"}");
    double held = status_at(2800000).pos_deg;
    assert_true(held < -1 && status_at(9000000).pos_deg == held);
    struct mill_sample_line sample = sample_at(9000000);
    assert_true(fabs(sample.position_turns * 360 - held) < 0.1);
    assert_true(sample.passivity_mj < 0);
    run_at(9000000);
    assert_true(fabs(status_at(10000000).pos_deg - 45) < 0.01); /* from a new zero */
    shut_down(NULL);
    mill_hand_destroy(hand);
}

static void the_motor(void **state)
{
    (void)state;
    struct mill_odrive_status odrive;
    static const struct {
        const char *body, *error;
    } refused[] = {
        {"{}", "missing_action"},
        {"{\"action\":\"start\"}", "unsupported_action"},
        {"{\"action\":\"dance\"}", "unsupported_action"},
        {"{\"action\":[]}", "invalid_action"},
        {"{\"action\":\"set_torque\"}", "missing_value"},
        {"{\"action\":\"set_mode\",\"value\":4}", "invalid_mode"},
        {"{\"action\":\"set_mode\",\"value\":-1}", "invalid_mode"},
        {"{\"action\":\"set_torque\",\"value\":\"x\"}", "invalid_value"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        post(0, "odrive", refused[i].body);
        assert_refused(400, refused[i].error);
    }
    static const struct {
        const char *body;
        int64_t axis_state, axis_error;
    } done[] = {
        {"{\"action\":\"ping\"}", 1, 0},
        {"{\"action\":\"enable\"}", 8, 0},
        {"{\"action\":\"set_mode\",\"value\":1}", 8, 0},
        {"{\"action\":\"set_torque\",\"value\":0.5}", 8, 0},
        {"{\"action\":\"set_velocity\",\"value\":-2}", 8, 0},
        {"{\"action\":\"set_position\",\"value\":1}", 8, 0},
        {"{\"action\":\"disable\"}", 1, 0},
        {"{\"action\":\"estop\"}", 1, 0x8000000},
        {"{\"action\":\"enable\"}", 1, 0x8000000},
        {"{\"action\":\"clear\"}", 1, 0},
        {"{\"action\":\"enable\"}", 8, 0},
    };
    for (size_t i = 0; i < sizeof done / sizeof done[0]; i++) {
        post(0, "odrive", done[i].body);
        assert_string_equal(reply.body, "{\"status\":\"ok\"}");
        get(0, "odrive");
        assert_int_equal(mill_read_odrive(reply.body, reply.length, &odrive, NULL), 0);
        assert_int_equal(odrive.axis_state, done[i].axis_state);
        assert_int_equal(odrive.axis_error, done[i].axis_error);
    }
    post(0, "odrive", "{\"action\":\"calibrate\"}");
    assert_in_range(reply.before_us, 20000000, 30000000);
    assert_true(odrive.bus_voltage >= 24 && odrive.bus_voltage <= 24.1);
    get(1000000, "can");
    assert_non_null(strstr(reply.body, "\"tx_count\":12,\"rx_count\":1010,"));
}

static void an_emergency_stop_stops_the_valve(void **state)
{
    (void)state;
    uint64_t start = run_at(0);
    post(start + 1000, "odrive", "{\"action\":\"estop\"}");
    struct mill_valve_status status = status_at(start + 2000);
    assert_int_equal(status.state, MILL_VALVE_ERROR);
    assert_int_equal(status.errors, 1);
    assert_int_equal(status.estops, 1);
    assert_int_equal(status.last_error, 0x8000000);
    assert_int_equal(sample_at(start + 2000).status, MILL_SAMPLE_ERROR);
    assert_int_equal(sample_at(start + 2000).err, 0x8000000);
    post(start + 3000, "control", "{\"action\":\"start\"}");
    assert_refused(500, "start_failed");
    post(start + 4000, "control", "{\"action\":\"stop\"}");
    assert_int_equal(status_at(start + 4000).state, MILL_VALVE_IDLE);
    run_at(start + 5000);
}

static void the_stream(void **state)
{
    (void)state;
    unsigned interval = 0;
    assert_false(mill_firmware_streams(firmware, &interval));
    assert_int_equal(interval, 100);
    static const struct {
        const char *body, *error;
    } refused[] = {
        {"{}", "missing_action"},
        {"{\"action\":\"ping\"}", "unsupported_action"},
        {"{\"action\":null}", "unsupported_action"},
        {"{\"action\":\"start\",\"interval_ms\":-1}", "invalid_interval_ms"},
        {"{\"action\":\"start\",\"interval_ms\":\"\"}", "invalid_interval_ms"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        post(0, "stream", refused[i].body);
        assert_refused(400, refused[i].error);
    }
    assert_false(mill_firmware_streams(firmware, NULL));
    static const struct {
        const char *body;
        unsigned interval;
    } starts[] = {
        {"{\"action\":\"start\",\"interval_ms\":20}", 20},
        {"{\"action\":\"start\",\"interval_ms\":1}", 10},
        {"{\"action\":\"start\",\"interval_ms\":5000}", 1000},
        {"{\"action\":\"start\"}", 100},
    };
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        post(0, "stream", starts[i].body);
        assert_string_equal(reply.body, "{\"status\":\"ok\"}");
        assert_true(mill_firmware_streams(firmware, &interval));
        assert_int_equal(interval, starts[i].interval);
    }
    assert_int_equal(mill_firmware_interval(firmware, INT64_MIN), 10);
    assert_int_equal(mill_firmware_interval(firmware, INT64_MAX), 1000);
    mill_firmware_stream_clients(firmware, 3);
    mill_firmware_stream_sent(firmware, 5000, true);
    mill_firmware_stream_sent(firmware, 7000, true);
    mill_firmware_stream_sent(firmware, 9000, false);
    get(10000, "stream");
    assert_string_equal(reply.body, "{\"active\":true,\"connected_clients\":3,\"default_interval_ms\":100,"
                                    "\"messages_sent\":2,\"send_errors\":1,\"invalid_samples\":0,"
                                    "\"last_send_tick_ms\":7}");
    post(10000, "stream", "{\"action\":\"stop\"}");
    assert_false(mill_firmware_streams(firmware, NULL));
}

static void a_newer_board_streams_faster(void **state)
{
    (void)state;
    const struct mill_firmware_plan plan = {.min_interval_ms = 1};
    assert_int_equal(mill_firmware_create(&plan, &firmware), 0);
    assert_int_equal(mill_firmware_interval(firmware, 0), 1);
    assert_int_equal(mill_firmware_interval(firmware, 1), 1);
    shut_down(NULL);
}

static void a_power_cycle(void **state)
{
    (void)state;
    post(0, "config", "{\"viscous\":0.5}");
    post(0, "stream", "{\"action\":\"start\",\"interval_ms\":20}");
    uint64_t start = run_at(0);
    post(start + 1000, "config", "{\"coulomb\":0.5}");
    post(start + 1000, "odrive", "{\"action\":\"estop\"}");
    mill_firmware_stream_sent(firmware, start + 1000, true);
    mill_firmware_power_cycle(firmware, start + 1000500);
    struct mill_valve_status status = status_at(start + 1001500);
    assert_int_equal(status.state, MILL_VALVE_IDLE);
    assert_int_equal(status.errors + status.last_error + status.estops, 0);
    assert_true(live_config().viscous == 0.02 && live_config().coulomb == 0.06);
    assert_false(mill_firmware_streams(firmware, NULL));
    get(start + 1001500, "stream");
    assert_non_null(strstr(reply.body, "\"default_interval_ms\":100,\"messages_sent\":0,"));
    assert_int_equal(sample_at(start + 1001500).timestamp_ms, 1);
    assert_int_equal(sample_at(start + 1001500).seq, 0);
    mill_firmware_advance(firmware, start + 5000000);
    assert_true(live_config().coulomb == 0.06); /* nothing is staged any more */
    assert_int_equal(mill_firmware_applied(firmware), 1);
    run_at(start + 5000000);
}

static void seeds_differ_and_repeat(void **state)
{
    (void)state;
    uint64_t before_us[3];
    for (unsigned i = 0; i < 3; i++) {
        const struct mill_firmware_plan plan = {.quirks = MILL_QUIRKS_FIRMWARE, .seed = i / 2};
        assert_int_equal(mill_firmware_create(&plan, &firmware), 0);
        post(0, "control", "{\"action\":\"start\"}");
        before_us[i] = reply.before_us;
        shut_down(NULL);
    }
    assert_int_equal(before_us[0], before_us[1]);
    assert_int_not_equal(before_us[0], before_us[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(seq_counts_ticks_of_a_run_and_freezes, boot, shut_down),
        cmocka_unit_test_setup_teardown(without_the_quirk_seq_counts_milliseconds, boot_without_quirks,
                                        shut_down),
        cmocka_unit_test_setup_teardown(a_clock_that_is_far_on_or_goes_back, boot, shut_down),
        cmocka_unit_test_setup_teardown(idle_for_years_costs_nothing, boot, shut_down),
        cmocka_unit_test(how_time_is_cut_up_changes_nothing),
        cmocka_unit_test(a_hand_turns_the_valve_from_its_start_on),
        cmocka_unit_test_setup_teardown(the_motor, boot, shut_down),
        cmocka_unit_test_setup_teardown(an_emergency_stop_stops_the_valve, boot, shut_down),
        cmocka_unit_test_setup_teardown(the_stream, boot, shut_down),
        cmocka_unit_test(a_newer_board_streams_faster),
        cmocka_unit_test_setup_teardown(a_power_cycle, boot, shut_down),
        cmocka_unit_test(seeds_differ_and_repeat),
    };
    return cmocka_run_group_tests_name("firmware_time", tests, NULL, NULL);
}

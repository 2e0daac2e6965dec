#include "device/valve.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const double two_pi = 6.28318530717958647692;

static void assert_near(double is, double expected)
{
    if (!(fabs(is - expected) < 1e-9)) {
        fail_msg("%.17g is not %.17g", is, expected);
    }
}

static struct mill_valve_config config_of(unsigned preset)
{
    struct mill_valve_config config;
    mill_valve_load(&mill_valve_presets[preset], &config);
    return config;
}

static void each_term_of_the_torque(void **state)
{
    (void)state;
    struct mill_valve_config config = {
        .open_pos = 90, .viscous = 0.02, .smoothing = 1e-3, .torque_limit = 8, .fields = MILL_CONFIG_LIVE};
    assert_near(mill_valve_torque(&config, 45, 10), -0.2);
    assert_near(mill_valve_torque(&config, 45, -10), 0.2);
    config.viscous = 0;
    config.coulomb = 0.06;
    assert_near(mill_valve_torque(&config, 45, 0), 0);
    /* 3, 4, 5: at w = 3e-4 and e = 4e-4 three fifths of it */
    config.smoothing = 4e-4;
    assert_near(mill_valve_torque(&config, 45, 3e-4), -0.036);
    assert_near(mill_valve_torque(&config, 45, -3e-4), 0.036);
    config.coulomb = 0;
    config.wall_stiffness = 10;
    config.wall_damping = 0.1;
    assert_near(mill_valve_torque(&config, 90, 0), 0);
    assert_near(mill_valve_torque(&config, 0, two_pi), 0);
    assert_near(mill_valve_torque(&config, 99, 0), -0.25);                /* a fortieth of a turn */
    assert_near(mill_valve_torque(&config, -18, 0), 0.5);                 /* a twentieth */
    assert_near(mill_valve_torque(&config, 99, two_pi * 2), -0.25 - 0.2); /* and two turns a second */
    assert_near(mill_valve_torque(&config, -18, two_pi * 2), 0.5 - 0.2);
}

static void all_terms_together(void **state)
{
    (void)state;
    const struct mill_valve_config config = config_of(3);
    /* -0.12·6.283185… - 0.40·(1 but for 1.3e-8) - 35·0.1 - 0.6·1 */
    double expected = -0.12 * two_pi - 0.40 * two_pi / sqrt(two_pi * two_pi + 1e-6) - 3.5 - 0.6;
    assert_near(mill_valve_torque(&config, 126, two_pi), expected);
    assert_true(expected < -5.2539 && expected > -5.2540);
}

static void the_torque_is_clamped(void **state)
{
    (void)state;
    struct mill_valve_config config = config_of(2);
    assert_near(mill_valve_torque(&config, 45, 1000), -6);
    assert_near(mill_valve_torque(&config, 45, -1000), 6);
    assert_near(mill_valve_torque(&config, -3600, 0), 6);
    config.torque_limit = 0;
    assert_near(mill_valve_torque(&config, -3600, 0), 0);
    config.torque_limit = -5;
    assert_near(mill_valve_torque(&config, -3600, 0), 0);
}

static void presets_as_they_are_documented(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double viscous, coulomb, stiffness, damping, limit, travel;
    } documented[MILL_WIRE_PRESETS] = {
        {"Light", .02, .06, 10, .1, 8, 90},
        {"Medium", .04, .12, 15, .2, 8, 90},
        {"Heavy", .08, .25, 25, .4, 6, 360},
        {"Industrial", .12, .40, 35, .6, 8, 360},
    };
    for (unsigned i = 0; i < MILL_WIRE_PRESETS; i++) {
        const struct mill_valve_preset *preset = &mill_valve_presets[i];
        assert_int_equal(preset->index, i);
        assert_string_equal(preset->name, documented[i].name);
        assert_near(preset->config.viscous, documented[i].viscous);
        assert_near(preset->config.coulomb, documented[i].coulomb);
        assert_near(preset->config.wall_stiffness, documented[i].stiffness);
        assert_near(preset->config.wall_damping, documented[i].damping);
        assert_near(preset->config.torque_limit, documented[i].limit);
        assert_near(preset->config.travel, documented[i].travel);
        assert_near(preset->config.smoothing, 1e-3);
        struct mill_valve_config loaded = config_of(i);
        assert_int_equal(loaded.fields, MILL_CONFIG_LIVE);
        assert_near(loaded.closed_pos, 0);
        assert_near(loaded.open_pos, 90); /* whatever its travel */
        assert_near(loaded.wall_damping, documented[i].damping);
        assert_int_equal(mill_valve_check(&loaded, NULL), 0);
    }
}

static void changes_go_where_they_belong(void **state)
{
    (void)state;
    struct mill_valve_config config = config_of(0);
    const struct mill_valve_config change = {.fields = MILL_CONFIG_CLOSED_POS | MILL_CONFIG_TRAVEL,
                                             .closed_pos = -10,
                                             .travel = 50,
                                             .viscous = 99};
    mill_valve_change(&config, &change);
    assert_near(config.closed_pos, -10);
    assert_near(config.open_pos, 40);
    assert_near(config.viscous, .02);
    const struct mill_valve_config all = {.fields = MILL_CONFIG_LIVE,
                                          .closed_pos = 1,
                                          .open_pos = 2,
                                          .viscous = 3,
                                          .coulomb = 4,
                                          .wall_stiffness = 5,
                                          .wall_damping = 6,
                                          .smoothing = 7,
                                          .torque_limit = 8};
    mill_valve_change(&config, &all);
    assert_near(config.open_pos, 2);
    assert_near(config.coulomb, 4);
    assert_near(config.wall_stiffness, 5);
    assert_near(config.wall_damping, 6);
    assert_near(config.smoothing, 7);
    assert_near(config.torque_limit, 8);
}

static void rules_are_kept_and_named(void **state)
{
    (void)state;
    static const struct {
        struct mill_valve_config change;
        int status;
        const char *word;
    } cases[] = {
        {{.fields = MILL_CONFIG_CLOSED_POS, .closed_pos = 90}, -EINVAL, "closed_pos"},
        {{.fields = MILL_CONFIG_CLOSED_POS, .closed_pos = 89.99}, 0, NULL},
        {{.fields = MILL_CONFIG_OPEN_POS, .open_pos = 3600}, 0, NULL},
        {{.fields = MILL_CONFIG_OPEN_POS, .open_pos = 3600.1}, -EINVAL, "3600"},
        {{.fields = MILL_CONFIG_TRAVEL, .travel = -1}, -EINVAL, "open_pos"},
        {{.fields = MILL_CONFIG_TRAVEL, .travel = NAN}, -EINVAL, "open_pos"},
        {{.fields = MILL_CONFIG_VISCOUS, .viscous = -0.01}, -EINVAL, "viscous"},
        {{.fields = MILL_CONFIG_VISCOUS, .viscous = 0}, 0, NULL},
        {{.fields = MILL_CONFIG_COULOMB, .coulomb = -1}, -EINVAL, "coulomb"},
        {{.fields = MILL_CONFIG_WALL_STIFFNESS, .wall_stiffness = -1}, -EINVAL, "wall_stiffness"},
        {{.fields = MILL_CONFIG_WALL_DAMPING, .wall_damping = -1}, -EINVAL, "wall_damping"},
        {{.fields = MILL_CONFIG_SMOOTHING, .smoothing = 0}, -EINVAL, "smoothing"},
        {{.fields = MILL_CONFIG_TORQUE_LIMIT, .torque_limit = -5}, 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_valve_config config = config_of(0);
        struct mill_error error = {.message = ""};
        mill_valve_change(&config, &cases[i].change);
        assert_int_equal(mill_valve_check(&config, &error), cases[i].status);
        assert_true(cases[i].word == NULL || strstr(error.message, cases[i].word) != NULL);
    }
}

/* A step of the wanted torque from 0 to -6 N·m: the low-pass answers with 1/(1 + RC/T) of it in its first
 * tick. */
static void the_low_pass_is_of_400_hz(void **state)
{
    (void)state;
    struct mill_valve_config config = {
        .open_pos = 90, .viscous = 1000, .smoothing = 1, .torque_limit = 6, .fields = MILL_CONFIG_LIVE};
    struct mill_valve valve = {.turns = 0};
    mill_valve_start(&valve);
    const double rc = 1 / (two_pi * 400);
    const double part = 0.001 / (rc + 0.001);
    mill_valve_turned(&valve, &config, 1);
    assert_near(valve.omega, two_pi / 360 * 1000);
    assert_near(valve.torque, -6 * part);
    mill_valve_turned(&valve, &config, 2);
    assert_near(valve.torque, -6 * (1 - (1 - part) * (1 - part)));
    assert_true(part > 0.7153 && part < 0.7154);
}

static void start_and_stop(void **state)
{
    (void)state;
    const struct mill_valve_config config = config_of(0);
    struct mill_valve valve = {.turns = 0.5};
    mill_valve_start(&valve);
    assert_near(mill_valve_degrees(&valve), 0);
    for (int degrees = 1; degrees <= 30; degrees++) {
        mill_valve_turned(&valve, &config, degrees);
    }
    assert_near(mill_valve_degrees(&valve), 30);
    double torque = valve.torque;
    assert_true(torque < 0 && valve.tank < 0);
    mill_valve_stop(&valve);
    assert_near(valve.omega, 0);
    assert_near(valve.torque, torque);
    assert_near(mill_valve_degrees(&valve), 30);
    mill_valve_start(&valve);
    assert_near(mill_valve_degrees(&valve), 0);
    assert_near(valve.torque, 0);
    assert_near(valve.tank, 0);
    assert_near(valve.turns, 0.5 + 30.0 / 360);
}

/* Whatever a hand does, the motor never gave out more than it took in before. */
static void the_valve_is_passive_under_every_hand(void **state)
{
    (void)state;
    for (unsigned preset = 0; preset < MILL_WIRE_PRESETS; preset++) {
        const struct mill_valve_config config = config_of(preset);
        for (unsigned hz = 1; hz <= 64; hz *= 2) {
            struct mill_valve valve = {.turns = 0};
            mill_valve_start(&valve);
            double given = 0;
            double swing = 0;
            for (int tick = 1; tick <= 3000; tick++) {
                double degrees = 60 * sin(two_pi * hz * tick / 1000) - 20 * (tick > 1500);
                mill_valve_turned(&valve, &config, degrees);
                given += valve.torque * valve.omega / 1000;
                swing = fmax(swing, given);
                assert_true(fabs(valve.torque) <= config.torque_limit);
                assert_true(valve.tank <= 0 && valve.tank >= -MILL_VALVE_TANK_J);
            }
            assert_true(swing <= 1e-9);
            assert_true(given < -0.1);
        }
    }
}

/* A tank that holds less than the wall wants to give back: the motor gives just that. */
static void the_tank_limits_what_is_given_back(void **state)
{
    (void)state;
    const struct mill_valve_config config = {
        .open_pos = 90, .wall_stiffness = 35, .smoothing = 1, .torque_limit = 8, .fields = MILL_CONFIG_LIVE};
    struct mill_valve valve = {.turns = 0};
    mill_valve_start(&valve);
    valve.tank = -0.001;
    mill_valve_turned(&valve, &config, -90); /* a quarter turn into the wall, and the tank is full again… */
    assert_true(valve.tank < -0.001);
    valve.tank = -0.001; /* …but for this */
    mill_valve_turned(&valve, &config, -80);
    assert_near(valve.torque * valve.omega / 1000, 0.001);
    assert_near(valve.tank, 0);
    mill_valve_turned(&valve, &config, -70);
    assert_near(valve.torque, 0);
}

static double energy(const struct mill_valve *valve, const struct mill_valve_config *config)
{
    double degrees = mill_valve_degrees(valve);
    double behind = degrees > config->open_pos     ? degrees - config->open_pos
                    : degrees < config->closed_pos ? degrees - config->closed_pos
                                                   : 0;
    double spring_nm_per_rad = config->wall_stiffness / two_pi;
    double angle = behind / 360 * two_pi;
    return MILL_VALVE_INERTIA * valve->omega * valve->omega / 2 + spring_nm_per_rad * angle * angle / 2;
}

/* A free handle that was pushed comes to rest between the walls, and has less energy then than at first. */
static void a_free_handle_comes_to_rest(void **state)
{
    (void)state;
    for (unsigned preset = 0; preset < MILL_WIRE_PRESETS; preset++) {
        const struct mill_valve_config config = config_of(preset);
        struct mill_valve valve = {.turns = 0};
        mill_valve_start(&valve);
        valve.omega = 30;
        double before = energy(&valve, &config);
        double largest = before;
        for (int tick = 0; tick < 200000; tick++) {
            mill_valve_free(&valve, &config);
            largest = fmax(largest, energy(&valve, &config));
        }
        assert_true(largest < before * 1.01);
        assert_true(valve.omega == 0 && fabs(valve.torque) <= MILL_VALVE_BEARING);
        double degrees = mill_valve_degrees(&valve);
        assert_true(degrees > -1 && degrees < 91);
        struct mill_valve rested = valve;
        mill_valve_free(&valve, &config);
        assert_memory_equal(&valve, &rested, sizeof valve);
    }
}

static void a_free_handle_is_slowed_by_a_viscous_valve(void **state)
{
    (void)state;
    const struct mill_valve_config config = {
        .open_pos = 3600, .viscous = 0.02, .smoothing = 1, .torque_limit = 8, .fields = MILL_CONFIG_LIVE};
    struct mill_valve valve = {.turns = 0};
    mill_valve_start(&valve);
    valve.omega = 10;
    for (int tick = 0; tick < 500; tick++) {
        mill_valve_free(&valve, &config);
    }
    /* J dw/dt = -b w: after 0.5 s, 10·exp(-1); its sampling and its low-pass are worth less than a percent.
     */
    assert_true(fabs(valve.omega / (10 * exp(-1)) - 1) < 0.01);
    assert_true(fabs(valve.turns * two_pi / (5 * (1 - exp(-1))) - 1) < 0.01);
}

static void extremes_stay_finite(void **state)
{
    (void)state;
    const struct mill_valve_config config = {.closed_pos = 3e38,
                                             .open_pos = 3.0001e38,
                                             .viscous = 3e38,
                                             .coulomb = 3e38,
                                             .wall_stiffness = 3e38,
                                             .wall_damping = 3e38,
                                             .smoothing = 1e-300,
                                             .torque_limit = 3e38,
                                             .fields = MILL_CONFIG_LIVE};
    struct mill_valve valve = {.turns = 0};
    mill_valve_start(&valve);
    for (int tick = 0; tick < 10000; tick++) {
        mill_valve_free(&valve, &config);
        assert_true(isfinite(valve.turns) && isfinite(valve.omega));
        assert_true(isfinite(valve.torque) && isfinite(valve.tank));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_term_of_the_torque),
        cmocka_unit_test(all_terms_together),
        cmocka_unit_test(the_torque_is_clamped),
        cmocka_unit_test(presets_as_they_are_documented),
        cmocka_unit_test(changes_go_where_they_belong),
        cmocka_unit_test(rules_are_kept_and_named),
        cmocka_unit_test(the_low_pass_is_of_400_hz),
        cmocka_unit_test(start_and_stop),
        cmocka_unit_test(the_valve_is_passive_under_every_hand),
        cmocka_unit_test(the_tank_limits_what_is_given_back),
        cmocka_unit_test(a_free_handle_comes_to_rest),
        cmocka_unit_test(a_free_handle_is_slowed_by_a_viscous_valve),
        cmocka_unit_test(extremes_stay_finite),
    };
    return cmocka_run_group_tests_name("valve", tests, NULL, NULL);
}

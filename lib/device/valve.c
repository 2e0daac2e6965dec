#include "device/valve.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>

static const double two_pi = 6.28318530717958647692;
static const double tick_s = MILL_VALVE_TICK_US / 1e6;

enum {
    PRESET_FIELDS = MILL_CONFIG_VISCOUS | MILL_CONFIG_COULOMB | MILL_CONFIG_WALL_STIFFNESS |
                    MILL_CONFIG_WALL_DAMPING | MILL_CONFIG_SMOOTHING | MILL_CONFIG_TORQUE_LIMIT |
                    MILL_CONFIG_TRAVEL
};

#define PRESET(at, called, b, tc, stiffness, damping, limit, degrees) \
    {                                                                 \
        .index = (at), .name = (called), .config = {                  \
            .fields = PRESET_FIELDS,                                  \
            .viscous = (b),                                           \
            .coulomb = (tc),                                          \
            .wall_stiffness = (stiffness),                            \
            .wall_damping = (damping),                                \
            .smoothing = 1e-3,                                        \
            .torque_limit = (limit),                                  \
            .travel = (degrees),                                      \
        }                                                             \
    }

const struct mill_valve_preset mill_valve_presets[MILL_WIRE_PRESETS] = {
    PRESET(0, "Light", .02, .06, 10, .1, 8, 90),
    PRESET(1, "Medium", .04, .12, 15, .2, 8, 90),
    PRESET(2, "Heavy", .08, .25, 25, .4, 6, 360),
    PRESET(3, "Industrial", .12, .40, 35, .6, 8, 360),
};

void mill_valve_load(const struct mill_valve_preset *preset, struct mill_valve_config *config)
{
    *config = preset->config;
    config->fields = MILL_CONFIG_LIVE;
    config->closed_pos = 0;
    config->open_pos = 90;
    config->travel = 0;
}

void mill_valve_change(struct mill_valve_config *config, const struct mill_valve_config *change)
{
    const struct {
        enum mill_config_field field;
        double *to;
        double from;
    } members[] = {
        {MILL_CONFIG_CLOSED_POS, &config->closed_pos, change->closed_pos},
        {MILL_CONFIG_OPEN_POS, &config->open_pos, change->open_pos},
        {MILL_CONFIG_VISCOUS, &config->viscous, change->viscous},
        {MILL_CONFIG_COULOMB, &config->coulomb, change->coulomb},
        {MILL_CONFIG_WALL_STIFFNESS, &config->wall_stiffness, change->wall_stiffness},
        {MILL_CONFIG_WALL_DAMPING, &config->wall_damping, change->wall_damping},
        {MILL_CONFIG_SMOOTHING, &config->smoothing, change->smoothing},
        {MILL_CONFIG_TORQUE_LIMIT, &config->torque_limit, change->torque_limit},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if ((change->fields & (unsigned)members[i].field) != 0) {
            *members[i].to = members[i].from;
        }
    }
    if ((change->fields & MILL_CONFIG_TRAVEL) != 0) {
        config->open_pos = config->closed_pos + change->travel;
    }
}

int mill_valve_check(const struct mill_valve_config *config, struct mill_error *error)
{
    if (!(config->closed_pos < config->open_pos)) {
        return mill_error_set(error, -EINVAL, "closed_pos %g is not below open_pos %g", config->closed_pos,
                              config->open_pos);
    }
    if (!(config->open_pos - config->closed_pos <= MILL_VALVE_TRAVEL_MAX)) {
        return mill_error_set(error, -EINVAL, "from closed_pos %g to open_pos %g is more than %g degrees",
                              config->closed_pos, config->open_pos, MILL_VALVE_TRAVEL_MAX);
    }
    const struct {
        const char *name;
        double value;
    } positive[] = {
        {"viscous", config->viscous},
        {"coulomb", config->coulomb},
        {"wall_stiffness", config->wall_stiffness},
        {"wall_damping", config->wall_damping},
    };
    for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i++) {
        if (!(positive[i].value >= 0)) {
            return mill_error_set(error, -EINVAL, "%s %g is negative", positive[i].name, positive[i].value);
        }
    }
    if (!(config->smoothing > 0)) {
        return mill_error_set(error, -EINVAL, "smoothing %g is not over 0", config->smoothing);
    }
    return 0;
}

double mill_valve_degrees(const struct mill_valve *valve)
{
    return (valve->turns - valve->zero) * 360;
}

double mill_valve_torque(const struct mill_valve_config *config, double degrees, double omega)
{
    double torque = -config->viscous * omega - config->coulomb * omega / hypot(omega, config->smoothing);
    double behind = degrees > config->open_pos     ? degrees - config->open_pos
                    : degrees < config->closed_pos ? degrees - config->closed_pos
                                                   : 0;
    if (behind < 0 || behind > 0) {
        torque -= config->wall_stiffness * (behind / 360) + config->wall_damping * (omega / two_pi);
    }
    double limit = fmax(config->torque_limit, 0);
    return fmin(fmax(torque, -limit), limit);
}

void mill_valve_start(struct mill_valve *valve)
{
    *valve = (struct mill_valve){.turns = valve->turns, .zero = valve->turns};
}

void mill_valve_stop(struct mill_valve *valve)
{
    valve->omega = 0;
}

/* What may be given out of the tank; what is taken in goes there. */
static double through_tank(struct mill_valve *valve, double torque)
{
    double energy = torque * valve->omega * tick_s;
    if (energy > -valve->tank) {
        torque *= -valve->tank / energy;
        energy = -valve->tank;
    }
    valve->tank = fmax(valve->tank + energy, -MILL_VALVE_TANK_J);
    return torque;
}

/* The handle is at `turns` now: the controller's part of a tick. */
static void control(struct mill_valve *valve, const struct mill_valve_config *config, double turns)
{
    const double cutoff_hz = 400;
    const double steps = two_pi * cutoff_hz * tick_s;
    valve->omega = (turns - valve->turns) * two_pi / tick_s;
    valve->turns = turns;
    double wanted = mill_valve_torque(config, mill_valve_degrees(valve), valve->omega);
    double filtered = valve->torque + steps / (1 + steps) * (wanted - valve->torque);
    valve->torque = through_tank(valve, filtered);
}

void mill_valve_turned(struct mill_valve *valve, const struct mill_valve_config *config, double degrees)
{
    control(valve, config, valve->zero + degrees / 360);
}

void mill_valve_free(struct mill_valve *valve, const struct mill_valve_config *config)
{
    double omega = valve->omega + valve->torque * tick_s / MILL_VALVE_INERTIA;
    bool rests = !(valve->omega < 0 || valve->omega > 0);
    double pushed = mill_valve_torque(config, mill_valve_degrees(valve), 0);
    if (rests ? fabs(pushed) <= MILL_VALVE_BEARING : omega * valve->omega < 0) {
        omega = 0;
    }
    control(valve, config, valve->turns + omega * tick_s / two_pi);
}

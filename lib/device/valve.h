/* The valve's physics and its rules: a handle with inertia, turned by a hand or free, and a motor that
 * answers with a torque a thousand times a second.
 *
 *     torque = - viscous·w - coulomb·w / sqrt(w² + smoothing²)                 everywhere
 *              - wall_stiffness·p - wall_damping·w_turns                       inside a wall
 *
 * w is in rad/s, w_turns in turns/s, and p, in turns, how far the handle is behind closed_pos or open_pos.
 * The torque is clamped to torque_limit, passes a low-pass of 400 Hz, and is held back where it would give
 * out more energy than it took in (the tank: at most 2 J are remembered).
 *
 * A free handle is moved by the motor alone. One whose speed changes its sign within a tick has come to rest
 * there, and rests until a wall pushes it with more than 0.01 N·m: without that, the friction of a sampled
 * controller would shake it for ever.
 *
 * Plain values and pure functions; not shared between threads.
 */
#ifndef MILL_DEVICE_VALVE_H
#define MILL_DEVICE_VALVE_H

#include <stdbool.h>

#include "core/error.h"
#include "device/wire.h"

#define MILL_VALVE_TICK_US    1000u
#define MILL_VALVE_INERTIA    0.01 /* kg·m² of a free handle */
#define MILL_VALVE_BEARING    0.01 /* N·m that hold it at rest */
#define MILL_VALVE_TRAVEL_MAX 3600.0
#define MILL_VALVE_TANK_J     2.0

struct mill_valve {
    double turns;  /* of the handle since boot */
    double zero;   /* …where it was when the valve was started: pos_deg counts from there */
    double omega;  /* rad/s, from the last two positions */
    double torque; /* N·m, as sent to the motor */
    double tank;   /* J, at most 0: what the motor took out of the hand and may give back */
};

/* What the valve has at boot: four presets, and the config of the first of them. */
extern const struct mill_valve_preset mill_valve_presets[MILL_WIRE_PRESETS];

/* The config that loading a preset makes: from 0 degrees on, and 90 degrees wide whatever the preset says. */
void mill_valve_load(const struct mill_valve_preset *preset, struct mill_valve_config *config);

/* What `change` gives, put into `config`, which is a whole one: closed_pos, then open_pos, then travel. */
void mill_valve_change(struct mill_valve_config *config, const struct mill_valve_config *change);

/* 0, or -EINVAL for a config that the firmware refuses, said in `error`: closed_pos < open_pos; at most 3600
 * degrees between them; viscous, coulomb, wall_stiffness, wall_damping not negative; smoothing over 0. */
int mill_valve_check(const struct mill_valve_config *config, struct mill_error *error);

/* Degrees from the zero. */
double mill_valve_degrees(const struct mill_valve *valve);

/* The torque that the formula gives, clamped; `degrees` from the zero. A torque_limit of 0 or less gives
 * none. */
double mill_valve_torque(const struct mill_valve_config *config, double degrees, double omega);

/* The motor comes on: zero, speed, torque and tank begin anew. */
void mill_valve_start(struct mill_valve *valve);

/* The motor goes off; the handle stands still from here on, and its last torque is remembered. */
void mill_valve_stop(struct mill_valve *valve);

/* One tick with a handle that a hand has at `degrees` from the zero, or with a free one. */
void mill_valve_turned(struct mill_valve *valve, const struct mill_valve_config *config, double degrees);
void mill_valve_free(struct mill_valve *valve, const struct mill_valve_config *config);

#endif

/* Adapts a valve's viscous friction while a hand turns it (row 22 of the patterns): reads position and
 * torque, and takes a step.
 *
 *     struct mill_tuner tuner;
 *     int status = mill_tuner_init(&tuner, &(struct mill_tuner_plan){.target_nm = 0.4});
 *     while (status == 0 && turning) {
 *         struct mill_tuner_step step;
 *         status = mill_tuner_step(&tuner, &mill_tuner_client, client, &step, &failure);
 *     }
 *
 * The rule, an integral controller: the torque against the hand shall be `target_nm`, so
 *
 *     viscous += gain * (target_nm - |torque|)       at most max_step to either side, and within [least,
 * most]
 *
 * It holds, and writes nothing, where that means nothing: while the valve is not running; while it stands
 * still (viscous friction brakes motion alone, and the sum would run away); at a wall, whose torque is the
 * wall's; and within `deadband_nm` of the target.
 *
 * NOT thread-safe, and no more than what it speaks through: reading, deciding and writing are one step only
 * for a single caller. Two at once take both their steps from the same value, and one of them is lost, though
 * each was told that it was taken. Whoever shares a tuner brings the lock, around the whole step.
 */
#ifndef MILL_DEVICE_TUNER_H
#define MILL_DEVICE_TUNER_H

#include <stdbool.h>
#include <stdint.h>

#include "device/client.h"

/* ---- what it speaks through ---- */

struct mill_tuner_limits {
    double viscous; /* now */
    double closed_pos;
    double open_pos;
};

struct mill_tuner_reading {
    double pos_deg;
    double vel_rad_s;
    double torque_nm;
    bool running;
};

/* Each returns 0 or a negative errno, with the failure where one is asked for. */
struct mill_tuner_device {
    int (*begin)(void *context, struct mill_tuner_limits *limits, struct mill_device_failure *failure);
    int (*read)(void *context, struct mill_tuner_reading *reading, struct mill_device_failure *failure);
    int (*write)(void *context, double viscous, struct mill_device_failure *failure);
};

/* Over a client, which is the context. */
extern const struct mill_tuner_device mill_tuner_client;

/* ---- the tuner ---- */

struct mill_tuner_plan {
    double target_nm;
    double gain;        /* N·m·s/rad for each N·m; 0 stands for 0.05 */
    double max_step;    /* 0 stands for 0.01 N·m·s/rad */
    double least;       /* of viscous */
    double most;        /* 0 stands for 1 N·m·s/rad */
    double deadband_nm; /* 0: none */
    double min_rad_s;   /* slower stands still; 0: it never does */
    double wall_margin; /* degrees within which a wall is near; 0: at the wall itself */
};

enum mill_tuner_outcome {
    MILL_TUNER_CHANGED, /* a new value was written */
    MILL_TUNER_STOPPED, /* held: the valve is not running */
    MILL_TUNER_STILL,   /* held: it stands still */
    MILL_TUNER_WALL,    /* held: it is at a wall */
    MILL_TUNER_ON_TARGET,
    MILL_TUNER_AT_LIMIT, /* the next value would be beyond `least` or `most`, where it is */
    MILL_TUNER_OUTCOMES,
};

struct mill_tuner_step {
    enum mill_tuner_outcome outcome;
    struct mill_tuner_reading reading;
    double before; /* viscous */
    double after;
    bool cut; /* the step was cut to max_step, or to `least` or `most` */
};

/* Plain, and the caller's; its members may be read when no step is being taken. */
struct mill_tuner {
    struct mill_tuner_plan plan;
    bool begun; /* what follows is known */
    struct mill_tuner_limits limits;
    uint64_t steps;
    uint64_t outcomes[MILL_TUNER_OUTCOMES]; /* of those steps */
    uint64_t failures;
};

/* Nothing is asked of the device yet. 0; -EINVAL (NULL; a number that is not finite; negative ones; `least`
 * over `most`). */
int mill_tuner_init(struct mill_tuner *tuner, const struct mill_tuner_plan *plan);

/* One step: reads, decides, writes; the first one, and one after a failure that left it open whether a value
 * was written, reads the device's configuration before. 0; -EINVAL (NULL); what the device's calls say, and
 * then no step was taken. `step` and `failure` may be NULL. Blocking, as the device's calls are. */
int mill_tuner_step(struct mill_tuner *tuner, const struct mill_tuner_device *device, void *context,
                    struct mill_tuner_step *step, struct mill_device_failure *failure);

/* "changed", "stopped", …; NULL for what is no outcome. */
const char *mill_tuner_outcome_name(enum mill_tuner_outcome outcome);

#endif

#include "device/tuner.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>

#define GAIN     0.05
#define MAX_STEP 0.01
#define MOST     1.0

static const char *const names[MILL_TUNER_OUTCOMES] = {
    [MILL_TUNER_CHANGED] = "changed",     [MILL_TUNER_STOPPED] = "stopped",
    [MILL_TUNER_STILL] = "still",         [MILL_TUNER_WALL] = "wall",
    [MILL_TUNER_ON_TARGET] = "on-target", [MILL_TUNER_AT_LIMIT] = "at-limit",
};

const char *mill_tuner_outcome_name(enum mill_tuner_outcome outcome)
{
    return (size_t)outcome < MILL_TUNER_OUTCOMES ? names[outcome] : NULL;
}

/* ---- over a client ---- */

static int begin_client(void *context, struct mill_tuner_limits *limits, struct mill_device_failure *failure)
{
    struct mill_valve_config config;
    int status = mill_device_get_config(context, &config, failure);
    if (status == 0) {
        *limits = (struct mill_tuner_limits){
            .viscous = config.viscous, .closed_pos = config.closed_pos, .open_pos = config.open_pos};
    }
    return status;
}

static int read_client(void *context, struct mill_tuner_reading *reading, struct mill_device_failure *failure)
{
    struct mill_valve_status now;
    int status = mill_device_get_status(context, &now, failure);
    if (status == 0) {
        *reading = (struct mill_tuner_reading){.pos_deg = now.pos_deg,
                                               .vel_rad_s = now.vel_rad_s,
                                               .torque_nm = now.torque_nm,
                                               .running = now.state == MILL_VALVE_RUNNING};
    }
    return status;
}

static int write_client(void *context, double viscous, struct mill_device_failure *failure)
{
    const struct mill_valve_config change = {.fields = MILL_CONFIG_VISCOUS, .viscous = viscous};
    return mill_device_update_config(context, &change, failure);
}

const struct mill_tuner_device mill_tuner_client = {
    .begin = begin_client,
    .read = read_client,
    .write = write_client,
};

/* ---- the rule ---- */

int mill_tuner_init(struct mill_tuner *tuner, const struct mill_tuner_plan *plan)
{
    if (!tuner || !plan) {
        return -EINVAL;
    }
    struct mill_tuner_plan completed = *plan;
    completed.gain = plan->gain == 0 ? GAIN : plan->gain;
    completed.max_step = plan->max_step == 0 ? MAX_STEP : plan->max_step;
    completed.most = plan->most == 0 ? MOST : plan->most;
    const double numbers[] = {completed.target_nm, completed.gain,       completed.max_step,
                              completed.least,     completed.most,       completed.deadband_nm,
                              completed.min_rad_s, completed.wall_margin};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (!isfinite(numbers[i]) || numbers[i] < 0) {
            return -EINVAL;
        }
    }
    if (completed.least > completed.most) {
        return -EINVAL;
    }
    *tuner = (struct mill_tuner){.plan = completed};
    return 0;
}

static bool is_at_wall(const struct mill_tuner *tuner, const struct mill_tuner_reading *reading)
{
    double margin = tuner->plan.wall_margin;
    return reading->pos_deg <= tuner->limits.closed_pos + margin ||
           reading->pos_deg >= tuner->limits.open_pos - margin;
}

static double bounded(double value, double least, double most, bool *cut)
{
    double within = fmin(fmax(value, least), most);
    *cut = *cut || within != value;
    return within;
}

/* What is to become of viscous; `outcome` is CHANGED where it is to become another. */
static void decide(const struct mill_tuner *tuner, struct mill_tuner_step *step)
{
    const struct mill_tuner_plan *plan = &tuner->plan;
    double missing = plan->target_nm - fabs(step->reading.torque_nm);
    step->before = tuner->limits.viscous;
    step->after = step->before;
    if (!step->reading.running) {
        step->outcome = MILL_TUNER_STOPPED;
    } else if (fabs(step->reading.vel_rad_s) < plan->min_rad_s) {
        step->outcome = MILL_TUNER_STILL;
    } else if (is_at_wall(tuner, &step->reading)) {
        step->outcome = MILL_TUNER_WALL;
    } else if (fabs(missing) <= plan->deadband_nm) {
        step->outcome = MILL_TUNER_ON_TARGET;
    } else {
        double change = bounded(plan->gain * missing, -plan->max_step, plan->max_step, &step->cut);
        step->after = bounded(step->before + change, plan->least, plan->most, &step->cut);
        step->outcome = step->after == step->before ? MILL_TUNER_AT_LIMIT : MILL_TUNER_CHANGED;
    }
}

/* ---- a step ---- */

static int begin(struct mill_tuner *tuner, const struct mill_tuner_device *device, void *context,
                 struct mill_device_failure *failure)
{
    int status = tuner->begun ? 0 : device->begin(context, &tuner->limits, failure);
    tuner->begun = status == 0;
    return status;
}

static int write_step(struct mill_tuner *tuner, const struct mill_tuner_device *device, void *context,
                      const struct mill_tuner_step *step, struct mill_device_failure *failure)
{
    int status = device->write(context, step->after, failure);
    if (status == 0) {
        tuner->limits.viscous = step->after;
    } else {
        tuner->begun = !failure->maybe_done;
    }
    return status;
}

int mill_tuner_step(struct mill_tuner *tuner, const struct mill_tuner_device *device, void *context,
                    struct mill_tuner_step *step, struct mill_device_failure *failure)
{
    struct mill_tuner_step unwanted_step;
    struct mill_device_failure unwanted_failure = {.kind = MILL_DEVICE_NO_FAILURE};
    if (!tuner || !device) {
        return -EINVAL;
    }
    step = step ? step : &unwanted_step;
    failure = failure ? failure : &unwanted_failure;
    *step = (struct mill_tuner_step){.outcome = MILL_TUNER_STOPPED};
    int status = begin(tuner, device, context, failure);
    if (status == 0) {
        status = device->read(context, &step->reading, failure);
    }
    if (status == 0) {
        decide(tuner, step);
        if (step->outcome == MILL_TUNER_CHANGED) {
            status = write_step(tuner, device, context, step, failure);
        }
    }
    if (status < 0) {
        tuner->failures++;
        return status;
    }
    tuner->steps++;
    tuner->outcomes[step->outcome]++;
    return 0;
}

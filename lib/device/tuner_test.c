#include "device/tuner.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A valve whose torque follows from its friction, and which fails to order. */
struct plant {
    double viscous;
    struct mill_tuner_reading reading; /* its torque is left out */
    unsigned begins, reads, writes;
    int begin_status, read_status, write_status;
    bool maybe_done;
};

static int begin(void *context, struct mill_tuner_limits *limits, struct mill_device_failure *failure)
{
    struct plant *plant = context;
    (void)failure;
    plant->begins++;
    *limits = (struct mill_tuner_limits){.viscous = plant->viscous, .closed_pos = 0, .open_pos = 90};
    return plant->begin_status;
}

static int read_plant(void *context, struct mill_tuner_reading *reading, struct mill_device_failure *failure)
{
    struct plant *plant = context;
    (void)failure;
    plant->reads++;
    *reading = plant->reading;
    reading->torque_nm = -plant->viscous * plant->reading.vel_rad_s;
    return plant->read_status;
}

static int write_plant(void *context, double viscous, struct mill_device_failure *failure)
{
    struct plant *plant = context;
    plant->writes++;
    if (plant->write_status == 0 || plant->maybe_done) {
        plant->viscous = viscous;
    }
    failure->maybe_done = plant->maybe_done;
    return plant->write_status;
}

static const struct mill_tuner_device plant_device = {
    .begin = begin, .read = read_plant, .write = write_plant};

static struct plant turning(double viscous)
{
    return (struct plant){.viscous = viscous, .reading = {.pos_deg = 45, .vel_rad_s = 4, .running = true}};
}

static struct mill_tuner tuner_of(const struct mill_tuner_plan *plan)
{
    struct mill_tuner tuner;
    assert_int_equal(mill_tuner_init(&tuner, plan), 0);
    return tuner;
}

static struct mill_tuner_step step_of(struct mill_tuner *tuner, struct plant *plant)
{
    struct mill_tuner_step step;
    struct mill_device_failure failure;
    assert_int_equal(mill_tuner_step(tuner, &plant_device, plant, &step, &failure), 0);
    return step;
}

#define assert_near(is, wanted, by) assert_true(fabs((is) - (wanted)) <= (by))

static void it_finds_the_torque_that_is_wanted(void **state)
{
    (void)state;
    static const double starts[] = {0.0, 0.02, 0.9};
    for (unsigned i = 0; i < 3; i++) {
        struct plant plant = turning(starts[i]);
        struct mill_tuner tuner = tuner_of(&(struct mill_tuner_plan){.target_nm = 0.4});
        for (unsigned steps = 0; steps < 200; steps++) {
            step_of(&tuner, &plant);
        }
        assert_near(plant.viscous, 0.1, 1e-6); /* 0.4 N·m at 4 rad/s */
        assert_int_equal(tuner.steps, 200);
        assert_int_equal(plant.begins, 1);
    }
}

static void a_step_is_what_the_rule_says(void **state)
{
    (void)state;
    struct plant plant = turning(0.05); /* 0.2 N·m */
    struct mill_tuner tuner =
        tuner_of(&(struct mill_tuner_plan){.target_nm = 0.3, .gain = 0.1, .max_step = 0.5});
    struct mill_tuner_step step = step_of(&tuner, &plant);
    assert_int_equal(step.outcome, MILL_TUNER_CHANGED);
    assert_near(step.before, 0.05, 1e-12);
    assert_near(step.after, 0.06, 1e-12);
    assert_false(step.cut);
    assert_true(plant.viscous == step.after);
    plant.viscous = 0.15; /* 0.6 N·m, by somebody else: it goes on from what it wrote itself */
    step = step_of(&tuner, &plant);
    assert_near(step.after, 0.03, 1e-12);
}

static void a_step_is_bounded_and_says_so(void **state)
{
    (void)state;
    struct plant plant = turning(0.05);
    struct mill_tuner tuner = tuner_of(
        &(struct mill_tuner_plan){.target_nm = 100, .gain = 1, .max_step = 0.25, .least = 0.01, .most = 0.4});
    struct mill_tuner_step step = step_of(&tuner, &plant);
    assert_near(step.after, 0.3, 1e-12);
    assert_true(step.cut);
    step = step_of(&tuner, &plant);
    assert_near(step.after, 0.4, 1e-12);
    assert_true(step.cut);
    unsigned writes = plant.writes;
    step = step_of(&tuner, &plant);
    assert_int_equal(step.outcome, MILL_TUNER_AT_LIMIT);
    assert_int_equal(plant.writes, writes); /* there is nothing to write */
    tuner.plan.target_nm = 0;
    for (unsigned i = 0; i < 10; i++) {
        step = step_of(&tuner, &plant);
    }
    assert_near(plant.viscous, 0.01, 1e-12);
}

static void it_holds_where_torque_means_nothing(void **state)
{
    (void)state;
    static const struct {
        struct mill_tuner_reading reading;
        enum mill_tuner_outcome outcome;
    } cases[] = {
        {{.pos_deg = 45, .vel_rad_s = 4, .running = false}, MILL_TUNER_STOPPED},
        {{.pos_deg = 45, .vel_rad_s = 0.01, .running = true}, MILL_TUNER_STILL},
        {{.pos_deg = 1.5, .vel_rad_s = 4, .running = true}, MILL_TUNER_WALL},
        {{.pos_deg = 89, .vel_rad_s = -4, .running = true}, MILL_TUNER_WALL},
        {{.pos_deg = -5, .vel_rad_s = 4, .running = true}, MILL_TUNER_WALL},
        {{.pos_deg = 45, .vel_rad_s = -4.01, .running = true}, MILL_TUNER_ON_TARGET},
    };
    struct plant plant = turning(0.1);
    struct mill_tuner tuner = tuner_of(
        &(struct mill_tuner_plan){.target_nm = 0.4, .deadband_nm = 0.01, .min_rad_s = 0.1, .wall_margin = 2});
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plant.reading = cases[i].reading;
        struct mill_tuner_step step = step_of(&tuner, &plant);
        assert_string_equal(mill_tuner_outcome_name(step.outcome), mill_tuner_outcome_name(cases[i].outcome));
        assert_true(step.after == step.before);
    }
    assert_int_equal(plant.writes, 0);
    assert_int_equal(tuner.outcomes[MILL_TUNER_WALL], 3);
    assert_int_equal(tuner.steps, 6);
}

static void a_failed_call_is_no_step(void **state)
{
    (void)state;
    struct plant plant = turning(0.1);
    struct mill_tuner tuner = tuner_of(&(struct mill_tuner_plan){.target_nm = 1});
    plant.begin_status = -ECONNREFUSED;
    assert_int_equal(mill_tuner_step(&tuner, &plant_device, &plant, NULL, NULL), -ECONNREFUSED);
    plant.begin_status = 0;
    plant.read_status = -ETIMEDOUT;
    assert_int_equal(mill_tuner_step(&tuner, &plant_device, &plant, NULL, NULL), -ETIMEDOUT);
    plant.read_status = 0;
    plant.write_status = -EREMOTEIO;
    assert_int_equal(mill_tuner_step(&tuner, &plant_device, &plant, NULL, NULL), -EREMOTEIO);
    assert_int_equal(tuner.steps, 0);
    assert_int_equal(tuner.failures, 3);
    assert_int_equal(plant.begins, 2);
    plant.write_status = 0;
    struct mill_tuner_step step = step_of(&tuner, &plant);
    assert_near(step.before, 0.1, 1e-12); /* the refused one was not counted in */
    assert_int_equal(plant.begins, 2);
}

static void after_a_write_that_may_have_been_done_it_asks(void **state)
{
    (void)state;
    struct plant plant = turning(0.1);
    struct mill_tuner tuner = tuner_of(&(struct mill_tuner_plan){.target_nm = 1, .max_step = 0.03125});
    plant.write_status = -ECONNRESET;
    plant.maybe_done = true;
    assert_int_equal(mill_tuner_step(&tuner, &plant_device, &plant, NULL, NULL), -ECONNRESET);
    plant.write_status = 0;
    plant.maybe_done = false;
    double was_done = plant.viscous;
    struct mill_tuner_step step = step_of(&tuner, &plant);
    assert_true(step.before == was_done);
    assert_int_equal(plant.begins, 2);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct mill_tuner tuner;
    static const struct mill_tuner_plan plans[] = {
        {.target_nm = -1},   {.target_nm = NAN}, {.gain = INFINITY},
        {.max_step = -0.1},  {.least = 2},       {.least = 0.5, .most = 0.4},
        {.deadband_nm = -1}, {.min_rad_s = NAN}, {.wall_margin = -2},
    };
    for (unsigned i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        assert_int_equal(mill_tuner_init(&tuner, &plans[i]), -EINVAL);
    }
    assert_int_equal(mill_tuner_init(NULL, &plans[0]), -EINVAL);
    assert_int_equal(mill_tuner_init(&tuner, NULL), -EINVAL);
    assert_int_equal(mill_tuner_step(NULL, &plant_device, NULL, NULL, NULL), -EINVAL);
    assert_int_equal(mill_tuner_step(&tuner, NULL, NULL, NULL, NULL), -EINVAL);
    assert_null(mill_tuner_outcome_name(MILL_TUNER_OUTCOMES));
}

/* ---- over a client ---- */

static void it_tunes_a_device(void **state)
{
    (void)state;
    struct mill_model_device *model;
    struct mill_device_client *client;
    struct mill_device_failure failure;
    struct mill_valve_config live;
    struct mill_tuner_step step;
    const struct mill_device_policy policy = {.allow_motion = true};
    assert_int_equal(
        mill_model_create(&(struct mill_model_plan){.virtual_time = true, .service_ns = 5000000}, &model), 0);
    const struct mill_transport_plan to = {.model = model};
    assert_int_equal(
        mill_device_client_create(mill_transport_ops_find("in-process"), &to, &policy, &client, &failure), 0);
    struct mill_tuner tuner = tuner_of(&(struct mill_tuner_plan){.target_nm = 0.5, .max_step = 0.125});
    assert_int_equal(mill_tuner_step(&tuner, &mill_tuner_client, client, &step, &failure), 0);
    assert_int_equal(step.outcome, MILL_TUNER_STOPPED);
    assert_int_equal(mill_device_start_valve(client, 0, &failure), 0);
    const struct mill_valve_config wide = {
        .fields = MILL_CONFIG_CLOSED_POS | MILL_CONFIG_OPEN_POS, .closed_pos = -90, .open_pos = 90};
    assert_int_equal(mill_device_update_config(client, &wide, &failure), 0);
    tuner.begun = false; /* the walls have moved */
    assert_int_equal(mill_tuner_step(&tuner, &mill_tuner_client, client, &step, &failure), 0);
    assert_int_equal(step.outcome, MILL_TUNER_CHANGED);
    assert_near(step.before, 0.02, 1e-9); /* preset 0 */
    assert_true(step.after > step.before);
    struct mill_valve_status now;
    assert_int_equal(mill_device_get_status(client, &now, &failure), 0); /* a tick later it is live */
    mill_model_config(model, &live);
    assert_true(live.viscous == step.after);
    mill_device_client_destroy(client);
    mill_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_the_torque_that_is_wanted),
        cmocka_unit_test(a_step_is_what_the_rule_says),
        cmocka_unit_test(a_step_is_bounded_and_says_so),
        cmocka_unit_test(it_holds_where_torque_means_nothing),
        cmocka_unit_test(a_failed_call_is_no_step),
        cmocka_unit_test(after_a_write_that_may_have_been_done_it_asks),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(it_tunes_a_device),
    };
    return cmocka_run_group_tests_name("device/tuner", tests, NULL, NULL);
}

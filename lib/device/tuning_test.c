#include "device/tuning.h"

#include <errno.h>
#include <math.h>

#include "core/test_in_step.h"

static const double a_step = 0x1p-20;

static int begin(void *context, struct mill_tuner_limits *limits, struct mill_device_failure *failure)
{
    (void)context;
    (void)failure;
    *limits = (struct mill_tuner_limits){.viscous = 0, .closed_pos = 0, .open_pos = 90};
    return 0;
}

static int read_device(void *context, struct mill_tuner_reading *reading, struct mill_device_failure *failure)
{
    (void)context;
    (void)failure;
    *reading = (struct mill_tuner_reading){.pos_deg = 45, .running = true};
    return 0;
}

static int write_device(void *context, double viscous, struct mill_device_failure *failure)
{
    (void)viscous;
    (void)failure;
    return *(const int *)context;
}

static const struct mill_tuner_device device = {.begin = begin, .read = read_device, .write = write_device};

static struct mill_tuning *create(const char *name)
{
    struct mill_tuning *tuning;
    const struct mill_tuner_plan plan = {.target_nm = 1, .gain = a_step, .max_step = a_step};
    assert_int_equal(mill_tuning_ops_find(name)->create(&plan, &tuning), 0);
    return tuning;
}

static void step_locked(void *context, unsigned side, unsigned round)
{
    int written = 0;
    (void)side;
    (void)round;
    mill_tuning_ops_find("locked")->step(context, &device, &written, NULL, NULL);
}

static void locked_steps_are_all_taken(void **state)
{
    (void)state;
    enum { ROUNDS = 5000 };
    struct mill_tuning *tuning = create("locked");
    mill_in_step(step_locked, tuning, ROUNDS);
    assert_int_equal(mill_tuning_tuner(tuning)->steps, 2 * ROUNDS);
    assert_true(mill_tuning_tuner(tuning)->limits.viscous == 2 * ROUNDS * a_step);
    mill_tuning_ops_find("locked")->destroy(tuning);
}

static void each_passes_on_what_the_device_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_tuning_family.count; i++) {
        const struct mill_tuning_ops *ops = mill_tuning_ops_of(mill_tuning_family.strategies[i]);
        struct mill_tuning *tuning = create(ops->about.name);
        struct mill_tuner_step step;
        int refused = -EREMOTEIO;
        int written = 0;
        assert_int_equal(ops->step(tuning, &device, &refused, NULL, NULL), -EREMOTEIO);
        assert_int_equal(ops->step(tuning, &device, &written, &step, NULL), 0);
        assert_int_equal(step.outcome, MILL_TUNER_CHANGED);
        assert_int_equal(mill_tuning_tuner(tuning)->failures, 1);
        ops->destroy(tuning);
        assert_int_equal(ops->create(&(struct mill_tuner_plan){.target_nm = NAN}, &tuning), -EINVAL);
    }
    assert_null(mill_tuning_ops_find("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locked_steps_are_all_taken),
        cmocka_unit_test(each_passes_on_what_the_device_says),
    };
    return cmocka_run_group_tests_name("device/tuning", tests, NULL, NULL);
}

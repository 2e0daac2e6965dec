#include "harness/calibrate.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "harness/observation.h"

enum { no_such_processor = 100000 };

/* Threads of this process run on its first processor alone. */
static int first_processor_alone(void)
{
    struct mill_cpus *cpus;
    assert_int_equal(mill_cpus_open(&cpus, NULL), 0);
    int first = mill_cpus_number(cpus, 0);
    mill_cpus_close(cpus);
    assert_int_equal(mill_cpu_pin_self(first), 0);
    return first;
}

/* Two threads on one processor: each trip takes two switches, and a kernel that lets others on it as well
 * makes no hundred trips in a tenth of a second, or at least not every time. */
static void threads_that_never_run_at_once_come_to_an_end(void **state)
{
    (void)state;
    struct mill_clock clock;
    cpu_set_t before;
    double round_trip_ns = 0;
    int status = 0;
    mill_clock_open(&clock);
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    int first = first_processor_alone();
    for (int attempt = 0; attempt < 20 && status == 0; attempt++) {
        status = mill_calibrate(&clock, first, no_such_processor, MILL_NS_PER_MS, &round_trip_ns);
    }
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(status, -ETIMEDOUT);
    assert_true(round_trip_ns > 0);
}

static void one_processor_has_nobody_to_play_with(void **state)
{
    (void)state;
    struct mill_clock clock;
    double round_trip_ns = -1;
    mill_clock_open(&clock);
    assert_int_equal(mill_calibrate(&clock, 3, 3, MILL_NS_PER_MS, &round_trip_ns), 0);
    assert_true(round_trip_ns == 0);
    assert_int_equal(mill_calibrate(&clock, -1, 0, MILL_NS_PER_MS, &round_trip_ns), 0);
    assert_int_equal(mill_mode_of(round_trip_ns), MILL_MODE_SINGLE);
}

/* Of a sample that is all right otherwise. */
static void a_late_calibration_rejects_its_sample(void **state)
{
    (void)state;
    static const struct mill_role roles[] = {{.name = "role", .summary = "plays"}};
    static const struct mill_scenario scenario = {.name = "rally", .roles = roles, .role_count = 1};
    const struct mill_sample_spec spec = {
        .scenario = &scenario, .threads = 1, .calibration_ns = 1, .slice_ns = MILL_NS_PER_MS};
    struct mill_hand hand = {0};
    const struct mill_crew crew = {.spec = &spec, .hands = &hand};
    for (int late = 0; late < 2; late++) {
        struct mill_observation seen;
        json_t *sample = NULL;
        assert_int_equal(mill_observation_create(&seen, &spec), 0);
        seen.calibration_before_ns = seen.calibration_after_ns = 100;
        seen.after.at_ns = seen.after.cpu_at_ns = seen.after.threads[0].cpu_ns = MILL_NS_PER_MS;
        seen.calibration_late = late;
        assert_int_equal(mill_observation_encode(&seen, &spec, &crew, &sample), 0);
        assert_string_equal(json_string_value(json_object_get(sample, "status")), late ? "rejected" : "ok");
        const char *reason = json_string_value(json_object_get(sample, "reason"));
        assert_true(late ? reason && strstr(reason, "did not run at once") : !reason);
        json_decref(sample);
        mill_observation_destroy(&seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_never_run_at_once_come_to_an_end),
        cmocka_unit_test(one_processor_has_nobody_to_play_with),
        cmocka_unit_test(a_late_calibration_rejects_its_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

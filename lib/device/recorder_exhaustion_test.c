#include "core/test_exhaustion.h"

#include <stdio.h>

#include "device/recorder.h"

static int record_once(void *context)
{
    struct mill_recorder *recorder = NULL;
    struct mill_error error;
    const struct mill_stream_sample sample = {.number = 1};
    int status = mill_recorder_create(&(struct mill_recorder_plan){.capacity = 3}, &recorder);
    if (status == 0) {
        mill_recorder_start(recorder);
        mill_recorder_take(recorder, &sample);
        status = mill_recorder_write(recorder, MILL_RECORDER_CSV, context, NULL, &error);
    }
    mill_recorder_destroy(recorder);
    return status;
}

static void it_survives(void **state)
{
    (void)state;
    FILE *nowhere = fopen("/dev/null", "w");
    assert_non_null(nowhere);
    assert_true(mill_exhaust(record_once, nowhere) >= 4);
    fclose(nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_survives),
    };
    return cmocka_run_group_tests_name("device/recorder_exhaustion", tests, NULL, NULL);
}

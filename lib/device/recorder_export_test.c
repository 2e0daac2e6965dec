#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "core/file.h"
#include "device/test_recorder.h"

static char *written(struct mill_recorder *recorder, enum mill_recorder_format format,
                     struct mill_recorder_saved *saved)
{
    char *text = NULL;
    size_t size;
    struct mill_error error;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    assert_int_equal(mill_recorder_write(recorder, format, stream, saved, &error), 0);
    fclose(stream);
    return text;
}

static unsigned count_of(const char *text, char wanted)
{
    unsigned count = 0;
    for (; *text; text++) {
        count += *text == wanted;
    }
    return count;
}

static void csv_has_a_name_for_each_cell(void **state)
{
    (void)state;
    struct mill_recorder *recorder = create(1000, MILL_RECORDER_DROP_OLDEST);
    struct mill_recorder_saved saved;
    mill_recorder_start(recorder);
    char *text = written(recorder, MILL_RECORDER_CSV, NULL);
    assert_int_equal(count_of(text, '\n'), 1); /* the names alone */
    unsigned commas = count_of(text, ',');
    free(text);
    take(recorder, 1, 600); /* more than a page */
    text = written(recorder, MILL_RECORDER_CSV, &saved);
    assert_int_equal(saved.samples, 600);
    assert_int_equal(saved.missed, 0);
    assert_int_equal(count_of(text, '\n'), 601);
    assert_int_equal(count_of(text, ','), 601 * commas);
    assert_memory_equal(text, "number,arrived_ns,", 18);
    const char *row = strchr(text, '\n') + 1;
    assert_memory_equal(row, "1,2,3,first,0,4,0,", 18);
    const char *last = strrchr(text, 'f'); /* of the last "false" */
    assert_string_equal(last, "false\n");
    free(text);
    mill_recorder_destroy(recorder);
}

static void numbers_come_back_as_they_were(void **state)
{
    (void)state;
    struct mill_recorder *recorder = create(10, MILL_RECORDER_DROP_OLDEST);
    struct mill_stream_sample sample = sample_of(1);
    sample.line.torque_nm = 0.1;
    sample.line.omega_rad_s = 1.0 / 3.0;
    sample.line.position_deg = NAN;
    sample.line.filt_torque_nm = -INFINITY;
    sample.line.seq = UINT64_MAX;
    sample.line.err = INT64_MIN;
    sample.line.status = MILL_SAMPLE_NO_DATA;
    sample.line.data_valid = true;
    mill_recorder_start(recorder);
    mill_recorder_take(recorder, &sample);
    char *text = written(recorder, MILL_RECORDER_CSV, NULL);
    assert_non_null(strstr(text, ",18446744073709551615,"));
    assert_non_null(strstr(text, ",0.1,-inf,NO_DATA,"));
    assert_non_null(strstr(text, "nan,"));
    free(text);

    text = written(recorder, MILL_RECORDER_JSONL, NULL);
    json_t *root = json_loads(text, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(root);
    assert_true(json_real_value(json_object_get(root, "omega_rad_s")) == 1.0 / 3.0);
    assert_true(json_real_value(json_object_get(root, "torque_nm")) == 0.1);
    assert_true(json_is_null(json_object_get(root, "position_deg")));
    assert_true(json_is_null(json_object_get(root, "filt_torque_nm")));
    assert_string_equal(json_string_value(json_object_get(root, "status")), "NO_DATA");
    assert_string_equal(json_string_value(json_object_get(root, "step")), "first");
    assert_true(json_is_true(json_object_get(root, "data_valid")));
    assert_int_equal(json_object_size(root), 20);
    json_decref(root);
    free(text);
    mill_recorder_destroy(recorder);
}

static void json_has_an_object_a_line(void **state)
{
    (void)state;
    struct mill_recorder *recorder = create(300, MILL_RECORDER_DROP_OLDEST);
    mill_recorder_start(recorder);
    take(recorder, 1, 1000);
    char *text = written(recorder, MILL_RECORDER_JSONL, NULL);
    uint64_t number = 701;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), number++) {
        json_t *root = json_loads(line, 0, NULL);
        assert_non_null(root);
        assert_int_equal(json_integer_value(json_object_get(root, "number")), number);
        json_decref(root);
    }
    assert_int_equal(number, 1001);
    free(text);
    mill_recorder_destroy(recorder);
}

/* What becomes of an export under which the recording changes: the stream writes into it. */
struct meddler {
    struct mill_recorder *recorder;
    bool restarts;
    unsigned writes;
    uint64_t bytes;
};

static ssize_t meddle(void *cookie, const char *text, size_t size)
{
    struct meddler *meddler = cookie;
    (void)text;
    meddler->bytes += size;
    if (meddler->writes++ == 0) {
        if (meddler->restarts) {
            mill_recorder_stop(meddler->recorder);
            mill_recorder_start(meddler->recorder);
        } else {
            take(meddler->recorder, 2001, 1500);
        }
    }
    return (ssize_t)size;
}

static int write_meddled(struct meddler *meddler, struct mill_recorder_saved *saved, struct mill_error *error)
{
    const cookie_io_functions_t functions = {.write = meddle};
    FILE *stream = fopencookie(meddler, "w", functions);
    assert_non_null(stream);
    setvbuf(stream, NULL, _IOFBF, 4096);
    int status = mill_recorder_write(meddler->recorder, MILL_RECORDER_CSV, stream, saved, error);
    fclose(stream);
    return status;
}

static void an_export_tells_what_was_dropped_before_it_came_there(void **state)
{
    (void)state;
    struct meddler meddler = {.recorder = create(2000, MILL_RECORDER_DROP_OLDEST)};
    struct mill_recorder_saved saved;
    struct mill_error error;
    mill_recorder_start(meddler.recorder);
    take(meddler.recorder, 1, 2000);
    assert_int_equal(write_meddled(&meddler, &saved, &error), 0);
    assert_int_equal(saved.samples + saved.missed, 2000);
    assert_true(saved.missed > 0 && saved.samples >= 500);
    mill_recorder_destroy(meddler.recorder);
}

static void an_export_does_not_mix_two_recordings(void **state)
{
    (void)state;
    struct meddler meddler = {.recorder = create(2000, MILL_RECORDER_DROP_OLDEST), .restarts = true};
    struct mill_recorder_saved saved;
    struct mill_error error;
    mill_recorder_start(meddler.recorder);
    take(meddler.recorder, 1, 2000);
    assert_int_equal(write_meddled(&meddler, &saved, &error), -ESTALE);
    assert_non_null(strstr(error.message, "another one"));
    mill_recorder_destroy(meddler.recorder);
}

static void a_file_is_replaced_whole_or_not_at_all(void **state)
{
    (void)state;
    struct mill_recorder *recorder = create(100, MILL_RECORDER_DROP_OLDEST);
    struct mill_recorder_saved saved;
    struct mill_error error;
    char path[] = "/tmp/mill_recorder_XXXXXX";
    char *text;
    size_t length;
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    mill_recorder_start(recorder);
    take(recorder, 1, 50);
    assert_int_equal(mill_recorder_save(recorder, MILL_RECORDER_JSONL, path, &saved, &error), 0);
    assert_int_equal(saved.samples, 50);
    assert_int_equal(mill_read_file(path, 1 << 20, &text, &length, &error), 0);
    assert_int_equal(count_of(text, '\n'), 50);
    free(text);
    unlink(path);
    assert_int_equal(
        mill_recorder_save(recorder, MILL_RECORDER_CSV, "/tmp/no/such/folder/x.csv", NULL, &error), -ENOENT);
    assert_non_null(strstr(error.message, "/tmp/no/such/folder"));
    mill_recorder_destroy(recorder);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct mill_recorder *recorder = create(100, MILL_RECORDER_DROP_OLDEST);
    struct mill_error error;
    FILE *full = fopen("/dev/full", "w");
    if (!full) {
        skip();
    }
    mill_recorder_start(recorder);
    take(recorder, 1, 50);
    assert_int_equal(mill_recorder_write(recorder, MILL_RECORDER_CSV, full, NULL, &error), -ENOSPC);
    fclose(full);
    mill_recorder_destroy(recorder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_has_a_name_for_each_cell),
        cmocka_unit_test(numbers_come_back_as_they_were),
        cmocka_unit_test(json_has_an_object_a_line),
        cmocka_unit_test(an_export_tells_what_was_dropped_before_it_came_there),
        cmocka_unit_test(an_export_does_not_mix_two_recordings),
        cmocka_unit_test(a_file_is_replaced_whole_or_not_at_all),
        cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests_name("device/recorder_export", tests, NULL, NULL);
}

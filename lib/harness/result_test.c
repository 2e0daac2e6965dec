#include "harness/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/machine.h"
#include "harness/run.h"
#include "harness/summary.h"
#include "harness/test_scenarios.h"

static char path[] = "/tmp/threadmill-result-XXXXXX";

static void store(const char *text, size_t length)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static json_t *machine_of(const struct mill_clock *clock)
{
    struct mill_cpus *cpus;
    assert_int_equal(mill_cpus_open(&cpus, NULL), 0);
    json_t *machine = mill_machine_describe(cpus, clock);
    mill_cpus_close(cpus);
    return machine;
}

static json_t *small_result(void)
{
    struct mill_plan plan;
    const struct mill_request request = {.strategies = "fine,caught", .threads = "1"};
    assert_int_equal(mill_plan_make(&plan, &request, &test_list, 2, NULL), 0);
    const struct mill_run_settings settings = {.rounds = 1, .attempts = 1, .window_ns = 1000};
    struct mill_clock clock;
    mill_clock_open(&clock);
    json_t *encoded = mill_run_settings_encode(&settings);
    json_object_set_new(encoded, "rounds_done", json_integer(1));
    json_t *result = mill_result_create(&plan, "test", 1, machine_of(&clock), mill_build_describe(), encoded);
    json_t *sample = json_pack("{s:s, s:s}", "status", "crashed", "reason", "for a test");
    assert_int_equal(mill_result_add(result, sample, 1, 1, 1, MILL_THROUGHPUT, 5), 0);
    mill_plan_destroy(&plan);
    struct mill_summary summary;
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    json_object_set_new(result, "summary", mill_summary_encode(&summary));
    mill_summary_destroy(&summary);
    return result;
}

static int load(struct mill_error *error)
{
    json_t *result = NULL;
    int status = mill_result_load(path, &result, error);
    json_decref(result);
    return status;
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    json_t *result = small_result();
    json_t *read;
    struct mill_error error;
    char *text = mill_result_text(result);
    store(text, strlen(text));
    assert_int_equal(mill_result_load(path, &read, &error), 0);
    char *again = mill_result_text(read); /* numbers have nine digits in a document, and more before */
    assert_string_equal(again, text);
    free(again);
    json_decref(read);
    json_decref(result);
    free(text);
}

/* Wherever it was cut, a document is refused, and the message names the file. */
static void a_truncated_document_is_refused(void **state)
{
    (void)state;
    json_t *result = small_result();
    char *text = mill_result_text(result);
    for (size_t length = 0; length < strlen(text); length += 7) {
        struct mill_error error = {""};
        store(text, length);
        assert_int_equal(load(&error), -EBADMSG);
        assert_non_null(strstr(error.message, path));
    }
    json_decref(result);
    free(text);
}

/* Each member that views rely on: taken away, or of another type, the document is refused. */
static void a_damaged_document_is_refused(void **state)
{
    (void)state;
    static const char *const members[] = {"created",  "cells",  "samples", "machine",
                                          "settings", "format", "version"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        for (int removed = 0; removed < 2; removed++) {
            struct mill_error error = {""};
            json_t *result = small_result();
            if (removed) {
                json_object_del(result, members[i]);
            } else {
                json_object_set_new(result, members[i], json_real(0.5));
            }
            char *text = mill_result_text(result);
            store(text, strlen(text));
            assert_int_equal(load(&error), -EBADMSG);
            free(text);
            json_decref(result);
        }
    }
}

static void a_sample_of_no_cell_is_refused(void **state)
{
    (void)state;
    struct mill_error error = {""};
    json_t *result = small_result();
    json_object_set_new(json_array_get(json_object_get(result, "samples"), 0), "cell", json_integer(2));
    char *text = mill_result_text(result);
    store(text, strlen(text));
    assert_int_equal(load(&error), -EBADMSG);
    assert_non_null(strstr(error.message, "cell 2 of 2"));
    free(text);
    json_decref(result);
}

static void foreign_files_are_named_for_what_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *text, *in_message;
    } foreign[] = {
        {"", "not JSON"},
        {"hello", "not JSON"},
        {"[1, 2]", "no threadmill result"},
        {"{\"benchmarks\": []}", "no threadmill result"},
        {"{\"format\": \"threadmill-result\", \"version\": 99}", "version 99"},
    };
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        struct mill_error error = {""};
        store(foreign[i].text, strlen(foreign[i].text));
        assert_int_equal(load(&error), -EBADMSG);
        assert_non_null(strstr(error.message, foreign[i].in_message));
    }
    struct mill_error error = {""};
    json_t *result;
    assert_int_equal(mill_result_load("/nowhere/at/all.json", &result, &error), -ENOENT);
    assert_non_null(strstr(error.message, "/nowhere/at/all.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(a_truncated_document_is_refused),
        cmocka_unit_test(a_damaged_document_is_refused),
        cmocka_unit_test(a_sample_of_no_cell_is_refused),
        cmocka_unit_test(foreign_files_are_named_for_what_they_are),
    };
    int descriptor = mkstemp(path);
    if (descriptor < 0) {
        return 1;
    }
    close(descriptor);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}

/* Histograms, their texts and their log when memory is out: an error, and nothing half written. */
#include "core/test_exhaustion.h"

#include <string.h>

#include "measure/histogram_log.h"

/* There and back again. */
static int encode(void *context)
{
    struct mill_histogram *from = NULL, *to = NULL;
    struct mill_error error;
    char *text = NULL;
    (void)context;
    int status = mill_histogram_create(&from);
    status = status < 0 ? status : mill_histogram_create(&to);
    if (status == 0) {
        mill_histogram_record(from, 1000);
        mill_histogram_record(from, 5000000);
        status = mill_histogram_encode(from, &text);
    }
    if (status == 0) {
        status = mill_histogram_decode(to, text, &error);
        assert_true(status < 0 || (to->count == 2 && to->slots[mill_histogram_slot(1000)] == 1));
    }
    free(text);
    mill_histogram_destroy(from);
    mill_histogram_destroy(to);
    return status;
}

static int log_line(void *context)
{
    struct mill_histogram *histogram;
    struct mill_text log = {0};
    (void)context;
    int status = mill_histogram_create(&histogram);
    if (status < 0) {
        return status;
    }
    mill_histogram_record(histogram, 1000);
    mill_histogram_log_header(&log, "test", 0);
    status = mill_histogram_log_line(&log, "a, b", 0, 1, histogram);
    if (status == 0 && !log.failed) {
        assert_non_null(strstr(log.text, "#[Logged by test"));
        assert_non_null(strstr(log.text, "Tag=a"));
        assert_int_equal(log.text[log.length - 1], '\n');
    }
    status = status < 0 || !log.failed ? status : -ENOMEM;
    mill_text_free(&log);
    mill_histogram_destroy(histogram);
    return status;
}

static void while_a_histogram_becomes_text(void **state)
{
    (void)state;
    assert_true(mill_exhaust(encode, NULL) >= 6);
}

static void while_a_log_is_written(void **state)
{
    (void)state;
    assert_true(mill_exhaust(log_line, NULL) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_a_histogram_becomes_text),
        cmocka_unit_test(while_a_log_is_written),
    };
    return cmocka_run_group_tests_name("histogram_exhaustion", tests, NULL, NULL);
}

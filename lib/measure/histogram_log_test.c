#include "measure/histogram_log.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct mill_histogram *histogram_make(void)
{
    struct mill_histogram *histogram = NULL;
    assert_int_equal(mill_histogram_create(&histogram), 0);
    return histogram;
}

static void the_header_is_that_of_format_1_3(void **state)
{
    (void)state;
    struct mill_text log = {0};
    mill_histogram_log_header(&log, "threadmill run", 1438867590285);
    assert_false(log.failed);
    assert_string_equal(
        log.text,
        "#[Logged by threadmill run]\n"
        "#[Histogram log format version 1.3]\n"
        "#[StartTime: 1438867590.285 (seconds since epoch), 2015-08-06T13:26:30Z]\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n");
    mill_text_free(&log);
}

static void a_program_name_cannot_break_the_header(void **state)
{
    (void)state;
    struct mill_text log = {0};
    mill_histogram_log_header(&log, "two\nlines\r\x7f", 0);
    assert_non_null(strstr(log.text, "#[Logged by two_lines__]\n"));
    mill_text_free(&log);
}

static void a_line_has_tag_times_maximum_and_histogram(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    mill_histogram_record(histogram, 12345678);
    char *encoded = NULL;
    assert_int_equal(mill_histogram_encode(histogram, &encoded), 0);
    struct mill_text log = {0};
    assert_int_equal(mill_histogram_log_line(&log, "ticket", 0.0, 1.0004, histogram), 0);
    assert_int_equal(mill_histogram_log_line(&log, NULL, 12.3456, 0.1, histogram), 0);
    assert_int_equal(mill_histogram_log_line(&log, "", 1e12, 0, histogram), 0);
    struct mill_text expected = {0};
    mill_text_add(&expected, "Tag=ticket,0.000,1.000,12.346,%s\n", encoded);
    mill_text_add(&expected, "12.346,0.100,12.346,%s\n", encoded);
    mill_text_add(&expected, "1000000000000.000,0.000,12.346,%s\n", encoded);
    assert_string_equal(log.text, expected.text);
    mill_text_free(&expected);
    mill_text_free(&log);
    free(encoded);
    mill_histogram_destroy(histogram);
}

static void the_maximum_is_the_exact_one_even_beyond_one_hour(void **state)
{
    (void)state;
    static const struct {
        uint64_t maximum;
        const char *field;
    } expected[] = {
        {0, ",0.000,H"},
        {499, ",0.000,H"},
        {500, ",0.001,H"},
        {999999, ",1.000,H"},
        {7200000000001, ",7200000.000,H"},
        {UINT64_MAX, ",18446744073709.552,H"},
    };
    struct mill_histogram *histogram = histogram_make();
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct mill_text log = {0};
        mill_histogram_reset(histogram);
        mill_histogram_record(histogram, expected[i].maximum);
        assert_int_equal(mill_histogram_log_line(&log, NULL, 0, 0, histogram), 0);
        assert_non_null(strstr(log.text, expected[i].field));
        mill_text_free(&log);
    }
    mill_histogram_destroy(histogram);
}

static void a_tag_cannot_break_the_line(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    struct mill_text log = {0};
    assert_int_equal(mill_histogram_log_line(&log, "a,b c\nd\te\x7f-ü", 0, 0, histogram), 0);
    const char expected[] = "Tag=a_b_c_d_e_-ü,0.000,";
    assert_memory_equal(log.text, expected, strlen(expected));
    mill_text_free(&log);
    mill_histogram_destroy(histogram);
}

static void bad_times_are_refused_and_nothing_is_written(void **state)
{
    (void)state;
    static const double bad[] = {-0.001, NAN, INFINITY, 1.1e12};
    struct mill_histogram *histogram = histogram_make();
    struct mill_text log = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mill_histogram_log_line(&log, "t", bad[i], 1, histogram), -EINVAL);
        assert_int_equal(mill_histogram_log_line(&log, "t", 1, bad[i], histogram), -EINVAL);
    }
    assert_int_equal(log.length, 0);
    mill_text_free(&log);
    mill_histogram_destroy(histogram);
}

static void a_histogram_that_cannot_be_encoded_is_refused(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    struct mill_text log = {0};
    mill_histogram_record(histogram, 1);
    histogram->slots[1] = UINT64_MAX;
    assert_int_equal(mill_histogram_log_line(&log, "t", 0, 1, histogram), -ERANGE);
    assert_int_equal(log.length, 0);
    mill_text_free(&log);
    mill_histogram_destroy(histogram);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_that_of_format_1_3),
        cmocka_unit_test(a_program_name_cannot_break_the_header),
        cmocka_unit_test(a_line_has_tag_times_maximum_and_histogram),
        cmocka_unit_test(the_maximum_is_the_exact_one_even_beyond_one_hour),
        cmocka_unit_test(a_tag_cannot_break_the_line),
        cmocka_unit_test(bad_times_are_refused_and_nothing_is_written),
        cmocka_unit_test(a_histogram_that_cannot_be_encoded_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

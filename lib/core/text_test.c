#include "core/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void integers_are_read_whole_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        int64_t value;
    } cases[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"7", 0, 7},
        {"-7", 0, -7},
        {"007", 0, 7},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", -ERANGE, 0},
        {"-9223372036854775809", -ERANGE, 0},
        {"18446744073709551616", -ERANGE, 0},
        {"99999999999999999999999999999999", -ERANGE, 0},
        {"99999999999999999999999999999999x", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"-", -EINVAL, 0},
        {"--1", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"1.0", -EINVAL, 0},
        {"0x10", -EINVAL, 0},
        {"1e3", -EINVAL, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t value = 0;
        int status = mill_parse_integer(cases[i].text, &value);
        if (status != cases[i].status || value != cases[i].value) {
            fail_msg("'%s' gave %d and %" PRId64, cases[i].text, status, value);
        }
    }
}

static void durations_are_exact_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        uint64_t ns;
    } cases[] = {
        {"0", 0, 0},
        {"0s", 0, 0},
        {"100ns", 0, 100},
        {"1.5us", 0, 1500},
        {"1.5ms", 0, 1500000},
        {"0.1s", 0, 100000000},
        {"0.100000000000000000000000s", 0, 100000000},
        {"0.000000001s", 0, 1},
        {"1.0ns", 0, 1},
        {"2m", 0, 120000000000ull},
        {"0.0000000000025h", 0, 9},
        {"1.5h", 0, 5400000000000ull},
        {"18446744073709551615ns", 0, UINT64_MAX},
        {"18446744073.709551615s", 0, UINT64_MAX},
        {"18446744073709551616ns", -ERANGE, 0},
        {"18446744073.709551616s", -ERANGE, 0},
        {"99999999999999999999999ns", -ERANGE, 0},
        {"99999999999999999999999h", -ERANGE, 0},
        {"0.5ns", -EINVAL, 0},
        {"0.0000000001s", -EINVAL, 0},
        {"0.000000000000000000000000001h", -EINVAL, 0},
        {"0.000000000000000000000000000000000000000000000000000000000000000001s", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"00", -EINVAL, 0},
        {"100", -EINVAL, 0},
        {"ns", -EINVAL, 0},
        {".5s", -EINVAL, 0},
        {"5.s", -EINVAL, 0},
        {"1.2.3s", -EINVAL, 0},
        {"-1s", -EINVAL, 0},
        {" 1s", -EINVAL, 0},
        {"1s ", -EINVAL, 0},
        {"1 s", -EINVAL, 0},
        {"1S", -EINVAL, 0},
        {"1sec", -EINVAL, 0},
        {"1e3s", -EINVAL, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t ns = 0;
        int status = mill_parse_duration(cases[i].text, &ns);
        if (status != cases[i].status || ns != cases[i].ns) {
            fail_msg("'%s' gave %d and %" PRIu64, cases[i].text, status, ns);
        }
    }
}

static void durations_have_three_digits_and_a_unit(void **state)
{
    (void)state;
    static const struct {
        double ns;
        const char *text;
    } cases[] = {
        {0, "0 ns"},           {-0.0, "0 ns"},        {0.1234, "0.123 ns"}, {0.01234, "0.0123 ns"},
        {5, "5.00 ns"},        {9.994, "9.99 ns"},    {9.996, "10.0 ns"},   {99.96, "100 ns"},
        {999.4, "999 ns"},     {999.6, "1.00 us"},    {12345, "12.3 us"},   {-12345, "-12.3 us"},
        {999600000, "1.00 s"}, {1.5e6, "1.50 ms"},    {59.94e9, "59.9 s"},  {59.97e9, "1.00 m"},
        {90e9, "1.50 m"},      {3599.99e9, "1.00 h"}, {7200e9, "2.00 h"},   {1234.5 * 3600e9, "1234 h"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char buffer[32];
        assert_ptr_equal(mill_format_duration(buffer, sizeof buffer, cases[i].ns), buffer);
        assert_string_equal(buffer, cases[i].text);
    }
}

static void counts_have_three_digits_and_a_power(void **state)
{
    (void)state;
    static const struct {
        double count;
        const char *text;
    } cases[] = {
        {0, "0"},
        {7, "7"},
        {-7, "-7"},
        {999, "999"},
        {0.25, "0.250"},
        {7.5, "7.50"},
        {999.7, "1.00 k"},
        {1000, "1.00 k"},
        {1234, "1.23 k"},
        {12345678, "12.3 M"},
        {9.999e9, "10.0 G"},
        {1.5e12, "1.50 T"},
        {1e15, "1.00 P"},
        {2e18, "2.00 E"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char buffer[32];
        assert_ptr_equal(mill_format_count(buffer, sizeof buffer, cases[i].count), buffer);
        assert_string_equal(buffer, cases[i].text);
    }
}

static void numbers_that_are_none_are_shown_as_such(void **state)
{
    (void)state;
    char buffer[32];
    assert_string_equal(mill_format_duration(buffer, sizeof buffer, (double)INFINITY), "inf ns");
    assert_string_equal(mill_format_count(buffer, sizeof buffer, (double)-INFINITY), "-inf");
    assert_non_null(strstr(mill_format_count(buffer, sizeof buffer, (double)NAN), "nan"));
    assert_string_equal(mill_format_count(buffer, sizeof buffer, 1e-300), "1.00e-300");
}

static void a_short_buffer_is_not_overrun(void **state)
{
    (void)state;
    char buffer[8];
    memset(buffer, '#', sizeof buffer);
    mill_format_duration(buffer, 4, 12345);
    assert_memory_equal(buffer, "12.\0####", sizeof buffer);
}

static const char *const names[] = {"mutex", "ticket", "mcs", "clh", "ttas", "tas", "ticket-yield", "rwlock"};

static void assert_nearest(const char *word, const char *expected)
{
    char buffer[64];
    assert_ptr_equal(mill_nearest(buffer, sizeof buffer, word, names, COUNT(names)), buffer);
    assert_string_equal(buffer, expected);
}

static void near_names_are_found(void **state)
{
    (void)state;
    assert_nearest("tsa", "'tas' or 'ttas'"); /* a swap of neighbours is one step */
    assert_nearest("mutxe", "'mutex'");
    assert_nearest("muteex", "'mutex'");     /* one too many */
    assert_nearest("mute", "'mutex'");       /* one too few */
    assert_nearest("MCS", "'mcs' or 'tas'"); /* case is ignored; the nearest is first */
    assert_nearest("ticket", "'ticket' or 'ticket-yield'");
    assert_nearest("yield", "'ticket-yield'"); /* as a part */
    assert_nearest("lock", "'rwlock'");
    assert_nearest("tts", "'ttas', 'tas' or 'mcs'");
}

static void far_names_are_not(void **state)
{
    (void)state;
    assert_nearest("", "");
    assert_nearest("semaphore", "");
    assert_nearest("mxxxx", "");
    char long_word[200];
    memset(long_word, 'x', sizeof long_word);
    long_word[sizeof long_word - 1] = '\0';
    assert_nearest(long_word, "");
}

static void names_that_do_not_fit_are_left_away_whole(void **state)
{
    (void)state;
    char buffer[32];
    memset(buffer, '#', sizeof buffer);
    assert_string_equal(mill_nearest(buffer, 16, "tts", names, COUNT(names)), "'ttas' or 'tas'");
    assert_int_equal(buffer[16], '#');
    assert_string_equal(mill_nearest(buffer, 15, "tts", names, COUNT(names)), "'ttas'");
    assert_string_equal(mill_nearest(buffer, 6, "tts", names, COUNT(names)), "");
    buffer[0] = '#';
    mill_nearest(buffer, 0, "tts", names, COUNT(names));
    assert_int_equal(buffer[0], '#');
}

static void a_list_gives_its_items(void **state)
{
    (void)state;
    const char *list = "a,bc,d";
    char item[4];
    assert_int_equal(mill_list_next(&list, item, sizeof item), 1);
    assert_string_equal(item, "a");
    assert_int_equal(mill_list_next(&list, item, sizeof item), 1);
    assert_string_equal(item, "bc");
    assert_int_equal(mill_list_next(&list, item, sizeof item), 1);
    assert_string_equal(item, "d");
    assert_int_equal(mill_list_next(&list, item, sizeof item), 0);
    assert_null(list);
    assert_int_equal(mill_list_next(&list, item, sizeof item), 0);
}

static void a_list_with_a_hole_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        int items; /* before the refusal */
    } cases[] = {{"", 0}, {",", 0}, {",a", 0}, {"a,", 1}, {"a,,b", 1}, {"a,b,", 2}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *list = cases[i].list;
        char item[8];
        int items = 0;
        int status;
        while ((status = mill_list_next(&list, item, sizeof item)) > 0) {
            items++;
        }
        assert_int_equal(status, -EINVAL);
        assert_int_equal(items, cases[i].items);
        assert_int_equal(mill_list_next(&list, item, sizeof item), -EINVAL);
    }
}

static void an_item_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    const char *list = "abc,abcd";
    char item[4];
    assert_int_equal(mill_list_next(&list, item, sizeof item), 1);
    assert_string_equal(item, "abc");
    assert_int_equal(mill_list_next(&list, item, sizeof item), -ENAMETOOLONG);
    assert_string_equal(list, "abcd");
}

static void a_text_grows(void **state)
{
    (void)state;
    struct mill_text text = {0};
    size_t expected = 0;
    for (int i = 0; i < 2000; i++) {
        mill_text_add(&text, "%d,", i);
        expected += i < 10 ? 2 : i < 100 ? 3 : i < 1000 ? 4 : 5;
    }
    assert_false(text.failed);
    assert_int_equal(text.length, expected);
    assert_int_equal(strlen(text.text), expected);
    assert_memory_equal(text.text, "0,1,2,3,", 8);
    assert_string_equal(text.text + text.length - 10, "1998,1999,");
    mill_text_free(&text);
    assert_null(text.text);
    assert_int_equal(text.length, 0);
    mill_text_free(&text);
}

static void a_text_that_cannot_grow_stays_and_says_so(void **state)
{
    (void)state;
    char kept[] = "kept";
    struct mill_text text = {.text = kept, .length = SIZE_MAX - 1, .capacity = sizeof kept};
    mill_text_add(&text, "%s", "more");
    assert_true(text.failed);
    assert_string_equal(text.text, "kept");
    text.length = 4;
    mill_text_add(&text, "%s", "");
    assert_true(text.failed);
    assert_int_equal(text.length, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_whole_or_refused),
        cmocka_unit_test(durations_are_exact_or_refused),
        cmocka_unit_test(durations_have_three_digits_and_a_unit),
        cmocka_unit_test(counts_have_three_digits_and_a_power),
        cmocka_unit_test(numbers_that_are_none_are_shown_as_such),
        cmocka_unit_test(a_short_buffer_is_not_overrun),
        cmocka_unit_test(near_names_are_found),
        cmocka_unit_test(far_names_are_not),
        cmocka_unit_test(names_that_do_not_fit_are_left_away_whole),
        cmocka_unit_test(a_list_gives_its_items),
        cmocka_unit_test(a_list_with_a_hole_is_refused),
        cmocka_unit_test(an_item_that_does_not_fit_is_refused),
        cmocka_unit_test(a_text_grows),
        cmocka_unit_test(a_text_that_cannot_grow_stays_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

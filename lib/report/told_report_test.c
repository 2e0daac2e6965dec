#include "report/told_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct mill_report_options plain = {.width = 100};

static void nothing_is_said_of_nothing(void **state)
{
    (void)state;
    struct mill_text out = {0};
    const struct mill_told told = {0};
    assert_int_equal(mill_told_report_outcomes(&out, "whose", &told, &plain), 0);
    mill_told_report_histories(&out, &told);
    assert_int_equal(out.length, 0);
    mill_text_free(&out);
}

static void a_row_is_an_outcome(void **state)
{
    (void)state;
    struct mill_text out = {0};
    struct mill_told told = {.outcomes = json_pack("[{s:s, s:s, s:s, s:i}, {s:s, s:s, s:s, s:i}]", "outcome",
                                                   "1, 0", "grade", "acceptable", "sentence", "one was first",
                                                   "count", 4711, "outcome", "0, 0", "grade", "forbidden",
                                                   "sentence", "it must not", "count", 0)};
    assert_int_equal(mill_told_report_outcomes(&out, "store-buffering, seq-cst", &told, &plain), 0);
    assert_string_equal(out.text, "store-buffering, seq-cst  times  grade       why\n"
                                  "  1, 0                     4711  acceptable  one was first\n"
                                  "  0, 0                        0  forbidden   it must not\n"
                                  "\n");
    mill_text_free(&out);
    mill_told_free(&told);
}

static void what_must_not_be_is_red(void **state)
{
    (void)state;
    const struct mill_report_options coloured = {.colour = true, .width = 100};
    static const struct {
        const char *grade;
        int count;
        bool red;
    } rows[] = {
        {"forbidden", 1, true}, {"unknown", 1, true}, {"forbidden", 0, false}, {"interesting", 1, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mill_text out = {0};
        struct mill_told told = {.outcomes =
                                     json_pack("[{s:s, s:s, s:s, s:i}]", "outcome", "so", "grade",
                                               rows[i].grade, "sentence", "why", "count", rows[i].count)};
        assert_int_equal(mill_told_report_outcomes(&out, "whose", &told, &coloured), 0);
        assert_int_equal(strstr(out.text, "31m") != NULL, rows[i].red);
        mill_text_free(&out);
        mill_told_free(&told);
    }
}

static void histories_are_one_line(void **state)
{
    (void)state;
    struct mill_text out = {0};
    const struct mill_told told = {.linearizable = 3, .wrong = 1, .undecided = 2, .calls = 600};
    mill_told_report_histories(&out, &told);
    assert_string_equal(out.text,
                        "histories: 3 linearizable, 1 not, 2 undecided (600 calls were checked against "
                        "their models)\n");
    mill_text_free(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_said_of_nothing),
        cmocka_unit_test(a_row_is_an_outcome),
        cmocka_unit_test(what_must_not_be_is_red),
        cmocka_unit_test(histories_are_one_line),
    };
    return cmocka_run_group_tests_name("report/told_report", tests, NULL, NULL);
}

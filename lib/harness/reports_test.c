/* Reports as the tools wrote them (test_reports.h), taken apart; and texts that are none, or cut off. */
#include "harness/reports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/test_reports.h"

static json_t *parse(enum mill_tool tool, const char *text, size_t count)
{
    json_t *reports = mill_reports_parse(tool, text);
    assert_non_null(reports);
    assert_int_equal(json_array_size(reports), count);
    return reports;
}

static void assert_line(const json_t *reports, size_t index, const char *expected)
{
    char line[512];
    assert_string_equal(mill_report_line(json_array_get(reports, index), line, sizeof line), expected);
}

static const json_t *stack_of(const json_t *reports, size_t report, size_t stack)
{
    const json_t *found = json_array_get(json_object_get(json_array_get(reports, report), "stacks"), stack);
    assert_non_null(found);
    return found;
}

static const char *what(const json_t *stack)
{
    return json_string_value(json_object_get(stack, "what"));
}

static bool same_key(const json_t *a, const json_t *b)
{
    struct mill_text first = {0}, second = {0};
    mill_report_key(a, &first);
    mill_report_key(b, &second);
    assert_false(first.failed || second.failed);
    bool same = strcmp(first.text, second.text) == 0;
    mill_text_free(&first);
    mill_text_free(&second);
    return same;
}

/* ---- each tool ---- */

static void thread_sanitizer_is_read(void **state)
{
    (void)state;
    json_t *race = parse(MILL_TSAN, text_race_tsan, 1);
    assert_line(race, 0, "ThreadSanitizer: data race: add (/src/race.c:5), add (/src/race.c:5)");
    assert_int_equal(mill_report_finding(json_array_get(race, 0)), MILL_RACE);
    assert_string_equal(what(stack_of(race, 0, 0)), "Write of size 4 by thread T2");
    assert_string_equal(what(stack_of(race, 0, 1)), "Previous write of size 4 by thread T1");
    assert_true(json_is_true(json_object_get(stack_of(race, 0, 2), "context")));
    json_t *frame = json_array_get(json_object_get(stack_of(race, 0, 2), "frames"), 0);
    assert_string_equal(json_string_value(json_object_get(frame, "function")), "pthread_create");
    assert_true(json_is_null(json_object_get(frame, "file")));
    json_decref(race);

    json_t *order = parse(MILL_TSAN, text_order_tsan, 1);
    assert_line(order, 0,
                "ThreadSanitizer: lock-order-inversion (potential deadlock): take (/src/order.c:3), "
                "take (/src/order.c:3)");
    assert_int_equal(mill_report_finding(json_array_get(order, 0)), MILL_DEADLOCK);
    assert_string_equal(what(stack_of(order, 0, 1)),
                        "Mutex M0 acquired here while holding mutex M1 in thread T1");
    json_decref(order);

    json_t *unlock = parse(MILL_NO_TOOL, text_unlock_tsan, 1);
    assert_line(unlock, 0,
                "ThreadSanitizer: unlock of an unlocked mutex (or by a wrong thread): f (/src/unlock.c:3)");
    json_decref(unlock);
}

static void address_sanitizer_is_read(void **state)
{
    (void)state;
    json_t *reports = parse(MILL_ASAN, text_uaf_asan, 1);
    assert_line(reports, 0, "AddressSanitizer: heap-use-after-free: main (/src/uaf.c:3)");
    assert_string_equal(what(stack_of(reports, 0, 1)), "freed by thread T0 here");
    assert_int_equal(json_array_size(json_object_get(stack_of(reports, 0, 0), "frames")),
                     1); /* no start of libc */
    json_t *frames = json_object_get(stack_of(reports, 0, 2), "frames");
    assert_string_equal(json_string_value(json_object_get(json_array_get(frames, 0), "function")), "malloc");
    assert_string_equal(json_string_value(json_object_get(json_array_get(frames, 1), "function")), "made");
    json_decref(reports);
}

static void leaks_are_reports_each(void **state)
{
    (void)state;
    json_t *reports = parse(MILL_ASAN, text_leak_asan, 4);
    assert_line(reports, 0, "LeakSanitizer: direct leak: lose (/src/leak.c:2)");
    /* two calls in one line: one thing to show */
    assert_true(same_key(json_array_get(reports, 0), json_array_get(reports, 1)));
    assert_int_equal(mill_report_finding(json_array_get(reports, 0)), MILL_NO_FINDING);
    json_decref(reports);
}

static void undefined_behaviour_is_read_with_its_stack_or_without(void **state)
{
    (void)state;
    json_t *reports = parse(MILL_ASAN, text_over_asan, 1);
    assert_line(reports, 0, "UndefinedBehaviorSanitizer: signed integer overflow: main (/src/over.c:1)");
    json_decref(reports);
    reports = parse(MILL_ASAN, "a.c:7:3: runtime error: division by zero\nand more\n", 1);
    assert_line(reports, 0, "UndefinedBehaviorSanitizer: division by zero:  (a.c:7)");
    json_decref(reports);
}

static void helgrind_is_read(void **state)
{
    (void)state;
    json_t *race = parse(MILL_HELGRIND, text_race_helgrind, 2);
    assert_line(race, 0, "Helgrind: data race: add (race.c:5), add (race.c:5)");
    assert_int_equal(mill_report_finding(json_array_get(race, 0)), MILL_RACE);
    assert_string_equal(what(stack_of(race, 0, 0)), "Possible data race during read of size 4 by thread #3");
    assert_string_equal(what(stack_of(race, 0, 1)),
                        "This conflicts with a previous write of size 4 by thread #2");
    json_decref(race);

    json_t *order = parse(MILL_HELGRIND, text_order_helgrind, 1);
    assert_line(order, 0,
                "Helgrind: lock order violated: other (order.c:3), other (order.c:3), main (order.c:3), "
                "main (order.c:3)");
    json_decref(order);
}

/* What it says of locks before its headline is no report. */
static void helgrind_may_tell_of_locks_first(void **state)
{
    (void)state;
    json_t *reports = parse(MILL_HELGRIND, text_held_helgrind, 1);
    assert_int_equal(mill_report_finding(json_array_get(reports, 0)), MILL_RACE);
    json_decref(reports);
}

static void drd_is_read(void **state)
{
    (void)state;
    json_t *race = parse(MILL_DRD, text_race_drd, 2);
    assert_line(race, 0, "DRD: data race: add (race.c:5)");
    assert_string_equal(what(stack_of(race, 1, 0)), "Conflicting store by thread 3 size 4");
    json_decref(race);
    json_t *unlock = parse(MILL_DRD, text_unlock_drd, 1);
    const char *kind = json_string_value(json_object_get(json_array_get(unlock, 0), "kind"));
    assert_string_equal(kind, "Mutex not locked by calling thread: mutex, recursion count 1, owner 1.");
    json_decref(unlock);
}

/* ---- frames ---- */

static void frames_of_all_forms_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *line, *place;
    } forms[] = {
        {"    #0 operator new(unsigned long) /a b/new.cc:3:9 (p+0x12)",
         "operator new(unsigned long) (/a b/new.cc:3)"},
        {"    #0 0x55 in std::list<a, b>::push(int) list.h:12", "std::list<a, b>::push(int) (list.h:12)"},
        {"    #0 0x55 in spawn (/lib/libx.so.1+0x12345)", "spawn"},
        {"    #0 free <null> (p+0x12) (BuildId: 17)", "free"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char text[256], expected[256];
        snprintf(text, sizeof text, "WARNING: ThreadSanitizer: data race (pid=1)\n  Read of size 1:\n%s\n",
                 forms[i].line);
        snprintf(expected, sizeof expected, "ThreadSanitizer: data race: %s", forms[i].place);
        json_t *reports = parse(MILL_TSAN, text, 1);
        assert_line(reports, 0, expected);
        json_decref(reports);
    }
}

/* ---- grouping ---- */

static void a_race_seen_from_both_sides_is_one(void **state)
{
    (void)state;
    static const char form[] =
        "WARNING: ThreadSanitizer: data race (pid=%d)\n  Write of size 4 at 0x%d by thread T1:\n"
        "    #0 %s /src/a.c:%d:1 (p+0x1)\n\n  Previous read of size 4 at 0x1 by thread T2:\n"
        "    #0 %s /src/a.c:%d:1 (p+0x2)\n\nSUMMARY: it\n";
    char text[4096];
    size_t length = (size_t)snprintf(text, sizeof text, form, 1, 1, "put", 1, "get", 2);
    length += (size_t)snprintf(text + length, sizeof text - length, form, 2, 7, "get", 2, "put", 1);
    snprintf(text + length, sizeof text - length, form, 3, 7, "get", 3, "put", 1);
    json_t *reports = parse(MILL_TSAN, text, 3);
    assert_true(same_key(json_array_get(reports, 0), json_array_get(reports, 1)));
    assert_false(same_key(json_array_get(reports, 0), json_array_get(reports, 2)));
    json_decref(reports);
}

/* ---- what is no report ---- */

static void other_text_is_passed_over(void **state)
{
    (void)state;
    static const char text[] =
        "hello\n#0 main /a.c:1\n==17== \n==x== ERROR\n--17-- WARNING\n=====\n\n%s%n\xff\n";
    for (enum mill_tool tool = MILL_NO_TOOL; tool < MILL_TOOL_COUNT; tool++) {
        json_decref(parse(tool, text, 0));
        json_decref(parse(tool, "", 0));
    }
}

/* Wherever the child's words end, what came before is read. */
static void a_report_cut_off_anywhere_is_read(void **state)
{
    (void)state;
    static const struct {
        enum mill_tool tool;
        const char *text;
    } texts[] = {
        {MILL_TSAN, text_order_tsan},         {MILL_ASAN, text_uaf_asan},  {MILL_ASAN, text_over_asan},
        {MILL_HELGRIND, text_order_helgrind}, {MILL_DRD, text_unlock_drd},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t whole = strlen(texts[i].text);
        for (size_t length = 0; length < whole; length++) {
            char text[8192], line[64];
            assert_true(whole < sizeof text);
            snprintf(text, sizeof text, "%.*s", (int)length, texts[i].text);
            json_t *reports = mill_reports_parse(texts[i].tool, text);
            assert_non_null(reports);
            assert_true(json_array_size(reports) <= 1);
            if (json_array_size(reports) == 1) {
                mill_report_line(json_array_get(reports, 0), line, sizeof line);
            }
            json_decref(reports);
        }
    }
}

static void a_tool_that_failed_is_no_finding(void **state)
{
    (void)state;
    char line[256];
    assert_true(mill_reports_tool_failed(
        "==9==FATAL: ThreadSanitizer: unexpected memory mapping 0x1-0x2\nmore\n", line, sizeof line));
    assert_string_equal(line, "FATAL: ThreadSanitizer: unexpected memory mapping 0x1-0x2");
    assert_false(mill_reports_tool_failed(text_race_tsan, line, sizeof line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thread_sanitizer_is_read),
        cmocka_unit_test(address_sanitizer_is_read),
        cmocka_unit_test(leaks_are_reports_each),
        cmocka_unit_test(undefined_behaviour_is_read_with_its_stack_or_without),
        cmocka_unit_test(helgrind_is_read),
        cmocka_unit_test(helgrind_may_tell_of_locks_first),
        cmocka_unit_test(drd_is_read),
        cmocka_unit_test(frames_of_all_forms_are_read),
        cmocka_unit_test(a_race_seen_from_both_sides_is_one),
        cmocka_unit_test(other_text_is_passed_over),
        cmocka_unit_test(a_report_cut_off_anywhere_is_read),
        cmocka_unit_test(a_tool_that_failed_is_no_finding),
    };
    return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}

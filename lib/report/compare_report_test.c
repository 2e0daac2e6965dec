/* The report of comparisons made by hand: what a reader sees, and what nobody's name can do to it. */
#include "report/compare_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *row(const char *strategy, const char *metric, const char *unit, const char *verdict)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:i, s:{s:s}, s:s, s:s, s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:b, s:n, s:s, s:n, "
        "s:n, s:n}",
        "scenario", "counter", "base_strategy", strategy, "head_strategy", strategy, "threads", 2,
        "parameters", "hold", "1us", "metric", metric, "unit", unit, "better", "higher", "mode", "near",
        "scope", "all", "n", 40, "base", 1e6, "head", 8e5, "margin", 0.1, "gates", 1, "why_not", "verdict",
        verdict, "detectable", "rounds_needed", "confirmation");
    assert_non_null(json);
    json_object_set_new(
        json, "ratio",
        json_pack("{s:f, s:f, s:f, s:f}", "median", 0.8, "low", 0.75, "high", 0.85, "confidence", 0.98));
    return json;
}

static json_t *document(json_t *rows, json_t *aa)
{
    json_t *json = json_pack("{s:b, s:i, s:{s:s, s:s}, s:{s:s, s:{s:s, s:s, s:s, s:s}}, s:{s:f, s:f, s:i, "
                             "s:i, s:i, s:b}, s:[{s:s, s:n, s:s}], "
                             "s:o, s:o}",
                             "paired", 1, "seed", 7, "base", "label", "old", "build", "0.1.0 (plain, Clang)",
                             "head", "label", "new", "build", "version", "0.2.0", "flavour", "plain",
                             "compiler", "Clang", "commit", "abc", "method", "margin", 0.1, "alpha", 0.025,
                             "gating_rows", 4, "rounds", 40, "rounds_done", 39, "confirmed", 1, "differences",
                             "what", "build.commit", "base", "head", "abc", "rows", rows, "aa", aa);
    assert_non_null(json);
    json_object_set_new(json, "findings", json_array());
    json_object_set_new(json, "not_measured", json_array());
    json_object_set_new(json, "notes", json_array());
    json_object_set_new(json, "trusted", json_true());
    json_object_set_new(json, "interrupted", json_false());
    json_object_set_new(json, "samples", json_pack("{s:i, s:i, s:i}", "taken", 240, "rejected", 3, "bad", 0));
    json_object_set_new(json, "counts",
                        json_pack("{s:i, s:i, s:i, s:i, s:i}", "regressed", 1, "improved", 0, "equivalent", 6,
                                  "inconclusive", 1, "untrusted", 0));
    return json;
}

/* The report; the caller frees it. */
static struct mill_text report(json_t *json)
{
    struct mill_text text = {0};
    const struct mill_report_options options = {.width = 0};
    assert_int_equal(mill_compare_report(&text, json, &options), 0);
    json_decref(json);
    return text;
}

static void holds(const struct mill_text *text, const char *part)
{
    if (!strstr(text->text, part)) {
        fail_msg("no '%s' in:\n%s", part, text->text);
    }
}

static void the_head_says_what_was_compared_and_how(void **state)
{
    (void)state;
    struct mill_text text = report(document(json_array(), json_array()));
    holds(&text, "base old: 0.1.0 (plain, Clang)");
    holds(&text, "head new: 0.2.0 (plain, Clang), commit abc");
    holds(&text, "39 of 40 rounds, both sides in each, seed 7; margin 10%");
    holds(&text, "differs: build.commit: none | abc");
    mill_text_free(&text);
}

static void the_last_line_counts_the_verdicts(void **state)
{
    (void)state;
    static const char last[] = "\n1 regressed, 0 improved, 6 equivalent, 1 inconclusive, 0 untrusted\n";
    struct mill_text text = report(document(json_array(), json_array()));
    assert_string_equal(text.text + text.length - strlen(last), last);
    mill_text_free(&text);
}

static void a_row_has_its_numbers_and_its_verdict(void **state)
{
    (void)state;
    json_t *regressed = row("mutex", "throughput", "op/s", "regressed");
    json_object_set_new(regressed, "confirmation",
                        json_pack("{s:b, s:{s:f}}", "confirmed", 1, "ratio", "median", 0.81));
    json_t *mode = row("atomic", "throughput", "op/s", "equivalent");
    json_object_set_new(mode, "scope", json_string("mode"));
    json_t *open = row("cas", "p99", "ns", "inconclusive");
    json_object_set_new(open, "detectable", json_real(1.32));
    json_object_set_new(open, "rounds_needed", json_integer(84));
    json_t *again = row("sharded", "throughput", "op/s", "inconclusive");
    json_object_set_new(again, "confirmation",
                        json_pack("{s:b, s:{s:f}}", "confirmed", 0, "ratio", "median", 0.99));
    json_t *once = row("once", "throughput", "op/s", "inconclusive");
    json_object_set_new(once, "measured_verdict", json_string("regressed"));
    json_t *wide = row("wide", "p50", "ns", "equivalent");
    json_object_set_new(wide, "margin", json_real(0.375));
    json_t *shown = row("shown", "throughput", "op/s", "regressed");
    json_object_set_new(shown, "gates", json_false());
    json_object_set_new(shown, "why_not", json_string("more threads than processors"));
    struct mill_text text =
        report(document(json_pack("[o, o, o, o, o, o, o]", regressed, mode, open, again, once, wide, shown),
                        json_pack("[o]", row("mutex", "throughput", "op/s", "alike"))));
    holds(&text, "counter/mutex hold=1us");
    holds(&text, "1.00 M/s");
    holds(&text, "0.750 to 0.850  regressed, and again: 0.810\n");
    holds(&text, "equivalent, in near only\n");
    holds(&text, "inconclusive: could tell 32% more; 84 rounds might do\n");
    holds(&text, "inconclusive: regressed, and not the second time (0.990)\n");
    holds(&text, "inconclusive: regressed, and not measured a second time\n");
    holds(&text, "equivalent (margin 38%)\n");
    holds(&text, "regressed (does not gate: more threads than processors)\n");
    holds(&text, "A/A: base against base, in the same rounds\n");
    holds(&text, "alike\n");
    mill_text_free(&text);
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    json_t *json = document(json_array(), json_array());
    json_object_set_new(json, "trusted", json_false());
    json_object_set_new(json, "interrupted", json_true());
    json_object_set_new(json, "paired", json_false());
    json_array_append_new(json_object_get(json, "findings"),
                          json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:i}", "side", "head", "scenario",
                                    "counter", "strategy", "mutex", "threads", 2, "status", "crashed",
                                    "reason", "SIGSEGV", "count", 3));
    for (int i = 0; i < 3; i++) {
        json_array_append_new(json_object_get(json, "not_measured"),
                              json_pack("{s:s, s:s, s:i, s:s}", "scenario", "counter", "strategy", "unsafe",
                                        "threads", i, "reason", "a control"));
    }
    struct mill_text text = report(json);
    holds(&text, "unpaired, and weaker");
    holds(&text, "UNTRUSTED: base differs from itself");
    holds(&text, "interrupted");
    holds(&text, "FINDING in head: counter/mutex, 2 threads: crashed (3 samples): SIGSEGV");
    holds(&text, "not compared: counter/unsafe, 0 threads (and 2 more): a control");
    mill_text_free(&text);
}

/* A stored result may have any name in it. */
static void foreign_names_do_not_move_the_cursor(void **state)
{
    (void)state;
    json_t *json =
        document(json_pack("[o]", row("\x1b[2Jgone", "throughput", "op/s", "regressed")), json_array());
    json_array_append_new(json_object_get(json, "notes"), json_string("\x1b[31mred"));
    struct mill_text text = report(json);
    assert_null(strchr(text.text, '\x1b'));
    mill_text_free(&text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_says_what_was_compared_and_how),
        cmocka_unit_test(the_last_line_counts_the_verdicts),
        cmocka_unit_test(a_row_has_its_numbers_and_its_verdict),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(foreign_names_do_not_move_the_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

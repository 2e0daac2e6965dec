/* The views of comparisons and hunts, whose documents are made by hand here; those of runs are checked
 * against the schemas of their readers by results/schema/views_test.py. */
#include "report/views.h"

#include <errno.h>

#include "report/test_document.h"
#include "report/test_view_documents.h"

static int show(struct mill_text *out, mill_view *view, const char *text, bool samples,
                struct mill_error *error)
{
    json_error_t where;
    json_t *document = json_loads(text, 0, &where);
    if (!document) {
        fail_msg("line %d: %s", where.line, where.text);
    }
    const struct mill_view_input input = {
        .path = "d.json",
        .document = document,
        .format = json_string_value(json_object_get(document, "format")),
    };
    int status = view(out, &input, &(struct mill_view_options){.samples = samples}, error);
    json_decref(document);
    return status;
}

static char *view_of(mill_view *view, const char *text)
{
    struct mill_text out = {0};
    struct mill_error error = {""};
    if (show(&out, view, text, false, &error) != 0) {
        fail_msg("%s", error.message);
    }
    return out.text;
}

static void a_regression_that_gates_is_a_failure(void **state)
{
    (void)state;
    char *text = view_of(mill_view_junit, comparison);
    expect(text, "<testsuite name=\"counter\"");
    expect(text, "tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"1\"");
    expect(text, "name=\"mutex, 2 threads, throughput, near\" time=\"0.000\">\n      <failure "
                 "message=\"regressed: head is "
                 "0.8 of base (0.7 to 0.85), 40 pairs, margin 0.1\" type=\"regressed\">");
    expect(text, "<skipped message=\"regressed: head is 1.8 of base, 3 pairs, margin 0.1; about 60 rounds "
                 "would decide; "
                 "it does not gate: more threads than cores\">");
    expect(text, "name=\"cas, 1 thread, p50, any\" time=\"0.000\"/>");
    expect(text, "<testsuite name=\"base against base: counter\"");
    expect(text, "<error message=\"off: ");
    expect(text, "<failure message=\"crashed: 2 samples of head: crashed: signal 11\"");
    expect(text, "<skipped message=\"hung: 1 sample of base: hung\">");
    expect(text, "<skipped message=\"not measured: it needs two\">");
    free(text);
}

static void a_comparison_is_told_in_markdown(void **state)
{
    (void)state;
    char *text = view_of(mill_view_markdown, comparison);
    assert_true(strncmp(text, "### threadmill compare: regressed\n", 34) == 0);
    expect(text, "1 as expected, 2 not, 1 failed, 3 without a verdict");
    expect(text, "base: main; head: a&#124;b\n");
    expect(text, "| counter | mutex | 2 | throughput | near | 0.8 (0.7 to 0.85) | 40 | regressed |");
    expect(text, "| counter | cas against mutex | 1 | p99 | far | 1.8 | 3 | regressed |");
    expect(text, "rows that do not gate");
    expect(text, "base against base");
    expect(text, "*note:* be kind");
    expect_not(text, "unpaired");
    free(text);
}

static void a_comparison_has_rows(void **state)
{
    (void)state;
    char *text = view_of(mill_view_csv, comparison);
    expect(text, "list,scenario,parameters,base_strategy,head_strategy,threads,");
    expect(text, "\r\nrows,counter,,mutex,mutex,2,false,throughput,op/"
                 "s,higher,near,40,1000.5,800,0.8,0.7,0.85,0.1,true,,"
                 "regressed,1.1,\r\n");
    expect(text, "\r\naa,counter,");
    free(text);
}

static void a_hunt_is_told_with_its_steps(void **state)
{
    (void)state;
    char *text = view_of(mill_view_markdown, hunt);
    expect(text, "### threadmill hunt: 2 findings, 1 failed\n");
    expect(text, "data race: two at once");
    expect(text, "  thread 2: read (src/x.c:3)  <- preempts\n  thread 1: write\n  (4 steps more,");
    expect(text, "threadmill replay tm1.x\n");
    free(text);
    text = view_of(mill_view_junit, hunt);
    expect(text, "classname=\"program\" name=\"./a,b &quot;c&quot;\" time=\"2.500\">\n      <failure "
                 "message=\"FOUND: data "
                 "race: two at once\" type=\"FOUND\">");
    expect(text, "<failure message=\"NOT CAUGHT: in no schedule\"");
    expect(text, "<error message=\"failed: no memory\"");
    free(text);
    text = view_of(mill_view_csv, hunt);
    expect(text, "\r\n,,,0,\"./a,b \"\"c\"\"\",false,FOUND,,9,90,1,2500000000,true\r\n");
    free(text);
}

/* The finding that was expected is counted; the other has its place within the tree, though a library's file
 * is the innermost, and a flow for each thread; the control that was not caught has its scenario's file. */
static void a_hunt_has_its_findings_by_file_and_line(void **state)
{
    (void)state;
    char *text = view_of(mill_view_sarif, hunt);
    json_t *log = json_loads(text, 0, NULL), *result = NULL, *missed = NULL, *run = NULL;
    const char *uri, *other, *fingerprint;
    int line;
    json_int_t expected;
    assert_non_null(log);
    assert_int_equal(json_unpack(log, "{s:[o]}", "runs", &run), 0);
    assert_int_equal(json_unpack(run, "{s:[o, o!], s:{s:I}}", "results", &result, &missed, "properties",
                                 "expectedFindings", &expected),
                     0);
    assert_int_equal(expected, 1);
    assert_int_equal(json_unpack(result, "{s:[{s:{s:{s:s}, s:{s:i}}}], s:{s:s}}", "locations",
                                 "physicalLocation", "artifactLocation", "uri", &uri, "region", "startLine",
                                 &line, "partialFingerprints", "threadmillFinding/v1", &fingerprint),
                     0);
    assert_string_equal(uri, "src/a%20b%3Ac.c");
    assert_int_equal(line, 12);
    assert_int_equal(strlen(fingerprint), 16);
    assert_string_equal(json_string_value(json_object_get(result, "ruleId")), "hunt/data-race");
    const json_t *flows =
        json_object_get(json_array_get(json_object_get(result, "codeFlows"), 0), "threadFlows");
    assert_int_equal(json_array_size(flows), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(flows, 0), "id")), "thread 2");
    assert_int_equal(json_unpack(missed, "{s:[{s:{s:{s:s}}}]}", "locations", "physicalLocation",
                                 "artifactLocation", "uri", &other),
                     0);
    assert_string_equal(other, "scenarios/singleton.c");
    json_decref(log);
    free(text);
}

/* Lines move, and the finding stays the same one; another function is another finding. */
static void a_finding_is_the_same_wherever_its_lines_are(void **state)
{
    (void)state;
    static const char *const from[] = {"\"line\": 12", "\"function\": \"g\", \"file\": \"src/a"};
    static const char *const to[] = {"\"line\": 99", "\"function\": \"h\", \"file\": \"src/a"};
    char *before = view_of(mill_view_sarif, hunt);
    const char *print = strstr(before, "threadmillFinding/v1\": \"");
    assert_non_null(print);
    for (size_t i = 0; i < 2; i++) {
        char changed[sizeof hunt];
        strcpy(changed, hunt);
        char *at = strstr(changed, from[i]);
        assert_non_null(at);
        memcpy(at, to[i], strlen(to[i]));
        char *after = view_of(mill_view_sarif, changed);
        const char *other = strstr(after, "threadmillFinding/v1\": \"");
        assert_non_null(other);
        assert_int_equal(strncmp(print, other, 40) == 0, i == 0);
        free(after);
    }
    free(before);
}

static void a_view_that_does_not_fit_says_so(void **state)
{
    (void)state;
    static const struct {
        mill_view *view;
        const char *document, *message;
        bool samples;
    } cases[] = {
        {mill_view_sarif, comparison, "'d.json' is a threadmill-compare document, which has no view as sarif",
         false},
        {mill_view_gbench, comparison, "no view as gbench", false},
        {mill_view_gbench, hunt, "no samples of speed", false},
        {mill_view_csv, hunt, "it keeps no samples", true},
        {mill_view_csv, "{\"format\": \"threadmill-history\"}", "no view as csv", false},
        {mill_view_junit, "{\"format\": \"threadmill-history\"}", "it holds no verdicts", false},
        {mill_view_markdown, "{\"format\": \"threadmill-history\"}", "no view as markdown", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_text out = {0};
        struct mill_error error = {""};
        assert_int_equal(show(&out, cases[i].view, cases[i].document, cases[i].samples, &error), -ENOTSUP);
        expect(error.message, cases[i].message);
        assert_null(out.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_regression_that_gates_is_a_failure),
        cmocka_unit_test(a_comparison_is_told_in_markdown),
        cmocka_unit_test(a_comparison_has_rows),
        cmocka_unit_test(a_hunt_is_told_with_its_steps),
        cmocka_unit_test(a_hunt_has_its_findings_by_file_and_line),
        cmocka_unit_test(a_finding_is_the_same_wherever_its_lines_are),
        cmocka_unit_test(a_view_that_does_not_fit_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

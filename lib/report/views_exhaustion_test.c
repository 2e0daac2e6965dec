/* A view is whole or is refused: nothing of a document is left away for want of memory. */
#include "report/views.h"

#include "core/test_exhaustion.h"
#include "harness/json_parts.h"
#include "harness/trend.h"
#include "report/advice_report.h"
#include "report/compare_report.h"
#include "report/stress_report.h"
#include "report/test_document.h"
#include "report/test_view_documents.h"
#include "report/trend_report.h"

struct shown {
    mill_view *view;
    struct mill_view_input input;
    struct mill_view_options options;
    char *whole; /* as it is with memory enough */
};

static void expect_whole(const char *text, const char *whole)
{
    size_t same = 0;
    while (text[same] && text[same] == whole[same]) {
        same++;
    }
    if (text[same] != whole[same]) {
        fail_msg("'%.60s' where '%.60s' should be", text + same, whole + same);
    }
}

static int show(void *context)
{
    struct shown *shown = context;
    struct mill_text out = {0};
    struct mill_error error = {""};
    int status = shown->view(&out, &shown->input, &shown->options, &error);
    if (status == 0 && shown->whole) {
        expect_whole(out.text, shown->whole);
    } else if (status == 0) {
        shown->whole = out.text;
        out = (struct mill_text){0};
    }
    mill_text_free(&out);
    return status;
}

/* ---- what goes to a terminal, as views ---- */

static const struct mill_report_options terminal = {.colour = true, .width = 100, .verbose = true};

static int show_run(struct mill_text *out, const struct mill_view_input *input,
                    const struct mill_view_options *options, struct mill_error *error)
{
    (void)options;
    (void)error;
    return mill_run_report(out, input->document, input->summary, &terminal);
}

static int show_comparison(struct mill_text *out, const struct mill_view_input *input,
                           const struct mill_view_options *options, struct mill_error *error)
{
    (void)options;
    (void)error;
    return mill_compare_report(out, input->document, &terminal);
}

static int show_stress(struct mill_text *out, const struct mill_view_input *input,
                       const struct mill_view_options *options, struct mill_error *error)
{
    (void)options;
    (void)error;
    return mill_stress_report(out, input->document, &terminal);
}

static int show_advice(struct mill_text *out, const struct mill_view_input *input,
                       const struct mill_view_options *options, struct mill_error *error)
{
    const struct mill_advice_report report = {
        .workload = "2 threads", .summary = input->summary, .width = 100};
    (void)options;
    (void)error;
    return mill_advice_report(out, &report);
}

/* Results over time, and their document. */
static int show_trends(struct mill_text *out, const struct mill_view_input *input,
                       const struct mill_view_options *options, struct mill_error *error)
{
    struct mill_trends *trends;
    (void)options;
    int status = mill_trends_create(&trends, &mill_trend_metrics[0]);
    if (status < 0) {
        return status;
    }
    status = mill_trends_add(trends, input->path, input->document, error);
    status = status < 0 ? status : mill_trends_judge(trends, 0.1, error);
    status = status < 0 ? status : mill_trend_report(out, trends, &terminal);
    json_t *document = status < 0 ? NULL : mill_trends_encode(trends);
    status = status < 0 || document ? status : -ENOMEM;
    if (document) {
        mill_json_text(out, document, 0);
        status = out->failed ? -ENOMEM : 0;
    }
    json_decref(document);
    mill_trends_destroy(trends);
    return status;
}

static int show_summary(struct mill_text *out, const struct mill_view_input *input,
                        const struct mill_view_options *options, struct mill_error *error)
{
    struct mill_summary summary;
    (void)options;
    int status = mill_summary_make(&summary, input->document, error);
    if (status < 0) {
        return status;
    }
    json_t *encoded = mill_summary_encode(&summary);
    status = encoded ? 0 : -ENOMEM;
    if (encoded) {
        mill_json_text(out, encoded, 0);
        status = out->failed ? -ENOMEM : 0;
    }
    json_decref(encoded);
    mill_summary_destroy(&summary);
    return status;
}

/* ---- each of each ---- */

static void exhaust(mill_view *view, const struct mill_view_input *input, bool samples)
{
    struct shown shown = {.view = view, .input = *input, .options = {.samples = samples}};
    assert_int_equal(show(&shown), 0);
    assert_true(mill_exhaust(show, &shown) >= 1);
    free(shown.whole);
}

static void views_of_a_run(void **state)
{
    (void)state;
    static mill_view *const views[] = {mill_view_markdown, mill_view_junit, mill_view_sarif,
                                       mill_view_gbench,   mill_view_csv,   show_run,
                                       show_advice,        show_trends,     show_summary};
    json_t *document = make_document();
    struct mill_summary summary;
    struct mill_error error;
    json_object_set_new(json_object_get(document, "machine"), "processors", json_integer(2));
    json_object_set_new(json_object_get(document, "settings"), "pin", json_string("spread"));
    add_unsafe(document, false);
    add_sample(document, cell_mcs, rounds + 1, 1e6, "check-failed", "10 of 100 updates are lost");
    assert_int_equal(mill_summary_make(&summary, document, &error), 0);
    const struct mill_view_input input = {"d.json", document, "threadmill-result", &summary};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        exhaust(views[i], &input, false);
    }
    exhaust(mill_view_csv, &input, true);
    mill_summary_destroy(&summary);
    json_decref(document);
}

static void exhaust_text(mill_view *view, const char *text)
{
    json_t *document = json_loads(text, 0, NULL);
    assert_non_null(document);
    const struct mill_view_input input = {
        .path = "d.json",
        .document = document,
        .format = json_string_value(json_object_get(document, "format")),
    };
    exhaust(view, &input, false);
    json_decref(document);
}

static void views_of_a_comparison(void **state)
{
    (void)state;
    exhaust_text(mill_view_markdown, comparison);
    exhaust_text(mill_view_junit, comparison);
    exhaust_text(mill_view_csv, comparison);
    exhaust_text(show_comparison, comparison);
}

static void views_of_a_stress_run(void **state)
{
    (void)state;
    exhaust_text(mill_view_markdown, stress);
    exhaust_text(mill_view_junit, stress);
    exhaust_text(mill_view_csv, stress);
    exhaust_text(mill_view_sarif, stress);
    exhaust_text(show_stress, stress);
}

static void views_of_a_hunt(void **state)
{
    (void)state;
    exhaust_text(mill_view_markdown, hunt);
    exhaust_text(mill_view_junit, hunt);
    exhaust_text(mill_view_csv, hunt);
    exhaust_text(mill_view_sarif, hunt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_of_a_run),
        cmocka_unit_test(views_of_a_comparison),
        cmocka_unit_test(views_of_a_stress_run),
        cmocka_unit_test(views_of_a_hunt),
    };
    json_set_alloc_funcs(malloc, free); /* jansson's calls fail in their turn, too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

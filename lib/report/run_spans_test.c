#include <errno.h>

#include "measure/histogram_encoding.h"
#include "report/test_document.h"

/* What `count` values from `least` on, a nanosecond apart, look like in a document. */
static json_t *histogram_json(uint64_t least, uint64_t count)
{
    struct mill_histogram *histogram;
    char *encoding;
    assert_int_equal(mill_histogram_create(&histogram), 0);
    for (uint64_t i = 0; i < count; i++) {
        mill_histogram_record(histogram, least + i);
    }
    assert_int_equal(mill_histogram_encode(histogram, &encoding), 0);
    json_t *json = json_pack("{s:I, s:i, s:I, s:I, s:s}", "count", (json_int_t)count, "beyond", 0, "min_ns",
                             (json_int_t)histogram->minimum, "max_ns", (json_int_t)histogram->maximum,
                             "histogram", encoding);
    free(encoding);
    mill_histogram_destroy(histogram);
    return json;
}

static void add_span(json_t *latency, const char *name, uint64_t least, uint64_t count)
{
    json_t *spans = json_object_get(latency, "spans");
    if (!spans) {
        spans = json_array();
        json_object_set_new(latency, "spans", spans);
    }
    json_t *span = histogram_json(least, count);
    json_object_set_new(span, "name", json_string(name));
    json_array_append_new(spans, span);
}

/* A latency sample of a cell, to which spans can be added. */
static json_t *add_latency(json_t *document, int cell)
{
    json_t *sample = add_sample(document, cell, 1, 9e6, "ok", NULL);
    json_t *latency = histogram_json(100, 10);
    json_object_set_new(latency, "unfinished", json_integer(0));
    json_object_set_new(sample, "kind", json_string("latency"));
    json_object_set_new(sample, "latency", latency);
    return latency;
}

static void each_span_is_ranked_by_its_median(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_t *ticket = add_latency(document, cell_ticket);
    json_t *mcs = add_latency(document, cell_mcs);
    add_span(ticket, "acquire", 500, 1);
    add_span(mcs, "acquire", 300, 1);
    add_span(ticket, "hold", 40, 10);
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "acquire and hold, of the operations that were timed\n");
    const char *acquire = strstr(text, "\nacquire\n2 threads, near");
    const char *hold = strstr(text, "\nhold\n2 threads, near");
    assert_non_null(acquire);
    assert_non_null(hold);
    const char *first = strstr(acquire, "  mcs"), *second = strstr(acquire, "  ticket");
    assert_true(first && second && first < second && second < hold);
    expect(first, "  300 ns   300 ns   300 ns   300 ns   300 ns   300 ns   1\n");
    expect(hold, "  ticket");
    assert_null(strstr(hold, "  mcs ")); /* it held nothing */
    free(text);
}

/* Two samples of one cell are one row. */
static void spans_of_all_samples_are_merged(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_span(add_latency(document, cell_ticket), "acquire", 100, 1);
    add_span(add_latency(document, cell_ticket), "acquire", 700, 2);
    char *text = report(document, (struct mill_report_options){0});
    const char *acquire = strstr(text, "\nacquire\n");
    assert_non_null(acquire);
    expect(acquire, "700 ns  701 ns  701 ns  701 ns  701 ns  701 ns  3\n");
    free(text);
}

static void where_there_are_no_spans_nothing_is_said(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_latency(document, cell_ticket);
    char *text = report(document, (struct mill_report_options){0});
    expect_not(text, "that were timed");
    free(text);
}

static void a_span_without_a_name_is_refused(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_t *latency = add_latency(document, cell_ticket);
    struct mill_summary summary;
    struct mill_error error = {.message = ""};
    add_span(latency, "acquire", 100, 1);
    json_object_del(json_array_get(json_object_get(latency, "spans"), 0), "name");
    assert_int_equal(mill_summary_make(&summary, document, &error), -EBADMSG);
    expect(error.message, "a span without a name");
    json_decref(document);
}

static void more_spans_than_there_can_be_are_refused(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_t *latency = add_latency(document, cell_ticket);
    struct mill_summary summary;
    struct mill_error error = {.message = ""};
    for (int i = 0; i <= MILL_SPANS_MAX; i++) {
        add_span(latency, (const char[2]){(char)('a' + i), '\0'}, 100, 1);
    }
    assert_int_equal(mill_summary_make(&summary, document, &error), -EBADMSG);
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_span_is_ranked_by_its_median),
        cmocka_unit_test(spans_of_all_samples_are_merged),
        cmocka_unit_test(where_there_are_no_spans_nothing_is_said),
        cmocka_unit_test(a_span_without_a_name_is_refused),
        cmocka_unit_test(more_spans_than_there_can_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

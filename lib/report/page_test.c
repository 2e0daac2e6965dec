#include "report/page.h"

#include <errno.h>
#include <math.h>

#include "report/html.h"
#include "report/html_parts.h"
#include "report/test_document.h"
#include "report/test_page.h"

/* ---- text ---- */

struct sample {
    const char *text, *shown;
};

static void expect_text(void (*write)(struct mill_text *out, const char *text), const struct sample *samples,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mill_text out = {0};
        write(&out, samples[i].text);
        assert_string_equal(out.text ? out.text : "", samples[i].shown);
        mill_text_free(&out);
    }
}

static void text_never_becomes_markup(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NULL, ""},
        {"", ""},
        {"plain", "plain"},
        {"<b a=\"'&'\">", "&lt;b a=&quot;&#39;&amp;&#39;&quot;&gt;"},
        {"a\tb\nc", "a\tb\nc"},
        {"bell\a", "bell\xef\xbf\xbd"},
        {"turned \xe2\x80\x8f!", "turned \xef\xbf\xbd!"},
        {"cut \xe2\x80", "cut \xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
    };
    expect_text(mill_html_text, samples, sizeof samples / sizeof samples[0]);
}

static void data_never_ends_its_script(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NULL, "null"},
        {"a\"b\\c", "\"a\\u0022b\\u005cc\""},
        {"</script><!--", "\"\\u003c/script\\u003e\\u003c!--\""},
        {"\n\t&", "\"\\u000a\\u0009\\u0026\""},
        {"\x01\xe2\x80\xa8", "\"\\ufffd\\ufffd\""},
    };
    expect_text(mill_html_json_text, samples, sizeof samples / sizeof samples[0]);
}

static void ids_are_plain(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"counter", "counter"}, {"Two  Words!", "two-words"}, {"--a--b--", "a-b"},
        {"\xe2\x82\xac", "x"},  {"\"><script>", "script"},    {"", "x"},
    };
    expect_text(mill_html_slug, samples, sizeof samples / sizeof samples[0]);
}

static void numbers_that_are_none_are_told_as_such(void **state)
{
    (void)state;
    struct mill_text out = {0};
    const double values[] = {1.5, (double)NAN, (double)INFINITY, 1e308, 0};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        mill_html_json_number(&out, values[i]);
        mill_text_add(&out, " ");
    }
    mill_html_duration(&out, (double)NAN);
    mill_html_duration(&out, 1500);
    mill_html_count(&out, (double)INFINITY);
    mill_html_ratio(&out, (double)NAN);
    mill_html_interval(&out, 0.5, (double)INFINITY);
    assert_string_equal(out.text, "1.5 null null 1e+308 0 \xe2\x80\x93"
                                  "1.50 \xc2\xb5s\xe2\x80\x93\xe2\x80\x93\xe2\x80\x93");
    mill_text_free(&out);
}

/* ---- pages ---- */

static char *page_of(json_t *document)
{
    struct mill_summary summary;
    struct mill_error error;
    struct mill_text out = {0};
    assert_int_equal(mill_summary_make(&summary, document, &error), 0);
    const struct mill_view_input input = {"a <file>.json", document, "threadmill-result", &summary};
    assert_int_equal(mill_page_write(&out, &input, 1, &error), 0);
    assert_int_equal(strlen(out.text), out.length);
    mill_summary_destroy(&summary);
    json_decref(document);
    return out.text;
}

static void expect_page(json_t *document, const char *const *parts)
{
    char *page = page_of(document);
    const char *wrong = mill_test_page_wrong(page);
    if (wrong) {
        fail_msg("the page is broken at: %.300s", wrong);
    }
    for (size_t i = 0; parts[i]; i++) {
        expect(page, parts[i]);
    }
    free(page);
}

static void a_page_says_who_leads(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_unsafe(document, true);
    static const char *const parts[] = {
        "<p class=\"headline\">As expected: 3 cells passed, 1 control was caught, 2 cannot run here.</p>",
        "<b>ticket</b> leads mcs 1.25\xc3\x97",
        "a &lt;file&gt;.json",
        "<code>threadmill run --seed 42</code>",
        "Ours beside the peers of the same algorithm",
        "lost-update: it is plain arithmetic",
        "correct for one thread only",
        NULL,
    };
    expect_page(document, parts);
}

static void a_page_begins_with_what_is_wrong(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_unsafe(document, false);
    static const char *const parts[] = {
        "<div class=\"verdict bad\"",
        "Something is wrong: 1 finding; the first is counter with unsafe at 2 threads, NOT CAUGHT.",
        "what they passed in this run is not to be trusted",
        NULL,
    };
    expect_page(document, parts);
}

static void a_page_of_nothing_says_so(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_array_clear(json_object_get(document, "samples"));
    json_object_set_new(document, "interrupted", json_true());
    static const char *const parts[] = {"<div class=\"verdict unsure\"", "Nothing could be judged",
                                        "It was interrupted", NULL};
    expect_page(document, parts);
}

static void hostile_names_are_text(void **state)
{
    (void)state;
    static const char hostile[] = "</script><img src=x onerror=\"a()\">'\" --> \xe2\x81\xa0";
    json_t *document = make_document();
    size_t index;
    json_t *cell;
    json_array_foreach(json_object_get(document, "cells"), index, cell)
    {
        json_object_set_new(cell, "scenario", json_string(hostile));
        json_object_set_new(json_object_get(cell, "parameters"), hostile, json_string(hostile));
    }
    json_object_set_new(json_object_get(document, "machine"), hostile, json_string(hostile));
    json_object_set_new(document, "command", json_string(hostile));
    static const char *const parts[] = {"&lt;/script&gt;&lt;img src=x onerror=&quot;a()&quot;&gt;&#39;&quot;",
                                        NULL};
    expect_page(document, parts);
}

static void what_cannot_be_shown_is_refused(void **state)
{
    (void)state;
    json_t *document = json_object();
    struct mill_text out = {0};
    struct mill_error error;
    const struct mill_view_input input = {"h.json", document, "threadmill-something", NULL};
    assert_int_equal(mill_page_write(&out, &input, 0, &error), -EINVAL);
    assert_int_equal(mill_page_write(&out, &input, 1, &error), -ENOTSUP);
    expect(error.message, "'h.json' is a threadmill-something");
    assert_null(out.text);
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_never_becomes_markup),
        cmocka_unit_test(data_never_ends_its_script),
        cmocka_unit_test(ids_are_plain),
        cmocka_unit_test(numbers_that_are_none_are_told_as_such),
        cmocka_unit_test(a_page_says_who_leads),
        cmocka_unit_test(a_page_begins_with_what_is_wrong),
        cmocka_unit_test(a_page_of_nothing_says_so),
        cmocka_unit_test(hostile_names_are_text),
        cmocka_unit_test(what_cannot_be_shown_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "core/test_exhaustion.h"
#include "report/page.h"
#include "report/test_document.h"
#include "report/test_page.h"
#include "report/test_view_documents.h"

struct page {
    struct mill_view_input inputs[2];
    size_t count;
    size_t length; /* of the whole page */
};

/* A page is whole or is refused: what is left away for want of memory is told. */
static int make(void *context)
{
    struct page *page = context;
    struct mill_text out = {0};
    struct mill_error error;
    int status = mill_page_write(&out, page->inputs, page->count, &error);
    if (status == 0) {
        assert_null(mill_test_page_wrong(out.text));
        assert_true(page->length == 0 || out.length == page->length);
        page->length = out.length;
    }
    mill_text_free(&out);
    return status;
}

static void exhaust(struct page *page)
{
    assert_int_equal(make(page), 0);
    assert_true(mill_exhaust(make, page) > 3);
}

static void a_page_of_runs(void **state)
{
    (void)state;
    json_t *document = make_document();
    struct mill_summary summary;
    struct mill_error error;
    add_unsafe(document, true);
    assert_int_equal(mill_summary_make(&summary, document, &error), 0);
    struct page page = {
        .inputs = {{"a.json", document, "threadmill-result", &summary},
                   {"b.json", document, "threadmill-result", &summary}},
        .count = 2,
    };
    exhaust(&page);
    mill_summary_destroy(&summary);
    json_decref(document);
}

static void a_page_of_other_documents(void **state)
{
    (void)state;
    static const char *const texts[] = {comparison, hunt, stress};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *document = json_loads(texts[i], 0, NULL);
        assert_non_null(document);
        struct page page = {
            .inputs = {{"a.json", document, json_string_value(json_object_get(document, "format")), NULL}},
            .count = 1,
        };
        exhaust(&page);
        json_decref(document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_of_runs),
        cmocka_unit_test(a_page_of_other_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "core/test_exhaustion.h"
#include "report/page.h"
#include "report/test_document.h"
#include "report/test_page.h"

struct page {
    json_t *document;
    struct mill_summary summary;
    size_t length; /* of the whole page */
};

/* A page is whole or is refused: what is left away for want of memory is told. */
static int make(void *context)
{
    struct page *page = context;
    struct mill_text out = {0};
    struct mill_error error;
    const struct mill_view_input inputs[] = {
        {"a.json", page->document, "threadmill-result", &page->summary},
        {"b.json", page->document, "threadmill-result", &page->summary},
    };
    int status = mill_page_write(&out, inputs, 2, &error);
    if (status == 0) {
        assert_null(mill_test_page_wrong(out.text));
        assert_true(page->length == 0 || out.length == page->length);
        page->length = out.length;
    }
    mill_text_free(&out);
    return status;
}

static void it_survives_a_lack_of_memory(void **state)
{
    (void)state;
    struct page page = {.document = make_document()};
    struct mill_error error;
    add_unsafe(page.document, true);
    assert_int_equal(mill_summary_make(&page.summary, page.document, &error), 0);
    assert_int_equal(make(&page), 0);
    assert_true(mill_exhaust(make, &page) > 10);
    mill_summary_destroy(&page.summary);
    json_decref(page.document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_survives_a_lack_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "page.h"

#include <errno.h>
#include <string.h>

#include "harness/document.h"
#include "harness/result.h"
#include "report/page.h"

/* What a page is made of; strings belong to the documents. */
struct pages {
    struct mill_view_input inputs[MILL_PAGE_DOCUMENTS];
    struct mill_document documents[MILL_PAGE_DOCUMENTS];
    struct mill_summary summaries[MILL_PAGE_DOCUMENTS];
};

static int load(struct pages *pages, size_t i, const char *path, struct mill_error *error)
{
    struct mill_document *document = &pages->documents[i];
    int status = mill_document_load(document, path, error);
    if (status < 0) {
        return status;
    }
    pages->inputs[i] =
        (struct mill_view_input){.path = path, .document = document->root, .format = document->format};
    if (strcmp(document->format, MILL_RESULT_FORMAT) != 0) {
        return 0;
    }
    pages->inputs[i].summary = &pages->summaries[i];
    status = mill_summary_make(&pages->summaries[i], document->root, error);
    return status < 0 ? mill_error_set(error, status, "'%s': %s", path, error->message) : 0;
}

int mill_page_of(struct mill_text *out, const char *const *paths, size_t count, struct mill_error *error)
{
    static struct pages pages;
    int status =
        count <= MILL_PAGE_DOCUMENTS ? 0 : mill_error_set(error, -EINVAL, "too many documents for a page");
    memset(&pages, 0, sizeof pages);
    for (size_t i = 0; i < count && status == 0; i++) {
        status = load(&pages, i, paths[i], error);
    }
    if (status == 0) {
        status = mill_page_write(out, pages.inputs, count, error);
    }
    for (size_t i = 0; i < count && i < MILL_PAGE_DOCUMENTS; i++) {
        mill_summary_destroy(&pages.summaries[i]);
        json_decref(pages.documents[i].root);
    }
    return status;
}

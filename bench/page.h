/* The HTML page of documents that are files. */
#ifndef MILL_BENCH_PAGE_H
#define MILL_BENCH_PAGE_H

#include <stddef.h>

#include "core/error.h"
#include "core/text.h"

enum {
    MILL_PAGE_DOCUMENTS = 32,
};

/* Appends the page of documents that are read here, at most MILL_PAGE_DOCUMENTS. 0 or a negative errno of
 * mill_document_load, mill_summary_make and mill_page_write, with a message. */
int mill_page_of(struct mill_text *out, const char *const *paths, size_t count, struct mill_error *error);

#endif

/* Is a page what its markup says? For tests of pages and the fuzz target of documents: what stands between
 * <main> and </main> closes every element in order, has no element and no attribute that only a document
 * could have brought, and its data are JSON.
 */
#ifndef MILL_REPORT_TEST_PAGE_H
#define MILL_REPORT_TEST_PAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    mill_test_page_deepest = 64,
};

struct mill_test_element {
    const char *name;
    size_t length;
};

static inline bool mill_test_page_is_data(const char *script, const char *end)
{
    const char *begin = strstr(script, "\">{");
    json_t *data = begin && begin < end
                       ? json_loadb(begin + 2, (size_t)(end - begin - 2), JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    json_decref(data);
    return data != NULL;
}

/* Attributes are name="value" or a bare name, and none is a handler. */
static inline bool mill_test_page_attributes(const char *at, const char *end)
{
    while (at < end && *at != '/') {
        at += strspn(at, " ");
        size_t name = strspn(at, "abcdefghijklmnopqrstuvwxyzBDHLVW-0123456789");
        if (name == 0 || strncmp(at, "on", 2) == 0) {
            return false;
        }
        at += name;
        if (at < end && *at == '=') {
            const char *close = at[1] == '"' ? strchr(at + 2, '"') : NULL;
            if (!close || close >= end) {
                return false;
            }
            at = close + 1;
        }
    }
    return true;
}

/* NULL when all is well; else where it is not. */
static inline const char *mill_test_page_wrong(const char *page)
{
    static const char known[] =
        " section h2 h3 h4 p a ul ol li b code pre div span nav details summary figure figcaption "
        "canvas table thead tbody tr th td svg title g path circle rect text dl dt dd script ";
    struct mill_test_element open[mill_test_page_deepest];
    size_t depth = 0;
    const char *begin = strstr(page, "<main>"), *end = begin ? strstr(begin, "</main>") : NULL;
    if (!end) {
        return page;
    }
    for (const char *at = strchr(begin + 6, '<'); at < end; at = strchr(at + 1, '<')) {
        bool closing = at[1] == '/';
        const char *name = at + 1 + closing;
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
        const char *close = strchr(name, '>');
        char word[32];
        if (length == 0 || length > 20 || !close || close > end) {
            return at;
        }
        snprintf(word, sizeof word, " %.*s ", (int)length, name);
        if (!strstr(known, word)) {
            return at;
        }
        if (closing) {
            if (depth == 0 || open[depth - 1].length != length ||
                memcmp(open[depth - 1].name, name, length) != 0 || name[length] != '>') {
                return at;
            }
            depth--;
            if (strcmp(word, " script ") == 0 && !mill_test_page_is_data(open[depth].name, at)) {
                return at;
            }
            continue;
        }
        if (!mill_test_page_attributes(name + length, close) || depth == mill_test_page_deepest) {
            return at;
        }
        if (close[-1] != '/') {
            open[depth++] = (struct mill_test_element){name, length};
        }
    }
    return depth == 0 ? NULL : open[depth - 1].name;
}

#endif

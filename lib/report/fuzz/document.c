/* Documents that anybody may have written. What is read is refused with a message, or every view of it is
 * made: well formed whatever stands in it, and without a number that is none.
 *
 * Most bytes of a document are names and braces; so inputs are changed as JSON half of the time: one value
 * for another, a member away, an item twice. */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "core/random.h"
#include "core/test_fuzz.h"
#include "harness/document.h"
#include "harness/trend.h"
#include "report/compare_report.h"
#include "report/page.h"
#include "report/run_report.h"
#include "report/stress_report.h"
#include "report/test_page.h"
#include "report/trend_report.h"
#include "report/views.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* ---- what a view must be ---- */

static void must_be_json(const struct mill_text *text)
{
    json_t *root = json_loads(text->text, JSON_REJECT_DUPLICATES, NULL);
    must(root != NULL);
    json_decref(root);
}

/* Elements are closed in their order, and nothing is in it that XML cannot hold. */
static void must_be_xml(const struct mill_text *text)
{
    enum { deepest = 16, longest = 32 };
    char open[deepest][longest];
    size_t depth = 0;
    for (const char *at = strchr(text->text, '<'); at; at = strchr(at + 1, '<')) {
        size_t length = strcspn(at + 1, " />?");
        if (at[1] == '?') {
            continue;
        }
        if (at[1] == '/') {
            length = strcspn(at + 2, ">");
            must(depth > 0 && strlen(open[depth - 1]) == length &&
                 memcmp(open[depth - 1], at + 2, length) == 0);
            depth--;
            continue;
        }
        const char *end = strchr(at, '>');
        must(end != NULL && length < longest && depth < deepest);
        if (end[-1] != '/') {
            memcpy(open[depth], at + 1, length);
            open[depth++][length] = '\0';
        }
    }
    must(depth == 0);
    for (const char *at = text->text; *at; at++) {
        must((unsigned char)*at >= ' ' || *at == '\n' || *at == '\t');
    }
}

/* Each row has as many fields as the first. */
static void must_be_csv(const struct mill_text *text)
{
    size_t fields = 1, first = 0;
    bool quoted = false;
    for (const char *at = text->text; *at; at++) {
        quoted = quoted != (*at == '"');
        if (!quoted && *at == ',') {
            fields++;
        } else if (!quoted && at[0] == '\r' && at[1] == '\n') {
            must(first == 0 || fields == first);
            first = fields;
            fields = 1;
        }
    }
    must(!quoted && fields == 1 && first > 0);
}

/* No line begins what only the view may begin, and nothing is sent to a terminal. */
static void must_be_quiet(const struct mill_text *text)
{
    for (const char *at = text->text; *at; at++) {
        must((unsigned char)*at >= ' ' || *at == '\n' || *at == '\t');
        must(*at != '\x7f');
    }
}

/* ---- every view ---- */

static void show(const struct mill_view_input *input)
{
    static const struct {
        mill_view *view;
        void (*check)(const struct mill_text *text);
        struct mill_view_options options;
    } views[] = {
        {mill_view_markdown, must_be_quiet, {0}}, {mill_view_junit, must_be_xml, {0}},
        {mill_view_sarif, must_be_json, {0}},     {mill_view_gbench, must_be_json, {0}},
        {mill_view_csv, must_be_csv, {0}},        {mill_view_csv, must_be_csv, {.samples = true}},
    };
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        struct mill_text text = {0};
        struct mill_error error = {.message = ""};
        int status = views[i].view(&text, input, &views[i].options, &error);
        must(status == 0 || status == -ENOTSUP);
        must(status == 0 || error.message[0] != '\0');
        if (status == 0) {
            views[i].check(&text);
        }
        mill_text_free(&text);
    }
}

static void show_table(const struct mill_view_input *input, unsigned width, bool verbose)
{
    struct mill_text text = {0};
    const struct mill_report_options options = {.width = width, .verbose = verbose};
    int status = 0;
    if (input->summary) {
        status = mill_run_report(&text, input->document, input->summary, &options);
    } else if (strcmp(input->format, "threadmill-stress") == 0) {
        status = mill_stress_report(&text, input->document, &options);
    } else if (strcmp(input->format, "threadmill-compare") == 0) {
        status = mill_compare_report(&text, input->document, &options);
    }
    must(status == 0);
    if (text.text) {
        must_be_quiet(&text);
    }
    mill_text_free(&text);
}

static void show_page(const struct mill_view_input *input)
{
    struct mill_text text = {0};
    struct mill_error error = {.message = ""};
    int status = mill_page_write(&text, input, 1, &error);
    must(status == 0 || (status == -ENOTSUP && error.message[0] != '\0'));
    must(status < 0 || mill_test_page_wrong(text.text) == NULL);
    mill_text_free(&text);
}

static void look_back(const json_t *result)
{
    struct mill_trends *trends;
    struct mill_text text = {0};
    struct mill_error error = {.message = ""};
    for (const struct mill_trend_metric *metric = mill_trend_metrics; metric->name; metric++) {
        must(mill_trends_create(&trends, metric) == 0);
        must(mill_trends_add(trends, "a", result, &error) == 0);
        must(mill_trends_judge(trends, 0.1, &error) == 0);
        must(mill_trend_report(&text, trends, &(struct mill_report_options){.width = 80}) == 0);
        json_t *document = mill_trends_encode(trends);
        must(document != NULL && mill_document_check(document, "history", &error) == 0);
        json_decref(document);
        mill_trends_destroy(trends);
    }
    must_be_quiet(&text);
    mill_text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mill_document document;
    struct mill_summary summary = {0};
    struct mill_error error = {.message = ""};
    int status = mill_document_parse(&document, "input", (const char *)data, size, &error);
    must(status == 0 || (status == -EBADMSG && document.root == NULL && error.message[0] != '\0'));
    if (status < 0) {
        return 0;
    }
    struct mill_view_input input = {.path = "input", .document = document.root, .format = document.format};
    if (strcmp(document.format, "threadmill-result") == 0) {
        status = mill_summary_make(&summary, document.root, &error);
        must(status == 0 || error.message[0] != '\0');
        input.summary = &summary;
    }
    if (status == 0) {
        show(&input);
        show_table(&input, 80, false);
        show_table(&input, 0, true);
        show_page(&input);
    }
    if (status == 0 && input.summary) {
        look_back(document.root);
    }
    mill_summary_destroy(&summary);
    json_decref(document.root);
    return 0;
}

/* ---- changing a document as JSON ---- */

static size_t count_values(const json_t *value)
{
    size_t count = 1, index;
    const char *name;
    json_t *member;
    json_array_foreach(value, index, member)
    {
        count += count_values(member);
    }
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        count += count_values(member);
    }
    return count;
}

static json_t *make_value(struct mill_random *random, const json_t *old)
{
    static const char *const texts[] = {"<b>&\"'|`*_",
                                        "\x1b[31m\r\n\t",
                                        "]]>",
                                        "a,\"b\"\r\n",
                                        "\xe2\x80\xae\xef\xbb\xbf",
                                        "www.x @y #1",
                                        "",
                                        "near",
                                        "far",
                                        "latency",
                                        "rejected",
                                        "hung",
                                        "sanitizer",
                                        "NOT CAUGHT"};
    static const json_int_t integers[] = {0, 1, -1, 2, 255, 65536, INT32_MAX, INT64_MAX, INT64_MIN};
    static const double reals[] = {0, -0.0, 0.5, 1e-320, 1e308, -1e308, 1e15};
    switch (mill_random_below(random, json_is_string(old) ? 4 : 9)) {
    case 0:
    case 1:
    case 2:
    case 3:
        if (json_is_number(old)) {
            return json_integer(integers[mill_random_below(random, sizeof integers / sizeof integers[0])]);
        }
        return json_string(texts[mill_random_below(random, sizeof texts / sizeof texts[0])]);
    case 4:
        return json_null();
    case 5:
        return json_boolean(mill_random_below(random, 2));
    case 6:
        return json_array();
    default:
        return json_real(reals[mill_random_below(random, sizeof reals / sizeof reals[0])]);
    }
}

/* Changes the value with number *at, counted from here; true once that was done. */
static bool change(json_t *value, size_t *at, struct mill_random *random)
{
    size_t index;
    const char *name;
    void *next;
    json_t *member;
    json_array_foreach(value, index, member)
    {
        if ((*at)-- == 0) {
            uint64_t what = mill_random_below(random, 4);
            if (what == 0) {
                json_array_remove(value, index);
            } else if (what == 1) {
                json_array_insert_new(value, index, json_deep_copy(member));
            } else {
                json_array_set_new(value, index, make_value(random, member));
            }
            return true;
        }
        if (change(member, at, random)) {
            return true;
        }
    }
    json_object_foreach_safe(value, next, name, member)
    {
        if ((*at)-- == 0) {
            if (mill_random_below(random, 8) == 0) {
                json_object_del(value, name);
            } else {
                json_object_set_new(value, name, make_value(random, member));
            }
            return true;
        }
        if (change(member, at, random)) {
            return true;
        }
    }
    return false;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    struct mill_random random;
    mill_random_seed(&random, seed, 0);
    json_t *root = mill_random_below(&random, 4) > 0 ? json_loadb((const char *)data, size, 0, NULL) : NULL;
    if (!root) {
        return LLVMFuzzerMutate(data, size, most);
    }
    size_t at = mill_random_below(&random, count_values(root));
    (void)change(root, &at, &random);
    size_t length = json_dumpb(root, (char *)data, most, JSON_COMPACT);
    json_decref(root);
    return length > 0 && length <= most ? length : LLVMFuzzerMutate(data, size, most);
}

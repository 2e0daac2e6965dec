/* threadmill report: a stored document, in one of several formats. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "core/file.h"
#include "harness/document.h"
#include "harness/result.h"
#include "options.h"
#include "page.h"
#include "report/views.h"
#include "view.h"

/* One row a format; a format without a suffix is asked for by name alone. */
static const struct format {
    const char *name;
    const char *suffix; /* of the file of -o that means it; NULL: none does */
    mill_view *view;    /* NULL: the table, as it looks on the terminal */
    bool page;          /* the page, which has room for several documents */
} formats[] = {
    {"table", ".txt", NULL, false},
    {"html", ".html", NULL, true},
    {"markdown", ".md", mill_view_markdown, false},
    {"junit", ".xml", mill_view_junit, false},
    {"sarif", ".sarif", mill_view_sarif, false},
    {"gbench", NULL, mill_view_gbench, false},
    {"csv", ".csv", mill_view_csv, false},
};

struct request {
    const char *path; /* the first */
    const char *paths[MILL_PAGE_DOCUMENTS];
    size_t count;
    const char *output;
    const struct format *format; /* NULL: not named */
    struct mill_view_options view;
    bool verbose;
    bool rows;
};

static int take_path(void *target, const char *word, struct mill_error *error)
{
    struct request *request = target;
    if (request->count == MILL_PAGE_DOCUMENTS) {
        return mill_error_set(error, -EINVAL, "a page has room for %d documents; '%s' is one more",
                              MILL_PAGE_DOCUMENTS, word);
    }
    request->paths[request->count++] = word;
    request->path = request->paths[0];
    return 0;
}

static int take_verbose(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct request *)target)->verbose = true;
    return 0;
}

static void list_formats(struct mill_text *text)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        mill_text_add(text, "%s%s", i > 0 ? ", " : "", formats[i].name);
    }
}

static int take_format(void *target, const char *value, struct mill_error *error)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].name, value) == 0) {
            ((struct request *)target)->format = &formats[i];
            return 0;
        }
    }
    struct mill_text names = {0};
    list_formats(&names);
    int status = mill_error_set(error, -EINVAL, "there is no format '%s'; there is: %s", value,
                                names.text ? names.text : "");
    mill_text_free(&names);
    return status;
}

static int take_output(void *target, const char *value, struct mill_error *error)
{
    if (!*value) {
        return mill_error_set(error, -EINVAL,
                              "option '--output' needs the name of a file, and got an empty one");
    }
    ((struct request *)target)->output = value;
    return 0;
}

static int take_rows(void *target, const char *value, struct mill_error *error)
{
    struct request *request = target;
    request->rows = true;
    request->view.samples = strcmp(value, "samples") == 0;
    return request->view.samples || strcmp(value, "summary") == 0
               ? 0
               : mill_error_set(error, -EINVAL, "'%s' is no value for --rows: it takes samples or summary",
                                value);
}

static const struct mill_option options[] = {
    {"format", 'f', "FORMAT",
     "table (the terminal's), html, markdown, junit, sarif, gbench or csv;\nelse what the file of -o ends "
     "in: "
     ".txt, .html, .md, "
     ".xml, .sarif, .csv",
     take_format, false},
    {"output", 'o', "FILE", "writes there instead of to standard output", take_output, false},
    {"rows", 0, "samples|summary", "csv: a row for each sample, or (default) for each row of the summary",
     take_rows, false},
    {"verbose", 'v', NULL, "table: all columns, and the evidence of every finding in full", take_verbose,
     false},
};

static const struct mill_usage usage = {
    "report",
    "RESULT...",
    "Shows a document that 'threadmill run', 'stress', 'hunt' or 'compare' wrote: as the table of "
    "the\nterminal, as "
    "a page for a browser, or "
    "for a "
    "pull request, a CI's test tab, code scanning, other benchmark tools, a spreadsheet.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill report results/runs/20260102T030405Z.json\n"
    "  threadmill report r.json -o r.html                          a page with charts, in one file\n"
    "  threadmill report run.json stress.json hunt.json -o all.html\n"
    "  threadmill report r.json --format markdown >> \"$GITHUB_STEP_SUMMARY\"\n"
    "  threadmill report r.json -o junit.xml\n"
    "  threadmill report stress.json -o threadmill.sarif\n"
    "  threadmill report r.json --format gbench -o r.gbench.json\n"
    "  threadmill report r.json --rows samples -o samples.csv\n",
};

static bool ends_in(const char *text, const char *suffix)
{
    size_t length = strlen(text), end = strlen(suffix);
    return length > end && strcmp(text + length - end, suffix) == 0;
}

/* The format that was named, or that the file's name tells, or the table. */
static int choose_format(struct request *request, struct mill_error *error)
{
    for (size_t i = 0; request->output && !request->format && i < sizeof formats / sizeof formats[0]; i++) {
        if (formats[i].suffix && ends_in(request->output, formats[i].suffix)) {
            request->format = &formats[i];
        }
    }
    if (request->output && !request->format) {
        struct mill_text names = {0};
        list_formats(&names);
        int status =
            mill_error_set(error, -EINVAL, "'%s' does not tell in which format; name it: --format %s",
                           request->output, names.text ? names.text : "");
        mill_text_free(&names);
        return status;
    }
    if (!request->format) {
        request->format = &formats[0];
    }
    if (request->count > 1 && !request->format->page) {
        return mill_error_set(
            error, -EINVAL,
            "'threadmill report' shows one document at a time, and several on a page alone: "
            "-o FILE.html");
    }
    if (request->rows && request->format->view != mill_view_csv) {
        return mill_error_set(error, -EINVAL, "option '--rows' goes with --format csv alone, not with %s",
                              request->format->name);
    }
    if (request->verbose && (request->format->view || request->format->page)) {
        return mill_error_set(error, -EINVAL,
                              "option '--verbose' goes with --format table alone, not with %s",
                              request->format->name);
    }
    return 0;
}

static int print(const struct mill_text *text, struct mill_error *error)
{
    if (fwrite(text->text ? text->text : "", 1, text->length, stdout) < text->length || fflush(stdout) != 0) {
        return mill_error_set(error, -EIO, "the report could not be written to standard output");
    }
    return 0;
}

static int write_file(const char *path, const struct mill_text *text, struct mill_error *error)
{
    struct mill_replacement out = {.descriptor = -1};
    int status = mill_replacement_open(&out, path, error);
    if (status == 0) {
        status = mill_replacement_write(&out, text->text ? text->text : "", text->length, error);
    }
    if (status == 0) {
        status = mill_replacement_commit(&out, error);
    }
    mill_replacement_close(&out);
    return status;
}

static int make_view(struct mill_text *text, const struct request *request,
                     const struct mill_view_input *input, struct mill_error *error)
{
    int status = request->format->view
                     ? request->format->view(text, input, &request->view, error)
                     : mill_view_table(text, input, request->output ? NULL : stdout, request->verbose, error);
    return status == -ENOMEM ? mill_error_set(error, status, "no memory to show '%s'", request->path)
                             : status;
}

static int show(const struct request *request, const struct mill_document *document, struct mill_error *error)
{
    struct mill_summary summary = {0};
    struct mill_text text = {0};
    struct mill_view_input input = {
        .path = request->path, .document = document->root, .format = document->format};
    int status = 0;
    if (strcmp(document->format, MILL_RESULT_FORMAT) == 0) {
        status = mill_summary_make(&summary, document->root, error);
        if (status < 0) {
            return mill_error_set(error, status, "'%s': %s", request->path, error->message);
        }
        input.summary = &summary;
    }
    status = make_view(&text, request, &input, error);
    if (status == 0) {
        status = request->output ? write_file(request->output, &text, error) : print(&text, error);
    }
    mill_text_free(&text);
    mill_summary_destroy(&summary);
    return status;
}

static int show_page(const struct request *request, struct mill_error *error)
{
    struct mill_text text = {0};
    int status = mill_page_of(&text, request->paths, request->count, error);
    if (status == 0) {
        status = request->output ? write_file(request->output, &text, error) : print(&text, error);
    }
    mill_text_free(&text);
    return status;
}

static int run(int argc, char **argv)
{
    struct request request = {0};
    struct mill_error error;
    struct mill_document document;
    int status = mill_options_parse(&usage, argc, argv, &request, take_path, &error);
    if (status > 0) {
        return MILL_EXIT_EXPECTED;
    }
    if (status == 0 && !request.path) {
        return mill_complain(MILL_EXIT_USAGE, "'threadmill report' needs a result: threadmill report FILE");
    }
    status = status < 0 ? status : choose_format(&request, &error);
    if (status < 0) {
        return mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    if (request.format->page) {
        status = show_page(&request, &error);
    } else {
        status = mill_document_load(&document, request.path, &error);
        if (status == 0) {
            status = show(&request, &document, &error);
            json_decref(document.root);
        }
    }
    return status == 0
               ? MILL_EXIT_EXPECTED
               : mill_complain(status == -ENOTSUP ? MILL_EXIT_USAGE : MILL_EXIT_MACHINE, "%s", error.message);
}

const struct mill_command mill_command_report = {"report",
                                                 "a stored result, as a table or for other programs", run};

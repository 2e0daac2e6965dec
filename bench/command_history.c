/* threadmill history: stored results over time, and where they changed their level. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "core/text.h"
#include "harness/document.h"
#include "harness/result.h"
#include "harness/trend.h"
#include "options.h"
#include "report/style.h"
#include "report/trend_report.h"

enum {
    margin_default = 10,
    margin_most = 1000,
};

struct request {
    const char **paths;
    size_t path_count;
    const struct mill_trend_metric *metric;
    double margin;
    bool json, gate, strict;
};

struct history {
    const struct request *request;
    struct mill_trends *trends;
    json_t *skipped;
    size_t unreadable;
};

/* ---- the request ---- */

static int take_path(void *target, const char *word, struct mill_error *error)
{
    struct request *request = target;
    const char **grown = realloc(request->paths, (request->path_count + 1) * sizeof *request->paths);
    if (!grown) {
        return mill_error_set(error, -ENOMEM, "no memory for '%s'", word);
    }
    request->paths = grown;
    request->paths[request->path_count++] = word;
    return 0;
}

static int take_metric(void *target, const char *value, struct mill_error *error)
{
    ((struct request *)target)->metric = mill_trend_metric(value);
    return ((struct request *)target)->metric
               ? 0
               : mill_error_set(error, -EINVAL,
                                "there is no metric '%s'; there is: throughput, p50, p99, fairness", value);
}

static int take_margin(void *target, const char *value, struct mill_error *error)
{
    int64_t percent;
    int status = mill_option_number("margin", value, 1, margin_most, &percent, error);
    ((struct request *)target)->margin = (double)percent / 100;
    return status;
}

static int take_json(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct request *)target)->json = true;
    return 0;
}

static int take_gate(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct request *)target)->gate = true;
    return 0;
}

static int take_strict(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct request *)target)->strict = true;
    return 0;
}

static const struct mill_option options[] = {
    {"metric", 'm', "METRIC", "throughput (default), p50, p99 or fairness", take_metric, false},
    {"margin", 0, "PERCENT", "by how much a level has to be worse to have regressed (10)", take_margin,
     false},
    {"gate", 0, NULL, "exit with 1 when the last change of a series is a regression", take_gate, false},
    {"strict", 0, NULL, "exit with 4 when no series has runs enough to tell a change", take_strict, false},
    {"json", 0, NULL, "the document on standard output, in the place of the table", take_json, false},
};

static const struct mill_usage usage = {
    "history",
    "RESULT...",
    "Shows each cell of stored results over time, with the points at which its level changed and "
    "the\ncommits that "
    "they lie between. RESULT is a file or a folder, of which every *.json is read.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill history results/runs\n"
    "  threadmill history results/runs --metric p99 --gate\n"
    "  threadmill history nightly/*.json --json\n",
};

/* ---- reading ---- */

static int skip(struct history *history, const char *path, const char *reason, bool unreadable)
{
    history->unreadable += unreadable;
    fprintf(stderr, "threadmill: %s%s\n", reason, unreadable ? "" : ": left out");
    return json_array_append_new(history->skipped,
                                 json_pack("{s:s%, s:s%, s:b}", "path", path, strlen(path), "reason", reason,
                                           strlen(reason), "error", unreadable)) == 0
               ? 0
               : -ENOMEM;
}

/* The name as text: what is no UTF-8 in it has no place in a document. The caller frees it. */
static char *name_of(const char *path)
{
    char *name = strdup(path);
    json_t *text = json_string(path);
    for (char *byte = name; !text && byte && *byte; byte++) {
        *byte = (unsigned char)*byte < 0x80 ? *byte : '?';
    }
    json_decref(text);
    return name;
}

/* A document of another kind is an error where it was named, and told where it lay in a folder. */
static int add_file(struct history *history, const char *path, bool named)
{
    struct mill_document document = {0};
    struct mill_error error = {""};
    char *name = name_of(path);
    int status = name ? mill_document_load(&document, path, &error) : -ENOMEM;
    if (status == 0 && strcmp(document.format, MILL_RESULT_FORMAT) != 0) {
        mill_error_set(&error, 0, "'%s' is a %s document, and no result of 'threadmill run'", name,
                       document.format);
        status = skip(history, name, error.message, named);
    } else if (status == 0) {
        status = mill_trends_add(history->trends, name, document.root, &error);
    }
    if (status < 0 && status != -ENOMEM) {
        status = skip(history, name, error.message, true);
    }
    json_decref(document.root);
    free(name);
    return status;
}

static int is_document(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static int add_folder(struct history *history, const char *path)
{
    struct dirent **entries;
    struct mill_error error;
    int count = scandir(path, &entries, is_document, alphasort), status = 0;
    if (count < 0) {
        mill_error_set(&error, 0, "cannot read the folder %s: %s", path, strerror(errno));
        return skip(history, path, error.message, true);
    }
    for (int i = 0; i < count; i++) {
        struct mill_text file = {0};
        mill_text_add(&file, "%s/%s", path, entries[i]->d_name);
        status = status < 0 ? status : file.failed ? -ENOMEM : add_file(history, file.text, false);
        mill_text_free(&file);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static int add_path(struct history *history, const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode) ? add_folder(history, path)
                                                             : add_file(history, path, true);
}

/* ---- showing and judging ---- */

static int make_text(struct mill_text *text, const struct history *history)
{
    const struct mill_report_options shown = {.colour = mill_colour_wanted(stdout),
                                              .width = mill_terminal_width(stdout)};
    if (!history->request->json) {
        return mill_trend_report(text, history->trends, &shown);
    }
    json_t *document = mill_trends_encode(history->trends);
    if (!document || json_object_set(document, "skipped", history->skipped) < 0) {
        json_decref(document);
        return -ENOMEM;
    }
    char *encoded = json_dumps(document, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    json_decref(document);
    mill_text_add(text, "%s\n", encoded ? encoded : "");
    free(encoded);
    return encoded && !text->failed ? 0 : -ENOMEM;
}

static int judge(const struct history *history)
{
    const struct mill_trends *trends = history->trends;
    size_t regressed = 0, tellable = 0;
    for (size_t i = 0; i < trends->series_count; i++) {
        regressed += mill_trend_regressed(&trends->series[i]);
        tellable += trends->series[i].point_count >= 6;
    }
    if (history->request->gate && regressed > 0) {
        return MILL_EXIT_FINDING;
    }
    if (history->unreadable > 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%zu of the results could not be read; see above",
                             history->unreadable);
    }
    return history->request->strict && tellable == 0 ? MILL_EXIT_UNSURE : MILL_EXIT_EXPECTED;
}

static int show(struct history *history)
{
    struct mill_error error = {""};
    struct mill_text text = {0};
    int code;
    int status = mill_trends_judge(history->trends, history->request->margin, &error);
    if (status < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    if (history->trends->run_count == 0) {
        return mill_complain(history->unreadable > 0 ? MILL_EXIT_MACHINE : MILL_EXIT_USAGE,
                             "there is no result in what was named");
    }
    if (make_text(&text, history) < 0) {
        code =
            mill_complain(MILL_EXIT_MACHINE, "no memory to show %zu series", history->trends->series_count);
    } else if (fputs(text.text, stdout) < 0 || fflush(stdout) != 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "the history could not be written to standard output");
    } else {
        code = judge(history);
    }
    mill_text_free(&text);
    return code;
}

static int look(const struct request *request)
{
    struct history history = {.request = request, .skipped = json_array()};
    int status = history.skipped ? mill_trends_create(&history.trends, request->metric) : -ENOMEM;
    for (size_t i = 0; status == 0 && i < request->path_count; i++) {
        status = add_path(&history, request->paths[i]);
    }
    int code =
        status < 0 ? mill_complain(MILL_EXIT_MACHINE, "no memory for so many results") : show(&history);
    mill_trends_destroy(history.trends);
    json_decref(history.skipped);
    return code;
}

static int run(int argc, char **argv)
{
    struct request request = {.metric = mill_trend_metric("throughput"), .margin = margin_default / 100.0};
    struct mill_error error;
    int code;
    int status = mill_options_parse(&usage, argc, argv, &request, take_path, &error);
    if (status != 0) {
        code = status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    } else if (request.path_count == 0) {
        code = mill_complain(MILL_EXIT_USAGE,
                             "'threadmill history' needs results: threadmill history results/runs");
    } else {
        code = look(&request);
    }
    free(request.paths);
    return code;
}

const struct mill_command mill_command_history = {"history",
                                                  "stored results over time, and where they changed", run};

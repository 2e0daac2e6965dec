#include "compare_print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "harness/result.h"
#include "report/compare_report.h"
#include "report/style.h"

int mill_compare_open_output(struct mill_replacement *file, const struct mill_run_request *request,
                             struct mill_error *error)
{
    *file = (struct mill_replacement){.descriptor = -1};
    return request->output ? mill_replacement_open(file, request->output, error) : 0;
}

int mill_compare_write(const json_t *document, struct mill_replacement *file, struct mill_error *error)
{
    char *text = mill_result_text(document);
    int status = text ? mill_replacement_write(file, text, strlen(text), error)
                      : mill_error_set(error, -ENOMEM, "no memory to write the document");
    status = status < 0 ? status : mill_replacement_write(file, "\n", 1, error);
    free(text);
    return status < 0 ? status : mill_replacement_commit(file, error);
}

static int print_json(const json_t *document)
{
    char *text = mill_result_text(document);
    int status = text && puts(text) >= 0 && fflush(stdout) == 0 ? 0 : -EIO;
    free(text);
    return status;
}

static int print_report(const json_t *document)
{
    struct mill_text text = {0};
    const struct mill_report_options options = {.colour = mill_colour_wanted(stdout)};
    int status = mill_compare_report(&text, document, &options);
    if (status == 0 && (fputs(text.text, stdout) < 0 || fflush(stdout) != 0)) {
        status = -EIO;
    }
    mill_text_free(&text);
    return status;
}

static int judge(const json_t *document, bool strict)
{
    const char *verdict = json_string_value(json_object_get(document, "verdict"));
    if (strcmp(verdict, "findings") == 0 || strcmp(verdict, "regressed") == 0) {
        return MILL_EXIT_FINDING;
    }
    if (json_is_true(json_object_get(document, "interrupted"))) {
        return MILL_EXIT_INTERRUPTED;
    }
    return strict && strcmp(verdict, "no-regression") != 0 ? MILL_EXIT_UNSURE : MILL_EXIT_EXPECTED;
}

int mill_compare_show(const json_t *document, const struct mill_run_request *request,
                      struct mill_replacement *file)
{
    struct mill_error error;
    int code = judge(document, request->strict);
    if (file->descriptor >= 0 && mill_compare_write(document, file, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    if ((request->json ? print_json(document) : print_report(document)) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "the comparison could not be written to standard output");
    }
    return code;
}

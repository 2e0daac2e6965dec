#include "compare_print.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "report/compare_report.h"
#include "report/style.h"
#include "view.h"

int mill_compare_open_output(struct mill_replacement *file, const struct mill_run_request *request,
                             struct mill_error *error)
{
    *file = (struct mill_replacement){.descriptor = -1};
    return request->output ? mill_replacement_open(file, request->output, error) : 0;
}

static int print_report(const json_t *document)
{
    struct mill_text text = {0};
    const struct mill_report_options options = {.colour = mill_colour_wanted(stdout)};
    return mill_view_say(&text, mill_compare_report(&text, document, &options));
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
    if (file->descriptor >= 0 && mill_view_write(document, file, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    if ((request->json ? mill_view_say_json(document) : print_report(document)) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "the comparison could not be written to standard output");
    }
    return code;
}

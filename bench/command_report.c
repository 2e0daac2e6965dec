/* threadmill report: the table of a stored result. */
#include <errno.h>
#include <stdio.h>

#include "commands.h"
#include "harness/result.h"
#include "harness/summary.h"
#include "options.h"
#include "view.h"

struct request {
    const char *path;
    bool verbose;
};

static int take_path(void *target, const char *word, struct mill_error *error)
{
    struct request *request = target;
    if (request->path) {
        return mill_error_set(error, -EINVAL, "'threadmill report' shows one result at a time");
    }
    request->path = word;
    return 0;
}

static int take_verbose(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct request *)target)->verbose = true;
    return 0;
}

static const struct mill_option options[] = {
    {"verbose", 'v', NULL, "all columns, and the evidence of every finding in full", take_verbose, false},
};

static const struct mill_usage usage = {
    "report",
    "RESULT",
    "Prints the table of a result document that 'threadmill run' wrote.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill report results/runs/20260102T030405Z.json\n",
};

static int run(int argc, char **argv)
{
    struct request request = {0};
    struct mill_error error;
    struct mill_summary summary;
    json_t *result;
    int status = mill_options_parse(&usage, argc, argv, &request, take_path, &error);
    if (status != 0) {
        return status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    if (!request.path) {
        return mill_complain(MILL_EXIT_USAGE, "'threadmill report' needs a result: threadmill report FILE");
    }
    status = mill_result_load(request.path, &result, &error);
    if (status < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    int code = MILL_EXIT_EXPECTED;
    if (mill_summary_make(&summary, result, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "'%s': %s", request.path, error.message);
    } else {
        if (mill_view_print(result, &summary, request.verbose) < 0) {
            code = mill_complain(MILL_EXIT_MACHINE, "the table could not be written to standard output");
        }
        mill_summary_destroy(&summary);
    }
    json_decref(result);
    return code;
}

const struct mill_command mill_command_report = {"report", "the table of a stored result", run};

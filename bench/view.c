#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/result.h"
#include "harness/stress.h"
#include "measure/histogram_log.h"
#include "report/compare_report.h"
#include "report/run_report.h"
#include "report/stress_report.h"
#include "report/style.h"

int mill_view_say(struct mill_text *text, int status)
{
    if (status == 0 && (fputs(text->text ? text->text : "", stdout) < 0 || fflush(stdout) != 0)) {
        status = -EIO;
    }
    mill_text_free(text);
    return status;
}

int mill_view_say_json(const json_t *document)
{
    char *text = mill_result_text(document);
    int status = !text ? -ENOMEM : puts(text) < 0 || fflush(stdout) != 0 ? -EIO : 0;
    free(text);
    return status;
}

int mill_view_write(const json_t *document, struct mill_replacement *file, struct mill_error *error)
{
    char *text = mill_result_text(document);
    int status = text ? mill_replacement_write(file, text, strlen(text), error)
                      : mill_error_set(error, -ENOMEM, "no memory to write the document");
    status = status < 0 ? status : mill_replacement_write(file, "\n", 1, error);
    free(text);
    return status < 0 ? status : mill_replacement_commit(file, error);
}

int mill_view_print(const json_t *result, const struct mill_summary *summary, bool verbose)
{
    struct mill_text text = {0};
    const struct mill_report_options options = {
        .colour = mill_colour_wanted(stdout), .width = mill_terminal_width(stdout), .verbose = verbose};
    return mill_view_say(&text, mill_run_report(&text, result, summary, &options));
}

int mill_view_table(struct mill_text *text, const struct mill_view_input *input, FILE *terminal, bool verbose,
                    struct mill_error *error)
{
    const struct mill_report_options options = {.colour = terminal && mill_colour_wanted(terminal),
                                                .width = terminal ? mill_terminal_width(terminal) : 0,
                                                .verbose = verbose};
    if (input->summary) {
        return mill_run_report(text, input->document, input->summary, &options);
    }
    if (strcmp(input->format, MILL_STRESS_FORMAT) == 0) {
        return mill_stress_report(text, input->document, &options);
    }
    if (strcmp(input->format, "threadmill-compare") == 0) {
        return mill_compare_report(text, input->document, &options);
    }
    return mill_error_set(error, -ENOTSUP, "'%s' is a %s document, of which there is no table here",
                          input->path, input->format);
}

int mill_view_histogram_log(struct mill_text *log, const struct mill_summary *summary, uint64_t started_ms)
{
    mill_histogram_log_header(log, "threadmill", started_ms);
    for (size_t i = 0; i < summary->row_count; i++) {
        const struct mill_summary_row *row = &summary->rows[i];
        const struct mill_summary_cell *cell = &summary->cells[row->cell];
        char tag[256];
        if (!row->latency) {
            continue;
        }
        snprintf(tag, sizeof tag, "%s/%s/%u/%s", cell->scenario, cell->strategy, cell->threads, row->mode);
        int status = mill_histogram_log_line(log, tag, 0, 1, row->latency);
        if (status < 0) {
            return status;
        }
    }
    return log->failed ? -ENOMEM : 0;
}

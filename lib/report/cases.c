#include "report/cases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/sample_series.h"

enum {
    complaint_lines = 40,
    stack_lines = 60,
};

void mill_cases_quote(struct mill_text *detail, const char *title, const char *text, size_t most, bool tail)
{
    size_t lines = 0, at = 0;
    for (const char *line = text; *line; lines++) {
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    size_t skipped = tail && lines > most ? lines - most : 0;
    if (lines == 0) {
        return;
    }
    mill_text_add(detail, "%s:\n", title);
    if (skipped > 0) {
        mill_text_add(detail, "  (%zu lines before)\n", skipped);
    }
    for (const char *line = text; *line && at < skipped + most; at++) {
        size_t length = strcspn(line, "\n");
        if (at >= skipped) {
            mill_text_add(detail, "  %.*s\n", (int)length, line);
        }
        line += length + (line[length] == '\n');
    }
    if (at < lines) {
        mill_text_add(detail, "  (%zu lines more)\n", lines - at);
    }
}

void mill_cases_threads(struct mill_text *text, long long threads)
{
    mill_text_add(text, "%lld thread%s", threads, threads == 1 ? "" : "s");
}

int mill_cases_add(struct mill_cases *cases, struct mill_case_draft *draft)
{
    bool failed = draft->suite.failed || draft->name.failed || draft->message.failed || draft->detail.failed;
    struct mill_view_case *grown =
        failed ? NULL : realloc(cases->cases, (cases->count + 1) * sizeof *cases->cases);
    if (grown) {
        cases->cases = grown;
        cases->cases[cases->count++] = (struct mill_view_case){
            .suite = draft->suite.text,
            .name = draft->name.text,
            .message = draft->message.text,
            .detail = draft->detail.text,
            .kind = draft->kind,
            .outcome = draft->outcome,
            .seconds = draft->seconds,
        };
        cases->outcomes[draft->outcome]++;
    } else {
        mill_text_free(&draft->suite);
        mill_text_free(&draft->name);
        mill_text_free(&draft->message);
        mill_text_free(&draft->detail);
    }
    *draft = (struct mill_case_draft){0};
    return grown ? 0 : -ENOMEM;
}

void mill_cases_destroy(struct mill_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++) {
        free(cases->cases[i].suite);
        free(cases->cases[i].name);
        free(cases->cases[i].message);
        free(cases->cases[i].detail);
    }
    free(cases->cases);
    *cases = (struct mill_cases){0};
}

/* ---- a result: a case for each cell ---- */

static enum mill_case_outcome outcome_of(enum mill_verdict verdict)
{
    if (mill_verdict_is_finding(verdict)) {
        return MILL_CASE_FAILED;
    }
    return verdict == MILL_VERDICT_PASS || verdict == MILL_VERDICT_CAUGHT ? MILL_CASE_PASSED : MILL_CASE_OPEN;
}

static void add_evidence(struct mill_text *detail, const json_t *sample)
{
    mill_text_add(detail, "%s: %s sample of round %lld, attempt %lld, seed %lld\n",
                  mill_view_text(sample, "status"), mill_view_text(sample, "kind"),
                  mill_view_integer(sample, "round"), mill_view_integer(sample, "attempt"),
                  mill_view_integer(sample, "seed"));
    bool sanitizer =
        strcmp(mill_view_text(sample, "status"), "sanitizer") == 0; /* it begins with what matters */
    mill_cases_quote(detail, "standard error", mill_view_text(sample, "stderr"), complaint_lines, !sanitizer);
    mill_cases_quote(detail, "stacks", mill_view_text(sample, "stacks"), stack_lines, false);
}

static void explain(struct mill_case_draft *draft, const struct mill_summary_cell *cell,
                    const json_t *planned)
{
    const json_t *expected = json_object_get(planned, "expected");
    if (cell->bad > 0) {
        mill_text_add(&draft->message, "%zu of %zu samples are bad%s%s", cell->bad,
                      cell->bad + cell->accepted + cell->rejected, cell->reason ? ": " : "",
                      cell->reason ? cell->reason : "");
    } else if (cell->verdict == MILL_VERDICT_NOT_CAUGHT) {
        mill_text_add(
            &draft->message,
            "a control was to show %s, and did not: what this scenario's checks passed is not to be "
            "trusted",
            mill_view_text(expected, "findings"));
    } else if (draft->outcome == MILL_CASE_OPEN) {
        const char *reason = cell->unsupported ? cell->unsupported : cell->reason;
        mill_text_add(&draft->message, "%s", reason ? reason : "");
    }
    if (cell->evidence) {
        add_evidence(&draft->detail, cell->evidence);
    }
}

static double *seconds_of_cells(const struct mill_view_input *input)
{
    double *seconds = calloc(input->summary->cell_count + 1, sizeof *seconds);
    size_t index;
    json_t *sample;
    json_array_foreach(json_object_get(input->document, "samples"), index, sample)
    {
        if (seconds) {
            seconds[mill_sample_cell(sample)] += (double)mill_view_integer(sample, "window_ns") / 1e9;
        }
    }
    return seconds;
}

int mill_cases_of_result(struct mill_cases *cases, const struct mill_view_input *input)
{
    const struct mill_summary *summary = input->summary;
    double *seconds = seconds_of_cells(input);
    int status = seconds ? 0 : -ENOMEM;
    for (size_t i = 0; status == 0 && i < summary->cell_count; i++) {
        const struct mill_summary_cell *cell = &summary->cells[i];
        struct mill_case_draft draft = {.kind = mill_verdict_name(cell->verdict),
                                        .outcome = outcome_of(cell->verdict),
                                        .seconds = seconds[i]};
        mill_text_add(&draft.suite, "%s", cell->scenario);
        if (json_object_size(cell->parameters) > 0) {
            mill_text_add(&draft.suite, " (");
            mill_view_parameters(&draft.suite, cell->parameters);
            mill_text_add(&draft.suite, ")");
        }
        mill_text_add(&draft.name, "%s, ", cell->strategy);
        mill_cases_threads(&draft.name, cell->threads);
        explain(&draft, cell, json_array_get(json_object_get(input->document, "cells"), i));
        status = mill_cases_add(cases, &draft);
    }
    free(seconds);
    return status;
}

/* ---- any document ---- */

int mill_cases_make(struct mill_cases *cases, const struct mill_view_input *input, const char *view,
                    struct mill_error *error)
{
    static const struct {
        const char *format;
        int (*make)(struct mill_cases *cases, const struct mill_view_input *input);
    } formats[] = {
        {"threadmill-result", mill_cases_of_result},
        {"threadmill-stress", mill_cases_of_stress},
        {"threadmill-hunt", mill_cases_of_hunt},
        {"threadmill-compare", mill_cases_of_compare},
    };
    *cases = (struct mill_cases){0};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (mill_view_is(input, formats[i].format)) {
            int status = formats[i].make(cases, input);
            if (status < 0) {
                mill_cases_destroy(cases);
            }
            return status;
        }
    }
    return mill_view_unfit(input, view, "it holds no verdicts", error);
}

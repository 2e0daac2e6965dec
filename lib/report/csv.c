/* Comma-separated values (RFC 4180): lines end in CRLF, and a field with a comma, a quote or an end of line
 * is quoted. A number that is not there is an empty field. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "harness/result.h"
#include "harness/sample_series.h"
#include "harness/stress.h"
#include "report/view_parts.h"

struct row {
    struct mill_text *out;
    bool begun;
};

static void field(struct row *row, const char *text)
{
    mill_text_add(row->out, "%s", row->begun ? "," : "");
    row->begun = true;
    if (!strpbrk(text, ",\"\r\n")) {
        mill_text_add(row->out, "%s", text);
        return;
    }
    mill_text_add(row->out, "\"");
    while (*text) {
        size_t length = strcspn(text, "\"");
        mill_text_add(row->out, "%.*s%s", (int)length, text, text[length] ? "\"\"" : "");
        text += length + (text[length] != '\0');
    }
    mill_text_add(row->out, "\"");
}

static void number(struct row *row, double value)
{
    char text[64] = "";
    if (isfinite(value)) {
        snprintf(text, sizeof text, "%.15g", value);
    }
    field(row, text);
}

static void integer(struct row *row, long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", value);
    field(row, text);
}

static void truth(struct row *row, bool value)
{
    field(row, value ? "true" : "false");
}

static void parameters(struct row *row, const json_t *object)
{
    struct mill_text text = {0};
    mill_view_parameters(&text, object);
    row->out->failed = row->out->failed || text.failed;
    field(row, text.text ? text.text : "");
    mill_text_free(&text);
}

static void end(struct row *row)
{
    mill_text_add(row->out, "\r\n");
    row->begun = false;
}

static void head(struct row *row, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        field(row, names[i]);
    }
    end(row);
}

#define HEAD(row, names) head(row, names, sizeof(names) / sizeof((names)[0]))

/* ---- a result ---- */

static void cell_fields(struct row *row, const struct mill_summary_cell *cell)
{
    field(row, cell->scenario);
    parameters(row, cell->parameters);
    field(row, cell->strategy);
    field(row, cell->library ? cell->library : "");
    integer(row, cell->threads);
    truth(row, cell->oversubscribed);
}

static void latency_fields(struct row *row, const struct mill_histogram *latency)
{
    static const double percents[] = {50, 90, 99, 99.9, 99.99, 99.999};
    bool any = latency && latency->count > 0;
    integer(row, any ? (long long)latency->count : 0);
    number(row, any ? mill_histogram_mean(latency) : NAN);
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        number(row, any ? (double)mill_histogram_percentile(latency, percents[i]) : NAN);
    }
    number(row, any ? (double)latency->maximum : NAN);
}

static void measure_field(struct row *row, const struct mill_summary_row *from)
{
    struct mill_text text = {0};
    for (size_t i = 0; i < from->measure_count; i++) {
        const struct mill_summary_measure *measure = &from->measures[i];
        mill_text_add(&text, "%s%s=", i > 0 ? "; " : "", measure->name);
        if (isfinite(measure->median)) {
            mill_text_add(&text, "%.15g%s", measure->median, measure->unit);
        }
    }
    row->out->failed = row->out->failed || text.failed;
    field(row, text.text ? text.text : "");
    mill_text_free(&text);
}

static void summary_row(struct row *row, const struct mill_summary_cell *cell,
                        const struct mill_summary_row *from)
{
    cell_fields(row, cell);
    truth(row, cell->control);
    field(row, mill_verdict_name(cell->verdict));
    field(row, cell->unsupported ? cell->unsupported : cell->reason ? cell->reason : "");
    integer(row, (long long)cell->accepted);
    integer(row, (long long)cell->rejected);
    integer(row, (long long)cell->bad);
    field(row, from->mode);
    integer(row, (long long)from->samples);
    number(row, from->rate.ratio);
    number(row, from->rate.low);
    number(row, from->rate.high);
    number(row, from->per_cpu_second);
    number(row, from->jain);
    number(row, from->jain_slice);
    number(row, from->starvation_ns);
    number(row, from->reacquired);
    number(row, from->switches);
    latency_fields(row, from->latency);
    number(row, from->unfinished);
    truth(row, from->leads);
    measure_field(row, from);
    end(row);
}

/* A row for each cell and mode; a cell without one has a row without numbers. */
static void summary_rows(struct row *row, const struct mill_summary *summary)
{
    static const char *const names[] = {
        "scenario",
        "parameters",
        "strategy",
        "library",
        "threads",
        "oversubscribed",
        "control",
        "verdict",
        "reason",
        "accepted",
        "rejected",
        "bad",
        "mode",
        "samples",
        "operations_per_second",
        "operations_per_second_low",
        "operations_per_second_high",
        "operations_per_cpu_second",
        "jain",
        "jain_slice",
        "starvation_ns",
        "reacquired_share",
        "switches_per_thousand",
        "latency_count",
        "latency_mean_ns",
        "p50_ns",
        "p90_ns",
        "p99_ns",
        "p99.9_ns",
        "p99.99_ns",
        "p99.999_ns",
        "max_ns",
        "unfinished",
        "leads",
        "measures",
    };
    static const struct mill_summary_row none = {
        .mode = "",
        .rate = {.ratio = NAN, .low = NAN, .high = NAN},
        .per_cpu_second = NAN,
        .jain = NAN,
        .jain_slice = NAN,
        .starvation_ns = NAN,
        .reacquired = NAN,
        .switches = NAN,
        .unfinished = NAN,
    };
    size_t next = 0;
    HEAD(row, names);
    for (size_t i = 0; i < summary->cell_count; i++) {
        size_t first = next;
        for (; next < summary->row_count && summary->rows[next].cell == i; next++) {
            summary_row(row, &summary->cells[i], &summary->rows[next]);
        }
        if (next == first) {
            summary_row(row, &summary->cells[i], &none);
        }
    }
}

static void findings_field(struct row *row, const json_t *findings)
{
    struct mill_text text = {0};
    size_t index;
    json_t *finding;
    json_array_foreach(findings, index, finding)
    {
        mill_text_add(&text, "%s%s", index > 0 ? "; " : "", json_string_value(finding));
    }
    row->out->failed = row->out->failed || text.failed;
    field(row, text.text ? text.text : "");
    mill_text_free(&text);
}

static void sample_row(struct row *row, const struct mill_summary *summary, const json_t *sample)
{
    static const char *const numbers[] = {"window_ns", "operations", "operations_per_second",
                                          "operations_per_cpu_second", "reacquired_share"};
    static const char *const fairness[] = {"jain", "jain_slice_median", "jain_slice_worst", "starvation_ns"};
    static const char *const latency[] = {"count", "min_ns", "max_ns", "beyond", "unfinished"};
    cell_fields(row, &summary->cells[mill_sample_cell(sample)]);
    integer(row, mill_view_integer(sample, "round"));
    integer(row, mill_view_integer(sample, "attempt"));
    field(row, mill_view_text(sample, "kind"));
    integer(row, mill_view_integer(sample, "seed"));
    field(row, mill_view_text(sample, "status"));
    field(row, mill_view_text(sample, "reason"));
    findings_field(row, json_object_get(sample, "findings"));
    field(row, mill_view_text(sample, "mode"));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        number(row, mill_sample_number(sample, numbers[i]));
    }
    for (size_t i = 0; i < sizeof fairness / sizeof fairness[0]; i++) {
        number(row, mill_sample_number(json_object_get(sample, "fairness"), fairness[i]));
    }
    for (size_t i = 0; i < sizeof latency / sizeof latency[0]; i++) {
        number(row, mill_sample_number(json_object_get(sample, "latency"), latency[i]));
    }
    end(row);
}

static void sample_rows(struct row *row, const struct mill_view_input *input)
{
    static const char *const names[] = {
        "scenario",
        "parameters",
        "strategy",
        "library",
        "threads",
        "oversubscribed",
        "round",
        "attempt",
        "kind",
        "seed",
        "status",
        "reason",
        "findings",
        "mode",
        "window_ns",
        "operations",
        "operations_per_second",
        "operations_per_cpu_second",
        "reacquired_share",
        "jain",
        "jain_slice_median",
        "jain_slice_worst",
        "starvation_ns",
        "latency_count",
        "min_ns",
        "max_ns",
        "beyond",
        "unfinished",
    };
    size_t index;
    json_t *sample;
    HEAD(row, names);
    json_array_foreach(json_object_get(input->document, "samples"), index, sample)
    {
        sample_row(row, input->summary, sample);
    }
}

/* ---- a stress document ---- */

static void stress_rows(struct row *row, const json_t *document)
{
    static const char *const names[] = {"tool",      "scenario", "parameters", "strategy", "threads",
                                        "must_show", "verdict",  "reason",     "samples",  "rejected"};
    size_t index;
    json_t *cell;
    HEAD(row, names);
    json_array_foreach(json_object_get(document, "cells"), index, cell)
    {
        field(row, mill_view_text(cell, "tool"));
        field(row, mill_view_text(cell, "scenario"));
        parameters(row, json_object_get(cell, "parameters"));
        field(row, mill_view_text(cell, "strategy"));
        integer(row, mill_view_integer(cell, "threads"));
        truth(row, json_is_true(json_object_get(cell, "must_show")));
        field(row, mill_view_text(cell, "verdict"));
        field(row, mill_view_text(cell, "reason"));
        integer(row, mill_view_integer(cell, "samples"));
        integer(row, mill_view_integer(cell, "rejected"));
        end(row);
    }
}

int mill_view_csv(struct mill_text *out, const struct mill_view_input *input,
                  const struct mill_view_options *options, struct mill_error *error)
{
    struct row row = {.out = out};
    if (input->summary && options->samples) {
        sample_rows(&row, input);
    } else if (input->summary) {
        summary_rows(&row, input->summary);
    } else if (options->samples) {
        return mill_view_unfit(input, "csv with a row for each sample", "it keeps no samples", error);
    } else if (mill_view_is(input, MILL_STRESS_FORMAT)) {
        stress_rows(&row, input->document);
    } else {
        return mill_view_unfit(input, "csv", "it has no rows of cells", error);
    }
    return mill_view_done(out);
}

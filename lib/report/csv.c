/* Comma-separated values (RFC 4180): lines end in CRLF, and a field with a comma, a quote or an end of line
 * is quoted. A number that is not there is an empty field. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "harness/sample_series.h"
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

/* Frees the text. */
static void text_field(struct row *row, struct mill_text *text)
{
    row->out->failed = row->out->failed || text->failed;
    field(row, text->text ? text->text : "");
    mill_text_free(text);
}

static void parameters(struct row *row, const json_t *object)
{
    struct mill_text text = {0};
    mill_view_parameters(&text, object);
    text_field(row, &text);
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
    text_field(row, &text);
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
    text_field(row, &text);
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

/* ---- other documents: a row for each object of a list ---- */

enum kind {
    kind_text,
    kind_number,
    kind_truth,
    kind_parameters,
};

struct column {
    const char *head;
    const char *within; /* the member that has it; NULL: the object itself */
    const char *name;
    enum kind kind;
};

static const struct column stress_columns[] = {
    {"tool", NULL, "tool", kind_text},
    {"scenario", NULL, "scenario", kind_text},
    {"parameters", NULL, "parameters", kind_parameters},
    {"strategy", NULL, "strategy", kind_text},
    {"threads", NULL, "threads", kind_number},
    {"must_show", NULL, "must_show", kind_truth},
    {"verdict", NULL, "verdict", kind_text},
    {"reason", NULL, "reason", kind_text},
    {"samples", NULL, "samples", kind_number},
    {"rejected", NULL, "rejected", kind_number},
};

static const struct column hunt_columns[] = {
    {"scenario", NULL, "scenario", kind_text},
    {"parameters", NULL, "parameters", kind_parameters},
    {"strategy", NULL, "strategy", kind_text},
    {"threads", NULL, "threads", kind_number},
    {"program", NULL, "program", kind_text},
    {"control", NULL, "control", kind_truth},
    {"verdict", NULL, "verdict", kind_text},
    {"reason", NULL, "reason", kind_text},
    {"schedules", NULL, "schedules", kind_number},
    {"steps", NULL, "steps", kind_number},
    {"cut", NULL, "cut", kind_number},
    {"elapsed_ns", NULL, "elapsed_ns", kind_number},
    {"exhausted", NULL, "exhausted", kind_truth},
};

static const struct column compare_columns[] = {
    {"scenario", NULL, "scenario", kind_text},
    {"parameters", NULL, "parameters", kind_parameters},
    {"base_strategy", NULL, "base_strategy", kind_text},
    {"head_strategy", NULL, "head_strategy", kind_text},
    {"threads", NULL, "threads", kind_number},
    {"oversubscribed", NULL, "oversubscribed", kind_truth},
    {"metric", NULL, "metric", kind_text},
    {"unit", NULL, "unit", kind_text},
    {"better", NULL, "better", kind_text},
    {"mode", NULL, "mode", kind_text},
    {"pairs", NULL, "n", kind_number},
    {"base", NULL, "base", kind_number},
    {"head", NULL, "head", kind_number},
    {"ratio", "ratio", "median", kind_number},
    {"ratio_low", "ratio", "low", kind_number},
    {"ratio_high", "ratio", "high", kind_number},
    {"margin", NULL, "margin", kind_number},
    {"gates", NULL, "gates", kind_truth},
    {"why_not", NULL, "why_not", kind_text},
    {"verdict", NULL, "verdict", kind_text},
    {"detectable", NULL, "detectable", kind_number},
    {"rounds_needed", NULL, "rounds_needed", kind_number},
};

struct table {
    const char *format;
    const char *lists[3]; /* members of the document, each a list of rows; NULL ends them */
    const struct column *columns;
    size_t count;
};

#define COLUMNS(columns) columns, sizeof(columns) / sizeof((columns)[0])

static const struct table tables[] = {
    {"threadmill-stress", {"cells"}, COLUMNS(stress_columns)},
    {"threadmill-hunt", {"cells"}, COLUMNS(hunt_columns)},
    {"threadmill-compare", {"rows", "aa"}, COLUMNS(compare_columns)},
};

static void value_field(struct row *row, const json_t *object, const struct column *column)
{
    const json_t *from = column->within ? json_object_get(object, column->within) : object;
    switch (column->kind) {
    case kind_text:
        field(row, mill_view_text(from, column->name));
        break;
    case kind_number:
        if (json_is_integer(json_object_get(from, column->name))) {
            integer(row, mill_view_integer(from, column->name));
        } else {
            number(row, mill_sample_number(from, column->name));
        }
        break;
    case kind_truth:
        truth(row, json_is_true(json_object_get(from, column->name)));
        break;
    case kind_parameters:
        parameters(row, json_object_get(from, column->name));
        break;
    }
}

/* The name of the list stands first where there are several. */
static void table_rows(struct row *row, const json_t *document, const struct table *table)
{
    size_t index;
    json_t *object;
    if (table->lists[1]) {
        field(row, "list");
    }
    for (size_t i = 0; i < table->count; i++) {
        field(row, table->columns[i].head);
    }
    end(row);
    for (const char *const *list = table->lists; *list; list++) {
        json_array_foreach(json_object_get(document, *list), index, object)
        {
            if (table->lists[1]) {
                field(row, *list);
            }
            for (size_t i = 0; i < table->count; i++) {
                value_field(row, object, &table->columns[i]);
            }
            end(row);
        }
    }
}

static const struct table *find_table(const struct mill_view_input *input)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (mill_view_is(input, tables[i].format)) {
            return &tables[i];
        }
    }
    return NULL;
}

int mill_view_csv(struct mill_text *out, const struct mill_view_input *input,
                  const struct mill_view_options *options, struct mill_error *error)
{
    struct row row = {.out = out};
    const struct table *table = find_table(input);
    if (input->summary && options->samples) {
        sample_rows(&row, input);
    } else if (input->summary) {
        summary_rows(&row, input->summary);
    } else if (options->samples) {
        return mill_view_unfit(input, "csv with a row for each sample", "it keeps no samples", error);
    } else if (table) {
        table_rows(&row, input->document, table);
    } else {
        return mill_view_unfit(input, "csv", "it has no rows", error);
    }
    return mill_view_done(out);
}

#include <math.h>
#include <string.h>

#include "report/markdown.h"
#include "report/run_parts.h"

enum {
    text_size = 64,
    folded_above = 1, /* with more tables than this, they are to be unfolded */
};

/* ---- a run ---- */

static const char *format_rate(char *buffer, double value)
{
    return isfinite(value) ? mill_format_count(buffer, text_size, value) : "-";
}

static const char *format_percentile(char *buffer, const struct mill_summary_row *row, double percent)
{
    return row->latency && row->latency->count > 0
               ? mill_format_duration(buffer, text_size,
                                      (double)mill_histogram_percentile(row->latency, percent))
               : "-";
}

static const char *format_interval(char *buffer, const struct mill_paired *rate)
{
    char low[text_size / 2], high[text_size / 2];
    if (!isfinite(rate->low) || !isfinite(rate->high)) {
        return "-";
    }
    snprintf(buffer, text_size, "%s to %s", mill_format_count(low, sizeof low, rate->low),
             mill_format_count(high, sizeof high, rate->high));
    return buffer;
}

static void add_run_row(struct mill_text *out, const struct mill_summary_cell *cell,
                        const struct mill_summary_row *row)
{
    char threads[text_size], rate[text_size], interval[text_size], p50[text_size], p99[text_size],
        jain[text_size] = "-";
    snprintf(threads, sizeof threads, "%u%s", cell->threads, cell->oversubscribed ? " (oversubscribed)" : "");
    if (isfinite(row->jain)) {
        snprintf(jain, sizeof jain, "%.3f", row->jain);
    }
    const char *const words[] = {
        threads,
        row->mode,
        cell->strategy,
        format_rate(rate, row->rate.ratio),
        format_interval(interval, &row->rate),
        format_percentile(p50, row, 50),
        format_percentile(p99, row, 99),
        jain,
        row->leads ? "pass, fastest" : mill_verdict_name(cell->verdict),
    };
    mill_markdown_row(out, words, sizeof words / sizeof words[0]);
}

static void add_leaders(struct mill_text *out, const struct mill_summary *summary, size_t first)
{
    mill_text_add(out, "\n");
    for (size_t i = 0; i < summary->leader_count; i++) {
        const struct mill_summary_pair *pair = &summary->leaders[i];
        const struct mill_summary_cell *one = &summary->cells[pair->cell];
        struct mill_text line = {0};
        if (!mill_report_same_table(&summary->cells[first], one)) {
            continue;
        }
        bool leads = pair->ratio.low > 1.0;
        mill_text_add(&line, "%u thread%s, %s: %s %s %s ", one->threads, one->threads == 1 ? "" : "s",
                      pair->mode, one->strategy, leads ? "leads" : "does not lead",
                      summary->cells[pair->other].strategy);
        mill_report_ratio(&line, &pair->ratio);
        mill_text_add(out, "- ");
        mill_markdown_text(out, line.text ? line.text : "");
        mill_text_add(out, "\n");
        out->failed = out->failed || line.failed;
        mill_text_free(&line);
    }
}

static bool opens_table(const struct mill_summary *summary, size_t cell)
{
    for (size_t i = 0; i < cell; i++) {
        if (mill_report_same_table(&summary->cells[i], &summary->cells[cell])) {
            return false;
        }
    }
    return true;
}

static void add_run_table(struct mill_text *out, const struct mill_summary *summary, size_t first,
                          bool folded)
{
    static const char *const names[] = {"threads", "mode", "strategy", "op/s",   "95% interval",
                                        "p50",     "p99",  "Jain",     "verdict"};
    struct mill_text subject = {0};
    bool any = false;
    mill_report_subject(&subject, &summary->cells[first]);
    for (size_t i = 0; i < summary->row_count; i++) {
        const struct mill_summary_cell *cell = &summary->cells[summary->rows[i].cell];
        if (!mill_report_same_table(&summary->cells[first], cell)) {
            continue;
        }
        if (!any) {
            mill_markdown_open(out, subject.text ? subject.text : "", !folded);
            mill_markdown_head(out, names, "rllrrrrrl", sizeof names / sizeof names[0]);
        }
        any = true;
        add_run_row(out, cell, &summary->rows[i]);
    }
    if (any) {
        add_leaders(out, summary, first);
        mill_markdown_close(out);
    }
    out->failed = out->failed || subject.failed;
    mill_text_free(&subject);
}

static void add_run(struct mill_text *out, const struct mill_summary *summary)
{
    size_t tables = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        tables += opens_table(summary, i);
    }
    for (size_t i = 0; i < summary->cell_count; i++) {
        if (opens_table(summary, i)) {
            add_run_table(out, summary, i, tables > folded_above);
        }
    }
}

/* ---- stress and hunt: what became of each cell ---- */

static void add_cells(struct mill_text *out, const json_t *cells, bool hunt)
{
    const char *const names[] = {hunt ? "program" : "tool",      "scenario", "strategy", "threads",
                                 hunt ? "schedules" : "samples", "verdict"};
    size_t index;
    json_t *cell;
    mill_markdown_open(out, "every cell", false);
    mill_markdown_head(out, names, "lllrrl", sizeof names / sizeof names[0]);
    json_array_foreach(cells, index, cell)
    {
        char threads[text_size], count[text_size];
        snprintf(threads, sizeof threads, "%lld", mill_view_integer(cell, "threads"));
        snprintf(count, sizeof count, "%lld", mill_view_integer(cell, hunt ? "schedules" : "samples"));
        const char *const words[] = {
            mill_view_text(cell, hunt ? "program" : "tool"),
            mill_view_text(cell, "scenario"),
            mill_view_text(cell, "strategy"),
            threads,
            count,
            mill_view_text(cell, "verdict"),
        };
        mill_markdown_row(out, words, sizeof words / sizeof words[0]);
    }
    mill_markdown_close(out);
}

/* ---- compare ---- */

static const char *format_ratio(char *buffer, const json_t *ratio)
{
    const json_t *median = json_object_get(ratio, "median");
    const json_t *low = json_object_get(ratio, "low"), *high = json_object_get(ratio, "high");
    if (!json_is_number(median)) {
        return "-";
    }
    int length = snprintf(buffer, text_size, "%.3g", json_number_value(median));
    if (json_is_number(low) && json_is_number(high)) {
        snprintf(buffer + length, text_size - (size_t)length, " (%.3g to %.3g)", json_number_value(low),
                 json_number_value(high));
    }
    return buffer;
}

static void add_compared(struct mill_text *out, const json_t *row)
{
    char threads[text_size], ratio[text_size], pairs[text_size];
    struct mill_text strategy = {0};
    const char *base = mill_view_text(row, "base_strategy"), *head = mill_view_text(row, "head_strategy");
    mill_text_add(&strategy, "%s%s%s", head, strcmp(base, head) == 0 ? "" : " against ",
                  strcmp(base, head) == 0 ? "" : base);
    snprintf(threads, sizeof threads, "%lld", mill_view_integer(row, "threads"));
    snprintf(pairs, sizeof pairs, "%lld", mill_view_integer(row, "n"));
    const char *const words[] = {
        mill_view_text(row, "scenario"),
        strategy.text ? strategy.text : "",
        threads,
        mill_view_text(row, "metric"),
        mill_view_text(row, "mode"),
        format_ratio(ratio, json_object_get(row, "ratio")),
        pairs,
        mill_view_text(row, "verdict"),
    };
    mill_markdown_row(out, words, sizeof words / sizeof words[0]);
    out->failed = out->failed || strategy.failed;
    mill_text_free(&strategy);
}

static void add_rows(struct mill_text *out, const json_t *rows, const char *title, bool open, bool gating)
{
    static const char *const names[] = {"scenario", "strategy",    "threads", "metric",
                                        "mode",     "head / base", "pairs",   "verdict"};
    size_t index, count = 0;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        if (json_is_true(json_object_get(row, "gates")) != gating) {
            continue;
        }
        if (count++ == 0) {
            mill_markdown_open(out, title, open);
            mill_markdown_head(out, names, "llrllrrl", sizeof names / sizeof names[0]);
        }
        add_compared(out, row);
    }
    if (count > 0) {
        mill_markdown_close(out);
    }
}

static void add_lines(struct mill_text *out, const json_t *notes)
{
    size_t index;
    json_t *note;
    mill_text_add(out, "%s", json_array_size(notes) > 0 ? "\n" : "");
    json_array_foreach(notes, index, note)
    {
        mill_text_add(out, "- *note:* ");
        mill_markdown_text(out, json_string_value(note));
        mill_text_add(out, "\n");
    }
}

static void add_comparison(struct mill_text *out, const json_t *document)
{
    const json_t *rows = json_object_get(document, "rows"), *base = json_object_get(document, "base");
    mill_text_add(out, "\nbase: ");
    mill_markdown_text(out, mill_view_text(base, "label"));
    mill_text_add(out, "; head: ");
    mill_markdown_text(out, mill_view_text(json_object_get(document, "head"), "label"));
    mill_text_add(out, "%s\n",
                  json_is_true(json_object_get(document, "paired"))
                      ? ""
                      : "; **unpaired**, and so weaker: whatever changed between the two is in the ratio");
    add_rows(out, rows, "rows that gate", true, true);
    add_rows(out, rows, "rows that do not gate", false, false);
    add_rows(out, json_object_get(document, "aa"), "base against base", false, true);
    add_rows(out, json_object_get(document, "aa"), "base against base, not gating", false, false);
    add_lines(out, json_object_get(document, "notes"));
}

void mill_markdown_tables(struct mill_text *out, const struct mill_view_input *input)
{
    if (input->summary) {
        add_run(out, input->summary);
    } else if (mill_view_is(input, "threadmill-compare")) {
        add_comparison(out, input->document);
    } else {
        add_cells(out, json_object_get(input->document, "cells"), mill_view_is(input, "threadmill-hunt"));
    }
}

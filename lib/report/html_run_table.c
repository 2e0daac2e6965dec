/* The rows of one scenario as a table that can be sorted, and the cells that have no numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/histogram.h"
#include "report/html_run.h"
#include "report/run_columns.h"

enum {
    open_rows = 60, /* a table with more is folded */
};

/* A cell of numbers: what it is sorted by, and its text as `format` writes it. */
static void add_number(struct mill_text *out, double value,
                       void (*format)(struct mill_text *out, double value))
{
    if (!isfinite(value)) {
        mill_text_add(out, "<td class=\"n\">\xe2\x80\x93</td>");
        return;
    }
    mill_text_add(out, "<td class=\"n\" data-v=\"%.6g\">", value);
    format(out, value);
    mill_text_add(out, "</td>");
}

static void format_share(struct mill_text *out, double value)
{
    mill_text_add(out, "%.3f", value);
}

static double percentile(const struct mill_summary_row *row, double percent)
{
    return row->latency && row->latency->count > 0 ? (double)mill_histogram_percentile(row->latency, percent)
                                                   : (double)NAN;
}

static const struct mill_summary_measure *measure_of(const struct mill_summary_row *row, const char *name)
{
    for (size_t i = 0; i < row->measure_count; i++) {
        if (strcmp(row->measures[i].name, name) == 0) {
            return &row->measures[i];
        }
    }
    return NULL;
}

static void add_measure(struct mill_text *out, const struct mill_summary_measure *measure)
{
    bool time = measure && strcmp(measure->unit, "ns") == 0;
    add_number(out, measure ? measure->median : (double)NAN, time ? mill_html_duration : mill_html_count);
}

static const struct mill_summary_pair *behind_of(const struct mill_html_run *run,
                                                 const struct mill_summary_row *row)
{
    for (size_t i = 0; i < run->behind_count; i++) {
        if (run->behind[i].cell == row->cell && strcmp(run->behind[i].mode, row->mode) == 0) {
            return &run->behind[i];
        }
    }
    return NULL;
}

/* A row of the fastest of its group: it leads, or something is behind it. */
static bool is_fastest(const struct mill_html_run *run, const struct mill_summary_row *row)
{
    for (size_t i = 0; i < run->behind_count; i++) {
        if (run->behind[i].other == row->cell && strcmp(run->behind[i].mode, row->mode) == 0) {
            return true;
        }
    }
    return row->leads;
}

static void add_behind(const struct mill_html_run *run, const struct mill_summary_row *row)
{
    struct mill_text *out = run->out;
    const struct mill_summary_pair *pair = behind_of(run, row);
    if (is_fastest(run, row)) {
        mill_text_add(out, "<td class=\"n\" data-v=\"1\">fastest</td><td></td>");
        return;
    }
    if (!pair || pair->ratio.rounds == 0) {
        mill_text_add(out, "<td class=\"n\">\xe2\x80\x93</td><td></td>");
        return;
    }
    const struct mill_paired *ratio = &pair->ratio;
    mill_text_add(out, "<td class=\"n\" data-v=\"%.6g\">", ratio->ratio);
    mill_html_ratio(out, ratio->ratio);
    mill_text_add(out, "</td><td>");
    if (isfinite(ratio->high)) {
        mill_html_ratio_picture(out, ratio->ratio, ratio->low, ratio->high, 0);
    }
    mill_text_add(out, "</td>");
}

static void add_interval(struct mill_text *out, const struct mill_paired *rate)
{
    mill_text_add(out, "<td class=\"n\">");
    if (isfinite(rate->low) && isfinite(rate->high)) {
        mill_html_count(out, rate->low);
        mill_text_add(out, " to ");
        mill_html_count(out, rate->high);
    } else {
        mill_text_add(out, "\xe2\x80\x93");
    }
    mill_text_add(out, "</td>");
}

static void add_row(const struct mill_html_run *run, const struct mill_run_measures *measures,
                    const struct mill_summary_row *row)
{
    struct mill_text *out = run->out;
    const struct mill_summary_cell *cell = &run->summary->cells[row->cell];
    bool bad = mill_verdict_is_finding(cell->verdict);
    mill_text_add(out, "<tr%s data-s=\"",
                  bad             ? " class=\"bad\""
                  : row->leads    ? " class=\"leads\""
                  : cell->control ? " class=\"dim\""
                                  : "");
    mill_html_text(out, cell->strategy);
    mill_text_add(out, "\"><th scope=\"row\">");
    mill_html_text(out, cell->strategy);
    mill_text_add(
        out, "</th><td class=\"n\" data-v=\"%u\">%u%s</td><td>%s</td>", cell->threads, cell->threads,
        cell->oversubscribed ? "<span title=\"more threads than processors\">*</span>" : "", row->mode);
    add_number(out, row->rate.ratio, mill_html_count);
    add_interval(out, &row->rate);
    add_behind(run, row);
    add_number(out, percentile(row, 50), mill_html_duration);
    add_number(out, percentile(row, 99), mill_html_duration);
    add_number(out, percentile(row, 99.9), mill_html_duration);
    add_number(out, percentile(row, 100), mill_html_duration);
    add_number(out, row->jain, format_share);
    add_number(out, row->starvation_ns, mill_html_duration);
    add_number(out, row->per_cpu_second, mill_html_count);
    for (size_t i = 0; i < measures->count; i++) {
        add_measure(out, measure_of(row, measures->names[i]));
    }
    mill_text_add(out, "<td class=\"n\" data-v=\"%zu\">%zu</td><td>%s%s</td></tr>\n", row->samples,
                  row->samples, mill_verdict_name(cell->verdict),
                  row->leads                      ? ", leads"
                  : mill_report_not_checked(cell) ? ", not checked"
                                                  : "");
}

static void add_head(const struct mill_html_run *run, const struct mill_run_measures *measures)
{
    static const char *const heads[] = {
        "strategy", "threads", "mode",  "op/s", "95 % interval", "of the fastest", "",
        "p50",      "p99",     "p99.9", "max",  "Jain",          "starved",        "op per CPU s"};
    mill_text_add(run->out, "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\">\n<thead><tr>");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        mill_text_add(run->out,
                      i == 0 || i == 2 ? "<th scope=\"col\">%s</th>"
                                       : "<th scope=\"col\" class=\"n\">%s</th>",
                      heads[i]);
    }
    for (size_t i = 0; i < measures->count; i++) {
        mill_text_add(run->out, "<th scope=\"col\" class=\"n\">");
        mill_html_text(run->out, measures->names[i]);
        mill_text_add(run->out, "</th>");
    }
    mill_text_add(run->out,
                  "<th scope=\"col\" class=\"n\">samples</th><th scope=\"col\">verdict</th></tr></thead>\n");
}

/* Cells without a row, and why; what needs saying of controls. */
static void add_notes(const struct mill_html_run *run, size_t table)
{
    const struct mill_summary *summary = run->summary;
    bool any = false;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct mill_summary_cell *cell = &summary->cells[i];
        bool judged = cell->verdict == MILL_VERDICT_PASS && cell->worked;
        if (!mill_html_in_table(summary, table, i) || judged) {
            continue;
        }
        const json_t *expected =
            json_object_get(json_array_get(json_object_get(run->result, "cells"), i), "expected");
        const char *why = cell->unsupported ? cell->unsupported : cell->reason;
        mill_text_add(run->out, "%s<li><b>", any ? "" : "<ul class=\"notes\">\n");
        mill_html_text(run->out, cell->strategy);
        mill_text_add(run->out, "</b> at %u: %s", cell->threads, mill_verdict_name(cell->verdict));
        if (why) {
            mill_text_add(run->out, ", ");
            mill_html_text(run->out, why);
        }
        if (json_is_object(expected)) {
            mill_text_add(run->out, " <span class=\"dim\">(a control, kept to show ");
            mill_html_text(run->out, mill_view_text(expected, "findings"));
            mill_text_add(run->out, ": ");
            mill_html_text(run->out, mill_view_text(expected, "why"));
            mill_text_add(run->out, ")</span>");
        }
        mill_text_add(run->out, "</li>\n");
        any = true;
    }
    mill_text_add(run->out, "%s", any ? "</ul>\n" : "");
}

void mill_html_run_table(const struct mill_html_run *run, size_t table)
{
    struct mill_run_measures measures = {.count = 0};
    const struct mill_summary *summary = run->summary;
    size_t rows = 0;
    for (size_t i = 0; i < summary->row_count; i++) {
        if (mill_html_in_table(summary, table, summary->rows[i].cell)) {
            mill_run_measures_add(&measures, &summary->rows[i]);
            rows++;
        }
    }
    if (rows > 0) {
        mill_text_add(run->out, "<details%s><summary>Table of %zu row%s</summary>\n",
                      rows <= open_rows ? " open" : "", rows, rows == 1 ? "" : "s");
        add_head(run, &measures);
        mill_text_add(run->out, "<tbody>\n");
        for (size_t i = 0; i < summary->row_count; i++) {
            if (mill_html_in_table(summary, table, summary->rows[i].cell)) {
                add_row(run, &measures, &summary->rows[i]);
            }
        }
        mill_text_add(run->out, "</tbody></table></div></details>\n");
    }
    add_notes(run, table);
}

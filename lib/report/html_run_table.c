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

struct sorted_row {
    const struct mill_summary_row *row;
    unsigned threads;
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
    mill_html_share_picture(out, ratio->ratio, ratio->low, ratio->high);
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

/* ---- cells without a row, and controls ---- */

static bool has_note(const struct mill_summary_cell *cell)
{
    return cell->verdict != MILL_VERDICT_PASS || !cell->worked;
}

static const char *reason_of(const struct mill_summary_cell *cell)
{
    const char *reason = cell->unsupported ? cell->unsupported : cell->reason;
    return reason ? reason : "";
}

/* Told in one line: what became of them is the same, and why, where that is no matter of the moment. */
static bool told_together(const struct mill_summary_cell *a, const struct mill_summary_cell *b)
{
    return a->verdict == b->verdict && (!a->control || strcmp(a->strategy, b->strategy) == 0) &&
           a->control == b->control && (!a->unsupported || strcmp(reason_of(a), reason_of(b)) == 0);
}

/* Is `cell` the first of the table of which `is` holds with it? */
static bool is_first(const struct mill_summary *summary, size_t table, size_t cell,
                     bool (*is)(const struct mill_summary_cell *a, const struct mill_summary_cell *b))
{
    for (size_t i = table; i < cell; i++) {
        if (mill_html_in_table(summary, table, i) && has_note(&summary->cells[i]) &&
            is(&summary->cells[i], &summary->cells[cell])) {
            return false;
        }
    }
    return true;
}

static bool told_as_one_strategy(const struct mill_summary_cell *a, const struct mill_summary_cell *b)
{
    return told_together(a, b) && strcmp(a->strategy, b->strategy) == 0;
}

/* "mutex at 1, 2; cas at 4": those that are told along with `first`. Returns how many cells. */
static size_t add_names(const struct mill_html_run *run, size_t table, size_t first)
{
    const struct mill_summary *summary = run->summary;
    size_t count = 0;
    for (size_t i = first; i < summary->cell_count; i++) {
        const struct mill_summary_cell *cell = &summary->cells[i];
        if (!mill_html_in_table(summary, table, i) || !has_note(cell) ||
            !told_together(&summary->cells[first], cell) ||
            !is_first(summary, table, i, told_as_one_strategy)) {
            continue;
        }
        mill_text_add(run->out, "%s<b>", count > 0 ? "; " : "");
        mill_html_text(run->out, cell->strategy);
        mill_text_add(run->out, "</b> at ");
        const char *between = "";
        for (size_t j = i; j < summary->cell_count; j++) {
            if (mill_html_in_table(summary, table, j) && has_note(&summary->cells[j]) &&
                told_as_one_strategy(cell, &summary->cells[j])) {
                mill_text_add(run->out, "%s%u", between, summary->cells[j].threads);
                between = ", ";
                count++;
            }
        }
    }
    return count;
}

static void add_note(const struct mill_html_run *run, size_t table, size_t first)
{
    struct mill_text *out = run->out;
    const struct mill_summary_cell *cell = &run->summary->cells[first];
    const json_t *expected =
        json_object_get(json_array_get(json_object_get(run->result, "cells"), first), "expected");
    mill_text_add(out, "<li>%s%s: ", cell->control ? "control, " : "", mill_verdict_name(cell->verdict));
    size_t count = add_names(run, table, first);
    if (reason_of(cell)[0]) {
        mill_text_add(out, " <span class=\"dim\">(%s", count > 1 && !cell->unsupported ? "for one: " : "");
        mill_html_text(out, reason_of(cell));
        mill_text_add(out, ")</span>");
    }
    if (json_is_object(expected)) {
        mill_text_add(out, " <span class=\"dim\">kept to show ");
        mill_html_text(out, mill_view_text(expected, "findings"));
        mill_text_add(out, ": ");
        mill_html_text(out, mill_view_text(expected, "why"));
        mill_text_add(out, "</span>");
    }
    mill_text_add(out, "</li>\n");
}

static void add_notes(const struct mill_html_run *run, size_t table)
{
    const struct mill_summary *summary = run->summary;
    bool any = false;
    for (size_t i = table; i < summary->cell_count; i++) {
        if (mill_html_in_table(summary, table, i) && has_note(&summary->cells[i]) &&
            is_first(summary, table, i, told_together)) {
            mill_text_add(run->out, "%s", any ? "" : "<ul class=\"notes\">\n");
            add_note(run, table, i);
            any = true;
        }
    }
    mill_text_add(run->out, "%s", any ? "</ul>\n" : "");
}

/* By threads, then mode, the fastest first: as the terminal has them. */
static int by_group(const void *a, const void *b)
{
    const struct sorted_row *one = a, *other = b;
    int mode = strcmp(one->row->mode, other->row->mode);
    double rate = one->row->samples > 0 ? one->row->rate.ratio : -1;
    double other_rate = other->row->samples > 0 ? other->row->rate.ratio : -1;
    if (one->threads != other->threads) {
        return one->threads < other->threads ? -1 : 1;
    }
    if (mode != 0) {
        return -mode; /* near before far */
    }
    if (rate > other_rate || rate < other_rate) {
        return rate > other_rate ? -1 : 1;
    }
    return one->row->cell < other->row->cell ? -1 : one->row->cell > other->row->cell;
}

static void add_sorted(const struct mill_html_run *run, size_t table,
                       const struct mill_run_measures *measures, size_t count)
{
    const struct mill_summary *summary = run->summary;
    struct sorted_row *sorted = calloc(count, sizeof *sorted);
    size_t at = 0;
    run->out->failed = run->out->failed || !sorted;
    for (size_t i = 0; i < summary->row_count && sorted; i++) {
        const struct mill_summary_row *row = &summary->rows[i];
        if (mill_html_in_table(summary, table, row->cell)) {
            sorted[at++] = (struct sorted_row){row, summary->cells[row->cell].threads};
        }
    }
    if (sorted) {
        qsort(sorted, at, sizeof *sorted, by_group);
    }
    for (size_t i = 0; i < at; i++) {
        add_row(run, measures, sorted[i].row);
    }
    free(sorted);
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
        add_sorted(run, table, &measures, rows);
        mill_text_add(run->out, "</tbody></table></div></details>\n");
    }
    add_notes(run, table);
}

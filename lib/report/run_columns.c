#include "report/run_columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct mill_summary_cell *cell_of(const struct mill_run_report *report,
                                               const struct mill_summary_row *row)
{
    return &report->summary->cells[row->cell];
}

static void write_strategy(const struct mill_run_report *report, const struct mill_summary_row *row,
                           char *buffer, size_t size)
{
    snprintf(buffer, size, "  %s", cell_of(report, row)->strategy);
}

static void write_shape(const struct mill_run_report *report, const struct mill_summary_row *row,
                        char *buffer, size_t size)
{
    const char *shape = cell_of(report, row)->shape;
    if (shape) {
        snprintf(buffer, size, "%s", shape);
    }
}

static void write_count(char *buffer, size_t size, double count)
{
    if (isfinite(count)) {
        mill_format_count(buffer, size, count);
    }
}

static void write_rate(const struct mill_run_report *report, const struct mill_summary_row *row, char *buffer,
                       size_t size)
{
    (void)report;
    write_count(buffer, size, row->rate.ratio);
}

static void write_interval(const struct mill_run_report *report, const struct mill_summary_row *row,
                           char *buffer, size_t size)
{
    const struct mill_paired *rate = &row->rate;
    if (!isfinite(rate->low) || !isfinite(rate->high) || !(rate->ratio > 0)) {
        return;
    }
    if (report->options->verbose) {
        char low[32], high[32];
        snprintf(buffer, size, "%s to %s", mill_format_count(low, sizeof low, rate->low),
                 mill_format_count(high, sizeof high, rate->high));
    } else {
        double percent = 100 * fmax(rate->high - rate->ratio, rate->ratio - rate->low) / rate->ratio;
        snprintf(buffer, size, percent < 9.95 ? "±%.1f%%" : "±%.0f%%", percent);
    }
}

static void write_percentile(const struct mill_summary_row *row, double percent, char *buffer, size_t size)
{
    if (row->latency && row->latency->count > 0) {
        mill_format_duration(buffer, size, (double)mill_histogram_percentile(row->latency, percent));
    }
}

static void write_p50(const struct mill_run_report *report, const struct mill_summary_row *row, char *buffer,
                      size_t size)
{
    (void)report;
    write_percentile(row, 50, buffer, size);
}

static void write_p99(const struct mill_run_report *report, const struct mill_summary_row *row, char *buffer,
                      size_t size)
{
    (void)report;
    write_percentile(row, 99, buffer, size);
}

static void write_p999(const struct mill_run_report *report, const struct mill_summary_row *row, char *buffer,
                       size_t size)
{
    (void)report;
    write_percentile(row, 99.9, buffer, size);
}

static void write_max(const struct mill_run_report *report, const struct mill_summary_row *row, char *buffer,
                      size_t size)
{
    (void)report;
    if (row->latency && row->latency->count > 0) {
        mill_format_duration(buffer, size, (double)row->latency->maximum);
    }
}

static void write_index(char *buffer, size_t size, double index)
{
    if (isfinite(index)) {
        snprintf(buffer, size, "%.3f", index);
    }
}

static void write_jain(const struct mill_run_report *report, const struct mill_summary_row *row, char *buffer,
                       size_t size)
{
    (void)report;
    write_index(buffer, size, row->jain);
}

static void write_jain_slice(const struct mill_run_report *report, const struct mill_summary_row *row,
                             char *buffer, size_t size)
{
    (void)report;
    write_index(buffer, size, row->jain_slice);
}

static void write_starved(const struct mill_run_report *report, const struct mill_summary_row *row,
                          char *buffer, size_t size)
{
    json_int_t slice_ns =
        json_integer_value(json_object_get(json_object_get(report->result, "settings"), "slice_ns"));
    char slice[32];
    if (row->starvation_ns > 0 && isfinite(row->starvation_ns)) {
        mill_format_duration(buffer, size, row->starvation_ns);
    } else if (isfinite(row->starvation_ns) && slice_ns > 0) { /* no slice passed without an operation */
        snprintf(buffer, size, "<%s", mill_format_duration(slice, sizeof slice, (double)slice_ns));
    }
}

static void write_reacquired(const struct mill_run_report *report, const struct mill_summary_row *row,
                             char *buffer, size_t size)
{
    (void)report;
    if (isfinite(row->reacquired)) {
        double percent = 100 * row->reacquired;
        snprintf(buffer, size, percent < 9.95 ? "%.1f%%" : "%.0f%%", percent);
    }
}

static void write_per_cpu_second(const struct mill_run_report *report, const struct mill_summary_row *row,
                                 char *buffer, size_t size)
{
    (void)report;
    write_count(buffer, size, row->per_cpu_second);
}

static void write_switches(const struct mill_run_report *report, const struct mill_summary_row *row,
                           char *buffer, size_t size)
{
    (void)report;
    double switches = row->switches;
    if (switches > 0 && switches < 0.01) {
        snprintf(buffer, size, "<0.01");
    } else if (isfinite(switches)) {
        int digits = switches < 9.995 ? 2 : switches < 99.95 ? 1 : 0;
        snprintf(buffer, size, "%.*f", switches > 0 ? digits : 0, switches);
    }
}

static size_t mode_index(const char *mode)
{
    size_t index = 0;
    while (index + 1 < mill_mode_count && strcmp(mill_report_modes[index], mode) != 0) {
        index++;
    }
    return index;
}

static void write_samples(const struct mill_run_report *report, const struct mill_summary_row *row,
                          char *buffer, size_t size)
{
    size_t rejected = report->rejected[row->cell][mode_index(row->mode)];
    int length = snprintf(buffer, size, "%zu", row->samples);
    if (rejected > 0 && length > 0 && (size_t)length < size) {
        snprintf(buffer + length, size - (size_t)length, " (%zu rejected)", rejected);
    }
}

static void write_verdict(const struct mill_run_report *report, const struct mill_summary_row *row,
                          char *buffer, size_t size)
{
    const struct mill_summary_cell *cell = cell_of(report, row);
    snprintf(buffer, size, "%s%s%s", cell->control ? "control: " : "",
             mill_report_not_checked(cell)   ? "not checked"
             : mill_report_cannot_show(cell) ? "cannot show"
                                             : mill_verdict_name(cell->verdict),
             !row->leads                   ? ""
             : cell_of(report, row)->shape ? " ◀ fastest of its shape"
                                           : " ◀ fastest");
}

const struct mill_run_column mill_run_columns[mill_column_count] = {
    [mill_column_strategy] = {"", "", MILL_LEFT, write_strategy},
    [mill_column_shape] = {"shape", "shape", MILL_LEFT, write_shape},
    [mill_column_rate] = {"op/s", "op/s", MILL_RIGHT, write_rate},
    [mill_column_interval] = {"95%\ninterval", "interval", MILL_RIGHT, write_interval},
    [mill_column_p50] = {"p50", "p50", MILL_RIGHT, write_p50},
    [mill_column_p99] = {"p99", "p99", MILL_RIGHT, write_p99},
    [mill_column_p999] = {"p99.9", "p99.9", MILL_RIGHT, write_p999},
    [mill_column_max] = {"max", "max", MILL_RIGHT, write_max},
    [mill_column_jain] = {"Jain", "Jain", MILL_RIGHT, write_jain},
    [mill_column_jain_slice] = {NULL /* has the slice's length */, "Jain by slice", MILL_RIGHT,
                                write_jain_slice},
    [mill_column_starved] = {"longest\nstarved", "starved", MILL_RIGHT, write_starved},
    [mill_column_reacquired] = {"same\nholder", "same holder", MILL_RIGHT, write_reacquired},
    [mill_column_per_cpu_second] = {"op per\ncpu-s", "op/cpu-s", MILL_RIGHT, write_per_cpu_second},
    [mill_column_switches] = {"switch\n/1000", "switches per 1000 op", MILL_RIGHT, write_switches},
    [mill_column_samples] = {"n", "n", MILL_LEFT, write_samples},
    [mill_column_verdict] = {"verdict", "verdict", MILL_LEFT, write_verdict},
};

/* What a narrow terminal does without, the first of these first. Name, speed, interval and verdict always
 * stay. */
const enum mill_column mill_run_dispensable[mill_dispensable_count] = {
    mill_column_switches, mill_column_per_cpu_second, mill_column_jain, mill_column_p999,
    mill_column_p50,      mill_column_reacquired,     mill_column_max,  mill_column_starved,
    mill_column_samples,  mill_column_jain_slice,     mill_column_p99,  mill_column_shape,
};

/* ---- what the scenario recorded ---- */

/* A heading has two lines: the name breaks at the blank that is nearest to its middle. */
static void break_heading(char *heading)
{
    size_t length = strlen(heading), best = length;
    for (size_t i = 0; i < length; i++) {
        size_t distance = i > length / 2 ? i - length / 2 : length / 2 - i;
        size_t least = best > length / 2 ? best - length / 2 : length / 2 - best;
        if (heading[i] == ' ' && (best == length || distance < least)) {
            best = i;
        }
    }
    if (best < length) {
        heading[best] = '\n';
    }
}

void mill_run_measures_add(struct mill_run_measures *measures, const struct mill_summary_row *row)
{
    for (size_t i = 0; i < row->measure_count; i++) {
        size_t at = 0;
        while (at < measures->count && strcmp(measures->names[at], row->measures[i].name) != 0) {
            at++;
        }
        if (at < measures->count || at == MILL_MEASURES_MAX) {
            continue;
        }
        measures->names[at] = row->measures[i].name;
        snprintf(measures->headings[at], sizeof measures->headings[at], "%s", row->measures[i].name);
        break_heading(measures->headings[at]);
        measures->count++;
    }
}

void mill_run_measure_write(const struct mill_summary_row *row, const char *name, char *buffer, size_t size)
{
    for (size_t i = 0; i < row->measure_count; i++) {
        const struct mill_summary_measure *measure = &row->measures[i];
        if (strcmp(measure->name, name) != 0 || !isfinite(measure->median)) {
            continue;
        }
        if (strcmp(measure->unit, "ns") == 0) {
            mill_format_duration(buffer, size, measure->median);
        } else if (strcmp(measure->unit, "%") == 0) {
            /* nothing, measured as a little less than nothing, is nothing */
            double percent = fabs(measure->median) < 0.05 ? 0 : measure->median;
            snprintf(buffer, size, "%.1f%%", percent);
        } else {
            char count[32];
            mill_format_count(count, sizeof count, measure->median);
            snprintf(buffer, size, "%s%s%s", count, measure->unit[0] ? " " : "", measure->unit);
        }
    }
}

#include "harness/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/summary_compare.h"
#include "harness/summary_latency.h"

static const char *const modes[] = {"single", "near", "far"};

enum {
    mode_count = sizeof modes / sizeof modes[0],
};

/* ---- cells ---- */

static void describe_cell(struct mill_summary_cell *cell, const json_t *json)
{
    *cell = (struct mill_summary_cell){
        .scenario = mill_sample_text(json, "scenario"),
        .family = mill_sample_text(json, "family"),
        .strategy = mill_sample_text(json, "strategy"),
        .algorithm = mill_sample_text(json, "algorithm"),
        .library = mill_sample_text(json, "library"),
        .shape = mill_sample_text(json, "shape"),
        .parameters = json_object_get(json, "parameters"),
        .unsupported = mill_sample_text(json, "unsupported"),
        .threads = (unsigned)json_integer_value(json_object_get(json, "threads")),
        .oversubscribed = json_is_true(json_object_get(json, "oversubscribed")),
        .control = json_is_true(json_object_get(json, "control")),
        .expected = json_is_true(json_object_get(json, "must_show")),
        .checked = json_is_true(json_object_get(json, "checked")),
    };
}

static void judge_cell(struct mill_summary_cell *cell, const json_t *json, bool caught)
{
    if (cell->unsupported) {
        cell->verdict = json_is_true(json_object_get(json, "unavailable")) ? MILL_VERDICT_UNAVAILABLE
                                                                           : MILL_VERDICT_UNSUPPORTED;
    } else if (cell->bad > 0) {
        cell->verdict = MILL_VERDICT_FOUND;
    } else if (caught) {
        cell->verdict = MILL_VERDICT_CAUGHT;
    } else if (cell->accepted > 0 && !cell->worked) {
        cell->verdict = MILL_VERDICT_UNTRUSTED; /* nothing was done, so nothing could go wrong */
        cell->reason = "no thread completed an operation within a window; take longer ones";
    } else if (cell->expected && cell->accepted > 0) {
        cell->verdict = MILL_VERDICT_NOT_CAUGHT;
    } else if (cell->accepted > 0) {
        cell->verdict = MILL_VERDICT_PASS;
    } else {
        cell->verdict = cell->rejected > 0 ? MILL_VERDICT_UNTRUSTED : MILL_VERDICT_NOT_RUN;
    }
}

static void count_sample(struct mill_summary *summary, const json_t *sample, const json_t *expected,
                         bool *caught)
{
    struct mill_summary_cell *cell = &summary->cells[mill_sample_cell(sample)];
    enum mill_sample_class class = mill_sample_classify(sample, expected);
    summary->samples++;
    summary->rejected += class == MILL_SAMPLE_REJECTED;
    summary->bad += class == MILL_SAMPLE_BAD;
    cell->accepted += class == MILL_SAMPLE_ACCEPTED;
    cell->worked =
        cell->worked || (class == MILL_SAMPLE_ACCEPTED && mill_sample_number(sample, "operations") > 0);
    cell->rejected += class == MILL_SAMPLE_REJECTED;
    if (class == MILL_SAMPLE_BAD && cell->bad++ == 0) {
        cell->evidence = sample;
        cell->reason = mill_sample_text(sample, "reason");
    }
    /* The reason shown is that of the first bad sample, else of the first that counts, else of the first
     * rejected. */
    bool has_reason = mill_sample_text(sample, "reason") != NULL && cell->bad == 0;
    if (has_reason && (!cell->reason || (class == MILL_SAMPLE_ACCEPTED && cell->accepted == 1))) {
        cell->reason = mill_sample_text(sample, "reason");
    }
    *caught = *caught || mill_sample_shows(sample, expected);
}

/* ---- rows ---- */

static double per_cpu_second_of(const json_t *sample)
{
    return mill_sample_number(sample, "operations_per_cpu_second");
}

static double reacquired_of(const json_t *sample)
{
    return mill_sample_number(sample, "reacquired_share");
}

static double jain_of(const json_t *sample)
{
    return mill_sample_number(json_object_get(sample, "fairness"), "jain");
}

static double jain_slice_of(const json_t *sample)
{
    return mill_sample_number(json_object_get(sample, "fairness"), "jain_slice_median");
}

static double starvation_of(const json_t *sample)
{
    return mill_sample_number(json_object_get(sample, "fairness"), "starvation_ns");
}

static double switches_of(const json_t *sample)
{
    double switches = 0;
    size_t index;
    json_t *thread;
    json_array_foreach(json_object_get(sample, "threads"), index, thread)
    {
        switches += mill_sample_number(thread, "voluntary_switches") +
                    mill_sample_number(thread, "involuntary_switches");
    }
    return 1000 * switches / mill_sample_number(sample, "operations");
}

static double maximum(const struct mill_series *series)
{
    double most = NAN;
    for (size_t i = 0; i < series->count; i++) {
        most = fmax(most, series->values[i]);
    }
    return most;
}

/* The measures of the first sample that passes, each as the median over all that have it. */
static void add_measures(struct mill_summary_row *row, const struct mill_filter *filter,
                         struct mill_series *series)
{
    const struct mill_index *index = filter->index;
    size_t first = index->begin[filter->cell];
    while (first < index->begin[filter->cell + 1] && !mill_filter_passes(filter, index->samples[first])) {
        first++;
    }
    if (first == index->begin[filter->cell + 1]) {
        return;
    }
    size_t at;
    json_t *measure;
    json_array_foreach(mill_sample_measures(index->samples[first]), at, measure)
    {
        const char *name = mill_sample_text(measure, "name");
        mill_series_collect_measure(series, filter, name);
        row->measures[row->measure_count++] = (struct mill_summary_measure){
            .name = name,
            .unit = mill_sample_text(measure, "unit"),
            .median = mill_median_in_place(series->values, series->count),
        };
    }
}

static int make_row(struct mill_summary *summary, const struct mill_filter *base, size_t samples,
                    struct mill_error *error)
{
    struct mill_summary_row *row = &summary->rows[summary->row_count];
    struct mill_series series;
    struct mill_filter filter = *base;
    *row = (struct mill_summary_row){.cell = filter.cell, .mode = filter.mode};

    int status = mill_series_create(&series, samples);
    if (status == 0) {
        filter.kind = "latency";
        status = mill_summary_merge_latencies(row, &filter, error);
    }
    if (status == 0) {
        filter.kind = "throughput";
        mill_series_collect(&series, &filter, mill_sample_rate);
        if (series.count == 0) {
            filter.kind = "latency"; /* an open loop, or a run of latency samples alone */
            mill_series_collect(&series, &filter, mill_sample_rate);
        }
        row->samples = series.count;
        status = mill_median_interval(series.values, series.count, MILL_SUMMARY_CONFIDENCE, &row->rate);
    }
    if (status == 0 && row->samples + row->latency_samples > 0) {
        static const struct {
            double (*value)(const json_t *sample);
            size_t offset;
        } medians[] = {
            {per_cpu_second_of, offsetof(struct mill_summary_row, per_cpu_second)},
            {reacquired_of, offsetof(struct mill_summary_row, reacquired)},
            {jain_of, offsetof(struct mill_summary_row, jain)},
            {jain_slice_of, offsetof(struct mill_summary_row, jain_slice)},
            {switches_of, offsetof(struct mill_summary_row, switches)},
        };
        for (size_t i = 0; i < sizeof medians / sizeof medians[0]; i++) {
            double *field = (double *)(void *)((char *)row + medians[i].offset);
            mill_series_collect(&series, &filter, medians[i].value);
            *field = mill_median_in_place(series.values, series.count);
        }
        mill_series_collect(&series, &filter, starvation_of);
        row->starvation_ns = maximum(&series);
        add_measures(row, &filter, &series);
        summary->row_count++;
    } else {
        mill_summary_forget_latencies(row);
    }
    mill_series_destroy(&series);
    return status;
}

/* ---- the whole ---- */

static int make_cells(struct mill_summary *summary, const json_t *result)
{
    const json_t *cells = json_object_get(result, "cells");
    size_t count = json_array_size(cells);
    bool *caught = calloc(count + 1, sizeof *caught);
    summary->cells = calloc(count + 1, sizeof *summary->cells);
    summary->rows = calloc(count * mode_count + 1, sizeof *summary->rows);
    summary->leaders = calloc(count * mode_count + 1, sizeof *summary->leaders);
    if (!caught || !summary->cells || !summary->rows || !summary->leaders) {
        free(caught);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        describe_cell(&summary->cells[i], json_array_get(cells, i));
    }
    size_t index;
    json_t *sample;
    json_array_foreach(json_object_get(result, "samples"), index, sample)
    {
        size_t cell = mill_sample_cell(sample);
        count_sample(summary, sample, mill_cell_expectation(result, cell), &caught[cell]);
    }
    for (size_t i = 0; i < count; i++) {
        judge_cell(&summary->cells[i], json_array_get(cells, i), caught[i]);
    }
    summary->cell_count = count;
    free(caught);
    return 0;
}

int mill_summary_make(struct mill_summary *summary, const json_t *result, struct mill_error *error)
{
    struct mill_index index = {0};
    *summary = (struct mill_summary){0};
    int status = make_cells(summary, result);
    if (status == 0) {
        status = mill_index_create(&index, result, summary->cell_count);
    }
    for (size_t i = 0; status == 0 && i < summary->cell_count; i++) {
        for (size_t mode = 0; status == 0 && mode < mode_count; mode++) {
            struct mill_filter filter = {.index = &index, .cell = i, .mode = modes[mode]};
            status = make_row(summary, &filter, summary->samples, error);
        }
    }
    if (status == 0) {
        mill_summary_find_collapsed(summary);
        status = mill_summary_find_leaders(summary, &index);
    }
    if (status == 0) {
        status = mill_summary_find_peers(summary, &index);
    }
    mill_index_destroy(&index);
    if (status == -ENOMEM) {
        mill_error_set(error, status, "no memory for the summary of %zu samples", summary->samples);
    }
    if (status == -ERANGE || status == -EINVAL || status == -EOVERFLOW) {
        mill_error_set(error, status, "its samples hold numbers that cannot be compared");
    }
    if (status < 0) {
        mill_summary_destroy(summary);
    }
    return status;
}

void mill_summary_destroy(struct mill_summary *summary)
{
    for (size_t i = 0; i < summary->row_count; i++) {
        mill_summary_forget_latencies(&summary->rows[i]);
    }
    free(summary->cells);
    free(summary->rows);
    free(summary->leaders);
    free(summary->peers);
    *summary = (struct mill_summary){0};
}

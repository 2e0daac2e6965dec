#include "harness/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/histogram_log.h"

static const double confidence = 0.95;

static const char *const modes[] = {"single", "near", "far"};

enum {
    mode_count = sizeof modes / sizeof modes[0],
};

/* ---- reading samples
 * ------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* NaN for null. */
static double number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool is_text(const json_t *object, const char *name, const char *expected)
{
    const char *text = text_of(object, name);
    return text && strcmp(text, expected) == 0;
}

static size_t cell_of(const json_t *sample)
{
    return (size_t)json_integer_value(json_object_get(sample, "cell"));
}

/* Is one of the sample's findings one that the control is expected to show? */
static bool shows_expected(const json_t *sample, const json_t *expected)
{
    const char *wanted = text_of(expected, "findings");
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(sample, "findings"), index, finding)
    {
        const char *name = json_string_value(finding);
        if (wanted && name && strstr(wanted, name)) {
            return true;
        }
    }
    return false;
}

enum sample_class {
    sample_accepted, /* its numbers count */
    sample_rejected,
    sample_bad,
};

static enum sample_class classify(const json_t *sample, const json_t *expected)
{
    if (is_text(sample, "status", "rejected")) {
        return sample_rejected;
    }
    bool measured = json_object_get(sample, "operations") != NULL;
    bool expected_one = shows_expected(sample, expected);
    if (!is_text(sample, "status", "ok") && !expected_one) {
        return sample_bad;
    }
    /* A control that was caught on a machine that was not its own: caught it is, but its numbers do not
     * count. */
    bool trusted = !json_is_false(json_object_get(sample, "trusted"));
    return !measured ? sample_bad : trusted ? sample_accepted : sample_rejected;
}

/* ---- cells
 * ----------------------------------------------------------------------------------------------------- */

static void describe_cell(struct mill_summary_cell *cell, const json_t *json)
{
    *cell = (struct mill_summary_cell){
        .scenario = text_of(json, "scenario"),
        .family = text_of(json, "family"),
        .strategy = text_of(json, "strategy"),
        .algorithm = text_of(json, "algorithm"),
        .library = text_of(json, "library"),
        .parameters = json_object_get(json, "parameters"),
        .unsupported = text_of(json, "unsupported"),
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
    struct mill_summary_cell *cell = &summary->cells[cell_of(sample)];
    enum sample_class class = classify(sample, expected);
    summary->samples++;
    summary->rejected += class == sample_rejected;
    summary->bad += class == sample_bad;
    cell->accepted += class == sample_accepted;
    cell->rejected += class == sample_rejected;
    if (class == sample_bad && cell->bad++ == 0) {
        cell->evidence = sample;
        cell->reason = text_of(sample, "reason");
    }
    /* The reason shown is that of the first bad sample, else of the first that counts, else of the first
     * rejected. */
    bool has_reason = text_of(sample, "reason") != NULL && cell->bad == 0;
    if (has_reason && (!cell->reason || (class == sample_accepted && cell->accepted == 1))) {
        cell->reason = text_of(sample, "reason");
    }
    *caught = *caught || shows_expected(sample, expected);
}

/* ---- rows
 * ------------------------------------------------------------------------------------------------------ */

/* The values of one member over the accepted samples of a cell, kind and mode, with the round each is from.
 */
struct series {
    double *values;
    json_int_t *rounds;
    size_t count;
};

static int series_create(struct series *series, size_t most)
{
    series->count = 0;
    series->values = calloc(most + 1, sizeof *series->values);
    series->rounds = calloc(most + 1, sizeof *series->rounds);
    return series->values && series->rounds ? 0 : -ENOMEM;
}

static void series_destroy(struct series *series)
{
    free(series->values);
    free(series->rounds);
}

/* The accepted samples of a document, by cell: those of cell i are samples[begin[i]] up to samples[begin[i +
 * 1]]. */
struct index {
    const json_t **samples;
    size_t *begin;
};

/* Which samples a collection is over. */
struct filter {
    const struct index *index;
    size_t cell;
    const char *kind;
    const char *mode;
};

static const json_t *expected_of(const json_t *result, size_t cell)
{
    return json_object_get(json_array_get(json_object_get(result, "cells"), cell), "expected");
}

static void index_destroy(struct index *index)
{
    free(index->samples);
    free(index->begin);
}

/* A counting sort: first how many there are of each cell, then each to its place. */
static int index_create(struct index *index, const json_t *result, size_t cells)
{
    const json_t *samples = json_object_get(result, "samples");
    size_t *next = calloc(cells + 1, sizeof *next);
    size_t at;
    json_t *sample;
    index->samples = calloc(json_array_size(samples) + 1, sizeof *index->samples);
    index->begin = calloc(cells + 1, sizeof *index->begin);
    if (!next || !index->samples || !index->begin) {
        free(next);
        return -ENOMEM;
    }
    json_array_foreach(samples, at, sample)
    {
        index->begin[cell_of(sample) + 1] +=
            classify(sample, expected_of(result, cell_of(sample))) == sample_accepted;
    }
    for (size_t cell = 0; cell < cells; cell++) {
        next[cell] = index->begin[cell];
        index->begin[cell + 1] += index->begin[cell];
    }
    json_array_foreach(samples, at, sample)
    {
        if (classify(sample, expected_of(result, cell_of(sample))) == sample_accepted) {
            index->samples[next[cell_of(sample)]++] = sample;
        }
    }
    free(next);
    return 0;
}

static bool passes(const struct filter *filter, const json_t *sample)
{
    return is_text(sample, "kind", filter->kind) && is_text(sample, "mode", filter->mode);
}

static void collect(struct series *series, const struct filter *filter, double (*value)(const json_t *sample))
{
    const struct index *index = filter->index;
    series->count = 0;
    for (size_t i = index->begin[filter->cell]; i < index->begin[filter->cell + 1]; i++) {
        const json_t *sample = index->samples[i];
        if (passes(filter, sample) && isfinite(value(sample))) {
            series->values[series->count] = value(sample);
            series->rounds[series->count++] = json_integer_value(json_object_get(sample, "round"));
        }
    }
}

static double rate_of(const json_t *sample)
{
    return number_of(sample, "operations_per_second");
}

static double per_cpu_second_of(const json_t *sample)
{
    return number_of(sample, "operations_per_cpu_second");
}

static double reacquired_of(const json_t *sample)
{
    return number_of(sample, "reacquired_share");
}

static double jain_of(const json_t *sample)
{
    return number_of(json_object_get(sample, "fairness"), "jain");
}

static double jain_slice_of(const json_t *sample)
{
    return number_of(json_object_get(sample, "fairness"), "jain_slice_median");
}

static double starvation_of(const json_t *sample)
{
    return number_of(json_object_get(sample, "fairness"), "starvation_ns");
}

static double switches_of(const json_t *sample)
{
    double switches = 0;
    size_t index;
    json_t *thread;
    json_array_foreach(json_object_get(sample, "threads"), index, thread)
    {
        switches += number_of(thread, "voluntary_switches") + number_of(thread, "involuntary_switches");
    }
    return 1000 * switches / number_of(sample, "operations");
}

static double maximum(const struct series *series)
{
    double most = NAN;
    for (size_t i = 0; i < series->count; i++) {
        most = fmax(most, series->values[i]);
    }
    return most;
}

/* The encoding keeps slots; the document has the exact extremes beside it. They count where they agree with
 * the slots. */
static void restore_extremes(struct mill_histogram *histogram, const json_t *latency)
{
    json_int_t minimum = json_integer_value(json_object_get(latency, "min_ns"));
    json_int_t maximum = json_integer_value(json_object_get(latency, "max_ns"));
    json_int_t beyond = json_integer_value(json_object_get(latency, "beyond"));
    if (histogram->count == 0 || minimum < 0 || maximum < minimum || beyond < 0) {
        return;
    }
    uint64_t last = (uint64_t)maximum < MILL_HISTOGRAM_HIGHEST ? (uint64_t)maximum : MILL_HISTOGRAM_HIGHEST;
    if ((uint64_t)minimum <= last &&
        mill_histogram_slot((uint64_t)minimum) == mill_histogram_slot(histogram->minimum)) {
        histogram->minimum = (uint64_t)minimum;
    }
    if (mill_histogram_slot(last) == mill_histogram_slot(histogram->maximum)) {
        histogram->maximum = (uint64_t)maximum;
        histogram->beyond = (uint64_t)beyond <= histogram->count ? (uint64_t)beyond : 0;
    }
}

static int merge_latencies(struct mill_summary_row *row, const struct filter *filter,
                           struct mill_error *error)
{
    const struct index *index = filter->index;
    struct mill_histogram *one = NULL;
    int status = mill_histogram_create(&one);
    for (size_t i = index->begin[filter->cell]; status == 0 && i < index->begin[filter->cell + 1]; i++) {
        const json_t *latency = json_object_get(index->samples[i], "latency");
        const char *encoding = text_of(latency, "histogram");
        if (!passes(filter, index->samples[i]) || !encoding) {
            continue;
        }
        status = row->latency ? 0 : mill_histogram_create(&row->latency);
        if (status == 0) {
            status = mill_histogram_decode(one, encoding, error);
        }
        if (status == 0) {
            restore_extremes(one, latency);
            mill_histogram_add(row->latency, one);
            row->unfinished += number_of(latency, "unfinished");
            row->latency_samples++;
        }
    }
    mill_histogram_destroy(one);
    return status;
}

static int make_row(struct mill_summary *summary, const struct filter *base, size_t samples,
                    struct mill_error *error)
{
    struct mill_summary_row *row = &summary->rows[summary->row_count];
    struct series series;
    struct filter filter = *base;
    *row = (struct mill_summary_row){.cell = filter.cell, .mode = filter.mode};

    int status = series_create(&series, samples);
    if (status == 0) {
        filter.kind = "latency";
        status = merge_latencies(row, &filter, error);
    }
    if (status == 0) {
        filter.kind = "throughput";
        collect(&series, &filter, rate_of);
        if (series.count == 0) {
            filter.kind = "latency"; /* an open loop, or a run of latency samples alone */
            collect(&series, &filter, rate_of);
        }
        row->samples = series.count;
        status = mill_median_interval(series.values, series.count, confidence, &row->rate);
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
            collect(&series, &filter, medians[i].value);
            *field = mill_median(series.values, series.count);
        }
        collect(&series, &filter, starvation_of);
        row->starvation_ns = maximum(&series);
        summary->row_count++;
    } else {
        mill_histogram_destroy(row->latency);
    }
    series_destroy(&series);
    return status;
}

/* ---- comparisons
 * ----------------------------------------------------------------------------------------------- */

/* Cells that differ in their strategy alone. */
static bool same_group(const struct mill_summary_cell *a, const struct mill_summary_cell *b)
{
    return strcmp(a->scenario, b->scenario) == 0 && a->threads == b->threads &&
           json_equal(a->parameters, b->parameters);
}

static int compare_cells(struct mill_summary_pair *pair, const struct index *index, size_t samples)
{
    struct series a, b;
    double *first = calloc(samples + 1, sizeof *first);
    double *second = calloc(samples + 1, sizeof *second);
    struct filter filter = {.index = index, .cell = pair->cell, .kind = "throughput", .mode = pair->mode};
    int status = series_create(&a, samples);
    int other = series_create(&b, samples);
    size_t rounds = 0;
    if (status == 0 && other == 0 && first && second) {
        collect(&a, &filter, rate_of);
        filter.cell = pair->other;
        collect(&b, &filter, rate_of);
        for (size_t i = 0; i < a.count; i++) {
            for (size_t j = 0; j < b.count; j++) {
                if (a.rounds[i] == b.rounds[j] && a.values[i] > 0 && b.values[j] > 0) {
                    first[rounds] = a.values[i];
                    second[rounds++] = b.values[j];
                    break; /* one a round: no more pairs than samples, whatever a document says */
                }
            }
        }
        status = mill_paired_compare(first, second, rounds, confidence, &pair->ratio);
    } else {
        status = -ENOMEM;
    }
    series_destroy(&a);
    series_destroy(&b);
    free(first);
    free(second);
    return status;
}

/* Rows that may lead: strategies that do the work, and do it right. */
static bool may_lead(const struct mill_summary *summary, const struct mill_summary_row *row)
{
    const struct mill_summary_cell *cell = &summary->cells[row->cell];
    return cell->verdict == MILL_VERDICT_PASS && cell->checked && !cell->control && row->samples > 0;
}

static bool same_table(const struct mill_summary *summary, const struct mill_summary_row *a,
                       const struct mill_summary_row *b)
{
    return a->mode == b->mode && same_group(&summary->cells[a->cell], &summary->cells[b->cell]);
}

static int find_leaders(struct mill_summary *summary, const struct index *index)
{
    for (size_t i = 0; i < summary->row_count; i++) {
        struct mill_summary_row *first = &summary->rows[i];
        const struct mill_summary_row *second = NULL;
        bool fastest = may_lead(summary, first);
        for (size_t j = 0; j < summary->row_count && fastest; j++) {
            const struct mill_summary_row *row = &summary->rows[j];
            if (j == i || !may_lead(summary, row) || !same_table(summary, first, row)) {
                continue;
            }
            fastest = row->rate.ratio < first->rate.ratio;
            second = second && second->rate.ratio > row->rate.ratio ? second : row;
        }
        if (!fastest || !second) {
            continue;
        }
        struct mill_summary_pair *pair = &summary->leaders[summary->leader_count++];
        *pair = (struct mill_summary_pair){.cell = first->cell, .other = second->cell, .mode = first->mode};
        int status = compare_cells(pair, index, summary->samples);
        if (status < 0) {
            return status;
        }
        first->leads = pair->ratio.low > 1.0;
    }
    return 0;
}

static int find_peers(struct mill_summary *summary, const struct index *index)
{
    for (size_t i = 0; i < summary->row_count; i++) {
        const struct mill_summary_cell *ours = &summary->cells[summary->rows[i].cell];
        for (size_t j = 0; j < summary->row_count && !ours->library && ours->algorithm; j++) {
            const struct mill_summary_cell *theirs = &summary->cells[summary->rows[j].cell];
            if (!theirs->library || !theirs->algorithm || strcmp(ours->algorithm, theirs->algorithm) != 0 ||
                !same_table(summary, &summary->rows[i], &summary->rows[j])) {
                continue;
            }
            struct mill_summary_pair *grown =
                realloc(summary->peers, (summary->peer_count + 1) * sizeof *summary->peers);
            if (!grown) {
                return -ENOMEM;
            }
            summary->peers = grown;
            struct mill_summary_pair *pair = &summary->peers[summary->peer_count++];
            *pair = (struct mill_summary_pair){
                .cell = summary->rows[i].cell, .other = summary->rows[j].cell, .mode = summary->rows[i].mode};
            int status = compare_cells(pair, index, summary->samples);
            if (status < 0) {
                return status;
            }
        }
    }
    return 0;
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------------- */

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
        size_t cell = cell_of(sample);
        count_sample(summary, sample, expected_of(result, cell), &caught[cell]);
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
    struct index index = {0};
    *summary = (struct mill_summary){0};
    int status = make_cells(summary, result);
    if (status == 0) {
        status = index_create(&index, result, summary->cell_count);
    }
    for (size_t i = 0; status == 0 && i < summary->cell_count; i++) {
        for (size_t mode = 0; status == 0 && mode < mode_count; mode++) {
            struct filter filter = {.index = &index, .cell = i, .mode = modes[mode]};
            status = make_row(summary, &filter, summary->samples, error);
        }
    }
    if (status == 0) {
        status = find_leaders(summary, &index);
    }
    if (status == 0) {
        status = find_peers(summary, &index);
    }
    index_destroy(&index);
    if (status == -ENOMEM) {
        mill_error_set(error, status, "no memory for the summary of %zu samples", summary->samples);
    }
    if (status == -ERANGE || status == -EINVAL) {
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
        mill_histogram_destroy(summary->rows[i].latency);
    }
    free(summary->cells);
    free(summary->rows);
    free(summary->leaders);
    free(summary->peers);
    *summary = (struct mill_summary){0};
}

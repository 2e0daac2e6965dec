#include "harness/compare_series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "measure/histogram_log.h"

const char *const mill_compare_modes[] = {"single", "near", "far"};

/* What each metric is, and of which samples. A percentile of few values is one of the extremes: ten should
 * lie beyond it. */
static const struct {
    const char *name, *unit, *kind;
    bool higher_is_better;
    double percent;
    uint64_t least;
} metrics[MILL_METRIC_COUNT] = {
    [MILL_METRIC_THROUGHPUT] = {"throughput", "op/s", "throughput", true, 0, 0},
    [MILL_METRIC_P50] = {"p50", "ns", "latency", false, 50, 20},
    [MILL_METRIC_P99] = {"p99", "ns", "latency", false, 99, 1000},
    [MILL_METRIC_FAIRNESS] = {"fairness", "", "throughput", true, 0, 0},
    [MILL_METRIC_INSTRUCTIONS] = {"instructions", "instructions/op", "", false, 0, 0},
};

const char *mill_metric_name(enum mill_metric metric)
{
    return metrics[metric].name;
}

const char *mill_metric_unit(enum mill_metric metric)
{
    return metrics[metric].unit;
}

bool mill_metric_higher_is_better(enum mill_metric metric)
{
    return metrics[metric].higher_is_better;
}

int mill_metric_parse(const char *word, enum mill_metric *metric, struct mill_error *error)
{
    const char *names[MILL_METRIC_INSTRUCTIONS];
    char close[128];
    for (enum mill_metric i = 0; i < MILL_METRIC_INSTRUCTIONS; i++) {
        names[i] = metrics[i].name;
        if (strcmp(word, names[i]) == 0) {
            *metric = i;
            return 0;
        }
    }
    mill_nearest(close, sizeof close, word, names, MILL_METRIC_INSTRUCTIONS);
    return mill_error_set(error, -EINVAL,
                          "there is no metric '%s'%s%s; there are throughput, p50, p99, fairness", word,
                          close[0] ? "; did you mean " : "", close);
}

static unsigned mode_of(const json_t *sample)
{
    unsigned mode = 0;
    for (unsigned i = 0; i < MILL_COMPARE_MODES; i++) {
        mode = mill_sample_is(sample, "mode", mill_compare_modes[i]) ? i : mode;
    }
    return mode;
}

/* NaN for a sample that does not have it. */
static int value_of(const json_t *sample, enum mill_metric metric, struct mill_histogram *histogram,
                    double *value, struct mill_error *error)
{
    *value = NAN;
    if (!(mill_sample_number(sample, "operations") > 0)) {
        return 0;
    }
    if (metric == MILL_METRIC_THROUGHPUT) {
        *value = mill_sample_rate(sample);
        return 0;
    }
    if (metric == MILL_METRIC_FAIRNESS) {
        *value = mill_sample_number(json_object_get(sample, "fairness"), "jain");
        return 0;
    }
    const char *encoding = mill_sample_text(json_object_get(sample, "latency"), "histogram");
    if (!encoding) {
        return 0;
    }
    int status = mill_histogram_decode(histogram, encoding, error);
    if (status == 0 && histogram->count >= metrics[metric].least) {
        *value = (double)mill_histogram_percentile(histogram, metrics[metric].percent);
    }
    return status;
}

int mill_compare_collect(struct mill_compare_points *points, const struct mill_index *index, size_t cell,
                         enum mill_metric metric, struct mill_error *error)
{
    struct mill_histogram *histogram = NULL;
    size_t most = index->begin[cell + 1] - index->begin[cell];
    *points = (struct mill_compare_points){.points = calloc(most + 1, sizeof *points->points)};
    int status = points->points ? mill_histogram_create(&histogram) : -ENOMEM;
    for (size_t i = index->begin[cell]; status == 0 && i < index->begin[cell + 1]; i++) {
        const json_t *sample = index->samples[i];
        double value;
        if (!mill_sample_is(sample, "kind", metrics[metric].kind)) {
            continue;
        }
        status = value_of(sample, metric, histogram, &value, error);
        if (status == 0 && value > 0 && isfinite(value)) {
            points->points[points->count++] = (struct mill_compare_point){
                .round = json_integer_value(json_object_get(sample, "round")),
                .mode = mode_of(sample),
                .value = value,
            };
        }
    }
    mill_histogram_destroy(histogram);
    return status;
}

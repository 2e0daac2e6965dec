#include "harness/sample_series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *mill_sample_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* NaN for null. */
double mill_sample_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

bool mill_sample_is(const json_t *object, const char *name, const char *expected)
{
    const char *text = mill_sample_text(object, name);
    return text && strcmp(text, expected) == 0;
}

size_t mill_sample_cell(const json_t *sample)
{
    return (size_t)json_integer_value(json_object_get(sample, "cell"));
}

/* A sample that hung shows what only threads that wait for ever show. */
static bool hangs_as_expected(const json_t *sample, const char *wanted)
{
    return wanted && mill_sample_is(sample, "status", "hung") &&
           (strstr(wanted, "deadlock") || strstr(wanted, "lost-wakeup"));
}

/* Is one of the sample's findings one that the control is expected to show? */
bool mill_sample_shows(const json_t *sample, const json_t *expected)
{
    const char *wanted = mill_sample_text(expected, "findings");
    if (hangs_as_expected(sample, wanted)) {
        return true;
    }
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

enum mill_sample_class mill_sample_classify(const json_t *sample, const json_t *expected)
{
    if (mill_sample_is(sample, "status", "rejected")) {
        return MILL_SAMPLE_REJECTED;
    }
    bool measured = json_object_get(sample, "operations") != NULL;
    bool expected_one = mill_sample_shows(sample, expected);
    if (!mill_sample_is(sample, "status", "ok") && !expected_one) {
        return MILL_SAMPLE_BAD;
    }
    if (hangs_as_expected(sample, mill_sample_text(expected, "findings"))) {
        return MILL_SAMPLE_REJECTED; /* caught, and without numbers that could count */
    }
    /* A control that was caught on a machine that was not its own: caught it is, but its numbers do not
     * count. */
    bool trusted = !json_is_false(json_object_get(sample, "trusted"));
    return !measured ? MILL_SAMPLE_BAD : trusted ? MILL_SAMPLE_ACCEPTED : MILL_SAMPLE_REJECTED;
}

int mill_series_create(struct mill_series *series, size_t most)
{
    series->count = 0;
    series->values = calloc(most + 1, sizeof *series->values);
    series->rounds = calloc(most + 1, sizeof *series->rounds);
    return series->values && series->rounds ? 0 : -ENOMEM;
}

void mill_series_destroy(struct mill_series *series)
{
    free(series->values);
    free(series->rounds);
}

const json_t *mill_cell_expectation(const json_t *result, size_t cell)
{
    return json_object_get(json_array_get(json_object_get(result, "cells"), cell), "expected");
}

void mill_index_destroy(struct mill_index *index)
{
    free(index->samples);
    free(index->begin);
}

/* A counting sort: first how many there are of each cell, then each to its place. */
int mill_index_create(struct mill_index *index, const json_t *result, size_t cells)
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
        index->begin[mill_sample_cell(sample) + 1] +=
            mill_sample_classify(sample, mill_cell_expectation(result, mill_sample_cell(sample))) ==
            MILL_SAMPLE_ACCEPTED;
    }
    for (size_t cell = 0; cell < cells; cell++) {
        next[cell] = index->begin[cell];
        index->begin[cell + 1] += index->begin[cell];
    }
    json_array_foreach(samples, at, sample)
    {
        if (mill_sample_classify(sample, mill_cell_expectation(result, mill_sample_cell(sample))) ==
            MILL_SAMPLE_ACCEPTED) {
            index->samples[next[mill_sample_cell(sample)]++] = sample;
        }
    }
    free(next);
    return 0;
}

bool mill_filter_passes(const struct mill_filter *filter, const json_t *sample)
{
    return mill_sample_is(sample, "kind", filter->kind) && mill_sample_is(sample, "mode", filter->mode);
}

/* What is collected: `value` of the sample, or the measure `name`. */
struct choice {
    double (*value)(const json_t *sample);
    const char *name;
};

const json_t *mill_sample_measures(const json_t *sample)
{
    return json_object_get(sample, "measures");
}

static double measure_of(const json_t *sample, const char *name)
{
    size_t index;
    json_t *measure;
    json_array_foreach(mill_sample_measures(sample), index, measure)
    {
        if (mill_sample_is(measure, "name", name)) {
            return mill_sample_number(measure, "value");
        }
    }
    return NAN;
}

static void collect(struct mill_series *series, const struct mill_filter *filter, const struct choice *choice)
{
    const struct mill_index *index = filter->index;
    series->count = 0;
    for (size_t i = index->begin[filter->cell]; i < index->begin[filter->cell + 1]; i++) {
        const json_t *sample = index->samples[i];
        if (!mill_filter_passes(filter, sample)) {
            continue;
        }
        double value = choice->value ? choice->value(sample) : measure_of(sample, choice->name);
        if (isfinite(value)) {
            series->values[series->count] = value;
            series->rounds[series->count++] = json_integer_value(json_object_get(sample, "round"));
        }
    }
}

void mill_series_collect(struct mill_series *series, const struct mill_filter *filter,
                         double (*value)(const json_t *sample))
{
    collect(series, filter, &(struct choice){.value = value});
}

void mill_series_collect_measure(struct mill_series *series, const struct mill_filter *filter,
                                 const char *name)
{
    collect(series, filter, &(struct choice){.name = name});
}

double mill_sample_rate(const json_t *sample)
{
    return mill_sample_number(sample, "operations_per_second");
}

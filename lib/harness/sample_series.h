/* The samples of a result document, sorted out: which count, and one member of them as a series. Private to
 * summaries, comparisons and the views that show samples (report).
 *
 * Pure functions over a document that nobody changes meanwhile.
 */
#ifndef MILL_HARNESS_SAMPLE_SERIES_H
#define MILL_HARNESS_SAMPLE_SERIES_H

#include <jansson.h>
#include <stdbool.h>

enum mill_sample_class {
    MILL_SAMPLE_ACCEPTED, /* its numbers count */
    MILL_SAMPLE_REJECTED,
    MILL_SAMPLE_BAD,
};

/* The values of one member over the accepted samples of a cell, kind and mode, with the round each is from.
 */
struct mill_series {
    double *values;
    json_int_t *rounds;
    size_t count;
};

/* The accepted samples of a document, by cell: those of cell i are samples[begin[i]] up to samples[begin[i +
 * 1]]. */
struct mill_index {
    const json_t **samples;
    size_t *begin;
};

/* Which samples a collection is over. */
struct mill_filter {
    const struct mill_index *index;
    size_t cell;
    const char *kind;
    const char *mode;
};

/* A member of a sample: its text (NULL when it is none), its number (NaN for null), whether its text is
 * `expected`. */
const char *mill_sample_text(const json_t *object, const char *name);
double mill_sample_number(const json_t *object, const char *name);
bool mill_sample_is(const json_t *object, const char *name, const char *expected);

size_t mill_sample_cell(const json_t *sample);

/* Operations a second. */
double mill_sample_rate(const json_t *sample);

/* Is one of the sample's findings one that the control is expected to show? */
bool mill_sample_shows(const json_t *sample, const json_t *expected);
enum mill_sample_class mill_sample_classify(const json_t *sample, const json_t *expected);

/* What cell i of the document is expected to show. */
const json_t *mill_cell_expectation(const json_t *result, size_t cell);

/* 0 or -ENOMEM; to be destroyed in either case. */
int mill_index_create(struct mill_index *index, const json_t *result, size_t cells);
void mill_index_destroy(struct mill_index *index);

bool mill_filter_passes(const struct mill_filter *filter, const json_t *sample);

/* Room for `most` values; 0 or -ENOMEM; to be destroyed in either case. */
int mill_series_create(struct mill_series *series, size_t most);
void mill_series_destroy(struct mill_series *series);

/* Fills the series anew with `value` of the samples that pass and have one. */
void mill_series_collect(struct mill_series *series, const struct mill_filter *filter,
                         double (*value)(const json_t *sample));

/* The same with the measure `name` that the scenario recorded. */
void mill_series_collect_measure(struct mill_series *series, const struct mill_filter *filter,
                                 const char *name);

/* The measures of a sample: an array, or NULL. */
const json_t *mill_sample_measures(const json_t *sample);

#endif

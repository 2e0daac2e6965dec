#include "harness/summary_latency.h"

#include <errno.h>
#include <string.h>

#include "measure/histogram_log.h"

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

/* Adds what `latency` holds to *merged, which is made when there is none. `room` is for one histogram. */
static int merge(struct mill_histogram **merged, const json_t *latency, struct mill_histogram *room,
                 struct mill_error *error)
{
    const char *encoding = mill_sample_text(latency, "histogram");
    if (!encoding) {
        return 0;
    }
    int status = *merged ? 0 : mill_histogram_create(merged);
    if (status == 0) {
        status = mill_histogram_decode(room, encoding, error);
    }
    if (status == 0) {
        restore_extremes(room, latency);
        status = mill_histogram_add(*merged, room);
    }
    return status;
}

/* The row's place for spans of that name; NULL when it has no name, or there are more than can be. */
static struct mill_summary_span *place_of(struct mill_summary_row *row, const char *name)
{
    size_t at = 0;
    while (name && at < row->span_count && strcmp(row->spans[at].name, name) != 0) {
        at++;
    }
    if (!name || at == MILL_SPANS_MAX) {
        return NULL;
    }
    if (at == row->span_count) {
        row->spans[row->span_count++] = (struct mill_summary_span){.name = name};
    }
    return &row->spans[at];
}

static int merge_spans(struct mill_summary_row *row, const json_t *latency, struct mill_histogram *room,
                       struct mill_error *error)
{
    size_t index;
    json_t *span;
    int status = 0;
    json_array_foreach(json_object_get(latency, "spans"), index, span)
    {
        struct mill_summary_span *place = place_of(row, mill_sample_text(span, "name"));
        if (status == 0 && !place) {
            status = mill_error_set(error, -EBADMSG, "a sample has a span without a name, or more than %d",
                                    MILL_SPANS_MAX);
        }
        if (status == 0) {
            status = merge(&place->latency, span, room, error);
        }
    }
    return status;
}

int mill_summary_merge_latencies(struct mill_summary_row *row, const struct mill_filter *filter,
                                 struct mill_error *error)
{
    const struct mill_index *index = filter->index;
    struct mill_histogram *room = NULL;
    int status = mill_histogram_create(&room);
    for (size_t i = index->begin[filter->cell]; status == 0 && i < index->begin[filter->cell + 1]; i++) {
        const json_t *latency = json_object_get(index->samples[i], "latency");
        if (!mill_filter_passes(filter, index->samples[i]) || !mill_sample_text(latency, "histogram")) {
            continue;
        }
        status = merge(&row->latency, latency, room, error);
        if (status == 0) {
            status = merge_spans(row, latency, room, error);
        }
        if (status == 0) {
            row->unfinished += mill_sample_number(latency, "unfinished");
            row->latency_samples++;
        }
    }
    mill_histogram_destroy(room);
    return status;
}

void mill_summary_forget_latencies(struct mill_summary_row *row)
{
    mill_histogram_destroy(row->latency);
    for (size_t i = 0; i < row->span_count; i++) {
        mill_histogram_destroy(row->spans[i].latency);
    }
}

#include "harness/summary.h"

#include <math.h>

#include "harness/json_parts.h"

static const struct {
    const char *name;
    bool finding;
} verdicts[] = {
    [MILL_VERDICT_PASS] = {"pass", false},
    [MILL_VERDICT_CAUGHT] = {"caught", false},
    [MILL_VERDICT_NOT_CAUGHT] = {"NOT CAUGHT", true},
    [MILL_VERDICT_FOUND] = {"FOUND", true},
    [MILL_VERDICT_UNTRUSTED] = {"untrusted", false},
    [MILL_VERDICT_COLLAPSED] = {"collapsed", false},
    [MILL_VERDICT_NOT_RUN] = {"not run", false},
    [MILL_VERDICT_UNSUPPORTED] = {"unsupported", false},
    [MILL_VERDICT_UNAVAILABLE] = {"unavailable", false},
};

const char *mill_verdict_name(enum mill_verdict verdict)
{
    return verdicts[verdict].name;
}

bool mill_verdict_is_finding(enum mill_verdict verdict)
{
    return verdicts[verdict].finding;
}

/* JSON knows neither NaN nor infinity: null. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *encode_interval(const struct mill_paired *interval)
{
    return json_pack("{s:o, s:o, s:o, s:I}", "median", real(interval->ratio), "low", real(interval->low),
                     "high", real(interval->high), "n", (json_int_t)interval->rounds);
}

static bool is_recorded(const struct mill_histogram *histogram)
{
    return histogram && histogram->count > 0;
}

static json_t *encode_percentiles(const struct mill_histogram *histogram)
{
    static const double percents[] = {50, 90, 99, 99.9, 99.99, 99.999};
    static const char *const names[] = {"p50", "p90", "p99", "p99.9", "p99.99", "p99.999"};
    json_t *latency = json_pack("{s:I, s:f, s:I}", "count", (json_int_t)histogram->count, "mean",
                                mill_histogram_mean(histogram), "max", (json_int_t)histogram->maximum);
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        latency = mill_json_with(latency, names[i],
                                 json_integer((json_int_t)mill_histogram_percentile(histogram, percents[i])));
    }
    return latency;
}

static json_t *encode_latency(const struct mill_summary_row *row)
{
    return is_recorded(row->latency)
               ? mill_json_with(encode_percentiles(row->latency), "unfinished", json_real(row->unfinished))
               : json_null();
}

static json_t *encode_spans(const struct mill_summary_row *row)
{
    json_t *array = json_array();
    for (size_t i = 0; i < row->span_count; i++) {
        if (is_recorded(row->spans[i].latency)) {
            json_t *span = json_pack("{s:s}", "name", row->spans[i].name);
            array = mill_json_and(
                array, mill_json_with(span, "latency_ns", encode_percentiles(row->spans[i].latency)));
        }
    }
    return array;
}

static json_t *encode_measures(const struct mill_summary_row *row)
{
    json_t *array = json_array();
    for (size_t i = 0; i < row->measure_count; i++) {
        array =
            mill_json_and(array, json_pack("{s:s, s:s, s:o}", "name", row->measures[i].name, "unit",
                                           row->measures[i].unit, "median", real(row->measures[i].median)));
    }
    return array;
}

static json_t *encode_row(const struct mill_summary *summary, const struct mill_summary_row *row)
{
    const struct mill_summary_cell *cell = &summary->cells[row->cell];
    return json_pack(
        "{s:I, s:s, s:s, s:i, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", /* */
        "cell", (json_int_t)row->cell, "scenario", cell->scenario,                               /* */
        "strategy", cell->strategy, "threads", (int)cell->threads,                               /* */
        "mode", row->mode, "samples", (json_int_t)row->samples,                                  /* */
        "operations_per_second", encode_interval(&row->rate),                                    /* */
        "operations_per_cpu_second", real(row->per_cpu_second),                                  /* */
        "jain", real(row->jain), "jain_slice", real(row->jain_slice),                            /* */
        "starvation_ns", real(row->starvation_ns),                                               /* */
        "reacquired_share", real(row->reacquired),                                               /* */
        "switches_per_thousand", real(row->switches), "leads", row->leads,                       /* */
        "latency_ns", encode_latency(row), "spans", encode_spans(row), "measures", encode_measures(row));
}

static json_t *encode_pairs(const struct mill_summary *summary, const struct mill_summary_pair *pairs,
                            size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct mill_summary_cell *one = &summary->cells[pairs[i].cell];
        const struct mill_summary_cell *other = &summary->cells[pairs[i].other];
        array = mill_json_and(array, json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:b}",                   /* */
                                               "scenario", one->scenario, "threads", (int)one->threads, /* */
                                               "mode", pairs[i].mode, "strategy", one->strategy,        /* */
                                               "other", other->strategy,                                /* */
                                               "ratio", encode_interval(&pairs[i].ratio),               /* */
                                               "decided", pairs[i].ratio.decided));
    }
    return array;
}

static json_t *encode_verdicts(const struct mill_summary *summary)
{
    json_t *array = json_array();
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct mill_summary_cell *cell = &summary->cells[i];
        array = mill_json_and(array, json_pack("{s:I, s:s, s:s?, s:I, s:I, s:I}", "cell", (json_int_t)i,
                                               "verdict", mill_verdict_name(cell->verdict), "reason",
                                               cell->unsupported ? cell->unsupported : cell->reason,
                                               "accepted", (json_int_t)cell->accepted, "rejected",
                                               (json_int_t)cell->rejected, "bad", (json_int_t)cell->bad));
    }
    return array;
}

json_t *mill_summary_encode(const struct mill_summary *summary)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < summary->row_count; i++) {
        rows = mill_json_and(rows, encode_row(summary, &summary->rows[i]));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "verdicts", encode_verdicts(summary), "rows", rows, "leaders",
                     encode_pairs(summary, summary->leaders, summary->leader_count), "peers",
                     encode_pairs(summary, summary->peers, summary->peer_count));
}

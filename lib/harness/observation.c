#include "harness/observation.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/calibrate.h"
#include "measure/histogram_log.h"

/* Limits beyond which a sample did not have its processors. The engine's own thread takes about a thousandth
 * of one. */
static const double least_cpu_share = 0.95;
static const double most_foreign_share = 0.10;
static const double most_steal_share = 0.05;
static const double most_bracket_ratio = 1.5;

int mill_observation_create(struct mill_observation *seen, const struct mill_sample_spec *spec)
{
    *seen = (struct mill_observation){0};
    int status = mill_meter_create(&seen->before, spec->threads);
    if (status == 0) {
        status = mill_meter_create(&seen->after, spec->threads);
    }
    if (status == 0) {
        status = mill_slices_create(spec->threads, &seen->slices);
    }
    if (status < 0) {
        mill_observation_destroy(seen);
    }
    return status;
}

void mill_observation_destroy(struct mill_observation *seen)
{
    mill_meter_destroy(&seen->before);
    mill_meter_destroy(&seen->after);
    mill_slices_destroy(seen->slices);
    mill_recorded_free(&seen->recorded);
    mill_outcomes_destroy(seen->outcomes);
    seen->slices = NULL;
    seen->outcomes = NULL;
}

/* JSON knows no NaN: what is not a number is null. */
static json_t *real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static double cpu_share(const struct mill_observation *seen, unsigned thread)
{
    double used = (double)(seen->after.threads[thread].cpu_ns - seen->before.threads[thread].cpu_ns);
    return used / (double)(seen->after.cpu_at_ns - seen->before.cpu_at_ns);
}

static uint64_t operations_of(const struct mill_observation *seen, unsigned thread)
{
    return seen->after.threads[thread].operations - seen->before.threads[thread].operations;
}

/* Why the sample cannot be trusted, or an empty string. */
static void find_rejection(const struct mill_observation *seen, const struct mill_sample_spec *spec,
                           char *reason, size_t size)
{
    double before = seen->calibration_before_ns;
    double after = seen->calibration_after_ns;
    struct mill_cores_use use;
    reason[0] = '\0';
    if (spec->calibration_ns == 0 || spec->kind == MILL_HISTORY) {
        return; /* nobody reads its times */
    }
    if (seen->calibration_late) {
        snprintf(
            reason, size,
            "two threads on its processors did not run at once: no core-to-core round trip could be timed");
        return;
    }
    if (mill_mode_of(before) != mill_mode_of(after) || before > after * most_bracket_ratio ||
        after > before * most_bracket_ratio) {
        snprintf(reason, size,
                 "the machine changed its speed: a core-to-core round trip took %.0f ns before, %.0f after",
                 before, after);
        return;
    }
    for (unsigned i = 0; i < spec->threads && !seen->oversubscribed; i++) {
        /* A thread that never waited wanted its processor all the time. */
        bool waited = seen->after.threads[i].voluntary > seen->before.threads[i].voluntary;
        if (!waited && cpu_share(seen, i) < least_cpu_share) {
            snprintf(reason, size,
                     "thread %u never waited, and had its processor for only %.0f%% of the window", i,
                     100 * cpu_share(seen, i));
            return;
        }
    }
    mill_cores_between(&seen->cores_before, &seen->cores_after, &use);
    if (use.known && !spec->helped && use.foreign > most_foreign_share + use.resolution) {
        snprintf(reason, size, "other processes used %.0f%% of a processor", 100 * use.foreign);
    } else if (use.known && use.steal > most_steal_share + use.resolution) {
        snprintf(reason, size, "the hypervisor took %.0f%% of a processor away", 100 * use.steal);
    }
}

static json_t *encode_threads(const struct mill_observation *seen, const struct mill_sample_spec *spec,
                              const struct mill_crew *crew)
{
    json_t *threads = json_array();
    for (unsigned i = 0; i < spec->threads; i++) {
        const struct mill_meter_thread *before = &seen->before.threads[i];
        const struct mill_meter_thread *after = &seen->after.threads[i];
        const struct mill_hand *hand = &crew->hands[i];
        json_array_append_new(threads, json_pack("{s:s, s:i, s:I, s:I, s:o, s:I, s:I, s:I, s:I}",        /* */
                                                 "role", spec->scenario->roles[hand->worker.role].name,  /* */
                                                 "processor", hand->processor,                           /* */
                                                 "operations", (json_int_t)operations_of(seen, i),       /* */
                                                 "cpu_ns", (json_int_t)(after->cpu_ns - before->cpu_ns), /* */
                                                 "cpu_share", real_or_null(cpu_share(seen, i)),          /* */
                                                 "voluntary_switches",                                   /* */
                                                 (json_int_t)(after->voluntary - before->voluntary),     /* */
                                                 "involuntary_switches",                                 /* */
                                                 (json_int_t)(after->involuntary - before->involuntary), /* */
                                                 "acquisitions", (json_int_t)hand->acquisitions,         /* */
                                                 "reacquisitions", (json_int_t)hand->reacquisitions));
    }
    return threads;
}

static json_t *encode_fairness(const struct mill_observation *seen, const struct mill_sample_spec *spec)
{
    double share[MILL_THREADS_MAX];
    struct mill_slices_summary slices;
    for (unsigned i = 0; i < spec->threads; i++) {
        share[i] = (double)operations_of(seen, i);
    }
    mill_slices_summarise(seen->slices, &slices);
    return json_pack("{s:o, s:I, s:I, s:o, s:o, s:I}",                            /* */
                     "jain", real_or_null(mill_jain_index(share, spec->threads)), /* */
                     "slice_ns", (json_int_t)spec->slice_ns,                      /* */
                     "slices", (json_int_t)slices.slices,                         /* */
                     "jain_slice_median", real_or_null(slices.jain_median),       /* */
                     "jain_slice_worst", real_or_null(slices.jain_worst),         /* */
                     "starvation_ns", (json_int_t)slices.starvation_ns);
}

/* What all threads recorded of one thing: the whole operation, or a span of it. */
typedef const struct mill_histogram *recorded_part(const struct mill_recording *recording, unsigned index);

static const struct mill_histogram *recorded_latency(const struct mill_recording *recording, unsigned index)
{
    (void)index;
    return recording->latency;
}

static const struct mill_histogram *recorded_span(const struct mill_recording *recording, unsigned index)
{
    return recording->spans[index];
}

/* Its histogram and exact extremes; NULL when memory ran out. */
static json_t *encode_recorded(const struct mill_crew *crew, recorded_part *which, unsigned index)
{
    struct mill_histogram *total;
    char *encoding = NULL;
    json_t *encoded = NULL;
    if (mill_histogram_create(&total) < 0) {
        return NULL;
    }
    int status = 0;
    for (unsigned i = 0; i < crew->spec->threads && status == 0; i++) {
        status = mill_histogram_add(total, which(&crew->hands[i].recording, index));
    }
    if (status == 0 && mill_histogram_encode(total, &encoding) == 0) {
        encoded = json_pack("{s:I, s:I, s:I, s:I, s:s}",                               /* */
                            "count", (json_int_t)total->count,                         /* */
                            "beyond", (json_int_t)total->beyond,                       /* */
                            "min_ns", (json_int_t)(total->count ? total->minimum : 0), /* */
                            "max_ns", (json_int_t)total->maximum, "histogram", encoding);
    }
    free(encoding);
    mill_histogram_destroy(total);
    return encoded;
}

static json_t *encode_spans(const struct mill_crew *crew)
{
    const struct mill_scenario *scenario = crew->spec->scenario;
    json_t *spans = json_array();
    for (unsigned i = 0; i < scenario->span_count; i++) {
        json_t *span = encode_recorded(crew, recorded_span, i);
        if (json_object_set_new(span, "name", json_string(scenario->spans[i].name)) < 0 ||
            json_array_append_new(spans, span) < 0) {
            json_decref(spans);
            return NULL;
        }
    }
    return spans;
}

static json_t *encode_latency(const struct mill_crew *crew)
{
    uint64_t unfinished = 0;
    for (unsigned i = 0; i < crew->spec->threads; i++) {
        unfinished += crew->hands[i].recording.unfinished;
    }
    json_t *latency = encode_recorded(crew, recorded_latency, 0);
    json_t *more = json_pack("{s:I, s:f, s:I}", "every", (json_int_t)crew->spec->every, "rate",
                             crew->spec->rate, "unfinished", (json_int_t)unfinished);
    int status = json_object_update(latency, more);
    if (status == 0 && crew->spec->scenario->span_count > 0) {
        status = json_object_set_new(latency, "spans", encode_spans(crew));
    }
    json_decref(more);
    if (status < 0) {
        json_decref(latency);
        return NULL;
    }
    return latency;
}

/* Totals over the window. */
static void add_totals(json_t *sample, const struct mill_observation *seen,
                       const struct mill_sample_spec *spec, const struct mill_crew *crew)
{
    double window_s = (double)(seen->after.at_ns - seen->before.at_ns) / (double)MILL_NS_PER_S;
    double operations = 0, cpu_s = 0, acquired = 0, reacquired = 0;
    for (unsigned i = 0; i < spec->threads; i++) {
        operations += (double)operations_of(seen, i);
        cpu_s +=
            (double)(seen->after.threads[i].cpu_ns - seen->before.threads[i].cpu_ns) / (double)MILL_NS_PER_S;
        acquired += (double)crew->hands[i].acquisitions;
        reacquired += (double)crew->hands[i].reacquisitions;
    }
    json_object_set_new(sample, "window_ns",
                        json_integer((json_int_t)(seen->after.at_ns - seen->before.at_ns)));
    json_object_set_new(sample, "operations", json_integer((json_int_t)operations));
    json_object_set_new(sample, "completed", json_integer((json_int_t)seen->completed));
    json_object_set_new(sample, "operations_per_second", real_or_null(operations / window_s));
    json_object_set_new(sample, "operations_per_cpu_second", real_or_null(operations / cpu_s));
    json_object_set_new(sample, "reacquired_share", real_or_null(reacquired / acquired));
}

static json_t *encode_cores(const struct mill_observation *seen)
{
    struct mill_cores_use use;
    mill_cores_between(&seen->cores_before, &seen->cores_after, &use);
    return use.known ? json_pack("{s:f, s:f, s:f, s:f}", "own", use.own, "foreign", use.foreign, "steal",
                                 use.steal, "resolution", use.resolution)
                     : json_null();
}

json_t *mill_findings_encode(unsigned findings)
{
    json_t *array = json_array();
    for (unsigned bit = 1; bit != 0 && bit <= findings; bit <<= 1) {
        char name[64];
        if (findings & bit) {
            json_array_append_new(array, json_string(mill_findings_name(name, sizeof name, bit)));
        }
    }
    return array;
}

static json_t *encode_measures(const struct mill_check *check)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < check->measure_count; i++) {
        const struct mill_measure *measure = &check->measures[i];
        json_array_append_new(array, json_pack("{s:s, s:s, s:o}", "name", measure->name, "unit",
                                               measure->unit, "value", real_or_null(measure->value)));
    }
    return array;
}

/* null: nothing was recorded, or there is no model for the case. */
static json_t *encode_history(const struct mill_recorded *recorded)
{
    return recorded->checked ? json_pack("{s:s, s:I, s:I, s:I, s:I, s:s?}", "verdict",
                                         mill_history_verdict_name(recorded->verdict),           /* */
                                         "calls", (json_int_t)recorded->calls,                   /* */
                                         "pending", (json_int_t)recorded->pending,               /* */
                                         "missed", (json_int_t)recorded->missed,                 /* */
                                         "configurations", (json_int_t)recorded->configurations, /* */
                                         "timeline", recorded->timeline.text)
                             : json_null();
}

static json_t *encode_outcomes(const struct mill_outcomes *outcomes)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < mill_outcomes_rows(outcomes); i++) {
        struct mill_outcome_count row;
        mill_outcomes_row(outcomes, i, &row);
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:I}", "outcome", row.outcome, "grade",
                                              mill_outcome_grade_name(row.grade), "sentence", row.sentence,
                                              "count", (json_int_t)row.count));
    }
    return rows;
}

static json_t *encode_failure(const struct mill_observation *seen)
{
    char reason[256];
    const char *what = seen->failure ? seen->failure : "the engine";
    snprintf(reason, sizeof reason, "%s failed: %s", what, strerror(-seen->status));
    return json_pack("{s:s, s:s}", "status", "failed", "reason", reason);
}

int mill_observation_encode(const struct mill_observation *seen, const struct mill_sample_spec *spec,
                            const struct mill_crew *crew, json_t **sample)
{
    char reason[256];
    if (seen->status < 0) {
        *sample = encode_failure(seen);
        return *sample ? 0 : -ENOMEM;
    }
    char rejection[256];
    find_rejection(seen, spec, rejection, sizeof rejection);
    /* A finding is one whatever the machine did; the numbers beside it are then worth nothing. */
    const char *status = seen->check.findings ? "check-failed" : rejection[0] ? "rejected" : "ok";
    snprintf(reason, sizeof reason, "%s", seen->check.findings ? seen->check.message : rejection);
    *sample =
        json_pack("{s:s, s:s?, s:b, s:o, s:o, s:s, s:{s:f, s:f}, s:o, s:o, s:o}",                      /* */
                  "status", status, "reason", reason[0] ? reason : NULL, "trusted", rejection[0] == 0, /* */
                  "findings", mill_findings_encode(seen->check.findings),                              /* */
                  "measures", encode_measures(&seen->check),                                           /* */
                  "mode", mill_mode_name(mill_mode_of(seen->calibration_after_ns)),                    /* */
                  "calibration_ns", "before", seen->calibration_before_ns,                             /* */
                  "after", seen->calibration_after_ns,                                                 /* */
                  "cores", encode_cores(seen), "fairness", encode_fairness(seen, spec),                /* */
                  "threads", encode_threads(seen, spec, crew));
    if (!*sample) {
        return -ENOMEM;
    }
    add_totals(*sample, seen, spec, crew);
    if (spec->history > 0) {
        json_object_set_new(*sample, "history", encode_history(&seen->recorded));
    }
    if (seen->outcomes) {
        json_object_set_new(*sample, "outcomes", encode_outcomes(seen->outcomes));
    }
    if (spec->kind == MILL_LATENCY) {
        json_t *latency = encode_latency(crew);
        if (!latency) {
            json_decref(*sample);
            *sample = NULL;
            return -ENOMEM;
        }
        json_object_set_new(*sample, "latency", latency);
    }
    return 0;
}

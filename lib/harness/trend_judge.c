#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/json_parts.h"
#include "harness/trend.h"
#include "measure/change_points.h"
#include "measure/paired.h"

static int compare_runs(const struct mill_trend_run *a, const struct mill_trend_run *b)
{
    int order = strcmp(a->created, b->created); /* UTC, most significant first */
    return order != 0 ? order : strcmp(a->path, b->path);
}

static int by_time(const void *a, const void *b)
{
    return compare_runs(((const struct mill_trend_point *)a)->run, ((const struct mill_trend_point *)b)->run);
}

static int runs_by_time(const void *a, const void *b)
{
    return compare_runs(*(struct mill_trend_run *const *)a, *(struct mill_trend_run *const *)b);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct mill_trend_series *)a)->key, ((const struct mill_trend_series *)b)->key);
}

static double median_of(const struct mill_trend_series *series, size_t begin, size_t end, double *room)
{
    for (size_t i = begin; i < end; i++) {
        room[i - begin] = series->points[i].value;
    }
    return mill_median_in_place(room, end - begin);
}

static enum mill_trend_verdict judge(const struct mill_trends *trends, double before, double after)
{
    double better = trends->metric->higher_is_better ? log(after / before) : log(before / after);
    double margin = log1p(trends->margin);
    return better < -margin  ? MILL_TREND_REGRESSED
           : better > margin ? MILL_TREND_IMPROVED
                             : MILL_TREND_SHIFTED;
}

static int describe(const struct mill_trends *trends, struct mill_trend_series *series, const size_t *points,
                    size_t count, double *room)
{
    series->changes = calloc(count + 1, sizeof *series->changes);
    if (!series->changes) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        size_t begin = i > 0 ? points[i - 1] : 0, at = points[i];
        size_t end = i + 1 < count ? points[i + 1] : series->point_count;
        double before = median_of(series, begin, at, room), after = median_of(series, at, end, room);
        series->changes[series->change_count++] = (struct mill_trend_change){
            .at = at,
            .before = before,
            .after = after,
            .runs_before = at - begin,
            .runs_since = end - at,
            .verdict = judge(trends, before, after),
        };
    }
    return 0;
}

static int find_changes(const struct mill_trends *trends, struct mill_trend_series *series)
{
    size_t count = series->point_count, *points = NULL, point_count;
    double *logs = calloc(count + 1, sizeof *logs);
    if (!logs) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        logs[i] = log(series->points[i].value);
    }
    double noise = mill_change_noise(logs, count);
    const struct mill_change_settings settings = mill_change_defaults(count, noise, MILL_TREND_LEAST);
    int status = isnan(noise) ? -ENOMEM : mill_change_points(logs, count, &settings, &points, &point_count);
    if (status == 0) {
        status = describe(trends, series, points, point_count, logs);
    }
    free(points);
    free(logs);
    return status;
}

int mill_trends_judge(struct mill_trends *trends, double margin, struct mill_error *error)
{
    trends->margin = margin;
    if (trends->run_count > 0) {
        qsort(trends->runs, trends->run_count, sizeof(struct mill_trend_run *), runs_by_time);
    }
    if (trends->series_count > 0) {
        qsort(trends->series, trends->series_count, sizeof *trends->series, by_key);
    }
    for (size_t i = 0; i < trends->series_count; i++) {
        struct mill_trend_series *series = &trends->series[i];
        qsort(series->points, series->point_count, sizeof *series->points, by_time);
        int status = find_changes(trends, series);
        if (status == -E2BIG) {
            return mill_error_set(
                error, status, "%s with %s has %zu runs; at most %d can be looked through at once",
                series->scenario, series->strategy, series->point_count, MILL_CHANGE_VALUES_MAX);
        }
        if (status < 0) {
            return mill_error_set(error, status, "no memory for a series of %zu runs", series->point_count);
        }
    }
    return 0;
}

bool mill_trend_regressed(const struct mill_trend_series *series)
{
    return series->change_count > 0 &&
           series->changes[series->change_count - 1].verdict == MILL_TREND_REGRESSED;
}

const char *mill_trend_verdict_name(enum mill_trend_verdict verdict)
{
    static const char *const names[] = {
        [MILL_TREND_REGRESSED] = "regressed",
        [MILL_TREND_IMPROVED] = "improved",
        [MILL_TREND_SHIFTED] = "shifted",
    };
    return names[verdict];
}

/* ---- as JSON ---- */

static size_t index_of(const struct mill_trends *trends, const struct mill_trend_run *run)
{
    size_t index = 0;
    while (trends->runs[index] != run) {
        index++;
    }
    return index;
}

static json_t *encode_change(const struct mill_trend_series *series, const struct mill_trend_change *change)
{
    const struct mill_trend_run *last = series->points[change->at - 1].run,
                                *first = series->points[change->at].run;
    return json_pack("{s:I, s:f, s:f, s:f, s:I, s:I, s:s, s:{s:s, s:s?, s:s}, s:{s:s, s:s?, s:s}}", "at",
                     (json_int_t)change->at, "before", change->before, "after", change->after, "ratio",
                     change->after / change->before, "runs_before", (json_int_t)change->runs_before,
                     "runs_since", (json_int_t)change->runs_since, "verdict",
                     mill_trend_verdict_name(change->verdict), "last", "created", last->created, "commit",
                     last->commit, "path", last->path, "first", "created", first->created, "commit",
                     first->commit, "path", first->path);
}

static json_t *encode_series(const struct mill_trends *trends, const struct mill_trend_series *series)
{
    json_t *points = json_array(), *changes = json_array();
    for (size_t i = 0; i < series->point_count; i++) {
        points =
            mill_json_and(points, json_pack("[I, f]", (json_int_t)index_of(trends, series->points[i].run),
                                            series->points[i].value));
    }
    for (size_t i = 0; i < series->change_count; i++) {
        changes = mill_json_and(changes, encode_change(series, &series->changes[i]));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:s, s:o, s:o}", "machine", series->machine,
                     "scenario", series->scenario, "parameters", series->parameters, "strategy",
                     series->strategy, "conditions", series->conditions, "threads", (int)series->threads,
                     "oversubscribed", series->oversubscribed, "mode", series->mode, "points", points,
                     "changes", changes);
}

json_t *mill_trends_encode(const struct mill_trends *trends)
{
    json_t *runs = json_array(), *series = json_array();
    for (size_t i = 0; i < trends->run_count; i++) {
        runs = mill_json_and(runs, json_pack("{s:s, s:s, s:s?}", "path", trends->runs[i]->path, "created",
                                             trends->runs[i]->created, "commit", trends->runs[i]->commit));
    }
    for (size_t i = 0; i < trends->series_count; i++) {
        series = mill_json_and(series, encode_series(trends, &trends->series[i]));
    }
    return json_pack("{s:s, s:i, s:{s:s, s:s, s:s}, s:f, s:I, s:I, s:o, s:[], s:o}", "format",
                     MILL_HISTORY_FORMAT, "version", MILL_HISTORY_VERSION, "metric", "name",
                     trends->metric->name, "unit", trends->metric->unit, "better",
                     trends->metric->higher_is_better ? "higher" : "lower", "margin", trends->margin,
                     "given_twice", (json_int_t)trends->given_twice, "without", (json_int_t)trends->without,
                     "runs", runs, "skipped", "series", series);
}

/* Stored results over time: for each cell in each mode, on each machine, a series of one number a run, and
 * where it changed its level (measure/change_points.h).
 *
 *     struct mill_trends *trends;
 *     int status = mill_trends_create(&trends, mill_trend_metric("throughput"));
 *     for each result: status = mill_trends_add(trends, path, result, &error);
 *     status = mill_trends_judge(trends, 0.10);
 *     … trends->series …
 *     mill_trends_destroy(trends);
 *
 * What is of one series: the same scenario, parameters, strategy, number of threads and mode; the same
 * machine (model of processor, topology, whether it is virtual); the same flavour, rate and pinning. Only
 * cells that passed have a number. Runs are ordered by the time that their documents have.
 *
 * One thread at a time. Strings belong to the trends.
 */
#ifndef MILL_HARNESS_TREND_H
#define MILL_HARNESS_TREND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

#define MILL_HISTORY_FORMAT  "threadmill-history"
#define MILL_HISTORY_VERSION 1

/* Changes of less than this are not told from noise, however quiet the series: a hundredth, as a log ratio.
 */
#define MILL_TREND_LEAST     0.01

struct mill_trend_metric {
    const char *name, *unit;
    bool higher_is_better;
};

/* The metrics there are, ended by one without a name: throughput, p50, p99, fairness. */
extern const struct mill_trend_metric mill_trend_metrics[];

/* The metric of that name; NULL when there is none. */
const struct mill_trend_metric *mill_trend_metric(const char *name);

struct mill_trend_run {
    char *path, *created, *commit; /* commit: NULL when it is not known */
    char *identity;                /* of the document: the same one given twice counts once */
};

struct mill_trend_point {
    const struct mill_trend_run *run;
    double value;
};

enum mill_trend_verdict {
    MILL_TREND_REGRESSED, /* worse by more than the margin */
    MILL_TREND_IMPROVED,
    MILL_TREND_SHIFTED, /* a change, within the margin */
};

struct mill_trend_change {
    size_t at;                      /* the first point of the new level */
    double before, after;           /* medians of the two levels */
    size_t runs_before, runs_since; /* points of the two levels */
    enum mill_trend_verdict verdict;
};

struct mill_trend_series {
    char *key; /* all that tells one series from another */
    char *machine, *scenario, *parameters, *strategy, *conditions;
    const char *mode;
    unsigned threads;
    bool oversubscribed;
    struct mill_trend_point *points; /* by time */
    size_t point_count;
    struct mill_trend_change *changes; /* by time */
    size_t change_count;
};

struct mill_trends {
    const struct mill_trend_metric *metric;
    double margin;
    struct mill_trend_run **runs; /* by time, once they were judged */
    size_t run_count;
    struct mill_trend_series *series; /* by machine, scenario, parameters, … */
    size_t series_count;
    size_t given_twice; /* documents */
    size_t without; /* cells and modes that passed and have no such number, or none between 1e-9 and 1e18 */
};

/* `metric` of mill_trend_metrics. 0 or -ENOMEM. */
int mill_trends_create(struct mill_trends **trends, const struct mill_trend_metric *metric);
void mill_trends_destroy(struct mill_trends *trends);

/* Adds a result that is valid (document.h). 0; -EBADMSG when its samples hold nonsense; -ENOMEM. */
int mill_trends_add(struct mill_trends *trends, const char *path, const json_t *result,
                    struct mill_error *error);

/* Sorts, and looks for changes; a level is worse than the one before it when it is so by more than `margin`
 * (0.1: 1.1 times the time, or 1/1.1 of the speed). Once, after the last result. 0, -ENOMEM, or -E2BIG with a
 * message for a series of more than MILL_CHANGE_VALUES_MAX runs. */
int mill_trends_judge(struct mill_trends *trends, double margin, struct mill_error *error);

/* Is the last change of the series one for the worse? */
bool mill_trend_regressed(const struct mill_trend_series *series);

/* "regressed", "improved", "shifted" */
const char *mill_trend_verdict_name(enum mill_trend_verdict verdict);

/* All of it (results/schema/history-1.schema.json), but for "skipped", to which the caller adds. NULL when
 * memory ran out. */
json_t *mill_trends_encode(const struct mill_trends *trends);

#endif

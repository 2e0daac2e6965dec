#include "harness/trend.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "harness/sample_series.h"
#include "harness/summary.h"
#include "measure/change_points.h"

const struct mill_trend_metric mill_trend_metrics[] = {
    {"throughput", "op/s", true}, {"p50", "ns", false}, {"p99", "ns", false},
    {"fairness", "", true},       {NULL, NULL, false},
};

const struct mill_trend_metric *mill_trend_metric(const char *name)
{
    const struct mill_trend_metric *metric = mill_trend_metrics;
    while (metric->name && strcmp(metric->name, name) != 0) {
        metric++;
    }
    return metric->name ? metric : NULL;
}

static double percentile_of(const struct mill_summary_row *row, double percent)
{
    return row->latency && row->latency->count > 0 ? (double)mill_histogram_percentile(row->latency, percent)
                                                   : NAN;
}

static double value_of(const struct mill_trend_metric *metric, const struct mill_summary_row *row)
{
    size_t which = (size_t)(metric - mill_trend_metrics);
    const double values[] = {row->rate.ratio, percentile_of(row, 50), percentile_of(row, 99), row->jain};
    return values[which];
}

int mill_trends_create(struct mill_trends **trends, const struct mill_trend_metric *metric)
{
    *trends = calloc(1, sizeof **trends);
    if (!*trends) {
        return -ENOMEM;
    }
    (*trends)->metric = metric;
    return 0;
}

static void destroy_run(struct mill_trend_run *run)
{
    free(run->path);
    free(run->created);
    free(run->commit);
    free(run->identity);
    free(run);
}

void mill_trends_destroy(struct mill_trends *trends)
{
    for (size_t i = 0; trends && i < trends->run_count; i++) {
        destroy_run(trends->runs[i]);
    }
    for (size_t i = 0; trends && i < trends->series_count; i++) {
        struct mill_trend_series *series = &trends->series[i];
        char *const texts[] = {series->key,        series->machine,  series->scenario,
                               series->parameters, series->strategy, series->conditions};
        for (size_t text = 0; text < sizeof texts / sizeof texts[0]; text++) {
            free(texts[text]);
        }
        free(series->points);
        free(series->changes);
    }
    if (trends) {
        free(trends->runs);
        free(trends->series);
    }
    free(trends);
}

/* ---- a result ---- */

/* The text, to be freed; NULL when memory ran out for a part of it. */
static char *whole(struct mill_text *text)
{
    if (text->failed) {
        mill_text_free(text);
    }
    return text->text;
}

static void add_fact(struct mill_text *text, const char *fact)
{
    if (fact && *fact) {
        mill_text_add(text, "%s%s", text->length > 0 ? ", " : "", fact);
    }
}

static char *describe_machine(const json_t *machine)
{
    struct mill_text text = {0};
    add_fact(&text, mill_sample_text(machine, "processor"));
    add_fact(&text, mill_sample_text(machine, "topology"));
    add_fact(&text, json_is_true(json_object_get(machine, "virtual")) ? "virtual" : NULL);
    add_fact(&text, text.length > 0 ? NULL : "a machine that is not known");
    return whole(&text);
}

/* What else decides a speed, where it is not as it mostly is. */
static char *describe_conditions(const json_t *result)
{
    const json_t *settings = json_object_get(result, "settings");
    const char *flavour = mill_sample_text(json_object_get(result, "build"), "flavour");
    const char *pin = mill_sample_text(settings, "pin");
    double rate = mill_sample_number(settings, "rate");
    struct mill_text text = {0};
    mill_text_add(&text, "%s", "");
    add_fact(&text, strcmp(flavour, "plain") == 0 ? NULL : flavour);
    if (strcmp(pin, "spread") != 0) {
        mill_text_add(&text, "%spin %s", text.length > 0 ? ", " : "", pin);
    }
    if (rate > 0) {
        mill_text_add(&text, "%srate %.9g", text.length > 0 ? ", " : "", rate);
    }
    return whole(&text);
}

static char *describe_parameters(const json_t *parameters)
{
    const char *name;
    json_t *value;
    struct mill_text text = {0};
    mill_text_add(&text, "%s", "");
    json_object_foreach((json_t *)(uintptr_t)parameters, name, value)
    {
        mill_text_add(&text, "%s%s=%s", text.length > 0 ? " " : "", name, json_string_value(value));
    }
    return whole(&text);
}

/* Time, seed, command, commit and machine: no two runs have all of them. The first three may be those of two
 * runners of a CI that begin within one second. */
static char *identify(const json_t *result)
{
    struct mill_text text = {0};
    char *machine = describe_machine(json_object_get(result, "machine"));
    if (machine) {
        mill_text_add(&text, "%s %lld %s %s %s", mill_sample_text(result, "created"),
                      (long long)json_integer_value(json_object_get(result, "seed")),
                      mill_sample_text(result, "command"),
                      mill_sample_text(json_object_get(result, "build"), "commit"), machine);
    }
    free(machine);
    return whole(&text);
}

static struct mill_trend_run *new_run(const char *path, const json_t *result)
{
    const char *commit = mill_sample_text(json_object_get(result, "build"), "commit");
    struct mill_trend_run *run = calloc(1, sizeof *run);
    if (!run) {
        return NULL;
    }
    run->path = strdup(path);
    run->created = strdup(mill_sample_text(result, "created"));
    run->commit = commit ? strdup(commit) : NULL;
    run->identity = identify(result);
    if (!run->path || !run->created || !run->identity || (commit && !run->commit)) {
        destroy_run(run);
        return NULL;
    }
    return run;
}

/* ---- series ---- */

/* A series is found by its key; one that is new takes the texts over. NULL when memory ran out. */
static struct mill_trend_series *find_series(struct mill_trends *trends, struct mill_trend_series *wanted)
{
    for (size_t i = 0; i < trends->series_count; i++) {
        if (strcmp(trends->series[i].key, wanted->key) == 0) {
            return &trends->series[i];
        }
    }
    struct mill_trend_series *grown =
        realloc(trends->series, (trends->series_count + 1) * sizeof *trends->series);
    if (!grown) {
        return NULL;
    }
    trends->series = grown;
    grown[trends->series_count] = *wanted;
    *wanted = (struct mill_trend_series){0};
    return &grown[trends->series_count++];
}

static int add_point(struct mill_trends *trends, const json_t *result, const struct mill_trend_run *run,
                     const struct mill_summary_cell *cell, const char *mode, double value)
{
    struct mill_text key = {0};
    struct mill_trend_series wanted = {
        .machine = describe_machine(json_object_get(result, "machine")),
        .scenario = strdup(cell->scenario),
        .parameters = describe_parameters(cell->parameters),
        .strategy = strdup(cell->strategy),
        .conditions = describe_conditions(result),
        .mode = mode,
        .threads = cell->threads,
        .oversubscribed = cell->oversubscribed,
    };
    const char *const parts[] = {wanted.machine,  wanted.scenario,   wanted.parameters,
                                 wanted.strategy, wanted.conditions, mode};
    bool any_missing = false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0];
         i++) { /* lengths, so that no two texts run together */
        any_missing = any_missing || !parts[i];
        mill_text_add(&key, "%zu:%s", parts[i] ? strlen(parts[i]) : 0, parts[i] ? parts[i] : "");
    }
    mill_text_add(&key, "%u%d", cell->threads, cell->oversubscribed);
    wanted.key = key.text;
    struct mill_trend_series *series = !any_missing && !key.failed ? find_series(trends, &wanted) : NULL;
    struct mill_trend_point *grown =
        series ? realloc(series->points, (series->point_count + 1) * sizeof *series->points) : NULL;
    if (grown) {
        series->points = grown;
        series->points[series->point_count++] = (struct mill_trend_point){run, value};
    }
    free(wanted.key);
    free(wanted.machine);
    free(wanted.scenario);
    free(wanted.parameters);
    free(wanted.strategy);
    free(wanted.conditions);
    return grown ? 0 : -ENOMEM;
}

/* What no machine measures is no value, so that ratios are numbers whatever a document says. */
static const double least_value = 1e-9, most_value = 1e18;

static int add_rows(struct mill_trends *trends, const json_t *result, const struct mill_trend_run *run,
                    const struct mill_summary *summary)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < summary->row_count; i++) {
        const struct mill_summary_row *row = &summary->rows[i];
        const struct mill_summary_cell *cell = &summary->cells[row->cell];
        double value = value_of(trends->metric, row);
        if (cell->verdict != MILL_VERDICT_PASS) {
            continue;
        }
        if (value >= least_value && value <= most_value) {
            status = add_point(trends, result, run, cell, row->mode, value);
        } else {
            trends->without++;
        }
    }
    return status;
}

int mill_trends_add(struct mill_trends *trends, const char *path, const json_t *result,
                    struct mill_error *error)
{
    struct mill_summary summary = {0};
    int status = mill_summary_make(&summary, result, error);
    if (status < 0) {
        return mill_error_set(error, status, "'%s': %s", path, error ? error->message : "");
    }
    struct mill_trend_run *run = new_run(path, result);
    struct mill_trend_run **grown =
        run ? realloc(trends->runs, (trends->run_count + 1) * sizeof(struct mill_trend_run *)) : NULL;
    trends->runs = grown ? grown : trends->runs;
    for (size_t i = 0; grown && run && i < trends->run_count; i++) {
        if (strcmp(trends->runs[i]->identity, run->identity) == 0) {
            trends->given_twice++;
            destroy_run(run);
            run = NULL;
        }
    }
    if (grown && run) {
        trends->runs[trends->run_count++] = run;
        status = add_rows(trends, result, run, &summary);
    } else if (!grown) {
        if (run) {
            destroy_run(run);
        }
        status = -ENOMEM;
    }
    mill_summary_destroy(&summary);
    return status < 0 ? mill_error_set(error, status, "no memory for '%s'", path) : 0;
}

#include "doctor_log.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/compare_document.h"
#include "harness/json_parts.h"

static const char *const kinds[MILL_TRIAL_KINDS] = {"A/A", "more"};
static const char untrusted[] = "untrusted";

int mill_doctor_log_open(struct mill_doctor_log *log, size_t most)
{
    *log = (struct mill_doctor_log){
        .trials = json_array(),
        .seconds = calloc(most + 1, sizeof *log->seconds),
        .ratios = calloc(most + 1, sizeof *log->ratios),
        .most = most,
    };
    return log->trials && log->seconds && log->ratios ? 0 : -ENOMEM;
}

void mill_doctor_log_close(struct mill_doctor_log *log)
{
    json_decref(log->trials);
    free(log->seconds);
    free(log->ratios);
    *log = (struct mill_doctor_log){0};
}

/* ---- an entry ---- */

/* Which of `names` the value is; `count`: none of them. */
static size_t which(const json_t *value, const char *const *names, size_t count)
{
    size_t i = 0;
    while (i < count && (!json_is_string(value) || strcmp(json_string_value(value), names[i]) != 0)) {
        i++;
    }
    return i;
}

static void add_regressed(struct mill_trial_totals *totals, const json_t *regressed)
{
    const char *names[MILL_METRIC_COUNT];
    size_t index;
    json_t *metric;
    for (size_t i = 0; i < MILL_METRIC_COUNT; i++) {
        names[i] = mill_metric_name((enum mill_metric)i);
    }
    json_array_foreach(regressed, index, metric)
    {
        size_t i = which(metric, names, MILL_METRIC_COUNT);
        if (i < MILL_METRIC_COUNT) {
            totals->regressed_by[i]++;
        }
    }
}

/* Sums up an entry and takes it over. -EBADMSG for what is no entry. */
static int take(struct mill_doctor_log *log, json_t *entry)
{
    const char *const verdicts[] = {mill_change_name(0), mill_change_name(1), mill_change_name(2),
                                    mill_change_name(3), untrusted};
    const json_t *seconds = json_object_get(entry, "seconds"), *cost = json_object_get(entry, "cost");
    size_t kind = which(json_object_get(entry, "kind"), kinds, MILL_TRIAL_KINDS);
    size_t verdict = which(json_object_get(entry, "verdict"), verdicts, 5);
    bool is_entry = kind < MILL_TRIAL_KINDS && verdict < 5 && json_is_number(seconds) &&
                    (json_is_number(cost) || json_is_null(cost));
    if (!is_entry || log->done == log->most || json_array_append_new(log->trials, json_incref(entry)) != 0) {
        int status = !is_entry ? -EBADMSG : log->done == log->most ? -ENOSPC : -ENOMEM;
        json_decref(entry);
        return status;
    }
    struct mill_trial_totals *totals = &log->totals[kind];
    totals->done++;
    totals->untrusted += verdict == 4;
    if (verdict < 4) {
        totals->verdict[verdict]++;
        add_regressed(totals, json_object_get(entry, "regressed"));
    }
    log->seconds[log->done++] = json_number_value(seconds);
    if (kind == MILL_TRIAL_MORE && json_is_number(cost)) {
        log->ratios[log->ratio_count++] = json_number_value(cost);
    }
    json_decref(entry);
    return 0;
}

/* ---- what was compared ---- */

const struct mill_compare_row *mill_doctor_throughput(const struct mill_comparison *comparison)
{
    const struct mill_compare_row *found = NULL;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct mill_compare_row *row = &comparison->rows[i];
        if (row->kind != MILL_ROW_AA && row->metric == MILL_METRIC_THROUGHPUT &&
            (!found || row->n > found->n)) {
            found = row;
        }
    }
    return found;
}

static enum mill_change whole(const struct mill_comparison *comparison)
{
    size_t counts[4];
    mill_comparison_tally(comparison, counts);
    return counts[MILL_CHANGE_REGRESSED] > 0      ? MILL_CHANGE_REGRESSED
           : counts[MILL_CHANGE_IMPROVED] > 0     ? MILL_CHANGE_IMPROVED
           : counts[MILL_CHANGE_INCONCLUSIVE] > 0 ? MILL_CHANGE_INCONCLUSIVE
                                                  : MILL_CHANGE_EQUIVALENT;
}

/* The metrics of which a row that gates regressed, each once. */
static json_t *encode_regressed(const struct mill_comparison *comparison)
{
    bool seen[MILL_METRIC_COUNT] = {false};
    json_t *metrics = json_array();
    for (size_t i = 0; i < comparison->count; i++) {
        const struct mill_compare_row *row = &comparison->rows[i];
        if (row->kind == MILL_ROW_GATES && row->verdict == MILL_CHANGE_REGRESSED && !seen[row->metric]) {
            seen[row->metric] = true;
            metrics = mill_json_and(metrics, json_string(mill_metric_name(row->metric)));
        }
    }
    return metrics;
}

int mill_doctor_log_add(struct mill_doctor_log *log, enum mill_trial_kind kind,
                        const struct mill_comparison *comparison, double seconds, uint64_t seed)
{
    const struct mill_compare_row *throughput = mill_doctor_throughput(comparison);
    double ratio = throughput ? 1 / throughput->ratio.ratio : NAN;
    json_t *entry = json_pack(
        "{s:s, s:I, s:s, s:f, s:o, s:o}", "kind", kinds[kind], "seed", (json_int_t)seed, "verdict",
        comparison->trusted ? mill_change_name(whole(comparison)) : untrusted, "seconds", seconds, "cost",
        isfinite(ratio) ? json_real(ratio) : json_null(), "regressed", encode_regressed(comparison));
    return entry ? take(log, entry) : -ENOMEM;
}

/* ---- going on ---- */

static int check(const json_t *before, const char *path, const json_t *now, struct mill_error *error)
{
    const json_t *format = json_object_get(before, "format");
    if (!json_is_string(format) || strcmp(json_string_value(format), MILL_DOCTOR_FORMAT) != 0 ||
        json_integer_value(json_object_get(before, "injected_hold_ns")) <= 0 ||
        !json_is_integer(json_object_get(before, "seed"))) {
        return mill_error_set(error, -EBADMSG, "'%s' is no document of 'threadmill doctor --compare'", path);
    }
    json_t *differences = mill_compare_differences(before, now);
    int status = differences ? 0 : mill_error_set(error, -ENOMEM, "no memory to go on with '%s'", path);
    if (json_array_size(differences) > 0) {
        status =
            mill_error_set(error, -EINVAL, "'%s' was made with another %s; leave --resume away to begin anew",
                           path, json_string_value(json_object_get(json_array_get(differences, 0), "what")));
    }
    json_decref(differences);
    return status;
}

static int take_all(struct mill_doctor_log *log, const json_t *trials, const char *path,
                    struct mill_error *error)
{
    size_t index;
    json_t *entry;
    json_array_foreach(trials, index, entry)
    {
        int status = take(log, json_incref(entry));
        if (status == -ENOSPC) {
            return mill_error_set(error, -EINVAL, "'%s' has %zu comparisons; --trials asks for %zu in all",
                                  path, json_array_size(trials), log->most);
        }
        if (status < 0) {
            return mill_error_set(error, status, "comparison %zu of '%s' cannot be read", index + 1, path);
        }
    }
    return 0;
}

int mill_doctor_log_resume(struct mill_doctor_log *log, const char *path, const json_t *now, bool seeded,
                           uint64_t *seed, int64_t *more_ns, struct mill_error *error)
{
    json_error_t where;
    if (access(path, F_OK) != 0) {
        return mill_error_set(error, -ENOENT, "there is no '%s' to go on with", path);
    }
    json_t *before = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (!before) {
        return mill_error_set(error, -EBADMSG, "'%s', line %d: %s", path, where.line, where.text);
    }
    uint64_t old = (uint64_t)json_integer_value(json_object_get(before, "seed"));
    int status = check(before, path, now, error);
    if (status == 0 && seeded && old != *seed) {
        status = mill_error_set(error, -EINVAL, "'%s' is of --seed %" PRIu64, path, old);
    }
    status = status < 0 ? status : take_all(log, json_object_get(before, "trials"), path, error);
    if (status == 0) {
        *seed = old;
        *more_ns = json_integer_value(json_object_get(before, "injected_hold_ns"));
    }
    json_decref(before);
    return status;
}

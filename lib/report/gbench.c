/* Google Benchmark's JSON: what compare.py and the tools around it read. Each accepted sample of a cell in
 * one mode is a repetition; the aggregates are those that Google Benchmark makes of repetitions. What has no
 * speed that counts has no entry here, and is named in the context. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/json_parts.h"
#include "harness/sample_series.h"
#include "report/view_parts.h"

enum metric {
    metric_real,
    metric_cpu,
    metric_items,
    metric_count,
};

static const char *const metric_names[metric_count] = {"real_time", "cpu_time", "items_per_second"};

/* One cell and mode. */
struct family {
    const struct mill_summary_cell *cell;
    const struct mill_summary_row *row;
    char *name;
    size_t index;
    size_t repetitions;
    double *values[metric_count]; /* of each repetition */
};

static void name_family(struct mill_text *name, const struct mill_summary_cell *cell, const char *mode)
{
    const char *parameter;
    json_t *value;
    mill_text_add(name, "%s/%s", cell->scenario, cell->strategy);
    json_object_foreach((json_t *)(uintptr_t)cell->parameters, parameter, value)
    {
        mill_text_add(name, "/%s:%s", parameter, json_string_value(value));
    }
    mill_text_add(name, "/threads:%u/%s", cell->threads, mode);
}

static double cpu_ns(const json_t *sample)
{
    double sum = 0;
    size_t index;
    json_t *thread;
    json_array_foreach(json_object_get(sample, "threads"), index, thread)
    {
        sum += mill_sample_number(thread, "cpu_ns");
    }
    return sum;
}

/* Nanoseconds of the window, and of processors, for each operation. */
static bool measure(const json_t *sample, double *values)
{
    double operations = mill_sample_number(sample, "operations");
    values[metric_real] = mill_sample_number(sample, "window_ns") / operations;
    values[metric_cpu] = cpu_ns(sample) / operations;
    values[metric_items] = mill_sample_rate(sample);
    return operations > 0 && isfinite(values[metric_real]) && isfinite(values[metric_cpu]) &&
           isfinite(values[metric_items]);
}

/* ---- entries ---- */

/* What entries of a family share; `name` is the entry's own. */
static json_t *new_entry(const struct family *family, const char *suffix, const char *run_type)
{
    struct mill_text name = {0};
    mill_text_add(&name, "%s%s", family->name, suffix);
    json_t *entry =
        name.failed
            ? NULL
            : json_pack("{s:s, s:I, s:i, s:s, s:s, s:I, s:I}", "name", name.text, "family_index",
                        (json_int_t)family->index, "per_family_instance_index", 0, "run_name", family->name,
                        "run_type", run_type, "repetitions", (json_int_t)family->repetitions, "threads",
                        (json_int_t)family->cell->threads);
    mill_text_free(&name);
    return entry;
}

static int add_iteration(json_t *benchmarks, const struct family *family, const json_t *sample,
                         const double *values)
{
    json_t *entry = new_entry(family, "", "iteration");
    int status =
        json_object_set_new(entry, "repetition_index", json_integer((json_int_t)(family->repetitions)));
    status |= json_object_set(entry, "iterations", json_object_get(sample, "operations"));
    for (size_t i = 0; i < metric_count; i++) {
        status |= json_object_set_new(entry, metric_names[i], json_real(values[i]));
    }
    status |= json_object_set_new(entry, "time_unit", json_string("ns"));
    status |= json_object_set(entry, "round", json_object_get(sample, "round"));
    return json_array_append_new(benchmarks, entry) == 0 && status == 0 ? 0 : -ENOMEM;
}

static double mean_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i] / (double)count; /* no sum of large ones overflows */
    }
    return sum;
}

static double deviation_of(const double *values, size_t count)
{
    double mean = mean_of(values, count), sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (values[i] - mean) * (values[i] - mean);
    }
    return count > 1 ? sqrt(sum / (double)(count - 1)) : 0;
}

static double variation_of(const double *values, size_t count)
{
    double mean = mean_of(values, count);
    return mean > 0 ? deviation_of(values, count) / mean : 0;
}

static const struct aggregate {
    const char *name, *suffix, *unit;
    double (*of)(const double *values, size_t count);
} aggregates[] = {
    {"mean", "_mean", "time", mean_of},
    {"median", "_median", "time", mill_median},
    {"stddev", "_stddev", "time", deviation_of},
    {"cv", "_cv", "percentage", variation_of},
};

static int add_aggregate(json_t *benchmarks, const struct family *family, const struct aggregate *aggregate)
{
    json_t *entry = new_entry(family, aggregate->suffix, "aggregate");
    int status = json_object_set_new(entry, "aggregate_name", json_string(aggregate->name));
    status |= json_object_set_new(entry, "aggregate_unit", json_string(aggregate->unit));
    status |= json_object_set_new(entry, "iterations", json_integer((json_int_t)family->repetitions));
    for (size_t i = 0; i < metric_count; i++) {
        double value = aggregate->of(family->values[i], family->repetitions);
        if (!isfinite(value)) { /* squares of what a document may hold; NaN: no memory for a median */
            json_decref(entry);
            return isnan(value) ? -ENOMEM : -ERANGE;
        }
        status |= json_object_set_new(entry, metric_names[i], json_real(value));
    }
    status |= json_object_set_new(entry, "time_unit", json_string("ns"));
    return json_array_append_new(benchmarks, entry) == 0 && status == 0 ? 0 : -ENOMEM;
}

/* ---- a family ---- */

/* Names what has no entry, and why. */
static int leave_out(json_t *left_out, const struct mill_summary_cell *cell, const char *mode,
                     const char *why)
{
    struct mill_text text = {0};
    name_family(&text, cell, mode);
    mill_text_add(&text, ": %s", why);
    int status = text.failed ? -1 : json_array_append_new(left_out, json_string(text.text));
    mill_text_free(&text);
    return status == 0 ? 0 : -ENOMEM;
}

static int add_repetitions(json_t *benchmarks, struct family *family, const struct mill_filter *filter)
{
    const struct mill_index *index = filter->index;
    int status = 0;
    for (size_t i = index->begin[filter->cell]; status == 0 && i < index->begin[filter->cell + 1]; i++) {
        double values[metric_count];
        if (mill_filter_passes(filter, index->samples[i]) && measure(index->samples[i], values)) {
            status = add_iteration(benchmarks, family, index->samples[i], values);
            for (size_t metric = 0; metric < metric_count; metric++) {
                family->values[metric][family->repetitions] = values[metric];
            }
            family->repetitions++;
        }
    }
    return status;
}

/* The number of repetitions is known behind them; entries have it all the same. */
static int tell_repetitions(json_t *benchmarks, size_t first, size_t repetitions)
{
    for (size_t i = first; i < json_array_size(benchmarks); i++) {
        if (json_object_set_new(json_array_get(benchmarks, i), "repetitions",
                                json_integer((json_int_t)repetitions)) != 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

static int fill_family(json_t *benchmarks, json_t *left_out, struct family *family,
                       struct mill_filter *filter)
{
    size_t first = json_array_size(benchmarks);
    int status = add_repetitions(benchmarks, family, filter);
    if (status == 0 && family->repetitions == 0) { /* an open loop, or a run of latency samples alone */
        filter->kind = "latency";
        status = add_repetitions(benchmarks, family, filter);
    }
    if (status == 0 && family->repetitions == 0) {
        return leave_out(left_out, family->cell, family->row->mode, "no sample completed an operation");
    }
    status = status < 0 ? status : tell_repetitions(benchmarks, first, family->repetitions);
    for (size_t i = 0; status == 0 && i < sizeof aggregates / sizeof aggregates[0]; i++) {
        status = add_aggregate(benchmarks, family, &aggregates[i]);
    }
    if (status != -ERANGE) {
        return status;
    }
    while (json_array_size(benchmarks) > first) {
        json_array_remove(benchmarks, json_array_size(benchmarks) - 1);
    }
    return leave_out(left_out, family->cell, family->row->mode, "its numbers are too large to be summed up");
}

static int add_family(json_t *benchmarks, json_t *left_out, struct family *family,
                      const struct mill_index *index)
{
    struct mill_text name = {0};
    struct mill_filter filter = {
        .index = index, .cell = family->row->cell, .kind = "throughput", .mode = family->row->mode};
    size_t most = index->begin[filter.cell + 1] - index->begin[filter.cell];
    int status = 0;
    name_family(&name, family->cell, family->row->mode);
    family->name = name.text;
    for (size_t i = 0; i < metric_count; i++) {
        family->values[i] = calloc(most + 1, sizeof *family->values[i]);
        status = family->values[i] && !name.failed ? status : -ENOMEM;
    }
    status = status < 0 ? status : fill_family(benchmarks, left_out, family, &filter);
    for (size_t i = 0; i < metric_count; i++) {
        free(family->values[i]);
    }
    mill_text_free(&name);
    return status;
}

static int add_families(json_t *benchmarks, json_t *left_out, const struct mill_summary *summary,
                        const struct mill_index *index)
{
    size_t next = 0, families = 0;
    int status = 0;
    for (size_t i = 0; status == 0 && i < summary->cell_count; i++) {
        const struct mill_summary_cell *cell = &summary->cells[i];
        bool counts = cell->verdict == MILL_VERDICT_PASS || cell->verdict == MILL_VERDICT_CAUGHT;
        size_t first = next;
        for (; next < summary->row_count && summary->rows[next].cell == i; next++) {
            struct family family = {.cell = cell, .row = &summary->rows[next], .index = families};
            if (status == 0 && counts) {
                status = add_family(benchmarks, left_out, &family, index);
                families += family.repetitions > 0;
            }
        }
        if (status == 0 && (!counts || next == first)) {
            const char *reason = cell->unsupported ? cell->unsupported : cell->reason;
            status = leave_out(left_out, cell, "", reason ? reason : mill_verdict_name(cell->verdict));
        }
    }
    return status;
}

/* ---- the whole ---- */

static json_t *new_context(const struct mill_view_input *input, json_t *left_out)
{
    const json_t *machine = json_object_get(input->document, "machine");
    const json_t *build = json_object_get(input->document, "build");
    const json_t *governor = json_object_get(machine, "governor");
    double mhz = 1000 * mill_sample_number(machine, "ticks_per_ns");
    bool scaling = json_is_string(governor) && strcmp(json_string_value(governor), "performance") != 0;
    return json_pack(
        "{s:O, s:s, s:O, s:O, s:o, s:b, s:[], s:[], s:s, s:O, s:O, s:O, s:o}", "date",
        json_object_get(input->document, "created"), "host_name", "", "executable",
        json_object_get(input->document, "command"), "num_cpus", json_object_get(machine, "processors"),
        "mhz_per_cpu", isfinite(mhz) ? json_real(mhz) : json_null(), "cpu_scaling_enabled", scaling, "caches",
        "load_avg", "library_build_type", "release", "threadmill_commit", json_object_get(build, "commit"),
        "threadmill_flavour", json_object_get(build, "flavour"), "threadmill_seed",
        json_object_get(input->document, "seed"), "threadmill_left_out", json_incref(left_out));
}

static int write_json(struct mill_text *out, const json_t *document)
{
    mill_json_text(out, document, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    mill_text_add(out, "\n");
    return mill_view_done(out);
}

int mill_view_gbench(struct mill_text *out, const struct mill_view_input *input,
                     const struct mill_view_options *options, struct mill_error *error)
{
    (void)options;
    struct mill_index index = {0};
    if (!input->summary) {
        return mill_view_unfit(input, "gbench", "it holds no samples of speed", error);
    }
    json_t *benchmarks = json_array(), *left_out = json_array();
    int status = mill_index_create(&index, input->document, input->summary->cell_count);
    status = status < 0 ? status : add_families(benchmarks, left_out, input->summary, &index);
    json_t *document = status < 0 ? NULL
                                  : json_pack("{s:o, s:O}", "context", new_context(input, left_out),
                                              "benchmarks", benchmarks);
    if (status == 0) {
        status = document ? write_json(out, document) : -ENOMEM;
    }
    json_decref(document);
    json_decref(left_out);
    json_decref(benchmarks);
    mill_index_destroy(&index);
    return status;
}

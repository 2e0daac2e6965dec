/* What the charts of a run draw, as compact JSON that page/script reads. One block for each table:
 *
 *     {"kind": "run", "strategies": ["mutex", …], "controls": [0, …],
 *      "rows": [{"s": strategy, "t": threads, "m": "near", "o": [median, low, high, n], "j": [jain, of
 * slices], "b": [of the fastest, low, high, n], "l": [count, max, latency by percentile …], "a": [latency
 * p50, p99, age p50, p99]}, …], "samples": [{"s": strategy, "t": threads, "p": [place in the run, round,
 * op/s, flags, …]}, …]}
 *
 * The k-th latency of "l" is that at p = 1 - 10^(-k/8). A flag of 1 is near, 2 far, 4 rejected; what is not
 * known is null or left out.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/histogram.h"
#include "report/html_run.h"

enum {
    steps_a_decade = 8,
    decades = 7,
};

/* ---- samples, by cell ---- */

static unsigned flags_of(const json_t *sample)
{
    const char *mode = mill_view_text(sample, "mode");
    return (strcmp(mode, "near") == 0 ? 1u : 0) + (strcmp(mode, "far") == 0 ? 2u : 0) +
           (strcmp(mill_view_text(sample, "status"), "rejected") == 0 ? 4u : 0);
}

static bool is_drawn(const json_t *sample)
{
    const char *status = mill_view_text(sample, "status");
    return strcmp(mill_view_text(sample, "kind"), "throughput") == 0 &&
           (strcmp(status, "ok") == 0 || strcmp(status, "rejected") == 0) &&
           json_is_number(json_object_get(sample, "operations_per_second"));
}

/* points[cell]: its samples in the order in which they were taken. NULL: no memory. */
static struct mill_text *collect(const struct mill_html_run *run)
{
    struct mill_text *points = calloc(run->summary->cell_count + 1, sizeof *points);
    size_t index;
    json_t *sample;
    json_array_foreach(json_object_get(run->result, "samples"), index, sample)
    {
        if (points && is_drawn(sample)) {
            struct mill_text *text = &points[mill_view_integer(sample, "cell")];
            mill_text_add(text, "%s%zu,%lld,", text->length > 0 ? "," : "", index + 1,
                          mill_view_integer(sample, "round"));
            mill_html_json_number(text, mill_html_real(sample, "operations_per_second"));
            mill_text_add(text, ",%u", flags_of(sample));
        }
    }
    return points;
}

static void release(struct mill_text *points, size_t count)
{
    for (size_t i = 0; points && i < count; i++) {
        mill_text_free(&points[i]);
    }
    free(points);
}

/* ---- one table ---- */

/* The first cell of the table with the same strategy: its number among those is the strategy's. */
static size_t strategy_of(const struct mill_summary *summary, size_t table, size_t cell)
{
    size_t number = 0;
    for (size_t i = table; i < summary->cell_count; i++) {
        if (!mill_html_in_table(summary, table, i)) {
            continue;
        }
        if (strcmp(summary->cells[i].strategy, summary->cells[cell].strategy) == 0) {
            return number;
        }
        bool first = true;
        for (size_t j = table; j < i && first; j++) {
            first = !mill_html_in_table(summary, table, j) ||
                    strcmp(summary->cells[j].strategy, summary->cells[i].strategy) != 0;
        }
        number += first;
    }
    return number;
}

static void add_strategies(const struct mill_html_run *run, size_t table)
{
    const struct mill_summary *summary = run->summary;
    size_t next = 0;
    struct mill_text controls = {0};
    mill_text_add(run->out, "\"strategies\":[");
    for (size_t i = table; i < summary->cell_count; i++) {
        if (mill_html_in_table(summary, table, i) && strategy_of(summary, table, i) == next) {
            mill_text_add(run->out, "%s", next > 0 ? "," : "");
            mill_html_json_text(run->out, summary->cells[i].strategy);
            mill_text_add(&controls, "%s%d", next > 0 ? "," : "", summary->cells[i].control);
            next++;
        }
    }
    mill_text_add(run->out, "],\"controls\":[%s],\"cpus\":%lld,", controls.text ? controls.text : "",
                  mill_view_integer(json_object_get(run->result, "machine"), "processors"));
    run->out->failed = run->out->failed || controls.failed;
    mill_text_free(&controls);
}

static void add_numbers(struct mill_text *out, const char *name, const double *values, size_t count)
{
    mill_text_add(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        mill_text_add(out, "%s", i > 0 ? "," : "");
        mill_html_json_number(out, values[i]);
    }
    mill_text_add(out, "]");
}

static void add_paired(struct mill_text *out, const char *name, const struct mill_paired *paired)
{
    bool bounded = isfinite(paired->high) && isfinite(paired->low);
    const double values[] = {paired->ratio, bounded ? paired->low : (double)NAN,
                             bounded ? paired->high : (double)NAN, (double)paired->rounds};
    add_numbers(out, name, values, 4);
}

static void add_latency(struct mill_text *out, const struct mill_histogram *latency)
{
    if (!latency || latency->count == 0) {
        return;
    }
    mill_text_add(out, ",\"l\":[%llu,%llu", (unsigned long long)latency->count,
                  (unsigned long long)latency->maximum);
    for (int k = 0; k <= steps_a_decade * decades; k++) {
        double rarity = pow(10, (double)k / steps_a_decade);
        if (rarity > (double)latency->count) {
            break;
        }
        mill_text_add(out, ",%llu",
                      (unsigned long long)mill_histogram_percentile(latency, 100.0 - 100.0 / rarity));
    }
    mill_text_add(out, "]");
}

static double measure_of(const struct mill_summary_row *row, const char *name)
{
    for (size_t i = 0; i < row->measure_count; i++) {
        if (strcmp(row->measures[i].name, name) == 0) {
            return row->measures[i].median;
        }
    }
    return (double)NAN;
}

static void add_age(struct mill_text *out, const struct mill_summary_row *row)
{
    double age = measure_of(row, "age p99");
    if (isfinite(age)) {
        bool timed = row->latency && row->latency->count > 0;
        const double values[] = {timed ? (double)mill_histogram_percentile(row->latency, 50) : (double)NAN,
                                 timed ? (double)mill_histogram_percentile(row->latency, 99) : (double)NAN,
                                 measure_of(row, "age p50"), age};
        add_numbers(out, "a", values, 4);
    }
}

static void add_behind(const struct mill_html_run *run, const struct mill_summary_row *row)
{
    for (size_t i = 0; i < run->behind_count; i++) {
        const struct mill_summary_pair *pair = &run->behind[i];
        if (strcmp(pair->mode, row->mode) != 0) {
            continue;
        }
        if (pair->cell == row->cell) {
            add_paired(run->out, "b", &pair->ratio);
            return;
        }
        if (pair->other == row->cell) {
            mill_text_add(run->out, ",\"b\":[1,1,1,%zu]", row->samples);
            return;
        }
    }
}

static void add_rows(const struct mill_html_run *run, size_t table)
{
    const struct mill_summary *summary = run->summary;
    bool any = false;
    mill_text_add(run->out, "\"rows\":[");
    for (size_t i = 0; i < summary->row_count; i++) {
        const struct mill_summary_row *row = &summary->rows[i];
        const double fairness[] = {row->jain, row->jain_slice};
        if (!mill_html_in_table(summary, table, row->cell)) {
            continue;
        }
        mill_text_add(run->out, "%s{\"s\":%zu,\"t\":%u,\"m\":\"%s\"", any ? ",\n" : "\n",
                      strategy_of(summary, table, row->cell), summary->cells[row->cell].threads, row->mode);
        add_paired(run->out, "o", &row->rate);
        add_numbers(run->out, "j", fairness, 2);
        add_behind(run, row);
        add_latency(run->out, row->latency);
        add_age(run->out, row);
        mill_text_add(run->out, "}");
        any = true;
    }
    mill_text_add(run->out, "],\n");
}

static void add_samples(const struct mill_html_run *run, size_t table, const struct mill_text *points)
{
    const struct mill_summary *summary = run->summary;
    bool any = false;
    mill_text_add(run->out, "\"samples\":[");
    for (size_t i = table; i < summary->cell_count; i++) {
        if (mill_html_in_table(summary, table, i) && points[i].length > 0) {
            mill_text_add(run->out, "%s{\"s\":%zu,\"t\":%u,\"p\":[%s]}", any ? ",\n" : "\n",
                          strategy_of(summary, table, i), summary->cells[i].threads, points[i].text);
            any = true;
        }
    }
    mill_text_add(run->out, "]");
}

static void add_table(const struct mill_html_run *run, size_t table, const struct mill_text *points)
{
    char id[MILL_HTML_ID];
    mill_text_add(run->out,
                  "<script type=\"application/json\" class=\"data\" data-for=\"%s\">{\"kind\":\"run\",",
                  mill_html_table_id(run, table, id));
    add_strategies(run, table);
    add_rows(run, table);
    add_samples(run, table, points);
    mill_text_add(run->out, "}</script>\n");
}

/* {"kind": "peers", "pairs": [["counter: ticket / ck-ticket, 2 threads, near", ratio, low, high, rounds], …]}
 */
static void add_peers(const struct mill_html_run *run)
{
    const struct mill_summary *summary = run->summary;
    mill_text_add(run->out,
                  "<script type=\"application/json\" class=\"data\" "
                  "data-for=\"%s-peers\">{\"kind\":\"peers\",\"pairs\":[",
                  run->part->id);
    for (size_t i = 0; i < summary->peer_count; i++) {
        const struct mill_summary_pair *pair = &summary->peers[i];
        const struct mill_summary_cell *ours = &summary->cells[pair->cell];
        struct mill_text label = {0};
        mill_text_add(&label, "%s: %s / %s, %u", ours->scenario, ours->strategy,
                      summary->cells[pair->other].strategy, ours->threads);
        mill_html_mode(&label, pair->mode);
        mill_text_add(run->out, "%s{\"n\":", i > 0 ? ",\n" : "\n");
        mill_html_json_text(run->out, label.text);
        add_paired(run->out, "b", &pair->ratio);
        mill_text_add(run->out, "}");
        run->out->failed = run->out->failed || label.failed;
        mill_text_free(&label);
    }
    mill_text_add(run->out, "]}</script>\n");
}

void mill_html_run_data(const struct mill_html_run *run)
{
    struct mill_text *points = collect(run);
    run->out->failed = run->out->failed || !points;
    for (size_t i = 0; points && i < run->summary->cell_count; i++) {
        run->out->failed = run->out->failed || points[i].failed;
        if (mill_html_is_table(run->summary, i)) {
            add_table(run, i, points);
        }
    }
    if (run->summary->peer_count > 0) {
        add_peers(run);
    }
    release(points, run->summary->cell_count);
}

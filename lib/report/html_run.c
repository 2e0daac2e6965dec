/* The section of a run: its tables one after the other, each with its charts. */
#include "report/html_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/run_parts.h"

bool mill_html_in_table(const struct mill_summary *summary, size_t table, size_t cell)
{
    return mill_report_same_table(&summary->cells[table], &summary->cells[cell]);
}

bool mill_html_is_table(const struct mill_summary *summary, size_t cell)
{
    for (size_t i = 0; i < cell; i++) {
        if (mill_html_in_table(summary, i, cell)) {
            return false;
        }
    }
    return true;
}

const char *mill_html_table_id(const struct mill_html_run *run, size_t table, char *buffer)
{
    const struct mill_summary *summary = run->summary;
    struct mill_text slug = {0};
    size_t twins = 1;
    mill_html_slug(&slug, summary->cells[table].scenario);
    for (size_t i = 0; i < table; i++) {
        struct mill_text other = {0};
        if (mill_html_is_table(summary, i)) {
            mill_html_slug(&other, summary->cells[i].scenario);
            twins += other.text && slug.text && strcmp(other.text, slug.text) == 0;
            run->out->failed = run->out->failed || other.failed;
            mill_text_free(&other);
        }
    }
    int length = snprintf(buffer, MILL_HTML_ID, "%s-%s", run->part->id, slug.text ? slug.text : "x");
    if (twins > 1 && length > 0 && length < MILL_HTML_ID) {
        snprintf(buffer + length, MILL_HTML_ID - (size_t)length, "-%zu", twins);
    }
    run->out->failed = run->out->failed || slug.failed;
    mill_text_free(&slug);
    return buffer;
}

void mill_html_subject(struct mill_text *out, const struct mill_summary_cell *cell)
{
    struct mill_text subject = {0};
    mill_report_subject(&subject, cell);
    mill_html_text(out, subject.text);
    out->failed = out->failed || subject.failed;
    mill_text_free(&subject);
}

void mill_html_mode(struct mill_text *out, const char *mode)
{
    if (strcmp(mode, "single") != 0) {
        mill_text_add(out, ", %s", mode);
    }
}

/* ---- charts ---- */

/* Has some row of the table what the chart shows? */
static bool has(const struct mill_html_run *run, size_t table,
                bool (*is)(const struct mill_summary_cell *cell, const struct mill_summary_row *row))
{
    for (size_t i = 0; i < run->summary->row_count; i++) {
        const struct mill_summary_row *row = &run->summary->rows[i];
        if (mill_html_in_table(run->summary, table, row->cell) && is(&run->summary->cells[row->cell], row)) {
            return true;
        }
    }
    return false;
}

static bool has_rate(const struct mill_summary_cell *cell, const struct mill_summary_row *row)
{
    (void)cell;
    return row->samples > 0;
}

static bool has_latency(const struct mill_summary_cell *cell, const struct mill_summary_row *row)
{
    (void)cell;
    return row->latency && row->latency->count > 0;
}

static bool has_fairness(const struct mill_summary_cell *cell, const struct mill_summary_row *row)
{
    return cell->threads > 1 && isfinite(row->jain);
}

static bool has_age(const struct mill_summary_cell *cell, const struct mill_summary_row *row)
{
    (void)cell;
    for (size_t i = 0; i < row->measure_count; i++) {
        if (strcmp(row->measures[i].name, "age p99") == 0 && isfinite(row->measures[i].median)) {
            return true;
        }
    }
    return false;
}

static bool has_behind(const struct mill_html_run *run, size_t table)
{
    for (size_t i = 0; i < run->behind_count; i++) {
        if (mill_html_in_table(run->summary, table, run->behind[i].cell)) {
            return true;
        }
    }
    return false;
}

static bool has_several_threads(const struct mill_html_run *run, size_t table)
{
    for (size_t i = 0; i < run->summary->row_count; i++) {
        const struct mill_summary_row *row = &run->summary->rows[i];
        if (mill_html_in_table(run->summary, table, row->cell) &&
            run->summary->cells[row->cell].threads != run->summary->cells[table].threads) {
            return true;
        }
    }
    return false;
}

static void add_charts(const struct mill_html_run *run, size_t table, const char *id)
{
    const struct mill_html_part *part = run->part;
    if (!has(run, table, has_rate)) {
        return;
    }
    mill_text_add(run->out, "<div class=\"controls\" data-of=\"%s\"></div>\n<div class=\"charts\">\n", id);
    if (has_behind(run, table)) {
        mill_html_chart_place(part, "ratios", id, "Against the fastest, round by round",
                              "Operations a second as a share of the fastest strategy's: median over rounds "
                              "and 95 % interval. One whose interval reaches 1 may be as fast.");
    }
    if (has_several_threads(run, table)) {
        mill_html_chart_place(
            part, "threads", id, "Throughput against threads",
            "Median of operations a second with its 95 % interval. Dashed: the fastest at the "
            "fewest threads, were it to scale with the threads.");
    }
    if (has(run, table, has_latency)) {
        mill_html_chart_place(
            part, "latency", id, "Latency by percentile",
            "All latency samples together; the axis is 1/(1\xe2\x88\x92p), so that each step to the "
            "right is ten times as rare. Reading the clock is in it.");
    }
    if (has(run, table, has_age)) {
        mill_html_chart_place(
            part, "age", id, "Asked or read from a copy: wait and age",
            "From p50 to p99: how long a read took, and how old its answer was then. Who asks the "
            "device waits for a fresh value; who reads a copy does not wait, and gets an older one.");
    }
    if (has(run, table, has_fairness)) {
        mill_html_chart_place(
            part, "fairness", id, "Fairness between threads",
            "Jain's index: 1 when all threads got equally much done, 1/threads (dashed) when one got all. "
            "Within short slices a lock may be less fair than over the whole window.");
    }
    mill_html_chart_place(
        part, "samples", id, "Samples in the order they were taken",
        "Each point is one sample, taken in a fresh process. A slope is drift; filled and hollow "
        "are the machine's two speeds, near and far; crosses were rejected and do not count.");
    mill_text_add(run->out, "</div>\n");
}

static void add_table(const struct mill_html_run *run, size_t table)
{
    char id[MILL_HTML_ID];
    mill_html_table_id(run, table, id);
    mill_text_add(run->out, "<section class=\"scenario\" id=\"%s\"><h3>", id);
    mill_html_subject(run->out, &run->summary->cells[table]);
    mill_text_add(run->out,
                  " <a class=\"anchor\" href=\"#%s\" aria-label=\"link to this scenario\">#</a></h3>\n", id);
    mill_html_run_leaders(run, table);
    add_charts(run, table, id);
    mill_html_run_table(run, table);
    mill_text_add(run->out, "</section>\n");
}

static void add_contents(const struct mill_html_run *run)
{
    char id[MILL_HTML_ID];
    size_t tables = 0;
    for (size_t i = 0; i < run->summary->cell_count; i++) {
        tables += mill_html_is_table(run->summary, i);
    }
    if (tables < 2) {
        return;
    }
    mill_text_add(run->out, "<nav class=\"contents\" aria-label=\"scenarios\">");
    for (size_t i = 0; i < run->summary->cell_count; i++) {
        if (mill_html_is_table(run->summary, i)) {
            mill_text_add(run->out, "<a href=\"#%s\">", mill_html_table_id(run, i, id));
            mill_html_text(run->out, run->summary->cells[i].scenario);
            mill_text_add(run->out, "</a> ");
        }
    }
    mill_text_add(run->out, "</nav>\n");
}

int mill_html_run(const struct mill_html_part *part, struct mill_error *error)
{
    struct mill_summary_pair *behind;
    struct mill_html_run run = {
        .part = part, .out = part->out, .result = part->source->document, .summary = part->source->summary};
    int status = mill_summary_behind(run.summary, run.result, &behind, &run.behind_count);
    if (status < 0) {
        return mill_error_set(error, status, "no memory to compare the strategies of '%s'",
                              part->source->path);
    }
    run.behind = behind;
    mill_html_run_verdict(&run);
    mill_html_run_findings(&run);
    add_contents(&run);
    mill_html_run_guide5(&run);
    for (size_t i = 0; i < run.summary->cell_count; i++) {
        if (mill_html_is_table(run.summary, i)) {
            add_table(&run, i);
        }
    }
    mill_html_run_peers(&run);
    mill_html_run_data(&run);
    free(behind);
    return 0;
}

/* The performance table of guide 5: the guide's words beside what was measured. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "measure/histogram.h"
#include "report/html_run.h"

static const struct pattern {
    const char *strategy; /* of scenario ledger */
    const char *name;     /* as the guide has it */
    const char *throughput, *latency;
} patterns[] = {
    {"one-thread", "Single Thread", "Low", "Low"},
    {"mutex", "Mutex/Lock", "Medium", "Medium"},
    {"atomic", "Lock-Free", "High", "Low"},
    {"actor-ask", "Actor Model, answers awaited", "High", "Medium"},
    {"actor-tell", "Actor Model, only sent", "High", "Medium"},
    {"loop-call", "Event Loop, answers awaited", "", ""}, /* not in the guide's table */
};

static const struct pattern *pattern_of(const struct mill_summary_cell *cell)
{
    for (size_t i = 0; strcmp(cell->scenario, "ledger") == 0 && i < sizeof patterns / sizeof patterns[0];
         i++) {
        if (strcmp(patterns[i].strategy, cell->strategy) == 0) {
            return &patterns[i];
        }
    }
    return NULL;
}

static void add_latency(struct mill_text *out, const struct mill_summary_row *row, double percent)
{
    bool has = row->latency && row->latency->count > 0;
    double value = has ? (double)mill_histogram_percentile(row->latency, percent) : (double)NAN;
    mill_text_add(out, "<td class=\"n\" data-v=\"%.6g\">", has ? value : 0);
    mill_html_duration(out, value);
    mill_text_add(out, "</td>");
}

static void add_row(const struct mill_html_run *run, const struct mill_summary_row *row)
{
    struct mill_text *out = run->out;
    const struct mill_summary_cell *cell = &run->summary->cells[row->cell];
    const struct pattern *pattern = pattern_of(cell);
    mill_text_add(out,
                  "<tr><th scope=\"row\">%s</th><td class=\"n\" data-v=\"%u\">%u</td><td>%s</td><td>%s</td>"
                  "<td class=\"n\" data-v=\"%.6g\">",
                  pattern->name, cell->threads, cell->threads, row->mode, pattern->throughput,
                  isfinite(row->rate.ratio) ? row->rate.ratio : 0);
    mill_html_count(out, row->rate.ratio);
    mill_text_add(out, "</td><td>%s</td>", pattern->latency);
    add_latency(out, row, 50);
    add_latency(out, row, 99);
    mill_text_add(out, "</tr>\n");
}

void mill_html_run_guide5(const struct mill_html_run *run)
{
    char id[MILL_HTML_ID];
    const struct mill_summary *summary = run->summary;
    bool any = false;
    snprintf(id, sizeof id, "%s-guide-5", run->part->id);
    for (size_t i = 0; i < summary->row_count; i++) {
        if (!pattern_of(&summary->cells[summary->rows[i].cell])) {
            continue;
        }
        if (!any) {
            mill_text_add(run->out, "<section class=\"scenario\">\n");
            mill_html_heading(run->part, 3, id, "Guide 5: its performance table, measured");
            mill_text_add(
                run->out,
                "<p class=\"hint\">What the guide says of each pattern in words, beside the median of "
                "operations a second and the latencies of scenario ledger in this run.</p>\n"
                "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>"
                "<th scope=\"col\">pattern</th><th scope=\"col\" class=\"n\">threads</th>"
                "<th scope=\"col\">mode</th><th scope=\"col\">throughput, says the guide</th>"
                "<th scope=\"col\" class=\"n\">measured, op/s</th>"
                "<th scope=\"col\">latency, says the guide</th><th scope=\"col\" class=\"n\">p50</th>"
                "<th scope=\"col\" class=\"n\">p99</th></tr></thead>\n<tbody>\n");
            any = true;
        }
        add_row(run, &summary->rows[i]);
    }
    mill_text_add(run->out, "%s", any ? "</tbody></table></div></section>\n" : "");
}

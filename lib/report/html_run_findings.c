/* What a run found that nobody expected, with its evidence. */
#include <string.h>

#include "report/html_run.h"
#include "report/run_parts.h"

/* What a measured program wrote: as it is, in a box of its own. */
static void add_evidence(struct mill_text *out, const char *title, const json_t *sample, const char *name)
{
    const char *text = mill_view_text(sample, name);
    if (text[0]) {
        mill_text_add(out, "<details><summary>%s</summary><pre>", title);
        mill_html_text(out, text);
        mill_text_add(out, "</pre></details>\n");
    }
}

static void add_finding(const struct mill_html_run *run, size_t index)
{
    struct mill_text *out = run->out;
    char shown[128];
    const struct mill_summary_cell *cell = &run->summary->cells[index];
    const struct mill_run_report report = {.result = run->result, .summary = run->summary};
    const json_t *expected =
        json_object_get(json_array_get(json_object_get(run->result, "cells"), index), "expected");
    mill_text_add(out, "<div class=\"finding\" id=\"%s-finding-%zu\"><h4>%s: ", run->part->id, index,
                  mill_verdict_name(cell->verdict));
    mill_html_subject(out, cell);
    mill_text_add(out, " with ");
    mill_html_text(out, cell->strategy);
    mill_text_add(out, ", %u thread%s</h4>\n<p>", cell->threads, cell->threads == 1 ? "" : "s");
    if (cell->bad > 0) {
        mill_text_add(out, "%zu of %zu samples are bad. ", cell->bad,
                      cell->bad + cell->accepted + cell->rejected);
    }
    if (mill_report_shown(&report, index, shown, sizeof shown)[0]) {
        mill_text_add(out, "Seen: ");
        mill_html_text(out, shown);
        mill_text_add(out, ". ");
    }
    mill_html_text(out, cell->reason);
    mill_text_add(out, "</p>\n");
    if (json_is_object(expected)) {
        mill_text_add(out, "<p>A control, expected to show ");
        mill_html_text(out, mill_view_text(expected, "findings"));
        mill_text_add(out, ": ");
        mill_html_text(out, mill_view_text(expected, "why"));
        mill_text_add(out, "</p>\n");
    }
    if (cell->verdict == MILL_VERDICT_NOT_CAUGHT) {
        mill_text_add(
            out, "<p>The checks of this scenario did not find a mistake that is there: what they passed in "
                 "this run is not to be trusted. More rounds, a longer window or more threads give it more "
                 "chances.</p>\n");
    }
    add_evidence(out, "Standard error", cell->evidence, "stderr");
    add_evidence(out, "Stacks", cell->evidence, "stacks");
    mill_text_add(out, "</div>\n");
}

void mill_html_run_findings(const struct mill_html_run *run)
{
    bool any = false;
    for (size_t i = 0; i < run->summary->cell_count; i++) {
        if (mill_verdict_is_finding(run->summary->cells[i].verdict)) {
            mill_text_add(run->out, "%s", any ? "" : "<section class=\"findings\"><h3>Findings</h3>\n");
            add_finding(run, i);
            any = true;
        }
    }
    mill_text_add(run->out, "%s", any ? "</section>\n" : "");
}

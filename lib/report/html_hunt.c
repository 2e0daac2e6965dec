/* The section of a hunt: what was hunted, and each failing schedule as a picture, a list and a token. */
#include <stdio.h>
#include <string.h>

#include "report/html_parts.h"

static bool is(const json_t *object, const char *name, const char *word)
{
    return strcmp(mill_view_text(object, name), word) == 0;
}

static size_t count_verdict(const json_t *document, const char *verdict)
{
    size_t index, count = 0;
    json_t *cell;
    json_array_foreach(json_object_get(document, "cells"), index, cell)
    {
        count += is(cell, "verdict", verdict);
    }
    return count;
}

void mill_html_hunt_headline(struct mill_text *out, const json_t *document, enum mill_html_state *state)
{
    size_t found = count_verdict(document, "FOUND"), missed = count_verdict(document, "NOT CAUGHT");
    size_t clean = count_verdict(document, "clean"), caught = count_verdict(document, "caught");
    size_t failed = count_verdict(document, "failed"), interrupted = count_verdict(document, "interrupted");
    size_t cut = count_verdict(document, "cut");
    bool bad = found + missed > 0;
    *state = bad ? MILL_HTML_BAD
             : failed + interrupted + cut > 0 || clean + caught == 0 ||
                     json_is_true(json_object_get(document, "interrupted"))
                 ? MILL_HTML_UNSURE
                 : MILL_HTML_GOOD;
    mill_text_add(out, "%s: ",
                  bad                   ? "Something is wrong"
                  : clean + caught == 0 ? "Nothing could be judged"
                                        : "As expected");
    if (found > 0) {
        mill_text_add(out, "%zu failed under some schedule, ", found);
    }
    if (missed > 0) {
        mill_text_add(out, "%zu mistake%s kept on purpose not found, ", missed, missed == 1 ? "" : "s");
    }
    mill_text_add(out, "%zu clean", clean);
    if (caught > 0) {
        mill_text_add(out, ", %zu control%s caught", caught, caught == 1 ? "" : "s");
    }
    if (failed > 0) {
        mill_text_add(out, ", %zu could not be hunted", failed);
    }
    if (cut > 0) {
        mill_text_add(out, ", %zu not seen to an end", cut);
    }
    mill_text_add(out, ".");
}

/* ---- findings ---- */

static void add_cell_name(struct mill_text *out, const json_t *cell)
{
    const char *program = mill_view_text(cell, "program");
    mill_html_text(out, program[0] ? program : mill_view_text(cell, "scenario"));
    if (!program[0]) {
        mill_text_add(out, " with ");
        mill_html_text(out, mill_view_text(cell, "strategy"));
        mill_text_add(out, ", %lld threads", mill_view_integer(cell, "threads"));
    }
}

static void add_reduction(struct mill_text *out, const json_t *finding)
{
    const json_t *preemptions = json_object_get(finding, "preemptions");
    const json_t *reduced = json_object_get(preemptions, "reduced");
    mill_text_add(out, "<p class=\"dim\">Found in schedule %lld", mill_view_integer(finding, "schedule"));
    if (json_is_integer(reduced)) {
        mill_text_add(out, ", reduced from %lld to %lld preemption%s; %zu steps",
                      mill_view_integer(preemptions, "found"), (long long)json_integer_value(reduced),
                      json_integer_value(reduced) == 1 ? "" : "s",
                      json_array_size(json_object_get(finding, "steps")));
    } else {
        mill_text_add(out, "; its steps were not kept");
    }
    if (mill_view_integer(finding, "steps_lost") > 0) {
        mill_text_add(out, ", and %lld more for which there was no room",
                      mill_view_integer(finding, "steps_lost"));
    }
    mill_text_add(out, ".</p>\n");
}

static void add_finding(const struct mill_html_part *part, const json_t *finding, size_t number)
{
    struct mill_text *out = part->out;
    const json_t *cells = json_object_get(part->source->document, "cells");
    const json_t *cell = json_array_get(cells, (size_t)mill_view_integer(finding, "cell"));
    bool expected = json_is_true(json_object_get(finding, "expected"));
    const char *token = mill_view_text(finding, "token");
    mill_text_add(out, "<section class=\"finding%s\" id=\"%s-finding-%zu\"><h3>", expected ? " expected" : "",
                  part->id, number + 1);
    mill_html_text(out, mill_view_text(finding, "kind"));
    mill_text_add(out, ": ");
    add_cell_name(out, cell);
    mill_text_add(
        out,
        " <a class=\"anchor\" href=\"#%s-finding-%zu\" aria-label=\"link to this finding\">#</a></h3>\n<p>",
        part->id, number + 1);
    mill_html_text(out, mill_view_text(finding, "message"));
    mill_text_add(out, "</p>\n");
    if (expected) {
        mill_text_add(out, "<p>A mistake kept on purpose: ");
        mill_html_text(out, mill_view_text(json_object_get(cell, "expected"), "why"));
        mill_text_add(out, "</p>\n");
    }
    add_reduction(out, finding);
    mill_html_stacks(out, json_object_get(finding, "stacks"));
    mill_html_lanes(out, finding);
    if (token[0]) {
        mill_text_add(out,
                      "<p>The same again, step by step:</p><pre class=\"command\"><code>threadmill replay ");
        mill_html_text(out, token);
        mill_text_add(out, "</code></pre>\n");
    }
    mill_text_add(out, "</section>\n");
}

/* ---- cells ---- */

static void add_number(struct mill_text *out, long long number)
{
    mill_text_add(out, "<td class=\"n\" data-v=\"%lld\">", number);
    mill_html_count(out, (double)number);
    mill_text_add(out, "</td>");
}

static void add_cell(struct mill_text *out, const json_t *cell)
{
    bool bad = is(cell, "verdict", "FOUND") || is(cell, "verdict", "NOT CAUGHT");
    long long elapsed = mill_view_integer(cell, "elapsed_ns");
    mill_text_add(out, "<tr%s><th scope=\"row\">", bad ? " class=\"bad\"" : "");
    add_cell_name(out, cell);
    mill_text_add(out, "</th><td>");
    mill_html_text(out, mill_view_text(cell, "verdict"));
    mill_text_add(out, "</td>");
    add_number(out, mill_view_integer(cell, "schedules"));
    add_number(out, mill_view_integer(cell, "steps"));
    mill_text_add(out, "<td class=\"n\" data-v=\"%lld\">", elapsed);
    mill_html_duration(out, (double)elapsed);
    mill_text_add(out, "</td>");
    add_number(out, mill_view_integer(cell, "cut"));
    mill_text_add(out, "<td>");
    mill_html_text(out, mill_view_text(cell, "reason"));
    mill_text_add(out, "%s</td></tr>\n",
                  json_is_true(json_object_get(cell, "exhausted")) ? "every schedule there is" : "");
}

static void add_cells(const struct mill_html_part *part)
{
    size_t index;
    json_t *cell;
    char id[64];
    snprintf(id, sizeof id, "%s-cells", part->id);
    mill_html_heading(part, 3, id, "What was hunted");
    mill_text_add(part->out,
                  "<div class=\"scroll tall\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>"
                  "<th scope=\"col\">what</th><th scope=\"col\">verdict</th><th scope=\"col\" "
                  "class=\"n\">schedules</th>"
                  "<th scope=\"col\" class=\"n\">steps</th><th scope=\"col\" class=\"n\">time</th>"
                  "<th scope=\"col\" class=\"n\">cut</th><th scope=\"col\"></th></tr></thead>\n<tbody>\n");
    json_array_foreach(json_object_get(part->source->document, "cells"), index, cell)
    {
        add_cell(part->out, cell);
    }
    mill_text_add(part->out, "</tbody></table></div>\n");
}

static void add_findings(const struct mill_html_part *part, bool expected)
{
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(part->source->document, "findings"), index, finding)
    {
        if (json_is_true(json_object_get(finding, "expected")) == expected) {
            add_finding(part, finding, index);
        }
    }
}

int mill_html_hunt(const struct mill_html_part *part, struct mill_error *error)
{
    struct mill_text headline = {0};
    enum mill_html_state state;
    const json_t *settings = json_object_get(part->source->document, "settings");
    (void)error;
    mill_html_hunt_headline(&headline, part->source->document, &state);
    mill_text_free(&headline);
    mill_html_verdict_begin(part, state);
    mill_text_add(part->out, "<ul><li>Strategy of exploring: ");
    mill_html_text(part->out, mill_view_text(settings, "explorer"));
    mill_text_add(part->out, ". Clean means that none of the schedules tried failed.</li></ul>\n");
    mill_html_verdict_end(part);
    add_findings(part, false);
    add_cells(part);
    add_findings(part, true);
    return 0;
}

/* The section of a stress run: what each tool made of each scenario, and the findings by their stacks. */
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

static size_t count_findings(const json_t *document, bool expected)
{
    size_t index, count = 0;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), index, finding)
    {
        count += json_is_true(json_object_get(finding, "expected")) == expected;
    }
    return count;
}

void mill_html_stress_headline(struct mill_text *out, const json_t *document, enum mill_html_state *state)
{
    size_t unexpected = count_findings(document, false), missed = count_verdict(document, "NOT CAUGHT");
    size_t found = count_verdict(document, "FOUND");
    size_t unsure = count_verdict(document, "untrusted") + count_verdict(document, "not run");
    size_t judged = count_verdict(document, "pass") + count_verdict(document, "caught");
    bool bad = unexpected + missed + found > 0;
    *state = bad ? MILL_HTML_BAD : unsure > 0 || judged == 0 ? MILL_HTML_UNSURE : MILL_HTML_GOOD;
    mill_text_add(out, "%s: ",
                  bad           ? "Something is wrong"
                  : judged == 0 ? "Nothing could be judged"
                                : "As expected");
    if (unexpected + found > 0) {
        mill_text_add(out, "%zu finding%s that nobody expected, ", unexpected, unexpected == 1 ? "" : "s");
    }
    if (missed > 0) {
        mill_text_add(out, "%zu mistake%s kept on purpose not found, ", missed, missed == 1 ? "" : "s");
    }
    mill_text_add(out, "%zu clean, %zu control%s caught", count_verdict(document, "pass"),
                  count_verdict(document, "caught"), count_verdict(document, "caught") == 1 ? "" : "s");
    if (unsure > 0) {
        mill_text_add(out, ", %zu could not be judged", unsure);
    }
    mill_text_add(out, ".");
}

/* ---- stacks ---- */

void mill_html_stacks(struct mill_text *out, const json_t *stacks)
{
    size_t index, at;
    json_t *stack, *frame;
    json_array_foreach(stacks, index, stack)
    {
        const json_t *thread = json_object_get(stack, "thread");
        mill_text_add(out, "<div class=\"stack\"><p>");
        if (json_is_integer(thread)) {
            mill_text_add(out, "thread %lld ", json_integer_value(thread));
        }
        mill_html_text(out, mill_view_text(stack, "what"));
        mill_text_add(out, "</p><ol>\n");
        json_array_foreach(json_object_get(stack, "frames"), at, frame)
        {
            const char *file = mill_view_text(frame, "file");
            mill_text_add(out, "<li><code>");
            mill_html_text(out, mill_view_text(frame, "function"));
            mill_text_add(out, "</code> <span class=\"dim\">");
            mill_html_text(out, file);
            if (file[0]) {
                mill_text_add(out, ":%lld", mill_view_integer(frame, "line"));
            }
            mill_text_add(out, "</span></li>\n");
        }
        mill_text_add(out, "</ol></div>\n");
    }
}

static void add_places(struct mill_text *out, const json_t *finding)
{
    size_t index;
    json_t *place;
    mill_text_add(out, "<p>In ");
    json_array_foreach(json_object_get(finding, "where"), index, place)
    {
        mill_text_add(out, "%s", index > 0 ? ", " : "");
        mill_html_text(out, mill_view_text(place, "scenario"));
        mill_text_add(out, "/");
        mill_html_text(out, mill_view_text(place, "strategy"));
        mill_text_add(out, " at %lld", mill_view_integer(place, "threads"));
    }
    mill_text_add(out, "; seen %lld times.</p>\n", mill_view_integer(finding, "count"));
}

static void add_finding(const struct mill_html_part *part, const json_t *finding, size_t number)
{
    struct mill_text *out = part->out;
    mill_text_add(out, "<div class=\"finding%s\" id=\"%s-finding-%zu\"><h4>",
                  json_is_true(json_object_get(finding, "expected")) ? " expected" : "", part->id,
                  number + 1);
    mill_html_text(out, mill_view_text(finding, "by"));
    mill_text_add(out, ": ");
    mill_html_text(out, mill_view_text(finding, "message"));
    mill_text_add(
        out, " <a class=\"anchor\" href=\"#%s-finding-%zu\" aria-label=\"link to this finding\">#</a></h4>\n",
        part->id, number + 1);
    add_places(out, finding);
    mill_text_add(out, "<details%s><summary>Stacks</summary>\n",
                  json_is_true(json_object_get(finding, "expected")) ? "" : " open");
    mill_html_stacks(out, json_object_get(finding, "stacks"));
    mill_text_add(out, "</details>\n");
    const char *evidence = mill_view_text(finding, "evidence");
    if (evidence[0]) {
        mill_text_add(out, "<details><summary>What the child wrote</summary><pre>");
        mill_html_text(out, evidence);
        mill_text_add(out, "</pre></details>\n");
    }
    mill_text_add(out, "</div>\n");
}

static void add_findings(const struct mill_html_part *part, bool expected, const char *title)
{
    size_t index;
    json_t *finding;
    if (count_findings(part->source->document, expected) == 0) {
        return;
    }
    mill_text_add(part->out, "<section class=\"findings\"><h3>%s</h3>\n", title);
    json_array_foreach(json_object_get(part->source->document, "findings"), index, finding)
    {
        if (json_is_true(json_object_get(finding, "expected")) == expected) {
            add_finding(part, finding, index);
        }
    }
    mill_text_add(part->out, "</section>\n");
}

/* ---- cells ---- */

static void add_cells(const struct mill_html_part *part)
{
    struct mill_text *out = part->out;
    size_t index;
    json_t *cell;
    char id[64];
    snprintf(id, sizeof id, "%s-cells", part->id);
    mill_html_heading(part, 3, id, "What was stressed");
    mill_text_add(
        out,
        "<div class=\"scroll tall\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>"
        "<th scope=\"col\">scenario</th><th scope=\"col\">strategy</th><th scope=\"col\" class=\"n\">threads"
        "</th><th scope=\"col\">tool</th><th scope=\"col\">verdict</th>"
        "<th scope=\"col\" class=\"n\">samples</th><th scope=\"col\">reason</th></tr></thead>\n<tbody>\n");
    json_array_foreach(json_object_get(part->source->document, "cells"), index, cell)
    {
        bool bad = is(cell, "verdict", "FOUND") || is(cell, "verdict", "NOT CAUGHT");
        long long threads = mill_view_integer(cell, "threads"), samples = mill_view_integer(cell, "samples");
        mill_text_add(out, "<tr%s><th scope=\"row\">", bad ? " class=\"bad\"" : "");
        mill_html_text(out, mill_view_text(cell, "scenario"));
        mill_text_add(out, "</th><td>");
        mill_html_text(out, mill_view_text(cell, "strategy"));
        mill_text_add(out, "</td><td class=\"n\" data-v=\"%lld\">%lld</td><td>", threads, threads);
        mill_html_text(out, mill_view_text(cell, "tool"));
        mill_text_add(out, "</td><td>");
        mill_html_text(out, mill_view_text(cell, "verdict"));
        mill_text_add(out, "</td><td class=\"n\" data-v=\"%lld\">%lld</td><td>", samples, samples);
        mill_html_text(out, mill_view_text(cell, "reason"));
        mill_text_add(out, "</td></tr>\n");
    }
    mill_text_add(out, "</tbody></table></div>\n");
}

static void add_tools(struct mill_text *out, const json_t *tools)
{
    size_t index;
    json_t *tool;
    mill_text_add(out, "<ul>\n");
    json_array_foreach(tools, index, tool)
    {
        const char *unavailable = mill_view_text(tool, "unavailable"), *title = mill_view_text(tool, "title"),
                   *failed = mill_view_text(tool, "failed");
        mill_text_add(out, "<li>");
        mill_html_text(out, title[0] ? title : mill_view_text(tool, "tool"));
        mill_text_add(out, "%s", unavailable[0] ? " is not here: " : failed[0] ? " failed: " : "");
        mill_html_text(out, unavailable[0] ? unavailable : failed);
        mill_text_add(out, "</li>\n");
    }
    mill_text_add(out, "</ul>\n");
}

int mill_html_stress(const struct mill_html_part *part, struct mill_error *error)
{
    struct mill_text headline = {0};
    enum mill_html_state state;
    const json_t *document = part->source->document;
    (void)error;
    mill_html_stress_headline(&headline, document, &state);
    mill_text_free(&headline);
    mill_html_verdict_begin(part, state);
    add_tools(part->out, json_object_get(document, "tools"));
    mill_html_verdict_end(part);
    add_findings(part, false, "Findings");
    add_cells(part);
    add_findings(part, true, "Mistakes kept on purpose, found");
    return 0;
}

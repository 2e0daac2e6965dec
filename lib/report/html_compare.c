/* The section of a comparison: verdict, a row for each cell, metric and mode, base against itself, findings.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/html_parts.h"

static bool is(const json_t *object, const char *name, const char *word)
{
    return strcmp(mill_view_text(object, name), word) == 0;
}

/* ---- in words ---- */

static void add_count(struct mill_text *out, const json_t *counts, const char *word)
{
    long long count = mill_view_integer(counts, word);
    if (count > 0) {
        mill_text_add(out, ", %lld %s", count, word);
    }
}

static void add_row_name(struct mill_text *out, const json_t *row)
{
    const char *base = mill_view_text(row, "base_strategy"), *head = mill_view_text(row, "head_strategy");
    mill_text_add(out, "%s, ", mill_view_text(row, "scenario"));
    if (strcmp(base, head) != 0) {
        mill_text_add(out, "%s over %s", head, base);
    } else {
        mill_text_add(out, "%s", base);
    }
    long long threads = mill_view_integer(row, "threads");
    mill_text_add(out, ", %lld thread%s", threads, threads == 1 ? "" : "s");
    if (!is(row, "mode", "single") && !is(row, "mode", "any")) {
        mill_text_add(out, ", %s", mill_view_text(row, "mode"));
    }
}

static const json_t *first_regressed(const json_t *document)
{
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(document, "rows"), index, row)
    {
        if (is(row, "verdict", "regressed") && json_is_true(json_object_get(row, "gates"))) {
            return row;
        }
    }
    return NULL;
}

void mill_html_compare_headline(struct mill_text *out, const json_t *document, enum mill_html_state *state)
{
    static const struct {
        const char *verdict, *words;
        enum mill_html_state state;
    } verdicts[] = {
        {"regressed", "It got worse", MILL_HTML_BAD},
        {"findings", "The new one does not work: samples crashed, hung or failed their check", MILL_HTML_BAD},
        {"no-regression", "No regression", MILL_HTML_GOOD},
        {"inconclusive", "Not decided: more rounds are needed", MILL_HTML_UNSURE},
        {"untrusted", "Not to be trusted: base against itself came out different", MILL_HTML_UNSURE},
    };
    const json_t *counts = json_object_get(document, "counts");
    const char *words = "A verdict that this program does not know";
    *state = MILL_HTML_UNSURE;
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (is(document, "verdict", verdicts[i].verdict)) {
            words = verdicts[i].words;
            *state = verdicts[i].state;
        }
    }
    mill_text_add(out, "%s. %s against %s", words, mill_view_text(json_object_get(document, "head"), "label"),
                  mill_view_text(json_object_get(document, "base"), "label"));
    const json_t *worst = first_regressed(document);
    if (worst) {
        mill_text_add(out, "; first: ");
        add_row_name(out, worst);
        mill_text_add(out, ", %s %.2f\xc3\x97", mill_view_text(worst, "metric"),
                      mill_html_real(json_object_get(worst, "ratio"), "median"));
    }
    struct mill_text sums = {0};
    static const char *const each[] = {"regressed", "improved", "equivalent", "inconclusive", "untrusted"};
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
        add_count(&sums, counts, each[i]);
    }
    mill_text_add(out, ": %s.", sums.length > 2 ? sums.text + 2 : "no row gates");
    out->failed = out->failed || sums.failed;
    mill_text_free(&sums);
}

static void add_verdict(const struct mill_html_part *part)
{
    struct mill_text *out = part->out;
    const json_t *document = part->source->document;
    const json_t *method = json_object_get(document, "method");
    const json_t *confirmation = json_object_get(document, "confirmation");
    struct mill_text headline = {0};
    enum mill_html_state state;
    size_t index;
    json_t *note;
    mill_html_compare_headline(&headline, document, &state);
    mill_text_free(&headline);
    mill_html_verdict_begin(part, state);
    mill_text_add(
        out,
        "<ul>\n<li>%s; a change of more than %.3g\xc2\xa0%% of the cost counts, at most %.3g\xc2\xa0%% for "
        "one wrong verdict of a kind in the whole table.</li>\n",
        json_is_true(json_object_get(document, "paired"))
            ? "Both sides were measured in the same rounds, in random order"
            : "Two runs at different times: weaker, since whatever changed in between is in every ratio",
        100 * mill_html_real(method, "margin"), 100 * mill_html_real(method, "alpha"));
    if (json_is_object(confirmation)) {
        mill_text_add(out, "<li>%lld flagged row(s) were measured once more, %lld confirmed.</li>\n",
                      mill_view_integer(confirmation, "rows"), mill_view_integer(confirmation, "confirmed"));
    }
    json_array_foreach(json_object_get(document, "notes"), index, note)
    {
        mill_text_add(out, "<li>");
        mill_html_text(out, json_string_value(note));
        mill_text_add(out, "</li>\n");
    }
    mill_text_add(out, "</ul>\n");
    mill_html_verdict_end(part);
}

/* ---- rows ---- */

static void add_amount(struct mill_text *out, const json_t *row, const char *name)
{
    double value = mill_html_real(row, name);
    mill_text_add(out, "<td class=\"n\" data-v=\"%.6g\">", isfinite(value) ? value : 0);
    if (is(row, "unit", "ns")) {
        mill_html_duration(out, value);
    } else if (is(row, "metric", "fairness") && isfinite(value)) {
        mill_text_add(out, "%.3f", value);
    } else {
        mill_html_count(out, value);
    }
    mill_text_add(out, "</td>");
}

static void add_explanation(struct mill_text *out, const json_t *row)
{
    double detectable = mill_html_real(row, "detectable");
    long long needed = mill_view_integer(row, "rounds_needed");
    bool gates = json_is_true(json_object_get(row, "gates"));
    mill_text_add(out, "<td>");
    if (!gates && !is(row, "verdict", "alike") && !is(row, "verdict", "off")) {
        mill_text_add(out, "does not gate: ");
        mill_html_text(out, mill_view_text(row, "why_not"));
    }
    if (is(row, "scope", "mode")) {
        mill_text_add(out, "%sin this mode only", gates ? "" : "; ");
    }
    if (is(row, "verdict", "inconclusive")) {
        if (isfinite(detectable)) {
            mill_text_add(out, " would see a change of %.0f\xc2\xa0%% of the cost", 100 * (detectable - 1));
        }
        if (needed > 0) {
            mill_text_add(out, ", to be decided in some %lld rounds", needed);
        }
    }
    mill_text_add(out, "</td>");
}

static void add_row(struct mill_text *out, const json_t *row)
{
    const json_t *ratio = json_object_get(row, "ratio");
    double median = mill_html_real(ratio, "median"), low = mill_html_real(ratio, "low"),
           high = mill_html_real(ratio, "high");
    struct mill_text name = {0};
    add_row_name(&name, row);
    mill_text_add(out, "<tr class=\"v-");
    mill_html_text(out, mill_view_text(row, "verdict"));
    mill_text_add(out, "\"><th scope=\"row\">");
    mill_html_text(out, name.text);
    out->failed = out->failed || name.failed;
    mill_text_free(&name);
    mill_text_add(out, "</th><td>");
    mill_html_text(out, mill_view_text(row, "metric"));
    mill_text_add(out, "</td>");
    add_amount(out, row, "base");
    add_amount(out, row, "head");
    mill_text_add(out, "<td class=\"n\" data-v=\"%.6g\">", isfinite(median) ? median : 0);
    mill_html_ratio(out, median);
    mill_text_add(out, "</td><td>");
    mill_html_ratio_picture(out, median, low, high, mill_html_real(row, "margin"));
    mill_text_add(out, "</td><td class=\"n\">");
    mill_html_interval(out, low, high);
    mill_text_add(out, "</td><td class=\"n\" data-v=\"%lld\">%lld</td><td><b>", mill_view_integer(row, "n"),
                  mill_view_integer(row, "n"));
    mill_html_text(out, mill_view_text(row, "verdict"));
    mill_text_add(out, "</b>%s</td>",
                  is(row, "better", "lower") ? " <span class=\"dim\">lower is better</span>" : "");
    add_explanation(out, row);
    mill_text_add(out, "</tr>\n");
}

static void add_rows(struct mill_text *out, const json_t *rows)
{
    size_t index;
    json_t *row;
    mill_text_add(
        out, "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>"
             "<th scope=\"col\">cell</th><th scope=\"col\">metric</th><th scope=\"col\" class=\"n\">base</th>"
             "<th scope=\"col\" class=\"n\">head</th><th scope=\"col\" class=\"n\">head / base</th>"
             "<th scope=\"col\"></th><th scope=\"col\" class=\"n\">interval</th>"
             "<th scope=\"col\" class=\"n\">pairs</th><th scope=\"col\">verdict</th><th scope=\"col\"></th>"
             "</tr></thead>\n<tbody>\n");
    json_array_foreach(rows, index, row)
    {
        add_row(out, row);
    }
    mill_text_add(out, "</tbody></table></div>\n");
}

/* ---- what else it says ---- */

static void add_differences(struct mill_text *out, const json_t *differences)
{
    size_t index;
    json_t *entry;
    if (json_array_size(differences) == 0) {
        return;
    }
    mill_text_add(out,
                  "<h3>The sides also differ in</h3>\n<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>"
                  "<th scope=\"col\"></th><th scope=\"col\">base</th><th "
                  "scope=\"col\">head</th></tr></thead><tbody>\n");
    json_array_foreach(differences, index, entry)
    {
        mill_text_add(out, "<tr><th scope=\"row\">");
        mill_html_text(out, mill_view_text(entry, "what"));
        mill_text_add(out, "</th><td>");
        mill_html_text(out, mill_view_text(entry, "base"));
        mill_text_add(out, "</td><td>");
        mill_html_text(out, mill_view_text(entry, "head"));
        mill_text_add(out, "</td></tr>\n");
    }
    mill_text_add(out, "</tbody></table></div>\n");
}

/* Findings and what could not be measured are lists of cells with a reason. */
static void add_list(struct mill_text *out, const char *title, const json_t *list)
{
    size_t index;
    json_t *entry;
    if (json_array_size(list) == 0) {
        return;
    }
    mill_text_add(out, "<h3>%s</h3>\n<ul class=\"notes\">\n", title);
    json_array_foreach(list, index, entry)
    {
        const char *side = mill_view_text(entry, "side"), *status = mill_view_text(entry, "status");
        mill_text_add(out, "<li>");
        mill_html_text(out, side);
        mill_text_add(out, "%s<b>", side[0] ? ": " : "");
        mill_html_text(out, mill_view_text(entry, "scenario"));
        mill_text_add(out, "</b> with ");
        mill_html_text(out, mill_view_text(entry, "strategy"));
        mill_text_add(out, " at %lld: ", mill_view_integer(entry, "threads"));
        mill_html_text(out, status);
        mill_text_add(out, "%s", status[0] ? ", " : "");
        mill_html_text(out, mill_view_text(entry, "reason"));
        if (mill_view_integer(entry, "count") > 1) {
            mill_text_add(out, " (\xc3\x97%lld)", mill_view_integer(entry, "count"));
        }
        mill_text_add(out, "</li>\n");
    }
    mill_text_add(out, "</ul>\n");
}

/* ---- for the charts ---- */

static void add_data_row(struct mill_text *out, const json_t *row)
{
    const json_t *ratio = json_object_get(row, "ratio");
    struct mill_text name = {0};
    size_t index;
    json_t *pair;
    add_row_name(&name, row);
    mill_text_add(out, "{\"n\":");
    mill_html_json_text(out, name.text);
    out->failed = out->failed || name.failed;
    mill_text_free(&name);
    mill_text_add(out, ",\"k\":");
    mill_html_json_text(out, mill_view_text(row, "metric"));
    mill_text_add(out, ",\"v\":");
    mill_html_json_text(out, mill_view_text(row, "verdict"));
    mill_text_add(out, ",\"h\":%d,\"g\":", is(row, "better", "higher"));
    mill_html_json_number(out, mill_html_real(row, "margin"));
    mill_text_add(out, ",\"b\":[");
    mill_html_json_number(out, mill_html_real(ratio, "median"));
    mill_text_add(out, ",");
    mill_html_json_number(out, mill_html_real(ratio, "low"));
    mill_text_add(out, ",");
    mill_html_json_number(out, mill_html_real(ratio, "high"));
    mill_text_add(out, ",%lld],\"p\":[", mill_view_integer(row, "n"));
    json_array_foreach(json_object_get(row, "pairs"), index, pair)
    {
        double base = json_number_value(json_array_get(pair, 1)),
               head = json_number_value(json_array_get(pair, 2));
        mill_text_add(out, "%s%lld,", index > 0 ? "," : "", json_integer_value(json_array_get(pair, 0)));
        mill_html_json_number(out, base > 0 && head > 0 ? head / base : (double)NAN);
    }
    mill_text_add(out, "]}");
}

static void add_data(const struct mill_html_part *part)
{
    static const char *const lists[] = {"rows", "aa"};
    struct mill_text *out = part->out;
    mill_text_add(
        out, "<script type=\"application/json\" class=\"data\" data-for=\"%s-compare\">{\"kind\":\"compare\"",
        part->id);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        size_t index;
        json_t *row;
        mill_text_add(out, ",\"%s\":[", lists[i]);
        json_array_foreach(json_object_get(part->source->document, lists[i]), index, row)
        {
            mill_text_add(out, "%s", index > 0 ? ",\n" : "\n");
            add_data_row(out, row);
        }
        mill_text_add(out, "]");
    }
    mill_text_add(out, "}</script>\n");
}

int mill_html_compare(const struct mill_html_part *part, struct mill_error *error)
{
    char id[64];
    struct mill_text *out = part->out;
    const json_t *document = part->source->document;
    const json_t *rows = json_object_get(document, "rows");
    const json_t *aa = json_object_get(document, "aa");
    (void)error;
    add_verdict(part);
    add_list(out, "Findings", json_object_get(document, "findings"));
    snprintf(id, sizeof id, "%s-compare", part->id);
    mill_text_add(out, "<section class=\"scenario\" id=\"%s\">\n", id);
    if (json_array_size(rows) > 0) {
        mill_text_add(out, "<div class=\"controls\" data-of=\"%s\"></div>\n<div class=\"charts\">\n", id);
        mill_html_chart_place(
            part, "changes", id, "Head over base",
            "Median of the per-round ratios and an interval that holds for the whole table. Within the "
            "band a change does not count.");
        mill_html_chart_place(
            part, "rounds", id, "Round by round",
            "Head over base in each round: a slope or two levels tell of a machine that changed "
            "meanwhile. Click a row of the other chart to see its rounds.");
        mill_text_add(out, "</div>\n");
        add_rows(out, rows);
    }
    if (json_array_size(aa) > 0) {
        mill_text_add(
            out,
            "<h3>Base against itself</h3>\n<p class=\"hint\">Measured in the same rounds: whatever differs "
            "here is the machine's doing. When a row is off, nothing above is to be trusted.</p>\n");
        add_rows(out, aa);
    }
    mill_text_add(out, "</section>\n");
    add_list(out, "Not compared", json_object_get(document, "not_measured"));
    add_differences(out, json_object_get(document, "differences"));
    add_data(part);
    return 0;
}

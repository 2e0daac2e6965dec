#include "report/compare_report.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report/display.h"
#include "report/grid.h"
#include "report/style.h"

struct report {
    struct mill_text *out;
    const json_t *document;
    const struct mill_report_options *options;
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* NaN for null. */
static double number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool is(const json_t *object, const char *name, const char *text)
{
    return strcmp(text_of(object, name), text) == 0;
}

static void say(const struct report *report, size_t indent, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct report *report, size_t indent, const char *format, ...)
{
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    mill_display_paragraph(report->out, indent, report->options->width, line);
}

/* ---- what was compared ---- */

/* A build in a few words: what the program says, or version, compiler and commit. */
static void describe_build(const json_t *build, char *buffer, size_t size)
{
    const char *commit = text_of(build, "commit");
    if (json_is_string(build)) {
        snprintf(buffer, size, ": %s", json_string_value(build));
    } else if (json_is_object(build)) {
        snprintf(buffer, size, ": %s (%s, %s)%s%s", text_of(build, "version"), text_of(build, "flavour"),
                 text_of(build, "compiler"), commit[0] ? ", commit " : "", commit);
    } else {
        buffer[0] = '\0';
    }
}

static void print_side(const struct report *report, const char *name)
{
    const json_t *side = json_object_get(report->document, name);
    char build[512];
    describe_build(json_object_get(side, "build"), build, sizeof build);
    say(report, 0, "%s  %s%s", name, text_of(side, "label"), build);
}

static void print_head(const struct report *report)
{
    const json_t *document = report->document;
    const json_t *method = json_object_get(document, "method");
    size_t index;
    json_t *difference;
    char seed[48] = "";
    print_side(report, "base");
    print_side(report, "head");
    if (json_is_integer(json_object_get(document, "seed"))) {
        snprintf(seed, sizeof seed, ", seed %.0f", number_of(document, "seed"));
    }
    if (json_is_true(json_object_get(document, "paired"))) {
        say(report, 0,
            "%.0f of %.0f rounds, both sides in each%s; margin %g%%; sign test, corrected over %.0f "
            "rows "
            "(Holm), at most %g%% for a wrong 'regressed' in the table%s",
            number_of(method, "rounds_done"), number_of(method, "rounds"), seed,
            100 * number_of(method, "margin"), number_of(method, "gating_rows"),
            100 * number_of(method, "alpha"),
            json_is_true(json_object_get(method, "confirmed"))
                ? " before it is confirmed by a second measurement"
                : "");
    } else {
        say(report, 0,
            "unpaired, and weaker: the sides were measured one after the other, and what changed on the "
            "machine "
            "in between is in every ratio; margin %g%%; rank test, corrected over %.0f rows (Holm)",
            100 * number_of(method, "margin"), number_of(method, "gating_rows"));
    }
    json_array_foreach(json_object_get(document, "differences"), index, difference)
    {
        const char *base = text_of(difference, "base"), *head = text_of(difference, "head");
        say(report, 0, "differs: %s: %s | %s", text_of(difference, "what"), base[0] ? base : "none",
            head[0] ? head : "none");
    }
    mill_text_add(report->out, "\n");
}

/* ---- rows ---- */

enum column {
    column_cell,
    column_threads,
    column_metric,
    column_mode,
    column_n,
    column_base,
    column_head,
    column_ratio,
    column_interval,
    column_verdict,
    column_count,
};

static const struct mill_grid_column columns[] = {
    [column_cell] = {"what", MILL_LEFT},          [column_threads] = {"threads", MILL_RIGHT},
    [column_metric] = {"metric", MILL_LEFT},      [column_mode] = {"mode", MILL_LEFT},
    [column_n] = {"pairs", MILL_RIGHT},           [column_base] = {"base", MILL_RIGHT},
    [column_head] = {"head", MILL_RIGHT},         [column_ratio] = {"head/base", MILL_RIGHT},
    [column_interval] = {"interval", MILL_RIGHT}, [column_verdict] = {"verdict", MILL_LEFT},
};

static void write_value(char *buffer, size_t size, const json_t *row, const char *side)
{
    double value = number_of(row, side);
    char count[32];
    if (!isfinite(value)) {
        snprintf(buffer, size, "-");
    } else if (is(row, "unit", "ns")) {
        mill_format_duration(buffer, size, value);
    } else if (is(row, "unit", "op/s")) {
        snprintf(buffer, size, "%s/s", mill_format_count(count, sizeof count, value));
    } else if (is(row, "metric", "instructions")) {
        snprintf(buffer, size, "%.6g", value);
    } else {
        snprintf(buffer, size, "%.3f", value);
    }
}

static void write_interval(char *buffer, size_t size, const json_t *ratio)
{
    double low = number_of(ratio, "low"), high = number_of(ratio, "high");
    if (isfinite(high)) {
        snprintf(buffer, size, "%.3f to %.3f", low, high);
    } else {
        snprintf(buffer, size, "-");
    }
}

/* What stands behind the verdict. */
static void write_remark(struct mill_text *text, const struct report *report, const json_t *row)
{
    const json_t *again = json_object_get(row, "confirmation");
    const char *verdict = text_of(row, "verdict");
    double detectable = number_of(row, "detectable"), needed = number_of(row, "rounds_needed");
    bool other_mode = is(row, "scope", "mode") && strcmp(verdict, "inconclusive") != 0;
    if (other_mode) {
        mill_text_add(text, ", in %s only", text_of(row, "mode"));
    }
    if (json_is_true(json_object_get(again, "confirmed"))) {
        mill_text_add(text, ", and again: %.3f", number_of(json_object_get(again, "ratio"), "median"));
    } else if (json_is_object(again)) {
        mill_text_add(text, ": regressed, and not the second time (%.3f)",
                      number_of(json_object_get(again, "ratio"), "median"));
    } else if (strcmp(verdict, "inconclusive") == 0 && is(row, "measured_verdict", "regressed")) {
        mill_text_add(text, ": regressed, and not measured a second time");
    } else if (strcmp(verdict, "inconclusive") == 0 && isfinite(detectable)) {
        mill_text_add(text, ": could tell %.0f%% more", 100 * (detectable - 1));
    } else if (strcmp(verdict, "inconclusive") == 0 &&
               json_is_true(json_object_get(report->document, "paired"))) {
        mill_text_add(text, ": too few pairs");
    }
    if (!json_is_object(again) && strcmp(verdict, "inconclusive") == 0 && isfinite(needed)) {
        mill_text_add(text, "; %.0f rounds might do", needed);
    }
    if (number_of(row, "margin") > number_of(json_object_get(report->document, "method"), "margin") * 1.001) {
        mill_text_add(text, " (margin %.0f%%)", 100 * number_of(row, "margin"));
    }
    const char *why = text_of(row, "why_not");
    if (why[0] && strcmp(why, "base against base") != 0) {
        mill_text_add(text, " (does not gate: %s)", why);
    }
}

static unsigned style_of(const json_t *row)
{
    static const struct {
        const char *verdict;
        unsigned style;
    } styles[] = {
        {"regressed", MILL_RED | MILL_BOLD}, {"improved", MILL_GREEN},      {"inconclusive", MILL_YELLOW},
        {"untrusted", MILL_YELLOW},          {"off", MILL_RED | MILL_BOLD},
    };
    if (!json_is_true(json_object_get(row, "gates")) && !is(row, "verdict", "off")) {
        return MILL_DIM;
    }
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        if (is(row, "verdict", styles[i].verdict)) {
            return styles[i].style;
        }
    }
    return MILL_PLAIN;
}

/* "counter/mutex", "counter/mutex against ticket", with its parameters. */
static void write_cell(struct mill_text *text, const json_t *row)
{
    const char *name;
    json_t *value;
    bool first = true;
    mill_text_add(text, "%s/%s", text_of(row, "scenario"), text_of(row, "head_strategy"));
    if (!is(row, "base_strategy", text_of(row, "head_strategy"))) {
        mill_text_add(text, " against %s", text_of(row, "base_strategy"));
    }
    json_object_foreach(json_object_get(row, "parameters"), name, value)
    {
        mill_text_add(text, "%s%s=%s", first ? " " : ",", name, json_string_value(value));
        first = false;
    }
}

static void add_row(struct mill_grid *grid, const struct report *report, const json_t *row)
{
    char base[32], head[32], interval[48];
    struct mill_text cell = {0}, remark = {0};
    const json_t *ratio = json_object_get(row, "ratio");
    double middle = number_of(ratio, "median");
    unsigned style = style_of(row);
    unsigned quiet = style == MILL_DIM ? MILL_DIM : MILL_PLAIN;
    write_cell(&cell, row);
    write_remark(&remark, report, row);
    write_value(base, sizeof base, row, "base");
    write_value(head, sizeof head, row, "head");
    write_interval(interval, sizeof interval, ratio);
    mill_grid_cell(grid, quiet, "%s", cell.text ? cell.text : "");
    mill_grid_cell(grid, quiet, "%.0f", number_of(row, "threads"));
    mill_grid_cell(grid, quiet, "%s", text_of(row, "metric"));
    mill_grid_cell(grid, quiet, "%s", is(row, "mode", "any") ? "" : text_of(row, "mode"));
    mill_grid_cell(grid, quiet, "%.0f", number_of(row, "n"));
    mill_grid_cell(grid, quiet, "%s", base);
    mill_grid_cell(grid, quiet, "%s", head);
    if (isfinite(middle)) {
        mill_grid_cell(grid, style, "%.3f", middle);
    } else {
        mill_grid_cell(grid, quiet, "-");
    }
    mill_grid_cell(grid, quiet, "%s", interval);
    mill_grid_cell(grid, style, "%s%s", text_of(row, "verdict"), remark.text ? remark.text : "");
    report->out->failed = report->out->failed || cell.failed || remark.failed;
    mill_text_free(&cell);
    mill_text_free(&remark);
}

static int print_rows(const struct report *report)
{
    struct mill_grid *grid;
    size_t index;
    json_t *row;
    const json_t *aa = json_object_get(report->document, "aa");
    int status = mill_grid_create(&grid, columns, column_count);
    if (status < 0) {
        return status;
    }
    mill_grid_heading(grid, NULL);
    json_array_foreach(json_object_get(report->document, "rows"), index, row)
    {
        add_row(grid, report, row);
    }
    if (json_array_size(aa) > 0) {
        mill_grid_line(grid, MILL_DIM, "A/A: base against base, in the same rounds");
    }
    json_array_foreach(aa, index, row)
    {
        add_row(grid, report, row);
    }
    status = mill_grid_render(grid, report->out, report->options->colour);
    mill_grid_destroy(grid);
    return status;
}

/* ---- what stands below ---- */

static void print_findings(const struct report *report)
{
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(report->document, "findings"), index, finding)
    {
        say(report, 0, "FINDING in %s: %s/%s, %.0f threads: %s (%.0f samples): %s", text_of(finding, "side"),
            text_of(finding, "scenario"), text_of(finding, "strategy"), number_of(finding, "threads"),
            text_of(finding, "status"), number_of(finding, "count"), text_of(finding, "reason"));
    }
}

/* Each reason once, with the first cell and how many more there are. */
static void print_not_measured(const struct report *report)
{
    const json_t *all = json_object_get(report->document, "not_measured");
    size_t i, j;
    json_t *cell, *other;
    json_array_foreach(all, i, cell)
    {
        size_t more = 0;
        bool told = false;
        json_array_foreach(all, j, other)
        {
            bool same = is(other, "reason", text_of(cell, "reason"));
            told = told || (same && j < i);
            more += same && j > i;
        }
        if (!told) {
            char others[40] = "";
            if (more > 0) {
                snprintf(others, sizeof others, " (and %zu more)", more);
            }
            say(report, 0, "not compared: %s/%s, %.0f threads%s: %s", text_of(cell, "scenario"),
                text_of(cell, "strategy"), number_of(cell, "threads"), others, text_of(cell, "reason"));
        }
    }
}

static void print_foot(const struct report *report)
{
    const json_t *document = report->document;
    const json_t *samples = json_object_get(document, "samples");
    const json_t *counts = json_object_get(document, "counts");
    size_t index;
    json_t *note;
    print_findings(report);
    print_not_measured(report);
    json_array_foreach(json_object_get(document, "notes"), index, note)
    {
        say(report, 0, "note: %s", json_string_value(note));
    }
    if (!json_is_true(json_object_get(document, "trusted"))) {
        say(report, 0, "UNTRUSTED: base differs from itself; nothing that was timed can be believed");
    }
    if (json_is_true(json_object_get(document, "interrupted"))) {
        say(report, 0, "interrupted: what is told is of the rounds until then");
    }
    say(report, 0, "%.0f samples, %.0f rejected, %.0f bad", number_of(samples, "taken"),
        number_of(samples, "rejected"), number_of(samples, "bad"));
    mill_text_add(
        report->out, "%.0f regressed, %.0f improved, %.0f equivalent, %.0f inconclusive, %.0f untrusted\n",
        number_of(counts, "regressed"), number_of(counts, "improved"), number_of(counts, "equivalent"),
        number_of(counts, "inconclusive"), number_of(counts, "untrusted"));
}

int mill_compare_report(struct mill_text *out, const json_t *document,
                        const struct mill_report_options *options)
{
    const struct report report = {.out = out, .document = document, .options = options};
    print_head(&report);
    int status = print_rows(&report);
    mill_text_add(out, "\n");
    print_foot(&report);
    return status < 0 ? status : out->failed ? -ENOMEM : 0;
}

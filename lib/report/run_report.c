#include "report/run_report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/display.h"
#include "report/grid.h"
#include "report/run_parts.h"
#include "report/told_report.h"

const char *const mill_report_modes[mill_mode_count] = {"single", "near", "far"};

/* ---- what the parts share ---- */

void mill_report_styled(const struct mill_run_report *report, unsigned style, const char *format, ...)
{
    static const struct mill_grid_column column = {"", MILL_LEFT};
    struct mill_grid *grid = NULL;
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    int status = length >= 0 ? mill_grid_create(&grid, &column, 1) : -ENOMEM;
    if (status == 0) {
        mill_grid_line(grid, style, "%s", text);
        status = mill_grid_render(grid, report->out, report->options->colour);
    }
    report->out->failed = report->out->failed || status < 0;
    mill_grid_destroy(grid);
    if (length >= 0) {
        free(text);
    }
}

void mill_report_say(const struct mill_run_report *report, size_t indent, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        report->out->failed = true;
        return;
    }
    mill_display_paragraph(report->out, indent, report->options->width, text);
    free(text);
}

void mill_report_subject(struct mill_text *text, const struct mill_summary_cell *cell)
{
    const char *name;
    json_t *value;
    bool first = true;
    mill_text_add(text, "%s", cell->scenario);
    json_object_foreach((json_t *)(uintptr_t)cell->parameters, name, value)
    {
        const char *word = json_string_value(value);
        mill_text_add(text, "%s%s=%s", first ? "  " : " ", name, word ? word : "?");
        first = false;
    }
}

void mill_report_ratio(struct mill_text *text, const struct mill_paired *ratio)
{
    if (ratio->rounds == 0) {
        mill_text_add(text, "(never measured in one round and mode)");
    } else if (!isfinite(ratio->high)) {
        mill_text_add(text, "%.2fx (%zu round%s: too few for a 95%% interval)", ratio->ratio, ratio->rounds,
                      ratio->rounds == 1 ? "" : "s");
    } else {
        mill_text_add(text, "%.2fx (95%% interval %.2f to %.2f, %zu rounds)", ratio->ratio, ratio->low,
                      ratio->high, ratio->rounds);
    }
}

bool mill_report_same_table(const struct mill_summary_cell *a, const struct mill_summary_cell *b)
{
    return a == b || (strcmp(a->scenario, b->scenario) == 0 && json_equal(a->parameters, b->parameters));
}

static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strstr(list, name); at; at = strstr(at + length, name)) {
        bool begins = at == list || at[-1] == ' ';
        if (begins && (at[length] == '\0' || at[length] == ',')) {
            return true;
        }
    }
    return false;
}

/* Appends a name that is not in the list yet; returns by how much the list grew. */
static size_t list(char *buffer, size_t size, size_t length, const char *name)
{
    if (!name || is_listed(buffer, name) || length + strlen(name) + 3 >= size) {
        return 0;
    }
    return (size_t)snprintf(buffer + length, size - length, "%s%s", length > 0 ? ", " : "", name);
}

const char *mill_report_shown(const struct mill_run_report *report, size_t cell, char *buffer, size_t size)
{
    size_t length = 0, index, which;
    json_t *sample, *finding;
    buffer[0] = '\0';
    json_array_foreach(json_object_get(report->result, "samples"), index, sample)
    {
        if ((size_t)json_integer_value(json_object_get(sample, "cell")) != cell) {
            continue;
        }
        json_array_foreach(json_object_get(sample, "findings"), which, finding)
        {
            length += list(buffer, size, length, json_string_value(finding));
        }
        const char *status = json_string_value(json_object_get(sample, "status"));
        bool hung = status && strcmp(status, "hung") == 0 && report->summary->cells[cell].control;
        length += list(buffer, size, length, hung ? "hung" : NULL);
    }
    return buffer;
}

/* ---- head ---- */

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void add_fact(struct mill_text *line, const char *what, const char *fact)
{
    if (fact && fact[0]) {
        mill_text_add(line, "%s%s%s", line->length > 0 ? ", " : "", what, fact);
    }
}

static void add_machine(const struct mill_run_report *report)
{
    const json_t *machine = json_object_get(report->result, "machine");
    const json_t *build = json_object_get(report->result, "build");
    const char *commit = text_of(build, "commit");
    const char *flavour = text_of(build, "flavour");
    struct mill_text line = {0};
    add_fact(&line, "", text_of(machine, "processor"));
    add_fact(&line, "", text_of(machine, "topology"));
    add_fact(&line, "", json_is_true(json_object_get(machine, "virtual")) ? "virtual" : NULL);
    add_fact(&line, "", text_of(machine, "kernel"));
    add_fact(&line, "governor ", text_of(machine, "governor"));
    add_fact(&line, "clock ", text_of(machine, "clock"));
    mill_report_say(report, 0, "%s", line.text ? line.text : "machine not known");
    report->out->failed = report->out->failed || line.failed;
    mill_text_free(&line);

    add_fact(&line, "threadmill ", text_of(build, "version"));
    add_fact(&line, "commit ", commit);
    add_fact(&line, "", flavour);
    add_fact(&line, "built by ", text_of(build, "compiler"));
    add_fact(&line, "flags ", report->options->verbose ? text_of(build, "flags") : NULL);
    add_fact(&line, "", text_of(report->result, "created"));
    mill_report_say(report, 0, "%s", line.text ? line.text : "build not known");
    report->out->failed = report->out->failed || line.failed;
    mill_text_free(&line);
    if (flavour && strcmp(flavour, "plain") != 0) {
        mill_report_styled(report, MILL_YELLOW,
                           "An instrumented build: its verdicts count, its speeds do not.");
    }
    mill_text_add(report->out, "\n");
}

/* ---- peers ---- */

static void add_peer(struct mill_grid *grid, const struct mill_summary *summary,
                     const struct mill_summary_pair *pair)
{
    const struct mill_summary_cell *ours = &summary->cells[pair->cell];
    const struct mill_paired *ratio = &pair->ratio;
    bool ahead = ratio->decided && ratio->ratio > 1, behind = ratio->decided && !ahead;
    char text[64] = "-", interval[64] = "-";
    if (isfinite(ratio->ratio)) {
        snprintf(text, sizeof text, "%.2fx", ratio->ratio);
    }
    if (isfinite(ratio->high) && isfinite(ratio->ratio)) {
        snprintf(interval, sizeof interval, "%.2f to %.2f", ratio->low, ratio->high);
    }
    mill_grid_cell(grid, MILL_PLAIN, "  %s", ours->scenario);
    mill_grid_cell(grid, MILL_PLAIN, "%u", ours->threads);
    mill_grid_cell(grid, MILL_PLAIN, "%s%s", pair->mode, ours->oversubscribed ? ", oversubscribed" : "");
    mill_grid_cell(grid, MILL_PLAIN, "%s", ours->strategy);
    mill_grid_cell(grid, MILL_PLAIN, "%s", summary->cells[pair->other].strategy);
    mill_grid_cell(grid, MILL_BOLD, "%s", text);
    mill_grid_cell(grid, MILL_PLAIN, "%s", interval);
    mill_grid_cell(grid, MILL_PLAIN, "%zu", ratio->rounds);
    mill_grid_cell(grid,
                   ahead    ? MILL_GREEN
                   : behind ? MILL_YELLOW
                            : MILL_DIM,
                   "%s",
                   ahead    ? "ahead"
                   : behind ? "behind"
                            : "undecided");
}

static int add_peers(const struct mill_run_report *report)
{
    static const struct mill_grid_column columns[] = {
        {"scenario", MILL_LEFT},      {"threads", MILL_RIGHT}, {"mode", MILL_LEFT},
        {"ours", MILL_LEFT},          {"peer", MILL_LEFT},     {"ours / peer", MILL_RIGHT},
        {"95% interval", MILL_RIGHT}, {"rounds", MILL_RIGHT},  {"ours is", MILL_LEFT},
    };
    struct mill_grid *grid;
    if (report->summary->peer_count == 0) {
        return 0;
    }
    int status = mill_grid_create(&grid, columns, sizeof columns / sizeof columns[0]);
    if (status < 0) {
        return status;
    }
    mill_report_styled(report, MILL_BOLD, "Ours beside the peers of the same algorithm");
    mill_grid_heading(grid, NULL);
    for (size_t i = 0; i < report->summary->peer_count; i++) {
        add_peer(grid, report->summary, &report->summary->peers[i]);
    }
    status = mill_grid_render(grid, report->out, report->options->colour);
    mill_text_add(report->out, "\n");
    mill_grid_destroy(grid);
    return status;
}

/* ---- footer ---- */

/* "near 54, far 9": how many samples saw each mode. */
static void add_modes(struct mill_text *line, const json_t *result)
{
    for (size_t mode = 0; mode < mill_mode_count; mode++) {
        size_t count = 0, index;
        json_t *sample;
        json_array_foreach(json_object_get(result, "samples"), index, sample)
        {
            const char *seen = text_of(sample, "mode");
            count += seen && strcmp(seen, mill_report_modes[mode]) == 0;
        }
        if (count > 0) {
            mill_text_add(line, "%s%s %zu", line->length > 0 ? ", " : "", mill_report_modes[mode], count);
        }
    }
}

/* Why samples were rejected, one by one. */
static void add_rejections(const struct mill_run_report *report)
{
    const json_t *samples = json_object_get(report->result, "samples");
    for (size_t i = 0; i < json_array_size(samples); i++) {
        const json_t *sample = json_array_get(samples, i);
        const char *status = text_of(sample, "status"), *reason = text_of(sample, "reason");
        if (status && reason && strcmp(status, "rejected") == 0) {
            size_t index = (size_t)json_integer_value(json_object_get(sample, "cell"));
            const struct mill_summary_cell *cell = &report->summary->cells[index];
            mill_report_say(report, 2, "rejected: %s, %s, %u threads, round %" JSON_INTEGER_FORMAT ": %s",
                            cell->scenario, cell->strategy, cell->threads,
                            json_integer_value(json_object_get(sample, "round")), reason);
        }
    }
}

static int tell_cell(const struct mill_run_report *report, size_t index, struct mill_told *all)
{
    const struct mill_summary_cell *cell = &report->summary->cells[index];
    const json_t *samples = json_object_get(report->result, "samples");
    struct mill_told told = {0};
    struct mill_text whose = {0};
    int status = 0;
    for (size_t i = 0; i < json_array_size(samples) && status == 0; i++) {
        const json_t *sample = json_array_get(samples, i);
        bool own = (size_t)json_integer_value(json_object_get(sample, "cell")) == index;
        status = own ? mill_told_add(&told, sample) : 0;
    }
    mill_text_add(&whose, "%s, %s, %u threads", cell->scenario, cell->strategy, cell->threads);
    if (status == 0) {
        status = mill_told_report_outcomes(report->out, whose.text ? whose.text : "outcome", &told,
                                           report->options);
    }
    status = status == 0 ? mill_told_add_all(all, &told) : status;
    mill_told_free(&told);
    report->out->failed = report->out->failed || whose.failed;
    mill_text_free(&whose);
    return status;
}

/* What the samples told beside their numbers. */
static int add_told(const struct mill_run_report *report)
{
    struct mill_told all = {0};
    int status = 0;
    for (size_t i = 0; i < report->summary->cell_count && status == 0; i++) {
        status = tell_cell(report, i, &all);
    }
    mill_told_report_histories(report->out, &all);
    mill_told_free(&all);
    return status;
}

static void add_footer(const struct mill_run_report *report)
{
    const struct mill_summary *summary = report->summary;
    const json_t *settings = json_object_get(report->result, "settings");
    const json_t *done = json_object_get(settings, "rounds_done");
    struct mill_text modes = {0};
    add_modes(&modes, report->result);
    mill_report_say(report, 0,
                    "%zu samples, %zu rejected, %zu bad; %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
                    " rounds; modes: %s; seed %" JSON_INTEGER_FORMAT,
                    summary->samples, summary->rejected, summary->bad, json_integer_value(done),
                    json_integer_value(json_object_get(settings, "rounds")),
                    modes.text ? modes.text : "none seen",
                    json_integer_value(json_object_get(report->result, "seed")));
    report->out->failed = report->out->failed || modes.failed;
    mill_text_free(&modes);
    if (json_is_true(json_object_get(settings, "helped"))) {
        mill_report_say(report, 0,
                        "The device is served by another process of this machine: the time that others used "
                        "did not count against a sample.");
    }
    if (json_is_true(json_object_get(report->result, "interrupted"))) {
        mill_report_styled(report, MILL_YELLOW, "Interrupted: this is what was measured until then.");
    }
    if (report->options->verbose) {
        add_rejections(report);
    }
    mill_report_legend(report);
}

/* ---- the whole ---- */

/* Counts the rejected samples of each cell and mode. */
static int count_rejected(struct mill_run_report *report)
{
    size_t index;
    json_t *sample;
    report->rejected = calloc(report->summary->cell_count + 1, sizeof *report->rejected);
    if (!report->rejected) {
        return -ENOMEM;
    }
    json_array_foreach(json_object_get(report->result, "samples"), index, sample)
    {
        const char *status = text_of(sample, "status"), *mode = text_of(sample, "mode");
        size_t cell = (size_t)json_integer_value(json_object_get(sample, "cell"));
        for (size_t i = 0; status && mode && strcmp(status, "rejected") == 0 && i < mill_mode_count; i++) {
            report->rejected[cell][i] += strcmp(mode, mill_report_modes[i]) == 0;
        }
    }
    return 0;
}

int mill_run_report(struct mill_text *out, const json_t *result, const struct mill_summary *summary,
                    const struct mill_report_options *options)
{
    struct mill_run_report report = {.out = out, .result = result, .summary = summary, .options = options};
    int status = count_rejected(&report);
    if (status == 0) {
        add_machine(&report);
        status = mill_report_tables(&report);
    }
    if (status == 0) {
        status = add_peers(&report);
    }
    if (status == 0) {
        status = mill_report_findings(&report);
    }
    if (status == 0) {
        status = add_told(&report);
    }
    if (status == 0) {
        add_footer(&report);
        status = out->failed ? -ENOMEM : 0;
    }
    free(report.rejected);
    return status;
}

#include "report/trend_report.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/display.h"
#include "report/grid.h"

enum {
    bars_most = 40,
    text_size = 64,
};

static const double flat = 1.02; /* greatest over least */

void mill_trend_bars(struct mill_text *out, const struct mill_trend_series *series, size_t most)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    enum { levels = sizeof bars / sizeof bars[0] };
    size_t first = series->point_count > most ? series->point_count - most : 0, change = 0;
    double least = INFINITY, greatest = 0;
    for (size_t i = first; i < series->point_count; i++) {
        least = fmin(least, series->points[i].value);
        greatest = fmax(greatest, series->points[i].value);
    }
    mill_text_add(out, "%s", first > 0 ? "…" : "");
    for (size_t i = first; i < series->point_count; i++) {
        while (change < series->change_count && series->changes[change].at < i) {
            change++;
        }
        bool begins = change < series->change_count && series->changes[change].at == i;
        double share = greatest > least * flat ? (series->points[i].value - least) / (greatest - least) : 0.5;
        size_t level = (size_t)(share * (levels - 1) + 0.5);
        mill_text_add(out, "%s%s", begins ? "|" : "", bars[level < levels ? level : levels - 1]);
    }
}

static const char *format(char *buffer, const struct mill_trend_metric *metric, double value)
{
    if (strcmp(metric->unit, "ns") == 0) {
        return mill_format_duration(buffer, text_size, value);
    }
    if (strcmp(metric->unit, "op/s") == 0) {
        return mill_format_count(buffer, text_size, value);
    }
    (void)snprintf(buffer, text_size, "%.3f", value);
    return buffer;
}

static void add_run(struct mill_text *text, const struct mill_trend_run *run)
{
    mill_text_add(text, "%s (%s)", run->commit ? run->commit : "commit not known", run->created);
}

/* "  -18% (regressed): 1.20 M to 980 k, between abc (time) and def (time); 14 runs before, 6 since" */
static void add_change(struct mill_grid *grid, const struct mill_trends *trends,
                       const struct mill_trend_series *series, const struct mill_trend_change *change,
                       bool last)
{
    char before[text_size], after[text_size];
    struct mill_text text = {0};
    double percent = 100 * (change->after / change->before - 1);
    mill_text_add(&text, "    %+.*f%% (%s): %s to %s, between ", fabs(percent) < 10 ? 1 : 0, percent,
                  mill_trend_verdict_name(change->verdict), format(before, trends->metric, change->before),
                  format(after, trends->metric, change->after));
    add_run(&text, series->points[change->at - 1].run);
    mill_text_add(&text, " and ");
    add_run(&text, series->points[change->at].run);
    mill_text_add(&text, "; %zu run%s before, %zu since", change->runs_before,
                  change->runs_before == 1 ? "" : "s", change->runs_since);
    unsigned style = change->verdict == MILL_TREND_REGRESSED  ? (last ? MILL_RED | MILL_BOLD : MILL_RED)
                     : change->verdict == MILL_TREND_IMPROVED ? MILL_GREEN
                                                              : MILL_DIM;
    mill_grid_line(grid, style, "%s", text.text ? text.text : "");
    mill_grid_needs(grid, &text);
    mill_text_free(&text);
}

static void add_series(struct mill_grid *grid, const struct mill_trends *trends,
                       const struct mill_trend_series *series)
{
    char value[text_size];
    struct mill_text name = {0}, bars = {0};
    mill_text_add(&name, "  %s%s%s%s%s", series->scenario, *series->parameters ? " " : "", series->parameters,
                  *series->conditions ? ", " : "", series->conditions);
    mill_trend_bars(&bars, series, bars_most);
    mill_grid_cell(grid, MILL_PLAIN, "%s", name.text ? name.text : "");
    mill_grid_cell(grid, MILL_PLAIN, "%s", series->strategy);
    mill_grid_cell(grid, MILL_PLAIN, "%u", series->threads);
    mill_grid_cell(grid, MILL_PLAIN, "%s%s", series->mode, series->oversubscribed ? ", oversubscribed" : "");
    mill_grid_cell(grid, MILL_PLAIN, "%zu", series->point_count);
    mill_grid_cell(grid, MILL_PLAIN, "%s", format(value, trends->metric, series->points[0].value));
    mill_grid_cell(grid, MILL_BOLD, "%s",
                   format(value, trends->metric, series->points[series->point_count - 1].value));
    mill_grid_cell(grid, MILL_PLAIN, "%s", bars.text ? bars.text : "");
    mill_grid_needs(grid, &name);
    mill_grid_needs(grid, &bars);
    mill_text_free(&name);
    mill_text_free(&bars);
    for (size_t i = 0; i < series->change_count; i++) {
        add_change(grid, trends, series, &series->changes[i], i + 1 == series->change_count);
    }
}

/* The series of one machine, from `first` on; returns where the next machine's begin. */
static size_t add_machine(struct mill_text *out, const struct mill_trends *trends, size_t first,
                          const struct mill_report_options *options, int *status)
{
    const char *machine = trends->series[first].machine;
    const struct mill_grid_column columns[] = {
        {"  scenario", MILL_LEFT}, {"strategy", MILL_LEFT}, {"threads", MILL_RIGHT}, {"mode", MILL_LEFT},
        {"runs", MILL_RIGHT},      {"first", MILL_RIGHT},   {"last", MILL_RIGHT},    {"by time", MILL_LEFT},
    };
    struct mill_grid *grid;
    size_t next = first;
    *status = mill_grid_create(&grid, columns, sizeof columns / sizeof columns[0]);
    if (*status < 0) {
        return next;
    }
    mill_display_printable(out, machine, strlen(machine));
    mill_text_add(out, "\n");
    mill_grid_heading(grid, NULL);
    for (; next < trends->series_count && strcmp(trends->series[next].machine, machine) == 0; next++) {
        add_series(grid, trends, &trends->series[next]);
    }
    *status = mill_grid_render(grid, out, options->colour);
    mill_text_add(out, "\n");
    mill_grid_destroy(grid);
    return next;
}

static void add_footer(struct mill_text *out, const struct mill_trends *trends, size_t machines,
                       const struct mill_report_options *options)
{
    struct mill_text text = {0};
    size_t changed = 0, regressed = 0, few = 0;
    for (size_t i = 0; i < trends->series_count; i++) {
        changed += trends->series[i].change_count > 0;
        regressed += mill_trend_regressed(&trends->series[i]);
        few += trends->series[i].point_count < 6;
    }
    mill_text_add(
        &text,
        "%s: %zu run%s on %zu machine%s, %zu series: %zu changed their level, %zu of them last for the worse "
        "by more than %.3g%%; %zu have fewer than six runs, in which no change can be told",
        trends->metric->name, trends->run_count, trends->run_count == 1 ? "" : "s", machines,
        machines == 1 ? "" : "s", trends->series_count, changed, regressed, 100 * trends->margin, few);
    if (trends->given_twice > 0) {
        mill_text_add(&text, "; %zu given twice counted once", trends->given_twice);
    }
    if (trends->without > 0) {
        mill_text_add(&text, "; %zu cells of runs have no such number", trends->without);
    }
    mill_display_paragraph(out, 0, options->width, text.text ? text.text : "");
    out->failed = out->failed || text.failed;
    mill_text_free(&text);
    if (machines > 1) {
        mill_display_paragraph(out, 0, options->width, "Runs of different machines are never compared.");
    }
}

int mill_trend_report(struct mill_text *out, const struct mill_trends *trends,
                      const struct mill_report_options *options)
{
    size_t machines = 0;
    int status = 0;
    for (size_t next = 0; status == 0 && next < trends->series_count; machines++) {
        next = add_machine(out, trends, next, options, &status);
    }
    if (status == 0) {
        add_footer(out, trends, machines, options);
    }
    return status < 0 || out->failed ? -ENOMEM : 0;
}

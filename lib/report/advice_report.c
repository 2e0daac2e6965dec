#include "report/advice_report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/display.h"

static const char *name_of(const struct mill_summary *summary, const struct mill_summary_row *row)
{
    return summary->cells[row->cell].strategy;
}

/* "1.24 times as fast as mcs (95% interval 1.20 to 1.29, 18 rounds)", or why not. */
static void add_lead(struct mill_text *text, const struct mill_paired *lead, const char *over)
{
    if (lead->rounds == 0) {
        mill_text_add(text, "not comparable with %s: they share no round in this mode", over);
        return;
    }
    mill_text_add(text, "%.2f times as fast as %s ", lead->ratio, over);
    if (!isfinite(lead->high) || !(lead->low > 0)) {
        mill_text_add(text, "(%zu rounds: too few for an interval)", lead->rounds);
    } else {
        mill_text_add(text, "(95%% interval %.2f to %.2f, %zu rounds)", lead->low, lead->high, lead->rounds);
    }
}

static void add_percentile(struct mill_text *text, const char *name, const struct mill_histogram *latency,
                           double percent)
{
    char value[32];
    mill_text_add(
        text, "%s %s", name,
        mill_format_duration(value, sizeof value, (double)mill_histogram_percentile(latency, percent)));
}

/* "3.21 M operations a second; an operation takes p50 40 ns, p99 300 ns; Jain 0.99; 1.6 M a second of
 * processor time" */
static void add_figures(struct mill_text *text, const struct mill_summary_row *row)
{
    char count[32];
    mill_text_add(text, "%s operations a second", mill_format_count(count, sizeof count, row->rate.ratio));
    if (row->latency && row->latency->count > 0) {
        mill_text_add(text, "; one takes ");
        add_percentile(text, "p50", row->latency, 50);
        mill_text_add(text, ", ");
        add_percentile(text, "p99", row->latency, 99);
    }
    for (size_t i = 0; i < row->span_count; i++) {
        const struct mill_summary_span *span = &row->spans[i];
        if (span->latency && span->latency->count > 0) {
            mill_text_add(text, "; %s ", span->name);
            add_percentile(text, "p50", span->latency, 50);
            mill_text_add(text, ", ");
            add_percentile(text, "p99", span->latency, 99);
        }
    }
    if (isfinite(row->jain_slice)) {
        mill_text_add(text, "; Jain by slice %.2f", row->jain_slice);
    }
    if (isfinite(row->per_cpu_second)) {
        mill_text_add(text, "; %s for a second of processor time",
                      mill_format_count(count, sizeof count, row->per_cpu_second));
    }
}

static void add_paragraph(struct mill_text *out, const struct mill_advice_report *report, size_t indent,
                          struct mill_text *words)
{
    if (words->text) {
        mill_display_paragraph(out, indent, report->width, words->text);
    }
    out->failed = out->failed || words->failed;
    mill_text_free(words);
}

static void add_best(struct mill_text *out, const struct mill_advice_report *report,
                     const struct mill_advice *one)
{
    struct mill_text words = {0};
    mill_text_add(&words, "%s: ", one->mode);
    if (mill_advice_is_clear(one)) {
        mill_text_add(&words, "take %s. ", name_of(report->summary, one->best));
    } else if (one->untold) {
        mill_text_add(&words, "only of %s does a sample count, so nothing tells which. ",
                      name_of(report->summary, one->best));
    } else {
        mill_text_add(&words, "%s or %s: nothing measured here tells which. ",
                      name_of(report->summary, one->best), name_of(report->summary, one->next));
    }
    add_figures(&words, one->best);
    add_paragraph(out, report, 2, &words);
    if (!one->next) {
        return;
    }
    mill_text_add(&words, "%s, the runner-up: ", name_of(report->summary, one->next));
    add_figures(&words, one->next);
    mill_text_add(&words, ". %s is ", name_of(report->summary, one->best));
    add_lead(&words, &one->lead, name_of(report->summary, one->next));
    add_paragraph(out, report, 4, &words);
}

/* One line for each measure by which another would be the best. */
static void add_others(struct mill_text *out, const struct mill_advice_report *report,
                       const struct mill_advice *one)
{
    const struct {
        const char *when;
        const struct mill_summary_row *row;
    } others[] = {
        {"if the slowest operation in a hundred matters most", one->by_tail},
        {"if processor time matters most", one->by_cpu},
        {"if every thread is to have its turn", one->by_fairness},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i].row && others[i].row != one->best) {
            struct mill_text words = {0};
            mill_text_add(&words, "%s: %s, with ", others[i].when, name_of(report->summary, others[i].row));
            add_figures(&words, others[i].row);
            add_paragraph(out, report, 4, &words);
        }
    }
}

/* "near: still ticket, 1.20 times …" */
static void add_variation_in(struct mill_text *words, const struct mill_advice_variation *variation,
                             const struct mill_advice *now, const struct mill_summary *before,
                             const struct mill_advice *was)
{
    const char *best = name_of(variation->summary, now->best);
    bool same = strcmp(best, name_of(before, was->best)) == 0;
    mill_text_add(words, " %s: ", now->mode);
    if (!mill_advice_is_clear(now)) {
        mill_text_add(words, "%s or %s, undecided;", best,
                      now->next ? name_of(variation->summary, now->next) : "another");
        return;
    }
    mill_text_add(words, "%s%s", same ? "still " : "", best);
    if (now->next) {
        mill_text_add(words, ", ");
        add_lead(words, &now->lead, name_of(variation->summary, now->next));
    }
    mill_text_add(words, ";");
}

static void add_variation(struct mill_text *out, const struct mill_advice_report *report,
                          const struct mill_advice_variation *variation,
                          const struct mill_advice *main_advice, size_t main_count)
{
    struct mill_advice advice[MILL_ADVICE_MODES];
    struct mill_text words = {0};
    size_t count = mill_advice_make(advice, variation->summary);
    mill_text_add(&words, "%s:", variation->what);
    for (size_t i = 0; i < count; i++) {
        const struct mill_advice *was = mill_advice_for(main_advice, main_count, advice[i].mode);
        if (was) {
            add_variation_in(&words, variation, &advice[i], report->summary, was);
        }
    }
    if (words.text && words.text[words.length - 1] == ';') {
        words.text[words.length - 1] = '\0';
    } else {
        mill_text_add(&words, " no sample that counts in a mode of the above");
    }
    add_paragraph(out, report, 2, &words);
}

int mill_advice_report(struct mill_text *out, const struct mill_advice_report *report)
{
    struct mill_advice advice[MILL_ADVICE_MODES];
    size_t count = mill_advice_make(advice, report->summary);
    mill_text_add(out, "%s\n", report->workload);
    for (size_t i = 0; i < count; i++) {
        mill_text_add(out, "\n");
        add_best(out, report, &advice[i]);
        add_others(out, report, &advice[i]);
    }
    if (count == 0) {
        mill_text_add(
            out, "\n  no answer: no sample counts; 'threadmill doctor' says what disturbs this machine\n");
    }
    if (count > 0 && report->variation_count > 0) {
        mill_text_add(out, "\nwhat would change the answer\n");
    }
    for (size_t i = 0; count > 0 && i < report->variation_count; i++) {
        add_variation(out, report, &report->variations[i], advice, count);
    }
    return out->failed ? -ENOMEM : 0;
}

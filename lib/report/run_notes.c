#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/run_parts.h"

/* What a note is about: cells of one table that are to be told together when verdict and reason are equal. */
struct note {
    const struct mill_run_report *report;
    size_t table; /* the first cell of the table */
    enum mill_verdict verdict;
    const char *reason; /* or NULL */
    char shown[128];    /* of a control: what it showed */
};

static bool is_measured(const struct mill_summary *summary, size_t cell)
{
    for (size_t i = 0; i < summary->row_count; i++) {
        if (summary->rows[i].cell == cell) {
            return true;
        }
    }
    return false;
}

static const char *reason_of(const struct mill_summary_cell *cell)
{
    return cell->unsupported ? cell->unsupported : cell->reason;
}

/* A cell is told below the table when it is a control, or has no row in it. */
static bool has_note(const struct mill_run_report *report, size_t cell)
{
    const struct mill_summary_cell *one = &report->summary->cells[cell];
    bool judged = one->verdict == MILL_VERDICT_CAUGHT || one->verdict == MILL_VERDICT_NOT_CAUGHT;
    return judged || !is_measured(report->summary, cell);
}

static bool is_of(const struct note *note, size_t cell)
{
    const struct mill_summary *summary = note->report->summary;
    const struct mill_summary_cell *one = &summary->cells[cell];
    const char *reason = reason_of(one);
    char shown[sizeof note->shown];
    bool control = one->verdict == MILL_VERDICT_CAUGHT || one->verdict == MILL_VERDICT_NOT_CAUGHT;
    if (one->verdict != note->verdict || !mill_report_same_table(&summary->cells[note->table], one)) {
        return false;
    }
    if (control) { /* its numbers differ from cell to cell; what it showed is the point */
        return strcmp(mill_report_shown(note->report, cell, shown, sizeof shown), note->shown) == 0;
    }
    if (one->verdict == MILL_VERDICT_UNTRUSTED) { /* so do those of what disturbed it */
        return true;
    }
    return (!reason && !note->reason) || (reason && note->reason && strcmp(reason, note->reason) == 0);
}

static bool is_part(const struct note *note, size_t cell)
{
    return is_of(note, cell) && has_note(note->report, cell);
}

/* "2, 4": the numbers of threads at which `strategy` is part of the note. */
static void add_threads(struct mill_text *list, const struct note *note, const char *strategy)
{
    const struct mill_summary *summary = note->report->summary;
    for (size_t i = note->table; i < summary->cell_count; i++) {
        if (strcmp(summary->cells[i].strategy, strategy) == 0 && is_part(note, i)) {
            mill_text_add(list, "%s%u", list->length > 0 ? ", " : "", summary->cells[i].threads);
        }
    }
}

static bool same_threads(const struct note *note, const char *a, const char *b)
{
    struct mill_text one = {0}, other = {0};
    add_threads(&one, note, a);
    add_threads(&other, note, b);
    bool same = one.text && other.text && strcmp(one.text, other.text) == 0;
    note->report->out->failed = note->report->out->failed || one.failed || other.failed;
    mill_text_free(&one);
    mill_text_free(&other);
    return same;
}

/* "ticket, mcs at 2, 4 threads": all strategies of the note whose threads are those of cell `first`. */
static void add_strategies(struct mill_text *line, const struct note *note, size_t first, bool *told)
{
    const struct mill_summary *summary = note->report->summary;
    const char *strategy = summary->cells[first].strategy;
    struct mill_text threads = {0};
    const char *before = "";
    for (size_t i = first; i < summary->cell_count; i++) {
        const char *name = summary->cells[i].strategy;
        if (told[i] || !is_part(note, i) || !same_threads(note, strategy, name)) {
            continue;
        }
        for (size_t j = i; j < summary->cell_count; j++) { /* at its other numbers of threads, too */
            told[j] = told[j] || (strcmp(summary->cells[j].strategy, name) == 0 && is_part(note, j));
        }
        mill_text_add(line, "%s%s", before, name);
        before = ", ";
    }
    add_threads(&threads, note, strategy);
    mill_text_add(line, " at %s thread%s", threads.text ? threads.text : "?",
                  threads.text && strcmp(threads.text, "1") == 0 ? "" : "s");
    line->failed = line->failed || threads.failed;
    mill_text_free(&threads);
}

/* "unsupported (reason): ticket, mcs at 2, 4 threads; tas at 4 threads", for all cells that share the verdict
 * and the reason of cell `first`. */
static void tell(const struct note *note, size_t first, bool *told)
{
    const struct mill_run_report *report = note->report;
    bool control = note->verdict == MILL_VERDICT_CAUGHT || note->verdict == MILL_VERDICT_NOT_CAUGHT;
    bool for_one = control || note->verdict == MILL_VERDICT_UNTRUSTED;
    struct mill_text line = {0};
    mill_text_add(&line, "%s%s", control ? "control: " : "", mill_verdict_name(note->verdict));
    if (note->shown[0] || (note->reason && !for_one)) {
        mill_text_add(&line, " (%s)", control ? note->shown : note->reason);
    }
    const char *before = ": ";
    for (size_t i = first; i < report->summary->cell_count; i++) {
        if (!told[i] && is_part(note, i)) {
            mill_text_add(&line, "%s", before);
            add_strategies(&line, note, i, told);
            before = "; ";
        }
    }
    if (note->reason && for_one) {
        mill_text_add(&line, " (for one: %s)", note->reason);
    }
    report->out->failed = report->out->failed || line.failed;
    mill_report_say(report, 2, "%s", line.text ? line.text : "");
    mill_text_free(&line);
}

/* An open loop that could not keep up says how much it left behind. */
static bool tell_unfinished(const struct mill_run_report *report, size_t table)
{
    const struct mill_summary *summary = report->summary;
    bool any = false;
    for (size_t i = 0; i < summary->row_count; i++) {
        const struct mill_summary_row *row = &summary->rows[i];
        const struct mill_summary_cell *cell = &summary->cells[row->cell];
        if (row->unfinished > 0 && mill_report_same_table(&summary->cells[table], cell)) {
            mill_report_say(report, 2,
                            "%s at %u threads, %s: %.0f operations were due and not begun when time was up",
                            cell->strategy, cell->threads, row->mode, row->unfinished);
            any = true;
        }
    }
    return any;
}

int mill_report_notes(const struct mill_run_report *report, size_t first)
{
    const struct mill_summary *summary = report->summary;
    bool *told = calloc(summary->cell_count + 1, sizeof *told);
    if (!told) {
        return -ENOMEM;
    }
    bool any = false;
    for (size_t i = first; i < summary->cell_count; i++) {
        const struct mill_summary_cell *cell = &summary->cells[i];
        if (told[i] || !has_note(report, i) || !mill_report_same_table(&summary->cells[first], cell)) {
            continue;
        }
        struct note note = {
            .report = report, .table = first, .verdict = cell->verdict, .reason = reason_of(cell)};
        if (cell->verdict == MILL_VERDICT_CAUGHT || cell->verdict == MILL_VERDICT_NOT_CAUGHT) {
            mill_report_shown(report, i, note.shown, sizeof note.shown);
        }
        tell(&note, i, told);
        any = true;
    }
    any = tell_unfinished(report, first) || any;
    if (any) {
        mill_text_add(report->out, "\n");
    }
    free(told);
    return report->out->failed ? -ENOMEM : 0;
}

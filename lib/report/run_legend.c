#include <string.h>

#include "core/clock.h"
#include "harness/calibrate.h"
#include "report/run_parts.h"

static bool any_cell(const struct mill_run_report *report, bool (*is)(const struct mill_summary_cell *cell))
{
    for (size_t i = 0; i < report->summary->row_count; i++) {
        if (is(&report->summary->cells[report->summary->rows[i].cell])) {
            return true;
        }
    }
    return false;
}

static bool is_oversubscribed(const struct mill_summary_cell *cell)
{
    return cell->oversubscribed;
}

static bool is_collapsed(const struct mill_summary_cell *cell)
{
    return cell->verdict == MILL_VERDICT_COLLAPSED;
}

static bool has_shape(const struct mill_summary_cell *cell)
{
    return cell->shape != NULL;
}

bool mill_report_cannot_show(const struct mill_summary_cell *cell)
{
    return cell->control && !cell->expected && cell->verdict == MILL_VERDICT_PASS;
}

bool mill_report_not_checked(const struct mill_summary_cell *cell)
{
    return cell->verdict == MILL_VERDICT_PASS && !cell->checked;
}

/* Controls that were to be caught, and came to no sample that says whether they were. */
static void add_unproven(const struct mill_run_report *report)
{
    const struct mill_summary *summary = report->summary;
    size_t not_run = 0, untrusted = 0;
    struct mill_text names = {0};
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct mill_summary_cell *cell = &summary->cells[i];
        bool unproven = cell->control && cell->expected &&
                        (cell->verdict == MILL_VERDICT_NOT_RUN || cell->verdict == MILL_VERDICT_UNTRUSTED);
        if (unproven) {
            not_run += cell->verdict == MILL_VERDICT_NOT_RUN;
            untrusted += cell->verdict == MILL_VERDICT_UNTRUSTED;
            mill_text_add(&names, "%s%s with %s at %u", names.length > 0 ? ", " : "", cell->scenario,
                          cell->strategy, cell->threads);
        }
    }
    if (not_run + untrusted > 0) {
        mill_report_say(report, 0,
                        "%zu control%s neither caught nor missed (%zu not run, %zu without a sample that "
                        "counts), so this run does not show that their checks work: %s. Only --strict makes "
                        "that an exit code (4).",
                        not_run + untrusted, not_run + untrusted == 1 ? " was" : "s were", not_run, untrusted,
                        names.text ? names.text : "");
    }
    report->out->failed = report->out->failed || names.failed;
    mill_text_free(&names);
}

/* What stands in the tables whatever was measured. */
static void add_columns(const struct mill_run_report *report)
{
    static const char *const lines[] = {
        "op/s: median over rounds, with its 95% interval ('-' below 6 rounds); p50 … max: of latency "
        "samples, merged; reading the clock is in them (threadmill doctor says how long that takes)",
        "Jain: 1 when all threads got equally much done, 1/threads when one got all; also within short "
        "slices (median)",
        "longest starved: the longest time in which some thread completed nothing, looked at slice by slice",
        "same holder: the share of acquisitions by the thread that had it last; a lock that favours it "
        "starves others",
        "op per cpu-s: operations for each second of processor time that the threads used; waiting by "
        "spinning "
        "costs it, sleeping does not",
        "switch/1000: context switches of all threads, wanted or not, for 1000 operations",
        "n: samples that count; rejected: the machine was not the sample's own, so it was taken again",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        mill_report_say(report, 2, "%s", lines[i]);
    }
    mill_report_say(
        report, 2,
        "near, far: a cache line's round trip between the processors took up to, or more than, %.0f ns; "
        "speeds are compared within a mode only",
        MILL_FAR_ABOVE_NS);
}

/* What is explained where it occurs. */
static void add_footnotes(const struct mill_run_report *report)
{
    static const struct {
        bool (*is)(const struct mill_summary_cell *cell);
        const char *line;
    } notes[] = {
        {is_oversubscribed,
         "oversubscribed: more threads than processors; the system's scheduler is measured "
         "along with the strategy"},
        {is_collapsed,
         "collapsed: its answers are right, but less than a hundredth of its speed with a processor "
         "for each thread is left"},
        {has_shape, "shape: what a strategy can do; only those of one shape are ranked among each other"},
        {mill_report_cannot_show, "control: cannot show: a mistake kept on purpose that needs more threads, "
                                  "or more processors, to show; "
                                  "it is neither caught nor missed here"},
        {mill_report_not_checked,
         "not checked: the strategy does nothing, or the scenario has no answers to check; it never leads"},
    };
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        if (any_cell(report, notes[i].is)) {
            mill_report_say(report, 2, "%s", notes[i].line);
        }
    }
}

void mill_report_legend(const struct mill_run_report *report)
{
    add_unproven(report);
    if (report->summary->row_count == 0) {
        mill_report_styled(report, MILL_YELLOW, "No sample counts: there is no speed to show.");
        return;
    }
    add_columns(report);
    add_footnotes(report);
}

#include <errno.h>
#include <string.h>

#include "report/display.h"
#include "report/run_parts.h"

enum {
    complaint_lines = 20, /* of standard error: the last */
    stack_lines = 60,     /* of the stacks: the first */
    sanitizer_lines = 40,
    timeline_lines = 80,
};

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (const char *line = text; *line; lines++) {
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return lines;
}

/* Lines of what a measured program wrote, indented: `most` of them, from the beginning or the end. */
static void quote(const struct mill_run_report *report, const char *title, const char *text, size_t most,
                  bool tail)
{
    size_t lines = text ? count_lines(text) : 0;
    size_t skipped = tail && lines > most ? lines - most : 0;
    size_t at = 0;
    if (lines == 0) {
        return;
    }
    mill_text_add(report->out, "  %s:\n", title);
    if (skipped > 0) {
        mill_text_add(report->out, "    … %zu lines before\n", skipped);
    }
    for (const char *line = text; *line && at < skipped + most; at++) {
        size_t length = strcspn(line, "\n");
        if (at >= skipped) {
            mill_text_add(report->out, "    ");
            mill_display_printable(report->out, line, length);
            mill_text_add(report->out, "\n");
        }
        line += length + (line[length] == '\n');
    }
    if (at < lines) {
        mill_text_add(report->out, "    … %zu lines more\n", lines - at);
    }
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static long long integer_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void tell_sample(const struct mill_run_report *report, const json_t *sample)
{
    const char *status = text_of(sample, "status");
    const char *kind = text_of(sample, "kind");
    const char *complaints = text_of(sample, "stderr");
    bool sanitizer = status && strcmp(status, "sanitizer") == 0;
    mill_report_say(report, 2, "%s: %s sample of round %lld, attempt %lld, seed %lld",
                    status ? status : "bad", kind ? kind : "a", integer_of(sample, "round"),
                    integer_of(sample, "attempt"), integer_of(sample, "seed"));
    if (sanitizer) { /* its report begins with what matters */
        quote(report, "sanitizer", complaints, sanitizer_lines, false);
    } else {
        quote(report, "standard error", complaints, complaint_lines, true);
    }
    quote(report, "what its calls were told", text_of(json_object_get(sample, "history"), "timeline"),
          timeline_lines, false);
    quote(report, "stacks", text_of(sample, "stacks"), stack_lines, false);
}

static void tell_finding(const struct mill_run_report *report, size_t index)
{
    const struct mill_summary_cell *cell = &report->summary->cells[index];
    const json_t *document = json_array_get(json_object_get(report->result, "cells"), index);
    const json_t *expected = json_object_get(document, "expected");
    struct mill_text subject = {0};
    char shown[128];
    mill_report_subject(&subject, cell);
    mill_report_styled(report, MILL_RED | MILL_BOLD, "%s: %s with %s, %u thread%s",
                       mill_verdict_name(cell->verdict), subject.text ? subject.text : "", cell->strategy,
                       cell->threads, cell->threads == 1 ? "" : "s");
    report->out->failed = report->out->failed || subject.failed;
    mill_text_free(&subject);
    if (cell->bad > 0) {
        mill_report_say(report, 2, "%zu of %zu samples are bad", cell->bad,
                        cell->bad + cell->accepted + cell->rejected);
    }
    if (mill_report_shown(report, index, shown, sizeof shown)[0]) {
        mill_report_say(report, 2, "seen: %s", shown);
    }
    if (cell->reason && (cell->bad > 0 || shown[0])) {
        mill_report_say(report, 2, "reason: %s", cell->reason);
    }
    if (json_is_object(expected)) {
        const char *findings = text_of(expected, "findings");
        const char *why = text_of(expected, "why");
        mill_report_say(report, 2, "a control, expected to show %s: %s", findings ? findings : "something",
                        why ? why : "");
    }
    if (cell->verdict == MILL_VERDICT_NOT_CAUGHT) {
        mill_report_say(report, 2,
                        "the checks of this scenario did not find a mistake that is there: what they passed "
                        "in this run is not to be trusted. More rounds, a longer window or more threads "
                        "give it more chances.");
    }
    if (cell->evidence) {
        tell_sample(report, cell->evidence);
    }
    mill_text_add(report->out, "\n");
}

int mill_report_findings(const struct mill_run_report *report)
{
    const struct mill_summary *summary = report->summary;
    size_t count = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        if (mill_verdict_is_finding(summary->cells[i].verdict)) {
            if (count++ == 0) {
                mill_report_styled(report, MILL_BOLD, "Findings");
            }
            tell_finding(report, i);
        }
    }
    return report->out->failed ? -ENOMEM : 0;
}

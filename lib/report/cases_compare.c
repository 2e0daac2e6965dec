/* Cases of a comparison: a row of its table, a row of base against base, what could not be compared. */
#include <errno.h>
#include <string.h>

#include "report/cases.h"

/* "1.23x (1.10 to 1.40)" of a {"median", "low", "high"}; an empty string without a median. */
static void add_ratio(struct mill_text *text, const json_t *ratio)
{
    const json_t *median = json_object_get(ratio, "median");
    const json_t *low = json_object_get(ratio, "low"), *high = json_object_get(ratio, "high");
    if (!json_is_number(median)) {
        return;
    }
    mill_text_add(text, "head is %.3g of base", json_number_value(median));
    if (json_is_number(low) && json_is_number(high)) {
        mill_text_add(text, " (%.3g to %.3g)", json_number_value(low), json_number_value(high));
    }
}

static void explain(struct mill_text *message, const json_t *row)
{
    const char *why_not = mill_view_text(row, "why_not");
    const json_t *needed = json_object_get(row, "rounds_needed");
    add_ratio(message, json_object_get(row, "ratio"));
    mill_text_add(message, "%s%lld pairs, margin %.3g", message->length > 0 ? ", " : "",
                  mill_view_integer(row, "n"), json_number_value(json_object_get(row, "margin")));
    if (json_is_integer(needed)) {
        mill_text_add(message, "; about %lld rounds would decide", (long long)json_integer_value(needed));
    }
    if (*why_not) {
        mill_text_add(message, "; it does not gate: %s", why_not);
    }
}

static enum mill_case_outcome outcome_of(const json_t *row)
{
    const char *verdict = mill_view_text(row, "verdict");
    bool gates = json_is_true(json_object_get(row, "gates"));
    if (strcmp(verdict, "off") == 0) {
        return MILL_CASE_ERROR;
    }
    if (strcmp(verdict, "regressed") == 0) {
        return gates ? MILL_CASE_FAILED : MILL_CASE_OPEN;
    }
    return strcmp(verdict, "inconclusive") == 0 || strcmp(verdict, "untrusted") == 0 ? MILL_CASE_OPEN
                                                                                     : MILL_CASE_PASSED;
}

static int add_row(struct mill_cases *cases, const json_t *row, const char *prefix)
{
    const char *base = mill_view_text(row, "base_strategy"), *head = mill_view_text(row, "head_strategy");
    struct mill_case_draft draft = {.kind = mill_view_text(row, "verdict"), .outcome = outcome_of(row)};
    mill_text_add(&draft.suite, "%s%s", prefix, mill_view_text(row, "scenario"));
    if (json_object_size(json_object_get(row, "parameters")) > 0) {
        mill_text_add(&draft.suite, " (");
        mill_view_parameters(&draft.suite, json_object_get(row, "parameters"));
        mill_text_add(&draft.suite, ")");
    }
    mill_text_add(&draft.name, "%s", head);
    if (strcmp(base, head) != 0) {
        mill_text_add(&draft.name, " against %s", base);
    }
    mill_text_add(&draft.name, ", ");
    mill_cases_threads(&draft.name, mill_view_integer(row, "threads"));
    mill_text_add(&draft.name, ", %s, %s", mill_view_text(row, "metric"), mill_view_text(row, "mode"));
    explain(&draft.message, row);
    return mill_cases_add(cases, &draft);
}

static int add_rows(struct mill_cases *cases, const json_t *rows, const char *prefix)
{
    size_t index;
    json_t *row;
    int status = 0;
    json_array_foreach(rows, index, row)
    {
        status = status < 0 ? status : add_row(cases, row, prefix);
    }
    return status;
}

/* Bad samples of head count against it, those of base do not; what was not measured has no verdict. */
static int add_others(struct mill_cases *cases, const json_t *entries)
{
    size_t index;
    json_t *entry;
    int status = 0;
    json_array_foreach(entries, index, entry)
    {
        const char *side = mill_view_text(entry, "side"), *reason = mill_view_text(entry, "reason");
        bool of_head = strcmp(side, "head") == 0;
        struct mill_case_draft draft = {.kind = *side ? mill_view_text(entry, "status") : "not measured",
                                        .outcome = of_head ? MILL_CASE_FAILED : MILL_CASE_OPEN};
        if (status < 0) {
            return status;
        }
        mill_text_add(&draft.suite, "%s", mill_view_text(entry, "scenario"));
        mill_text_add(&draft.name, "%s, ", mill_view_text(entry, "strategy"));
        mill_cases_threads(&draft.name, mill_view_integer(entry, "threads"));
        mill_text_add(&draft.name, ", %s", *side ? side : "not measured");
        if (*side) {
            mill_text_add(&draft.message, "%lld sample%s of %s: %s%s%s", mill_view_integer(entry, "count"),
                          mill_view_integer(entry, "count") == 1 ? "" : "s", side,
                          mill_view_text(entry, "status"), *reason ? ": " : "", reason);
        } else {
            mill_text_add(&draft.message, "%s", reason);
        }
        status = mill_cases_add(cases, &draft);
    }
    return status;
}

int mill_cases_of_compare(struct mill_cases *cases, const struct mill_view_input *input)
{
    int status = add_rows(cases, json_object_get(input->document, "rows"), "");
    status =
        status < 0 ? status : add_rows(cases, json_object_get(input->document, "aa"), "base against base: ");
    status = status < 0 ? status : add_others(cases, json_object_get(input->document, "findings"));
    return status < 0 ? status : add_others(cases, json_object_get(input->document, "not_measured"));
}

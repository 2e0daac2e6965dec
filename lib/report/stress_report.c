#include "report/stress_report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/stress.h"
#include "report/display.h"
#include "report/grid.h"
#include "report/style.h"
#include "report/told_report.h"

enum {
    tools_max = 8,
    names_max = 12,      /* of what could not be judged for one reason */
    frames_shown = 5,    /* of each stack */
    evidence_lines = 40, /* where there is no stack */
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool same(const json_t *a, const json_t *b, const char *name)
{
    return strcmp(text_of(a, name), text_of(b, name)) == 0;
}

static void styled(struct mill_text *out, const struct mill_report_options *options, const char *escape,
                   const char *text)
{
    mill_text_add(out, "%s", options->colour ? escape : "");
    mill_display_printable(out, text, strlen(text));
    mill_text_add(out, "%s", options->colour ? "\033[0m" : "");
}

/* ---- the table ---- */

/* "12 pass, 2 found, 3 unsupported": what became of a scenario's cells under one tool. */
static void count_cells(struct mill_text *text, const json_t *cells, const json_t *first, const char *tool)
{
    static const struct {
        enum mill_verdict verdict;
        const char *word;
    } words[] = {
        {MILL_VERDICT_PASS, "pass"},
        {MILL_VERDICT_CAUGHT, "found"},
        {MILL_VERDICT_FOUND, "WITH FINDINGS"},
        {MILL_VERDICT_NOT_CAUGHT, "NOT FOUND"},
        {MILL_VERDICT_UNTRUSTED, "untrusted"},
        {MILL_VERDICT_NOT_RUN, "not run"},
        {MILL_VERDICT_UNSUPPORTED, "unsupported"},
        {MILL_VERDICT_UNAVAILABLE, "unavailable"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t index, count = 0;
        json_t *cell;
        json_array_foreach(cells, index, cell)
        {
            count += same(cell, first, "scenario") && strcmp(text_of(cell, "tool"), tool) == 0 &&
                     strcmp(text_of(cell, "verdict"), mill_verdict_name(words[i].verdict)) == 0;
        }
        if (count > 0) {
            mill_text_add(text, "%s%zu %s", text->length > 0 ? ", " : "", count, words[i].word);
        }
    }
}

static bool is_first_of(const json_t *cells, size_t index, const char *name)
{
    for (size_t i = 0; i < index; i++) {
        if (same(json_array_get(cells, i), json_array_get(cells, index), name)) {
            return false;
        }
    }
    return true;
}

static int add_table(struct mill_text *out, const json_t *document, const struct mill_report_options *options)
{
    const json_t *cells = json_object_get(document, "cells");
    const json_t *tools = json_object_get(document, "tools");
    struct mill_grid_column columns[tools_max + 1] = {{"scenario", MILL_LEFT}};
    size_t shown = 0, index;
    json_t *entry;
    struct mill_grid *grid;
    json_array_foreach(tools, index, entry)
    {
        if (shown < tools_max && !json_is_string(json_object_get(entry, "unavailable"))) {
            columns[++shown] = (struct mill_grid_column){text_of(entry, "tool"), MILL_LEFT};
        }
    }
    if (shown == 0) {
        return 0;
    }
    if (mill_grid_create(&grid, columns, shown + 1) < 0) {
        return -ENOMEM;
    }
    mill_grid_heading(grid, NULL);
    json_array_foreach(cells, index, entry)
    {
        if (!is_first_of(cells, index, "scenario")) {
            continue;
        }
        mill_grid_cell(grid, MILL_PLAIN, "%s", text_of(entry, "scenario"));
        for (size_t i = 1; i <= shown; i++) {
            struct mill_text text = {0};
            count_cells(&text, cells, entry, columns[i].heading);
            bool bad = text.text && (strstr(text.text, "FINDINGS") || strstr(text.text, "NOT FOUND"));
            mill_grid_cell(grid, bad ? MILL_RED | MILL_BOLD : MILL_PLAIN, "%s", text.text ? text.text : "");
            out->failed = out->failed || text.failed;
            mill_text_free(&text);
        }
    }
    int status = mill_grid_render(grid, out, options->colour);
    mill_grid_destroy(grid);
    mill_text_add(out, "\n");
    return status;
}

/* ---- findings ---- */

/* "counter/unsafe (2, 4 threads), …" */
static void add_places(struct mill_text *text, const json_t *finding)
{
    const json_t *where = json_object_get(finding, "where");
    size_t index, other;
    json_t *place, *more;
    bool any = false;
    json_array_foreach(where, index, place)
    {
        bool told = false;
        for (size_t i = 0; i < index; i++) {
            told = told || (same(json_array_get(where, i), place, "scenario") &&
                            same(json_array_get(where, i), place, "strategy"));
        }
        if (told) {
            continue;
        }
        const char *between = "";
        mill_text_add(text, "%s%s/%s (", any ? ", " : "", text_of(place, "scenario"),
                      text_of(place, "strategy"));
        json_array_foreach(where, other, more)
        {
            if (other >= index && same(more, place, "scenario") && same(more, place, "strategy")) {
                mill_text_add(text, "%s%lld", between,
                              (long long)json_integer_value(json_object_get(more, "threads")));
                between = ", ";
            }
        }
        mill_text_add(text, " threads)");
        any = true;
    }
}

static void paragraph(struct mill_text *out, const struct mill_report_options *options, size_t indent,
                      const struct mill_text *text)
{
    struct mill_text printable = {0};
    mill_display_printable(&printable, text->text ? text->text : "", text->length);
    mill_display_paragraph(out, indent, options->width, printable.text ? printable.text : "");
    out->failed = out->failed || text->failed || printable.failed;
    mill_text_free(&printable);
}

static void add_controls(struct mill_text *out, const json_t *findings,
                         const struct mill_report_options *options)
{
    size_t index;
    json_t *finding;
    bool any = false;
    json_array_foreach(findings, index, finding)
    {
        struct mill_text text = {0};
        if (!json_is_true(json_object_get(finding, "expected"))) {
            continue;
        }
        mill_text_add(out, "%s", any ? "" : "controls found:\n");
        mill_text_add(&text, "%s: ", text_of(finding, "tool"));
        add_places(&text, finding);
        mill_text_add(&text, ": %s (×%lld)", text_of(finding, "message"),
                      (long long)json_integer_value(json_object_get(finding, "count")));
        paragraph(out, options, 2, &text);
        mill_text_free(&text);
        any = true;
    }
    mill_text_add(out, "%s", any ? "\n" : "");
}

static void add_stack(struct mill_text *out, const json_t *stack)
{
    size_t index;
    json_t *frame;
    const char *what = text_of(stack, "what");
    /* where a thread was created is in the document; here it would hide what matters */
    if (strncmp(what, "Thread ", 7) == 0) {
        return;
    }
    mill_text_add(out, "  ");
    mill_display_printable(out, what[0] ? what : "at", strlen(what[0] ? what : "at"));
    mill_text_add(out, "\n");
    json_array_foreach(json_object_get(stack, "frames"), index, frame)
    {
        const char *file = text_of(frame, "file");
        if (index == frames_shown) {
            mill_text_add(out, "    … %zu more\n", json_array_size(json_object_get(stack, "frames")) - index);
            break;
        }
        mill_text_add(out, "    ");
        mill_display_printable(out, text_of(frame, "function"), strlen(text_of(frame, "function")));
        if (file[0]) {
            mill_text_add(out, "  ");
            mill_display_printable(out, file, strlen(file));
            mill_text_add(out, ":%lld", (long long)json_integer_value(json_object_get(frame, "line")));
        }
        mill_text_add(out, "\n");
    }
}

/* The last lines of what the child wrote, or of a hung one's stacks. */
static void add_evidence(struct mill_text *out, const char *text)
{
    size_t lines = 0;
    for (const char *at = text; *at && lines < evidence_lines; lines++) {
        size_t length = strcspn(at, "\n");
        mill_text_add(out, "    ");
        mill_display_printable(out, at, length);
        mill_text_add(out, "\n");
        at += length + (at[length] == '\n');
        if (lines + 1 == evidence_lines && *at) {
            mill_text_add(out, "    … more in the document (--output)\n");
        }
    }
}

static void add_finding(struct mill_text *out, const json_t *finding,
                        const struct mill_report_options *options)
{
    size_t index;
    json_t *stack;
    const json_t *stacks = json_object_get(finding, "stacks");
    struct mill_text headline = {0}, text = {0};
    mill_text_add(&headline, "FINDING under %s: %s: %s", text_of(finding, "tool"), text_of(finding, "by"),
                  text_of(finding, "kind"));
    styled(out, options, "\033[1;31m", headline.text ? headline.text : "FINDING");
    out->failed = out->failed || headline.failed;
    mill_text_add(out, "\n");
    mill_text_add(&text, "×%lld in ", (long long)json_integer_value(json_object_get(finding, "count")));
    add_places(&text, finding);
    mill_text_add(&text, "; first with sample seed %lld",
                  (long long)json_integer_value(
                      json_object_get(json_array_get(json_object_get(finding, "where"), 0), "seed")));
    paragraph(out, options, 2, &text);
    json_array_foreach(stacks, index, stack)
    {
        add_stack(out, stack);
    }
    if (json_array_size(stacks) == 0) {
        mill_text_free(&text);
        mill_text_add(&text, "%s", text_of(finding, "message"));
        paragraph(out, options, 2, &text);
        add_evidence(out, text_of(finding, "evidence"));
    }
    mill_text_add(out, "\n");
    mill_text_free(&headline);
    mill_text_free(&text);
}

static void add_missed(struct mill_text *out, const json_t *cells, const struct mill_report_options *options)
{
    size_t index;
    json_t *cell;
    json_array_foreach(cells, index, cell)
    {
        struct mill_text text = {0};
        if (strcmp(text_of(cell, "verdict"), mill_verdict_name(MILL_VERDICT_NOT_CAUGHT)) != 0) {
            continue;
        }
        mill_text_add(&text, "control NOT FOUND: %s/%s, %lld threads, under %s", text_of(cell, "scenario"),
                      text_of(cell, "strategy"),
                      (long long)json_integer_value(json_object_get(cell, "threads")), text_of(cell, "tool"));
        styled(out, options, "\033[1;31m", text.text ? text.text : "control NOT FOUND");
        out->failed = out->failed || text.failed;
        mill_text_add(out, "\n");
        mill_text_free(&text);
        mill_text_add(&text, "%s; expected: %s (%s)", text_of(cell, "reason"),
                      text_of(json_object_get(cell, "expected"), "findings"),
                      text_of(json_object_get(cell, "expected"), "why"));
        paragraph(out, options, 2, &text);
        mill_text_free(&text);
        mill_text_add(out, "\n");
    }
}

/* ---- what could not be judged ---- */

static bool is_unjudged(const json_t *cell)
{
    static const enum mill_verdict verdicts[] = {MILL_VERDICT_UNSUPPORTED, MILL_VERDICT_UNAVAILABLE,
                                                 MILL_VERDICT_UNTRUSTED, MILL_VERDICT_NOT_RUN};
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (strcmp(text_of(cell, "verdict"), mill_verdict_name(verdicts[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_reason(const json_t *a, const json_t *b)
{
    return same(a, b, "tool") && same(a, b, "verdict") && same(a, b, "reason");
}

/* All cells of the first one's tool and reason, in one paragraph; each strategy once. */
static void add_reason(struct mill_text *out, const json_t *cells, size_t first,
                       const struct mill_report_options *options)
{
    const json_t *head = json_array_get(cells, first);
    struct mill_text text = {0};
    size_t names = 0;
    mill_text_add(&text, "%s, %s: %s:", text_of(head, "verdict"), text_of(head, "tool"),
                  text_of(head, "reason"));
    for (size_t i = first; i < json_array_size(cells); i++) {
        const json_t *cell = json_array_get(cells, i);
        bool told = !same_reason(cell, head);
        for (size_t j = first; j < i && !told; j++) {
            const json_t *before = json_array_get(cells, j);
            told =
                same_reason(before, head) && same(before, cell, "scenario") && same(before, cell, "strategy");
        }
        if (!told && ++names <= names_max) {
            mill_text_add(&text, "%s %s/%s", names > 1 ? "," : "", text_of(cell, "scenario"),
                          text_of(cell, "strategy"));
        }
    }
    if (names > names_max) {
        mill_text_add(&text, " and %zu more", names - names_max);
    }
    paragraph(out, options, 0, &text);
    mill_text_free(&text);
}

static void add_unjudged(struct mill_text *out, const json_t *document,
                         const struct mill_report_options *options)
{
    const json_t *cells = json_object_get(document, "cells");
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(document, "tools"), index, entry)
    {
        const char *unavailable = text_of(entry, "unavailable"), *failed = text_of(entry, "failed");
        struct mill_text text = {0};
        if (unavailable[0] || failed[0]) {
            mill_text_add(&text, "%s %s: %s", text_of(entry, "tool"), failed[0] ? "FAILED" : "unavailable",
                          failed[0] ? failed : unavailable);
            paragraph(out, options, 0, &text);
        }
        mill_text_free(&text);
    }
    json_array_foreach(cells, index, entry)
    {
        bool told = !is_unjudged(entry);
        for (size_t i = 0; i < index && !told; i++) {
            told = same_reason(json_array_get(cells, i), entry);
        }
        if (!told) {
            add_reason(out, cells, index, options);
        }
    }
}

/* The outcomes of each cell under each tool, and all histories. */
static int add_told(struct mill_text *out, const json_t *cells, const struct mill_report_options *options)
{
    struct mill_told all = {0};
    size_t index;
    json_t *cell;
    int status = 0;
    json_array_foreach(cells, index, cell)
    {
        struct mill_told told;
        struct mill_text whose = {0};
        status = status == 0 ? mill_told_decode(&told, cell) : status;
        if (status < 0) {
            break;
        }
        mill_text_add(&whose, "%s/%s, %d threads, %s", text_of(cell, "scenario"), text_of(cell, "strategy"),
                      (int)json_integer_value(json_object_get(cell, "threads")), text_of(cell, "tool"));
        status = mill_told_report_outcomes(out, whose.text ? whose.text : "outcome", &told, options);
        status = status == 0 ? mill_told_add_all(&all, &told) : status;
        out->failed = out->failed || whose.failed;
        mill_told_free(&told);
        mill_text_free(&whose);
    }
    if (status == 0) {
        mill_told_report_histories(out, &all);
    }
    mill_told_free(&all);
    return status;
}

int mill_stress_report(struct mill_text *out, const json_t *document,
                       const struct mill_report_options *options)
{
    struct mill_stress_count count;
    const json_t *findings = json_object_get(document, "findings");
    size_t index;
    json_t *finding;
    int status = add_table(out, document, options);
    if (status < 0) {
        return status;
    }
    add_controls(out, findings, options);
    json_array_foreach(findings, index, finding)
    {
        if (!json_is_true(json_object_get(finding, "expected"))) {
            add_finding(out, finding, options);
        }
    }
    add_missed(out, json_object_get(document, "cells"), options);
    add_unjudged(out, document, options);
    status = add_told(out, json_object_get(document, "cells"), options);
    if (status < 0) {
        return status;
    }
    mill_stress_counted(document, &count);
    mill_text_add(
        out,
        "%sfindings: %zu; cells: %zu passed, %zu controls found, %zu controls not found, %zu with findings, "
        "%zu untrusted, %zu not run, %zu unsupported, %zu unavailable; seed %lld\n",
        json_is_true(json_object_get(document, "interrupted")) ? "interrupted; " : "", count.unexpected,
        count.cells[MILL_VERDICT_PASS], count.cells[MILL_VERDICT_CAUGHT],
        count.cells[MILL_VERDICT_NOT_CAUGHT], count.cells[MILL_VERDICT_FOUND],
        count.cells[MILL_VERDICT_UNTRUSTED], count.cells[MILL_VERDICT_NOT_RUN],
        count.cells[MILL_VERDICT_UNSUPPORTED], count.cells[MILL_VERDICT_UNAVAILABLE],
        (long long)json_integer_value(json_object_get(document, "seed")));
    return out->failed ? -ENOMEM : 0;
}

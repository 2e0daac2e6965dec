/* Cases of stress documents (a cell under a tool) and of hunts (a cell or a program). */
#include <errno.h>
#include <string.h>

#include "report/cases.h"

enum {
    evidence_lines = 40,
    steps_shown = 80,
};

static bool is_one_of(const char *word, const char *const *words)
{
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum mill_case_outcome outcome_of(const char *verdict)
{
    static const char *const passed[] = {"pass", "caught", "clean", NULL};
    static const char *const found[] = {"FOUND", "NOT CAUGHT", NULL};
    return is_one_of(verdict, passed)       ? MILL_CASE_PASSED
           : is_one_of(verdict, found)      ? MILL_CASE_FAILED
           : strcmp(verdict, "failed") == 0 ? MILL_CASE_ERROR
                                            : MILL_CASE_OPEN;
}

static void add_frames(struct mill_text *detail, const json_t *frames)
{
    size_t index;
    json_t *frame;
    json_array_foreach(frames, index, frame)
    {
        const char *file = mill_view_text(frame, "file");
        mill_text_add(detail, "    #%zu %s", index, mill_view_text(frame, "function"));
        if (*file) {
            mill_text_add(detail, " (%s:%lld)", file, mill_view_integer(frame, "line"));
        }
        mill_text_add(detail, "\n");
    }
}

static void add_stacks(struct mill_text *detail, const json_t *finding)
{
    size_t index;
    json_t *stack;
    json_array_foreach(json_object_get(finding, "stacks"), index, stack)
    {
        mill_text_add(detail, "  %s\n", mill_view_text(stack, "what"));
        add_frames(detail, json_object_get(stack, "frames"));
    }
}

/* ---- stress ---- */

static bool same_text(const json_t *a, const json_t *b, const char *name)
{
    return strcmp(mill_view_text(a, name), mill_view_text(b, name)) == 0;
}

/* Was the finding, which nobody expected, seen in this cell? */
static bool is_of(const json_t *finding, const json_t *cell)
{
    size_t index;
    json_t *place;
    if (json_is_true(json_object_get(finding, "expected")) || !same_text(finding, cell, "tool")) {
        return false;
    }
    json_array_foreach(json_object_get(finding, "where"), index, place)
    {
        if (same_text(place, cell, "scenario") && same_text(place, cell, "strategy") &&
            mill_view_integer(place, "threads") == mill_view_integer(cell, "threads")) {
            return true;
        }
    }
    return false;
}

/* "ThreadSanitizer: data race: …": who found it, if the message does not say so itself. */
static void add_title(struct mill_text *text, const json_t *finding, const char *before)
{
    const char *by = mill_view_text(finding, "by"), *message = mill_view_text(finding, "message");
    bool told = strncmp(message, by, strlen(by)) == 0;
    mill_text_add(text, "%s%s%s%s", before, told ? "" : by, told ? "" : ": ", message);
}

static void add_findings(struct mill_case_draft *draft, const json_t *document, const json_t *cell)
{
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), index, finding)
    {
        if (!is_of(finding, cell)) {
            continue;
        }
        add_title(&draft->message, finding, draft->message.length > 0 ? "; " : "");
        add_title(&draft->detail, finding, "");
        mill_text_add(&draft->detail, "\n");
        add_stacks(&draft->detail, finding);
        mill_cases_quote(&draft->detail, "evidence", mill_view_text(finding, "evidence"), evidence_lines,
                         false);
    }
}

static int add_tools(struct mill_cases *cases, const json_t *document)
{
    size_t index;
    json_t *tool;
    int status = 0;
    json_array_foreach(json_object_get(document, "tools"), index, tool)
    {
        const char *failed = mill_view_text(tool, "failed"),
                   *unavailable = mill_view_text(tool, "unavailable");
        struct mill_case_draft draft = {.kind = *failed ? "failed" : "unavailable",
                                        .outcome = *failed ? MILL_CASE_ERROR : MILL_CASE_OPEN};
        if (status == 0 && (*failed || *unavailable)) {
            mill_text_add(&draft.suite, "tools");
            mill_text_add(&draft.name, "%s", mill_view_text(tool, "tool"));
            mill_text_add(&draft.message, "%s", *failed ? failed : unavailable);
            status = mill_cases_add(cases, &draft);
        }
    }
    return status;
}

int mill_cases_of_stress(struct mill_cases *cases, const struct mill_view_input *input)
{
    size_t index;
    json_t *cell;
    int status = add_tools(cases, input->document);
    json_array_foreach(json_object_get(input->document, "cells"), index, cell)
    {
        const char *verdict = mill_view_text(cell, "verdict"), *reason = mill_view_text(cell, "reason");
        struct mill_case_draft draft = {.kind = verdict, .outcome = outcome_of(verdict)};
        if (status < 0) {
            return status;
        }
        mill_text_add(&draft.suite, "%s: %s", mill_view_text(cell, "tool"), mill_view_text(cell, "scenario"));
        mill_text_add(&draft.name, "%s, ", mill_view_text(cell, "strategy"));
        mill_cases_threads(&draft.name, mill_view_integer(cell, "threads"));
        if (draft.outcome != MILL_CASE_PASSED) {
            add_findings(&draft, input->document, cell);
        }
        if (draft.outcome != MILL_CASE_PASSED && draft.message.length == 0) {
            mill_text_add(&draft.message, "%s", reason);
        }
        status = mill_cases_add(cases, &draft);
    }
    return status;
}

/* ---- hunt ---- */

static void add_steps(struct mill_text *detail, const json_t *finding)
{
    const json_t *steps = json_object_get(finding, "steps");
    size_t count = json_array_size(steps), left_out = count > steps_shown ? count - steps_shown : 0;
    if (left_out > 0) {
        mill_text_add(detail, "  (%zu steps before)\n", left_out);
    }
    for (size_t i = left_out; i < count; i++) {
        const json_t *step = json_array_get(steps, i);
        const char *file = mill_view_text(step, "file");
        mill_text_add(detail, "  thread %lld: %s", mill_view_integer(step, "thread"),
                      mill_view_text(step, "what"));
        if (*file) {
            mill_text_add(detail, " (%s:%lld)", file, mill_view_integer(step, "line"));
        }
        mill_text_add(detail, "%s\n", json_is_true(json_object_get(step, "preempts")) ? "  <- preempts" : "");
    }
    if (mill_view_integer(finding, "steps_lost") > 0) {
        mill_text_add(detail, "  (%lld steps more, for which there was no room)\n",
                      mill_view_integer(finding, "steps_lost"));
    }
}

static void add_schedule(struct mill_case_draft *draft, const json_t *document, size_t cell)
{
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), index, finding)
    {
        const char *token = mill_view_text(finding, "token");
        if (mill_view_integer(finding, "cell") != (long long)cell) {
            continue;
        }
        mill_text_add(&draft->message, "%s%s: %s", draft->message.length > 0 ? "; " : "",
                      mill_view_text(finding, "kind"), mill_view_text(finding, "message"));
        add_stacks(&draft->detail, finding);
        add_steps(&draft->detail, finding);
        if (*token) {
            mill_text_add(&draft->detail, "threadmill replay %s\n", token);
        }
    }
}

int mill_cases_of_hunt(struct mill_cases *cases, const struct mill_view_input *input)
{
    size_t index;
    json_t *cell;
    int status = 0;
    json_array_foreach(json_object_get(input->document, "cells"), index, cell)
    {
        const char *verdict = mill_view_text(cell, "verdict"), *reason = mill_view_text(cell, "reason");
        const char *program = mill_view_text(cell, "program");
        struct mill_case_draft draft = {.kind = verdict,
                                        .outcome = outcome_of(verdict),
                                        .seconds = (double)mill_view_integer(cell, "elapsed_ns") / 1e9};
        if (status < 0) {
            return status;
        }
        if (*program) {
            mill_text_add(&draft.suite, "program");
            mill_text_add(&draft.name, "%s", program);
        } else {
            mill_text_add(&draft.suite, "%s", mill_view_text(cell, "scenario"));
            mill_text_add(&draft.name, "%s, ", mill_view_text(cell, "strategy"));
            mill_cases_threads(&draft.name, mill_view_integer(cell, "threads"));
        }
        if (draft.outcome != MILL_CASE_PASSED) {
            add_schedule(&draft, input->document, index);
        }
        if (draft.outcome != MILL_CASE_PASSED && draft.message.length == 0) {
            mill_text_add(&draft.message, "%s", reason);
        }
        status = mill_cases_add(cases, &draft);
    }
    return status;
}

/* Which findings of each document become results of a SARIF log. */
#include <string.h>

#include "report/sarif.h"

/* "counter with unsafe, 2 threads" */
static void add_subject(struct mill_text *text, const char *scenario, const char *strategy, long long threads)
{
    mill_text_add(text, "%s with %s, %lld thread%s", scenario, strategy, threads, threads == 1 ? "" : "s");
}

/* Gives the finding its texts. False: memory ran out. */
static bool tell(struct mill_sarif *sarif, struct mill_sarif_finding *finding,
                 const struct mill_text *message, const struct mill_text *subject)
{
    sarif->failed = sarif->failed || message->failed || subject->failed;
    finding->message = message->text;
    finding->subject = subject->text ? subject->text : "";
    return !sarif->failed;
}

/* Takes the result over. NULL: memory ran out. */
static void keep(struct mill_sarif *sarif, json_t *result)
{
    sarif->failed = json_array_append_new(sarif->results, result) != 0 || sarif->failed;
}

static void add(struct mill_sarif *sarif, struct mill_sarif_finding *finding, const struct mill_text *message,
                const struct mill_text *subject)
{
    if (tell(sarif, finding, message, subject)) {
        keep(sarif, mill_sarif_result(sarif, finding));
    }
}

/* ---- a run: its cells have samples, and no stacks with lines ---- */

static void add_cell(struct mill_sarif *sarif, const struct mill_summary_cell *cell)
{
    struct mill_text message = {0}, subject = {0};
    struct mill_sarif_finding finding = {
        .by = "threadmill",
        .kind = cell->verdict == MILL_VERDICT_NOT_CAUGHT ? "control not caught"
                                                         : mill_view_text(cell->evidence, "status"),
        .scenario = cell->scenario,
    };
    add_subject(&subject, cell->scenario, cell->strategy, cell->threads);
    mill_text_add(&message, "%s: ", subject.text ? subject.text : "");
    if (cell->verdict == MILL_VERDICT_NOT_CAUGHT) {
        mill_text_add(&message,
                      "a control, and its mistake was not found: what the checks of this scenario passed is "
                      "not to be trusted.");
    } else {
        mill_text_add(&message, "%zu of %zu samples are bad: %s", cell->bad,
                      cell->bad + cell->accepted + cell->rejected,
                      cell->reason ? cell->reason : finding.kind);
    }
    add(sarif, &finding, &message, &subject);
    mill_text_free(&message);
    mill_text_free(&subject);
}

void mill_sarif_of_result(struct mill_sarif *sarif, const struct mill_view_input *input)
{
    for (size_t i = 0; i < input->summary->cell_count; i++) {
        const struct mill_summary_cell *cell = &input->summary->cells[i];
        sarif->expected += cell->verdict == MILL_VERDICT_CAUGHT;
        if (mill_verdict_is_finding(cell->verdict)) {
            add_cell(sarif, cell);
        }
    }
}

/* ---- stress: findings by stack, and controls that were not found ---- */

static void add_places(struct mill_text *message, const json_t *finding)
{
    size_t index;
    json_t *place;
    json_array_foreach(json_object_get(finding, "where"), index, place)
    {
        mill_text_add(message, "%s", index == 0 ? " Seen in " : "; ");
        add_subject(message, mill_view_text(place, "scenario"), mill_view_text(place, "strategy"),
                    mill_view_integer(place, "threads"));
    }
    mill_text_add(message, ".");
}

static void add_stress_finding(struct mill_sarif *sarif, const json_t *from)
{
    const json_t *place = json_array_get(json_object_get(from, "where"), 0);
    const json_t *stacks = json_object_get(from, "stacks");
    struct mill_text message = {0}, subject = {0};
    struct mill_sarif_finding finding = {
        .by = mill_view_text(from, "by"),
        .kind = mill_view_text(from, "kind"),
        .scenario = mill_view_text(place, "scenario"),
        .stacks = stacks,
    };
    mill_text_add(&message, "%s.", mill_view_text(from, "message"));
    add_places(&message, from);
    if (json_array_size(stacks) == 0) { /* with a stack, that tells it apart */
        mill_text_add(&subject, "%s", finding.scenario);
    }
    add(sarif, &finding, &message, &subject);
    mill_text_free(&message);
    mill_text_free(&subject);
}

/* A cell whose control was not found; `by` is what looked for it. */
static void add_missed(struct mill_sarif *sarif, const json_t *cell, const char *by)
{
    struct mill_text message = {0}, subject = {0};
    struct mill_sarif_finding finding = {
        .by = by, .kind = "control not found", .scenario = mill_view_text(cell, "scenario")};
    add_subject(&subject, finding.scenario, mill_view_text(cell, "strategy"),
                mill_view_integer(cell, "threads"));
    mill_text_add(&message, "%s: a mistake that is kept on purpose was not found: %s",
                  subject.text ? subject.text : "", mill_view_text(cell, "reason"));
    add(sarif, &finding, &message, &subject);
    mill_text_free(&message);
    mill_text_free(&subject);
}

void mill_sarif_of_stress(struct mill_sarif *sarif, const struct mill_view_input *input)
{
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(input->document, "findings"), index, entry)
    {
        bool expected = json_is_true(json_object_get(entry, "expected"));
        sarif->expected += expected;
        if (!expected) {
            add_stress_finding(sarif, entry);
        }
    }
    json_array_foreach(json_object_get(input->document, "cells"), index, entry)
    {
        if (strcmp(mill_view_text(entry, "verdict"), "NOT CAUGHT") == 0) {
            add_missed(sarif, entry, mill_view_text(entry, "tool"));
        }
    }
}

/* ---- hunt: the failing schedule as a thread flow ---- */

static json_t *new_step(const json_t *step, size_t index)
{
    struct mill_text text = {0};
    mill_text_add(&text, "thread %lld: %s%s", mill_view_integer(step, "thread"), mill_view_text(step, "what"),
                  json_is_true(json_object_get(step, "preempts")) ? " (preempts)" : "");
    json_t *location = text.failed ? NULL : mill_sarif_location(step, text.text);
    mill_text_free(&text);
    return mill_json_with(mill_json_with(json_object(), "location", location), "executionOrder",
                          json_integer((json_int_t)index + 1));
}

/* The steps of one thread, which has some. */
static json_t *new_thread_flow(const json_t *steps, long long thread)
{
    char id[32];
    json_t *locations = json_array();
    size_t index;
    json_t *step;
    json_array_foreach(steps, index, step)
    {
        if (mill_view_integer(step, "thread") == thread) {
            locations = mill_json_and(locations, new_step(step, index));
        }
    }
    snprintf(id, sizeof id, "thread %lld", thread);
    return mill_json_with(json_pack("{s:s}", "id", id), "locations", locations);
}

static bool is_new_thread(const json_t *steps, size_t index)
{
    long long thread = mill_view_integer(json_array_get(steps, index), "thread");
    for (size_t i = 0; i < index; i++) {
        if (mill_view_integer(json_array_get(steps, i), "thread") == thread) {
            return false;
        }
    }
    return true;
}

/* Takes `result` over and returns it with a flow for each thread; the order of execution runs across them. */
static json_t *with_schedule(json_t *result, const json_t *finding)
{
    const json_t *steps = json_object_get(finding, "steps");
    json_t *flows = json_array();
    for (size_t i = 0; i < json_array_size(steps); i++) {
        if (is_new_thread(steps, i)) {
            flows = mill_json_and(
                flows, new_thread_flow(steps, mill_view_integer(json_array_get(steps, i), "thread")));
        }
    }
    if (json_array_size(steps) > 0) {
        json_t *flow = mill_json_with(json_object(), "threadFlows", flows);
        result = mill_json_with(result, "codeFlows", mill_json_and(json_array(), flow));
    } else {
        json_decref(flows);
    }
    return mill_json_with(result, "properties",
                          json_pack("{s:s, s:I}", "replayToken", mill_view_text(finding, "token"),
                                    "stepsLeftOut", (json_int_t)mill_view_integer(finding, "steps_lost")));
}

static void add_hunted(struct mill_sarif *sarif, const json_t *from, const json_t *cell)
{
    struct mill_text message = {0}, subject = {0};
    const char *program = mill_view_text(cell, "program"), *token = mill_view_text(from, "token");
    struct mill_sarif_finding finding = {
        .by = "hunt",
        .kind = mill_view_text(from, "kind"),
        .scenario = mill_view_text(cell, "scenario"),
        .stacks = json_object_get(from, "stacks"),
    };
    if (*program) {
        mill_text_add(&subject, "%s", program);
    } else {
        add_subject(&subject, finding.scenario, mill_view_text(cell, "strategy"),
                    mill_view_integer(cell, "threads"));
    }
    mill_text_add(&message, "%s, in %s.", mill_view_text(from, "message"), subject.text ? subject.text : "");
    if (*token) {
        mill_text_add(&message, " Again, step by step: threadmill replay %s", token);
    }
    if (tell(sarif, &finding, &message, &subject)) {
        keep(sarif, with_schedule(mill_sarif_result(sarif, &finding), from));
    }
    mill_text_free(&message);
    mill_text_free(&subject);
}

void mill_sarif_of_hunt(struct mill_sarif *sarif, const struct mill_view_input *input)
{
    const json_t *cells = json_object_get(input->document, "cells");
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(input->document, "findings"), index, entry)
    {
        bool expected = json_is_true(json_object_get(entry, "expected"));
        sarif->expected += expected;
        if (!expected) {
            add_hunted(sarif, entry, json_array_get(cells, (size_t)mill_view_integer(entry, "cell")));
        }
    }
    json_array_foreach(cells, index, entry)
    {
        if (strcmp(mill_view_text(entry, "verdict"), "NOT CAUGHT") == 0) {
            add_missed(sarif, entry, "hunt");
        }
    }
}

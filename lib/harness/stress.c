#include "harness/stress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/observation.h"
#include "harness/reports.h"
#include "harness/result.h"
#include "harness/sample_series.h"
#include "harness/told.h"

enum {
    longer_runs = 3, /* for a cell that came to nothing, */
    longer_by = 4,   /* each so many times as long as the one before */
};

/* ---- the document ---- */

int mill_stress_open(struct mill_stress *stress, const char *command, uint64_t seed, json_t *machine,
                     json_t *build, json_t *settings)
{
    char created[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    stress->groups = json_object();
    stress->document =
        json_pack("{s:s, s:i, s:s, s:s, s:I, s:b, s:o, s:o, s:o, s:[], s:[], s:[]}",                  /* */
                  "format", MILL_STRESS_FORMAT, "version", MILL_STRESS_VERSION, "created", created,   /* */
                  "command", command, "seed", (json_int_t)seed, "interrupted", 0, "machine", machine, /* */
                  "build", build, "settings", settings, "tools", "cells", "findings");
    return stress->groups && stress->document ? 0 : -ENOMEM;
}

void mill_stress_close(struct mill_stress *stress)
{
    json_decref(stress->document);
    json_decref(stress->groups);
    *stress = (struct mill_stress){0};
}

static int add_tool(struct mill_stress *stress, enum mill_tool tool, const char *unavailable,
                    const char *failed, json_int_t rounds)
{
    json_t *entry =
        json_pack("{s:s, s:s, s:s?, s:s?, s:I}", "tool", mill_tool_name(tool), "title", mill_tool_title(tool),
                  "unavailable", unavailable, "failed", failed, "rounds_done", rounds);
    return json_array_append_new(json_object_get(stress->document, "tools"), entry) == 0 ? 0 : -ENOMEM;
}

int mill_stress_unavailable(struct mill_stress *stress, enum mill_tool tool, const char *reason)
{
    return add_tool(stress, tool, reason, NULL, 0);
}

/* ---- findings ---- */

/* One sample, and the cell it is of. */
struct seen {
    struct mill_stress *stress;
    enum mill_tool tool;
    const json_t *cell;
    const json_t *sample;
    size_t expected;   /* findings of it that its control is to show */
    size_t unexpected; /* and that nobody expected */
    unsigned reported; /* by the tool: of enum mill_finding */
};

static bool same_place(const json_t *place, const json_t *cell)
{
    return strcmp(mill_sample_text(place, "scenario"), mill_sample_text(cell, "scenario")) == 0 &&
           strcmp(mill_sample_text(place, "strategy"), mill_sample_text(cell, "strategy")) == 0 &&
           json_integer_value(json_object_get(place, "threads")) ==
               json_integer_value(json_object_get(cell, "threads"));
}

static void count_up(json_t *object)
{
    json_object_set_new(object, "count",
                        json_integer(1 + json_integer_value(json_object_get(object, "count"))));
}

static int add_place(json_t *places, const struct seen *seen)
{
    size_t index;
    json_t *place;
    json_array_foreach(places, index, place)
    {
        if (same_place(place, seen->cell)) {
            count_up(place);
            return 0;
        }
    }
    return json_array_append_new(places, json_pack("{s:O, s:O, s:O, s:i, s:O}", "scenario",
                                                   json_object_get(seen->cell, "scenario"), "strategy",
                                                   json_object_get(seen->cell, "strategy"), "threads",
                                                   json_object_get(seen->cell, "threads"), "count", 1, "seed",
                                                   json_object_get(seen->sample, "seed")));
}

/* `what` is a report, or looks like one; `key` tells it from others. */
static int add_finding(struct seen *seen, const char *key, bool expected, const json_t *what,
                       const char *message)
{
    struct mill_text whole = {0};
    int status = -ENOMEM;
    *(expected ? &seen->expected : &seen->unexpected) += 1;
    mill_text_add(&whole, "%s %d %s", mill_tool_name(seen->tool), expected, key);
    if (whole.failed) {
        goto out;
    }
    json_t *finding = json_object_get(seen->stress->groups, whole.text);
    if (!finding) {
        const char *evidence = mill_sample_text(seen->sample, "stacks");
        if (mill_sample_is(what, "kind", "wrong-answer")) {
            evidence = mill_sample_text(json_object_get(seen->sample, "history"), "timeline");
        }
        evidence = evidence ? evidence : mill_sample_text(seen->sample, "stderr");
        finding =
            json_pack("{s:s, s:O, s:O, s:b, s:i, s:s, s:[], s:O, s:s?}", "tool", mill_tool_name(seen->tool),
                      "by", json_object_get(what, "by"), "kind", json_object_get(what, "kind"), "expected",
                      expected, "count", 0, "message", message, "where", "stacks",
                      json_object_get(what, "stacks"), "evidence", expected ? NULL : evidence);
        if (!finding ||
            json_array_append_new(json_object_get(seen->stress->document, "findings"), finding) < 0 ||
            json_object_set(seen->stress->groups, whole.text, finding) < 0) {
            goto out;
        }
    }
    count_up(finding);
    status = add_place(json_object_get(finding, "where"), seen) == 0 ? 0 : -ENOMEM;
out:
    mill_text_free(&whole);
    return status;
}

/* Is `name` one of the names that stand in `list`, joined by ", "? */
static bool lists(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list ? strstr(list, name) : NULL; at; at = strstr(at + 1, name)) {
        if ((at == list || at[-1] == ' ') && (at[length] == '\0' || at[length] == ',')) {
            return true;
        }
    }
    return false;
}

/* Is the finding one that the cell's control is to show? */
static bool is_expected(const struct seen *seen, const char *finding)
{
    return lists(mill_sample_text(json_object_get(seen->cell, "expected"), "findings"), finding);
}

static int add_report(struct seen *seen, const json_t *report)
{
    char name[64], line[512];
    struct mill_text key = {0};
    mill_findings_name(name, sizeof name, (unsigned)mill_report_finding(report));
    mill_report_key(report, &key);
    seen->reported |= (unsigned)mill_report_finding(report);
    int status = key.failed ? -ENOMEM
                            : add_finding(seen, key.text, name[0] && is_expected(seen, name), report,
                                          mill_report_line(report, line, sizeof line));
    mill_text_free(&key);
    return status;
}

/* What is no tool's report: found by `verify`, or by how the child ended. */
static int add_own(struct seen *seen, const char *kind, bool expected, const char *reason)
{
    struct mill_text key = {0}, message = {0};
    mill_text_add(&message, "%s%s%s", kind, reason ? ": " : "", reason ? reason : "");
    json_t *what = json_pack("{s:s, s:s, s:[]}", "by", "threadmill", "kind", kind, "stacks");
    mill_text_add(&key, "%s %s %s", kind, mill_sample_text(seen->cell, "scenario"),
                  mill_sample_text(seen->cell, "strategy"));
    int status = what && !key.failed && !message.failed
                     ? add_finding(seen, key.text, expected, what, message.text)
                     : -ENOMEM;
    json_decref(what);
    mill_text_free(&key);
    mill_text_free(&message);
    return status;
}

static int add_reports(struct seen *seen)
{
    const char *text = mill_sample_text(seen->sample, "stderr");
    json_t *reports = mill_reports_parse(seen->tool, text ? text : "");
    int status = reports ? 0 : -ENOMEM;
    size_t index;
    json_t *report;
    json_array_foreach(reports, index, report)
    {
        status = status == 0 ? add_report(seen, report) : status;
    }
    /* What a tool says and nobody can read is no silence. */
    if (status == 0 && json_array_size(reports) == 0 && mill_sample_is(seen->sample, "status", "sanitizer")) {
        status =
            add_own(seen, "a report that could not be read", false, mill_sample_text(seen->sample, "reason"));
    }
    json_decref(reports);
    return status;
}

/* The findings that `verify` made: those of the sample that are not the tool's. */
static int add_checks(struct seen *seen)
{
    char reported[128];
    size_t index;
    json_t *finding;
    int status = 0;
    /* the reason of a sample with a report is that report */
    const char *reason = mill_sample_is(seen->sample, "status", "sanitizer")
                             ? "found by the scenario's own check"
                             : mill_sample_text(seen->sample, "reason");
    mill_findings_name(reported, sizeof reported, seen->reported);
    json_array_foreach(json_object_get(seen->sample, "findings"), index, finding)
    {
        const char *name = json_string_value(finding);
        if (status == 0 && name && !lists(reported, name)) {
            status = add_own(seen, name, is_expected(seen, name), reason);
        }
    }
    return status;
}

static int look_at(struct seen *seen)
{
    static const char *const endings[] = {"crashed", "failed", "killed"};
    bool hung = mill_sample_is(seen->sample, "status", "hung");
    const char *reason = mill_sample_text(seen->sample, "reason");
    int status = add_reports(seen);
    if (status == 0) {
        status = add_checks(seen);
    }
    if (status == 0 && hung) {
        status =
            add_own(seen, "hung", is_expected(seen, "deadlock") || is_expected(seen, "lost-wakeup"), reason);
    }
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && status == 0; i++) {
        if (mill_sample_is(seen->sample, "status", endings[i])) {
            status = add_own(seen, endings[i], false, reason);
        }
    }
    return status;
}

/* ---- cells ---- */

/* What became of a cell, from its samples. */
struct tally {
    size_t samples, worked, rejected, expected, unexpected;
    const char *reason;
    struct mill_told told;
};

static enum mill_verdict judge(const json_t *cell, const struct tally *tally, const char *ended,
                               const char **reason)
{
    bool must_show = json_is_true(json_object_get(cell, "must_show"));
    *reason = mill_sample_text(cell, "unsupported");
    if (*reason) {
        return json_is_true(json_object_get(cell, "unavailable")) ? MILL_VERDICT_UNAVAILABLE
                                                                  : MILL_VERDICT_UNSUPPORTED;
    }
    *reason = tally->reason;
    if (tally->unexpected > 0) {
        return MILL_VERDICT_FOUND;
    }
    if (tally->expected > 0) {
        return MILL_VERDICT_CAUGHT;
    }
    if (tally->samples == 0) {
        *reason = tally->rejected > 0 ? "it was never given its processors" : ended;
        return must_show ? MILL_VERDICT_NOT_CAUGHT : MILL_VERDICT_NOT_RUN;
    }
    if (must_show) {
        *reason = "a mistake that is there was not found: what passed beside it is not to be trusted";
        return MILL_VERDICT_NOT_CAUGHT;
    }
    if (tally->worked == 0) {
        *reason = "no thread completed an operation; take a longer window";
        return MILL_VERDICT_UNTRUSTED;
    }
    return MILL_VERDICT_PASS;
}

static int add_sample(struct mill_stress *stress, enum mill_tool tool, const json_t *cell,
                      const json_t *sample, struct tally *tally)
{
    struct seen seen = {.stress = stress, .tool = tool, .cell = cell, .sample = sample};
    bool rejected = mill_sample_is(sample, "status", "rejected");
    int status = rejected ? 0 : look_at(&seen);
    status = status == 0 ? mill_told_add(&tally->told, sample) : status;
    tally->rejected += rejected;
    tally->samples += !rejected;
    tally->worked += !rejected && mill_sample_number(sample, "completed") > 0;
    tally->expected += seen.expected;
    tally->unexpected += seen.unexpected;
    if (!tally->reason && seen.expected + seen.unexpected > 0) {
        tally->reason = mill_sample_text(sample, "reason");
    }
    return status;
}

static int add_cell(struct mill_stress *stress, enum mill_tool tool, const json_t *cell,
                    const struct tally *tally, const char *ended)
{
    const char *reason;
    enum mill_verdict verdict = judge(cell, tally, ended, &reason);
    json_t *entry = json_pack(
        "{s:s, s:O, s:O, s:O, s:O, s:O, s:O, s:s, s:s?, s:I, s:I}", "tool", mill_tool_name(tool), /* */
        "scenario", json_object_get(cell, "scenario"), "strategy", json_object_get(cell, "strategy"),
        "threads", json_object_get(cell, "threads"), "parameters", json_object_get(cell, "parameters"),
        "expected", json_object_get(cell, "expected"), "must_show", json_object_get(cell, "must_show"),
        "verdict", mill_verdict_name(verdict), "reason", reason, "samples", (json_int_t)tally->samples,
        "rejected", (json_int_t)tally->rejected);
    int status = entry ? mill_told_encode(&tally->told, entry) : -ENOMEM;
    bool added = json_array_append_new(json_object_get(stress->document, "cells"), entry) == 0;
    return added ? status : -ENOMEM;
}

int mill_stress_add(struct mill_stress *stress, enum mill_tool tool, const json_t *result, const char *failed)
{
    json_t *rounds = json_object_get(json_object_get(result, "settings"), "rounds_done");
    int status = add_tool(stress, tool, NULL, failed, json_integer_value(rounds));
    bool interrupted = json_is_true(json_object_get(result, "interrupted"));
    const char *ended = failed        ? "the tool failed before its turn"
                        : interrupted ? "interrupted before its turn"
                                      : "the time was over before its turn";
    size_t index, at;
    json_t *cell, *sample;
    json_array_foreach(json_object_get(result, "cells"), index, cell)
    {
        struct tally tally = {0};
        json_array_foreach(json_object_get(result, "samples"), at, sample)
        {
            char line[256];
            const char *text = mill_sample_text(sample, "stderr");
            if (status == 0 && mill_sample_cell(sample) == index &&
                !(failed && text && mill_reports_tool_failed(text, line, sizeof line))) {
                status = add_sample(stress, tool, cell, sample, &tally);
            }
        }
        status = status == 0 ? add_cell(stress, tool, cell, &tally, ended) : status;
        mill_told_free(&tally.told);
    }
    if (interrupted && !failed) {
        json_object_set_new(stress->document, "interrupted", json_true());
    }
    return status;
}

/* ---- the run ---- */

/* Between the run and who watches it: a tool that fails ends its run. */
struct watcher {
    const struct mill_run_observer *observer;
    char failed[256];
};

static void see(void *context, const struct mill_run_event *event)
{
    struct watcher *watcher = context;
    const char *text = event->sample ? mill_sample_text(event->sample, "stderr") : NULL;
    if (text && !watcher->failed[0] && !mill_sample_is(event->sample, "status", "ok")) {
        (void)mill_reports_tool_failed(text, watcher->failed, sizeof watcher->failed);
    }
    if (watcher->observer->event) {
        watcher->observer->event(watcher->observer->context, event);
    }
}

static bool is_to_end(void *context)
{
    const struct watcher *watcher = context;
    return watcher->failed[0] ||
           (watcher->observer->interrupted && watcher->observer->interrupted(watcher->observer->context));
}

/* Some cells want more time: a control that was not found, and where no operation ended. Marks all others as
 * done, in the plan; the number of those that do, or -ENOMEM. */
static int want_more(struct mill_plan *plan, enum mill_tool tool, const json_t *result)
{
    struct mill_stress so_far;
    int wanted = 0;
    int status = mill_stress_open(&so_far, "", 0, json_object(), json_object(), json_object());
    if (status == 0) {
        status = mill_stress_add(&so_far, tool, result, NULL);
    }
    for (size_t i = 0; i < plan->count && status == 0; i++) {
        const json_t *cell = json_array_get(json_object_get(so_far.document, "cells"), i);
        bool more = mill_sample_is(cell, "verdict", mill_verdict_name(MILL_VERDICT_NOT_CAUGHT)) ||
                    mill_sample_is(cell, "verdict", mill_verdict_name(MILL_VERDICT_UNTRUSTED));
        wanted += more;
        plan->cells[i].unsupported = more ? NULL : "it had time enough";
    }
    mill_stress_close(&so_far);
    return status < 0 ? status : wanted;
}

/* All cells once in each round; then those that want more, in ever longer windows, while there is time. */
static int run_plan(const struct mill_plan *plan, struct mill_run_settings settings,
                    const struct mill_run_observer *observer, json_t *result, struct mill_error *error)
{
    struct mill_plan again = {.cells = calloc(plan->count + 1, sizeof *again.cells), .count = plan->count};
    uint64_t budget_ns = settings.budget_ns, begun_ns = mill_now_ns();
    if (!again.cells) {
        return -ENOMEM;
    }
    memcpy(again.cells, plan->cells, plan->count * sizeof *again.cells);
    int status = mill_run(plan, &settings, observer, result, error);
    json_t *settings_done = json_object_get(result, "settings");
    json_t *rounds = json_incref(json_object_get(settings_done, "rounds_done"));
    settings.rounds = 1;
    for (unsigned i = 0; i < longer_runs && status == 0; i++) {
        uint64_t used_ns = mill_now_ns() - begun_ns;
        status = want_more(&again, settings.launch->tool, result);
        if (status <= 0 || observer->interrupted(observer->context) ||
            (budget_ns > 0 && used_ns >= budget_ns)) {
            break;
        }
        settings.budget_ns = budget_ns > 0 ? budget_ns - used_ns : 0;
        settings.window_ns *= longer_by;
        settings.slice_ns = settings.window_ns;
        settings.seed++;
        status = mill_run(&again, &settings, observer, result, error);
    }
    json_object_set_new(settings_done, "rounds_done", rounds);
    free(again.cells);
    return status < 0 ? status : 0;
}

int mill_stress_tool(struct mill_stress *stress, const struct mill_launch *launch,
                     const struct mill_plan *plan, const struct mill_run_settings *settings,
                     const struct mill_run_observer *observer, struct mill_error *error)
{
    struct watcher watcher = {.observer = observer};
    const struct mill_run_observer between = {.event = see, .interrupted = is_to_end, .context = &watcher};
    struct mill_run_settings perturbed = *settings;
    perturbed.launch = launch;
    perturbed.perturb = true;
    if (mill_tool_takes_atomics_for_plain(launch->tool)) {
        perturbed.history = 0; /* recording is made of atomics */
    }
    json_t *result = mill_result_create(plan, "stress", settings->seed, json_object(), json_object(),
                                        mill_run_settings_encode(&perturbed));
    int status = result ? run_plan(plan, perturbed, &between, result, error) : -ENOMEM;
    if (status == 0) {
        status = mill_stress_add(stress, launch->tool, result, watcher.failed[0] ? watcher.failed : NULL);
    }
    if (status == -ENOMEM) {
        mill_error_set(error, status, "no memory for what %s found", mill_tool_name(launch->tool));
    }
    json_decref(result);
    return status;
}

/* ---- counting ---- */

void mill_stress_counted(const json_t *document, struct mill_stress_count *count)
{
    size_t index;
    json_t *entry;
    *count = (struct mill_stress_count){0};
    json_array_foreach(json_object_get(document, "cells"), index, entry)
    {
        for (enum mill_verdict verdict = MILL_VERDICT_PASS; verdict <= MILL_VERDICT_UNAVAILABLE; verdict++) {
            count->cells[verdict] += mill_sample_is(entry, "verdict", mill_verdict_name(verdict));
        }
    }
    json_array_foreach(json_object_get(document, "findings"), index, entry)
    {
        count->unexpected += !json_is_true(json_object_get(entry, "expected"));
    }
    json_array_foreach(json_object_get(document, "tools"), index, entry)
    {
        count->failed += mill_sample_text(entry, "failed") != NULL;
        count->unavailable += mill_sample_text(entry, "unavailable") != NULL;
    }
}

#include "hunt_document.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command_line.h"
#include "harness/machine.h"
#include "harness/reports.h"
#include "hunt/lines.h"
#include "hunt_report.h"
#include "view.h"

#define PLACES 1024

/* What may come from a program that is not ours: a document is UTF-8, other bytes become '?'. */
static json_t *words(const char *text)
{
    json_t *string = json_string(text);
    char *copy = string ? NULL : strdup(text);
    for (char *c = copy; c && *c; c++) {
        *c = (unsigned char)*c < 128 ? *c : '?';
    }
    string = copy ? json_string(copy) : string;
    free(copy);
    return string;
}

/* ---- head ---- */

static json_t *settings_of(const struct mill_hunt_request *request)
{
    const struct mill_campaign *campaign = &request->campaign;
    return json_pack("{s:s, s:I, s:I, s:i, s:I, s:I, s:s, s:b, s:b, s:b, s:b, s:b}",           /* */
                     "explorer", campaign->explorer ? campaign->explorer : "portfolio",        /* */
                     "schedules", (json_int_t)campaign->schedules, "time_ns",                  /* */
                     (json_int_t)campaign->time_ns, "jobs", (int)campaign->jobs, "operations", /* */
                     (json_int_t)request->operations, "steps_max",                             /* */
                     (json_int_t)campaign->options.steps_max, "engine",                        /* */
                     campaign->engine ? campaign->engine : "fibers",                           /* */
                     "races", (campaign->flags & MILL_JOB_RACES) != 0,                         /* */
                     "lock_order", (campaign->flags & MILL_JOB_LOCK_ORDER) != 0,               /* */
                     "leaks", (campaign->flags & MILL_JOB_LEAKS) != 0,                         /* */
                     "spurious", (campaign->flags & MILL_JOB_SPURIOUS) != 0,                   /* */
                     "reduced", !request->raw);
}

static json_t *make_document(const struct mill_hunt_request *request, const struct mill_cpus *cpus, int argc,
                             char **argv)
{
    struct mill_clock clock;
    struct mill_text command = {0};
    char created[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    mill_clock_open(&clock);
    mill_command_quote(&command, argc, argv);
    json_t *document = json_pack("{s:s, s:i, s:s, s:s, s:I, s:b, s:o, s:o, s:o, s:[], s:[]}", /* */
                                 "format", "threadmill-hunt", "version", 1,                   /* */
                                 "created", created,                                          /* */
                                 "command", command.text ? command.text : "",                 /* */
                                 "seed", (json_int_t)request->campaign.options.seed,          /* */
                                 "interrupted", 0,                                            /* */
                                 "machine", mill_machine_describe(cpus, &clock),              /* */
                                 "build", mill_build_describe(),                              /* */
                                 "settings", settings_of(request),                            /* */
                                 "cells", "findings");
    mill_text_free(&command);
    return document;
}

int mill_hunt_document_open(struct mill_hunt_request *request, int argc, char **argv,
                            struct mill_error *error)
{
    struct mill_cpus *cpus = NULL;
    request->out = (struct mill_replacement){.descriptor = -1};
    if (!request->run.output) {
        return 0;
    }
    int status = mill_replacement_open(&request->out, request->run.output, error);
    if (status == 0) {
        status = mill_cpus_open(&cpus, error);
    }
    if (status == 0) {
        request->document = make_document(request, cpus, argc, argv);
        status = request->document ? 0 : mill_error_set(error, -ENOMEM, "no memory for a document");
    }
    mill_cpus_close(cpus);
    return status;
}

static void append(struct mill_hunt_request *request, const char *list, json_t *item)
{
    int status = json_array_append_new(json_object_get(request->document, list), item);
    request->document_failed = request->document_failed || status < 0;
}

/* ---- cells ---- */

static json_t *parameters_of(const struct mill_cell *cell)
{
    char text[64];
    json_t *parameters = json_object();
    for (unsigned i = 0; cell && i < cell->scenario->parameter_count; i++) {
        const struct mill_parameter *parameter = &cell->scenario->parameters[i];
        json_object_set_new(
            parameters, parameter->name,
            json_string(mill_parameter_format(parameter, cell->values[i], text, sizeof text)));
    }
    return parameters;
}

static json_t *expectation_of(const struct mill_cell *cell)
{
    char findings[128];
    if (!cell || !cell->expectation) {
        return json_null();
    }
    mill_findings_name(findings, sizeof findings, cell->expectation->findings);
    return json_pack("{s:s, s:s}", "findings", findings, "why", cell->expectation->why);
}

static json_t *program_of(const struct mill_hunt_request *request)
{
    int count = 0;
    struct mill_text line = {0};
    char **arguments = (char **)request->campaign.prey.arguments;
    while (arguments[count]) {
        count++;
    }
    mill_command_quote(&line, count, arguments);
    json_t *program = line.failed ? NULL : json_string(line.text + strlen("threadmill "));
    mill_text_free(&line);
    return program;
}

void mill_hunt_document_cell(struct mill_hunt_request *request, const struct mill_cell *cell,
                             const char *verdict, const char *reason,
                             const struct mill_campaign_result *result)
{
    static const struct mill_campaign_result nothing = {.schedules = 0};
    const struct mill_campaign_result *seen = result ? result : &nothing;
    if (!request->document) {
        return;
    }
    bool control = cell && (cell->expectation || mill_scenario_is_control(cell->scenario, cell->strategy));
    append(
        request, "cells",
        json_pack(
            "{s:s?, s:s?, s:i, s:o, s:o, s:o, s:b, s:s, s:s?, s:I, s:I, s:I, s:I, s:I, s:b, s:i, s:i}", /* */
            "scenario", cell ? cell->scenario->name : NULL, "strategy",                                 /* */
            cell ? cell->strategy->name : NULL, "threads", cell ? (int)cell->threads : 0,               /* */
            "parameters", parameters_of(cell), "program", cell ? json_null() : program_of(request),     /* */
            "expected", expectation_of(cell), "control", control, "verdict", verdict,                   /* */
            "reason", reason, "schedules", (json_int_t)seen->schedules,                                 /* */
            "steps", (json_int_t)seen->steps, "cut", (json_int_t)seen->cut,                             /* */
            "blind", (json_int_t)seen->blind, "elapsed_ns", (json_int_t)seen->elapsed_ns,               /* */
            "exhausted", seen->exhausted, "threads_most", (int)seen->threads_most,                      /* */
            "steps_most", (int)seen->steps_most));
}

/* ---- findings ---- */

/* Where an address lies; what was asked before is remembered, as most steps of a schedule are taken at few
 * places. */
struct places {
    struct mill_lines *lines;
    struct place {
        uintptr_t address;
        json_t *frame;
    } known[PLACES];
};

static json_t *frame_of(const struct mill_line *line)
{
    bool known = line->line > 0 && !line->runtime;
    return json_pack("{s:o, s:o, s:i}", "function", known ? words(line->function) : json_null(), "file",
                     known ? words(mill_reports_in_tree(line->path)) : json_null(), "line",
                     known ? line->line : 0);
}

/* A borrowed reference; NULL when memory ran out. */
static json_t *place_of(struct places *places, uintptr_t address)
{
    struct place *place = &places->known[(address >> 1) % PLACES];
    if (!place->frame || place->address != address) {
        struct mill_line line = mill_lines_find(places->lines, address);
        json_decref(place->frame);
        *place = (struct place){.address = address, .frame = frame_of(&line)};
    }
    return place->frame;
}

static json_t *stacks_of(struct places *places, const struct mill_job *job)
{
    json_t *stacks = json_array();
    for (uint32_t i = 0; i < job->failure.stacks; i++) {
        const struct mill_failure_stack *stack = mill_hunt_seen(job, &job->failure.stack[i]);
        json_t *frames = json_array();
        for (uint32_t at = 0; at < stack->frames; at++) {
            json_t *frame = place_of(places, stack->pcs[at]);
            if (json_is_string(json_object_get(frame, "file"))) {
                json_array_append(frames, frame);
            }
        }
        json_array_append_new(stacks, json_pack("{s:i, s:o, s:o}", "thread", (int)stack->thread, "what",
                                                words(stack->label), "frames", frames));
    }
    return stacks;
}

/* Steps on one thing have the same number: addresses say nothing and differ from run to run. */
static json_t *object_of(json_t *objects, uintptr_t address)
{
    char key[32];
    if (address == 0) {
        return json_null();
    }
    snprintf(key, sizeof key, "%" PRIxPTR, address);
    json_t *number = json_object_get(objects, key);
    if (!number) {
        number = json_integer((json_int_t)json_object_size(objects) + 1);
        json_object_set_new(objects, key, number);
    }
    return json_incref(number);
}

static json_t *step_of(struct places *places, json_t *objects, const struct mill_drive *drive, uint32_t at)
{
    const struct mill_traced *traced = &drive->job->trace[at];
    json_t *step = json_pack("{s:i, s:s, s:o, s:b}", "thread", (int)traced->thread, "what", /* */
                             mill_step_name((enum mill_step_kind)traced->step.kind),        /* */
                             "object", object_of(objects, traced->step.object), "preempts", /* */
                             at > 0 && mill_hunt_is_preemption(drive, at));
    if (step && json_object_update(step, place_of(places, (uintptr_t)traced->step.pc)) < 0) {
        json_decref(step);
        return NULL;
    }
    return step;
}

static bool add_schedule(json_t *finding, const struct mill_hunt_request *request,
                         const struct mill_drive *drive)
{
    static struct places places;
    const struct mill_job *job = drive->job;
    json_t *steps = json_object_get(finding, "steps");
    json_t *objects = json_object();
    bool added = objects != NULL;
    places = (struct places){.lines = mill_lines_open(request->campaign.prey.program, job->base)};
    added = added && places.lines && json_object_set_new(finding, "stacks", stacks_of(&places, job)) == 0;
    for (uint32_t i = 0; added && i < job->traced; i++) {
        added = json_array_append_new(steps, step_of(&places, objects, drive, i)) == 0;
    }
    for (size_t i = 0; i < PLACES; i++) {
        json_decref(places.known[i].frame);
    }
    if (places.lines) {
        mill_lines_close(places.lines);
    }
    json_decref(objects);
    return added;
}

void mill_hunt_document_finding(struct mill_hunt_request *request, const struct mill_campaign_result *result,
                                uint32_t found, const struct mill_drive *drive, const char *token)
{
    const struct mill_failure *failure = drive ? &drive->job->failure : &result->failure;
    const json_t *cells = json_object_get(request->document, "cells");
    if (!request->document) {
        return;
    }
    size_t cell = json_array_size(cells) - 1;
    json_t *reduced = drive ? json_integer(mill_choices_preemptions(result->choices)) : json_null();
    json_t *finding =
        json_pack("{s:I, s:s, s:o, s:b, s:I, s:{s:I, s:o}, s:s?, s:i, s:[], s:[], s:I}",          /* */
                  "cell", (json_int_t)cell, "kind",                                               /* */
                  mill_failure_name((enum mill_failure_kind)failure->kind), "message",            /* */
                  words(failure->message[0] ? failure->message : "no more is known"), "expected", /* */
                  json_is_true(json_object_get(json_array_get(cells, cell), "control")),          /* */
                  "schedule", (json_int_t)result->number, "preemptions", "found",                 /* */
                  (json_int_t)found, "reduced", reduced, "token", token, "threads",               /* */
                  drive ? (int)drive->job->threads_most : 0, "stacks", "steps",                   /* */
                  "steps_lost", drive ? (json_int_t)drive->job->trace_lost : 0);
    if (drive && !add_schedule(finding, request, drive)) {
        json_decref(finding);
        finding = NULL;
    }
    append(request, "findings", finding);
}

/* ---- the end ---- */

int mill_hunt_document_write(struct mill_hunt_request *request, struct mill_error *error)
{
    if (!request->document) {
        return 0;
    }
    json_object_set_new(request->document, "interrupted",
                        json_boolean(request->campaign.interrupted(request->campaign.context)));
    return request->document_failed
               ? mill_error_set(error, -ENOMEM, "no memory to write the document of the hunt")
               : mill_view_write(request->document, &request->out, error);
}

void mill_hunt_document_close(struct mill_hunt_request *request)
{
    json_decref(request->document);
    request->document = NULL;
    mill_replacement_close(&request->out);
}

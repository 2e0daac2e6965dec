#include "harness/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/document.h"
#include "harness/json_parts.h"

/* The traits, parameters and so on are written out, so that a reader needs no table of ours. */
static json_t *encode_parameters(const struct mill_cell *cell)
{
    json_t *parameters = json_object();
    for (unsigned i = 0; i < cell->scenario->parameter_count; i++) {
        char text[64];
        const struct mill_parameter *parameter = &cell->scenario->parameters[i];
        parameters =
            mill_json_with(parameters, parameter->name,
                           json_string(mill_parameter_format(parameter, cell->values[i], text, sizeof text)));
    }
    return parameters;
}

static json_t *encode_expectation(const struct mill_cell *cell)
{
    char findings[128];
    return cell->expectation
               ? json_pack("{s:s, s:s}", "findings",
                           mill_findings_name(findings, sizeof findings, cell->expectation->findings), "why",
                           cell->expectation->why)
               : json_null();
}

static json_t *encode_cell(const struct mill_cell *cell)
{
    const struct mill_strategy *strategy = cell->strategy;
    char shape[MILL_SHAPE_MAX];
    return json_pack(
        "{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:i, s:b, s:o, s:o, s:b, s:s?, s:b, s:b, s:b}", /* */
        "scenario", cell->scenario->name,                                                  /* */
        "family", cell->scenario->family->name,                                            /* */
        "strategy", strategy->name, "algorithm", strategy->algorithm,                      /* */
        "library", strategy->library,                                                      /* */
        "shape", mill_family_shape(cell->scenario->family, strategy, shape), "threads",
        (int)cell->threads,                     /* */
        "oversubscribed", cell->oversubscribed, /* */
        "parameters", encode_parameters(cell), "expected", encode_expectation(cell), "must_show",
        cell->must_show,                                               /* */
        "unsupported", cell->unsupported,                              /* */
        "unavailable", strategy->missing != NULL,                      /* */
        "control", mill_scenario_is_control(cell->scenario, strategy), /* */
        "checked", (cell->scenario->verify || cell->scenario->outcomes) && !(strategy->traits & MILL_EMPTY));
}

json_t *mill_result_create(const struct mill_plan *plan, const char *command, uint64_t seed, json_t *machine,
                           json_t *build, json_t *settings)
{
    char created[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    json_t *cells = json_array();
    for (size_t i = 0; i < plan->count; i++) {
        cells = mill_json_and(cells, encode_cell(&plan->cells[i]));
    }
    return json_pack("{s:s, s:i, s:s, s:s, s:I, s:b, s:o, s:o, s:o, s:o, s:[]}",                       /* */
                     "format", MILL_RESULT_FORMAT, "version", MILL_RESULT_VERSION, "created", created, /* */
                     "command", command, "seed", (json_int_t)seed, "interrupted", 0,                   /* */
                     "machine", machine, "build", build, "settings", settings, "cells", cells, "samples");
}

int mill_result_add(json_t *result, json_t *sample, size_t cell, unsigned round, unsigned attempt,
                    enum mill_sample_kind kind, uint64_t seed)
{
    json_t *place =
        json_pack("{s:I, s:i, s:i, s:s, s:I}", "cell", (json_int_t)cell, "round", (int)round, "attempt",
                  (int)attempt, "kind", mill_sample_kind_name(kind), "seed", (json_int_t)seed);
    int status = place ? json_object_update(place, sample) : -1;
    json_decref(sample);
    if (status == 0) {
        return json_array_append_new(json_object_get(result, "samples"), place) == 0 ? 0 : -ENOMEM;
    }
    json_decref(place);
    return -ENOMEM;
}

char *mill_result_text(const json_t *result)
{
    struct mill_text text = {0};
    mill_json_text(&text, result, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    if (text.failed) {
        mill_text_free(&text);
    }
    return text.text;
}

int mill_result_load(const char *path, json_t **result, struct mill_error *error)
{
    struct mill_document document;
    int status = mill_document_load(&document, path, error);
    *result = document.root;
    if (status == 0 && strcmp(document.format, MILL_RESULT_FORMAT) != 0) {
        status =
            mill_error_set(error, -EBADMSG, "'%s' is a %s, and no threadmill-result", path, document.format);
        json_decref(document.root);
        *result = NULL;
    }
    return status;
}

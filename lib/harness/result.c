#include "harness/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/file.h"

static const size_t file_max = 1ull << 30;

/* The traits, parameters and so on are written out, so that a reader needs no table of ours. */
static json_t *encode_parameters(const struct mill_cell *cell)
{
    json_t *parameters = json_object();
    for (unsigned i = 0; i < cell->scenario->parameter_count; i++) {
        char text[64];
        const struct mill_parameter *parameter = &cell->scenario->parameters[i];
        json_object_set_new(
            parameters, parameter->name,
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
        json_array_append_new(cells, encode_cell(&plan->cells[i]));
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
    return json_dumps(result, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
}

/* ---- reading ---- */

struct member {
    const char *name;
    const char *type; /* of JSON; "number" is real or integer; "?" after it allows null */
};

static const struct member document_members[] = {
    {"created", "string"},      {"command", "string"}, {"seed", "integer"},
    {"interrupted", "boolean"}, {"machine", "object"}, {"build", "object"},
    {"settings", "object"},     {"cells", "array"},    {"samples", "array"},
};

static const struct member cell_members[] = {
    {"scenario", "string"},        {"family", "string"},       {"strategy", "string"},
    {"algorithm", "string?"},      {"library", "string?"},     {"threads", "integer"},
    {"oversubscribed", "boolean"}, {"parameters", "object"},   {"expected", "object?"},
    {"unsupported", "string?"},    {"unavailable", "boolean"}, {"control", "boolean"},
    {"must_show", "boolean"},      {"checked", "boolean"},
};

static const struct member sample_members[] = {
    {"cell", "integer"}, {"round", "integer"}, {"attempt", "integer"},
    {"kind", "string"},  {"status", "string"},
};

static const struct member measured_members[] = {
    {"mode", "string"},
    {"findings", "array"},
    {"window_ns", "integer"},
    {"operations", "integer"},
    {"operations_per_second", "number?"},
    {"operations_per_cpu_second", "number?"},
    {"reacquired_share", "number?"},
    {"fairness", "object"},
    {"threads", "array"},
};

static const struct member fairness_members[] = {
    {"jain", "number?"},
    {"jain_slice_median", "number?"},
    {"starvation_ns", "integer"},
};

static const struct member measure_members[] = {
    {"name", "string"},
    {"unit", "string"},
    {"value", "number?"},
};

static bool has_type(const json_t *value, const char *type)
{
    size_t length = strcspn(type, "?");
    static const struct {
        const char *name;
        int first, second;
    } types[] = {
        {"string", JSON_STRING, JSON_STRING}, {"integer", JSON_INTEGER, JSON_INTEGER},
        {"number", JSON_INTEGER, JSON_REAL},  {"boolean", JSON_TRUE, JSON_FALSE},
        {"object", JSON_OBJECT, JSON_OBJECT}, {"array", JSON_ARRAY, JSON_ARRAY},
    };
    if (!value) {
        return false;
    }
    if (type[length] == '?' && json_is_null(value)) {
        return true;
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strncmp(types[i].name, type, length) == 0 && types[i].name[length] == '\0') {
            return (int)json_typeof(value) == types[i].first || (int)json_typeof(value) == types[i].second;
        }
    }
    return false;
}

static int check_members(const char *path, const char *where, size_t index, const json_t *object,
                         const struct member *members, size_t count, struct mill_error *error)
{
    if (!json_is_object(object)) {
        return mill_error_set(error, -EBADMSG, "'%s' is no threadmill result: %s %zu is not an object", path,
                              where, index);
    }
    for (size_t i = 0; i < count; i++) {
        if (!has_type(json_object_get(object, members[i].name), members[i].type)) {
            return mill_error_set(error, -EBADMSG,
                                  "'%s' is no whole threadmill result: in %s %zu, '%s' is not %s %s", path,
                                  where, index, members[i].name,
                                  strchr("aeiou", members[i].type[0]) ? "an" : "a", members[i].type);
        }
    }
    return 0;
}

#define CHECK(where, index, object, members) \
    check_members(path, where, index, object, members, sizeof members / sizeof members[0], error)

static bool is_one_of(const json_t *text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(json_string_value(text), words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What has the right type may still be nonsense. */
static int check_values(const char *path, size_t index, const json_t *sample, struct mill_error *error)
{
    static const char *const kinds[] = {"throughput", "latency", "history", NULL};
    static const char *const modes[] = {"single", "near", "far", NULL};
    static const char *const amounts[] = {"window_ns", "operations", "operations_per_second",
                                          "operations_per_cpu_second", "reacquired_share"};
    const json_t *mode = json_object_get(sample, "mode");
    if (!is_one_of(json_object_get(sample, "kind"), kinds) || (mode && !is_one_of(mode, modes))) {
        return mill_error_set(error, -EBADMSG,
                              "'%s' is no whole threadmill result: sample %zu is of an unknown kind or mode",
                              path, index);
    }
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        if (json_number_value(json_object_get(sample, amounts[i])) < 0) {
            return mill_error_set(error, -EBADMSG,
                                  "'%s' is no whole threadmill result: in sample %zu, '%s' is negative", path,
                                  index, amounts[i]);
        }
    }
    return 0;
}

/* What only the scenario knows; documents of builds that had none of it have none. */
static int check_measures(const char *path, size_t index, const json_t *sample, struct mill_error *error)
{
    const json_t *measures = json_object_get(sample, "measures");
    size_t at;
    json_t *measure;
    if (measures && (!json_is_array(measures) || json_array_size(measures) > MILL_MEASURES_MAX)) {
        return mill_error_set(
            error, -EBADMSG,
            "'%s' is no whole threadmill result: in sample %zu, 'measures' is no array of at most %d", path,
            index, MILL_MEASURES_MAX);
    }
    json_array_foreach(measures, at, measure)
    {
        int status = CHECK("a measure of sample", index, measure, measure_members);
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

static int check_samples(const char *path, const json_t *result, struct mill_error *error)
{
    size_t index;
    json_t *sample;
    size_t cells = json_array_size(json_object_get(result, "cells"));
    json_array_foreach(json_object_get(result, "samples"), index, sample)
    {
        int status = CHECK("sample", index, sample, sample_members);
        if (status < 0) {
            return status;
        }
        json_int_t cell = json_integer_value(json_object_get(sample, "cell"));
        if (cell < 0 || (size_t)cell >= cells) {
            return mill_error_set(error, -EBADMSG,
                                  "'%s' is no whole threadmill result: sample %zu is of cell %lld of %zu",
                                  path, index, (long long)cell, cells);
        }
        if (json_object_get(sample, "operations")) {
            status = CHECK("sample", index, sample, measured_members);
            if (status == 0) {
                status = CHECK("the fairness of sample", index, json_object_get(sample, "fairness"),
                               fairness_members);
            }
            if (status < 0) {
                return status;
            }
        }
        status = check_values(path, index, sample, error);
        if (status == 0) {
            status = check_measures(path, index, sample, error);
        }
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

static int check_document(const char *path, const json_t *result, struct mill_error *error)
{
    const char *format = json_string_value(json_object_get(result, "format"));
    if (!format || strcmp(format, MILL_RESULT_FORMAT) != 0) {
        return mill_error_set(error, -EBADMSG, "'%s' is JSON, but no threadmill result", path);
    }
    json_int_t version = json_integer_value(json_object_get(result, "version"));
    if (version != MILL_RESULT_VERSION) {
        return mill_error_set(error, -EBADMSG,
                              "'%s' is a threadmill result of version %lld; this program reads %d", path,
                              (long long)version, MILL_RESULT_VERSION);
    }
    int status = CHECK("document", 0, result, document_members);
    size_t index;
    json_t *cell;
    json_array_foreach(json_object_get(result, "cells"), index, cell)
    {
        if (status < 0) {
            break;
        }
        status = CHECK("cell", index, cell, cell_members);
        const json_t *shape = json_object_get(cell, "shape"); /* documents of older builds have none */
        if (status == 0 && shape && !has_type(shape, "string?")) {
            status = mill_error_set(
                error, -EBADMSG, "'%s' is no whole threadmill result: in cell %zu, 'shape' is not a string",
                path, index);
        }
        json_int_t threads = json_integer_value(json_object_get(cell, "threads"));
        if (status == 0 && (threads < 1 || threads > MILL_THREADS_MAX)) {
            status = mill_error_set(error, -EBADMSG,
                                    "'%s' is no whole threadmill result: cell %zu has %lld threads", path,
                                    index, (long long)threads);
        }
    }
    return status < 0 ? status : check_samples(path, result, error);
}

int mill_result_load(const char *path, json_t **result, struct mill_error *error)
{
    char *text;
    size_t length;
    json_error_t wrong;
    int status = mill_read_file(path, file_max, &text, &length, error);
    if (status < 0) {
        return status;
    }
    *result = json_loadb(text, length, JSON_REJECT_DUPLICATES, &wrong);
    free(text);
    if (!*result) {
        return mill_error_set(error, -EBADMSG, "'%s' is not JSON, or not all of it: line %d, column %d: %s",
                              path, wrong.line, wrong.column, wrong.text);
    }
    status = check_document(path, *result, error);
    if (status < 0) {
        json_decref(*result);
        *result = NULL;
    }
    return status;
}

#include "harness/document_checks.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "harness/plan.h"

static json_int_t integer_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static int check_cells(const json_t *result, struct mill_error *error)
{
    size_t index;
    json_t *cell;
    json_array_foreach(json_object_get(result, "cells"), index, cell)
    {
        json_int_t threads = integer_of(cell, "threads");
        if (threads > MILL_THREADS_MAX) {
            return mill_error_set(error, -EBADMSG, "$.cells[%zu].threads: it is more than %d", index,
                                  MILL_THREADS_MAX);
        }
    }
    return 0;
}

static int check_sample(const json_t *cells, size_t index, const json_t *sample, struct mill_error *error)
{
    json_int_t at = integer_of(sample, "cell");
    const json_t *cell = at < (json_int_t)json_array_size(cells) ? json_array_get(cells, (size_t)at) : NULL;
    const json_t *threads = json_object_get(sample, "threads");
    if (!cell) {
        return mill_error_set(error, -EBADMSG, "$.samples[%zu].cell: cell %lld of %zu", index, (long long)at,
                              json_array_size(cells));
    }
    if (json_is_string(json_object_get(cell, "unsupported"))) {
        return mill_error_set(error, -EBADMSG, "$.samples[%zu].cell: cell %lld cannot run", index,
                              (long long)at);
    }
    if (threads && (json_int_t)json_array_size(threads) != integer_of(cell, "threads")) {
        return mill_error_set(error, -EBADMSG, "$.samples[%zu].threads: there are %zu, and its cell has %lld",
                              index, json_array_size(threads), (long long)integer_of(cell, "threads"));
    }
    return 0;
}

static int check_entries(const json_t *root, const char *part, struct mill_error *error)
{
    size_t index;
    json_t *entry;
    size_t cells = json_array_size(json_object_get(root, "cells"));
    json_array_foreach(json_object_get(json_object_get(root, "summary"), part), index, entry)
    {
        if (integer_of(entry, "cell") >= (json_int_t)cells) {
            return mill_error_set(error, -EBADMSG, "$.summary.%s[%zu].cell: cell %lld of %zu", part, index,
                                  (long long)integer_of(entry, "cell"), cells);
        }
    }
    return 0;
}

static int check_result(const json_t *root, struct mill_error *error)
{
    size_t index;
    json_t *sample;
    const json_t *cells = json_object_get(root, "cells");
    const json_t *verdicts = json_object_get(json_object_get(root, "summary"), "verdicts");
    int status = check_cells(root, error);
    json_array_foreach(json_object_get(root, "samples"), index, sample)
    {
        status = status < 0 ? status : check_sample(cells, index, sample, error);
    }
    status = status < 0 ? status : check_entries(root, "verdicts", error);
    status = status < 0 ? status : check_entries(root, "rows", error);
    if (status == 0 && json_array_size(verdicts) != json_array_size(cells)) {
        status = mill_error_set(error, -EBADMSG, "$.summary.verdicts: %zu for %zu cells",
                                json_array_size(verdicts), json_array_size(cells));
    }
    return status;
}

static int check_stress(const json_t *root, struct mill_error *error)
{
    size_t index, which;
    json_t *finding, *place;
    json_array_foreach(json_object_get(root, "findings"), index, finding)
    {
        json_int_t left = integer_of(finding, "count");
        json_array_foreach(json_object_get(finding, "where"), which, place)
        {
            left = left < 0 ? left : left - integer_of(place, "count");
        }
        if (left != 0) {
            return mill_error_set(error, -EBADMSG,
                                  "$.findings[%zu].count: its places have another sum than %lld", index,
                                  (long long)integer_of(finding, "count"));
        }
    }
    return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int check_hunt(const json_t *root, struct mill_error *error)
{
    size_t index, number;
    json_t *finding, *step;
    const json_t *cells = json_object_get(root, "cells");
    json_array_foreach(json_object_get(root, "findings"), index, finding)
    {
        json_int_t at = integer_of(finding, "cell");
        const json_t *cell =
            at < (json_int_t)json_array_size(cells) ? json_array_get(cells, (size_t)at) : NULL;
        const char *verdict = text_of(cell, "verdict");
        if (!cell) {
            return mill_error_set(error, -EBADMSG, "$.findings[%zu].cell: cell %lld of %zu", index,
                                  (long long)at, json_array_size(cells));
        }
        if (strcmp(verdict, "caught") != 0 && strcmp(verdict, "FOUND") != 0) {
            return mill_error_set(error, -EBADMSG, "$.findings[%zu].cell: in cell %lld nothing was found",
                                  index, (long long)at);
        }
        json_array_foreach(json_object_get(finding, "steps"), number, step)
        {
            if (integer_of(step, "thread") >= integer_of(finding, "threads")) {
                return mill_error_set(error, -EBADMSG, "$.findings[%zu].steps[%zu].thread: %lld of %lld",
                                      index, number, (long long)integer_of(step, "thread"),
                                      (long long)integer_of(finding, "threads"));
            }
        }
    }
    return 0;
}

/* How many rows that gate have this verdict. */
static json_int_t count_gating(const json_t *rows, const char *verdict)
{
    size_t index;
    json_t *row;
    json_int_t count = 0;
    json_array_foreach(rows, index, row)
    {
        count += json_is_true(json_object_get(row, "gates")) && strcmp(text_of(row, "verdict"), verdict) == 0;
    }
    return count;
}

/* The verdicts agree with each other: a reader may go by any of them. */
static int check_compare(const json_t *root, struct mill_error *error)
{
    static const char *const verdicts[] = {"regressed", "improved", "equivalent", "inconclusive",
                                           "untrusted"};
    const json_t *rows = json_object_get(root, "rows"), *counts = json_object_get(root, "counts");
    bool trusted = json_is_true(json_object_get(root, "trusted"));
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        bool gates = json_is_true(json_object_get(row, "gates"));
        if (gates != json_is_null(json_object_get(row, "why_not"))) {
            return mill_error_set(error, -EBADMSG, "$.rows[%zu].why_not: it does not agree with 'gates'",
                                  index);
        }
        if (!trusted && strcmp(text_of(row, "verdict"), "untrusted") != 0 &&
            strcmp(text_of(row, "metric"), "instructions") != 0) {
            return mill_error_set(error, -EBADMSG,
                                  "$.rows[%zu].verdict: '%s', but a row of base against base is off", index,
                                  text_of(row, "verdict"));
        }
    }
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        json_int_t told = integer_of(counts, verdicts[i]), counted = count_gating(rows, verdicts[i]);
        if (told != counted) {
            return mill_error_set(error, -EBADMSG, "$.counts.%s: %lld, but %lld rows that gate are",
                                  verdicts[i], (long long)told, (long long)counted);
        }
    }
    if (integer_of(counts, "regressed") > 0 && strcmp(text_of(root, "verdict"), "no-regression") == 0) {
        return mill_error_set(error, -EBADMSG, "$.verdict: no regression, but %lld rows that gate regressed",
                              (long long)integer_of(counts, "regressed"));
    }
    return 0;
}

int mill_document_check_parts(const json_t *root, struct mill_error *error)
{
    static const struct {
        const char *format;
        int (*check)(const json_t *root, struct mill_error *error);
    } formats[] = {
        {"threadmill-result", check_result},
        {"threadmill-stress", check_stress},
        {"threadmill-hunt", check_hunt},
        {"threadmill-compare", check_compare},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].format, text_of(root, "format")) == 0) {
            return formats[i].check(root, error);
        }
    }
    return 0;
}

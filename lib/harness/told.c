#include "harness/told.h"

#include <errno.h>
#include <string.h>

#include "measure/linearizability.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static json_int_t integer_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static json_t *row_of(const json_t *rows, const char *outcome)
{
    size_t index;
    json_t *row;
    json_array_foreach((json_t *)(uintptr_t)rows, index, row)
    {
        if (strcmp(text_of(row, "outcome"), outcome) == 0) {
            return row;
        }
    }
    return NULL;
}

static int add_row(struct mill_told *told, const json_t *row)
{
    json_t *known = row_of(told->outcomes, text_of(row, "outcome"));
    if (!known) {
        return json_array_append_new(told->outcomes, json_deep_copy(row)) == 0 ? 0 : -ENOMEM;
    }
    json_int_t sum = integer_of(known, "count") + integer_of(row, "count");
    return json_object_set_new(known, "count", json_integer(sum)) == 0 ? 0 : -ENOMEM;
}

static int add_outcomes(struct mill_told *told, const json_t *rows)
{
    size_t index;
    json_t *row;
    int status = 0;
    if (!json_is_array(rows)) {
        return 0;
    }
    if (!told->outcomes && !(told->outcomes = json_array())) {
        return -ENOMEM;
    }
    json_array_foreach((json_t *)(uintptr_t)rows, index, row)
    {
        status = status == 0 ? add_row(told, row) : status;
    }
    return status;
}

int mill_told_add(struct mill_told *told, const json_t *sample)
{
    const json_t *history = json_object_get(sample, "history");
    if (json_is_object(history)) {
        const char *verdict = text_of(history, "verdict");
        told->linearizable += strcmp(verdict, mill_history_verdict_name(MILL_LINEARIZABLE)) == 0;
        told->wrong += strcmp(verdict, mill_history_verdict_name(MILL_NOT_LINEARIZABLE)) == 0;
        told->undecided += strcmp(verdict, mill_history_verdict_name(MILL_UNDECIDED)) == 0;
        told->calls += integer_of(history, "calls");
    }
    return add_outcomes(told, json_object_get(sample, "outcomes"));
}

int mill_told_add_all(struct mill_told *told, const struct mill_told *more)
{
    told->linearizable += more->linearizable;
    told->wrong += more->wrong;
    told->undecided += more->undecided;
    told->calls += more->calls;
    return add_outcomes(told, more->outcomes);
}

int mill_told_encode(const struct mill_told *told, json_t *object)
{
    int status = 0;
    if (told->linearizable + told->wrong + told->undecided > 0) {
        status =
            json_object_set_new(object, "histories",
                                json_pack("{s:I, s:I, s:I, s:I}",                         /* */
                                          "linearizable", (json_int_t)told->linearizable, /* */
                                          "not_linearizable", (json_int_t)told->wrong,    /* */
                                          "undecided", (json_int_t)told->undecided, "calls", told->calls));
    }
    if (status == 0 && told->outcomes) {
        status = json_object_set(object, "outcomes", told->outcomes);
    }
    return status == 0 ? 0 : -ENOMEM;
}

int mill_told_decode(struct mill_told *told, const json_t *object)
{
    const json_t *histories = json_object_get(object, "histories");
    *told = (struct mill_told){
        .linearizable = (size_t)integer_of(histories, "linearizable"),
        .wrong = (size_t)integer_of(histories, "not_linearizable"),
        .undecided = (size_t)integer_of(histories, "undecided"),
        .calls = integer_of(histories, "calls"),
    };
    return add_outcomes(told, json_object_get(object, "outcomes"));
}

void mill_told_free(struct mill_told *told)
{
    json_decref(told->outcomes);
    *told = (struct mill_told){0};
}

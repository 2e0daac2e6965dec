#include "harness/compare_document.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/json_parts.h"
#include "harness/sample_series.h"

/* JSON knows neither NaN nor infinity: null. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *copy_or(const json_t *value, json_t *other)
{
    if (!value) {
        return other;
    }
    json_decref(other);
    return json_deep_copy(value);
}

/* ---- rows ---- */

static json_t *encode_ratio(const struct mill_paired *ratio)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "median", real(ratio->ratio), "low", real(ratio->low), "high",
                     real(ratio->high), "confidence", real(ratio->confidence));
}

static json_t *encode_chances(const struct mill_chances *chances)
{
    return json_pack("{s:o, s:o, s:o}", "regressed", real(chances->regressed), "improved",
                     real(chances->improved), "equivalent", real(chances->equivalent));
}

static json_t *encode_pairs(const struct mill_compare_row *row)
{
    json_t *pairs = json_array();
    for (size_t i = 0; i < row->pair_count; i++) {
        const struct mill_compare_pair *pair = &row->pairs[i];
        pairs = mill_json_and(
            pairs, json_pack("[I, o, o]", (json_int_t)pair->round, real(pair->base), real(pair->head)));
    }
    return pairs;
}

static json_t *encode_again(const struct mill_compare_again *again)
{
    return again->done ? json_pack("{s:b, s:s, s:I, s:o, s:o}", "confirmed", again->confirmed, "mode",
                                   again->mode, "n", (json_int_t)again->n, "ratio",
                                   encode_ratio(&again->ratio), "p", real(again->p))
                       : json_null();
}

static const char *verdict_of(const struct mill_comparison *comparison, const struct mill_compare_row *row)
{
    if (row->kind == MILL_ROW_AA) {
        return row->off ? "off" : row->measured == MILL_CHANGE_EQUIVALENT ? "alike" : "inconclusive";
    }
    return mill_comparison_row_trusted(comparison, row) ? mill_change_name(row->verdict) : "untrusted";
}

static json_t *encode_row(const struct mill_comparison *comparison, const struct mill_compare_row *row)
{
    const json_t *cell = row->base_cell;
    json_t *json = json_pack("{s:O, s:O, s:O, s:O, s:O, s:O, s:O, s:s, s:s, s:s, s:s, s:s}",           /* */
                             "scenario", json_object_get(cell, "scenario"),                            /* */
                             "base_strategy", json_object_get(cell, "strategy"),                       /* */
                             "head_strategy", json_object_get(row->head_cell, "strategy"),             /* */
                             "threads", json_object_get(cell, "threads"),                              /* */
                             "parameters", json_object_get(cell, "parameters"),                        /* */
                             "oversubscribed", json_object_get(cell, "oversubscribed"),                /* */
                             "control", json_object_get(cell, "control"),                              /* */
                             "metric", mill_metric_name(row->metric),                                  /* */
                             "unit", mill_metric_unit(row->metric),                                    /* */
                             "better", mill_metric_higher_is_better(row->metric) ? "higher" : "lower", /* */
                             "mode", row->mode, "scope", row->everywhere ? "all" : "mode");
    json_t *numbers =
        json_pack("{s:I, s:I, s:o, s:o, s:o, s:f, s:o, s:o, s:b, s:s?, s:s, s:s, s:o, s:o, s:o, s:o}", /* */
                  "n", (json_int_t)row->n, "unpaired", (json_int_t)row->unpaired,                      /* */
                  "base", real(row->base), "head", real(row->head),                                    /* */
                  "ratio", encode_ratio(&row->ratio), "margin", row->margin,                           /* */
                  "p", encode_chances(&row->p), "p_adjusted", encode_chances(&row->adjusted),          /* */
                  "gates", row->kind == MILL_ROW_GATES,                                                /* */
                  "why_not", row->kind == MILL_ROW_AA ? "base against base" : row->why_not,            /* */
                  "verdict", verdict_of(comparison, row),                                              /* */
                  "measured_verdict", mill_change_name(row->measured),                                 /* */
                  "detectable", real(row->detectable),                                                 /* */
                  "rounds_needed",
                  row->rounds_needed > 0 ? json_integer((json_int_t)row->rounds_needed) : json_null(), /* */
                  "confirmation", encode_again(&row->again), "pairs", encode_pairs(row));
    if (json && json_object_update(json, numbers) < 0) {
        json_decref(json);
        json = NULL;
    }
    json_decref(numbers);
    return json;
}

static json_t *encode_rows(const struct mill_comparison *comparison, bool aa)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < comparison->count; i++) {
        if ((comparison->rows[i].kind == MILL_ROW_AA) == aa) {
            rows = mill_json_and(rows, encode_row(comparison, &comparison->rows[i]));
        }
    }
    return rows;
}

/* ---- samples ---- */

struct tally {
    json_int_t taken, rejected, bad;
};

/* The entry of this side, cell and status among the findings so far, or NULL. */
static json_t *find_finding(json_t *findings, const char *side, const json_t *cell, const char *status)
{
    size_t index;
    json_t *finding;
    json_array_foreach(findings, index, finding)
    {
        if (mill_sample_is(finding, "side", side) && mill_sample_is(finding, "status", status) &&
            json_equal(json_object_get(finding, "scenario"), json_object_get(cell, "scenario")) &&
            json_equal(json_object_get(finding, "strategy"), json_object_get(cell, "strategy")) &&
            json_equal(json_object_get(finding, "threads"), json_object_get(cell, "threads"))) {
            return finding;
        }
    }
    return NULL;
}

static void add_finding(json_t *findings, const char *side, const json_t *cell, const json_t *sample)
{
    const char *status = mill_sample_text(sample, "status");
    json_t *finding = find_finding(findings, side, cell, status);
    if (finding) {
        json_int_t count = json_integer_value(json_object_get(finding, "count"));
        json_object_set_new(finding, "count", json_integer(count + 1));
        return;
    }
    json_array_append_new(findings, json_pack("{s:s, s:O, s:O, s:O, s:s, s:s?, s:i}", "side", side,
                                              "scenario", json_object_get(cell, "scenario"), "strategy",
                                              json_object_get(cell, "strategy"), "threads",
                                              json_object_get(cell, "threads"), "status", status, "reason",
                                              mill_sample_text(sample, "reason"), "count", 1));
}

/* Is the cell one of a pairing, and on which side? NULL: of none. A cell that is base of one and head of
 * another, as strategies are, is base. */
static const char *side_of(const struct mill_compare_input *input, size_t cell, bool base, bool head)
{
    const char *side = NULL;
    for (size_t i = 0; i < input->count; i++) {
        if (base && input->pairings[i].base == cell) {
            return "base";
        }
        if (head && input->pairings[i].head == cell) {
            side = input->pairings[i].kind == MILL_ROW_AA ? "base" : "head";
        }
    }
    return side;
}

static void look_through(const struct mill_compare_input *input, const json_t *result, bool base, bool head,
                         struct tally *tally, json_t *findings)
{
    size_t index;
    json_t *sample;
    json_array_foreach(json_object_get(result, "samples"), index, sample)
    {
        size_t cell = mill_sample_cell(sample);
        const char *side = side_of(input, cell, base, head);
        if (!side) {
            continue;
        }
        enum mill_sample_class class = mill_sample_classify(sample, mill_cell_expectation(result, cell));
        tally->taken++;
        tally->rejected += class == MILL_SAMPLE_REJECTED;
        if (class == MILL_SAMPLE_BAD) {
            tally->bad++;
            add_finding(findings, side, json_array_get(json_object_get(result, "cells"), cell), sample);
        }
    }
}

static bool has_finding_of(const json_t *findings, const char *side)
{
    size_t index;
    json_t *finding;
    json_array_foreach(findings, index, finding)
    {
        if (mill_sample_is(finding, "side", side)) {
            return true;
        }
    }
    return false;
}

/* ---- differences ---- */

json_t *mill_compare_difference(const char *what, const char *base, const char *head)
{
    return json_pack("{s:s, s:s?, s:s?}", "what", what, "base", base, "head", head);
}

/* Text as it is, anything else as JSON. */
static json_t *as_text(const json_t *value)
{
    if (!value || json_is_null(value)) {
        return json_null();
    }
    if (json_is_string(value)) {
        return json_string(json_string_value(value));
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    json_t *json = text ? json_string(text) : NULL;
    free(text);
    return json;
}

static json_t *and_differences(json_t *differences, const char *part, const json_t *base, const json_t *head)
{
    /* what differs between any two runs and says nothing */
    static const char *const always[] = {"ticks_per_ns", "clock_step_ns", "rounds_done",
                                         "budget_ns",    "attempts",      "grace_ns"};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)base, name, value)
    {
        const json_t *other = json_object_get(head, name);
        char what[128];
        bool told = other && !json_equal(value, other);
        for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
            told = told && strcmp(name, always[i]) != 0;
        }
        snprintf(what, sizeof what, "%s.%s", part, name);
        if (told) {
            differences = mill_json_and(differences, json_pack("{s:s, s:o, s:o}", "what", what, "base",
                                                               as_text(value), "head", as_text(other)));
        }
    }
    return differences;
}

json_t *mill_compare_differences(const json_t *base, const json_t *head)
{
    static const char *const parts[] = {"machine", "build", "settings"};
    json_t *differences = json_array();
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        differences = and_differences(differences, parts[i], json_object_get(base, parts[i]),
                                      json_object_get(head, parts[i]));
    }
    return differences;
}

/* ---- the document ---- */

static json_t *encode_side(const struct mill_compare_side *side)
{
    return json_pack("{s:s, s:s?, s:o}", "label", side->label, "path", side->path, "build",
                     copy_or(side->build, json_null()));
}

static json_t *encode_method(const struct mill_compare_facts *facts)
{
    const struct mill_comparison *comparison = facts->comparison;
    const json_t *rounds = json_object_get(json_object_get(facts->input->head, "settings"), "rounds");
    return json_pack(
        "{s:s, s:f, s:f, s:s, s:I, s:I, s:I, s:I, s:f, s:b}", "test", comparison->paired ? "sign" : "rank",
        "margin", comparison->margin, "alpha", MILL_COMPARE_ALPHA, "correction", "holm", "gating_rows",
        (json_int_t)comparison->corrected[MILL_ROW_GATES], "rounds", (json_int_t)json_integer_value(rounds),
        "rounds_done", (json_int_t)comparison->rounds_done, "rounds_to_decide",
        (json_int_t)comparison->pairs_to_decide, "power", MILL_COMPARE_POWER, "confirmed",
        comparison->paired);
}

static json_t *encode_confirmation(const struct mill_compare_facts *facts)
{
    json_int_t rows = 0, confirmed = 0;
    if (!facts->confirmation) {
        return json_null();
    }
    for (size_t i = 0; i < facts->comparison->count; i++) {
        rows += facts->comparison->rows[i].again.done;
        confirmed += facts->comparison->rows[i].again.confirmed;
    }
    return json_pack("{s:I, s:I, s:I, s:I}", "rows", rows, "confirmed", confirmed, "rounds_done",
                     (json_int_t)json_integer_value(
                         json_object_get(json_object_get(facts->confirmation, "settings"), "rounds_done")),
                     "seed", (json_int_t)facts->confirmation_seed);
}

static json_t *encode_counts(const struct mill_comparison *comparison, size_t counts[4])
{
    json_int_t untrusted = 0, shown = 0;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct mill_compare_row *row = &comparison->rows[i];
        untrusted += row->kind == MILL_ROW_GATES && !mill_comparison_row_trusted(comparison, row);
        shown += row->kind == MILL_ROW_SHOWN;
    }
    mill_comparison_tally(comparison, counts);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "regressed", (json_int_t)counts[MILL_CHANGE_REGRESSED],
                     "improved", (json_int_t)counts[MILL_CHANGE_IMPROVED], "equivalent",
                     (json_int_t)counts[MILL_CHANGE_EQUIVALENT], "inconclusive",
                     (json_int_t)counts[MILL_CHANGE_INCONCLUSIVE], "untrusted", untrusted, "not_gating",
                     shown);
}

static const char *whole_verdict(const struct mill_comparison *comparison, const size_t counts[4],
                                 const json_t *findings)
{
    bool none = counts[0] + counts[1] + counts[2] + counts[3] == 0;
    return has_finding_of(findings, "head")               ? "findings"
           : counts[MILL_CHANGE_REGRESSED] > 0            ? "regressed"
           : !comparison->trusted                         ? "untrusted"
           : counts[MILL_CHANGE_INCONCLUSIVE] > 0 || none ? "inconclusive"
                                                          : "no-regression";
}

json_t *mill_compare_document(const struct mill_compare_facts *facts)
{
    const struct mill_compare_input *input = facts->input;
    struct tally tally = {0};
    char created[32];
    size_t counts[4];
    time_t now = time(NULL);
    struct tm utc;
    strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    json_t *findings = json_array();
    json_t *encoded = encode_counts(facts->comparison, counts);
    if (input->base == input->head) {
        look_through(input, input->head, true, true, &tally, findings);
    } else {
        look_through(input, input->base, true, false, &tally, findings);
        look_through(input, input->head, false, true, &tally, findings);
    }
    if (facts->confirmation) {
        look_through(input, facts->confirmation, true, true, &tally, findings);
    }
    bool interrupted = json_is_true(json_object_get(input->head, "interrupted")) ||
                       json_is_true(json_object_get(facts->confirmation, "interrupted"));
    const char *verdict = whole_verdict(facts->comparison, counts, findings);
    json_t *document = json_pack("{s:s, s:i, s:s, s:s, s:o, s:b, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", /* */
                                 "format", MILL_COMPARE_FORMAT, "version", MILL_COMPARE_VERSION,      /* */
                                 "created", created, "command", facts->command,                       /* */
                                 "seed", facts->seeded ? json_integer((json_int_t)facts->seed) : json_null(),
                                 "interrupted", interrupted, "form", facts->form, "paired", input->paired,
                                 "base", encode_side(&facts->base), "head", encode_side(&facts->head),
                                 "machine", copy_or(json_object_get(input->head, "machine"), json_object()),
                                 "settings", copy_or(json_object_get(input->head, "settings"), json_object()),
                                 "method", encode_method(facts));
    json_t *rest = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I}, s:o, s:b, s:o, s:s}",                     /* */
        "differences", copy_or(facts->differences, json_array()),                                    /* */
        "notes", copy_or(facts->notes, json_array()),                                                /* */
        "rows", encode_rows(facts->comparison, false), "aa", encode_rows(facts->comparison, true),   /* */
        "findings", findings, "not_measured", copy_or(facts->not_measured, json_array()), "samples", /* */
        "taken", tally.taken, "rejected", tally.rejected, "bad", tally.bad,                          /* */
        "confirmation", encode_confirmation(facts), "trusted", facts->comparison->trusted, "counts", encoded,
        "verdict", verdict);
    if (document && (!rest || json_object_update(document, rest) < 0)) {
        json_decref(document);
        document = NULL;
    }
    json_decref(rest);
    return document;
}

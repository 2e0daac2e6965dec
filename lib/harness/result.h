/* The result document: one versioned JSON object that holds everything a view or a comparison needs.
 *
 *     {"format": "threadmill-result", "version": 1, "created", "command", "seed", "interrupted",
 *      "machine": {…}, "build": {…}, "settings": {…},
 *      "cells": [what was planned …], "samples": [every one, raw …], "summary": [rows computed from them …]}
 *
 * results/schema/ has its JSON Schema. Views read the document and nothing else; `summary` is there for other
 * programs (it is computed again from the samples when a document is read, summary.h).
 */
#ifndef MILL_HARNESS_RESULT_H
#define MILL_HARNESS_RESULT_H

#include <jansson.h>

#include "core/error.h"
#include "harness/plan.h"

#define MILL_RESULT_FORMAT  "threadmill-result"
#define MILL_RESULT_VERSION 1

/* A document with its head and its cells, no samples yet. `machine` and `build` references are taken over.
 * NULL when memory ran out. */
json_t *mill_result_create(const struct mill_plan *plan, const char *command, uint64_t seed, json_t *machine,
                           json_t *build, json_t *settings);

/* Takes over `sample` and files it under its place in the run. 0 or -ENOMEM. */
int mill_result_add(json_t *result, json_t *sample, size_t cell, unsigned round, unsigned attempt,
                    enum mill_sample_kind kind, uint64_t seed);

/* The document as text; the caller frees it. NULL when memory ran out. */
char *mill_result_text(const json_t *result);

/* Reads a result that is valid by its schema (document.h). -EBADMSG with a message that names the file and
 * what is wrong with it (truncated, not JSON, another format or version, the first thing that the schema
 * forbids); any other negative errno when it cannot be read. The caller owns the reference. */
int mill_result_load(const char *path, json_t **result, struct mill_error *error);

#endif

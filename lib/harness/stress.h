/* From a plan to what the tools found: every cell in a child under each tool, with random perturbation, and
 * one versioned JSON document of what came of it (results/schema/stress-1.schema.json).
 *
 *     struct mill_stress stress;
 *     int status = mill_stress_open(&stress, head);
 *     … for each tool:
 *     status = mill_stress_tool(&stress, &launch, &plan, &settings, &observer, &error);
 *     … or mill_stress_unavailable(&stress, tool, reason);
 *     mill_stress_close(&stress);
 *
 * The samples are those of mill_run. What the tools reported in them, what `verify` found, crashes and hangs
 * become findings: those of one kind and one stack are one, with a count and every place where it was seen. A
 * finding is expected where the scenario expects it of that strategy (a control), and nowhere else.
 *
 * One thread at a time.
 */
#ifndef MILL_HARNESS_STRESS_H
#define MILL_HARNESS_STRESS_H

#include <jansson.h>

#include "core/error.h"
#include "harness/launch.h"
#include "harness/plan.h"
#include "harness/run.h"
#include "harness/summary.h"

#define MILL_STRESS_FORMAT  "threadmill-stress"
#define MILL_STRESS_VERSION 1

struct mill_stress {
    json_t *document;
    json_t *groups; /* by key: the finding, in the document */
};

/* An empty document: {"format", "version", "created", "command", "seed", "interrupted", "machine", "build",
 * "settings", "tools": [], "cells": [], "findings": []}. The references are taken over. 0 or -ENOMEM; to be
 * closed in either case. */
int mill_stress_open(struct mill_stress *stress, const char *command, uint64_t seed, json_t *machine,
                     json_t *build, json_t *settings);
void mill_stress_close(struct mill_stress *stress);

/* Runs every cell of the plan, which was made for this tool, as `settings` say, but for the launch and the
 * perturbation, and adds what was found. A tool that itself fails is told in the document ("failed"), and its
 * other cells are not run. 0 also when it was interrupted, which the document then says; a negative errno
 * when the engine itself failed. */
int mill_stress_tool(struct mill_stress *stress, const struct mill_launch *launch,
                     const struct mill_plan *plan, const struct mill_run_settings *settings,
                     const struct mill_run_observer *observer, struct mill_error *error);

/* Says that the tool is not here, and why. 0 or -ENOMEM. */
int mill_stress_unavailable(struct mill_stress *stress, enum mill_tool tool, const char *reason);

/* The part of mill_stress_tool behind the run: adds the cells and findings of a result document (result.h)
 * whose samples were taken under `tool`. `failed` is why the tool failed, or NULL. 0 or -ENOMEM. */
int mill_stress_add(struct mill_stress *stress, enum mill_tool tool, const json_t *result,
                    const char *failed);

/* What a document says, as a count for each verdict of a cell and of what there is beside. */
struct mill_stress_count {
    size_t cells[MILL_VERDICT_UNAVAILABLE + 1]; /* by verdict */
    size_t unexpected;                          /* findings */
    size_t failed;                              /* tools that failed */
    size_t unavailable;                         /* tools that are not here */
};

void mill_stress_counted(const json_t *document, struct mill_stress_count *count);

#endif

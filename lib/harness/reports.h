/* What sanitizers and Valgrind's tools write when they find something, taken apart.
 *
 * A report is a JSON object, as it stands in documents:
 *
 *     {"by": "ThreadSanitizer", "kind": "data race",
 *      "stacks": [{"what": "Write of size 4 by thread T2", "context": false,
 *                  "frames": [{"function": "add", "file": "lib/sync/counter_unsafe.c", "line": 20}, …]}, …]}
 *
 * `context` stacks tell about the place (where memory was freed, a thread created), not about what happened.
 * Addresses and process numbers, which differ from run to run, are left out; frames of the C library's start
 * too. "file" is null where it is unknown, and relative to the source tree where it lies in it.
 *
 * Pure functions; any thread. Text that is no report is passed over.
 */
#ifndef MILL_HARNESS_REPORTS_H
#define MILL_HARNESS_REPORTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/text.h"
#include "harness/scenario.h"

/* Every report of `text`, in its order, as an array that the caller owns; NULL when memory ran out. Helgrind
 * and DRD are read as such; every other tool as the sanitizers, of which each report says whose it is. */
json_t *mill_reports_parse(enum mill_tool tool, const char *text);

/* A source file relative to the source tree where it lies in it, and without the detours that a build's
 * folder makes: a part of `file`. */
const char *mill_reports_in_tree(const char *file);

/* Which finding the report is, of those that a scenario may expect; MILL_NO_FINDING for what none expects
 * (leaks, undefined behaviour, misuse of a mutex). */
enum mill_finding mill_report_finding(const json_t *report);

/* "ThreadSanitizer: data race: add (lib/x.c:20), add (lib/x.c:20)". Returns `line`. */
char *mill_report_line(const json_t *report, char *line, size_t size);

/* Appends what two reports of the same thing have in common: the kind and the first frames of each stack that
 * is no context, whichever came first. Keys are equal when the reports are to be shown as one. */
void mill_report_key(const json_t *report, struct mill_text *key);

/* The first line by which a tool, or the engine in the child, says that it could not do its work, written to
 * `line`; false when there is none. */
bool mill_reports_tool_failed(const char *text, char *line, size_t size);

#endif

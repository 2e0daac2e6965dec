/* The tools that watch a program while it runs: which there are, what each cannot see, and how a program is
 * started under each.
 *
 * ThreadSanitizer and Address+Undefined are compiled in: each has a program of its own, which stands beside
 * the plain one (threadmill, threadmill-tsan, threadmill-asan). Helgrind and DRD are Valgrind's, and run the
 * plain program.
 *
 * Constant but for mill_tool_find; any thread.
 */
#ifndef MILL_HARNESS_TOOL_H
#define MILL_HARNESS_TOOL_H

#include <stdbool.h>

#include "core/error.h"
#include "core/strategy.h"

enum mill_tool {
    MILL_NO_TOOL,
    MILL_TSAN,
    MILL_ASAN,
    MILL_HELGRIND,
    MILL_DRD,
    MILL_TOOL_COUNT,
};

/* "tsan", "asan", "helgrind", "drd". */
const char *mill_tool_name(enum mill_tool tool);

/* "ThreadSanitizer", "AddressSanitizer and UndefinedBehaviorSanitizer", … */
const char *mill_tool_title(enum mill_tool tool);

/* 0 or -EINVAL, with a message that names the word and the nearest names. */
int mill_tool_parse(const char *word, enum mill_tool *tool, struct mill_error *error);

/* Helgrind and DRD know no atomics: what only those order looks unordered to them. */
bool mill_tool_takes_atomics_for_plain(enum mill_tool tool);

/* Does it look for data races? MILL_NO_TOOL stands for the sanitizer that this build is made with. */
bool mill_tool_sees_races(enum mill_tool tool);

/* Why the tool cannot judge the strategy, or NULL; the text is constant. MILL_NO_TOOL stands for the
 * sanitizer that this build is made with. */
const char *mill_tool_blind(enum mill_tool tool, const struct mill_strategy *strategy);

#endif

#include "harness/tool.h"

#include <errno.h>
#include <string.h>

#include "core/sanitizer.h"
#include "core/text.h"

static const struct {
    const char *name;
    const char *title;
    bool atomics_are_plain;
} tools[MILL_TOOL_COUNT] = {
    [MILL_NO_TOOL] = {"none", "no tool", false},
    [MILL_TSAN] = {"tsan", "ThreadSanitizer", false},
    [MILL_ASAN] = {"asan", "AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer", false},
    [MILL_HELGRIND] = {"helgrind", "Valgrind's Helgrind", true},
    [MILL_DRD] = {"drd", "Valgrind's DRD", true},
};

const char *mill_tool_name(enum mill_tool tool)
{
    return tools[tool].name;
}

const char *mill_tool_title(enum mill_tool tool)
{
    return tools[tool].title;
}

int mill_tool_parse(const char *word, enum mill_tool *tool, struct mill_error *error)
{
    const char *names[MILL_TOOL_COUNT];
    char near[128];
    size_t count = 0;
    for (enum mill_tool i = MILL_TSAN; i < MILL_TOOL_COUNT; i++) {
        if (strcmp(tools[i].name, word) == 0) {
            *tool = i;
            return 0;
        }
        names[count++] = tools[i].name;
    }
    mill_nearest(near, sizeof near, word, names, count);
    return mill_error_set(error, -EINVAL, "there is no tool '%s'; %s%s", word,
                          near[0] ? "did you mean " : "there are: tsan, asan, helgrind, drd",
                          near[0] ? near : "");
}

bool mill_tool_takes_atomics_for_plain(enum mill_tool tool)
{
    return tools[tool].atomics_are_plain;
}

bool mill_tool_sees_races(enum mill_tool tool)
{
    return tool == MILL_NO_TOOL ? MILL_UNDER_TSAN : tool != MILL_ASAN;
}

const char *mill_tool_blind(enum mill_tool tool, const struct mill_strategy *strategy)
{
    if (tool == MILL_NO_TOOL && MILL_UNDER_TSAN) {
        tool = MILL_TSAN;
    }
    if (tool == MILL_TSAN && (strategy->traits & MILL_HIDES_ATOMICS)) {
        return "ThreadSanitizer cannot see its atomic operations";
    }
    if (tools[tool].atomics_are_plain && !(strategy->traits & MILL_PTHREADS)) {
        return "Valgrind takes its atomic operations for plain ones";
    }
    return NULL;
}

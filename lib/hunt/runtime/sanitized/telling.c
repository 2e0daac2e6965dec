#include "hunt/runtime/sanitized/telling.h"

#include <string.h>

/* Parts of a description, the first that is there decides. */
static const struct {
    const char *part;
    enum mill_failure_kind kind;
} kinds[] = {
    {"use-after-free", MILL_FAILURE_USE_AFTER_FREE},
    {"double-free", MILL_FAILURE_DOUBLE_FREE},
    {"data-race", MILL_FAILURE_RACE},
    {"race-on-vptr", MILL_FAILURE_RACE},
    {"bad-free", MILL_FAILURE_BAD_FREE},
    {"not-malloc", MILL_FAILURE_BAD_FREE},
    {"stack-overflow", MILL_FAILURE_STACK},
    {"overflow", MILL_FAILURE_OUT_OF_BOUNDS},
    {"underflow", MILL_FAILURE_OUT_OF_BOUNDS},
    {"leak", MILL_FAILURE_LEAK},
};

enum mill_failure_kind mill_sanitized_kind(const char *description)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strstr(description, kinds[i].part)) {
            return kinds[i].kind;
        }
    }
    return MILL_FAILURE_SANITIZER;
}

void mill_sanitized_stack(struct mill_failure *failure, unsigned thread, const char *what, void **frames,
                          unsigned most)
{
    struct mill_failure_stack *stack = mill_failure_add(failure, thread, UINT32_MAX, "%s", what);
    for (unsigned i = 0; stack && i < most && i < MILL_FAILURE_FRAMES && frames[i]; i++) {
        stack->pcs[stack->frames++] = (uintptr_t)frames[i];
    }
}

void mill_sanitized_keep(struct mill_job *job, const char *text, size_t size)
{
    size_t kept = size < sizeof job->report - 1 ? size : sizeof job->report - 1;
    memcpy(job->report, text, kept);
    job->report[kept] = '\0';
}

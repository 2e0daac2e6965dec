#include "task/scope_late.h"

static const struct mill_scope_late_ops waits = {
    .about =
        {
            .name = "wait",
            .summary = "a block that is left waits until its thread has ended, however late",
            .source = "guides 1 and 3: context managers",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .when_late = MILL_SCOPE_WAIT,
};

static const struct mill_scope_late_ops hands_over = {
    .about =
        {
            .name = "hand-over",
            .summary = "a block that is left waits for so long, and then hands its thread over",
            .source = "guides 1 and 3: join with a timeout",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .when_late = MILL_SCOPE_HAND_OVER,
};

static const struct mill_strategy *const strategies[] = {&waits.about, &hands_over.about};

const struct mill_family mill_scope_late_family = {
    .name = "scope",
    .summary = "what becomes of a thread whose block is left before it has ended",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

/* Ways to pause a member: with and without asking whether it stands still. Each is a line or two. */
#include <errno.h>

#include "task/manager.h"

/* The guide's mistake, kept: the table says paused, and the thread runs on until it happens to look. */
static int only_ask(struct mill_manager *manager, const char *name, int64_t timeout_ns)
{
    (void)timeout_ns;
    int status = mill_manager_pause(manager, name, 0);
    return status == -ETIMEDOUT ? 0 : status;
}

static const struct mill_pausing_ops confirmed = {
    .about =
        {
            .name = "confirmed",
            .summary = "waits until the thread stands at its pause point",
            .source = "Hoare, Monitors: An Operating System Structuring Concept, 1974",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .pause = mill_manager_pause,
};

static const struct mill_pausing_ops asked = {
    .about =
        {
            .name = "asked",
            .summary = "says paused as soon as it has asked",
            .source = "guide 2, pause_thread",
            .traits = MILL_PARKS | MILL_CONTROL,
            .progress = MILL_BLOCKING,
        },
    .pause = only_ask,
};

static const struct mill_strategy *const strategies[] = {&confirmed.about, &asked.about};

const struct mill_family mill_pausing_family = {
    .name = "pausing",
    .summary = "a thread of the manager is made to stand still",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

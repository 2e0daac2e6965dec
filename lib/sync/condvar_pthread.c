/* The platform's own. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "core/peer.h"
#include "sync/condvar_list.h"
#include "sync/monitor.h"

struct condvar {
    struct mill_condvar condvar;
    alignas(MILL_ISOLATION) struct mill_monitor monitor; /* protects `abandoned`, and what the user says */
    bool abandoned;
};

static struct condvar *condvar_of(struct mill_condvar *condvar)
{
    return (struct condvar *)condvar;
}

static int create(struct mill_condvar **condvar)
{
    struct condvar *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_monitor_init(&made->monitor);
    if (status < 0) {
        free(made);
        return status;
    }
    *condvar = &made->condvar;
    return 0;
}

static void destroy(struct mill_condvar *condvar)
{
    mill_monitor_destroy(&condvar_of(condvar)->monitor);
    free(condvar);
}

static void enter(struct mill_condvar *condvar)
{
    mill_monitor_enter(&condvar_of(condvar)->monitor);
}

static void leave(struct mill_condvar *condvar)
{
    mill_monitor_leave(&condvar_of(condvar)->monitor);
}

static int wait(struct mill_condvar *base)
{
    struct condvar *condvar = condvar_of(base);
    if (!condvar->abandoned) {
        mill_monitor_wait(&condvar->monitor, MILL_NO_DEADLINE);
    }
    return condvar->abandoned ? -ECANCELED : 0;
}

static void wake_one(struct mill_condvar *condvar)
{
    mill_monitor_wake_one(&condvar_of(condvar)->monitor);
}

static void wake_all(struct mill_condvar *condvar)
{
    mill_monitor_wake_all(&condvar_of(condvar)->monitor);
}

static void abandon(struct mill_condvar *base)
{
    struct condvar *condvar = condvar_of(base);
    mill_monitor_enter(&condvar->monitor);
    condvar->abandoned = true;
    mill_monitor_leave(&condvar->monitor);
    mill_monitor_wake_all(&condvar->monitor);
}

const struct mill_condvar_ops mill_condvar_pthread = {
    .about =
        {
            .name = "pthread",
            .summary = "the platform's mutex and condition",
            .source = MILL_LIBC_SOURCE,
            .algorithm = "condvar",
            .library = MILL_LIBC_LIBRARY,
            .missing = MILL_LIBC_MISSING,
            .traits = MILL_PARKS | MILL_LIBC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct condvar),
        },
    .create = create,
    .destroy = destroy,
    .enter = enter,
    .leave = leave,
    .wait = wait,
    .wake_one = wake_one,
    .wake_all = wake_all,
    .abandon = abandon,
};

/* nsync's mutex and condition variable, a peer of ours. */
#include <errno.h>

#include "core/peer.h"
#include "sync/condvar_list.h"

#if defined(MILL_HAVE_NSYNC)
#include <stdbool.h>
#include <stdlib.h>

#include <nsync_cv.h>
#include <nsync_mu.h>

#include "core/cacheline.h"

struct condvar {
    struct mill_condvar condvar;
    alignas(MILL_ISOLATION) nsync_mu mutex; /* protects `abandoned`; ready when zeroed, as is the condition */
    nsync_cv changed;
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
    *condvar = &made->condvar;
    return 0;
}

static void destroy(struct mill_condvar *condvar)
{
    free(condvar);
}

static void enter(struct mill_condvar *condvar)
{
    nsync_mu_lock(&condvar_of(condvar)->mutex);
}

static void leave(struct mill_condvar *condvar)
{
    nsync_mu_unlock(&condvar_of(condvar)->mutex);
}

static int wait(struct mill_condvar *base)
{
    struct condvar *condvar = condvar_of(base);
    if (!condvar->abandoned) {
        nsync_cv_wait(&condvar->changed, &condvar->mutex);
    }
    return condvar->abandoned ? -ECANCELED : 0;
}

static void wake_one(struct mill_condvar *condvar)
{
    nsync_cv_signal(&condvar_of(condvar)->changed);
}

static void wake_all(struct mill_condvar *condvar)
{
    nsync_cv_broadcast(&condvar_of(condvar)->changed);
}

static void abandon(struct mill_condvar *base)
{
    struct condvar *condvar = condvar_of(base);
    nsync_mu_lock(&condvar->mutex);
    condvar->abandoned = true;
    nsync_mu_unlock(&condvar->mutex);
    nsync_cv_broadcast(&condvar->changed);
}
#endif

const struct mill_condvar_ops mill_condvar_nsync = {
    .about =
        {
            .name = "nsync",
            .summary = "nsync's mutex and condition variable",
            .source = "nsync (Google 2016), nsync_mu and nsync_cv",
            .algorithm = "condvar",
            .library = MILL_NSYNC_LIBRARY,
            .missing = MILL_NSYNC_MISSING,
            .traits = MILL_PARKS | MILL_NSYNC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_NSYNC(sizeof(struct condvar)),
        },
    .create = MILL_NSYNC(create),
    .destroy = MILL_NSYNC(destroy),
    .enter = MILL_NSYNC(enter),
    .leave = MILL_NSYNC(leave),
    .wait = MILL_NSYNC(wait),
    .wake_one = MILL_NSYNC(wake_one),
    .wake_all = MILL_NSYNC(wake_all),
    .abandon = MILL_NSYNC(abandon),
};

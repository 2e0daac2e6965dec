#include "device/sharing.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "device/sharing_list.h"
#include "device/sharing_strategy.h"

#define STRATEGY(ident) &mill_sharing_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_SHARINGS(STRATEGY)};

const struct mill_family mill_sharing_family = {
    .name = "sharing",
    .summary = "one valve, and many threads that want something of it",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_sharing_ops *mill_sharing_ops_find(const char *name)
{
    return mill_sharing_ops_of(mill_family_find(&mill_sharing_family, name));
}

int mill_sharing_refuse(struct mill_device_failure *failure, int status, const char *format, ...)
{
    if (failure) {
        *failure = (struct mill_device_failure){.kind = MILL_DEVICE_VALIDATION};
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(failure->message, sizeof failure->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

/* ---- made and unmade ---- */

static int check_plan(const struct mill_sharing_plan *plan, struct mill_device_failure *failure)
{
    if (!plan->transport) {
        return mill_sharing_refuse(failure, -EINVAL, "sharing: no transport to the device");
    }
    if (plan->threads == 0 || plan->threads > MILL_SHARING_THREADS_MAX) {
        return mill_sharing_refuse(failure, -EINVAL, "sharing: %u threads; from 1 to %u can share a device",
                                   plan->threads, MILL_SHARING_THREADS_MAX);
    }
    if (plan->connections > MILL_SHARING_CONNECTIONS_MAX) {
        return mill_sharing_refuse(failure, -EINVAL, "sharing: %u connections; at most %u", plan->connections,
                                   MILL_SHARING_CONNECTIONS_MAX);
    }
    if (plan->refresh_ns > MILL_SHARING_REFRESH_MAX) {
        return mill_sharing_refuse(failure, -EINVAL, "sharing: a refresh every %llu ns; at most an hour",
                                   (unsigned long long)plan->refresh_ns);
    }
    return 0;
}

int mill_sharing_create(const struct mill_sharing_ops *ops, const struct mill_sharing_plan *plan,
                        struct mill_sharing **sharing, struct mill_device_failure *failure)
{
    if (!ops || !plan || !sharing) {
        return mill_sharing_refuse(failure, -EINVAL, "sharing: no strategy, no plan or no place for it");
    }
    if (ops->about.missing) {
        return mill_sharing_refuse(failure, -ENOTSUP, "sharing '%s': %s", ops->about.name,
                                   ops->about.missing);
    }
    int status = check_plan(plan, failure);
    if (status < 0) {
        return status;
    }
    struct mill_sharing_plan whole = *plan;
    whole.lock = plan->lock ? plan->lock : mill_lock_ops_find("pthread");
    whole.connections = plan->connections > 0 ? plan->connections : MILL_SHARING_CONNECTIONS;
    whole.refresh_ns = plan->refresh_ns > 0 ? plan->refresh_ns : MILL_SHARING_REFRESH_NS;
    status = ops->create(&whole, sharing, failure);
    if (status == 0) {
        (*sharing)->ops = ops;
        (*sharing)->threads = plan->threads;
    } else if (status == -ENOMEM || status == -EAGAIN) {
        mill_sharing_refuse(failure, status, "sharing '%s': %s", ops->about.name,
                            status == -ENOMEM ? "out of memory" : "no more threads");
    }
    return status;
}

void mill_sharing_destroy(struct mill_sharing *sharing)
{
    if (sharing) {
        sharing->ops->destroy(sharing);
    }
}

/* ---- used ---- */

static int refuse_use(const struct mill_sharing *sharing, unsigned thread,
                      struct mill_device_failure *failure)
{
    return !sharing ? mill_sharing_refuse(failure, -EINVAL, "sharing: none was given")
           : thread >= sharing->threads
               ? mill_sharing_refuse(failure, -EINVAL, "sharing '%s': thread %u of %u",
                                     sharing->ops->about.name, thread, sharing->threads)
               : mill_sharing_refuse(failure, -EINVAL, "sharing '%s': NULL", sharing->ops->about.name);
}

int mill_sharing_get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                            struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    struct mill_sharing_stamp unwanted;
    if (!sharing || thread >= sharing->threads || !status) {
        return refuse_use(sharing, thread, failure);
    }
    return sharing->ops->get_status(sharing, thread, status, stamp ? stamp : &unwanted, failure);
}

static void get_one_by_one(struct mill_sharing *sharing, unsigned thread, struct mill_sharing_reply *replies,
                           size_t count)
{
    struct mill_sharing_stamp stamp;
    for (size_t i = 0; i < count; i++) {
        replies[i].result = sharing->ops->get_status(sharing, thread, &replies[i].status, &stamp, NULL);
    }
}

int mill_sharing_get_many(struct mill_sharing *sharing, unsigned thread, struct mill_sharing_reply *replies,
                          size_t count)
{
    if (!sharing || thread >= sharing->threads || !replies) {
        return -EINVAL;
    }
    (sharing->ops->get_many ? sharing->ops->get_many : get_one_by_one)(sharing, thread, replies, count);
    for (size_t i = 0; i < count; i++) {
        if (replies[i].result < 0) {
            return replies[i].result;
        }
    }
    return 0;
}

int mill_sharing_update_config(struct mill_sharing *sharing, unsigned thread,
                               const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    if (!sharing || thread >= sharing->threads || !change) {
        return refuse_use(sharing, thread, failure);
    }
    return sharing->ops->update_config(sharing, thread, change, failure);
}

int mill_sharing_transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide,
                          void *context, struct mill_device_failure *failure)
{
    if (!sharing || thread >= sharing->threads || !decide) {
        return refuse_use(sharing, thread, failure);
    }
    return sharing->ops->transact(sharing, thread, decide, context, failure);
}

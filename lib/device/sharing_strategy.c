#include "device/sharing_strategy.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"

int mill_sharing_open_client(const struct mill_sharing_plan *plan, struct mill_device_client **client,
                             struct mill_device_failure *failure)
{
    return mill_device_client_create(plan->transport, &plan->to, &plan->policy, client, failure);
}

int mill_sharing_ask(struct mill_device_client *client, struct mill_valve_status *status,
                     struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    uint64_t asked_ns = mill_now_ns();
    int result = mill_device_get_status(client, status, failure);
    if (result == 0) {
        *stamp = (struct mill_sharing_stamp){.asked_ns = asked_ns, .answered_ns = mill_now_ns()};
    }
    return result;
}

int mill_sharing_transact_with(struct mill_device_client *client, mill_sharing_decide *decide, void *context,
                               struct mill_device_failure *failure)
{
    struct mill_valve_status status;
    struct mill_valve_config config;
    struct mill_valve_config change = {0};
    int result = mill_device_get_status(client, &status, failure);
    if (result == 0) {
        result = mill_device_get_config(client, &config, failure);
    }
    if (result == 0) {
        decide(context, &status, &config, &change);
        result = change.fields != 0 ? mill_device_update_config(client, &change, failure) : 0;
    }
    return result;
}

/* ---- a client under a lock ---- */

int mill_sharing_create_lock(const struct mill_sharing_plan *plan, struct mill_lock **lock,
                             struct mill_device_failure *failure)
{
    const struct mill_strategy *about = &plan->lock->about;
    if ((about->traits & MILL_ONE_THREAD) && plan->threads > 1) {
        return mill_sharing_refuse(failure, -EINVAL, "sharing: lock '%s' is for one thread, not for %u",
                                   about->name, plan->threads);
    }
    int status = mill_lock_create_for(plan->lock, plan->threads + 1, lock);
    return status == -ENOTSUP
               ? mill_sharing_refuse(failure, status, "sharing: lock '%s': %s", about->name, about->missing)
               : status;
}

int mill_guarded_client_open(struct mill_guarded_client *guarded, const struct mill_sharing_plan *plan,
                             struct mill_device_failure *failure)
{
    guarded->ops = plan->lock;
    int status = mill_sharing_create_lock(plan, &guarded->lock, failure);
    if (status == 0) {
        status = mill_sharing_open_client(plan, &guarded->client, failure);
        if (status < 0) {
            mill_lock_destroy(guarded->ops, guarded->lock);
        }
    }
    return status;
}

void mill_guarded_client_close(struct mill_guarded_client *guarded)
{
    mill_device_client_destroy(guarded->client);
    mill_lock_destroy(guarded->ops, guarded->lock);
}

int mill_guarded_client_ask(struct mill_guarded_client *guarded, struct mill_valve_status *status,
                            struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    struct mill_lock_context me;
    mill_lock_acquire(guarded->ops, guarded->lock, &me);
    int result = mill_sharing_ask(guarded->client, status, stamp, failure);
    mill_lock_release(guarded->ops, guarded->lock, &me);
    return result;
}

int mill_guarded_client_update(struct mill_guarded_client *guarded, const struct mill_valve_config *change,
                               struct mill_device_failure *failure)
{
    struct mill_lock_context me;
    mill_lock_acquire(guarded->ops, guarded->lock, &me);
    int result = mill_device_update_config(guarded->client, change, failure);
    mill_lock_release(guarded->ops, guarded->lock, &me);
    return result;
}

int mill_guarded_client_transact(struct mill_guarded_client *guarded, mill_sharing_decide *decide,
                                 void *context, struct mill_device_failure *failure)
{
    struct mill_lock_context me;
    mill_lock_acquire(guarded->ops, guarded->lock, &me);
    int result = mill_sharing_transact_with(guarded->client, decide, context, failure);
    mill_lock_release(guarded->ops, guarded->lock, &me);
    return result;
}

/* ---- a sharing that is one ---- */

struct guarded_sharing {
    struct mill_sharing sharing;
    struct mill_guarded_client guarded;
};

struct mill_guarded_client *mill_guarded_sharing_client(struct mill_sharing *sharing)
{
    return &((struct guarded_sharing *)sharing)->guarded;
}

int mill_guarded_sharing_create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                                struct mill_device_failure *failure)
{
    struct guarded_sharing *made = mill_isolated_alloc(sizeof *made);
    int status = made ? mill_guarded_client_open(&made->guarded, plan, failure) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    *sharing = &made->sharing;
    return 0;
}

void mill_guarded_sharing_destroy(struct mill_sharing *sharing)
{
    mill_guarded_client_close(mill_guarded_sharing_client(sharing));
    free(sharing);
}

int mill_guarded_sharing_get_status(struct mill_sharing *sharing, unsigned thread,
                                    struct mill_valve_status *status, struct mill_sharing_stamp *stamp,
                                    struct mill_device_failure *failure)
{
    (void)thread;
    return mill_guarded_client_ask(mill_guarded_sharing_client(sharing), status, stamp, failure);
}

int mill_guarded_sharing_update_config(struct mill_sharing *sharing, unsigned thread,
                                       const struct mill_valve_config *change,
                                       struct mill_device_failure *failure)
{
    (void)thread;
    return mill_guarded_client_update(mill_guarded_sharing_client(sharing), change, failure);
}

/* A lock outside of the client, held from the first read to the write: what was looked at still holds when it
 * is acted upon. Whoever only reads takes it too, and so waits for whole transactions.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "device/sharing_list.h"
#include "device/sharing_strategy.h"

struct external {
    struct mill_sharing sharing;
    struct mill_guarded_client guarded;
};

static struct mill_guarded_client *guarded_of(struct mill_sharing *sharing)
{
    return &((struct external *)sharing)->guarded;
}

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    struct external *made = mill_isolated_alloc(sizeof *made);
    int status = made ? mill_guarded_client_open(&made->guarded, plan, failure) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    *sharing = &made->sharing;
    return 0;
}

static void destroy(struct mill_sharing *sharing)
{
    mill_guarded_client_close(guarded_of(sharing));
    free(sharing);
}

static int get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                      struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    (void)thread;
    return mill_guarded_client_ask(guarded_of(sharing), status, stamp, failure);
}

static int update_config(struct mill_sharing *sharing, unsigned thread,
                         const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    (void)thread;
    return mill_guarded_client_update(guarded_of(sharing), change, failure);
}

static int transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure)
{
    (void)thread;
    return mill_guarded_client_transact(guarded_of(sharing), decide, context, failure);
}

const struct mill_sharing_ops mill_sharing_external_lock = {
    .about =
        {
            .name = "external-lock",
            .summary = "one client and a lock around the whole of a read-decide-write",
            .source = "guide 4: manual locking",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .promises = MILL_SHARING_ATOMIC | MILL_SHARING_LOCKS,
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = update_config,
    .transact = transact,
};

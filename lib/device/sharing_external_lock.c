/* A lock outside of the client, held from the first read to the write: what was looked at still holds when it
 * is acted upon. Whoever only reads takes it too, and so waits for whole transactions.
 */
#include "device/sharing_list.h"
#include "device/sharing_strategy.h"

static int transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure)
{
    (void)thread;
    return mill_guarded_client_transact(mill_guarded_sharing_client(sharing), decide, context, failure);
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
    .create = mill_guarded_sharing_create,
    .destroy = mill_guarded_sharing_destroy,
    .get_status = mill_guarded_sharing_get_status,
    .update_config = mill_guarded_sharing_update_config,
    .transact = transact,
};

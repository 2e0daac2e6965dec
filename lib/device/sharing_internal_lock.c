/* The client's own lock around each of its calls: `threadsafe=True`. A call is whole; several are not:
 * between the reads of a read-decide-write and its write others have their turn.
 */
#include "device/sharing_list.h"
#include "device/sharing_strategy.h"

static int get_config(struct mill_guarded_client *guarded, struct mill_valve_config *config,
                      struct mill_device_failure *failure)
{
    struct mill_lock_context me;
    mill_lock_acquire(guarded->ops, guarded->lock, &me);
    int result = mill_device_get_config(guarded->client, config, failure);
    mill_lock_release(guarded->ops, guarded->lock, &me);
    return result;
}

static int transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure)
{
    struct mill_guarded_client *guarded = mill_guarded_sharing_client(sharing);
    struct mill_valve_status status;
    struct mill_valve_config config;
    struct mill_valve_config change = {0};
    struct mill_sharing_stamp stamp;
    (void)thread;
    int result = mill_guarded_client_ask(guarded, &status, &stamp, failure);
    if (result == 0) {
        result = get_config(guarded, &config, failure);
    }
    if (result == 0) {
        decide(context, &status, &config, &change);
        result = change.fields != 0 ? mill_guarded_client_update(guarded, &change, failure) : 0;
    }
    return result;
}

const struct mill_sharing_ops mill_sharing_internal_lock = {
    .about =
        {
            .name = "internal-lock",
            .summary = "one client with a lock around each of its calls",
            .source = "guide 4: threadsafe=True",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .promises = MILL_SHARING_LOCKS,
    .create = mill_guarded_sharing_create,
    .destroy = mill_guarded_sharing_destroy,
    .get_status = mill_guarded_sharing_get_status,
    .update_config = mill_guarded_sharing_update_config,
    .transact = transact,
};

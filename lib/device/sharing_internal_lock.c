/* The client's own lock around each of its calls: `threadsafe=True`. A call is whole; several are not:
 * between the reads of a read-decide-write and its write others have their turn.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "device/sharing_list.h"
#include "device/sharing_strategy.h"

struct internal {
    struct mill_sharing sharing;
    struct mill_guarded_client guarded;
};

static struct mill_guarded_client *guarded_of(struct mill_sharing *sharing)
{
    return &((struct internal *)sharing)->guarded;
}

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    struct internal *made = mill_isolated_alloc(sizeof *made);
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

static int get_config(struct mill_guarded_client *guarded, struct mill_valve_config *config,
                      struct mill_device_failure *failure)
{
    struct mill_lock_context me;
    guarded->ops->acquire(guarded->lock, &me);
    int result = mill_device_get_config(guarded->client, config, failure);
    guarded->ops->release(guarded->lock, &me);
    return result;
}

static int transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure)
{
    struct mill_guarded_client *guarded = guarded_of(sharing);
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
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = update_config,
    .transact = transact,
};

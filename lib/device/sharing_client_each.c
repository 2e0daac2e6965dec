/* One client for each thread: nothing is shared on this side, and the device is asked by all at once. It has
 * eight connections; what comes beyond is reset, and tried again by the clients' policy.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "device/sharing_list.h"
#include "device/sharing_strategy.h"

struct each {
    struct mill_sharing sharing;
    unsigned count;
    struct mill_device_client *clients[]; /* of the threads; only read */
};

static struct mill_device_client *client_of(struct mill_sharing *sharing, unsigned thread)
{
    return ((struct each *)sharing)->clients[thread];
}

static void close_all(struct each *each)
{
    for (unsigned i = 0; i < each->count; i++) {
        mill_device_client_destroy(each->clients[i]);
    }
    free(each);
}

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    struct each *made = mill_isolated_alloc(sizeof *made + plan->threads * sizeof(void *));
    int status = made ? 0 : -ENOMEM;
    while (status == 0 && made->count < plan->threads) {
        status = mill_sharing_open_client(plan, &made->clients[made->count], failure);
        made->count += status == 0;
    }
    if (status < 0) {
        if (made) {
            close_all(made);
        }
        return status;
    }
    *sharing = &made->sharing;
    return 0;
}

static void destroy(struct mill_sharing *sharing)
{
    close_all((struct each *)sharing);
}

static int get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                      struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    return mill_sharing_ask(client_of(sharing, thread), status, stamp, failure);
}

static int update_config(struct mill_sharing *sharing, unsigned thread,
                         const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    return mill_device_update_config(client_of(sharing, thread), change, failure);
}

static int transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure)
{
    return mill_sharing_transact_with(client_of(sharing, thread), decide, context, failure);
}

const struct mill_sharing_ops mill_sharing_client_each = {
    .about =
        {
            .name = "client-each",
            .summary = "a client and a connection for each thread",
            .source = "guide 4",
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = update_config,
    .transact = transact,
};

/* A pool of clients: a call takes one out, waiting for it where all are out, and puts it back. As many
 * requests are under way as the device takes, and no more. The clients wait in a queue of lib/queue, so the
 * one that was put back longest ago goes out next. A read-decide-write has one client for all of its calls,
 * and so is not overtaken by itself; but with several clients others write meanwhile.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "device/sharing_list.h"
#include "device/sharing_strategy.h"
#include "queue/queue.h"

struct pool {
    struct mill_sharing sharing;
    struct mill_queue *idle; /* holds all clients that are not out */
    unsigned count;
    struct mill_device_client *clients[]; /* only read */
};

/* Neither can fail: the queue has room for all, is never closed, and waits without end. */
static struct mill_device_client *check_out(struct mill_sharing *sharing)
{
    void *client = NULL;
    mill_queue_get(((struct pool *)sharing)->idle, &client, MILL_FOREVER);
    return client;
}

static void put_back(struct mill_sharing *sharing, struct mill_device_client *client)
{
    mill_queue_put(((struct pool *)sharing)->idle, client, MILL_FOREVER);
}

static void destroy(struct mill_sharing *sharing)
{
    struct pool *pool = (struct pool *)sharing;
    for (unsigned i = 0; i < pool->count; i++) {
        mill_device_client_destroy(pool->clients[i]);
    }
    mill_queue_destroy(pool->idle);
    free(pool);
}

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    struct pool *made = mill_isolated_alloc(sizeof *made + plan->connections * sizeof(void *));
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_queue_create(mill_queue_ops_find("mutex-ring"), plan->connections, &made->idle);
    while (status == 0 && made->count < plan->connections) {
        status = mill_sharing_open_client(plan, &made->clients[made->count], failure);
        if (status == 0) {
            put_back(&made->sharing, made->clients[made->count++]);
        }
    }
    if (status < 0) {
        destroy(&made->sharing);
        return status;
    }
    *sharing = &made->sharing;
    return 0;
}

static int get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                      struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    (void)thread;
    struct mill_device_client *client = check_out(sharing);
    int result = mill_sharing_ask(client, status, stamp, failure);
    put_back(sharing, client);
    return result;
}

static int update_config(struct mill_sharing *sharing, unsigned thread,
                         const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    (void)thread;
    struct mill_device_client *client = check_out(sharing);
    int result = mill_device_update_config(client, change, failure);
    put_back(sharing, client);
    return result;
}

static int transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure)
{
    (void)thread;
    struct mill_device_client *client = check_out(sharing);
    int result = mill_sharing_transact_with(client, decide, context, failure);
    put_back(sharing, client);
    return result;
}

const struct mill_sharing_ops mill_sharing_pool = {
    .about =
        {
            .name = "pool",
            .summary = "a pool of connections; a call waits for one that is free",
            .source = "the connection pools of database clients",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = update_config,
    .transact = transact,
};

/* One client, used by all threads at once without a lock: the mistake of guide 4, kept on purpose. A client
 * holds the last reply, so a thread reads the answer to another's question: one of the wrong kind, or of the
 * right kind and to a question that was asked later or earlier. Nothing says so.
 *
 * Only to a device in this process, where that is all that happens; the handle of a library (libcurl's)
 * breaks when two threads use it, and takes the process with it. And several threads may only read: what is
 * posted stands in the memory of the thread that posts it, and another's request may point there when it is
 * gone.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "device/sharing_list.h"
#include "device/sharing_strategy.h"

struct unshared {
    struct mill_sharing sharing;
    struct mill_device_client *client;
};

static struct mill_device_client *client_of(struct mill_sharing *sharing)
{
    return ((struct unshared *)sharing)->client;
}

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    if (!plan->to.model) {
        return mill_sharing_refuse(
            failure, -ENOTSUP,
            "sharing 'unshared': transport '%s' is a library's, whose handle breaks when "
            "threads share it; take 'in-process'",
            plan->transport->about.name);
    }
    struct unshared *made = mill_isolated_alloc(sizeof *made);
    int status = made ? mill_sharing_open_client(plan, &made->client, failure) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    *sharing = &made->sharing;
    return 0;
}

static void destroy(struct mill_sharing *sharing)
{
    mill_device_client_destroy(client_of(sharing));
    free(sharing);
}

static int get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                      struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    (void)thread;
    return mill_sharing_ask(client_of(sharing), status, stamp, failure);
}

static int update_config(struct mill_sharing *sharing, unsigned thread,
                         const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    (void)thread;
    return mill_device_update_config(client_of(sharing), change, failure);
}

static int transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure)
{
    (void)thread;
    return mill_sharing_transact_with(client_of(sharing), decide, context, failure);
}

const struct mill_sharing_ops mill_sharing_unshared = {
    .about =
        {
            .name = "unshared",
            .summary = "one client without a lock: a thread reads the answer to another's question",
            .source = "guide 4: default behaviour, not thread-safe",
            .traits = MILL_CONTROL,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = update_config,
    .transact = transact,
};

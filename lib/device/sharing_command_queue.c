/* One thread owns the client; the others send it what they want and wait for the future. A read-decide-write
 * is one command, and so one step.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "device/command_queue.h"
#include "device/sharing_list.h"
#include "device/sharing_strategy.h"

struct queued {
    struct mill_sharing sharing;
    struct mill_command_queue *queue;
};

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    struct queued *made = mill_isolated_alloc(sizeof *made);
    int status =
        made ? mill_command_queue_create(plan->transport, &plan->to, &plan->policy, &made->queue, failure)
             : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    *sharing = &made->sharing;
    return 0;
}

static void destroy(struct mill_sharing *sharing)
{
    mill_command_queue_destroy(((struct queued *)sharing)->queue);
    free(sharing);
}

/* What the command returned, or why it could not be sent. */
static int have_run(struct mill_sharing *sharing, int (*run)(struct mill_device_client *, void *),
                    void *argument)
{
    struct mill_command command;
    int result = 0;
    int status = mill_command_send(((struct queued *)sharing)->queue, &command, run, argument);
    if (status == 0) {
        status = mill_command_wait(&command, MILL_FOREVER, &result);
    }
    return status < 0 ? status : result;
}

/* ---- commands; they run in the owner's thread ---- */

struct question {
    struct mill_valve_status *status;
    struct mill_sharing_stamp *stamp;
    struct mill_device_failure *failure;
};

static int ask(struct mill_device_client *client, void *argument)
{
    const struct question *question = argument;
    return mill_sharing_ask(client, question->status, question->stamp, question->failure);
}

static int get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                      struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    struct question question = {status, stamp, failure};
    (void)thread;
    return have_run(sharing, ask, &question);
}

struct update {
    const struct mill_valve_config *change;
    struct mill_device_failure *failure;
};

static int write_config(struct mill_device_client *client, void *argument)
{
    const struct update *update = argument;
    return mill_device_update_config(client, update->change, update->failure);
}

static int update_config(struct mill_sharing *sharing, unsigned thread,
                         const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    struct update update = {change, failure};
    (void)thread;
    return have_run(sharing, write_config, &update);
}

struct transaction {
    mill_sharing_decide *decide;
    void *context;
    struct mill_device_failure *failure;
};

static int run_transaction(struct mill_device_client *client, void *argument)
{
    const struct transaction *transaction = argument;
    return mill_sharing_transact_with(client, transaction->decide, transaction->context,
                                      transaction->failure);
}

static int transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure)
{
    struct transaction transaction = {decide, context, failure};
    (void)thread;
    return have_run(sharing, run_transaction, &transaction);
}

const struct mill_sharing_ops mill_sharing_command_queue = {
    .about =
        {
            .name = "command-queue",
            .summary = "one thread owns the client and runs what the others send; each waits for its future",
            .source = "guide 4: command queue",
            .traits = MILL_PARKS | MILL_FAIR,
            .progress = MILL_BLOCKING,
        },
    .promises = MILL_SHARING_ATOMIC,
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = update_config,
    .transact = transact,
};

/* The thread is the only worker of a `locked` pool of lib/task, which hands out in the order of submission
 * what comes from outside of it.
 */
#include "device/command_queue.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"

struct mill_command_queue {
    struct mill_pool *owner;           /* one thread */
    struct mill_device_client *client; /* its own, from the first command on */
};

int mill_command_queue_create(const struct mill_transport_ops *ops, const struct mill_transport_plan *plan,
                              const struct mill_device_policy *policy, struct mill_command_queue **queue,
                              struct mill_device_failure *failure)
{
    if (!queue) {
        return -EINVAL;
    }
    struct mill_command_queue *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_device_client_create(ops, plan, policy, &made->client, failure);
    if (status == 0) {
        status = mill_pool_create(mill_pool_ops_find("locked"), &(struct mill_pool_options){.workers = 1},
                                  &made->owner);
        if (status < 0) {
            mill_device_client_destroy(made->client);
        }
    }
    if (status < 0) {
        free(made);
        return status;
    }
    *queue = made;
    return 0;
}

void mill_command_queue_destroy(struct mill_command_queue *queue)
{
    if (queue) {
        mill_pool_destroy(queue->owner);
        mill_device_client_destroy(queue->client);
        free(queue);
    }
}

static int run_command(void *argument)
{
    struct mill_command *command = argument;
    return command->run(command->client, command->argument);
}

int mill_command_send(struct mill_command_queue *queue, struct mill_command *command,
                      int (*run)(struct mill_device_client *client, void *argument), void *argument)
{
    if (!queue || !command || !run) {
        return -EINVAL;
    }
    command->client = queue->client;
    command->run = run;
    command->argument = argument;
    int status = mill_future_init(&command->future, run_command, command);
    return status < 0 ? status : mill_pool_submit_future(queue->owner, &command->future);
}

int mill_command_wait(struct mill_command *command, int64_t timeout_ns, int *result)
{
    return command && result ? mill_future_wait(&command->future, timeout_ns, result) : -EINVAL;
}

int mill_command_cancel(struct mill_command *command)
{
    return command ? mill_future_cancel(&command->future) : -EINVAL;
}

int mill_command_retire(struct mill_command *command, int64_t timeout_ns)
{
    return command ? mill_future_retire(&command->future, timeout_ns) : -EINVAL;
}

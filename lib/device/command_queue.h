/* A queue of commands for one device, and one thread that owns its client and runs them one after the other,
 * in the order in which they were sent: no lock around the client is needed, and what a command does between
 * its requests nobody interrupts.
 *
 *     static int load(struct mill_device_client *client, void *argument)      in the owner's thread
 *     {
 *         return mill_device_load_preset(client, *(unsigned *)argument, NULL);
 *     }
 *
 *     struct mill_command_queue *queue;
 *     int status = mill_command_queue_create(transport, &plan, NULL, &queue, &failure);
 *
 *     struct mill_command command;
 *     status = mill_command_send(queue, &command, load, &preset);             any thread; never waits
 *     status = mill_command_wait(&command, MILL_FOREVER, &result);            0: it is settled, see result
 *
 *     mill_command_queue_destroy(queue);                                      what has not begun: -ECANCELED
 *
 * A command is the caller's memory and holds a future (task/future.h): sending allocates nothing. It is the
 * queue's from send until it has settled. What was written before a send is seen by the command, and what the
 * command wrote by whoever has seen it settled.
 *
 * Each command that was sent settles once: with what it returned, after it has run once; or with -ECANCELED,
 * and then it has not run at all.
 */
#ifndef MILL_DEVICE_COMMAND_QUEUE_H
#define MILL_DEVICE_COMMAND_QUEUE_H

#include <stdint.h>

#include "device/client.h"
#include "task/future.h"

struct mill_command_queue;

struct mill_command {
    struct mill_future future;
    struct mill_device_client *client;
    int (*run)(struct mill_device_client *client, void *argument); /* 0 or a negative errno */
    void *argument;
};

/* Opens the client, which sends nothing, and starts the thread. What mill_device_client_create says; -EINVAL,
 * -ENOMEM; -EAGAIN (no more threads). */
int mill_command_queue_create(const struct mill_transport_ops *ops, const struct mill_transport_plan *plan,
                              const struct mill_device_policy *policy, struct mill_command_queue **queue,
                              struct mill_device_failure *failure);

/* Cancels what has not begun, waits for the command that runs, joins the thread and closes the client. Nobody
 * sends any more; who waits for a command is told. NULL is fine. Not to be called by a command. */
void mill_command_queue_destroy(struct mill_command_queue *queue);

/* Any thread, a command of this queue too. 0; -EINVAL (NULL). Lock-free but for the queue's mutex, which
 * nobody holds while a command runs. */
int mill_command_send(struct mill_command_queue *queue, struct mill_command *command,
                      int (*run)(struct mill_device_client *client, void *argument), void *argument);

/* Waits until it has settled: 0, and `*result` is what it returned; -ETIMEDOUT; -EINVAL. A command that waits
 * for another runs that one, and others, meanwhile; for itself: -EDEADLK. */
int mill_command_wait(struct mill_command *command, int64_t timeout_ns, int *result);

/* 0: it will not run, and has settled with -ECANCELED; once mill_command_retire has returned 0 its memory is
 * the caller's. -EBUSY: it runs; -EALREADY: it has settled. */
int mill_command_cancel(struct mill_command *command);
int mill_command_retire(struct mill_command *command, int64_t timeout_ns);

#endif

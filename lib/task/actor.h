/* An actor: state that one thread owns, changed by messages alone (row 25 of the patterns; Hewitt, Bishop and
 * Steiger 1973).
 *
 *     static int receive(void *account, void *message);      runs on the actor's thread, one after the other
 *
 *     struct mill_actor *actor;
 *     const struct mill_actor_options options = {
 *         .name = "account", .receive = receive, .state = &account, .capacity = 1024};
 *     int status = mill_actor_start(&actor, &options);
 *
 *     status = mill_actor_tell(actor, message, MILL_FOREVER);                  it will be received
 *     status = mill_actor_ask(actor, message, 2 * MILL_NS_PER_S, &result);     it has been received
 *
 *     status = mill_actor_stop(&actor, MILL_FOREVER);        what was told before is still received
 *
 * A message is a pointer to an even address, or an even number in its place; it is the receiver's from then
 * on, and the sender's again when it was refused. Messages of one sender are received in the order in which
 * it sent them. A message that fails (a negative errno) is counted, told to the one that asked, and does not
 * end the actor.
 *
 * Any thread may tell and ask, the actor itself may tell. The mailbox is a queue of lib/queue: with a bounded
 * one a sender waits for room, and an actor that tells itself should not wait.
 */
#ifndef MILL_TASK_ACTOR_H
#define MILL_TASK_ACTOR_H

#include <stddef.h>
#include <stdint.h>

#include "core/timeout.h"
#include "queue/queue.h"

struct mill_actor;

struct mill_actor_options {
    const char *name;                           /* see mill_thread_start */
    int (*receive)(void *state, void *message); /* 0 or a negative errno */
    void *state;                                /* the actor's own until it has ended */
    size_t capacity;                            /* of the mailbox, at least 1 */
    const struct mill_queue_ops *mailbox;       /* NULL: the mutex ring; else one that can be an inbox */
};

/* What an actor has done so far. */
struct mill_actor_counts {
    uint64_t received; /* messages, those that failed included */
    uint64_t failed;
};

/* 0; -EINVAL (no options, callback or capacity, a name that does not fit); -ENOTSUP (a queue that cannot be
 * an inbox, task/inbox.h); -ENOMEM; -EAGAIN. */
int mill_actor_start(struct mill_actor **actor, const struct mill_actor_options *options);

/* Puts a message into the mailbox. 0: it will be received. Any error: it will not, and is the sender's again:
 * -EINVAL (NULL, an odd address, a negative timeout); -ETIMEDOUT: no room; -EPIPE once it is being stopped;
 * -ENOMEM where the mailbox has no bound. */
int mill_actor_tell(struct mill_actor *actor, void *message, int64_t timeout_ns);

/* Sends a message and waits until it has been received, both within the one timeout. There are three ends:
 *
 *   0             it has been received, and *result (or NULL) is what `receive` returned
 *   -EINPROGRESS  the timeout is over and there is no answer, but it is in the mailbox or at hand: it will be
 *                 received once and is the receiver's, like one that was told; its result is only counted
 *   other errors  it will never be received, and is the sender's again: as tell has them (-ETIMEDOUT: there
 *                 was no room in time), -ENOMEM, and -EDEADLK on the actor's own thread */
int mill_actor_ask(struct mill_actor *actor, void *message, int64_t timeout_ns, int *result);

/* While it runs, by any thread: each count for itself. */
struct mill_actor_counts mill_actor_counts(const struct mill_actor *actor);

/* Refuses further messages, lets those in the mailbox be received, ends the thread and frees the actor. 0,
 * and *actor is NULL; -ETIMEDOUT: it is still at it, and is to be stopped again; -EDEADLK on its own thread;
 * -EINVAL (NULL, a negative timeout, an actor that was stopped before). To be called by one thread, and
 * nobody uses the actor after it returned 0. */
int mill_actor_stop(struct mill_actor **actor, int64_t timeout_ns);

#endif

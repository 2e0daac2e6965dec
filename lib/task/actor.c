#include "task/actor.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "task/answer.h"
#include "task/inbox.h"
#include "task/thread.h"

struct mill_actor {
    struct mill_queue *mailbox;
    struct mill_thread *thread;
    int (*receive)(void *state, void *message);
    void *state;
    /* written by the actor's thread alone, read by any; relaxed throughout: they order nothing */
    alignas(MILL_ISOLATION) _Atomic uint64_t received;
    _Atomic uint64_t failed;
};

/* A message that somebody waits for. In the mailbox its address is made odd, which no message's is. */
struct question {
    struct mill_answer answer;
    void *message;
    int result; /* of `receive`; published by the answer */
};

static void *mark(struct question *question)
{
    return (char *)question + 1;
}

static struct question *marked(void *item)
{
    return ((uintptr_t)item & 1) ? (struct question *)(void *)((char *)item - 1) : NULL;
}

static void leave_question(struct question *question)
{
    if (mill_answer_leave(&question->answer)) {
        free(question);
    }
}

static void count_one(_Atomic uint64_t *count)
{
    uint64_t before = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, before + 1, memory_order_relaxed);
}

/* ---- the actor's thread ---- */

static void receive_one(struct mill_actor *actor, void *item)
{
    struct question *question = marked(item);
    int status = actor->receive(actor->state, question ? question->message : item);
    if (status < 0) {
        count_one(&actor->failed);
    }
    count_one(&actor->received);
    if (question) {
        question->result = status;
        mill_answer_give(&question->answer);
        leave_question(question);
    }
}

static void actor_main(void *argument)
{
    struct mill_actor *actor = argument;
    void *item;
    while (mill_queue_get(actor->mailbox, &item, MILL_FOREVER) == 0) {
        receive_one(actor, item);
    }
}

/* ---- any thread ---- */

int mill_actor_start(struct mill_actor **actor, const struct mill_actor_options *options)
{
    if (!actor || !options || !options->receive) {
        return -EINVAL;
    }
    const struct mill_queue_ops *mailbox = options->mailbox;
    int status = mill_inbox_choose(&mailbox, options->capacity);
    if (status < 0) {
        return status;
    }
    struct mill_actor *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->receive = options->receive;
    made->state = options->state;
    status = mill_queue_create(mailbox, options->capacity, &made->mailbox);
    if (status == 0) {
        status = mill_thread_start(&made->thread, options->name, actor_main, made);
    }
    if (status < 0) {
        mill_queue_destroy(made->mailbox);
        free(made);
        return status;
    }
    *actor = made;
    return 0;
}

static bool is_message(const void *message)
{
    return message && ((uintptr_t)message & 1) == 0;
}

int mill_actor_tell(struct mill_actor *actor, void *message, int64_t timeout_ns)
{
    return actor && is_message(message) ? mill_queue_put(actor->mailbox, message, timeout_ns) : -EINVAL;
}

int mill_actor_ask(struct mill_actor *actor, void *message, int64_t timeout_ns, int *result)
{
    uint64_t deadline;
    int status = actor && is_message(message) ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status == 0 && mill_thread_is_self(actor->thread)) {
        status = -EDEADLK;
    }
    if (status < 0) {
        return status;
    }
    struct question *question = malloc(sizeof *question);
    if (!question) {
        return -ENOMEM;
    }
    mill_answer_init(&question->answer);
    question->message = message;
    status = mill_queue_put(actor->mailbox, mark(question), timeout_ns);
    if (status < 0) {
        free(question);
        return status;
    }
    status = mill_answer_await(&question->answer, deadline) < 0 ? -EINPROGRESS : 0;
    if (status == 0 && result) {
        *result = question->result;
    }
    leave_question(question);
    return status;
}

struct mill_actor_counts mill_actor_counts(const struct mill_actor *actor)
{
    return (struct mill_actor_counts){
        .received = atomic_load_explicit(&actor->received, memory_order_relaxed),
        .failed = atomic_load_explicit(&actor->failed, memory_order_relaxed),
    };
}

int mill_actor_stop(struct mill_actor **actor, int64_t timeout_ns)
{
    struct mill_actor *stopped = actor ? *actor : NULL;
    if (!stopped || timeout_ns < 0) {
        return -EINVAL;
    }
    if (mill_thread_is_self(stopped->thread)) {
        return -EDEADLK;
    }
    mill_queue_close(stopped->mailbox);
    int status = mill_thread_join(&stopped->thread, timeout_ns);
    if (status < 0) {
        return status;
    }
    mill_queue_destroy(stopped->mailbox);
    free(stopped);
    *actor = NULL;
    return 0;
}

/* One event loop has all the connections (device/async.h): a thread hands it a question and sleeps until the
 * answer is there, or hands it many and sleeps until all are. No lock and no thread for each request; the
 * device's connections are never exceeded, however many ask. Between the calls of a read-decide-write others
 * have their turn.
 *
 * Over HTTP alone: there is nothing to wait for in a model that is called.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "core/timeout.h"
#include "device/async.h"
#include "device/sharing_list.h"
#include "device/sharing_strategy.h"
#include "task/answer.h"

/* What a thread waits for: in memory that stays, since the loop's thread wakes it after the answer. */
struct waiting {
    alignas(MILL_ISOLATION) struct mill_answer answer;
    _Atomic(size_t) left; /* of many questions */
    int result;           /* of one */
    struct mill_valve_status *status;
    struct mill_valve_config *config;
    struct mill_device_failure *failure;
};

struct looped {
    struct mill_sharing sharing;
    struct mill_async *async;
    struct waiting waiting[]; /* of the threads */
};

static struct looped *looped_of(struct mill_sharing *sharing)
{
    return (struct looped *)sharing;
}

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    if (plan->to.model) {
        return mill_sharing_refuse(failure, -ENOTSUP,
                                   "sharing 'async': transport '%s' has no sockets to wait for; take 'http'",
                                   plan->transport->about.name);
    }
    if (plan->connections > MILL_ASYNC_CONNECTIONS_MAX) {
        return mill_sharing_refuse(failure, -EINVAL, "sharing 'async': %u connections; at most %u",
                                   plan->connections, MILL_ASYNC_CONNECTIONS_MAX);
    }
    struct looped *made = mill_isolated_alloc(sizeof *made + plan->threads * sizeof made->waiting[0]);
    const struct mill_async_plan async = {
        .host = plan->to.host,
        .port = plan->to.port,
        .key = plan->to.key,
        .policy = plan->policy,
        .connections = plan->connections,
    };
    int status = made ? mill_async_create(&async, &made->async, failure) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    *sharing = &made->sharing;
    return 0;
}

static void destroy(struct mill_sharing *sharing)
{
    mill_async_destroy(looped_of(sharing)->async);
    free(sharing);
}

/* ---- one question ---- */

static void finish(struct waiting *waiting, int status, const struct mill_device_failure *failure)
{
    if (waiting->failure) {
        *waiting->failure = *failure;
    }
    waiting->result = status;
    mill_answer_give(&waiting->answer);
}

static void got_status(void *context, int status, const struct mill_valve_status *valve,
                       const struct mill_device_failure *failure)
{
    struct waiting *waiting = context;
    if (status == 0) {
        *waiting->status = *valve;
    }
    finish(waiting, status, failure);
}

static void got_config(void *context, int status, const struct mill_valve_config *config,
                       const struct mill_device_failure *failure)
{
    struct waiting *waiting = context;
    if (status == 0) {
        *waiting->config = *config;
    }
    finish(waiting, status, failure);
}

static void updated(void *context, int status, const struct mill_device_failure *failure)
{
    finish(context, status, failure);
}

static struct waiting *prepare(struct mill_sharing *sharing, unsigned thread,
                               struct mill_device_failure *failure)
{
    struct waiting *waiting = &looped_of(sharing)->waiting[thread];
    mill_answer_init(&waiting->answer);
    waiting->failure = failure;
    return waiting;
}

/* What became of it, if it was taken. */
static int await(struct waiting *waiting, int taken)
{
    if (taken < 0) {
        return mill_sharing_refuse(waiting->failure, taken, "sharing 'async': refused: %s",
                                   taken == -EINVAL ? "not what the device takes" : "out of memory");
    }
    mill_answer_await(&waiting->answer, MILL_NO_DEADLINE);
    return waiting->result;
}

static int get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                      struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    struct waiting *waiting = prepare(sharing, thread, failure);
    uint64_t asked_ns = mill_now_ns();
    waiting->status = status;
    int result = await(waiting, mill_async_get_status(looped_of(sharing)->async, got_status, waiting));
    if (result == 0) {
        *stamp = (struct mill_sharing_stamp){.asked_ns = asked_ns, .answered_ns = mill_now_ns()};
    }
    return result;
}

static int update_config(struct mill_sharing *sharing, unsigned thread,
                         const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    struct waiting *waiting = prepare(sharing, thread, failure);
    return await(waiting, mill_async_update_config(looped_of(sharing)->async, change, updated, waiting));
}

static int transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure)
{
    struct mill_valve_status status;
    struct mill_valve_config config;
    struct mill_valve_config change = {0};
    struct mill_sharing_stamp stamp;
    int result = get_status(sharing, thread, &status, &stamp, failure);
    if (result == 0) {
        struct waiting *waiting = prepare(sharing, thread, failure);
        waiting->config = &config;
        result = await(waiting, mill_async_get_config(looped_of(sharing)->async, got_config, waiting));
    }
    if (result == 0) {
        decide(context, &status, &config, &change);
        result = change.fields != 0 ? update_config(sharing, thread, &change, failure) : 0;
    }
    return result;
}

/* ---- many questions ---- */

/* acq_rel: who comes last has seen what the others wrote, and so has the thread that it wakes */
static void count_down(struct waiting *waiting)
{
    if (atomic_fetch_sub_explicit(&waiting->left, 1, memory_order_acq_rel) == 1) {
        mill_answer_give(&waiting->answer);
    }
}

static void got_one(void *context, int status, const struct mill_valve_status *valve,
                    const struct mill_device_failure *failure)
{
    struct mill_sharing_reply *reply = context;
    (void)failure;
    reply->result = status;
    if (status == 0) {
        reply->status = *valve;
    }
    count_down(reply->asked);
}

static void get_many(struct mill_sharing *sharing, unsigned thread, struct mill_sharing_reply *replies,
                     size_t count)
{
    struct waiting *waiting = prepare(sharing, thread, NULL);
    /* one more: nobody is woken before all are asked; relaxed: handed over with the first question */
    atomic_store_explicit(&waiting->left, count + 1, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        replies[i].asked = waiting;
        int taken = mill_async_get_status(looped_of(sharing)->async, got_one, &replies[i]);
        if (taken < 0) {
            replies[i].result = taken;
            count_down(waiting);
        }
    }
    count_down(waiting);
    mill_answer_await(&waiting->answer, MILL_NO_DEADLINE);
}

const struct mill_sharing_ops mill_sharing_async = {
    .about =
        {
            .name = "async",
            .summary = "one event loop has all connections; a thread sleeps until its answers are there",
            .source = "guide 4: SteveAsyncClient; libuv and curl's multi interface",
            .traits = MILL_PARKS | MILL_FAIR,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = update_config,
    .transact = transact,
    .get_many = get_many,
};

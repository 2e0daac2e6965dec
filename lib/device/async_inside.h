/* What the files of the async client share: async.c (what any thread calls), async_line.c (the loop's thread:
 * the line, the connections, the retries).
 */
#ifndef MILL_DEVICE_ASYNC_INSIDE_H
#define MILL_DEVICE_ASYNC_INSIDE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/random.h"
#include "device/async.h"
#include "device/async_multi.h"
#include "device/client_retry.h"
#include "device/http_easy.h"
#include "task/answer.h"
#include "task/loop.h"

enum mill_async_kind {
    MILL_ASYNC_ANY,
    MILL_ASYNC_STATUS,
    MILL_ASYNC_CONFIG,
    MILL_ASYNC_COMMAND,
};

/* One request, from when it is taken until it completes; the loop's thread's, once it is posted. */
struct mill_async_request {
    struct mill_async *async;
    struct mill_async_request *next, *previous; /* in the line, or among the waiting */
    struct mill_transport_request request;      /* its texts stand behind the struct */
    enum mill_async_kind kind;
    union {
        mill_async_done *any;
        mill_async_status_done *status;
        mill_async_config_done *config;
        mill_async_command_done *command;
    } done;
    void *context;
    unsigned tries;
    bool has_timer;
    uv_timer_t timer; /* until it is tried again */
    char texts[];     /* path and body */
};

struct mill_async_list {
    struct mill_async_request *first, *last;
};

/* One connection, and the request that it carries, or NULL. */
struct mill_async_slot {
    struct mill_http http;
    struct mill_async_request *request;
    bool starved; /* it will not go on for lack of memory */
    struct mill_transport_reply reply;
    struct mill_error error;
};

struct mill_async {
    struct mill_device_policy policy; /* constant, as are the next three */
    unsigned connections;
    unsigned outstanding_max;
    struct mill_loop *loop;
    atomic_uint outstanding;
    atomic_bool closing; /* no more requests are taken */

    /* the loop's thread's */
    bool closed; /* what is still posted is canceled */
    struct mill_random random;
    struct mill_multi multi;
    struct mill_async_list line;    /* in the order in which they came */
    struct mill_async_list waiting; /* for their timers, to be tried again */
    uv_async_t cancel;              /* sent once, by destroy */
    struct mill_answer canceled;    /* given when nothing is left */
    struct mill_async_slot slots[];
};

/* On the loop's thread: makes what the loop owns; 0 or a negative errno. */
int mill_async_line_open(struct mill_async *async);

/* On the loop's thread: a struct mill_async_request that was posted. */
void mill_async_line_take(void *posted);

/* Calls the callback of a request that has ended, with what its kind makes of the reply. On the loop's
 * thread. */
void mill_async_complete(struct mill_async_request *request, const struct mill_device_try *ended);

#endif

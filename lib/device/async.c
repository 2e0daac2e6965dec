#include "device/async.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/async_inside.h"
#include "device/client_parts.h"
#include "device/client_retry.h"
#include "device/transport_strategy.h"
#include "device/wire_read.h"

/* ---- asking, from any thread ---- */

static bool moves_the_motor(const struct mill_transport_request *request)
{
    bool control = strcmp(request->path, MILL_WIRE_BASE "/control") == 0;
    bool odrive = strcmp(request->path, MILL_WIRE_BASE "/odrive") == 0;
    struct mill_device_request body;
    if (strcmp(request->method, "POST") != 0 || (!control && !odrive)) {
        return false;
    }
    if (mill_read_request(request->body, request->length, &body, NULL) < 0) {
        return true; /* who knows */
    }
    switch (body.action) {
    case MILL_ACTION_STOP:
    case MILL_ACTION_PING:
    case MILL_ACTION_DISABLE:
    case MILL_ACTION_ESTOP:
    case MILL_ACTION_CLEAR:
        return false;
    default:
        return true;
    }
}

/* A copy of it, with no callback yet. */
static struct mill_async_request *copy_request(struct mill_async *async,
                                               const struct mill_transport_request *request)
{
    size_t path = strlen(request->path) + 1;
    struct mill_async_request *copy = malloc(sizeof *copy + path + request->length);
    if (!copy) {
        return NULL;
    }
    *copy = (struct mill_async_request){.async = async};
    memcpy(copy->texts, request->path, path);
    if (request->length > 0) {
        memcpy(copy->texts + path, request->body, request->length);
    }
    copy->request.method = strcmp(request->method, "POST") == 0 ? "POST" : "GET";
    copy->request.path = copy->texts;
    copy->request.body = request->length > 0 ? copy->texts + path : NULL;
    copy->request.length = request->length;
    return copy;
}

static int take_place(struct mill_async *async)
{
    /* relaxed: a count alone */
    unsigned outstanding = atomic_load_explicit(&async->outstanding, memory_order_relaxed);
    do {
        if (outstanding == async->outstanding_max) {
            return -EAGAIN;
        }
    } while (!atomic_compare_exchange_weak_explicit(&async->outstanding, &outstanding, outstanding + 1,
                                                    memory_order_relaxed, memory_order_relaxed));
    return 0;
}

static int post(struct mill_async *async, const struct mill_async_request *what)
{
    /* acquire: pairs with the release in destroy */
    if (atomic_load_explicit(&async->closing, memory_order_acquire)) {
        return -EPIPE;
    }
    int status = take_place(async);
    if (status < 0) {
        return status;
    }
    struct mill_async_request *request = copy_request(async, &what->request);
    status = -ENOMEM;
    if (request) {
        request->kind = what->kind;
        request->done = what->done;
        request->context = what->context;
        status = mill_loop_post(async->loop, mill_async_line_take, request);
    }
    if (status < 0) {
        free(request);
        atomic_fetch_sub_explicit(&async->outstanding, 1, memory_order_relaxed);
    }
    return status;
}

int mill_async_request(struct mill_async *async, const struct mill_transport_request *request,
                       mill_async_done *done, void *context)
{
    if (!async || !done || mill_transport_request_check(request, NULL) < 0) {
        return -EINVAL;
    }
    if (!async->policy.allow_motion && moves_the_motor(request)) {
        return -EPERM;
    }
    return post(async,
                &(struct mill_async_request){
                    .request = *request, .kind = MILL_ASYNC_ANY, .done.any = done, .context = context});
}

int mill_async_get_status(struct mill_async *async, mill_async_status_done *done, void *context)
{
    if (!async || !done) {
        return -EINVAL;
    }
    return post(async,
                &(struct mill_async_request){.request = {.method = "GET", .path = MILL_WIRE_BASE "/status"},
                                             .kind = MILL_ASYNC_STATUS,
                                             .done.status = done,
                                             .context = context});
}

int mill_async_get_config(struct mill_async *async, mill_async_config_done *done, void *context)
{
    if (!async || !done) {
        return -EINVAL;
    }
    return post(async,
                &(struct mill_async_request){.request = {.method = "GET", .path = MILL_WIRE_BASE "/config"},
                                             .kind = MILL_ASYNC_CONFIG,
                                             .done.config = done,
                                             .context = context});
}

int mill_async_update_config(struct mill_async *async, const struct mill_valve_config *config,
                             mill_async_command_done *done, void *context)
{
    char body[MILL_WIRE_REQUEST_MAX];
    if (!async || !done || mill_client_config_body(config, body, NULL) < 0) {
        return -EINVAL;
    }
    return post(async, &(struct mill_async_request){.request = {.method = "POST",
                                                                .path = MILL_WIRE_BASE "/config",
                                                                .body = body,
                                                                .length = strlen(body)},
                                                    .kind = MILL_ASYNC_COMMAND,
                                                    .done.command = done,
                                                    .context = context});
}

unsigned mill_async_outstanding(const struct mill_async *async)
{
    return async ? atomic_load_explicit(&async->outstanding, memory_order_relaxed) : 0;
}

/* ---- completing, on the loop's thread ---- */

union reading {
    struct mill_valve_status status;
    struct mill_valve_config config;
};

static int read_reply(enum mill_async_kind kind, const struct mill_transport_reply *reply,
                      union reading *reading, struct mill_error *error)
{
    switch (kind) {
    case MILL_ASYNC_STATUS:
        return mill_read_status(reply->body, reply->length, &reading->status, error);
    case MILL_ASYNC_CONFIG:
        return mill_read_config(reply->body, reply->length, &reading->config, error);
    case MILL_ASYNC_COMMAND:
        return mill_read_ok(reply->body, reply->length, error);
    case MILL_ASYNC_ANY:
        break;
    }
    return 0;
}

void mill_async_complete(struct mill_async_request *request, const struct mill_device_try *ended)
{
    struct mill_device_failure failure;
    struct mill_error error;
    union reading reading = {.status = {.pos_deg = 0}};
    int status = mill_device_try_result(ended, request->tries, &failure);
    if (status == 0) {
        struct mill_device_try unread = *ended;
        unread.error = &error;
        status = read_reply(request->kind, ended->reply, &reading, &error);
        status = status < 0 ? mill_device_try_unread(&unread, request->tries, status, &failure) : 0;
    }
    switch (request->kind) {
    case MILL_ASYNC_ANY:
        request->done.any(request->context, status, ended->reply, &failure);
        break;
    case MILL_ASYNC_STATUS:
        request->done.status(request->context, status, &reading.status, &failure);
        break;
    case MILL_ASYNC_CONFIG:
        request->done.config(request->context, status, &reading.config, &failure);
        break;
    case MILL_ASYNC_COMMAND:
        request->done.command(request->context, status, &failure);
        break;
    }
}

/* ---- made and unmade ---- */

static int check_plan(const struct mill_async_plan *plan, struct mill_device_failure *failure)
{
    if (plan->connections > MILL_ASYNC_CONNECTIONS_MAX || plan->outstanding > MILL_ASYNC_OUTSTANDING_MAX) {
        return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL,
                                  "async: %u connections and %u outstanding are more than %u and %u",
                                  plan->connections, plan->outstanding, MILL_ASYNC_CONNECTIONS_MAX,
                                  MILL_ASYNC_OUTSTANDING_MAX);
    }
    return mill_device_policy_check(&plan->policy, failure);
}

static void close_slots(struct mill_async *async)
{
    for (unsigned i = 0; i < async->connections; i++) {
        mill_http_close(&async->slots[i].http);
    }
}

/* `connections` counts those that are open, for close_slots. */
static int open_slots(struct mill_async *async, const struct mill_async_plan *plan, unsigned connections,
                      struct mill_error *error)
{
    struct mill_transport_plan to = {.host = plan->host, .port = plan->port, .key = plan->key};
    for (unsigned i = 0; i < connections; i++) {
        struct mill_async_slot *slot = &async->slots[i];
        int status = mill_http_open(&slot->http, &to, error);
        if (status < 0) {
            return status;
        }
        async->connections++;
        if (curl_easy_setopt(slot->http.easy, CURLOPT_PRIVATE, slot) != CURLE_OK) {
            return mill_error_set(error, -ENOMEM, "%s: no memory for a connection", slot->http.place);
        }
    }
    return 0;
}

struct opening {
    struct mill_async *async;
    int status;
};

static void open_on_loop(void *argument)
{
    struct opening *opening = argument;
    opening->status = mill_async_line_open(opening->async);
}

static int start_loop(struct mill_async *async, struct mill_error *error)
{
    int status = mill_loop_start(&async->loop, "async");
    if (status < 0) {
        return mill_error_set(error, status, "async: its loop does not start: %s", strerror(-status));
    }
    struct opening opening = {.async = async};
    status = mill_loop_call(async->loop, open_on_loop, &opening, MILL_FOREVER);
    status = status < 0 ? status : opening.status;
    if (status < 0) {
        mill_loop_stop(async->loop, MILL_FOREVER);
        return mill_error_set(error, status, "async: its loop does not open: %s", strerror(-status));
    }
    return 0;
}

static void set_policy(struct mill_async *async, const struct mill_async_plan *plan)
{
    async->policy = plan->policy;
    if (async->policy.timeout_ns == 0) {
        async->policy.timeout_ns = mill_device_policy_default.timeout_ns;
    }
    async->outstanding_max = plan->outstanding ? plan->outstanding : MILL_ASYNC_OUTSTANDING_MAX;
    uint64_t seed = plan->policy.seed;
    mill_random_seed(&async->random, seed ? seed : mill_now_ns(), seed ? 0 : (uint64_t)(uintptr_t)async);
}

int mill_async_create(const struct mill_async_plan *plan, struct mill_async **async,
                      struct mill_device_failure *failure)
{
    if (!plan || !async) {
        return mill_client_invalid(failure, "async: no plan, or no place for the result");
    }
    int status = check_plan(plan, failure);
    if (status < 0) {
        return status;
    }
    unsigned connections = plan->connections ? plan->connections : MILL_WIRE_HTTP_CLIENTS;
    struct mill_async *made = calloc(1, sizeof *made + connections * sizeof made->slots[0]);
    if (!made) {
        return mill_device_refuse(failure, MILL_DEVICE_CONNECTION, -ENOMEM, "async: no memory");
    }
    set_policy(made, plan);
    mill_answer_init(&made->canceled);
    struct mill_error error;
    status = open_slots(made, plan, connections, &error);
    status = status < 0 ? status : start_loop(made, &error);
    if (status < 0) {
        close_slots(made);
        free(made);
        return mill_device_refuse(failure,
                                  status == -EINVAL ? MILL_DEVICE_VALIDATION : MILL_DEVICE_CONNECTION, status,
                                  "%s", error.message);
    }
    *async = made;
    return 0;
}

void mill_async_destroy(struct mill_async *async)
{
    if (!async) {
        return;
    }
    /* release: pairs with the acquire in post */
    atomic_store_explicit(&async->closing, true, memory_order_release);
    uv_async_send(&async->cancel);
    mill_answer_await(&async->canceled, MILL_NO_DEADLINE);
    mill_loop_stop(async->loop, MILL_FOREVER);
    close_slots(async);
    free(async);
}

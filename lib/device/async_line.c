/* The loop's thread: requests stand in line until one of the connections is free, and those that are to be
 * tried again wait for their timers before they stand in line anew. Everything here runs on that thread, so
 * nothing is locked; a callback of the user's may ask for more, which is posted and so does not come in
 * between.
 */
#include <errno.h>
#include <stdlib.h>

#include "device/async_inside.h"

/* ---- lists ---- */

static void append(struct mill_async_list *list, struct mill_async_request *request)
{
    request->next = NULL;
    request->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = request;
    list->last = request;
}

static void take_out(struct mill_async_list *list, struct mill_async_request *request)
{
    *(request->previous ? &request->previous->next : &list->first) = request->next;
    *(request->next ? &request->next->previous : &list->last) = request->previous;
}

static struct mill_async_request *take_first(struct mill_async_list *list)
{
    struct mill_async_request *first = list->first;
    if (first) {
        list->first = first->next;
        *(first->next ? &first->next->previous : &list->last) = NULL;
    }
    return first;
}

/* ---- the end of a request ---- */

static void free_request(uv_handle_t *timer)
{
    free(timer->data);
}

/* Its place is free before the callback, which may take it. */
static void finish(struct mill_async_request *request, int status, const struct mill_transport_reply *reply,
                   const struct mill_error *error, const char *place)
{
    struct mill_device_try ended = {
        .place = place, .request = &request->request, .status = status, .reply = reply, .error = error};
    /* relaxed: a count alone */
    atomic_fetch_sub_explicit(&request->async->outstanding, 1, memory_order_relaxed);
    mill_async_complete(request, &ended);
    if (request->has_timer) {
        uv_close((uv_handle_t *)&request->timer, free_request);
    } else {
        free(request);
    }
}

static void cancel(struct mill_async_request *request)
{
    static const struct mill_transport_reply none = {.sent = false};
    const char *place = request->async->slots[0].http.place;
    struct mill_error error;
    mill_error_set(&error, 0, "%s: %s %s: canceled before it was sent", place, request->request.method,
                   request->request.path);
    finish(request, -ECANCELED, &none, &error, place);
}

/* ---- tried again ---- */

static void fill_connections(struct mill_async *async);

static void wait_is_over(uv_timer_t *timer)
{
    struct mill_async_request *request = timer->data;
    struct mill_async *async = request->async;
    take_out(&async->waiting, request);
    append(&async->line, request);
    fill_connections(async);
}

static void try_later(struct mill_async *async, struct mill_async_request *request)
{
    uint64_t ns = mill_device_backoff(&async->policy, &async->random, request->tries - 1);
    if (ns == 0) {
        append(&async->line, request);
        return;
    }
    if (!request->has_timer) {
        uv_timer_init(async->multi.uv, &request->timer); /* always 0 */
        request->timer.data = request;
        request->has_timer = true;
    }
    append(&async->waiting, request);
    uv_update_time(async->multi.uv);
    uv_timer_start(&request->timer, wait_is_over, (ns + MILL_NS_PER_MS - 1) / MILL_NS_PER_MS, 0);
}

/* The request of a slot has ended with `status`, and the slot is free. */
static void ended(struct mill_async_slot *slot, int status)
{
    struct mill_async_request *request = slot->request;
    struct mill_async *async = request->async;
    struct mill_device_try how = {.place = slot->http.place,
                                  .request = &request->request,
                                  .status = status,
                                  .reply = &slot->reply,
                                  .error = &slot->error};
    slot->request = NULL;
    if (request->tries <= async->policy.retries && mill_device_try_again(&how)) {
        try_later(async, request);
    } else {
        finish(request, status, &slot->reply, &slot->error, slot->http.place);
    }
}

/* ---- the connections ---- */

static int start(struct mill_async *async, struct mill_async_slot *slot)
{
    uint64_t deadline;
    int status = mill_deadline_after(async->policy.timeout_ns, &deadline);
    slot->starved = false;
    slot->reply.status = 0;
    slot->reply.sent = false;
    slot->reply.length = 0;
    slot->reply.body[0] = '\0';
    slot->request->tries++;
    if (status == 0) {
        status =
            mill_http_prepare(&slot->http, &slot->request->request, deadline, &slot->reply, &slot->error);
    }
    if (status == 0 && curl_multi_add_handle(async->multi.curl, slot->http.easy) != CURLM_OK) {
        status = mill_error_set(&slot->error, -ENOMEM, "%s: no memory to ask", slot->http.place);
    }
    return status;
}

/* From the line into every slot that is free. */
static void fill_connections(struct mill_async *async)
{
    for (unsigned i = 0; i < async->connections && async->line.first; i++) {
        struct mill_async_slot *slot = &async->slots[i];
        while (!slot->request && async->line.first) {
            slot->request = take_first(&async->line);
            int status = start(async, slot);
            if (status < 0) {
                ended(slot, status);
            }
        }
    }
}

/* Takes the request off its connection, and says what became of it. */
static int outcome(struct mill_async *async, struct mill_async_slot *slot, CURLcode code)
{
    int status = mill_http_outcome(&slot->http, code, &slot->error);
    curl_multi_remove_handle(async->multi.curl, slot->http.easy);
    return status;
}

static void starve(void *context, CURL *easy)
{
    struct mill_async_slot *slot = NULL;
    (void)context;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&slot);
    slot->starved = true;
}

static void progress(void *context)
{
    struct mill_async *async = context;
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(async->multi.curl, &left))) {
        struct mill_async_slot *slot = NULL;
        CURLcode code = message->data.result; /* the message goes with the handle */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
        ended(slot, outcome(async, slot, code));
    }
    for (unsigned i = 0; i < async->connections; i++) {
        struct mill_async_slot *slot = &async->slots[i];
        if (slot->request && slot->starved) {
            outcome(async, slot, CURLE_OUT_OF_MEMORY);
            mill_error_set(&slot->error, 0, "%s: no memory to wait for its reply", slot->http.place);
            ended(slot, -ENOMEM);
        }
    }
    fill_connections(async);
}

void mill_async_line_take(void *posted)
{
    struct mill_async_request *request = posted;
    struct mill_async *async = request->async;
    if (async->closed) {
        cancel(request);
        return;
    }
    append(&async->line, request);
    fill_connections(async);
}

/* ---- made and unmade ---- */

static void cancel_all(uv_async_t *handle)
{
    struct mill_async *async = handle->data;
    struct mill_async_request *request;
    async->closed = true;
    for (unsigned i = 0; i < async->connections; i++) {
        struct mill_async_slot *slot = &async->slots[i];
        request = slot->request;
        if (request) {
            outcome(async, slot, CURLE_ABORTED_BY_CALLBACK);
            mill_error_set(&slot->error, 0, "%s: %s %s: canceled", slot->http.place, request->request.method,
                           request->request.path);
            slot->request = NULL;
            finish(request, -ECANCELED, &slot->reply, &slot->error, slot->http.place);
        }
    }
    while ((request = take_first(&async->line)) || (request = take_first(&async->waiting))) {
        cancel(request);
    }
    mill_multi_close(&async->multi);
    uv_close((uv_handle_t *)&async->cancel, NULL);
    mill_answer_give(&async->canceled, 0);
}

int mill_async_line_open(struct mill_async *async)
{
    uv_loop_t *uv = mill_loop_uv(async->loop);
    async->multi = (struct mill_multi){.uv = uv, .progress = progress, .starved = starve, .context = async};
    int status = mill_multi_open(&async->multi);
    if (status < 0) {
        return status;
    }
    status = uv_async_init(uv, &async->cancel, cancel_all);
    if (status < 0) {
        mill_multi_close(&async->multi);
        return status;
    }
    async->cancel.data = async;
    return 0;
}

#include <errno.h>
#include <stdlib.h>

#include "device/http_easy.h"
#include "device/transport_strategy.h"

struct http_transport {
    struct mill_transport transport;
    struct mill_http http;
};

static int http_open(const struct mill_transport_plan *plan, struct mill_transport **transport,
                     struct mill_error *error)
{
    struct http_transport *made = malloc(sizeof *made);
    if (!made) {
        return mill_error_set(error, -ENOMEM, "no memory for a connection");
    }
    int status = mill_http_open(&made->http, plan, error);
    if (status < 0) {
        free(made);
        return status;
    }
    *transport = &made->transport;
    return 0;
}

static void http_close(struct mill_transport *transport)
{
    struct http_transport *http = (struct http_transport *)transport;
    mill_http_close(&http->http);
    free(http);
}

static int http_exchange(struct mill_transport *transport, const struct mill_transport_request *request,
                         uint64_t deadline, struct mill_transport_reply *reply, struct mill_error *error)
{
    struct mill_http *http = &((struct http_transport *)transport)->http;
    int status = mill_http_prepare(http, request, deadline, reply, error);
    return status < 0 ? status : mill_http_outcome(http, curl_easy_perform(http->easy), error);
}

const struct mill_transport_ops mill_transport_http = {
    .about = {.name = "http",
              .summary = "HTTP/1.1, a connection for each request",
              .source = "libcurl",
              .traits = MILL_PARKS,
              .progress = MILL_BLOCKING},
    .open = http_open,
    .close = http_close,
    .exchange = http_exchange,
};

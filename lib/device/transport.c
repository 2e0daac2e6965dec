#include "device/transport.h"

#include <errno.h>
#include <string.h>

#include "core/timeout.h"
#include "device/transport_strategy.h"

#define STRATEGY(ident) &mill_transport_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_TRANSPORTS(STRATEGY)};

const struct mill_family mill_transport_family = {
    .name = "transport",
    .summary = "how a request gets to the valve and its reply back",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_transport_ops *mill_transport_ops_find(const char *name)
{
    return mill_transport_ops_of(mill_family_find(&mill_transport_family, name));
}

/* Printable, so that nothing ends a line of the head before its end. */
static bool is_printable(const char *text, char lowest)
{
    for (; *text != '\0'; text++) {
        if (*text < lowest || *text > '~') {
            return false;
        }
    }
    return true;
}

bool mill_transport_key_fits(const char *key)
{
    return !key || (key[0] != '\0' && is_printable(key, ' '));
}

int mill_transport_request_check(const struct mill_transport_request *request, struct mill_error *error)
{
    if (!request || !request->method || !request->path) {
        return mill_error_set(error, -EINVAL, "a request without a method or a path");
    }
    bool is_post = strcmp(request->method, "POST") == 0;
    if (!is_post && strcmp(request->method, "GET") != 0) {
        return mill_error_set(error, -EINVAL, "request: method '%s' is neither GET nor POST",
                              request->method);
    }
    if (request->path[0] != '/' || !is_printable(request->path, '!')) {
        return mill_error_set(error, -EINVAL,
                              "request: path '%s' does not begin with '/', or is not all printable",
                              request->path);
    }
    if (request->length > 0 && (!is_post || !request->body)) {
        return mill_error_set(error, -EINVAL, "request: %zu bytes of a body %s", request->length,
                              is_post ? "that is NULL" : "for a GET, which has none");
    }
    return 0;
}

int mill_transport_open(const struct mill_transport_ops *ops, const struct mill_transport_plan *plan,
                        struct mill_transport **transport, struct mill_error *error)
{
    if (!ops || !plan || !transport) {
        return mill_error_set(error, -EINVAL, "transport: no table, no plan or no place for the result");
    }
    int status = ops->open(plan, transport, error);
    if (status == 0) {
        (*transport)->ops = ops;
    }
    return status;
}

void mill_transport_close(struct mill_transport *transport)
{
    if (transport) {
        transport->ops->close(transport);
    }
}

int mill_transport_exchange(struct mill_transport *transport, const struct mill_transport_request *request,
                            uint64_t deadline, struct mill_transport_reply *reply, struct mill_error *error)
{
    if (!transport || !reply) {
        return mill_error_set(error, -EINVAL, "transport: none, or no place for the reply");
    }
    reply->status = 0;
    reply->sent = false;
    reply->length = 0;
    reply->body[0] = '\0';
    int status = mill_transport_request_check(request, error);
    if (status < 0) {
        return status;
    }
    if (deadline != MILL_NO_DEADLINE && mill_now_ns() >= deadline) {
        return mill_error_set(error, -ETIMEDOUT, "%s %s: no time is left to send it", request->method,
                              request->path);
    }
    return transport->ops->exchange(transport, request, deadline, reply, error);
}

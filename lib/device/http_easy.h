/* One request at a time by curl's easy interface: how it is prepared, and what became of it. What
 * transport_http.c (which waits for each) and async.c (which has many under way) share.
 *
 *     struct mill_http http;
 *     int status = mill_http_open(&http, &plan, &error);
 *     status = mill_http_prepare(&http, &request, deadline, &reply, &error);
 *     status = mill_http_outcome(&http, curl_easy_perform(http.easy), &error);
 *     mill_http_close(&http);
 *
 * Plain HTTP/1.1 straight to the device: no proxy, no redirections, no signals. Every request has a
 * connection of its own: on one that is used again curl would send a request again when the other side had
 * closed it, and a POST is never sent twice. The struct does not move once it is open.
 * Not thread-safe; two of them are independent.
 */
#ifndef MILL_DEVICE_HTTP_EASY_H
#define MILL_DEVICE_HTTP_EASY_H

#include <curl/curl.h>

#include "device/transport.h"

#define MILL_HTTP_HEAD_MAX 16384u /* bytes of all heads of a reply; the device's has some 100 */

struct mill_http {
    CURL *easy;
    struct curl_slist *headers;
    char place[300]; /* "valve HOST:PORT" */

    /* of the request under way */
    const struct mill_transport_request *request;
    struct mill_transport_reply *reply;
    const char *refusal; /* why reading the reply was given up, or NULL */
    size_t head_length;
    bool head_ended;
    char said[CURL_ERROR_SIZE]; /* by curl */
};

/* 0; -EINVAL (host, port or key, see transport.h); -ENOMEM. */
int mill_http_open(struct mill_http *http, const struct mill_transport_plan *plan, struct mill_error *error);

/* After a successful open. */
void mill_http_close(struct mill_http *http);

/* `request`, its body and the empty `reply` stay until the outcome is known. 0; -ENOMEM; -ETIMEDOUT: the
 * deadline has passed. */
int mill_http_prepare(struct mill_http *http, const struct mill_transport_request *request, uint64_t deadline,
                      struct mill_transport_reply *reply, struct mill_error *error);

/* What `code`, with which curl ended the request, means: see mill_transport_exchange. Fills in the reply. */
int mill_http_outcome(struct mill_http *http, CURLcode code, struct mill_error *error);

#endif

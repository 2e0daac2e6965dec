/* The answers, and what becomes of them. One that comes late (latency) or stops in the middle (stall)
 * suspends its connection; the loop resumes it. One that is no answer (drop, reset, garbage) is done on the
 * bare socket, and libmicrohttpd told to close.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "device/simulator_parts.h"

/* An answer that ends or pauses in its middle. */
struct cut_answer {
    struct mill_connection *connection;
    uint64_t stall_ns; /* 0: ends */
    size_t length, cut;
    char text[];
};

void mill_http_suspend(struct mill_simulator *simulator, struct mill_connection *connection, uint64_t ns)
{
    connection->resume_ns = mill_now_ns() + ns;
    connection->suspended = true;
    simulator->http.suspended++;
    MHD_suspend_connection(connection->mhd);
}

static ssize_t read_cut(void *cls, uint64_t position, char *buffer, size_t size)
{
    struct cut_answer *answer = cls;
    if (answer->connection->aborted) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    size_t at = (size_t)position;
    size_t until = at < answer->cut ? answer->cut : answer->length;
    if (at == answer->cut) {
        if (answer->stall_ns == 0) {
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }
        if (answer->connection->fate.fault == MILL_REPLY_STALL) {
            struct mill_simulator *simulator = answer->connection->owner;
            answer->connection->fate.fault = MILL_REPLY_WHOLE; /* it stalls once */
            mill_http_suspend(simulator, answer->connection, answer->stall_ns);
            return 0;
        }
    }
    size_t length = until - at < size ? until - at : size;
    memcpy(buffer, answer->text + at, length);
    return (ssize_t)length;
}

static struct MHD_Response *cut_response(struct mill_connection *connection, const char *text, size_t length)
{
    struct cut_answer *answer = malloc(sizeof *answer + length);
    if (answer == NULL) {
        return NULL;
    }
    *answer = (struct cut_answer){
        .connection = connection,
        .stall_ns = connection->fate.fault == MILL_REPLY_STALL ? connection->fate.stall_ns : 0,
        .length = length,
        .cut = length / 2,
    };
    memcpy(answer->text, text, length);
    struct MHD_Response *response =
        MHD_create_response_from_callback(length, MILL_WIRE_REPLY_MAX, read_cut, answer, free);
    if (response == NULL) {
        free(answer);
    }
    return response;
}

bool mill_http_add_headers(const struct mill_simulator *simulator, struct MHD_Response *response,
                           const char *type)
{
    return MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
           (!mill_simulator_has(simulator, MILL_QUIRK_CLOSE) ||
            MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES) &&
           MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, "*") == MHD_YES;
}

struct MHD_Response *mill_http_response(const struct mill_simulator *simulator,
                                        struct mill_connection *connection, struct mill_firmware_reply *reply)
{
    bool cut = connection->fate.fault == MILL_REPLY_HALF || connection->fate.fault == MILL_REPLY_STALL;
    struct MHD_Response *response =
        cut ? cut_response(connection, reply->body, reply->length)
            : MHD_create_response_from_buffer(reply->length, reply->body, MHD_RESPMEM_MUST_COPY);
    if (response != NULL &&
        (!mill_http_add_headers(simulator, response, "application/json") ||
         (reply->status == MHD_HTTP_UNAUTHORIZED &&
          MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "X-API-Key") != MHD_YES))) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

void mill_http_fail(struct mill_firmware_reply *reply, int status, const char *word)
{
    reply->status = status;
    reply->before_us = 0;
    reply->after_us = 0;
    reply->length =
        (size_t)snprintf(reply->body, sizeof reply->body, "{\"status\":\"error\",\"error\":\"%s\"}", word);
}

/* Bytes that are no HTTP, or (one time in two) HTTP around what is no JSON. */
static enum MHD_Result answer_garbage(struct mill_connection *connection)
{
    char text[256];
    struct mill_random random;
    int length = 0;
    mill_random_seed(&random, connection->fate.noise, 0);
    if ((connection->fate.noise & 1) != 0) {
        length = snprintf(text, sizeof text,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 64\r\n"
                          "Connection: close\r\n\r\n");
    }
    for (int i = 0; i < 64; i++) {
        text[length++] = (char)(0x80u | mill_random_below(&random, 0x80)); /* never '{', never 'H' */
    }
    (void)send(connection->fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
    return MHD_NO;
}

enum MHD_Result mill_http_deliver(struct mill_connection *connection)
{
    enum MHD_Result result;
    switch (connection->fate.fault) {
    case MILL_REPLY_DROP:
        return MHD_NO;
    case MILL_REPLY_RESET:
        mill_socket_abort(connection->fd);
        return MHD_NO;
    case MILL_REPLY_GARBAGE:
        return answer_garbage(connection);
    default:
        result = MHD_queue_response(connection->mhd, connection->status, connection->response);
        MHD_destroy_response(connection->response);
        connection->response = NULL;
        return result;
    }
}

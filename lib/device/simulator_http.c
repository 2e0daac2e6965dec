/* The requests: libmicrohttpd reads them and writes the answers (simulator_answer.c), called by the main loop
 * (no thread of its own, one epoll descriptor that the loop waits for among its others: measured to be the
 * fastest of its modes for one owner, since nothing is handed from thread to thread).
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "device/simulator_parts.h"

enum {
    open_connections = 512,        /* without MILL_QUIRK_CLIENTS */
    connection_memory = 16 * 1024, /* libmicrohttpd's, for the head of a request and the reply */
    sweep_ms = 100,
};

/* ---- requests ---- */

static const char *header(struct mill_connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection->mhd, MHD_HEADER_KIND, name);
}

static bool has_key(const struct mill_simulator *simulator, struct mill_connection *connection)
{
    const char *key = header(connection, "X-API-Key");
    return key != NULL && strcmp(key, simulator->key) == 0;
}

/* What the firmware says to an answered head alone: a status of HTTP, or 0. */
static int refusal(struct mill_connection *connection, const char *method, const char **word)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    bool posts = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
    if (posts && (length == NULL || header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL)) {
        *word = "content_length_required";
        return MHD_HTTP_LENGTH_REQUIRED;
    }
    /* libmicrohttpd has refused what is no number */
    uint64_t body = posts ? strtoull(length, NULL, 10) : 0;
    if (info == NULL || body >= MILL_WIRE_REQUEST_MAX || info->header_size + body >= MILL_WIRE_REQUEST_MAX) {
        *word = "request_too_large";
        return MHD_HTTP_CONTENT_TOO_LARGE;
    }
    return 0;
}

/* A request of the device's interface, with its faults. */
static void ask_firmware(struct mill_simulator *simulator, struct mill_connection *connection,
                         const char *method, const char *path)
{
    struct mill_firmware_reply *reply = &simulator->reply;
    mill_fault_dice_reply(&simulator->dice, &simulator->faults, &connection->fate);
    simulator->counts.faults += connection->fate.fault != MILL_REPLY_WHOLE || connection->fate.delay_ns > 0;
    if (connection->fate.fault == MILL_REPLY_BURST) {
        mill_http_fail(reply, MHD_HTTP_SERVICE_UNAVAILABLE, "unavailable");
    } else if (!has_key(simulator, connection)) {
        mill_http_fail(reply, MHD_HTTP_UNAUTHORIZED, "unauthorized");
    } else {
        mill_firmware_request(simulator->firmware, mill_simulator_us(simulator, mill_now_ns()), method, path,
                              connection->body, connection->length, reply);
        mill_stream_follow(simulator); /* who reads that the stream has started can connect to it */
    }
    if (connection->fate.fault == MILL_REPLY_POWER) {
        simulator->off_ns = simulator->faults.power_off_ns;
        simulator->cycles_asked++;
    }
    connection->after_ns = reply->after_us * MILL_NS_PER_US;
    mill_simulator_hold_up(simulator, reply->before_us * MILL_NS_PER_US + simulator->service_ns);
    if (simulator->cycles_asked != simulator->cycles_done) { /* the power went off before the reply */
        mill_socket_abort(connection->fd);
        connection->aborted = true;
    }
}

static bool starts(const char *path, const char *with)
{
    return strncmp(path, with, strlen(with)) == 0;
}

/* A request is here as a whole. */
static enum MHD_Result answer_whole(struct mill_simulator *simulator, struct mill_connection *connection,
                                    const char *method, const char *path)
{
    struct mill_firmware_reply *reply = &simulator->reply;
    simulator->counts.requests++;
    connection->answering = true;
    connection->fate = (struct mill_reply_fate){.fault = MILL_REPLY_WHOLE};
    connection->after_ns = 0;
    if (strcmp(path, "/") == 0 && strcmp(method, MHD_HTTP_METHOD_GET) == 0) {
        return MHD_queue_response(connection->mhd, MHD_HTTP_OK, simulator->http.page);
    }
    if (starts(path, "/simulator/")) {
        if (has_key(simulator, connection)) {
            mill_simulator_control(simulator, method, path, connection->body, connection->length, reply);
        } else {
            mill_http_fail(reply, MHD_HTTP_UNAUTHORIZED, "unauthorized");
        }
    } else if (starts(path, "/api/")) {
        ask_firmware(simulator, connection, method, path);
    } else if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_POST) == 0) {
        mill_http_fail(reply, MHD_HTTP_NOT_FOUND, "not_found");
    } else {
        mill_http_fail(reply, MHD_HTTP_BAD_REQUEST, "unsupported_method");
    }
    connection->response = mill_http_response(simulator, connection, reply);
    connection->status = (unsigned)reply->status;
    if (connection->response == NULL || connection->aborted) {
        return MHD_NO;
    }
    if (connection->fate.delay_ns > 0) {
        mill_http_suspend(simulator, connection, connection->fate.delay_ns);
        return MHD_YES;
    }
    return mill_http_deliver(connection);
}

/* libmicrohttpd calls this with the head, with each piece of the body, at the end, and again after the
 * connection was resumed. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *mhd, const char *path, const char *method,
                              const char *version, const char *piece, size_t *size, void **request)
{
    struct mill_simulator *simulator = cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    (void)version;
    if (info == NULL || info->socket_context == NULL) {
        return MHD_NO;
    }
    struct mill_connection *connection = info->socket_context;
    if (*request == NULL) {
        const char *word;
        *request = connection;
        connection->length = 0;
        int status = refusal(connection, method, &word);
        if (status == 0) {
            return MHD_YES;
        }
        connection->fate = (struct mill_reply_fate){.fault = MILL_REPLY_WHOLE};
        mill_http_fail(&simulator->reply, status, word);
        connection->response = mill_http_response(simulator, connection, &simulator->reply);
        connection->status = (unsigned)status;
        return connection->response != NULL ? mill_http_deliver(connection) : MHD_NO;
    }
    if (connection->aborted) {
        return MHD_NO;
    }
    if (*size > 0) {
        connection->active_ns = mill_now_ns();
        if (strcmp(method, MHD_HTTP_METHOD_POST) == 0) { /* the firmware reads the body of no other */
            if (*size > sizeof connection->body - connection->length) {
                return MHD_NO; /* more than its Content-Length said, which libmicrohttpd does not hand on */
            }
            memcpy(connection->body + connection->length, piece, *size);
            connection->length += *size;
        }
        *size = 0;
        return MHD_YES;
    }
    return connection->response != NULL ? mill_http_deliver(connection)
                                        : answer_whole(simulator, connection, method, path);
}

static void completed(void *cls, struct MHD_Connection *mhd, void **request,
                      enum MHD_RequestTerminationCode code)
{
    struct mill_simulator *simulator = cls;
    struct mill_connection *connection = *request;
    (void)mhd;
    if (connection == NULL) {
        return;
    }
    if (connection->response != NULL) {
        MHD_destroy_response(connection->response);
        connection->response = NULL;
    }
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        simulator->after_ns += connection->after_ns;
    }
    connection->after_ns = 0;
    connection->answering = false;
    connection->active_ns = mill_now_ns();
    *request = NULL;
}

static void notify(void *cls, struct MHD_Connection *mhd, void **context,
                   enum MHD_ConnectionNotificationCode code)
{
    struct mill_simulator *simulator = cls;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct mill_connection *connection = *context;
        if (connection != NULL) {
            connection->stage = MILL_CONNECTION_NONE;
            simulator->http.count--;
        }
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    for (unsigned i = 0; info != NULL && i < simulator->http.capacity; i++) {
        struct mill_connection *connection = &simulator->http.connections[i];
        if (connection->stage == MILL_CONNECTION_SERVED && connection->fd == info->connect_fd) {
            connection->mhd = mhd;
            *context = connection;
            return;
        }
    }
}

void mill_http_serve(struct mill_simulator *simulator, struct mill_connection *connection)
{
    /* libmicrohttpd wants the peer's address for limits that are not used here */
    const struct sockaddr_in somebody = {.sin_family = AF_INET};
    (void)epoll_ctl(simulator->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    connection->stage = MILL_CONNECTION_SERVED;
    simulator->http.pending = true;
    if (MHD_add_connection(simulator->http.daemon, connection->fd, (const struct sockaddr *)&somebody,
                           sizeof somebody) != MHD_YES &&
        connection->mhd == NULL) { /* it has closed the descriptor */
        connection->stage = MILL_CONNECTION_NONE;
        simulator->http.count--;
    }
}

/* ---- turns ---- */

static void resume(struct mill_simulator *simulator, struct mill_connection *connection)
{
    connection->suspended = false;
    simulator->http.suspended--;
    MHD_resume_connection(connection->mhd);
    simulator->http.pending = true;
}

void mill_http_run(struct mill_simulator *simulator, uint64_t now_ns)
{
    for (unsigned i = 0; i < simulator->http.capacity && simulator->http.suspended > 0; i++) {
        struct mill_connection *connection = &simulator->http.connections[i];
        if (connection->suspended && connection->resume_ns <= now_ns) {
            resume(simulator, connection);
        }
    }
    if (now_ns >= simulator->http.sweep_ns) {
        mill_http_sweep(simulator, now_ns);
        mill_listener_unmute(simulator, &simulator->http.listener);
        mill_listener_unmute(simulator, &simulator->stream.listener);
        simulator->http.sweep_ns = now_ns + sweep_ms * MILL_NS_PER_MS;
    }
    if (simulator->http.pending) {
        MHD_UNSIGNED_LONG_LONG wait_ms;
        MHD_run(simulator->http.daemon);
        simulator->http.pending =
            MHD_get_timeout(simulator->http.daemon, &wait_ms) == MHD_YES && wait_ms == 0;
    }
}

uint64_t mill_http_next_ns(const struct mill_simulator *simulator)
{
    bool sweeps =
        simulator->http.count > 0 || simulator->http.listener.muted || simulator->stream.listener.muted;
    uint64_t next = sweeps ? simulator->http.sweep_ns : MILL_SIMULATOR_NEVER;
    for (unsigned i = 0; i < simulator->http.capacity && simulator->http.suspended > 0; i++) {
        const struct mill_connection *connection = &simulator->http.connections[i];
        if (connection->suspended && connection->resume_ns < next) {
            next = connection->resume_ns;
        }
    }
    return next;
}

static void daemon_ready(struct mill_simulator *simulator, struct mill_fd_watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
    simulator->http.pending = true;
}

void mill_http_abort_all(struct mill_simulator *simulator)
{
    for (unsigned i = 0; i < simulator->http.capacity; i++) {
        struct mill_connection *connection = &simulator->http.connections[i];
        if (connection->stage == MILL_CONNECTION_NONE) {
            continue;
        }
        if (connection->stage == MILL_CONNECTION_ARRIVING) {
            mill_socket_reset(connection->fd);
            connection->stage = MILL_CONNECTION_NONE;
            simulator->http.count--;
            continue;
        }
        mill_socket_abort(connection->fd);
        connection->aborted = true;
        if (connection->suspended) {
            resume(simulator, connection);
        }
    }
    MHD_run(simulator->http.daemon); /* which sees the ends, and closes */
}

/* ---- start and stop ---- */

/* The page with the key in it: the device's page holds its key, too. */
static int make_page(struct mill_simulator *simulator)
{
    static const char mark[] = "@KEY@";
    const char *page = (const char *)mill_live_page;
    const char *at = memmem(page, mill_live_page_length, mark, sizeof mark - 1);
    size_t before = at != NULL ? (size_t)(at - page) : mill_live_page_length;
    size_t behind = at != NULL ? before + sizeof mark - 1 : before;
    size_t key = at != NULL ? strlen(simulator->key) : 0;
    char *text = malloc(mill_live_page_length + key + 1);
    if (text == NULL) {
        return -ENOMEM;
    }
    memcpy(text, page, before);
    memcpy(text + before, simulator->key, key);
    memcpy(text + before + key, page + behind, mill_live_page_length - behind);
    simulator->http.page = MHD_create_response_from_buffer(before + key + mill_live_page_length - behind,
                                                           text, MHD_RESPMEM_MUST_FREE);
    if (simulator->http.page == NULL) {
        free(text);
        return -ENOMEM;
    }
    return mill_http_add_headers(simulator, simulator->http.page, "text/html; charset=utf-8") ? 0 : -ENOMEM;
}

/* A path is what was sent: the device compares bytes, and decoded ones may hold an end that was none. */
static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

int mill_http_create(struct mill_simulator *simulator, struct mill_error *error)
{
    unsigned capacity =
        mill_simulator_has(simulator, MILL_QUIRK_CLIENTS) ? MILL_WIRE_HTTP_CLIENTS : open_connections;
    simulator->http.listener.watch.ready = mill_http_accept;
    simulator->http.daemon_watch.ready = daemon_ready;
    simulator->http.connections = calloc(capacity, sizeof *simulator->http.connections);
    if (simulator->http.connections == NULL || make_page(simulator) < 0) {
        return mill_error_set(error, -ENOMEM, "simulator: no memory");
    }
    simulator->http.capacity = capacity;
    simulator->http.daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
        0, NULL, NULL, handle, simulator, MHD_OPTION_NOTIFY_COMPLETED, completed, simulator,
        MHD_OPTION_NOTIFY_CONNECTION, notify, simulator, MHD_OPTION_CONNECTION_LIMIT, capacity + 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)connection_memory, MHD_OPTION_STRICT_FOR_CLIENT, -1,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_END);
    if (simulator->http.daemon == NULL) {
        int status = errno != 0 ? -errno : -ENOMEM;
        return mill_error_set(error, status, "simulator: libmicrohttpd did not start: %s", strerror(-status));
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(simulator->http.daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL) {
        return mill_error_set(error, -ENOSYS, "simulator: this libmicrohttpd has no epoll");
    }
    return mill_simulator_watch(simulator, info->epoll_fd, EPOLLIN, &simulator->http.daemon_watch);
}

void mill_http_destroy(struct mill_simulator *simulator)
{
    if (simulator->http.daemon != NULL) {
        mill_http_abort_all(simulator);
        MHD_stop_daemon(simulator->http.daemon);
    }
    if (simulator->http.page != NULL) {
        MHD_destroy_response(simulator->http.page);
    }
    free(simulator->http.connections);
}

/* Ports, and what happens to a connection before a request is complete enough to be served. The device counts
 * its connections, resets the ninth, and answers what is too long or too slow itself; libmicrohttpd has no
 * such answers (it closes an idle connection without a word, and an overlong head gets its own page). So the
 * head is only looked at here (MSG_PEEK) until it is complete, and then all of it is libmicrohttpd's to read.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "device/simulator_parts.h"

enum { backlog = 64 };

/* ---- ports ---- */

/* A socket bound to the listener's address; SO_REUSEADDR lets it share the port with the holder, and with
 * connections that were closed a moment ago, though not with anybody who listens. */
static int bound_socket(const struct mill_listener *listener)
{
    int on = 1;
    int fd = socket(listener->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (const struct sockaddr *)&listener->address, listener->address_length) < 0) {
        int status = -errno;
        close(fd);
        return status;
    }
    return fd;
}

static int resolve(struct mill_listener *listener, const char *address, unsigned port,
                   struct mill_error *error)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char service[16];
    snprintf(service, sizeof service, "%u", port);
    int status = getaddrinfo(address, service, &hints, &found);
    if (status != 0) {
        return mill_error_set(error, status == EAI_MEMORY ? -ENOMEM : -EINVAL,
                              "simulator: '%s' is no address of the form 127.0.0.1 or ::1", address);
    }
    memcpy(&listener->address, found->ai_addr, found->ai_addrlen);
    listener->address_length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static int refuse(const struct mill_listener *listener, int status, const char *address, unsigned port,
                  struct mill_error *error)
{
    const char *remedy = status == -EADDRINUSE      ? "; choose another, or 0 for any that is free"
                         : status == -EACCES        ? "; choose one over 1023"
                         : status == -EADDRNOTAVAIL ? "; this machine has no such address"
                                                    : "";
    return mill_error_set(error, status, "simulator: no %s port %u at %s: %s%s", listener->what, port,
                          address, strerror(-status), remedy);
}

int mill_listener_open(struct mill_listener *listener, const char *what, const char *address, unsigned port,
                       struct mill_error *error)
{
    listener->what = what;
    listener->fd = -1;
    listener->holder = -1;
    int status = resolve(listener, address, port, error);
    if (status < 0) {
        return status;
    }
    /* Only listening finds out whether anybody else does. */
    int probe = bound_socket(listener);
    if (probe < 0) {
        return refuse(listener, probe, address, port, error);
    }
    status = listen(probe, backlog) < 0 ? -errno : 0;
    if (status == 0 &&
        getsockname(probe, (struct sockaddr *)&listener->address, &listener->address_length) < 0) {
        status = -errno;
    }
    close(probe);
    if (status == 0) {
        listener->holder = bound_socket(listener);
        status = listener->holder < 0 ? listener->holder : 0;
    }
    return status < 0 ? refuse(listener, status, address, port, error) : 0;
}

void mill_listener_close(struct mill_listener *listener)
{
    if (listener->fd >= 0) {
        close(listener->fd);
    }
    if (listener->holder >= 0) {
        close(listener->holder);
    }
    listener->fd = -1;
    listener->holder = -1;
}

unsigned mill_listener_port(const struct mill_listener *listener)
{
    return listener->address.ss_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)(const void *)&listener->address)->sin6_port)
               : ntohs(((const struct sockaddr_in *)(const void *)&listener->address)->sin_port);
}

int mill_listener_listen(struct mill_simulator *simulator, struct mill_listener *listener, bool listens)
{
    if (listens == (listener->fd >= 0)) {
        return 0;
    }
    listener->muted = false;
    if (!listens) {
        close(listener->fd);
        listener->fd = -1;
        return 0;
    }
    int fd = bound_socket(listener);
    int status = fd < 0 ? fd : 0;
    if (status == 0 && listen(fd, backlog) < 0) {
        status = -errno;
    }
    if (status == 0) {
        status = mill_simulator_watch(simulator, fd, EPOLLIN, &listener->watch);
    }
    if (status < 0) {
        if (fd >= 0) {
            close(fd);
        }
        listener->muted = true;
        return status;
    }
    listener->fd = fd;
    return 0;
}

static void mute(struct mill_simulator *simulator, struct mill_listener *listener, bool muted)
{
    struct epoll_event event = {.events = muted ? 0 : EPOLLIN, .data.ptr = &listener->watch};
    if (listener->fd >= 0 && epoll_ctl(simulator->epoll, EPOLL_CTL_MOD, listener->fd, &event) == 0) {
        listener->muted = muted;
    }
}

void mill_listener_unmute(struct mill_simulator *simulator, struct mill_listener *listener)
{
    if (listener->muted && listener->fd >= 0) {
        mute(simulator, listener, false);
    }
}

int mill_listener_accept(struct mill_simulator *simulator, struct mill_listener *listener)
{
    int on = 1;
    while (listener->fd >= 0) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return fd;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            mute(simulator, listener, true);
            return -1;
        }
        if (errno != EINTR && errno != ECONNABORTED) {
            return -1;
        }
    }
    return -1;
}

/* ---- ways to end ---- */

void mill_socket_abort(int fd)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    (void)connect(fd, &nobody, sizeof nobody); /* Linux: dissolves the connection with a reset */
}

void mill_socket_reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

/* Sends an error past libmicrohttpd. What came and was not read is thrown away, since closing over it would
 * make the end a reset. */
static void send_error(int fd, const char *status_line, const char *word)
{
    char text[512], body[128], unread[4096];
    int length = snprintf(body, sizeof body, "{\"status\":\"error\",\"error\":\"%s\"}", word);
    length = snprintf(text, sizeof text,
                      "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                      "Connection: close\r\nAccess-Control-Allow-Origin: *\r\n\r\n%s",
                      status_line, length, body);
    (void)send(fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (recv(fd, unread, sizeof unread, MSG_DONTWAIT) > 0) {
    }
}

/* ---- connections that arrive ---- */

static void forget(struct mill_simulator *simulator, struct mill_connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    connection->stage = MILL_CONNECTION_NONE;
    simulator->http.count--;
}

static void head_arrives(struct mill_simulator *simulator, struct mill_fd_watch *watch, uint32_t events)
{
    struct mill_connection *connection = (struct mill_connection *)(void *)watch;
    char head[MILL_WIRE_REQUEST_MAX];
    if (connection->stage != MILL_CONNECTION_ARRIVING) {
        return;
    }
    ssize_t length = recv(connection->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (length > 0 && memmem(head, (size_t)length, "\r\n\r\n", 4) != NULL) {
        mill_http_serve(simulator, connection);
    } else if (length == (ssize_t)sizeof head) {
        send_error(connection->fd, "413 Content Too Large", "request_too_large");
        forget(simulator, connection);
    } else if (length <= 0 || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        forget(simulator, connection); /* no more will come */
    } else {
        connection->active_ns = mill_now_ns();
    }
}

static struct mill_connection *free_slot(struct mill_simulator *simulator)
{
    for (unsigned i = 0; i < simulator->http.capacity; i++) {
        if (simulator->http.connections[i].stage == MILL_CONNECTION_NONE) {
            return &simulator->http.connections[i];
        }
    }
    return NULL;
}

void mill_http_accept(struct mill_simulator *simulator, struct mill_fd_watch *watch, uint32_t events)
{
    int fd;
    (void)watch;
    (void)events;
    while ((fd = mill_listener_accept(simulator, &simulator->http.listener)) >= 0) {
        struct mill_connection *connection = free_slot(simulator);
        if (connection == NULL ||
            simulator->http.count + simulator->faults.kept_connections >= simulator->http.capacity) {
            simulator->counts.refused++;
            mill_socket_reset(fd);
            continue;
        }
        *connection = (struct mill_connection){
            .watch = {head_arrives},
            .owner = simulator,
            .stage = MILL_CONNECTION_ARRIVING,
            .fd = fd,
            .active_ns = mill_now_ns(),
        };
        simulator->http.count++;
        /* edge-triggered: bytes that were looked at and left are no reason to wake up */
        if (mill_simulator_watch(simulator, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, &connection->watch) < 0) {
            forget(simulator, connection);
        }
    }
}

/* Has the peer ended, and left a request that will not become whole, or none? libmicrohttpd, which waits for
 * the next edge, does not see an end that came together with the last bytes. */
static bool has_ended(const struct mill_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void mill_http_sweep(struct mill_simulator *simulator, uint64_t now_ns)
{
    for (unsigned i = 0; i < simulator->http.capacity && simulator->http.count > 0; i++) {
        struct mill_connection *connection = &simulator->http.connections[i];
        if (connection->stage == MILL_CONNECTION_NONE || connection->answering || connection->aborted) {
            continue;
        }
        if (!has_ended(connection)) {
            if (now_ns < connection->active_ns + MILL_WIRE_IDLE_MS * MILL_NS_PER_MS) {
                continue;
            }
            send_error(connection->fd, "408 Request Timeout", "timeout");
        }
        if (connection->stage == MILL_CONNECTION_ARRIVING) {
            forget(simulator, connection);
        } else { /* libmicrohttpd closes it when it sees the end */
            connection->aborted = true;
            (void)shutdown(connection->fd, SHUT_RDWR);
            simulator->http.pending = true;
        }
    }
}

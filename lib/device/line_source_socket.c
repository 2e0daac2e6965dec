/* A stream over TCP. Whatever waits, waits in poll, for the socket and for an eventfd that interrupts it.
 */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/timeout.h"
#include "device/line_source.h"
#include "device/wire.h"

#define BUFFER (8 * MILL_WIRE_LINE_MAX)

struct socket_source {
    struct mill_line_source source;
    char host[256];
    char port[8];
    int receive_bytes;
    int wake; /* an eventfd, readable while interrupted */
    atomic_bool interrupted;

    /* the reader's alone */
    bool skips; /* what comes up to the next newline belongs to a line that is too long */
    size_t begin;
    size_t end; /* of what was received and not yet read */
    uint64_t arrived_ns;
    char buffer[BUFFER];

    pthread_mutex_t mutex; /* protects `connection` against writers; the reader alone changes it */
    int connection;        /* -1: none */
};

static struct socket_source *socket_of(struct mill_line_source *source)
{
    return (struct socket_source *)source;
}

static int failed(const struct socket_source *self, int status, const char *what, struct mill_error *error)
{
    return mill_error_set(error, status, "stream %s:%s: %s: %s", self->host, self->port, what,
                          strerror(-status));
}

/* ---- waiting ---- */

/* Waits until the socket can be read from or written to. 0, -ETIMEDOUT, -ECANCELED. */
static int await(const struct socket_source *self, int descriptor, short events, uint64_t deadline)
{
    struct pollfd waited[] = {{.fd = self->wake, .events = POLLIN}, {.fd = descriptor, .events = events}};
    for (;;) {
        uint64_t now = mill_now_ns();
        struct timespec left = mill_deadline_timespec(deadline > now ? deadline - now : 0);
        int ready = ppoll(waited, 2, deadline == MILL_NO_DEADLINE ? NULL : &left, NULL);
        if (ready > 0) {
            return waited[0].revents ? -ECANCELED : 0;
        }
        if (ready == 0) {
            return -ETIMEDOUT;
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
}

static void interrupt(struct mill_line_source *source, int on)
{
    struct socket_source *self = socket_of(source);
    eventfd_t value;
    /* relaxed: the reader looks again and again; who waits is woken by the eventfd */
    atomic_store_explicit(&self->interrupted, on, memory_order_relaxed);
    if (on) {
        eventfd_write(self->wake, 1);
    } else {
        eventfd_read(self->wake, &value); /* does not block: there may be nothing to take back */
    }
}

/* ---- connecting ---- */

static int connect_to(const struct socket_source *self, const struct addrinfo *address, uint64_t deadline,
                      int *connection)
{
    int descriptor =
        socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
    if (descriptor < 0) {
        return -errno;
    }
    if (self->receive_bytes >
        0) { /* before it connects, which tells the other side; the kernel has its least */
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &self->receive_bytes, sizeof self->receive_bytes);
    }
    int status = connect(descriptor, address->ai_addr, address->ai_addrlen) == 0 ? 0 : -errno;
    if (status == -EINPROGRESS) {
        status = await(self, descriptor, POLLOUT, deadline);
        int late = 0;
        socklen_t size = sizeof late;
        if (status == 0 && getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &late, &size) == 0) {
            status = -late;
        }
    }
    if (status < 0) {
        close(descriptor);
        return status;
    }
    *connection = descriptor;
    return 0;
}

static int look_up(const struct socket_source *self, struct addrinfo **addresses, struct mill_error *error)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int result = getaddrinfo(self->host, self->port, &hints, addresses);
    if (result == 0) {
        return 0;
    }
    return mill_error_set(error, result == EAI_MEMORY ? -ENOMEM : -ENOENT, "stream %s:%s: %s", self->host,
                          self->port, gai_strerror(result));
}

static int open_socket(struct mill_line_source *source, uint64_t deadline, struct mill_error *error)
{
    struct socket_source *self = socket_of(source);
    struct addrinfo *addresses;
    int connection = -1;
    int status = look_up(self, &addresses, error);
    if (status < 0) {
        return status;
    }
    status = -ENOENT;
    for (struct addrinfo *one = addresses; one && status < 0 && status != -ECANCELED; one = one->ai_next) {
        status = connect_to(self, one, deadline, &connection);
    }
    freeaddrinfo(addresses);
    if (status < 0) {
        return failed(self, status, "connecting", error);
    }
    self->skips = false;
    self->begin = 0;
    self->end = 0;
    pthread_mutex_lock(&self->mutex);
    self->connection = connection;
    pthread_mutex_unlock(&self->mutex);
    return 0;
}

static void close_socket(struct mill_line_source *source)
{
    struct socket_source *self = socket_of(source);
    pthread_mutex_lock(&self->mutex);
    if (self->connection >= 0) {
        close(self->connection);
        self->connection = -1;
    }
    pthread_mutex_unlock(&self->mutex);
}

/* ---- reading ---- */

/* Receives what there is behind what is there. 0, -ENODATA at the end, or as await. */
static int receive(struct socket_source *self, uint64_t deadline)
{
    memmove(self->buffer, self->buffer + self->begin, self->end - self->begin);
    self->end -= self->begin;
    self->begin = 0;
    for (;;) {
        int status = await(self, self->connection, POLLIN, deadline);
        if (status < 0) {
            return status;
        }
        ssize_t got = recv(self->connection, self->buffer + self->end, BUFFER - self->end, 0);
        if (got > 0) {
            self->arrived_ns = mill_now_ns();
            self->end += (size_t)got;
            return 0;
        }
        if (got == 0) {
            return -ENODATA;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
    }
}

static int too_long(const struct socket_source *self, struct mill_error *error)
{
    return mill_error_set(error, -EMSGSIZE, "stream %s:%s: a line of more than %u bytes", self->host,
                          self->port, MILL_WIRE_LINE_MAX);
}

/* The line that ends at `newline`. Its length or -EMSGSIZE. */
static int take_line(struct socket_source *self, const char *newline, char *line, size_t size,
                     struct mill_error *error)
{
    const char *text = self->buffer + self->begin;
    size_t length = (size_t)(newline - text);
    bool skipped = self->skips;
    self->begin += length + 1;
    self->skips = false;
    length -= length > 0 && text[length - 1] == '\r';
    if (skipped || length > size) {
        return too_long(self, error);
    }
    memcpy(line, text, length);
    return (int)length;
}

static int read_line(struct mill_line_source *source, char *line, size_t size, uint64_t *arrived_ns,
                     uint64_t deadline, struct mill_error *error)
{
    struct socket_source *self = socket_of(source);
    for (bool again = false;; again = true) {
        if (atomic_load_explicit(&self->interrupted, memory_order_relaxed)) {
            return -ECANCELED;
        }
        const char *newline = memchr(self->buffer + self->begin, '\n', self->end - self->begin);
        if (newline) {
            *arrived_ns = self->arrived_ns;
            return take_line(self, newline, line, size, error);
        }
        if (self->end - self->begin > MILL_WIRE_LINE_MAX + 1) {
            self->skips = true;
        }
        if (self->skips) {
            self->begin = self->end;
        }
        int status = again && mill_now_ns() >= deadline ? -ETIMEDOUT : receive(self, deadline);
        if (status == -ENODATA) {
            return mill_error_set(error, status, "stream %s:%s: closed by the device", self->host,
                                  self->port);
        }
        if (status == -ETIMEDOUT) {
            return mill_error_set(error, status, "stream %s:%s: silent for too long", self->host, self->port);
        }
        if (status < 0) {
            return failed(self, status, "reading", error);
        }
    }
}

/* ---- writing ---- */

/* A command that went out by half cannot be mended: the connection is ended. */
static int write_text(struct mill_line_source *source, const char *text, size_t length)
{
    struct socket_source *self = socket_of(source);
    int status = -ENOTCONN;
    pthread_mutex_lock(&self->mutex);
    if (self->connection >= 0) {
        ssize_t sent = send(self->connection, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        status = sent < 0 ? -errno : 0;
        if (sent >= 0 && (size_t)sent < length) {
            shutdown(self->connection, SHUT_RDWR);
            status = -EPIPE;
        }
    }
    pthread_mutex_unlock(&self->mutex);
    return status;
}

/* ---- made and unmade ---- */

static void destroy(struct mill_line_source *source)
{
    struct socket_source *self = socket_of(source);
    close_socket(source);
    close(self->wake);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

static const struct mill_line_source_ops ops = {
    .name = "socket",
    .open = open_socket,
    .read = read_line,
    .write = write_text,
    .close = close_socket,
    .interrupt = interrupt,
    .destroy = destroy,
};

static int check_plan(const struct mill_stream_socket_plan *plan)
{
    size_t room = sizeof(((struct socket_source *)NULL)->host);
    bool fits = plan && plan->host && plan->host[0] != '\0' && strlen(plan->host) < room && plan->port > 0 &&
                plan->port <= UINT16_MAX && plan->receive_bytes <= INT_MAX;
    return fits ? 0 : -EINVAL;
}

int mill_stream_socket_create(const struct mill_stream_socket_plan *plan, struct mill_line_source **source)
{
    int status = source ? check_plan(plan) : -EINVAL;
    if (status < 0) {
        return status;
    }
    struct socket_source *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->source.ops = &ops;
    made->connection = -1;
    made->receive_bytes = (int)plan->receive_bytes;
    memcpy(made->host, plan->host, strlen(plan->host) + 1);
    snprintf(made->port, sizeof made->port, "%u", plan->port);
    made->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (made->wake < 0) {
        status = -errno;
        goto no_wake;
    }
    status = -pthread_mutex_init(&made->mutex, NULL);
    if (status < 0) {
        goto no_mutex;
    }
    *source = &made->source;
    return 0;

no_mutex:
    close(made->wake);
no_wake:
    free(made);
    return status;
}

/* Where the lines of a stream come from: a socket, or a feed in this process. The streamer (streamer.h)
 * stands on this table and does not know which.
 *
 *     struct mill_line_source *source;
 *     const struct mill_stream_socket_plan plan = {.host = "192.168.1.100", .port = MILL_WIRE_STREAM_PORT};
 *     int status = mill_stream_socket_create(&plan, &source);
 *     …
 *     mill_line_source_destroy(source);
 *
 *   socket   TCP; connecting and reading wait in poll, which an eventfd wakes
 *   feed     lines that other threads of this process put into it (line_feed.h): for schedules under control,
 *            and for whoever has lines already
 *
 * One thread at a time opens, reads and closes. Any thread writes, and interrupts. Blocking up to the
 * deadline (core/timeout.h), or until it is interrupted.
 */
#ifndef MILL_DEVICE_LINE_SOURCE_H
#define MILL_DEVICE_LINE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

struct mill_line_source;

struct mill_line_source_ops {
    const char *name;

    /* Gets ready to read from the beginning of a stream. 0; -ETIMEDOUT; -ECANCELED (interrupted); what is
     * wrong with the other side (-ECONNREFUSED, -EHOSTUNREACH, -ENOENT: no such host, …); -ENOMEM. */
    int (*open)(struct mill_line_source *source, uint64_t deadline, struct mill_error *error);

    /* The next line, without its newline and a '\r' before it, and when it arrived, by mill_now_ns(). At most
     * `size` bytes; it may hold any, and there is no NUL behind them. Returns the length; -EMSGSIZE: a line
     * that is longer, which was skipped up to its newline, so that reading can go on; -ENODATA: the other
     * side has ended the stream (what stands before that without a newline is no line); -ETIMEDOUT, and what
     * came so far is kept; -ECANCELED; -ECONNRESET and the like. */
    int (*read)(struct mill_line_source *source, char *line, size_t size, uint64_t *arrived_ns,
                uint64_t deadline, struct mill_error *error);

    /* Sends a command, with its newline. Never waits. 0; -ENOTCONN; -EAGAIN: there is no room for it, and
     * nothing was sent; or what the connection says. */
    int (*write)(struct mill_line_source *source, const char *text, size_t length);

    /* Ends what open began; also after a failure; twice is fine. */
    void (*close)(struct mill_line_source *source);

    /* With `on`, a call of open or read that waits, and every later one, returns -ECANCELED at once, until it
     * is taken back. */
    void (*interrupt)(struct mill_line_source *source, int on);

    void (*destroy)(struct mill_line_source *source);
};

/* How every source begins. */
struct mill_line_source {
    const struct mill_line_source_ops *ops;
};

struct mill_stream_socket_plan {
    const char *host; /* a name or an address; looked up at each open, which cannot be interrupted while the
                         resolver works */
    unsigned port;
    unsigned receive_bytes; /* of the kernel's receive buffer (SO_RCVBUF); 0: as large as the kernel likes */
};

/* A TCP stream. 0; -EINVAL (NULL, an empty host or one over 255 bytes, a port of 0 or over 65535, more than
 * INT_MAX bytes); -ENOMEM; -EMFILE, -ENFILE. */
int mill_stream_socket_create(const struct mill_stream_socket_plan *plan, struct mill_line_source **source);

/* Nobody uses it any more. NULL is fine. */
static inline void mill_line_source_destroy(struct mill_line_source *source)
{
    if (source) {
        source->ops->destroy(source);
    }
}

#endif

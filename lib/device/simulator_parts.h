/* What the parts of the simulator share; included by simulator*.c alone.
 *
 * One thread, the main loop, owns the firmware, every socket and libmicrohttpd's daemon (which has no thread
 * of its own: it runs when the loop calls it). Each descriptor that the loop waits for has a watch, whose
 * `ready` it calls. Slots of connections and clients are allocated at the start and never move, so that an
 * event for one that was closed in the same turn finds a slot that says so.
 */
#ifndef MILL_DEVICE_SIMULATOR_PARTS_H
#define MILL_DEVICE_SIMULATOR_PARTS_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/clock.h"
#include "device/fault_dice.h"
#include "device/firmware.h"
#include "device/simulator.h"

#define MILL_SIMULATOR_NEVER UINT64_MAX

struct mill_fd_watch {
    void (*ready)(struct mill_simulator *simulator, struct mill_fd_watch *watch, uint32_t events);
};

/* A port that is ours as long as the simulator lives, whether it listens or not: `holder` is bound to it and
 * never listens. */
struct mill_listener {
    struct mill_fd_watch watch;
    const char *what; /* "HTTP", "stream" */
    struct sockaddr_storage address;
    socklen_t address_length;
    int holder;
    int fd;     /* -1: does not listen */
    bool muted; /* wants to be tried again: there were no descriptors, or no port */
};

enum mill_connection_stage {
    MILL_CONNECTION_NONE,
    MILL_CONNECTION_ARRIVING, /* its head is not complete, and still in the kernel's buffer */
    MILL_CONNECTION_SERVED,   /* libmicrohttpd's */
};

struct mill_connection {
    struct mill_fd_watch watch; /* while it arrives */
    struct mill_simulator *owner;
    enum mill_connection_stage stage;
    int fd;
    bool answering;     /* the request is here, the answer not yet gone: it is not idle */
    bool aborted;       /* nothing more is to be sent */
    bool suspended;     /* until resume_ns */
    uint64_t active_ns; /* when something last came */
    uint64_t resume_ns;
    uint64_t after_ns; /* the main loop is busy for so long once the answer has gone */
    struct MHD_Connection *mhd;
    struct MHD_Response *response; /* made, and held back */
    unsigned status;
    struct mill_reply_fate fate;
    size_t length; /* of the body that came */
    char body[MILL_WIRE_REQUEST_MAX];
};

struct mill_stream_client {
    struct mill_fd_watch watch;
    int fd; /* -1: a free slot */
    unsigned interval_ms;
    uint64_t next_ns; /* of the next sample */
    bool overlong;    /* what comes up to the next newline is passed over */
    size_t length;
    char line[128];
};

struct mill_simulator {
    /* constant once started */
    unsigned quirks;
    uint64_t service_ns;
    uint64_t origin_ns; /* the device's clock is 0 */
    char key[128];
    int epoll;
    int wake;  /* eventfd: somebody wants the main loop */
    int timer; /* timerfd */
    struct mill_thread *thread;
    struct mill_fd_watch wake_watch, timer_watch;

    pthread_mutex_t lock; /* protects all below; the main loop lets go of it while it waits or is held up */
    pthread_cond_t cycled;
    bool stopping;
    uint64_t off_ns; /* of the power cycle that was asked for */
    uint64_t cycles_asked, cycles_done;
    struct mill_firmware *firmware;
    struct mill_faults faults;
    struct mill_fault_dice dice;
    struct mill_simulator_counts counts;
    uint64_t last_us;  /* of the device's clock */
    uint64_t armed_ns; /* the timer's deadline */
    uint64_t after_ns; /* to be held up for, once this turn's answers have gone */
    bool held_up;      /* since the last samples */
    struct mill_firmware_reply reply;

    struct {
        struct mill_listener listener;
        struct mill_fd_watch daemon_watch;
        struct MHD_Daemon *daemon;
        struct MHD_Response *page;
        struct mill_connection *connections;
        unsigned capacity, count, suspended;
        bool pending; /* the daemon is to run though no descriptor says so */
        uint64_t sweep_ns;
    } http;

    struct {
        struct mill_listener listener;
        struct mill_stream_client *clients;
        unsigned capacity, count;
    } stream;
};

static inline bool mill_simulator_has(const struct mill_simulator *simulator, enum mill_quirk quirk)
{
    return (simulator->quirks & (unsigned)quirk) != 0;
}

/* Microseconds of the device's clock at `now_ns`; never goes back, though samples are sent as of deadlines
 * that may lie before a request that was answered meanwhile. */
static inline uint64_t mill_simulator_us(struct mill_simulator *simulator, uint64_t now_ns)
{
    uint64_t us = (now_ns - simulator->origin_ns) / MILL_NS_PER_US;
    simulator->last_us = us > simulator->last_us ? us : simulator->last_us;
    return simulator->last_us;
}

/* When the main loop turns next, at `ns` or behind: with MILL_QUIRK_LOOP_DELAY at whole milliseconds. */
static inline uint64_t mill_simulator_tick(const struct mill_simulator *simulator, uint64_t ns)
{
    uint64_t past = (ns - simulator->origin_ns) % MILL_NS_PER_MS;
    return !mill_simulator_has(simulator, MILL_QUIRK_LOOP_DELAY) || past == 0 ? ns
                                                                              : ns + MILL_NS_PER_MS - past;
}

/* ---- simulator.c ---- */

/* The main loop does nothing else for `ns`; shorter when the simulator stops or loses its power. */
void mill_simulator_hold_up(struct mill_simulator *simulator, uint64_t ns);

/* 0 or a negative errno. */
int mill_simulator_watch(struct mill_simulator *simulator, int fd, uint32_t events,
                         struct mill_fd_watch *watch);

/* ---- simulator_accept.c: ports, and connections until their head is complete ---- */

/* Finds out whether the port can be had, and keeps it; does not listen yet. */
int mill_listener_open(struct mill_listener *listener, const char *what, const char *address, unsigned port,
                       struct mill_error *error);
void mill_listener_close(struct mill_listener *listener);
unsigned mill_listener_port(const struct mill_listener *listener);

/* Listens from now on, or no longer. What fails is tried again at the next call. */
int mill_listener_listen(struct mill_simulator *simulator, struct mill_listener *listener, bool listens);

/* The next connection, or -1: none waits. Without descriptors to spare it mutes the listener. */
int mill_listener_accept(struct mill_simulator *simulator, struct mill_listener *listener);
void mill_listener_unmute(struct mill_simulator *simulator, struct mill_listener *listener);

/* The peer sees a reset; the descriptor stays open. */
void mill_socket_abort(int fd);
/* …and is closed. */
void mill_socket_reset(int fd);

void mill_http_accept(struct mill_simulator *simulator, struct mill_fd_watch *watch, uint32_t events);

/* Answers what was idle for too long, and closes what its peer has left. */
void mill_http_sweep(struct mill_simulator *simulator, uint64_t now_ns);

/* ---- simulator_http.c: libmicrohttpd ---- */

int mill_http_create(struct mill_simulator *simulator, struct mill_error *error);
void mill_http_destroy(struct mill_simulator *simulator);

/* Gives a connection whose head is complete to libmicrohttpd. */
void mill_http_serve(struct mill_simulator *simulator, struct mill_connection *connection);

/* Everything that can be done without waiting. */
void mill_http_run(struct mill_simulator *simulator, uint64_t now_ns);
uint64_t mill_http_next_ns(const struct mill_simulator *simulator);

/* Every connection is reset. */
void mill_http_abort_all(struct mill_simulator *simulator);

/* ---- simulator_answer.c: answers, whole or as faults would have them ---- */

void mill_http_fail(struct mill_firmware_reply *reply, int status, const char *word);

/* The headers of every answer; true when they could be added. */
bool mill_http_add_headers(const struct mill_simulator *simulator, struct MHD_Response *response,
                           const char *type);

/* `reply` as a response, or NULL: no memory. */
struct MHD_Response *mill_http_response(const struct mill_simulator *simulator,
                                        struct mill_connection *connection,
                                        struct mill_firmware_reply *reply);

/* Sends what was made, or does what is done instead. */
enum MHD_Result mill_http_deliver(struct mill_connection *connection);

/* Nothing is done for the connection until `ns` from now. */
void mill_http_suspend(struct mill_simulator *simulator, struct mill_connection *connection, uint64_t ns);

/* ---- simulator_control.c: what only a simulator answers, under /simulator/ ---- */

void mill_simulator_control(struct mill_simulator *simulator, const char *method, const char *path,
                            const char *body, size_t length, struct mill_firmware_reply *reply);

/* ---- simulator_stream.c ---- */

int mill_stream_create(struct mill_simulator *simulator);
void mill_stream_destroy(struct mill_simulator *simulator);

/* Does what the firmware says: listens, or sends everybody away. */
void mill_stream_follow(struct mill_simulator *simulator);
void mill_stream_close_all(struct mill_simulator *simulator, bool reset);

/* Sends the samples that are due. */
void mill_stream_run(struct mill_simulator *simulator, uint64_t now_ns);
uint64_t mill_stream_next_ns(const struct mill_simulator *simulator);

/* ---- the live page, made of live_page.html by CMakeLists.txt ---- */

extern const unsigned char mill_live_page[];
extern const size_t mill_live_page_length;

#endif

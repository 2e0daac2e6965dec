/* threadmill-device-load: how many requests a second the simulator serves with its quirks off, beside a bare
 * libmicrohttpd that says hello to whatever it is asked, under the same load and in interleaved rounds.
 *
 *     threadmill-device-load [ROUNDS [CONNECTIONS]]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "device/simulator.h"

enum {
    connections_max = 64,
    rounds_max = 1000,
};

static const uint64_t window_ns = 200 * MILL_NS_PER_MS;

/* ---- the bare one ---- */

static enum MHD_Result say_hello(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *body, size_t *size,
                                 void **request)
{
    static int seen;
    (void)url;
    (void)method;
    (void)version;
    (void)body;
    *size = 0;
    if (!*request) {
        *request = &seen;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, cls);
}

/* ---- the load: requests on every connection, then their answers, and again ---- */

static int dial(unsigned port)
{
    int on = 1;
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) {
        perror("threadmill-device-load: connect");
        exit(3);
    }
    return fd;
}

/* One answer: its head, and as many bytes behind it as the head says. False: it is none. */
static bool read_answer(int fd)
{
    char text[4096];
    size_t length = 0;
    for (;;) {
        ssize_t count = recv(fd, text + length, sizeof text - 1 - length, 0);
        if (count <= 0) {
            return false;
        }
        length += (size_t)count;
        text[length] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *promised = strstr(text, "Content-Length: ");
        if (end && promised) {
            size_t whole = (size_t)(end + 4 - text) + (size_t)atol(promised + 16);
            if (length >= whole) {
                return length == whole && strncmp(text, "HTTP/1.1 200", 12) == 0;
            }
        }
    }
}

/* Requests a second over one window. */
static double load(const int *fds, size_t count)
{
    static const char request[] =
        "GET /api/v1/status HTTP/1.1\r\nHost: valve\r\nX-API-Key: " MILL_WIRE_KEY "\r\n\r\n";
    uint64_t begun = mill_now_ns(), now = begun, answers = 0;
    while (now - begun < window_ns) {
        for (size_t i = 0; i < count; i++) {
            if (send(fds[i], request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1) {
                fputs("threadmill-device-load: a request was not sent\n", stderr);
                exit(3);
            }
        }
        for (size_t i = 0; i < count; i++) {
            if (!read_answer(fds[i])) {
                fputs("threadmill-device-load: no answer\n", stderr);
                exit(3);
            }
        }
        answers += count;
        now = mill_now_ns();
    }
    return (double)answers * 1e9 / (double)(now - begun);
}

static int by_value(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 != 0 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static size_t number(const char *text, size_t maximum)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end != '\0' || value < 1 || value > maximum) {
        fprintf(stderr, "threadmill-device-load: '%s' is no number from 1 to %zu\n", text, maximum);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static double bare[rounds_max], simulated[rounds_max], ratios[rounds_max];
    size_t rounds = argc > 1 ? number(argv[1], rounds_max) : 20;
    size_t connections = argc > 2 ? number(argv[2], connections_max) : 8;
    int bare_fds[connections_max], simulator_fds[connections_max];
    static char hello[] = "{\"hello\":\"valve\"}";
    struct mill_error error;
    struct mill_simulator *simulator;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof hello - 1, hello, MHD_RESPMEM_PERSISTENT);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, say_hello, response, MHD_OPTION_END);
    if (!daemon || !response) {
        fputs("threadmill-device-load: libmicrohttpd did not start\n", stderr);
        return 3;
    }
    if (mill_simulator_start(&(struct mill_simulator_plan){.quirks = MILL_QUIRKS_NONE}, &simulator, &error) <
        0) {
        fprintf(stderr, "threadmill-device-load: %s\n", error.message);
        return 3;
    }
    for (size_t i = 0; i < connections; i++) {
        bare_fds[i] = dial(MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
        simulator_fds[i] = dial(mill_simulator_http_port(simulator));
    }
    for (size_t round = 0; round < rounds; round++) {
        bool first = round % 2 == 0;
        bare[round] = first ? load(bare_fds, connections) : 0;
        simulated[round] = load(simulator_fds, connections);
        bare[round] = first ? bare[round] : load(bare_fds, connections);
        ratios[round] = simulated[round] / bare[round];
    }
    printf("%zu connections, %zu rounds: bare %.0f/s, simulator %.0f/s, ratio %.2f\n", connections, rounds,
           median(bare, rounds), median(simulated, rounds), median(ratios, rounds));
    mill_simulator_stop(simulator);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    for (size_t i = 0; i < connections; i++) {
        close(bare_fds[i]);
        close(simulator_fds[i]);
    }
    return 0;
}

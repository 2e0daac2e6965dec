/* A client of bare sockets for the tests of the simulator: it sends what it is told, byte by byte, and shows
 * what came, how it ended included. Included once by each such test.
 */
#ifndef MILL_DEVICE_TEST_SIMULATOR_H
#define MILL_DEVICE_TEST_SIMULATOR_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/error.h"
#include "device/simulator.h"

#define TEST_UNUSED __attribute__((unused)) static

/* How long anything may take before the test fails. */
enum { patience_s = 30 };

#define KEY_LINE "X-API-Key: steve-valve-2025\r\n"

struct answer {
    int status; /* of HTTP; 0: none came */
    int end;    /* 0: closed in order; ECONNRESET */
    size_t length;
    char text[16384];
    const char *body; /* within text; "" */
};

/* ---- simulators ---- */

TEST_UNUSED struct mill_simulator *start(const struct mill_simulator_plan *plan)
{
    struct mill_simulator *simulator;
    struct mill_error error;
    if (mill_simulator_start(plan, &simulator, &error) < 0) {
        fail_msg("%s", error.message);
    }
    return simulator;
}

TEST_UNUSED struct mill_simulator *start_with(unsigned quirks)
{
    return start(&(struct mill_simulator_plan){.quirks = quirks, .seed = 1});
}

TEST_UNUSED void set_faults(struct mill_simulator *simulator, const char *text)
{
    struct mill_faults faults;
    assert_int_equal(mill_faults_parse(text, &faults, NULL), 0);
    mill_simulator_set_faults(simulator, &faults);
}

/* ---- sockets ---- */

/* 0 or an errno. */
TEST_UNUSED int try_dial(unsigned port, int receive_buffer, int *fd)
{
    const struct timeval patience = {.tv_sec = patience_s};
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(*fd >= 0);
    setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (receive_buffer > 0) {
        setsockopt(*fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    if (connect(*fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        int failure = errno;
        close(*fd);
        return failure;
    }
    return 0;
}

TEST_UNUSED int dial(unsigned port)
{
    int fd;
    assert_int_equal(try_dial(port, 0, &fd), 0);
    return fd;
}

TEST_UNUSED int dial_http(struct mill_simulator *simulator)
{
    return dial(mill_simulator_http_port(simulator));
}

/* What the peer closed meanwhile takes no more: that is for the answer to tell. */
TEST_UNUSED void put(int fd, const char *bytes)
{
    size_t left = strlen(bytes);
    while (left > 0) {
        ssize_t sent = send(fd, bytes, left, MSG_NOSIGNAL);
        if (sent <= 0) {
            assert_true(errno == EPIPE || errno == ECONNRESET);
            return;
        }
        bytes += sent;
        left -= (size_t)sent;
    }
}

TEST_UNUSED bool is_readable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    return poll(&wanted, 1, 0) == 1;
}

static void understand(struct answer *answer)
{
    answer->text[answer->length] = '\0';
    answer->status = strncmp(answer->text, "HTTP/1.1 ", 9) == 0 ? atoi(answer->text + 9) : 0;
    const char *end = strstr(answer->text, "\r\n\r\n");
    answer->body = end != NULL ? end + 4 : "";
}

/* Reads to the end of the connection, and closes. */
TEST_UNUSED void take(int fd, struct answer *answer)
{
    *answer = (struct answer){.status = 0};
    for (;;) {
        ssize_t count = recv(fd, answer->text + answer->length, sizeof answer->text - 1 - answer->length, 0);
        if (count <= 0) {
            answer->end = count < 0 ? errno : 0;
            break;
        }
        answer->length += (size_t)count;
    }
    assert_true(answer->end == 0 || answer->end == ECONNRESET); /* not EAGAIN: out of patience */
    close(fd);
    understand(answer);
}

/* The length that the head promises, or -1. */
TEST_UNUSED long promised(const struct answer *answer)
{
    const char *at = strstr(answer->text, "\r\nContent-Length: ");
    return at != NULL ? atol(at + 18) : -1;
}

TEST_UNUSED void send_request(int fd, const char *method, const char *path, const char *body)
{
    char text[8192];
    char length[64] = "";
    if (strcmp(method, "GET") != 0) {
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    }
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: valve\r\n" KEY_LINE "%s\r\n%s", method, path, length,
             body);
    put(fd, text);
}

TEST_UNUSED void ask(struct mill_simulator *simulator, const char *method, const char *path, const char *body,
                     struct answer *answer)
{
    int fd = dial_http(simulator);
    send_request(fd, method, path, body);
    take(fd, answer);
}

/* One request as it stands. */
TEST_UNUSED void ask_raw(struct mill_simulator *simulator, const char *text, struct answer *answer)
{
    int fd = dial_http(simulator);
    put(fd, text);
    take(fd, answer);
}

TEST_UNUSED void post_ok(struct mill_simulator *simulator, const char *path, const char *body)
{
    struct answer answer;
    ask(simulator, "POST", path, body, &answer);
    if (answer.status != 200) {
        fail_msg("POST %s: %s", path, answer.text);
    }
}

#define assert_refused(answer, code, word)                                                   \
    do {                                                                                     \
        assert_int_equal((answer).status, code);                                             \
        assert_string_equal((answer).body, "{\"status\":\"error\",\"error\":\"" word "\"}"); \
        assert_int_equal(promised(&(answer)), strlen((answer).body));                        \
    } while (0)

TEST_UNUSED void nap(void)
{
    const struct timespec little = {.tv_nsec = 2000000};
    nanosleep(&little, NULL);
}

/* Tries until `reached` or out of patience. */
#define wait_until(reached)                                                         \
    do {                                                                            \
        uint64_t patience_ends = mill_now_ns() + patience_s * MILL_NS_PER_S;        \
        while (!(reached)) {                                                        \
            if (mill_now_ns() > patience_ends) {                                    \
                fail_msg("waited for %d s in vain: %s", (int)patience_s, #reached); \
            }                                                                       \
            nap();                                                                  \
        }                                                                           \
    } while (0)

/* ---- the stream ---- */

struct listener_end {
    int fd;
    int failure; /* once it has ended: 0, or ECONNRESET */
    size_t length;
    char bytes[8192];
};

/* The next line without its newline; false: the connection ended. */
TEST_UNUSED bool next_line(struct listener_end *end, char *line, size_t size)
{
    for (;;) {
        char *newline = memchr(end->bytes, '\n', end->length);
        if (newline != NULL) {
            size_t length = (size_t)(newline - end->bytes);
            assert_true(length < size);
            memcpy(line, end->bytes, length);
            line[length] = '\0';
            end->length -= length + 1;
            memmove(end->bytes, newline + 1, end->length);
            return true;
        }
        assert_true(end->length < sizeof end->bytes);
        ssize_t count = recv(end->fd, end->bytes + end->length, sizeof end->bytes - end->length, 0);
        if (count <= 0) {
            end->failure = count < 0 ? errno : 0;
            assert_true(end->failure == 0 || end->failure == ECONNRESET);
            return false;
        }
        end->length += (size_t)count;
    }
}

TEST_UNUSED unsigned long long counted(struct mill_simulator *simulator, size_t offset)
{
    struct mill_simulator_counts counts;
    mill_simulator_counts(simulator, &counts);
    return *(uint64_t *)(void *)((char *)&counts + offset);
}

#define COUNTED(simulator, member) counted(simulator, offsetof(struct mill_simulator_counts, member))

#endif

/* A stream's server on loopback that does what a test tells it to, step by step and in the test's thread.
 * Included once by such a test.
 *
 *     struct mill_test_server server;
 *     mill_test_server_open(&server);                     server.port
 *     mill_test_server_accept(&server);                   the next client; waits for it
 *     mill_test_server_say(&server, "{…}\n");
 *     mill_test_server_hear(&server, text, sizeof text);  a line that the client sent
 *     mill_test_server_hang_up(&server);
 *     mill_test_server_close(&server);
 */
#ifndef MILL_DEVICE_TEST_STREAM_SERVER_H
#define MILL_DEVICE_TEST_STREAM_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct mill_test_server {
    int listening;
    int client; /* -1: none */
    unsigned port;
};

static inline void mill_test_server_open(struct mill_test_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->client = -1;
    server->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->listening >= 0);
    assert_int_equal(bind(server->listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(server->listening, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(server->listening, 8), 0);
    server->port = ntohs(address.sin_port);
}

static inline void mill_test_server_await(int descriptor)
{
    struct pollfd waited = {.fd = descriptor, .events = POLLIN};
    assert_int_equal(poll(&waited, 1, 60000), 1);
}

static inline void mill_test_server_accept(struct mill_test_server *server)
{
    mill_test_server_await(server->listening);
    server->client = accept(server->listening, NULL, NULL);
    assert_true(server->client >= 0);
}

static inline void mill_test_server_say_bytes(struct mill_test_server *server, const void *bytes,
                                              size_t length)
{
    assert_int_equal(send(server->client, bytes, length, MSG_NOSIGNAL), length);
}

static inline void mill_test_server_say(struct mill_test_server *server, const char *text)
{
    mill_test_server_say_bytes(server, text, strlen(text));
}

/* A line without its newline. */
static inline void mill_test_server_hear(struct mill_test_server *server, char *text, size_t size)
{
    size_t length = 0;
    for (;;) {
        mill_test_server_await(server->client);
        assert_true(length < size);
        assert_int_equal(recv(server->client, text + length, 1, 0), 1);
        if (text[length] == '\n') {
            text[length] = '\0';
            return;
        }
        length++;
    }
}

static inline void mill_test_server_hang_up(struct mill_test_server *server)
{
    close(server->client);
    server->client = -1;
}

/* …as a device that loses power, or that has too many clients. */
static inline void mill_test_server_reset(struct mill_test_server *server)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(server->client, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    mill_test_server_hang_up(server);
}

static inline void mill_test_server_close(struct mill_test_server *server)
{
    if (server->client >= 0) {
        close(server->client);
    }
    if (server->listening >= 0) {
        close(server->listening);
    }
}

#endif

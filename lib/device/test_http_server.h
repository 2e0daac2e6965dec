/* A server on loopback that answers each connection with the bytes that a test gives it, right or wrong: for
 * the tests of who speaks HTTP. Included once by such a test.
 *
 *     struct test_server server;
 *     test_server_start(&server, (struct test_answer[]){{.bytes = TEST_OK("{}")}}, 1);
 *     …a client asks server.port
 *     test_server_stop(&server);
 *
 * Connection number n gets answer n, and those behind the last get the last. As many connections are served
 * at once as there are threads; how many were open at once is counted, as the server sees it. Stopping closes
 * what is open.
 */
#ifndef MILL_DEVICE_TEST_HTTP_SERVER_H
#define MILL_DEVICE_TEST_HTTP_SERVER_H

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define TEST_SERVER_THREADS 12u /* more than a client may have connections, so that too many are seen */

/* A whole reply without a length: its end is that of the connection. */
#define TEST_OK(body)       "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body

enum test_ending {
    TEST_CLOSE,
    TEST_RESET,
    TEST_STALL,  /* nothing more, until the client goes */
    TEST_REPEAT, /* the same again, or `again`, until the client goes */
};

struct test_answer {
    const char *bytes;
    size_t length; /* 0: up to the NUL */
    const char *again;
    enum test_ending ending;
    bool unread; /* the request is not waited for */
};

struct test_server {
    int listener;
    unsigned port;
    const struct test_answer *answers;
    size_t count;
    void (*before)(void *context, unsigned connection); /* each answer; or NULL */
    void *context;
    atomic_uint connections, open, most_open;
    atomic_bool over;
    pthread_mutex_t lock; /* protects the two below */
    char request[4096];   /* the last, whole */
    int live[TEST_SERVER_THREADS];
    pthread_t threads[TEST_SERVER_THREADS];
    atomic_uint next_thread;
};

/* The whole request, head and body, as far as it comes. */
static void test_server_read(struct test_server *server, int connection)
{
    char text[4096];
    size_t length = 0;
    for (;;) {
        ssize_t got = recv(connection, text + length, sizeof text - 1 - length, 0);
        if (got <= 0) {
            return;
        }
        length += (size_t)got;
        text[length] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *field = end ? strstr(text, "Content-Length: ") : NULL;
        size_t body = field && field < end ? strtoul(field + 16, NULL, 10) : 0;
        if (end && length >= (size_t)(end + 4 - text) + body) {
            break;
        }
    }
    pthread_mutex_lock(&server->lock);
    memcpy(server->request, text, length + 1);
    pthread_mutex_unlock(&server->lock);
}

static bool test_server_send(int connection, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(connection, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static void test_server_serve(struct test_server *server, int connection)
{
    unsigned number = atomic_fetch_add(&server->connections, 1);
    unsigned open = atomic_fetch_add(&server->open, 1) + 1;
    unsigned most = atomic_load(&server->most_open);
    while (open > most && !atomic_compare_exchange_weak(&server->most_open, &most, open)) {
    }
    const struct test_answer *answer = &server->answers[number < server->count ? number : server->count - 1];
    if (!answer->unread) {
        test_server_read(server, connection);
    }
    if (server->before) {
        server->before(server->context, number);
    }
    size_t length = answer->length ? answer->length : strlen(answer->bytes);
    /* before the last byte: once the client has that, it may open another */
    atomic_fetch_sub(&server->open, 1);
    bool sent = test_server_send(connection, answer->bytes, length);
    while (sent && answer->ending == TEST_REPEAT) {
        sent = answer->again ? test_server_send(connection, answer->again, strlen(answer->again))
                             : test_server_send(connection, answer->bytes, length);
    }
    if (answer->ending == TEST_STALL) {
        char rest;
        while (recv(connection, &rest, 1, 0) > 0) {
        }
    }
    if (answer->ending == TEST_RESET) {
        struct linger at_once = {.l_onoff = 1};
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
}

static void *test_server_main(void *argument)
{
    struct test_server *server = argument;
    unsigned me = atomic_fetch_add(&server->next_thread, 1);
    for (;;) {
        int connection = accept(server->listener, NULL, NULL);
        if (connection < 0) {
            return NULL;
        }
        pthread_mutex_lock(&server->lock);
        server->live[me] = connection;
        bool over = atomic_load(&server->over);
        pthread_mutex_unlock(&server->lock);
        if (!over) {
            test_server_serve(server, connection);
        }
        pthread_mutex_lock(&server->lock);
        server->live[me] = -1;
        close(connection);
        pthread_mutex_unlock(&server->lock);
    }
}

/* A socket bound to a free port of loopback, which is refused until it listens. */
static int test_server_bind(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return listener;
}

/* `answers` stays until the server is stopped. Starts on `server` zeroed but for before and context. */
static void test_server_start(struct test_server *server, const struct test_answer *answers, size_t count)
{
    server->listener = test_server_bind(&server->port);
    server->answers = answers;
    server->count = count;
    pthread_mutex_init(&server->lock, NULL);
    assert_int_equal(listen(server->listener, 1024), 0);
    for (unsigned i = 0; i < TEST_SERVER_THREADS; i++) {
        server->live[i] = -1;
    }
    for (unsigned i = 0; i < TEST_SERVER_THREADS; i++) {
        assert_int_equal(pthread_create(&server->threads[i], NULL, test_server_main, server), 0);
    }
}

/* Nothing answers any more: connections under way end, and new ones are refused. Any thread. */
static void test_server_die(struct test_server *server)
{
    pthread_mutex_lock(&server->lock);
    atomic_store(&server->over, true);
    shutdown(server->listener, SHUT_RDWR);
    for (unsigned i = 0; i < TEST_SERVER_THREADS; i++) {
        if (server->live[i] >= 0) {
            shutdown(server->live[i], SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&server->lock);
}

static void test_server_stop(struct test_server *server)
{
    test_server_die(server);
    for (unsigned i = 0; i < TEST_SERVER_THREADS; i++) {
        pthread_join(server->threads[i], NULL);
    }
    close(server->listener);
    pthread_mutex_destroy(&server->lock);
}

#endif

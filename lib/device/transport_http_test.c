#include <errno.h>
#include <stdio.h>

#include "core/timeout.h"
#include "device/test_http_server.h"
#include "device/transport_strategy.h"

#define SOON  (50 * (int64_t)MILL_NS_PER_MS) /* of what never comes */
#define LATER (60 * (int64_t)MILL_NS_PER_S)  /* of what comes */

struct seen {
    int status;
    struct mill_transport_reply reply;
    struct mill_error error;
};

static struct mill_transport *open_to(unsigned port, const char *key)
{
    struct mill_transport *transport;
    struct mill_error error;
    struct mill_transport_plan plan = {.host = "127.0.0.1", .port = port, .key = key};
    assert_int_equal(mill_transport_open(&mill_transport_http, &plan, &transport, &error), 0);
    return transport;
}

static void exchange(struct mill_transport *transport, const char *method, const char *body,
                     int64_t timeout_ns, struct seen *seen)
{
    uint64_t deadline = 0;
    assert_int_equal(mill_deadline_after(timeout_ns, &deadline), 0);
    memset(seen, 0, sizeof *seen);
    struct mill_transport_request request = {
        .method = method, .path = "/api/v1/status", .body = body, .length = body ? strlen(body) : 0};
    seen->status = mill_transport_exchange(transport, &request, deadline, &seen->reply, &seen->error);
}

static void ask_once(const struct test_answer *answer, int64_t timeout_ns, struct seen *seen)
{
    struct test_server server = {.before = NULL};
    test_server_start(&server, answer, 1);
    struct mill_transport *transport = open_to(server.port, NULL);
    exchange(transport, "GET", NULL, timeout_ns, seen);
    mill_transport_close(transport);
    test_server_stop(&server);
}

/* ---- what is sent ---- */

static void a_get_has_the_key_and_nothing_superfluous(void **state)
{
    (void)state;
    struct test_server server = {.before = NULL};
    struct seen seen;
    test_server_start(&server, &(struct test_answer){.bytes = TEST_OK("{\"a\":1}")}, 1);
    struct mill_transport *transport = open_to(server.port, NULL);
    exchange(transport, "GET", NULL, LATER, &seen);
    mill_transport_close(transport);
    test_server_stop(&server);
    assert_int_equal(seen.status, 0);
    assert_int_equal(seen.reply.status, 200);
    assert_true(seen.reply.sent);
    assert_string_equal(seen.reply.body, "{\"a\":1}");
    assert_int_equal(seen.reply.length, 7);
    assert_ptr_equal(strstr(server.request, "GET /api/v1/status HTTP/1.1\r\n"), server.request);
    assert_non_null(strstr(server.request, "\r\nX-API-Key: steve-valve-2025\r\n"));
    assert_non_null(strstr(server.request, "\r\nConnection: close\r\n"));
    assert_null(strstr(server.request, "Expect"));
    assert_null(strstr(server.request, "Accept-Encoding"));
}

static void a_post_has_its_body_and_the_key_of_the_plan(void **state)
{
    (void)state;
    struct test_server server = {.before = NULL};
    struct seen seen;
    test_server_start(&server, &(struct test_answer){.bytes = TEST_OK("{}")}, 1);
    struct mill_transport *transport = open_to(server.port, "another key");
    exchange(transport, "POST", "{\"action\":\"stop\"}", LATER, &seen);
    assert_int_equal(seen.status, 0);
    assert_ptr_equal(strstr(server.request, "POST /api/v1/status HTTP/1.1\r\n"), server.request);
    assert_non_null(strstr(server.request, "\r\nX-API-Key: another key\r\n"));
    assert_non_null(strstr(server.request, "\r\nContent-Length: 17\r\n"));
    assert_non_null(strstr(server.request, "\r\n\r\n{\"action\":\"stop\"}"));
    exchange(transport, "POST", NULL, LATER, &seen);
    assert_non_null(strstr(server.request, "\r\nContent-Length: 0\r\n"));
    exchange(transport, "GET", NULL, LATER, &seen);
    assert_ptr_equal(strstr(server.request, "GET "), server.request);
    assert_null(strstr(server.request, "Content-Length"));
    mill_transport_close(transport);
    test_server_stop(&server);
    assert_int_equal(atomic_load(&server.connections), 3);
}

static void no_proxy_of_the_environment_is_asked(void **state)
{
    (void)state;
    struct seen seen;
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
    ask_once(&(struct test_answer){.bytes = TEST_OK("{}")}, LATER, &seen);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(seen.status, 0);
}

/* On a connection that is used again, curl would send a POST twice when the other side had closed it. */
static void every_request_has_a_connection_of_its_own(void **state)
{
    (void)state;
    const struct test_answer kept = {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                                     .ending = TEST_STALL};
    struct test_server server = {.before = NULL};
    struct seen seen;
    test_server_start(&server, &kept, 1);
    struct mill_transport *transport = open_to(server.port, NULL);
    for (unsigned i = 1; i <= 3; i++) {
        exchange(transport, "POST", "{}", 10 * (int64_t)MILL_NS_PER_S, &seen);
        assert_int_equal(seen.status, 0);
        assert_int_equal(atomic_load(&server.connections), i);
    }
    mill_transport_close(transport);
    test_server_stop(&server);
}

/* ---- replies that are right ---- */

static const struct {
    const char *name;
    struct test_answer answer;
    int status;
    const char *body;
} right[] = {
    {"no length", {.bytes = TEST_OK("{}")}, 200, "{}"},
    {"a length, and the connection stays open",
     {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", .ending = TEST_STALL},
     200,
     "{}"},
    {"HTTP/1.0", {.bytes = "HTTP/1.0 200 OK\r\n\r\n{}"}, 200, "{}"},
    {"chunks",
     {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"},
     200,
     "{}"},
    {"a trailer",
     {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n\r\n"},
     200,
     "{}"},
    {"continue", {.bytes = "HTTP/1.1 100 Continue\r\n\r\n" TEST_OK("{}")}, 200, "{}"},
    {"another status", {.bytes = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"}, 503, "busy"},
    {"a redirection",
     {.bytes = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"},
     302,
     ""},
    {"no content", {.bytes = "HTTP/1.1 204 No\r\n\r\n"}, 204, ""},
};

static void replies_that_are_right(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct seen seen;
        ask_once(&right[i].answer, LATER, &seen);
        if (seen.status != 0) {
            print_error("%s: %s\n", right[i].name, seen.error.message);
            failed++;
            continue;
        }
        assert_int_equal(seen.reply.status, right[i].status);
        assert_string_equal(seen.reply.body, right[i].body);
    }
    assert_int_equal(failed, 0);
}

static void the_longest_body_fits_and_one_more_byte_does_not(void **state)
{
    (void)state;
    static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
    char bytes[sizeof head + MILL_WIRE_REPLY_MAX + 1];
    struct seen seen;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, head, sizeof head - 1);
    struct test_answer answer = {.bytes = bytes, .length = sizeof head - 1 + MILL_WIRE_REPLY_MAX};
    ask_once(&answer, LATER, &seen);
    assert_int_equal(seen.status, 0);
    assert_int_equal(seen.reply.length, MILL_WIRE_REPLY_MAX);
    assert_int_equal(strlen(seen.reply.body), MILL_WIRE_REPLY_MAX);
    answer.length++;
    ask_once(&answer, LATER, &seen);
    assert_int_equal(seen.status, -EPROTO);
}

/* ---- replies that are wrong ---- */

static const struct {
    const char *name;
    struct test_answer answer;
    int64_t timeout_ns;
    int status;
    const char *says;
} wrong[] = {
    {"nothing", {.bytes = ""}, LATER, -EPIPE, "without a reply"},
    {"half a status line", {.bytes = "HTTP/1.1 2"}, LATER, -EPIPE, "without a reply"},
    {"half a head", {.bytes = "HTTP/1.1 200 OK\r\nContent-Le"}, LATER, -EPIPE, "before the end"},
    {"a head without its end", {.bytes = "HTTP/1.1 200 OK\r\n"}, LATER, -EPIPE, "before the end"},
    {"half a body",
     {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\""},
     LATER,
     -EPIPE,
     "before the end"},
    {"half a chunk",
     {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"a"},
     LATER,
     -EPIPE,
     "before the end"},
    {"no last chunk",
     {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"},
     LATER,
     -EPIPE,
     "before the end"},
    {"a chunk that is none",
     {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"},
     LATER,
     -EPROTO,
     "no HTTP"},
    {"continue, and nothing", {.bytes = "HTTP/1.1 100 Continue\r\n\r\n"}, LATER, -EPIPE, "without a reply"},
    {"continue, without end",
     {.bytes = "HTTP/1.1 100 Continue\r\n\r\n", .ending = TEST_REPEAT},
     LATER,
     -EPROTO,
     "head does not end"},
    {"garbage", {.bytes = "\x01\x02\xff\xfe\r\n\r\n nonsense \r\n"}, LATER, -EPROTO, "does not speak HTTP"},
    {"another protocol", {.bytes = "220 mail.example ESMTP\r\n", .unread = true}, LATER, -EPROTO, "HTTP"},
    {"TLS", {.bytes = "\x15\x03\x01\0\x02\x02\x46", .length = 7}, LATER, -EPROTO, "TLS"},
    {"HTTP/0.9", {.bytes = "{}"}, LATER, -EPROTO, "does not speak HTTP"},
    {"a length that is none",
     {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"},
     LATER,
     -EPROTO,
     "does not speak HTTP"},
    {"a negative length",
     {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}"},
     LATER,
     -EPROTO,
     "does not speak HTTP"},
    {"a length over every limit",
     {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", .ending = TEST_STALL},
     LATER,
     -EPROTO,
     "longer"},
    {"a length over the device's",
     {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 4097\r\n\r\n", .ending = TEST_STALL},
     LATER,
     -EPROTO,
     "longer"},
    {"chunks without end",
     {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n12345678901234567890",
      .ending = TEST_REPEAT},
     LATER,
     -EPROTO,
     "longer"},
    {"a body without end", {.bytes = TEST_OK("x"), .ending = TEST_REPEAT}, LATER, -EPROTO, "longer"},
    {"a head without end",
     {.bytes = "HTTP/1.1 200 OK\r\n", .again = "A: b\r\n", .ending = TEST_REPEAT},
     LATER,
     -EPROTO,
     "head does not end"},
    {"a header line without end",
     {.bytes = "HTTP/1.1 200 OK and nothing but this", .ending = TEST_REPEAT},
     LATER,
     -ENOMEM,
     "head"},
    {"a reset", {.bytes = "", .ending = TEST_RESET}, LATER, -ECONNRESET, "broke"},
    {"a reset in the middle",
     {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", .ending = TEST_RESET},
     LATER,
     -ECONNRESET,
     "broke"},
    {"silence", {.bytes = "", .ending = TEST_STALL}, SOON, -ETIMEDOUT, "in time"},
    {"silence in the middle",
     {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", .ending = TEST_STALL},
     SOON,
     -ETIMEDOUT,
     "in time"},
};

static void replies_that_are_wrong(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct seen seen;
        ask_once(&wrong[i].answer, wrong[i].timeout_ns, &seen);
        if (seen.status != wrong[i].status || !strstr(seen.error.message, wrong[i].says)) {
            print_error("%s: %d, %s\n", wrong[i].name, seen.status, seen.error.message);
            failed++;
            continue;
        }
        assert_int_equal(seen.reply.status, 0);
        assert_non_null(strstr(seen.error.message, "valve 127.0.0.1:"));
        assert_non_null(strstr(seen.error.message, "GET /api/v1/status"));
    }
    assert_int_equal(failed, 0);
}

static void after_a_wrong_reply_the_next_is_right(void **state)
{
    (void)state;
    const struct test_answer answers[] = {
        {.bytes = "", .ending = TEST_RESET},
        {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
        {.bytes = TEST_OK("x"), .ending = TEST_REPEAT},
        {.bytes = TEST_OK("{}")},
    };
    static const int expected[] = {-ECONNRESET, -EPROTO, -EPROTO, 0};
    struct test_server server = {.before = NULL};
    test_server_start(&server, answers, 4);
    struct mill_transport *transport = open_to(server.port, NULL);
    for (int i = 0; i < 4; i++) {
        struct seen seen;
        exchange(transport, "GET", NULL, LATER, &seen);
        assert_int_equal(seen.status, expected[i]);
    }
    mill_transport_close(transport);
    test_server_stop(&server);
}

/* ---- no reply at all ---- */

static void a_refused_connection_has_sent_nothing(void **state)
{
    (void)state;
    unsigned port;
    int bound = test_server_bind(&port);
    struct seen seen;
    struct mill_transport *transport = open_to(port, NULL);
    exchange(transport, "POST", "{}", LATER, &seen);
    assert_int_equal(seen.status, -ECONNREFUSED);
    assert_false(seen.reply.sent);
    mill_transport_close(transport);
    close(bound);
}

static void a_broken_connection_may_have_sent_it(void **state)
{
    (void)state;
    struct test_server server = {.before = NULL};
    struct seen seen;
    test_server_start(&server, &(struct test_answer){.bytes = "", .ending = TEST_RESET}, 1);
    struct mill_transport *transport = open_to(server.port, NULL);
    exchange(transport, "POST", "{}", LATER, &seen);
    assert_int_equal(seen.status, -ECONNRESET);
    assert_true(seen.reply.sent);
    mill_transport_close(transport);
    test_server_stop(&server);
    assert_int_equal(atomic_load(&server.connections), 1);
}

/* A resolver that does not answer within the deadline is as good as one that knows no such name. */
static void a_host_that_does_not_exist(void **state)
{
    (void)state;
    struct mill_transport *transport;
    struct seen seen;
    struct mill_transport_plan plan = {.host = "no-such-valve.invalid", .port = 8080};
    assert_int_equal(mill_transport_open(&mill_transport_http, &plan, &transport, NULL), 0);
    exchange(transport, "GET", NULL, 2 * (int64_t)MILL_NS_PER_S, &seen);
    assert_true(seen.status == -ENOENT || seen.status == -ETIMEDOUT);
    assert_non_null(strstr(seen.error.message, "no-such-valve.invalid:8080"));
    assert_false(seen.reply.sent);
    mill_transport_close(transport);
}

static void a_deadline_that_has_passed_sends_nothing(void **state)
{
    (void)state;
    struct test_server server = {.before = NULL};
    struct seen seen;
    test_server_start(&server, &(struct test_answer){.bytes = TEST_OK("{}")}, 1);
    struct mill_transport *transport = open_to(server.port, NULL);
    exchange(transport, "GET", NULL, 0, &seen);
    assert_int_equal(seen.status, -ETIMEDOUT);
    assert_false(seen.reply.sent);
    exchange(transport, "GET", NULL, MILL_FOREVER, &seen);
    assert_int_equal(seen.status, 0);
    mill_transport_close(transport);
    test_server_stop(&server);
    assert_int_equal(atomic_load(&server.connections), 1);
}

/* ---- what is refused ---- */

static void plans_that_are_none(void **state)
{
    (void)state;
    static char long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    const struct mill_transport_plan plans[] = {
        {.host = NULL, .port = 80},
        {.host = "", .port = 80},
        {.host = "valve", .port = 0},
        {.host = "valve", .port = 65536},
        {.host = "a b", .port = 80},
        {.host = "valve/path", .port = 80},
        {.host = "user@valve", .port = 80},
        {.host = "valve:80", .port = 80},
        {.host = "[::1", .port = 80},
        {.host = long_name, .port = 80},
        {.host = "valve", .port = 80, .key = ""},
        {.host = "valve", .port = 80, .key = "a\r\nX-Other: b"},
        {.host = "valve", .port = 80, .key = long_name},
    };
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct mill_transport *transport = NULL;
        struct mill_error error = {.message = ""};
        int status = mill_transport_open(&mill_transport_http, &plans[i], &transport, &error);
        if (status != -EINVAL) {
            fail_msg("plan %zu: %d", i, status);
        }
        assert_string_not_equal(error.message, "");
        assert_null(transport);
    }
    struct mill_transport *transport;
    const struct mill_transport_plan v6 = {.host = "::1", .port = 80};
    assert_int_equal(mill_transport_open(&mill_transport_http, &v6, &transport, NULL), 0);
    mill_transport_close(transport);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_has_the_key_and_nothing_superfluous),
        cmocka_unit_test(a_post_has_its_body_and_the_key_of_the_plan),
        cmocka_unit_test(no_proxy_of_the_environment_is_asked),
        cmocka_unit_test(every_request_has_a_connection_of_its_own),
        cmocka_unit_test(replies_that_are_right),
        cmocka_unit_test(the_longest_body_fits_and_one_more_byte_does_not),
        cmocka_unit_test(replies_that_are_wrong),
        cmocka_unit_test(after_a_wrong_reply_the_next_is_right),
        cmocka_unit_test(a_refused_connection_has_sent_nothing),
        cmocka_unit_test(a_broken_connection_may_have_sent_it),
        cmocka_unit_test(a_host_that_does_not_exist),
        cmocka_unit_test(a_deadline_that_has_passed_sends_nothing),
        cmocka_unit_test(plans_that_are_none),
    };
    return cmocka_run_group_tests_name("transport over HTTP", tests, NULL, NULL);
}

/* The simulator's HTTP from outside, byte by byte. Its faults: simulator_faults_test.c; its stream:
 * simulator_stream_test.c. */
#include "device/test_simulator.h"

/* Quirks without those that take time. */
enum { BRISK = MILL_QUIRKS_FIRMWARE & ~(MILL_QUIRK_BLOCKING | MILL_QUIRK_LOOP_DELAY) };

static void a_request_is_answered_and_the_connection_closed(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_FIRMWARE);
    struct answer answer;
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.end, 0);
    assert_non_null(strstr(answer.text, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(answer.text, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(answer.text, "\r\nAccess-Control-Allow-Origin: *\r\n"));
    assert_null(strstr(answer.text, "\r\nDate: "));
    assert_int_equal(promised(&answer), strlen(answer.body));
    assert_non_null(strstr(answer.body, "\"pos_deg\":"));
    mill_simulator_stop(simulator);
}

static void what_is_posted_is_kept(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct mill_valve_config live;
    struct answer answer;
    post_ok(simulator, "/api/v1/config", "{\"viscous\":0.25}");
    mill_simulator_config(simulator, &live);
    assert_true(live.viscous == 0.25);
    assert_int_equal(mill_simulator_applied(simulator), 1);
    ask(simulator, "GET", "/api/v1/config", "", &answer);
    assert_non_null(strstr(answer.body, "\"viscous\":0.25"));
    ask(simulator, "POST", "/api/v1/config", "{\"colour\":\"red\"}", &answer);
    assert_refused(answer, 400, "no_fields");
    mill_simulator_stop(simulator);
}

static void without_the_key_nothing_is_told(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    static const char *const requests[] = {
        "GET /api/v1/status HTTP/1.1\r\nHost: valve\r\n\r\n",
        "GET /api/v1/status HTTP/1.1\r\nHost: valve\r\nX-API-Key: steve-valve-2024\r\n\r\n",
        "GET /api/v1/status HTTP/1.1\r\nHost: valve\r\nX-API-Key: steve-valve-20255\r\n\r\n",
        "GET /api/v1/status HTTP/1.1\r\nHost: valve\r\nX-API-Key:\r\n\r\n",
        "GET /api/v1/nothing HTTP/1.1\r\nHost: valve\r\n\r\n",
        "POST /simulator/faults HTTP/1.1\r\nHost: valve\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct answer answer;
        ask_raw(simulator, requests[i], &answer);
        assert_refused(answer, 401, "unauthorized");
        assert_non_null(strstr(answer.text, "\r\nWWW-Authenticate: X-API-Key\r\n"));
    }
    mill_simulator_stop(simulator);
}

static void another_key_may_be_chosen(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start(&(struct mill_simulator_plan){.key = "open-sesame"});
    struct answer answer;
    int fd = dial_http(simulator);
    put(fd, "GET /api/v1/config HTTP/1.1\r\nHost: v\r\nX-API-Key: open-sesame\r\nConnection: close\r\n\r\n");
    take(fd, &answer);
    assert_int_equal(answer.status, 200);
    ask_raw(simulator, "GET /api/v1/config HTTP/1.1\r\nHost: v\r\n" KEY_LINE "Connection: close\r\n\r\n",
            &answer);
    assert_refused(answer, 401, "unauthorized");
    mill_simulator_stop(simulator);
}

static void unknown_paths_and_methods(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    ask(simulator, "GET", "/api/v1/nothing", "", &answer);
    assert_refused(answer, 404, "not_found");
    ask(simulator, "POST", "/api/v1/status", "{}", &answer);
    assert_refused(answer, 404, "not_found");
    ask_raw(simulator, "GET /favicon.ico HTTP/1.1\r\nHost: valve\r\n\r\n", &answer);
    assert_refused(answer, 404, "not_found");
    ask(simulator, "GET", "/api/v1/%73tatus", "", &answer); /* a path is compared as it was sent */
    assert_refused(answer, 404, "not_found");
    ask(simulator, "GET", "/api/v1/status%00more", "", &answer);
    assert_refused(answer, 404, "not_found");
    ask(simulator, "DELETE", "/api/v1/config", "", &answer);
    assert_refused(answer, 400, "unsupported_method");
    ask(simulator, "PUT", "/", "", &answer);
    assert_refused(answer, 400, "unsupported_method");
    mill_simulator_stop(simulator);
}

static void a_post_needs_its_length(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    ask_raw(simulator, "POST /api/v1/config HTTP/1.1\r\nHost: valve\r\n" KEY_LINE "\r\n", &answer);
    assert_refused(answer, 411, "content_length_required");
    ask_raw(simulator,
            "POST /api/v1/config HTTP/1.1\r\nHost: valve\r\n" KEY_LINE
            "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n0\r\n\r\n",
            &answer);
    assert_refused(answer, 411, "content_length_required");
    ask_raw(simulator, /* two lengths that contradict each other */
            "POST /api/v1/config HTTP/1.1\r\nHost: valve\r\n" KEY_LINE
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n0\r\n\r\n",
            &answer);
    assert_refused(answer, 411, "content_length_required");
    mill_simulator_stop(simulator);
}

/* A POST config of `total` bytes, head and body. */
static void post_of(struct mill_simulator *simulator, size_t total, struct answer *answer)
{
    char text[4096], body[4096];
    for (size_t length = 1;; length++) {
        snprintf(body, sizeof body, "%-*s", (int)length, "{\"viscous\":0.5}");
        int whole = snprintf(text, sizeof text,
                             "POST /api/v1/config HTTP/1.1\r\nHost: valve\r\n" KEY_LINE
                             "Content-Length: %zu\r\n\r\n%s",
                             strlen(body), body);
        if ((size_t)whole == total) {
            break;
        }
        assert_true((size_t)whole < total);
    }
    ask_raw(simulator, text, answer);
}

static void a_request_is_under_2048_bytes(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    char text[70000];
    post_of(simulator, 2047, &answer);
    assert_int_equal(answer.status, 200);
    post_of(simulator, 2048, &answer);
    assert_refused(answer, 413, "request_too_large");
    /* a body that is only promised */
    ask_raw(simulator,
            "POST /api/v1/config HTTP/1.1\r\nHost: valve\r\n" KEY_LINE "Content-Length: 1000000\r\n\r\n",
            &answer);
    assert_refused(answer, 413, "request_too_large");
    /* a head that does not end: answered though more could come */
    static const size_t sizes[] = {2048, 5000, 65000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(text, 'a', sizeof text);
        memcpy(text, "GET /api/v1/status HTTP/1.1\r\nX-Long: ", 36);
        text[sizes[i]] = '\0';
        ask_raw(simulator, text, &answer);
        assert_refused(answer, 413, "request_too_large");
    }
    mill_simulator_stop(simulator);
}

static void sixty_four_tokens_and_no_more(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    char body[1024] = "{\"viscous\":0.5";
    for (int i = 0; i < 40; i++) {
        snprintf(body + strlen(body), sizeof body - strlen(body), ",\"k%d\":1", i);
    }
    snprintf(body + strlen(body), sizeof body - strlen(body), "}");
    ask(simulator, "POST", "/api/v1/config", body, &answer);
    assert_int_equal(answer.status, 413);
    mill_simulator_stop(simulator);
}

/* Clients that stop in the middle, or trickle: they are answered by the limits, and disturb nobody. */
static void who_dawdles_is_told_so(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    int silent = dial_http(simulator);
    int in_head = dial_http(simulator);
    int in_body = dial_http(simulator);
    int trickling = dial_http(simulator);
    put(in_head, "GET /api/v1/status HTTP/1.1\r\nHos");
    put(in_body,
        "POST /api/v1/config HTTP/1.1\r\nHost: valve\r\n" KEY_LINE "Content-Length: 20\r\n\r\n{\"viscous\":");
    put(trickling, "GET / HTTP/1.1\r\nX: ");
    uint64_t begun = mill_now_ns();
    while (!is_readable(silent) || !is_readable(in_head) || !is_readable(in_body)) {
        assert_true(mill_now_ns() < begun + patience_s * MILL_NS_PER_S);
        put(trickling, "y");
        ask(simulator, "GET", "/api/v1/status", "", &answer);
        assert_int_equal(answer.status, 200);
    }
    assert_true(mill_now_ns() - begun >= 4900 * MILL_NS_PER_MS); /* not sooner than after five seconds */
    take(silent, &answer);
    assert_refused(answer, 408, "timeout");
    take(in_head, &answer);
    assert_refused(answer, 408, "timeout");
    take(in_body, &answer);
    assert_refused(answer, 408, "timeout");
    while (!is_readable(trickling)) { /* to the limit of its length */
        put(trickling, "y");
    }
    take(trickling, &answer);
    assert_refused(answer, 413, "request_too_large");
    assert_int_equal(mill_simulator_applied(simulator), 0);
    mill_simulator_stop(simulator);
}

/* Its end may come together with its last bytes: nobody is there any more who could be told that he dawdles.
 */
static void who_leaves_amid_a_request_keeps_no_connection(void **state)
{
    (void)state;
    static const char *const begun[] = {
        "POST /api/v1/config HTTP/1.1\r\nHost: valve\r\n" KEY_LINE "Content-Length: 15\r\n\r\n{\"vis",
        "GET /api/v1/sta",
    };
    struct mill_simulator *simulator = start_with(MILL_QUIRK_CLOSE | MILL_QUIRK_CLIENTS);
    struct answer answer;
    for (size_t i = 0; i < sizeof begun / sizeof begun[0]; i++) {
        int left = dial_http(simulator);
        put(left, begun[i]);
        shutdown(left, SHUT_WR);
        take(left, &answer);
        assert_int_equal(answer.length, 0); /* above all no 408 */
    }
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(mill_simulator_applied(simulator), 0);
    mill_simulator_stop(simulator);
}

static void who_leaves_behind_a_request_is_answered_once(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_NONE); /* it keeps connections */
    struct answer answer;
    int left = dial_http(simulator);
    send_request(left, "GET", "/api/v1/status", "");
    shutdown(left, SHUT_WR);
    take(left, &answer);
    assert_int_equal(answer.status, 200);
    assert_null(strstr(answer.text + 1, "HTTP/1.1")); /* no 408 behind it */
    mill_simulator_stop(simulator);
}

static void the_ninth_connection_is_reset(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    int held[MILL_WIRE_HTTP_CLIENTS];
    for (size_t i = 0; i < MILL_WIRE_HTTP_CLIENTS; i++) {
        held[i] = dial_http(simulator);
    }
    for (int i = 0; i < 3; i++) {
        int ninth = dial_http(simulator);
        take(ninth, &answer);
        assert_int_equal(answer.end, ECONNRESET);
        assert_int_equal(answer.length, 0);
    }
    assert_int_equal(COUNTED(simulator, refused), 3);
    send_request(held[0], "GET", "/api/v1/status", ""); /* those that are in are served */
    take(held[0], &answer);
    assert_int_equal(answer.status, 200);
    ask(simulator, "GET", "/api/v1/status", "", &answer); /* and leave their place */
    assert_int_equal(answer.status, 200);
    for (size_t i = 1; i < MILL_WIRE_HTTP_CLIENTS; i++) {
        close(held[i]);
    }
    mill_simulator_stop(simulator);
}

static void without_the_quirk_a_crowd_is_served(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK & ~MILL_QUIRK_CLIENTS);
    struct answer answer;
    int crowd[100];
    for (size_t i = 0; i < 100; i++) {
        crowd[i] = dial_http(simulator);
    }
    for (size_t i = 0; i < 100; i++) {
        send_request(crowd[i], "GET", "/api/v1/status", "");
        take(crowd[i], &answer);
        assert_int_equal(answer.status, 200);
    }
    mill_simulator_stop(simulator);
}

static void without_the_quirk_a_connection_is_kept(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_NONE);
    struct answer answer;
    char text[4096];
    int fd = dial_http(simulator);
    for (int i = 0; i < 3; i++) {
        send_request(fd, "GET", "/api/v1/config", "");
        size_t length = 0;
        do {
            ssize_t count = recv(fd, text + length, sizeof text - 1 - length, 0);
            assert_true(count > 0);
            length += (size_t)count;
            text[length] = '\0';
        } while (strchr(text, '}') == NULL);
        assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
        assert_null(strstr(text, "Connection: close"));
    }
    put(fd, "POST /api/v1/config HTTP/1.1\r\nHost: valve\r\n" KEY_LINE "\r\n"); /* the limits still hold */
    take(fd, &answer);
    assert_refused(answer, 411, "content_length_required");
    assert_int_equal(COUNTED(simulator, requests), 3);
    mill_simulator_stop(simulator);
}

static void one_main_loop_serves_all(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_FIRMWARE);
    struct answer answer;
    int starter = dial_http(simulator);
    send_request(starter, "POST", "/api/v1/control", "{\"action\":\"start\"}");
    wait_until(COUNTED(simulator, requests) == 1);
    ask(simulator, "GET", "/api/v1/status", "", &answer); /* waits for the valve to have started */
    assert_true(is_readable(starter));
    assert_non_null(strstr(answer.body, "\"status\":2"));
    take(starter, &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"mode\":\"running\""));
    mill_simulator_stop(simulator);
}

static void the_service_time_is_kept(void **state)
{
    (void)state;
    struct mill_simulator *simulator =
        start(&(struct mill_simulator_plan){.service_ns = 20 * MILL_NS_PER_MS});
    struct answer answer;
    uint64_t begun = mill_now_ns();
    for (int i = 0; i < 5; i++) {
        ask_raw(simulator, "GET /api/v1/status HTTP/1.1\r\nHost: v\r\n" KEY_LINE "Connection: close\r\n\r\n",
                &answer);
        assert_int_equal(answer.status, 200);
    }
    assert_true(mill_now_ns() - begun >= 100 * MILL_NS_PER_MS);
    mill_simulator_stop(simulator);
}

static void the_live_page_needs_no_key_and_has_it(void **state)
{
    (void)state;
    struct mill_simulator *simulator =
        start(&(struct mill_simulator_plan){.key = "open-sesame", .quirks = BRISK});
    struct answer answer;
    ask_raw(simulator, "GET / HTTP/1.1\r\nHost: valve\r\n\r\n", &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
    assert_int_equal(promised(&answer), strlen(answer.body));
    assert_non_null(strstr(answer.body, "'open-sesame'"));
    assert_null(strstr(answer.body, "@KEY@"));
    assert_non_null(strstr(answer.body, "</html>"));
    mill_simulator_stop(simulator);
}

static void a_port_in_use_is_named(void **state)
{
    (void)state;
    struct mill_simulator *first = start_with(BRISK), *second;
    struct mill_error error;
    char port[16];
    unsigned http = mill_simulator_http_port(first), stream = mill_simulator_stream_port(first);
    assert_true(http > 0 && stream > 0 && http != stream);
    assert_int_equal(mill_simulator_start(&(struct mill_simulator_plan){.http_port = http}, &second, &error),
                     -EADDRINUSE);
    snprintf(port, sizeof port, "%u", http);
    assert_non_null(strstr(error.message, port));
    assert_non_null(strstr(error.message, "HTTP"));
    /* the stream's port is not listened to, and taken all the same */
    const struct sockaddr_in taken = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)stream), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int other = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(other, (const struct sockaddr *)&taken, sizeof taken), -1);
    assert_int_equal(errno, EADDRINUSE);
    close(other);
    post_ok(first, "/api/v1/stream", "{\"action\":\"start\"}"); /* now it listens there, too */
    int fd = dial(stream);
    assert_int_equal(
        mill_simulator_start(&(struct mill_simulator_plan){.stream_port = stream}, &second, &error),
        -EADDRINUSE);
    snprintf(port, sizeof port, "%u", stream);
    assert_non_null(strstr(error.message, port));
    assert_non_null(strstr(error.message, "stream"));
    close(fd);
    mill_simulator_stop(first);
    second = start(&(struct mill_simulator_plan){.http_port = http, .stream_port = stream});
    assert_int_equal(mill_simulator_http_port(second), http);
    mill_simulator_stop(second);
}

static void bad_plans_are_refused(void **state)
{
    (void)state;
    static const struct mill_simulator_plan plans[] = {
        {.http_port = 65536},     {.stream_port = 65536}, {.key = ""},
        {.key = "two words"},     {.key = "<script>"},    {.address = "localhost:80"},
        {.address = "256.0.0.1"}, {.quirks = 1u << 30},   {.min_interval_ms = 1001},
        {.key = "\x80"},
    };
    struct mill_simulator *simulator;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct mill_error error = {.message = ""};
        assert_int_equal(mill_simulator_start(&plans[i], &simulator, &error), -EINVAL);
        assert_true(error.message[0] != '\0');
    }
    assert_int_equal(mill_simulator_start(NULL, &simulator, NULL), -EINVAL);
    assert_int_equal(mill_simulator_start(&(struct mill_simulator_plan){0}, NULL, NULL), -EINVAL);
    mill_simulator_stop(NULL);
}

static void it_stops_whoever_is_in_it(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    int idle = dial_http(simulator), late = dial_http(simulator);
    set_faults(simulator, "latency=fixed:60s");
    put(idle, "GET ");
    send_request(late, "GET", "/api/v1/status", "");
    wait_until(COUNTED(simulator, requests) == 1);
    mill_simulator_stop(simulator);
    take(idle, &answer);
    assert_int_equal(answer.length, 0);
    take(late, &answer);
    assert_int_equal(answer.length, 0);
}

static void it_stops_while_it_is_busy(void **state)
{
    (void)state;
    struct mill_simulator *simulator =
        start(&(struct mill_simulator_plan){.service_ns = 24 * 3600 * MILL_NS_PER_S});
    int fd = dial_http(simulator);
    send_request(fd, "GET", "/api/v1/status", "");
    wait_until(COUNTED(simulator, requests) == 1);
    mill_simulator_stop(simulator); /* not tomorrow */
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_and_the_connection_closed),
        cmocka_unit_test(what_is_posted_is_kept),
        cmocka_unit_test(without_the_key_nothing_is_told),
        cmocka_unit_test(another_key_may_be_chosen),
        cmocka_unit_test(unknown_paths_and_methods),
        cmocka_unit_test(a_post_needs_its_length),
        cmocka_unit_test(a_request_is_under_2048_bytes),
        cmocka_unit_test(sixty_four_tokens_and_no_more),
        cmocka_unit_test(who_dawdles_is_told_so),
        cmocka_unit_test(who_leaves_amid_a_request_keeps_no_connection),
        cmocka_unit_test(who_leaves_behind_a_request_is_answered_once),
        cmocka_unit_test(the_ninth_connection_is_reset),
        cmocka_unit_test(without_the_quirk_a_crowd_is_served),
        cmocka_unit_test(without_the_quirk_a_connection_is_kept),
        cmocka_unit_test(one_main_loop_serves_all),
        cmocka_unit_test(the_service_time_is_kept),
        cmocka_unit_test(the_live_page_needs_no_key_and_has_it),
        cmocka_unit_test(a_port_in_use_is_named),
        cmocka_unit_test(bad_plans_are_refused),
        cmocka_unit_test(it_stops_whoever_is_in_it),
        cmocka_unit_test(it_stops_while_it_is_busy),
    };
    return cmocka_run_group_tests_name("simulator", tests, NULL, NULL);
}

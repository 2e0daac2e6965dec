/* Faults to order, each as a client sees it; at run time; repeatable; and the power that goes off. */
#include "device/test_simulator.h"

enum { BRISK = MILL_QUIRKS_FIRMWARE & ~(MILL_QUIRK_BLOCKING | MILL_QUIRK_LOOP_DELAY) };

static struct mill_simulator *start_faulty(const char *faults, uint64_t seed)
{
    struct mill_simulator_plan plan = {.quirks = BRISK, .seed = seed};
    assert_int_equal(mill_faults_parse(faults, &plan.faults, NULL), 0);
    return start(&plan);
}

static void dropped(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_faulty("drop=1", 1);
    struct answer answer;
    ask(simulator, "POST", "/api/v1/config", "{\"viscous\":0.5}", &answer);
    assert_int_equal(answer.length, 0);
    assert_int_equal(answer.end, 0);
    assert_int_equal(mill_simulator_applied(simulator), 1); /* done, and not told */
    assert_int_equal(COUNTED(simulator, faults), 1);
    mill_simulator_stop(simulator);
}

static void reset(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_faulty("reset=1", 1);
    struct answer answer;
    ask(simulator, "POST", "/api/v1/config", "{\"viscous\":0.5}", &answer);
    assert_int_equal(answer.length, 0);
    assert_int_equal(answer.end, ECONNRESET);
    assert_int_equal(mill_simulator_applied(simulator), 1);
    mill_simulator_stop(simulator);
}

static void cut_in_half(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_faulty("half=1", 1);
    struct answer answer;
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(strlen(answer.body), promised(&answer) / 2);
    assert_true(answer.body[0] == '{');
    mill_simulator_stop(simulator);
}

static bool is_json(const struct answer *answer)
{
    return answer->status == 200 && answer->body[0] == '{';
}

static void garbage_of_both_kinds(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_faulty("garbage=1", 1);
    struct answer answer;
    unsigned no_http = 0, no_json = 0;
    for (int i = 0; i < 40; i++) {
        ask(simulator, "GET", "/api/v1/status", "", &answer);
        assert_true(answer.length >= 64);
        assert_false(is_json(&answer));
        no_http += answer.status == 0;
        no_json += answer.status == 200;
    }
    assert_true(no_http > 0 && no_json > 0);
    assert_int_equal(no_http + no_json, 40);
    mill_simulator_stop(simulator);
}

static void stalled_in_the_middle(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_faulty("stall=1:2s", 1);
    struct answer answer;
    char text[4096];
    uint64_t begun = mill_now_ns();
    int fd = dial_http(simulator);
    send_request(fd, "GET", "/api/v1/status", "");
    ssize_t first = recv(fd, text, sizeof text, 0); /* the head and a half, or a part of it */
    assert_true(first > 0);
    ask(simulator, "GET", "/", "", &answer); /* others do not wait */
    assert_int_equal(answer.status, 200);
    take(fd, &answer);
    assert_true(mill_now_ns() - begun >= 2 * MILL_NS_PER_S);
    assert_true(answer.length > 0 && answer.end == 0);
    assert_int_equal(answer.text[answer.length - 1], '}'); /* whole in the end */
    mill_simulator_stop(simulator);
}

static void late(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_faulty("latency=fixed:200ms", 1);
    struct answer answer;
    uint64_t begun = mill_now_ns();
    int many[4];
    for (int i = 0; i < 4; i++) {
        many[i] = dial_http(simulator);
        send_request(many[i], "GET", "/api/v1/status", "");
    }
    for (int i = 0; i < 4; i++) {
        take(many[i], &answer);
        assert_true(is_json(&answer));
        assert_true(mill_now_ns() - begun >= 200 * MILL_NS_PER_MS);
    }
    assert_int_equal(COUNTED(simulator, faults), 4);
    mill_simulator_stop(simulator);
}

static void bursts_of_503_do_nothing(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_faulty("5xx=1:3", 1);
    struct answer answer;
    for (int i = 0; i < 5; i++) {
        ask(simulator, "POST", "/api/v1/config", "{\"viscous\":0.5}", &answer);
        assert_refused(answer, 503, "unavailable");
    }
    assert_int_equal(mill_simulator_applied(simulator), 0);
    mill_simulator_stop(simulator);
}

static void changed_while_it_runs(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    post_ok(simulator, "/simulator/faults", "5xx=1:1\n");
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 503);
    ask(simulator, "POST", "/simulator/faults", "5xx=2:1", &answer);
    assert_int_equal(answer.status, 400);
    assert_non_null(strstr(answer.body, "5xx=2:1"));
    ask(simulator, "GET", "/api/v1/status", "", &answer); /* as before */
    assert_int_equal(answer.status, 503);
    post_ok(simulator, "/simulator/faults", "");
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 200);
    ask(simulator, "GET", "/simulator/faults", "", &answer);
    assert_refused(answer, 400, "unsupported_method");
    ask(simulator, "POST", "/simulator/fault", "", &answer);
    assert_refused(answer, 404, "not_found");
    set_faults(simulator, "drop=1");
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.length, 0);
    mill_simulator_stop(simulator);
}

/* A burst belongs to the list that ordered it, and not to the next one. */
static void a_burst_ends_with_its_list(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    post_ok(simulator, "/simulator/faults", "5xx=1:1000000");
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 503);
    ask(simulator, "POST", "/simulator/faults", "5xx=2:1", &answer);
    assert_int_equal(answer.status, 400); /* the list stays, and its burst */
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 503);
    post_ok(simulator, "/simulator/faults", "");
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 200);
    set_faults(simulator, "5xx=1:1000000");
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 503);
    set_faults(simulator, "");
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 200);
    mill_simulator_stop(simulator);
}

/* What came of `count` requests, a letter each. */
static void outcomes(uint64_t seed, char *letters, int count)
{
    struct mill_simulator *simulator =
        start_faulty("drop=0.15,reset=0.15,half=0.15,garbage=0.15,5xx=0.1:2", seed);
    for (int i = 0; i < count; i++) {
        struct answer answer;
        ask(simulator, "GET", "/api/v1/config", "", &answer);
        letters[i] = answer.end != 0                                  ? 'r'
                     : answer.length == 0                             ? 'd'
                     : answer.status == 503                           ? '5'
                     : answer.status == 0                             ? 'g'
                     : answer.body[0] != '{'                          ? 'j'
                     : promised(&answer) != (long)strlen(answer.body) ? 'h'
                                                                      : '.';
    }
    letters[count] = '\0';
    mill_simulator_stop(simulator);
}

static void a_seed_repeats_them(void **state)
{
    (void)state;
    char first[101], second[101], other[101];
    outcomes(7, first, 100);
    outcomes(7, second, 100);
    outcomes(8, other, 100);
    assert_string_equal(first, second);
    assert_string_not_equal(first, other);
    for (const char *kind = "rd5gjh."; *kind != '\0'; kind++) {
        assert_non_null(strchr(first, *kind));
    }
}

static void the_power_goes_off_and_on(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct mill_valve_config live;
    struct answer answer;
    int within = dial_http(simulator), late_one = dial_http(simulator);
    post_ok(simulator, "/api/v1/config", "{\"viscous\":0.5}");
    set_faults(simulator, "latency=fixed:60s");
    uint64_t before = COUNTED(simulator, requests);
    put(within, "GET /api/v1/sta");
    send_request(late_one, "GET", "/api/v1/status", "");
    wait_until(COUNTED(simulator, requests) == before + 1);
    uint64_t begun = mill_now_ns();
    mill_simulator_power_cycle(simulator, 50 * MILL_NS_PER_MS);
    assert_true(mill_now_ns() - begun >= 50 * MILL_NS_PER_MS);
    take(within, &answer);
    assert_int_equal(answer.end, ECONNRESET);
    take(late_one, &answer);
    assert_int_equal(answer.end, ECONNRESET);
    assert_int_equal(answer.length, 0);
    set_faults(simulator, "");
    mill_simulator_config(simulator, &live);
    assert_true(live.viscous != 0.5); /* as at boot */
    int all[MILL_WIRE_HTTP_CLIENTS];  /* every place is free again */
    for (size_t i = 0; i < MILL_WIRE_HTTP_CLIENTS; i++) {
        all[i] = dial_http(simulator);
    }
    for (size_t i = 0; i < MILL_WIRE_HTTP_CLIENTS; i++) {
        send_request(all[i], "GET", "/api/v1/status", "");
        take(all[i], &answer);
        assert_int_equal(answer.status, 200);
    }
    mill_simulator_stop(simulator);
}

static void what_was_applied_is_told(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    ask(simulator, "POST", "/simulator/applied", "", &answer);
    assert_refused(answer, 400, "unsupported_method");
    ask(simulator, "GET", "/simulator/applied", "", &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "{\"status\":\"ok\",\"applied\":0}"));
    post_ok(simulator, "/api/v1/config", "{\"wall_stiffness\":2}");
    ask(simulator, "GET", "/simulator/applied", "", &answer);
    assert_non_null(strstr(answer.body, "{\"status\":\"ok\",\"applied\":1}"));
    mill_simulator_stop(simulator);
}

static void nothing_answers_while_it_is_off(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    int fd;
    ask(simulator, "POST", "/simulator/power-cycle", "2h", &answer);
    assert_int_equal(answer.status, 400);
    post_ok(simulator, "/simulator/power-cycle", "60s");
    for (uint64_t begun = mill_now_ns();;) {
        int failure = try_dial(mill_simulator_http_port(simulator), 0, &fd);
        if (failure == ECONNREFUSED) {
            break;
        }
        assert_true(failure == 0 || failure == ECONNRESET); /* not off yet, or just amid it */
        if (failure == 0) {
            close(fd);
        }
        assert_true(mill_now_ns() < begun + patience_s * MILL_NS_PER_S);
    }
    mill_simulator_stop(simulator); /* does not wait for the power */
}

/* Done, not told, and taken back: the valve begins anew, and the stream has to be started again. */
static void the_power_goes_off_amid_a_request(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_faulty("power=1:20ms", 1);
    struct answer answer;
    ask(simulator, "POST", "/api/v1/config", "{\"viscous\":0.5}", &answer);
    assert_int_equal(answer.length, 0);
    assert_int_equal(answer.end, ECONNRESET);
    set_faults(simulator, "");
    mill_simulator_power_cycle(simulator, 0); /* when this one is over, so is the other */
    ask(simulator, "GET", "/api/v1/config", "", &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"viscous\":0.0200"));
    assert_int_equal(COUNTED(simulator, faults), 1);
    mill_simulator_stop(simulator);
}

/* With seven of the eight connections kept there is one client, and no second. */
static void slow_lorises_keep_connections(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_faulty("slow-loris=7", 1);
    struct answer answer;
    int one = dial_http(simulator);
    put(one, "GET");
    int two = dial_http(simulator);
    send_request(two, "GET", "/api/v1/status", "");
    take(two, &answer);
    assert_int_equal(answer.length, 0);
    assert_int_equal(answer.end, ECONNRESET);
    assert_int_equal(COUNTED(simulator, refused), 1);
    set_faults(simulator, "");
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_true(is_json(&answer));
    close(one);
    mill_simulator_stop(simulator);
}

static void a_power_cut_ends_a_blocked_request(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_FIRMWARE);
    struct answer answer;
    int fd = dial_http(simulator);
    send_request(fd, "POST", "/api/v1/odrive", "{\"action\":\"calibrate\"}");
    wait_until(COUNTED(simulator, requests) == 1);
    mill_simulator_power_cycle(simulator, MILL_NS_PER_MS);
    take(fd, &answer);
    assert_int_equal(answer.length, 0);
    assert_int_equal(answer.end, ECONNRESET);
    mill_simulator_stop(simulator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropped),
        cmocka_unit_test(reset),
        cmocka_unit_test(cut_in_half),
        cmocka_unit_test(garbage_of_both_kinds),
        cmocka_unit_test(stalled_in_the_middle),
        cmocka_unit_test(late),
        cmocka_unit_test(bursts_of_503_do_nothing),
        cmocka_unit_test(changed_while_it_runs),
        cmocka_unit_test(a_burst_ends_with_its_list),
        cmocka_unit_test(a_seed_repeats_them),
        cmocka_unit_test(the_power_goes_off_and_on),
        cmocka_unit_test(what_was_applied_is_told),
        cmocka_unit_test(nothing_answers_while_it_is_off),
        cmocka_unit_test(the_power_goes_off_amid_a_request),
        cmocka_unit_test(slow_lorises_keep_connections),
        cmocka_unit_test(a_power_cut_ends_a_blocked_request),
    };
    return cmocka_run_group_tests_name("simulator_faults", tests, NULL, NULL);
}

/* One request of the async client: when it is tried again, how it ends, and what is refused. */
#include "device/test_async.h"

/* ---- one ---- */

/* Has one request answered, and returns what it saw; the caller frees that. */
static struct seen *ask_one(const struct test_answer *answers, size_t count,
                            const struct mill_device_policy *policy, bool post, unsigned *connections)
{
    struct seen *seen = new_seen();
    struct one one = {seen, 0};
    struct test_server server = {.before = NULL};
    const struct mill_valve_config config = {.fields = MILL_CONFIG_VISCOUS, .viscous = 0.5};
    test_server_start(&server, answers, count);
    struct mill_async *async = start(&server, &(struct mill_async_plan){.policy = *policy});
    assert_int_equal(post ? mill_async_update_config(async, &config, command_done, &one)
                          : mill_async_get_status(async, status_done, &one),
                     0);
    await(seen, 1);
    mill_async_destroy(async);
    test_server_stop(&server);
    *connections = atomic_load(&server.connections);
    return seen;
}

static const struct mill_device_policy patient = {
    .timeout_ns = LATER, .retries = 3, .backoff_ns = MILL_NS_PER_MS, .backoff_max_ns = 2 * MILL_NS_PER_MS};

static void passing_failures_are_tried_again(void **state)
{
    (void)state;
    unsigned connections;
    const struct test_answer answers[] = {{.bytes = "HTTP/1.1 503 Busy\r\n\r\n"},
                                          {.bytes = "", .ending = TEST_RESET},
                                          {.bytes = TEST_OK(STATUS)}};
    struct seen *seen = ask_one(answers, 3, &patient, false, &connections);
    assert_int_equal(seen->status, 0);
    assert_int_equal(seen->failure.tries, 3);
    assert_true(seen->position == 12.5);
    assert_int_equal(connections, 3);
    free_seen(seen);
}

static void a_persistent_500_ends_with_its_status_and_body(void **state)
{
    (void)state;
    unsigned connections;
    struct seen *seen =
        ask_one(&(struct test_answer){.bytes = "HTTP/1.1 500 No\r\n\r\n{\"error\":\"staged\"}"}, 1, &patient,
                true, &connections);
    assert_int_equal(seen->status, -EREMOTEIO);
    assert_int_equal(seen->failure.kind, MILL_DEVICE_API);
    assert_int_equal(seen->failure.status, 500);
    assert_string_equal(seen->failure.body, "{\"error\":\"staged\"}");
    assert_int_equal(connections, 4);
    free_seen(seen);
}

static void a_post_that_may_have_been_done_is_never_sent_twice(void **state)
{
    (void)state;
    unsigned connections;
    struct seen *seen =
        ask_one(&(struct test_answer){.bytes = "", .ending = TEST_RESET}, 1, &patient, true, &connections);
    assert_int_equal(seen->status, -ECONNRESET);
    assert_true(seen->failure.maybe_done);
    assert_int_equal(connections, 1);
    free_seen(seen);
}

static void silence_is_a_timeout(void **state)
{
    (void)state;
    unsigned connections;
    const struct mill_device_policy hasty = {.timeout_ns = 50 * MILL_NS_PER_MS};
    struct seen *seen =
        ask_one(&(struct test_answer){.bytes = "", .ending = TEST_STALL}, 1, &hasty, false, &connections);
    assert_int_equal(seen->status, -ETIMEDOUT);
    assert_int_equal(seen->failure.kind, MILL_DEVICE_TIMEOUT);
    free_seen(seen);
}

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    unsigned connections;
    struct seen *seen =
        ask_one(&(struct test_answer){.bytes = TEST_OK("{\"pos_deg\":1}")}, 1, &patient, false, &connections);
    assert_int_equal(seen->status, -EBADMSG);
    assert_int_equal(seen->failure.kind, MILL_DEVICE_VALIDATION);
    assert_non_null(strstr(seen->failure.message, "/api/v1/status: "));
    assert_int_equal(connections, 1);
    free_seen(seen);
}

static void every_kind_of_request(void **state)
{
    (void)state;
    static const char config[] =
        TEST_OK("{\"closed_pos\":0,\"open_pos\":90,\"viscous\":0.5,\"coulomb\":0.06,\"wall_stiffness\":10,"
                "\"wall_damping\":0.1,\"smoothing\":0.001,\"torque_limit\":8}");
    struct seen *seen = new_seen();
    struct one one = {seen, 0};
    const struct test_answer answers[] = {{.bytes = config}, {.bytes = TEST_OK("{\"status\":\"ok\"}")}};
    const struct mill_transport_request request = {
        .method = "POST", .path = "/api/v1/control", .body = "{\"action\":\"stop\"}", .length = 17};
    struct test_server server = {.before = NULL};
    test_server_start(&server, answers, 2);
    struct mill_async *async = start(&server, &(struct mill_async_plan){.policy.timeout_ns = LATER});
    assert_int_equal(mill_async_get_config(async, config_done, &one), 0);
    await(seen, 1);
    assert_true(seen->position == 0.5);
    assert_ptr_equal(strstr(server.request, "GET /api/v1/config "), server.request);
    assert_int_equal(mill_async_request(async, &request, any_done, &one), 0);
    await(seen, 2);
    assert_string_equal(seen->body, "{\"status\":\"ok\"}");
    assert_non_null(strstr(server.request, "\r\n\r\n{\"action\":\"stop\"}"));
    const struct mill_valve_config change = {.fields = MILL_CONFIG_VISCOUS, .viscous = 0.5};
    assert_int_equal(mill_async_update_config(async, &change, command_done, &one), 0);
    await(seen, 3);
    assert_ptr_equal(strstr(server.request, "POST /api/v1/config "), server.request);
    assert_int_equal(seen->succeeded, 3);
    mill_async_destroy(async);
    test_server_stop(&server);
    free_seen(seen);
}

/* ---- what is refused ---- */

static void more_than_the_plan_allows(void **state)
{
    (void)state;
    struct seen *seen = new_seen();
    struct one ones[5];
    struct test_server server = {.before = NULL};
    test_server_start(&server, &(struct test_answer){.bytes = "", .ending = TEST_STALL}, 1);
    struct mill_async *async =
        start(&server, &(struct mill_async_plan){.outstanding = 4, .policy.timeout_ns = LATER});
    ask_all(async, ones, seen, 4);
    ones[4] = (struct one){seen, 4};
    assert_int_equal(mill_async_get_status(async, status_done, &ones[4]), -EAGAIN);
    mill_async_destroy(async);
    test_server_stop(&server);
    assert_each_once(seen, 4);
    free_seen(seen);
}

static const struct {
    const char *path, *body;
    bool moves;
} motions[] = {
    {"/api/v1/control", "{\"action\":\"start\"}", true},
    {"/api/v1/control", "{\"action\":\"stop\"}", false},
    {"/api/v1/control", "nonsense", true},
    {"/api/v1/control", "{}", true},
    {"/api/v1/odrive", "{\"action\":\"enable\"}", true},
    {"/api/v1/odrive", "{\"action\":\"calibrate\"}", true},
    {"/api/v1/odrive", "{\"action\":\"set_torque\",\"value\":1}", true},
    {"/api/v1/odrive", "{\"action\":\"set_velocity\",\"value\":1}", true},
    {"/api/v1/odrive", "{\"action\":\"set_position\",\"value\":1}", true},
    {"/api/v1/odrive", "{\"action\":\"estop\"}", false},
    {"/api/v1/odrive", "{\"action\":\"disable\"}", false},
    {"/api/v1/odrive", "{\"action\":\"clear\"}", false},
    {"/api/v1/stream", "{\"action\":\"start\"}", false},
    {"/api/v1/config", "{\"viscous\":1}", false},
};

static void what_moves_the_motor_is_not_sent_without_leave(void **state)
{
    (void)state;
    for (int allowed = 0; allowed < 2; allowed++) {
        struct seen *seen = new_seen();
        struct one one = {seen, 0};
        struct test_server server = {.before = NULL};
        test_server_start(&server, &(struct test_answer){.bytes = TEST_OK("{\"status\":\"ok\"}")}, 1);
        struct mill_async *async = start(
            &server, &(struct mill_async_plan){.policy = {.timeout_ns = LATER, .allow_motion = allowed}});
        unsigned taken = 0;
        for (size_t i = 0; i < sizeof motions / sizeof motions[0]; i++) {
            struct mill_transport_request request = {.method = "POST",
                                                     .path = motions[i].path,
                                                     .body = motions[i].body,
                                                     .length = strlen(motions[i].body)};
            int expected = motions[i].moves && !allowed ? -EPERM : 0;
            assert_int_equal(mill_async_request(async, &request, any_done, &one), expected);
            taken += expected == 0;
        }
        await(seen, taken);
        mill_async_destroy(async);
        test_server_stop(&server);
        assert_int_equal(atomic_load(&server.connections), taken);
        free_seen(seen);
    }
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct mill_async_plan plans[] = {
        {.host = NULL, .port = 80},
        {.host = "a b", .port = 80},
        {.host = "valve", .port = 0},
        {.host = "valve", .port = 80, .connections = MILL_ASYNC_CONNECTIONS_MAX + 1},
        {.host = "valve", .port = 80, .outstanding = MILL_ASYNC_OUTSTANDING_MAX + 1},
        {.host = "valve", .port = 80, .policy.timeout_ns = -1},
    };
    struct mill_async *async = NULL;
    struct mill_device_failure failure;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        assert_int_equal(mill_async_create(&plans[i], &async, &failure), -EINVAL);
        assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
        assert_string_not_equal(failure.message, "");
    }
    assert_int_equal(mill_async_create(NULL, &async, &failure), -EINVAL);
    assert_null(async);
    mill_async_destroy(NULL);
    struct mill_async_plan plan = {.host = "127.0.0.1", .port = 1};
    const struct mill_valve_config negative = {.fields = MILL_CONFIG_VISCOUS, .viscous = -1};
    assert_int_equal(mill_async_create(&plan, &async, NULL), 0);
    assert_int_equal(mill_async_request(async, NULL, any_done, NULL), -EINVAL);
    assert_int_equal(mill_async_request(async, &(struct mill_transport_request){.method = "PUT", .path = "/"},
                                        any_done, NULL),
                     -EINVAL);
    assert_int_equal(mill_async_get_status(async, NULL, NULL), -EINVAL);
    assert_int_equal(mill_async_get_status(NULL, status_done, NULL), -EINVAL);
    assert_int_equal(mill_async_update_config(async, &negative, command_done, NULL), -EINVAL);
    assert_int_equal(mill_async_update_config(async, NULL, command_done, NULL), -EINVAL);
    mill_async_destroy(async);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passing_failures_are_tried_again),
        cmocka_unit_test(a_persistent_500_ends_with_its_status_and_body),
        cmocka_unit_test(a_post_that_may_have_been_done_is_never_sent_twice),
        cmocka_unit_test(silence_is_a_timeout),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test(every_kind_of_request),
        cmocka_unit_test(more_than_the_plan_allows),
        cmocka_unit_test(what_moves_the_motor_is_not_sent_without_leave),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests_name("requests of the async client", tests, NULL, NULL);
}

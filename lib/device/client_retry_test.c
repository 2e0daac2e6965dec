#include "core/clock.h"
#include "device/client_retry.h"
#include "device/test_script_transport.h"

#define OK                                         \
    {                                              \
        .http = 200, .body = "{\"status\":\"ok\"}" \
    }

static const struct mill_device_policy patient = {
    .retries = 4, .backoff_ns = 100, .backoff_max_ns = 300, .seed = 1};

/* Asks once, with a POST or a GET, and returns what came of it. */
static int ask(struct test_script *script, bool post, struct mill_device_failure *failure)
{
    struct mill_device_client *client = test_script_client(script, &patient);
    struct mill_valve_config config;
    int status =
        post ? mill_device_stop_valve(client, failure) : mill_device_get_config(client, &config, failure);
    mill_device_client_destroy(client);
    return status;
}

#define SCRIPT(...)                                                                     \
    {                                                                                   \
        .answers = (const struct test_reply[]){__VA_ARGS__},                            \
        .count = sizeof((struct test_reply[]){__VA_ARGS__}) / sizeof(struct test_reply) \
    }

static const int passing[] = {429, 500, 502, 503, 504};
static const int lasting[] = {201, 204, 302, 400, 404, 408, 411, 413, 501, 505};

static void passing_statuses_are_tried_again_on_any_call(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        struct mill_device_failure failure;
        struct test_script script = SCRIPT({.http = passing[i]}, {.http = passing[i]}, OK);
        assert_int_equal(ask(&script, true, &failure), 0);
        assert_int_equal(script.asked, 3);
        assert_int_equal(failure.tries, 3);
        assert_int_equal(failure.kind, MILL_DEVICE_NO_FAILURE);
        assert_string_equal(script.method, "POST");
    }
}

static void other_statuses_are_api_errors_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        struct mill_device_failure failure;
        struct test_script script = SCRIPT({.http = lasting[i], .body = "{\"error\":\"no\x01\"}"}, OK);
        assert_int_equal(ask(&script, i % 2 != 0, &failure), -EREMOTEIO);
        assert_int_equal(script.asked, 1);
        assert_int_equal(failure.kind, MILL_DEVICE_API);
        assert_int_equal(failure.status, lasting[i]);
        assert_string_equal(failure.body, "{\"error\":\"no.\"}");
        assert_false(failure.maybe_done);
    }
}

static void a_persistent_500_ends_with_its_status_and_body(void **state)
{
    (void)state;
    struct mill_device_failure failure;
    struct test_script script = SCRIPT({.http = 500, .body = "{\"error\":\"start_failed\"}"});
    assert_int_equal(ask(&script, true, &failure), -EREMOTEIO);
    assert_int_equal(script.asked, 5);
    assert_int_equal(failure.tries, 5);
    assert_int_equal(failure.kind, MILL_DEVICE_API);
    assert_int_equal(failure.status, 500);
    assert_string_equal(failure.body, "{\"error\":\"start_failed\"}");
    assert_string_equal(failure.message, "valve valve:80: POST /api/v1/control: 500: "
                                         "{\"error\":\"start_failed\"}, tried 5 times");
}

static void a_gateway_that_had_no_answer_does_not_know(void **state)
{
    (void)state;
    struct mill_device_failure failure;
    struct test_script script = SCRIPT({.http = 504});
    assert_int_equal(ask(&script, true, &failure), -EREMOTEIO);
    assert_true(failure.maybe_done);
    struct test_script get = SCRIPT({.http = 504});
    assert_int_equal(ask(&get, false, &failure), -EREMOTEIO);
    assert_false(failure.maybe_done);
}

static void a_wrong_key_is_not_tried_again(void **state)
{
    (void)state;
    static const int statuses[] = {401, 403};
    for (int i = 0; i < 2; i++) {
        struct mill_device_failure failure;
        struct test_script script = SCRIPT({.http = statuses[i], .body = "{\"error\":\"unauthorized\"}"}, OK);
        assert_int_equal(ask(&script, i == 0, &failure), -EACCES);
        assert_int_equal(script.asked, 1);
        assert_int_equal(failure.kind, MILL_DEVICE_AUTHENTICATION);
        assert_int_equal(failure.status, statuses[i]);
        assert_non_null(strstr(failure.message, "key"));
    }
}

static const int broken[] = {-ECONNRESET, -EPIPE, -ETIMEDOUT};

static void a_get_is_sent_again_when_the_connection_breaks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct mill_device_failure failure;
        struct test_script script = SCRIPT({.status = broken[i]});
        assert_int_equal(ask(&script, false, &failure), broken[i]);
        assert_int_equal(script.asked, 5);
        assert_int_equal(failure.tries, 5);
        assert_int_equal(failure.kind,
                         broken[i] == -ETIMEDOUT ? MILL_DEVICE_TIMEOUT : MILL_DEVICE_CONNECTION);
        assert_false(failure.maybe_done);
        assert_int_equal(failure.status, 0);
        assert_string_equal(failure.message, "as the script says, tried 5 times");
    }
}

static void a_post_that_may_have_been_done_is_never_sent_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct mill_device_failure failure;
        struct test_script script = SCRIPT({.http = 503}, {.status = broken[i]}, OK);
        assert_int_equal(ask(&script, true, &failure), broken[i]);
        assert_int_equal(script.asked, 2);
        assert_true(failure.maybe_done);
        assert_non_null(strstr(failure.message, "may have been done"));
    }
}

static void what_was_not_sent_is_sent_again(void **state)
{
    (void)state;
    static const int unsent[] = {-ECONNREFUSED, -EHOSTUNREACH, -ENOENT, -ETIMEDOUT, -ECONNRESET};
    for (size_t i = 0; i < sizeof unsent / sizeof unsent[0]; i++) {
        struct mill_device_failure failure;
        struct test_script script = SCRIPT({.status = unsent[i], .unsent = true}, OK);
        assert_int_equal(ask(&script, true, &failure), 0);
        assert_int_equal(script.asked, 2);
        struct test_script never = SCRIPT({.status = unsent[i], .unsent = true});
        assert_int_equal(ask(&never, true, &failure), unsent[i]);
        assert_int_equal(never.asked, 5);
        assert_false(failure.maybe_done);
    }
}

static void what_is_no_http_is_not_asked_again(void **state)
{
    (void)state;
    for (int post = 0; post < 2; post++) {
        struct mill_device_failure failure;
        struct test_script script = SCRIPT({.status = -EPROTO}, OK);
        assert_int_equal(ask(&script, post, &failure), -EPROTO);
        assert_int_equal(script.asked, 1);
        assert_int_equal(failure.kind, MILL_DEVICE_CONNECTION);
        assert_int_equal(failure.maybe_done, post);
    }
}

static void a_reply_that_cannot_be_read_is_not_asked_for_again(void **state)
{
    (void)state;
    for (int post = 0; post < 2; post++) {
        struct mill_device_failure failure;
        struct test_script script = SCRIPT({.http = 200, .body = "{\"status\":"}, OK);
        assert_int_equal(ask(&script, post, &failure), -EBADMSG);
        assert_int_equal(script.asked, 1);
        assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
        assert_int_equal(failure.status, 200);
        assert_int_equal(failure.maybe_done, post);
        assert_string_equal(failure.body, "{\"status\":");
    }
}

static void a_ping_is_never_repeated(void **state)
{
    (void)state;
    struct test_script script = SCRIPT({.http = 503}, {.status = -ECONNREFUSED, .unsent = true}, OK);
    struct mill_device_client *client = test_script_client(&script, &patient);
    assert_false(mill_device_ping(client));
    assert_false(mill_device_ping(client));
    assert_false(mill_device_ping(client)); /* it answers, but no status */
    assert_int_equal(script.asked, 3);
    mill_device_client_destroy(client);
    assert_false(mill_device_ping(NULL));
}

static void the_wait_doubles_up_to_its_maximum_at_random(void **state)
{
    (void)state;
    static const uint64_t most[] = {100, 200, 300, 300};
    bool below = false;
    for (unsigned repeat = 0; repeat < 20; repeat++) {
        struct mill_device_policy policy = patient;
        policy.seed = repeat + 1;
        struct test_script script = SCRIPT({.http = 503});
        struct mill_device_client *client = test_script_client(&script, &policy);
        assert_int_equal(mill_device_stop_valve(client, NULL), -EREMOTEIO);
        mill_device_client_destroy(client);
        assert_int_equal(script.slept, 4);
        for (int i = 0; i < 4; i++) {
            assert_in_range(script.sleeps[i], most[i] / 2, most[i]);
            below = below || script.sleeps[i] < most[i];
        }
    }
    assert_true(below);
}

static void the_same_seed_waits_the_same_and_no_seed_differs(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {7, 7, 8, 0, 0};
    uint64_t first[5];
    for (int i = 0; i < 5; i++) {
        struct mill_device_policy policy = {
            .retries = 1, .backoff_ns = MILL_NS_PER_S, .backoff_max_ns = MILL_NS_PER_S, .seed = seeds[i]};
        struct test_script script = SCRIPT({.http = 503});
        struct mill_device_client *client = test_script_client(&script, &policy);
        assert_int_equal(mill_device_stop_valve(client, NULL), -EREMOTEIO);
        mill_device_client_destroy(client);
        first[i] = script.sleeps[0];
    }
    assert_int_equal(first[0], first[1]);
    assert_int_not_equal(first[0], first[2]);
    assert_int_not_equal(first[3], first[4]);
}

static void no_backoff_does_not_wait_and_no_retry_tries_once(void **state)
{
    (void)state;
    struct test_script script = SCRIPT({.http = 503});
    struct mill_device_client *client =
        test_script_client(&script, &(struct mill_device_policy){.retries = 2});
    assert_int_equal(mill_device_stop_valve(client, NULL), -EREMOTEIO);
    mill_device_client_destroy(client);
    assert_int_equal(script.asked, 3);
    assert_int_equal(script.slept, 0);
    struct test_script once = SCRIPT({.http = 503});
    client = test_script_client(&once, &(struct mill_device_policy){.retries = 0});
    assert_int_equal(mill_device_stop_valve(client, NULL), -EREMOTEIO);
    mill_device_client_destroy(client);
    assert_int_equal(once.asked, 1);
}

static void the_longest_backoff_does_not_overflow(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, 1, 0);
    struct mill_device_policy policy = {.backoff_ns = 1, .backoff_max_ns = 3600 * MILL_NS_PER_S};
    uint64_t wait = mill_device_backoff(&policy, &random, UINT32_MAX);
    assert_in_range(wait, policy.backoff_max_ns / 2, policy.backoff_max_ns);
}

static void policies_that_are_none(void **state)
{
    (void)state;
    static const struct mill_device_policy policies[] = {
        {.timeout_ns = -1},
        {.backoff_ns = 2, .backoff_max_ns = 1},
        {.backoff_ns = 2, .backoff_max_ns = 3600 * MILL_NS_PER_S + 1},
    };
    struct mill_transport_plan plan = {.host = "valve", .port = 80};
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        struct mill_device_failure failure;
        struct mill_device_client *client = NULL;
        assert_int_equal(mill_device_client_create(&test_script_ops, &plan, &policies[i], &client, &failure),
                         -EINVAL);
        assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
        assert_non_null(strstr(failure.message, "policy"));
        assert_null(client);
    }
    assert_int_equal(mill_device_policy_check(&mill_device_policy_default, NULL), 0);
    assert_false(mill_device_policy_default.allow_motion);
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(mill_device_failure_name(MILL_DEVICE_NO_FAILURE), "none");
    assert_string_equal(mill_device_failure_name(MILL_DEVICE_AUTHENTICATION), "authentication");
    assert_string_equal(mill_device_failure_name((enum mill_device_failure_kind)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passing_statuses_are_tried_again_on_any_call),
        cmocka_unit_test(other_statuses_are_api_errors_at_once),
        cmocka_unit_test(a_persistent_500_ends_with_its_status_and_body),
        cmocka_unit_test(a_gateway_that_had_no_answer_does_not_know),
        cmocka_unit_test(a_wrong_key_is_not_tried_again),
        cmocka_unit_test(a_get_is_sent_again_when_the_connection_breaks),
        cmocka_unit_test(a_post_that_may_have_been_done_is_never_sent_twice),
        cmocka_unit_test(what_was_not_sent_is_sent_again),
        cmocka_unit_test(what_is_no_http_is_not_asked_again),
        cmocka_unit_test(a_reply_that_cannot_be_read_is_not_asked_for_again),
        cmocka_unit_test(a_ping_is_never_repeated),
        cmocka_unit_test(the_wait_doubles_up_to_its_maximum_at_random),
        cmocka_unit_test(the_same_seed_waits_the_same_and_no_seed_differs),
        cmocka_unit_test(no_backoff_does_not_wait_and_no_retry_tries_once),
        cmocka_unit_test(the_longest_backoff_does_not_overflow),
        cmocka_unit_test(policies_that_are_none),
        cmocka_unit_test(every_kind_has_a_name),
    };
    return cmocka_run_group_tests_name("the client's retries", tests, NULL, NULL);
}

/* Many requests at once: how many connections they take, and that each completes once. */
#include "device/test_async.h"

/* ---- many ---- */

/* The first connections wait for each other, so that as many as may be are open at once. */
struct meeting {
    struct test_server *server;
    unsigned expected;
};

static void meet(void *context, unsigned connection)
{
    struct meeting *meeting = context;
    uint64_t deadline = mill_now_ns() + (uint64_t)LATER;
    while (connection < meeting->expected && atomic_load(&meeting->server->most_open) < meeting->expected &&
           mill_now_ns() < deadline) {
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS);
    }
}

static void a_thousand_outstanding_within_eight_connections(void **state)
{
    (void)state;
    struct seen *seen = new_seen();
    struct one ones[REQUESTS];
    struct test_server server = {.before = meet};
    struct meeting meeting = {&server, 8};
    server.context = &meeting;
    test_server_start(&server, &(struct test_answer){.bytes = TEST_OK(STATUS)}, 1);
    struct mill_async *async = start(&server, &(struct mill_async_plan){.policy.timeout_ns = LATER});
    ask_all(async, ones, seen, REQUESTS);
    await(seen, REQUESTS);
    assert_int_equal(mill_async_outstanding(async), 0);
    mill_async_destroy(async);
    test_server_stop(&server);
    assert_each_once(seen, REQUESTS);
    assert_int_equal(seen->succeeded, REQUESTS);
    assert_true(seen->position == 12.5);
    assert_int_equal(atomic_load(&server.connections), REQUESTS);
    assert_int_equal(atomic_load(&server.most_open), 8);
    free_seen(seen);
}

static void the_plan_says_how_many_connections(void **state)
{
    (void)state;
    struct seen *seen = new_seen();
    struct one ones[50];
    struct test_server server = {.before = meet};
    struct meeting meeting = {&server, 3};
    server.context = &meeting;
    test_server_start(&server, &(struct test_answer){.bytes = TEST_OK(STATUS)}, 1);
    struct mill_async *async =
        start(&server, &(struct mill_async_plan){.connections = 3, .policy.timeout_ns = LATER});
    ask_all(async, ones, seen, 50);
    await(seen, 50);
    mill_async_destroy(async);
    test_server_stop(&server);
    assert_int_equal(seen->succeeded, 50);
    assert_int_equal(atomic_load(&server.most_open), 3);
    free_seen(seen);
}

static void die_at_fifty(void *context, unsigned connection)
{
    if (connection == 50) {
        test_server_die(context);
    }
}

static void a_server_that_dies_fails_each_of_the_rest_once(void **state)
{
    (void)state;
    struct seen *seen = new_seen();
    struct one ones[REQUESTS];
    struct test_server server = {.before = die_at_fifty};
    server.context = &server;
    test_server_start(&server, &(struct test_answer){.bytes = TEST_OK(STATUS)}, 1);
    struct mill_async *async = start(&server, &(struct mill_async_plan){.policy.timeout_ns = LATER});
    ask_all(async, ones, seen, REQUESTS);
    await(seen, REQUESTS);
    mill_async_destroy(async);
    test_server_stop(&server);
    assert_each_once(seen, REQUESTS);
    assert_in_range(seen->succeeded, 1, REQUESTS - 1);
    assert_int_equal(seen->failure.kind, MILL_DEVICE_CONNECTION);
    assert_int_equal(seen->status, -ECONNREFUSED);
    free_seen(seen);
}

static void destroying_cancels_each_once(void **state)
{
    (void)state;
    struct seen *seen = new_seen();
    struct one ones[100];
    struct test_server server = {.before = NULL};
    test_server_start(&server, &(struct test_answer){.bytes = "", .ending = TEST_STALL}, 1);
    struct mill_async *async = start(&server, &(struct mill_async_plan){.policy.timeout_ns = LATER});
    ask_all(async, ones, seen, 100);
    assert_int_equal(mill_async_outstanding(async), 100);
    mill_async_destroy(async);
    test_server_stop(&server);
    assert_each_once(seen, 100);
    assert_int_equal(seen->succeeded, 0);
    assert_int_equal(seen->status, -ECANCELED);
    assert_non_null(strstr(seen->failure.message, "canceled"));
    free_seen(seen);
}

/* Some wait to be tried again when the end comes. */
static void destroying_cancels_what_waits_to_be_tried_again(void **state)
{
    (void)state;
    struct seen *seen = new_seen();
    struct one ones[40];
    struct test_server server = {.before = NULL};
    test_server_start(&server, &(struct test_answer){.bytes = "HTTP/1.1 503 Busy\r\n\r\n"}, 1);
    struct mill_async *async =
        start(&server, &(struct mill_async_plan){.policy = {.timeout_ns = LATER,
                                                            .retries = 1000,
                                                            .backoff_ns = MILL_NS_PER_MS,
                                                            .backoff_max_ns = 3600 * MILL_NS_PER_S}});
    ask_all(async, ones, seen, 40);
    while (atomic_load(&server.connections) < 100) {
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS);
    }
    mill_async_destroy(async);
    test_server_stop(&server);
    assert_each_once(seen, 40);
    assert_int_equal(seen->succeeded, 0);
    assert_int_equal(seen->status, -ECANCELED);
    free_seen(seen);
}

/* ---- any thread, and callbacks too ---- */

struct chain {
    struct one one;
    struct mill_async *async;
    unsigned left;
    int refused; /* what asking for the last said */
};

static void next_of_chain(void *context, int status, const struct mill_valve_status *valve,
                          const struct mill_device_failure *failure)
{
    struct chain *chain = context;
    if (chain->left > 0) {
        chain->left--;
        chain->refused = mill_async_get_status(chain->async, next_of_chain, chain);
    }
    note(&chain->one, status, failure, "", valve->pos_deg);
}

static void a_callback_may_ask_for_more(void **state)
{
    (void)state;
    struct seen *seen = new_seen();
    struct test_server server = {.before = NULL};
    test_server_start(&server, &(struct test_answer){.bytes = TEST_OK(STATUS)}, 1);
    struct mill_async *async =
        start(&server, &(struct mill_async_plan){.outstanding = 1, .policy.timeout_ns = LATER});
    struct chain chain = {.one = {seen, 0}, .async = async, .left = 30};
    assert_int_equal(mill_async_get_status(async, next_of_chain, &chain), 0);
    await(seen, 31);
    mill_async_destroy(async);
    test_server_stop(&server);
    assert_int_equal(chain.refused, 0);
    assert_int_equal(seen->succeeded, 31);
    free_seen(seen);
}

static void a_callback_of_what_is_canceled_is_refused(void **state)
{
    (void)state;
    struct seen *seen = new_seen();
    struct test_server server = {.before = NULL};
    test_server_start(&server, &(struct test_answer){.bytes = "", .ending = TEST_STALL}, 1);
    struct mill_async *async = start(&server, &(struct mill_async_plan){.policy.timeout_ns = LATER});
    struct chain chain = {.one = {seen, 0}, .async = async, .left = 1};
    assert_int_equal(mill_async_get_status(async, next_of_chain, &chain), 0);
    mill_async_destroy(async);
    test_server_stop(&server);
    assert_int_equal(chain.refused, -EPIPE);
    assert_int_equal(seen->completed, 1);
    free_seen(seen);
}

struct asker {
    struct mill_async *async;
    struct one *ones;
    struct seen *seen;
    unsigned from, to;
};

static void *ask_some(void *argument)
{
    struct asker *asker = argument;
    for (unsigned i = asker->from; i < asker->to; i++) {
        asker->ones[i] = (struct one){asker->seen, i};
        if (mill_async_get_status(asker->async, status_done, &asker->ones[i]) != 0) {
            break;
        }
    }
    return NULL;
}

static void many_threads_ask_at_once(void **state)
{
    (void)state;
    struct seen *seen = new_seen();
    struct one ones[200];
    struct asker askers[4];
    pthread_t threads[4];
    struct test_server server = {.before = NULL};
    test_server_start(&server, &(struct test_answer){.bytes = TEST_OK(STATUS)}, 1);
    struct mill_async *async = start(&server, &(struct mill_async_plan){.policy.timeout_ns = LATER});
    for (unsigned i = 0; i < 4; i++) {
        askers[i] = (struct asker){async, ones, seen, i * 50, i * 50 + 50};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_some, &askers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    await(seen, 200);
    mill_async_destroy(async);
    test_server_stop(&server);
    assert_each_once(seen, 200);
    assert_int_equal(seen->succeeded, 200);
    free_seen(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_outstanding_within_eight_connections),
        cmocka_unit_test(the_plan_says_how_many_connections),
        cmocka_unit_test(a_server_that_dies_fails_each_of_the_rest_once),
        cmocka_unit_test(destroying_cancels_each_once),
        cmocka_unit_test(destroying_cancels_what_waits_to_be_tried_again),
        cmocka_unit_test(a_callback_may_ask_for_more),
        cmocka_unit_test(a_callback_of_what_is_canceled_is_refused),
        cmocka_unit_test(many_threads_ask_at_once),
    };
    return cmocka_run_group_tests_name("the async client", tests, NULL, NULL);
}

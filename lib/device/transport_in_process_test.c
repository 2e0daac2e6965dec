#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/timeout.h"
#include "device/client.h"
#include "device/model_device.h"
#include "device/quirks.h"
#include "device/transport_strategy.h"

#define LATER (60 * (int64_t)MILL_NS_PER_S)

static struct mill_model_device *make(const struct mill_model_plan *plan)
{
    struct mill_model_device *model;
    assert_int_equal(mill_model_create(plan, &model), 0);
    return model;
}

static struct mill_transport *open_to(struct mill_model_device *model, const char *key)
{
    struct mill_transport *transport;
    struct mill_transport_plan plan = {.model = model, .key = key};
    assert_int_equal(mill_transport_open(&mill_transport_in_process, &plan, &transport, NULL), 0);
    return transport;
}

static int ask(struct mill_transport *transport, const char *method, const char *path, const char *body,
               int64_t timeout_ns, struct mill_transport_reply *reply, struct mill_error *error)
{
    uint64_t deadline = 0;
    assert_int_equal(mill_deadline_after(timeout_ns, &deadline), 0);
    struct mill_transport_request request = {
        .method = method, .path = path, .body = body, .length = body ? strlen(body) : 0};
    return mill_transport_exchange(transport, &request, deadline, reply, error);
}

static void the_family_names_both(void **state)
{
    (void)state;
    assert_ptr_equal(mill_transport_ops_find("http"), &mill_transport_http);
    assert_ptr_equal(mill_transport_ops_find("in-process"), &mill_transport_in_process);
    assert_null(mill_transport_ops_find("pigeon"));
}

static void a_request_is_answered_by_the_firmware(void **state)
{
    (void)state;
    struct mill_transport_reply reply;
    struct mill_valve_config live;
    struct mill_model_device *model = make(&(struct mill_model_plan){.virtual_time = true});
    struct mill_transport *transport = open_to(model, NULL);
    assert_int_equal(ask(transport, "GET", "/api/v1/status", NULL, LATER, &reply, NULL), 0);
    assert_int_equal(reply.status, 200);
    assert_true(reply.sent);
    assert_int_equal(reply.length, strlen(reply.body));
    assert_non_null(strstr(reply.body, "\"pos_deg\""));
    assert_int_equal(ask(transport, "POST", "/api/v1/config", "{\"viscous\":0.5}", LATER, &reply, NULL), 0);
    assert_int_equal(reply.status, 200);
    assert_int_equal(mill_model_applied(model), 1);
    mill_model_config(model, &live);
    assert_true(live.viscous == 0.5);
    assert_int_equal(ask(transport, "GET", "/nowhere", NULL, LATER, &reply, NULL), 0);
    assert_int_equal(reply.status, 404);
    mill_transport_close(transport);
    mill_model_destroy(model);
}

static void another_key_is_unauthorized(void **state)
{
    (void)state;
    struct mill_transport_reply reply;
    struct mill_model_device *model = make(&(struct mill_model_plan){.virtual_time = true});
    struct mill_transport *transport = open_to(model, "wrong");
    assert_int_equal(ask(transport, "POST", "/api/v1/config", "{\"viscous\":0.5}", LATER, &reply, NULL), 0);
    assert_int_equal(reply.status, 401);
    assert_string_equal(reply.body, "{\"status\":\"error\",\"error\":\"unauthorized\"}");
    assert_int_equal(mill_model_applied(model), 0);
    mill_transport_close(transport);
    mill_model_destroy(model);
}

/* ---- time ---- */

static uint64_t clock_after(const struct mill_model_plan *plan, unsigned requests)
{
    struct mill_transport_reply reply;
    struct mill_model_device *model = make(plan);
    struct mill_transport *transport = open_to(model, NULL);
    for (unsigned i = 0; i < requests; i++) {
        assert_int_equal(ask(transport, "GET", "/api/v1/status", NULL, LATER, &reply, NULL), 0);
    }
    uint64_t clock = mill_model_clock(model);
    mill_transport_close(transport);
    mill_model_destroy(model);
    return clock;
}

static void virtual_time_moves_by_the_service(void **state)
{
    (void)state;
    struct mill_model_plan plan = {.virtual_time = true, .service_ns = 3600 * MILL_NS_PER_S};
    assert_int_equal(clock_after(&plan, 0), 0);
    struct mill_model_plan quick = {.virtual_time = true, .service_ns = 3 * MILL_NS_PER_MS};
    assert_int_equal(clock_after(&quick, 10), 30 * MILL_NS_PER_MS);
    struct mill_model_plan none = {.virtual_time = true};
    assert_int_equal(clock_after(&none, 10), 10 * MILL_NS_PER_US);
}

static void the_loop_turns_once_a_millisecond(void **state)
{
    (void)state;
    struct mill_model_plan plan = {
        .virtual_time = true, .quirks = MILL_QUIRK_LOOP_DELAY, .service_ns = 100 * MILL_NS_PER_US};
    assert_int_equal(clock_after(&plan, 10), 9 * MILL_NS_PER_MS + 100 * MILL_NS_PER_US);
}

static void what_keeps_the_main_loop_counts(void **state)
{
    (void)state;
    struct mill_transport_reply reply;
    struct mill_model_device *model =
        make(&(struct mill_model_plan){.virtual_time = true, .quirks = MILL_QUIRK_BLOCKING});
    struct mill_transport *transport = open_to(model, NULL);
    assert_int_equal(
        ask(transport, "POST", "/api/v1/presets", "{\"index\":1,\"save_current\":true}", LATER, &reply, NULL),
        0);
    assert_int_equal(reply.status, 200);
    assert_in_range(mill_model_clock(model), 100 * MILL_NS_PER_MS, 200 * MILL_NS_PER_MS);
    mill_transport_close(transport);
    mill_model_destroy(model);
}

static void a_service_longer_than_the_deadline_is_done_all_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct mill_transport_reply reply;
        struct mill_error error;
        struct mill_model_device *model =
            make(&(struct mill_model_plan){.virtual_time = i == 0, .service_ns = 3600 * MILL_NS_PER_S});
        struct mill_transport *transport = open_to(model, NULL);
        assert_int_equal(ask(transport, "POST", "/api/v1/config", "{\"viscous\":0.5}",
                             i == 0 ? LATER : 500 * (int64_t)MILL_NS_PER_MS, &reply, &error),
                         -ETIMEDOUT);
        assert_true(reply.sent);
        assert_int_equal(reply.status, 0);
        assert_non_null(strstr(error.message, "/api/v1/config"));
        assert_int_equal(mill_model_applied(model), 1);
        mill_transport_close(transport);
        mill_model_destroy(model);
    }
}

#define CALLERS 4
#define CALLS   5
#define SERVICE (2 * MILL_NS_PER_MS)

static void *call_often(void *argument)
{
    struct mill_transport_reply reply;
    struct mill_transport *transport = open_to(argument, NULL);
    for (int i = 0; i < CALLS; i++) {
        if (ask(transport, "POST", "/api/v1/config", "{\"viscous\":0.5}", LATER, &reply, NULL) != 0) {
            break;
        }
    }
    mill_transport_close(transport);
    return NULL;
}

/* However many ask, the main loop serves one after the other: it takes at least the sum. */
static void many_callers_are_served_one_after_the_other(void **state)
{
    (void)state;
    struct mill_model_device *model = make(&(struct mill_model_plan){.service_ns = SERVICE});
    pthread_t threads[CALLERS];
    uint64_t from = mill_now_ns();
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, model), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(mill_now_ns() - from >= CALLERS * CALLS * SERVICE);
    assert_int_equal(mill_model_applied(model), CALLERS * CALLS);
    mill_model_destroy(model);
}

/* ---- what is refused ---- */

static void what_is_refused(void **state)
{
    (void)state;
    struct mill_model_device *model = NULL;
    struct mill_transport *transport = NULL;
    struct mill_error error;
    assert_int_equal(mill_model_create(NULL, &model), -EINVAL);
    assert_int_equal(mill_model_create(&(struct mill_model_plan){.quirks = 1u << 31}, &model), -EINVAL);
    assert_int_equal(mill_model_create(&(struct mill_model_plan){.service_ns = UINT64_MAX}, &model), -EINVAL);
    assert_null(model);
    mill_model_destroy(NULL);
    assert_int_equal(mill_transport_open(&mill_transport_in_process, &(struct mill_transport_plan){.port = 1},
                                         &transport, &error),
                     -EINVAL);
    assert_non_null(strstr(error.message, "model"));
    assert_int_equal(mill_transport_open(NULL, NULL, NULL, &error), -EINVAL);
    mill_transport_close(NULL);
}

static void requests_that_no_transport_carries(void **state)
{
    (void)state;
    static const struct mill_transport_request requests[] = {
        {.method = NULL, .path = "/"},
        {.method = "GET", .path = NULL},
        {.method = "DELETE", .path = "/"},
        {.method = "get", .path = "/"},
        {.method = "GET", .path = ""},
        {.method = "GET", .path = "api"},
        {.method = "GET", .path = "/a b"},
        {.method = "GET", .path = "/a\r\nX: y"},
        {.method = "GET", .path = "/\xc3\xa4"},
        {.method = "GET", .path = "/", .body = "{}", .length = 2},
        {.method = "POST", .path = "/", .body = NULL, .length = 2},
    };
    struct mill_transport_reply reply;
    struct mill_error error;
    struct mill_model_device *model = make(&(struct mill_model_plan){.virtual_time = true});
    struct mill_transport *transport = open_to(model, NULL);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (mill_transport_exchange(transport, &requests[i], MILL_NO_DEADLINE, &reply, &error) != -EINVAL) {
            fail_msg("request %zu was carried", i);
        }
        assert_false(reply.sent);
    }
    assert_int_equal(mill_transport_exchange(transport, NULL, MILL_NO_DEADLINE, &reply, &error), -EINVAL);
    assert_int_equal(mill_transport_exchange(transport, &requests[0], MILL_NO_DEADLINE, NULL, &error),
                     -EINVAL);
    assert_int_equal(ask(transport, "GET", "/", NULL, 0, &reply, &error), -ETIMEDOUT);
    assert_int_equal(mill_model_clock(model), 0);
    mill_transport_close(transport);
    mill_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_family_names_both),
        cmocka_unit_test(a_request_is_answered_by_the_firmware),
        cmocka_unit_test(another_key_is_unauthorized),
        cmocka_unit_test(virtual_time_moves_by_the_service),
        cmocka_unit_test(the_loop_turns_once_a_millisecond),
        cmocka_unit_test(what_keeps_the_main_loop_counts),
        cmocka_unit_test(a_service_longer_than_the_deadline_is_done_all_the_same),
        cmocka_unit_test(many_callers_are_served_one_after_the_other),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(requests_that_no_transport_carries),
    };
    return cmocka_run_group_tests_name("transport in process", tests, NULL, NULL);
}

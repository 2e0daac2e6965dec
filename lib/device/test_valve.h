/* A valve for the tests of sharing: the in-process transport, but that GET status is answered here, with one
 * number in every field, another one each time, so that a torn or foreign answer shows; and that requests
 * fail to order. Included once by such a test.
 */
#ifndef MILL_DEVICE_TEST_VALVE_H
#define MILL_DEVICE_TEST_VALVE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/sharing_list.h"
#include "device/transport_strategy.h"

/* What the valve does from now on: 0: answers; over 0: this status of HTTP; below: the exchange fails so. */
static atomic_int test_valve_fault;

/* Requests that got through to it; the number in the last status is the count of these. */
static _Atomic(unsigned) test_valve_asked;
static _Atomic(unsigned) test_valve_posts;

struct test_valve {
    struct mill_transport transport;
    struct mill_transport *behind;
};

static int test_valve_open(const struct mill_transport_plan *plan, struct mill_transport **transport,
                           struct mill_error *error)
{
    struct test_valve *made = malloc(sizeof *made);
    int status = made ? mill_transport_open(&mill_transport_in_process, plan, &made->behind, error) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    *transport = &made->transport;
    return 0;
}

static void test_valve_close(struct mill_transport *transport)
{
    mill_transport_close(((struct test_valve *)transport)->behind);
    free(transport);
}

static void test_valve_tell_status(struct mill_transport_reply *reply)
{
    unsigned n = atomic_fetch_add(&test_valve_asked, 1) + 1;
    reply->status = 200;
    reply->length = (size_t)snprintf(
        reply->body, sizeof reply->body,
        "{\"pos_deg\":%u.00,\"vel_rad_s\":%u.000,\"torque_nm\":%u.000,\"status\":0,\"temp_fet\":%u.0,"
        "\"temp_motor\":%u.0,\"bus_voltage\":0.00,\"safety\":{\"errors\":%u,\"last_error\":%u,\"estops\":%u}"
        "}",
        n, n, n, n, n, n, n, n);
}

static int test_valve_exchange(struct mill_transport *transport, const struct mill_transport_request *request,
                               uint64_t deadline, struct mill_transport_reply *reply,
                               struct mill_error *error)
{
    int fault = atomic_load(&test_valve_fault);
    reply->sent = true;
    if (fault < 0) {
        return mill_error_set(error, fault, "a fault to order");
    }
    if (fault > 0) {
        reply->status = fault;
        reply->length = (size_t)snprintf(reply->body, sizeof reply->body, "{\"status\":\"error\"}");
        return 0;
    }
    if (strcmp(request->path, MILL_WIRE_BASE "/status") == 0) {
        test_valve_tell_status(reply);
        return 0;
    }
    atomic_fetch_add(&test_valve_posts, strcmp(request->method, "POST") == 0);
    return mill_transport_exchange(((struct test_valve *)transport)->behind, request, deadline, reply, error);
}

static const struct mill_transport_ops test_valve = {
    .about = {.name = "test-valve", .summary = "in process, with faults to order", .source = "this test"},
    .open = test_valve_open,
    .close = test_valve_close,
    .exchange = test_valve_exchange,
};

/* One number in every field? */
static inline bool test_valve_whole(const struct mill_valve_status *status)
{
    double n = status->pos_deg;
    int64_t count = (int64_t)n;
    return n >= 1 && status->vel_rad_s == n && status->torque_nm == n && status->temp_fet == n &&
           status->temp_motor == n && status->state == MILL_VALVE_IDLE && status->errors == count &&
           status->last_error == count && status->estops == count;
}

/* A model without quirks, and a plan for it that fails at the first fault and refreshes each millisecond. */
static struct mill_sharing_plan test_valve_plan(unsigned threads)
{
    struct mill_sharing_plan plan = {
        .transport = &test_valve,
        .policy = {.timeout_ns = 20 * (int64_t)MILL_NS_PER_S},
        .threads = threads,
        .connections = 2,
        .refresh_ns = MILL_NS_PER_MS,
    };
    atomic_store(&test_valve_fault, 0);
    assert_int_equal(mill_model_create(&(struct mill_model_plan){.seed = 1}, &plan.to.model), 0);
    return plan;
}

#endif

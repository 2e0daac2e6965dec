/* One firmware, asked and answered: for the tests of firmware*.c. */
#ifndef MILL_DEVICE_TEST_FIRMWARE_H
#define MILL_DEVICE_TEST_FIRMWARE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device/firmware.h"
#include "device/wire_read.h"

static struct mill_firmware *firmware;
static struct mill_firmware_reply reply;

static inline int boot_with(unsigned quirks, const struct mill_hand *hand)
{
    const struct mill_firmware_plan plan = {.quirks = quirks, .hand = hand, .seed = 7};
    assert_int_equal(mill_firmware_create(&plan, &firmware), 0);
    mill_firmware_advance(firmware, 0);
    return 0;
}

static inline int shut_down(void **state)
{
    (void)state;
    mill_firmware_destroy(firmware);
    firmware = NULL;
    return 0;
}

/* `name` of an endpoint: "status". Every reply is one text, and JSON of some kind. */
static inline void request(uint64_t now_us, const char *method, const char *name, const char *body)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", MILL_WIRE_BASE, name);
    memset(&reply, 0x5a, sizeof reply);
    size_t length = body != NULL ? strlen(body) : 0;
    assert_int_equal(mill_firmware_request(firmware, now_us, method, path, body, length, &reply), 0);
    assert_true(reply.length < sizeof reply.body);
    assert_int_equal(strlen(reply.body), reply.length);
}

static inline void get(uint64_t now_us, const char *name)
{
    request(now_us, "GET", name, NULL);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.before_us + reply.after_us, 0);
}

static inline void post(uint64_t now_us, const char *name, const char *body)
{
    request(now_us, "POST", name, body);
}

static inline void assert_refused(int status, const char *error)
{
    char expected[128];
    snprintf(expected, sizeof expected, "{\"status\":\"error\",\"error\":\"%s\"}", error);
    assert_string_equal(reply.body, expected);
    assert_int_equal(reply.status, status);
    assert_int_equal(reply.before_us + reply.after_us, 0);
}

static inline struct mill_valve_status status_at(uint64_t now_us)
{
    struct mill_valve_status status;
    get(now_us, "status");
    assert_int_equal(mill_read_status(reply.body, reply.length, &status, NULL), 0);
    return status;
}

static inline struct mill_valve_config live_config(void)
{
    struct mill_valve_config live;
    mill_firmware_config(firmware, &live);
    return live;
}

/* Starts the valve; gives the first full millisecond at which it is RUNNING. */
static inline uint64_t run_at(uint64_t now_us)
{
    post(now_us, "control", "{\"action\":\"start\"}");
    assert_int_equal(reply.status, 200);
    uint64_t ready = (now_us + reply.before_us + 999) / 1000 * 1000;
    assert_int_equal(status_at(ready).state, MILL_VALVE_RUNNING);
    return ready;
}

#endif

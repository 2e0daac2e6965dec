/* For tests of what streams: patience, and waiting for a connection. Included once by such a test. */
#ifndef MILL_DEVICE_TEST_STREAMER_H
#define MILL_DEVICE_TEST_STREAMER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/timeout.h"
#include "device/streamer.h"

/* What nothing takes on the busiest machine, unless it hangs. */
#define MILL_TEST_PATIENCE_NS (60 * (int64_t)MILL_NS_PER_S)

static inline void mill_test_await_connections(struct mill_streamer *streamer, uint64_t connections)
{
    struct mill_streamer_metrics metrics = {0};
    uint64_t end = mill_now_ns() + (uint64_t)MILL_TEST_PATIENCE_NS;
    for (mill_streamer_read(streamer, &metrics); metrics.connections < connections;
         mill_streamer_read(streamer, &metrics)) {
        assert_true(mill_now_ns() < end);
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS / 5);
    }
}

#endif

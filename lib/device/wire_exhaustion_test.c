/* What comes over the wire, a firmware and a hand when memory is out. */
#include "core/test_exhaustion.h"

#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "device/firmware.h"
#include "device/hand.h"
#include "device/wire_read.h"

/* Attempts that were told that memory is out. */
static int told;

/* Out of memory inside a string or a number is bad JSON to the parser; anything else is -ENOMEM. */
static int without_memory(int status)
{
    assert_true(status == 0 || status == -ENOMEM || status == -EBADMSG);
    told += status == -ENOMEM;
    return status;
}

static int reply(void *context)
{
    (void)context;
    static const char text[] = "{\"active\":true,\"connected_clients\":1,\"default_interval_ms\":100,"
                               "\"messages_sent\":5,\"send_errors\":0,\"invalid_samples\":0,"
                               "\"last_send_tick_ms\":77,\"more\":[1.5,\"text\",{}]}";
    struct mill_stream_status found;
    return without_memory(mill_read_stream(text, strlen(text), &found, NULL));
}

static int request(void *context)
{
    static const char text[] = "{\"viscous\":0.5,\"name\":\"own\"}";
    struct mill_firmware_reply answer;
    int status = mill_firmware_request(context, 0, "POST", "/api/v1/config", text, strlen(text), &answer);
    assert_int_equal(status, 0);
    if (answer.status == 200) {
        return 0;
    }
    assert_true(answer.status == 503 || answer.status == 400);
    return -ENOMEM;
}

static int firmware(void *context)
{
    (void)context;
    struct mill_firmware *made = NULL;
    int status = mill_firmware_create(&(struct mill_firmware_plan){.seed = 1}, &made);
    assert_int_equal(status, made != NULL ? 0 : -ENOMEM);
    mill_firmware_destroy(made);
    return status;
}

static int hand(void *context)
{
    struct mill_hand *made = NULL;
    int status = mill_hand_create(context, &made, NULL);
    assert_int_equal(status, made != NULL ? 0 : -ENOMEM);
    mill_hand_destroy(made);
    return status;
}

static void all_of_them(void **state)
{
    (void)state;
    json_set_alloc_funcs(malloc, free); /* these here, which fail to order */
    int failures = mill_exhaust(reply, NULL);
    assert_true(failures > 10 && told > failures / 2);
    struct mill_firmware *valve;
    assert_int_equal(mill_firmware_create(&(struct mill_firmware_plan){.seed = 1}, &valve), 0);
    assert_true(mill_exhaust(request, valve) > 5);
    assert_int_equal(mill_firmware_applied(valve), 1); /* by the attempt that met no failure */
    mill_firmware_destroy(valve);
    assert_int_equal(mill_exhaust(firmware, NULL), 1);
    assert_int_equal(mill_exhaust(hand, (void *)(uintptr_t) "sine:1:1s"), 1);
    char text[] = "file:/tmp/wire_exhaustion_test.XXXXXX";
    int descriptor = mkstemp(text + strlen("file:"));
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, "0 1\n1 2\n", 8), 8);
    close(descriptor);
    int met = mill_exhaust(hand, text);
    unlink(text + strlen("file:"));
    assert_true(met > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_them),
    };
    return cmocka_run_group_tests_name("wire_exhaustion", tests, NULL, NULL);
}

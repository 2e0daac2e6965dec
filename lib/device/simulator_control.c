/* What no device has: orders for the simulator itself, with the device's key.
 *
 *     POST /simulator/faults         body: a list of faults.h; an empty one ends them
 *     POST /simulator/power-cycle    body: how long the power is off, "500ms"; 1s where there is none
 *     GET  /simulator/applied        how many POST configs took effect, in its life
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "device/simulator_parts.h"

static const uint64_t off_default_ns = MILL_NS_PER_S;
static const uint64_t off_maximum_ns = 60 * MILL_NS_PER_S;

/* `text` in the place of `error`; what would end a JSON string is left out of it. */
static void say(struct mill_firmware_reply *reply, int status, const char *text)
{
    char clean[1024];
    size_t length = 0;
    for (; *text != '\0' && length + 1 < sizeof clean; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
            clean[length++] = (char)byte;
        }
    }
    clean[length] = '\0';
    reply->status = status;
    reply->length =
        (size_t)(status == MHD_HTTP_OK ? snprintf(reply->body, sizeof reply->body, "{\"status\":\"ok\"}")
                                       : snprintf(reply->body, sizeof reply->body,
                                                  "{\"status\":\"error\",\"error\":\"%s\"}", clean));
}

static void take_faults(struct mill_simulator *simulator, const char *text, struct mill_firmware_reply *reply)
{
    struct mill_error error;
    if (mill_faults_parse(text, &simulator->faults, &error) < 0) {
        say(reply, MHD_HTTP_BAD_REQUEST, error.message);
    } else {
        mill_fault_dice_calm(&simulator->dice);
        say(reply, MHD_HTTP_OK, "");
    }
}

static void take_power_cycle(struct mill_simulator *simulator, const char *text,
                             struct mill_firmware_reply *reply)
{
    uint64_t off_ns = off_default_ns;
    if (text[0] != '\0' && (mill_parse_duration(text, &off_ns) < 0 || off_ns > off_maximum_ns)) {
        say(reply, MHD_HTTP_BAD_REQUEST, "power-cycle: the body is a time up to 60s, like 500ms, or empty");
        return;
    }
    simulator->off_ns = off_ns;
    simulator->cycles_asked++; /* done at the end of the loop's turn, when the reply has gone */
    say(reply, MHD_HTTP_OK, "");
}

static void tell_applied(struct mill_simulator *simulator, const char *text,
                         struct mill_firmware_reply *reply)
{
    (void)text;
    mill_firmware_advance(simulator->firmware, mill_simulator_us(simulator, mill_now_ns()));
    reply->status = MHD_HTTP_OK;
    reply->length =
        (size_t)snprintf(reply->body, sizeof reply->body, "{\"status\":\"ok\",\"applied\":%" PRIu64 "}",
                         mill_firmware_applied(simulator->firmware));
}

void mill_simulator_control(struct mill_simulator *simulator, const char *method, const char *path,
                            const char *body, size_t length, struct mill_firmware_reply *reply)
{
    static const struct {
        const char *method;
        const char *path;
        void (*take)(struct mill_simulator *simulator, const char *text, struct mill_firmware_reply *reply);
    } orders[] = {
        {MHD_HTTP_METHOD_POST, "/simulator/faults", take_faults},
        {MHD_HTTP_METHOD_POST, "/simulator/power-cycle", take_power_cycle},
        {MHD_HTTP_METHOD_GET, "/simulator/applied", tell_applied},
    };
    char text[MILL_WIRE_REQUEST_MAX + 1];
    memcpy(text, body, length);
    text[length] = '\0';
    text[strcspn(text, "\r\n")] = '\0'; /* as curl and an editor leave it */
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (strcmp(path, orders[i].path) != 0) {
            continue;
        }
        if (strcmp(method, orders[i].method) == 0) {
            orders[i].take(simulator, text, reply);
        } else {
            say(reply, MHD_HTTP_BAD_REQUEST, "unsupported_method");
        }
        return;
    }
    say(reply, MHD_HTTP_NOT_FOUND, "not_found");
}

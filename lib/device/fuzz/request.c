/* Requests to one firmware: the first byte of an input says which quirks it has, and the rest is requests,
 * parted by form feeds: a byte that says how much later it is, then method, path and body with a space in
 * between. A request OFF switches it off and on. Whatever is asked, every reply is JSON, and the live config
 * keeps the rules. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "core/test_fuzz.h"
#include "device/firmware.h"
#include "device/hand.h"
#include "device/valve.h"
#include "device/wire_print.h"
#include "device/wire_read.h"

/* A copy of [from, from + length) with a NUL behind it, and where the next word begins. */
static char *word(const uint8_t **from, const uint8_t *end)
{
    const uint8_t *space = memchr(*from, ' ', (size_t)(end - *from));
    size_t length = (size_t)((space != NULL ? space : end) - *from);
    char *copy = malloc(length + 1);
    must(copy != NULL);
    memcpy(copy, *from, length);
    copy[length] = '\0';
    *from = space != NULL ? space + 1 : end;
    return copy;
}

static void must_be_json(const struct mill_firmware_reply *reply)
{
    must(reply->length < sizeof reply->body && strlen(reply->body) == reply->length);
    json_t *root = json_loadb(reply->body, reply->length, 0, NULL);
    must(root != NULL);
    must((reply->status == 200) == (json_object_get(root, "error") == NULL));
    json_decref(root);
}

/* What it tells of itself can be read. */
static void must_be_sound(struct mill_firmware *firmware, uint64_t now_us)
{
    struct mill_valve_config live;
    mill_firmware_config(firmware, &live);
    must(mill_valve_check(&live, NULL) == 0);
    struct mill_sample_line sample;
    struct mill_stream_line line;
    char text[MILL_WIRE_LINE_MAX];
    mill_firmware_sample(firmware, now_us, &sample);
    int length = mill_print_sample(&sample, MILL_QUIRKS_FIRMWARE, text, sizeof text);
    must(length > 0 && mill_read_line(text, (size_t)length - 1, &line, NULL) == 0);
    struct mill_firmware_reply reply;
    struct mill_valve_status status;
    must(mill_firmware_request(firmware, now_us, "GET", "/api/v1/status", NULL, 0, &reply) == 0);
    must(mill_read_status(reply.body, reply.length, &status, NULL) == 0);
    struct mill_valve_preset presets[MILL_WIRE_PRESETS];
    must(mill_firmware_request(firmware, now_us, "GET", "/api/v1/presets", NULL, 0, &reply) == 0);
    must(mill_read_presets(reply.body, reply.length, presets, NULL) == 0);
}

static void request(struct mill_firmware *firmware, uint64_t *now_us, const uint8_t *from, const uint8_t *end)
{
    if (from < end) {
        *now_us += *from++ * 97u;
    }
    char *method = word(&from, end);
    char *path = word(&from, end);
    size_t length = (size_t)(end - from);
    char *body = malloc(length + (length == 0)); /* its end is the end of its memory */
    must(body != NULL);
    memcpy(body, from, length);
    struct mill_firmware_reply reply;
    if (strcmp(method, "OFF") == 0) {
        mill_firmware_power_cycle(firmware, *now_us);
    } else {
        must(mill_firmware_request(firmware, *now_us, method, path, body, length, &reply) == 0);
        must_be_json(&reply);
        *now_us += reply.before_us + reply.after_us;
    }
    free(method);
    free(path);
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct mill_hand *hand = NULL;
    if (data[0] % 3 == 0) {
        must(mill_hand_create("sine:300:90ms", &hand, NULL) == 0);
    }
    struct mill_firmware *firmware;
    const struct mill_firmware_plan plan = {.quirks = data[0], .hand = hand, .seed = size};
    must(mill_firmware_create(&plan, &firmware) == 0);
    uint64_t now_us = 0;
    for (const uint8_t *from = data + 1, *end = data + size; from < end;) {
        const uint8_t *feed = memchr(from, '\f', (size_t)(end - from));
        request(firmware, &now_us, from, feed != NULL ? feed : end);
        from = feed != NULL ? feed + 1 : end;
    }
    must_be_sound(firmware, now_us);
    mill_firmware_destroy(firmware);
    mill_hand_destroy(hand);
    return 0;
}

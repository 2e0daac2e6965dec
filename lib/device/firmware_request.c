/* From a request to the endpoint that answers it. */
#include <errno.h>
#include <string.h>

#include "device/firmware_inside.h"
#include "device/wire_print.h"

void mill_firmware_refuse(struct mill_firmware_reply *reply, int status, const char *error)
{
    reply->status = status;
    reply->length = (size_t)mill_print_error(error, reply->body, sizeof reply->body);
}

void mill_firmware_answer(struct mill_firmware_reply *reply, int length)
{
    if (length < 0) {
        mill_firmware_refuse(reply, 500, "response_overflow");
        return;
    }
    reply->status = 200;
    reply->length = (size_t)length;
}

void mill_firmware_answer_ok(struct mill_firmware_reply *reply)
{
    static const char ok[] = "{\"status\":\"ok\"}";
    memcpy(reply->body, ok, sizeof ok);
    mill_firmware_answer(reply, (int)sizeof ok - 1);
}

bool mill_firmware_refuse_keys(const struct mill_device_request *request,
                               const struct mill_firmware_key *keys, size_t count,
                               struct mill_firmware_reply *reply)
{
    for (size_t i = 0; i < count; i++) {
        if ((request->invalid >> keys[i].key & 1) != 0) {
            mill_firmware_refuse(reply, 400, keys[i].error);
            return true;
        }
    }
    return false;
}

static const struct {
    const char *path; /* behind MILL_WIRE_BASE */
    mill_firmware_endpoint *get;
    mill_firmware_endpoint *post;
} endpoints[] = {
    {"/status", mill_firmware_get_status, NULL},
    {"/config", mill_firmware_get_config, mill_firmware_post_config},
    {"/control", NULL, mill_firmware_post_control},
    {"/presets", mill_firmware_get_presets, mill_firmware_post_presets},
    {"/odrive", mill_firmware_get_odrive, mill_firmware_post_odrive},
    {"/can", mill_firmware_get_can, NULL},
    {"/stream", mill_firmware_get_stream, mill_firmware_post_stream},
};

static void answer_post(struct mill_firmware *firmware, mill_firmware_endpoint *endpoint, const char *body,
                        size_t length, struct mill_firmware_reply *reply)
{
    if (body == NULL || length == 0) {
        mill_firmware_refuse(reply, 400, "invalid_request");
        return;
    }
    struct mill_device_request request;
    switch (mill_read_request(body, length, &request, NULL)) {
    case 0:
        endpoint(firmware, &request, reply);
        break;
    case -EMSGSIZE:
    case -E2BIG:
        mill_firmware_refuse(reply, 413, "request_too_large");
        break;
    case -EPROTOTYPE:
        mill_firmware_refuse(reply, 400, "root_not_object");
        break;
    case -ENOMEM:
        mill_firmware_refuse(reply, 503, "out_of_memory");
        break;
    default:
        mill_firmware_refuse(reply, 400, "json_parse_error");
    }
}

int mill_firmware_request(struct mill_firmware *firmware, uint64_t now_us, const char *method,
                          const char *path, const char *body, size_t length,
                          struct mill_firmware_reply *reply)
{
    if (firmware == NULL || method == NULL || path == NULL || reply == NULL) {
        return -EINVAL;
    }
    mill_firmware_advance(firmware, now_us);
    reply->before_us = 0;
    reply->after_us = 0;
    bool get = strcmp(method, "GET") == 0;
    bool post = strcmp(method, "POST") == 0;
    if (!get && !post) {
        mill_firmware_refuse(reply, 400, "unsupported_method");
        return 0;
    }
    const char *rest = path + strlen(MILL_WIRE_BASE);
    if (strncmp(path, MILL_WIRE_BASE, strlen(MILL_WIRE_BASE)) == 0) {
        for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
            bool here = strcmp(rest, endpoints[i].path) == 0;
            if (here && endpoints[i].get != NULL && get) {
                endpoints[i].get(firmware, NULL, reply);
                return 0;
            }
            if (here && endpoints[i].post != NULL && post) {
                answer_post(firmware, endpoints[i].post, body, length, reply);
                return 0;
            }
        }
    }
    mill_firmware_refuse(reply, 404, "not_found");
    return 0;
}

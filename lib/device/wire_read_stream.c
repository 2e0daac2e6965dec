/* Lines of the stream, and what a stream's client says. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "device/wire_json.h"
#include "device/wire_print.h"
#include "device/wire_read.h"

#define MEMBER(type, member)                                                    \
    {                                                                           \
#member, MILL_JSON_##type, offsetof(struct mill_sample_line, member), 0 \
    }

static const struct mill_json_member sample_members[] = {
    MEMBER(UNSIGNED, timestamp_ms),
    MEMBER(UNSIGNED, t_us),
    MEMBER(UNSIGNED, loop_time_us),
    MEMBER(UNSIGNED, seq),
    MEMBER(NUMBER, position_turns),
    MEMBER(NUMBER, position_deg),
    MEMBER(NUMBER, torque_nm),
    MEMBER(NUMBER, filt_torque_nm),
    MEMBER(NUMBER, omega_rad_s),
    MEMBER(INTEGER, passivity_mj),
    MEMBER(BOOL, quiet),
    MEMBER(INTEGER, err),
    MEMBER(INTEGER, hb_age),
    MEMBER(BOOL, data_valid),
};

static const struct mill_json_member sync_members[] = {
    MEMBER(UNSIGNED, timestamp_ms),
    MEMBER(UNSIGNED, t_us),
    MEMBER(UNSIGNED, seq),
};

static int sample_from(const json_t *root, struct mill_stream_line *line, struct mill_error *error)
{
    line->kind = MILL_LINE_SAMPLE;
    int result = MILL_JSON_READ(root, sample_members, &line->sample, error);
    if (result < 0) {
        return result;
    }
    const char *word = json_string_value(json_object_get(root, "status"));
    for (int status = MILL_SAMPLE_IDLE; word != NULL && status <= MILL_SAMPLE_NO_DATA; status++) {
        if (strcmp(word, mill_sample_status_name((enum mill_sample_status)status)) == 0) {
            line->sample.status = (enum mill_sample_status)status;
            return 0;
        }
    }
    return mill_error_set(error, -EBADMSG, "'status' is not RUNNING, IDLE, ERROR or NO_DATA");
}

static int hello_from(const json_t *root, struct mill_stream_line *line, struct mill_error *error)
{
    line->kind = MILL_LINE_HELLO;
    const char *stream = json_string_value(json_object_get(root, "stream"));
    if (stream == NULL || strcmp(stream, "valve") != 0) {
        return mill_error_set(error, -EBADMSG, "'stream' is not 'valve'");
    }
    const json_t *interval = json_object_get(root, "interval_ms");
    if (!json_is_integer(interval) || json_integer_value(interval) < 0 ||
        json_integer_value(interval) > UINT_MAX) {
        return mill_error_set(error, -EBADMSG, "'interval_ms' is not a number of milliseconds");
    }
    line->interval_ms = (unsigned)json_integer_value(interval);
    return 0;
}

static int sync_from(const json_t *root, struct mill_stream_line *line, struct mill_error *error)
{
    line->kind = MILL_LINE_SYNC;
    const char *sync = json_string_value(json_object_get(root, "sync"));
    if (sync == NULL || strcmp(sync, "ok") != 0) {
        return mill_error_set(error, -EBADMSG, "'sync' is not 'ok'");
    }
    int result = MILL_JSON_READ(root, sync_members, &line->sample, error);
    if (result < 0 || json_object_get(root, "token") == NULL) {
        return result;
    }
    static const struct mill_json_member token[] = {
        {"token", MILL_JSON_STRING, offsetof(struct mill_stream_line, token), MILL_WIRE_TOKEN_MAX},
    };
    return MILL_JSON_READ(root, token, line, error);
}

int mill_read_line(const char *text, size_t length, struct mill_stream_line *line, struct mill_error *error)
{
    json_t *root;
    int result = mill_json_parse(text, length, MILL_WIRE_LINE_MAX, &root, error);
    if (result < 0) {
        return result;
    }
    struct mill_stream_line found = {.kind = MILL_LINE_SAMPLE};
    if (json_object_get(root, "stream") != NULL) {
        result = hello_from(root, &found, error);
    } else if (json_object_get(root, "sync") != NULL) {
        result = sync_from(root, &found, error);
    } else {
        result = sample_from(root, &found, error);
    }
    json_decref(root);
    if (result == 0) {
        *line = found;
    }
    return result;
}

static bool begins(const char *text, size_t length, const char *word)
{
    return length >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

/* Digits, of a sign perhaps; what is beyond an int64_t is the largest one. */
static bool integer_from(const char *text, size_t length, int64_t *value)
{
    bool negative = length > 0 && text[0] == '-';
    size_t at = negative ? 1 : 0;
    if (at == length) {
        return false;
    }
    int64_t found = 0;
    for (; at < length; at++) {
        if (text[at] < '0' || text[at] > '9') {
            return false;
        }
        int digit = text[at] - '0';
        found = found > (INT64_MAX - digit) / 10 ? INT64_MAX : found * 10 + digit;
    }
    *value = negative ? -found : found;
    return true;
}

int mill_read_command(const char *text, size_t length, struct mill_stream_command *command)
{
    if (text == NULL) {
        return -EBADMSG;
    }
    if (length > 0 && text[length - 1] == '\r') {
        length--;
    }
    struct mill_stream_command found = {.kind = MILL_COMMAND_SYNC};
    if (begins(text, length, "interval ")) {
        found.kind = MILL_COMMAND_INTERVAL;
        size_t skip = strlen("interval ");
        if (!integer_from(text + skip, length - skip, &found.interval_ms)) {
            return -EBADMSG;
        }
    } else if (begins(text, length, "sync ")) {
        size_t skip = strlen("sync ");
        if (length - skip >= sizeof found.token || memchr(text + skip, '\0', length - skip) != NULL) {
            return -EBADMSG;
        }
        memcpy(found.token, text + skip, length - skip);
    } else if (length != strlen("sync") || memcmp(text, "sync", length) != 0) {
        return -EBADMSG;
    }
    *command = found;
    return 0;
}

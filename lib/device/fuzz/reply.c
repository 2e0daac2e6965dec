/* What a client gets for a reply: an input is read as each kind of them. What can be read can be printed, and
 * read again; what cannot be read is said why. */
#include <errno.h>
#include <string.h>

#include "core/test_fuzz.h"
#include "device/wire_print.h"
#include "device/wire_read.h"

static char printed[MILL_WIRE_REPLY_MAX];

/* A reply was read with `result`: tells whether there is anything to print. */
static bool is_read(int result, const struct mill_error *error)
{
    must(result == 0 || result == -EBADMSG || result == -EMSGSIZE);
    must(result == 0 || error->message[0] != '\0');
    return result == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct mill_error error = {.message = ""};
    struct mill_valve_status status;
    if (is_read(mill_read_status(text, size, &status, &error), &error)) {
        int length = mill_print_status(&status, 0, printed, sizeof printed);
        must(length > 0 && mill_read_status(printed, (size_t)length, &status, &error) == 0);
    }
    struct mill_valve_config config;
    if (is_read(mill_read_config(text, size, &config, &error), &error)) {
        int length = mill_print_config(&config, 0, printed, sizeof printed);
        must(length > 0 && mill_read_config(printed, (size_t)length, &config, &error) == 0);
    }
    struct mill_valve_preset presets[MILL_WIRE_PRESETS];
    if (is_read(mill_read_presets(text, size, presets, &error), &error)) {
        int length = mill_print_presets(presets, 0, printed, sizeof printed);
        must(length > 0 && mill_read_presets(printed, (size_t)length, presets, &error) == 0);
        struct mill_device_request request;
        length = mill_print_preset_request(&presets[0], printed, sizeof printed);
        must(length > 0 && mill_read_request(printed, (size_t)length, &request, &error) == 0);
    }
    struct mill_odrive_status odrive;
    if (is_read(mill_read_odrive(text, size, &odrive, &error), &error)) {
        int length = mill_print_odrive(&odrive, 0, printed, sizeof printed);
        must(length > 0 && mill_read_odrive(printed, (size_t)length, &odrive, &error) == 0);
    }
    struct mill_stream_status stream;
    if (is_read(mill_read_stream(text, size, &stream, &error), &error)) {
        int length = mill_print_stream(&stream, printed, sizeof printed);
        must(length > 0 && mill_read_stream(printed, (size_t)length, &stream, &error) == 0);
    }
    is_read(mill_read_ok(text, size, &error), &error);
    return 0;
}

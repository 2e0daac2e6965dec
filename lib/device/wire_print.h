/* The texts that go over the wire, made from values: what the device replies, and what a client asks with.
 *
 * Each function writes at most `size` bytes with the final NUL and returns the length, or -ENOSPC, or -EINVAL
 * for a number that is not finite and a name that does not end within its array. Pure; no allocation.
 *
 * Numbers have the digits that the firmware gives them, which computes in single precision: replies are
 * rounded half away from zero, samples of the stream cut off. What is too large for its integers is printed
 * as the largest (2147483647 before the point; 2147480000 over the scale in a sample), as its processor does.
 */
#ifndef MILL_DEVICE_WIRE_PRINT_H
#define MILL_DEVICE_WIRE_PRINT_H

#include <stddef.h>

#include "device/wire.h"

/* Replies. `quirks`: of enum mill_quirk; only MILL_QUIRK_SIGN matters here. */
int mill_print_status(const struct mill_valve_status *status, unsigned quirks, char *text, size_t size);
int mill_print_config(const struct mill_valve_config *config, unsigned quirks, char *text, size_t size);
int mill_print_presets(const struct mill_valve_preset presets[MILL_WIRE_PRESETS], unsigned quirks, char *text,
                       size_t size);
int mill_print_odrive(const struct mill_odrive_status *odrive, unsigned quirks, char *text, size_t size);
int mill_print_can(const struct mill_can_status *can, unsigned quirks, char *text, size_t size);
int mill_print_stream(const struct mill_stream_status *stream, char *text, size_t size);
int mill_print_error(const char *name, char *text, size_t size);

/* Lines of the stream, each with its newline: a sample; what a client is greeted with; the answer to `sync`,
 * of the sample's t_us, seq and timestamp_ms, and of a token that may be "". */
int mill_print_sample(const struct mill_sample_line *sample, unsigned quirks, char *text, size_t size);
int mill_print_hello(unsigned interval_ms, char *text, size_t size);
int mill_print_sync(const struct mill_sample_line *sample, const char *token, char *text, size_t size);

/* Bodies of requests: the members of config->fields, with as many digits as a double needs; a preset. */
int mill_print_config_request(const struct mill_valve_config *config, char *text, size_t size);
int mill_print_preset_request(const struct mill_valve_preset *preset, char *text, size_t size);

/* "IDLE", "RUNNING", … */
const char *mill_sample_status_name(enum mill_sample_status status);

#endif

/* The hand that turns the valve: a motion over time, so that positions and torques mean something.
 *
 *     "sine:45:2s"             45 degrees around where it is, a turn to and fro in two seconds
 *     "steps:30:500ms"         half a second where it is, then 30 degrees on for as long, and so forth
 *     "file:PATH"              lines of `seconds degrees`, in the order of time, repeated after the last;
 *                              straight in between; empty lines, and what is behind a #, are passed over
 *
 * The hand takes the valve when it is started, and lets go of it when it is stopped. It is strong: it says
 * where the valve is, and the valve answers with its torque. Constant once made; any thread may ask.
 */
#ifndef MILL_DEVICE_HAND_H
#define MILL_DEVICE_HAND_H

#include <stdint.h>

#include "core/error.h"

struct mill_hand;

#define MILL_HAND_DEGREES_MAX 1e6
#define MILL_HAND_FILE_MAX    (16u << 20) /* bytes */

/* 0; -EINVAL (said in `error`, for a file with its line); -ENOENT, -EFBIG and the like for the file; -ENOMEM.
 * A period, and the time from one line of a file to the next, is at least a millisecond, the valve's tick. */
int mill_hand_create(const char *text, struct mill_hand **hand, struct mill_error *error);

/* NULL is fine. */
void mill_hand_destroy(struct mill_hand *hand);

/* Where it has the valve, in degrees from where it took it, `t_us` after it took it. */
double mill_hand_degrees(const struct mill_hand *hand, uint64_t t_us);

#endif

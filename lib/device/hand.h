/* The hand that turns the valve: a motion over time, so that positions and torques mean something.
 *
 *     "sine:45:2s"             45 degrees around where it is, a turn to and fro in two seconds
 *     "steps:30:500ms"         30 degrees on, then back, every half second
 *     "file:PATH"              lines of `seconds degrees`, in the order of time, repeated
 *
 * The hand is strong: it says where the valve is, and the valve answers with its torque. Constant once made;
 * any thread may ask.
 */
#ifndef MILL_DEVICE_HAND_H
#define MILL_DEVICE_HAND_H

#include <stdint.h>

#include "core/error.h"

struct mill_hand;

/* 0; -EINVAL (said in `error`, for a file with its line); -ENOENT and the like for the file; -ENOMEM. */
int mill_hand_create(const char *text, struct mill_hand **hand, struct mill_error *error);

/* NULL is fine. */
void mill_hand_destroy(struct mill_hand *hand);

/* Where it has the valve, in degrees from where it took it, `t_us` after the start. */
double mill_hand_degrees(const struct mill_hand *hand, uint64_t t_us);

#endif

/* What happens to the next reply, and to the next sample: drawn by a seed.
 *
 *     struct mill_fault_dice dice;
 *     struct mill_reply_fate fate;
 *     mill_fault_dice_seed(&dice, seed);
 *     mill_fault_dice_reply(&dice, &faults, &fate);
 *
 * Replies and samples have streams of their own, and each draw takes the same number of random numbers
 * whatever the faults are: the n-th reply of a seed meets the same dice even when the stream runs beside it
 * or another fault is switched on. Not thread-safe; no call fails or allocates.
 */
#ifndef MILL_DEVICE_FAULT_DICE_H
#define MILL_DEVICE_FAULT_DICE_H

#include <stdint.h>

#include "core/random.h"
#include "device/faults.h"

/* In the order in which they are drawn: the first that strikes is the one. */
enum mill_reply_fault {
    MILL_REPLY_WHOLE,
    MILL_REPLY_BURST, /* 503, and what was asked is not done */
    MILL_REPLY_DROP,
    MILL_REPLY_RESET,
    MILL_REPLY_HALF,
    MILL_REPLY_GARBAGE,
    MILL_REPLY_STALL,
    MILL_REPLY_POWER, /* the power goes off before the reply */
};

struct mill_reply_fate {
    enum mill_reply_fault fault;
    uint64_t delay_ns; /* before the reply, at most MILL_FAULT_DELAY_MAX_NS */
    uint64_t stall_ns; /* in its middle; of MILL_REPLY_STALL */
    uint64_t noise;    /* random bits: which garbage */
};

enum mill_sample_fate {
    MILL_SAMPLE_ONCE,
    MILL_SAMPLE_LEFT_OUT,
    MILL_SAMPLE_TWICE,
};

struct mill_fault_dice {
    struct mill_random replies;
    struct mill_random samples;
    unsigned burst_left;
};

void mill_fault_dice_seed(struct mill_fault_dice *dice, uint64_t seed);

/* A burst that has begun ends: other faults are ordered now. Draws nothing. */
void mill_fault_dice_calm(struct mill_fault_dice *dice);

void mill_fault_dice_reply(struct mill_fault_dice *dice, const struct mill_faults *faults,
                           struct mill_reply_fate *fate);
enum mill_sample_fate mill_fault_dice_sample(struct mill_fault_dice *dice, const struct mill_faults *faults);

#endif

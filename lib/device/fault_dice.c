#include "device/fault_dice.h"

#include <math.h>

void mill_fault_dice_seed(struct mill_fault_dice *dice, uint64_t seed)
{
    mill_random_seed(&dice->replies, seed, 1);
    mill_random_seed(&dice->samples, seed, 2);
    dice->burst_left = 0;
}

void mill_fault_dice_calm(struct mill_fault_dice *dice)
{
    dice->burst_left = 0;
}

/* Uniform in [0, 1). */
static double uniform(struct mill_random *random)
{
    return (double)(mill_random_next(random) >> 11) * 0x1p-53;
}

static uint64_t delay(const struct mill_faults *faults, double first, double second)
{
    const double pi = 3.14159265358979323846;
    double ns = 0;
    switch (faults->latency) {
    case MILL_LATENCY_NONE:
        break;
    case MILL_LATENCY_FIXED:
        return faults->latency_ns;
    case MILL_LATENCY_NORMAL: /* Box and Muller 1958 */
        ns = (double)faults->latency_ns +
             faults->latency_spread * sqrt(-2 * log(1 - first)) * cos(2 * pi * second);
        break;
    case MILL_LATENCY_TAIL: /* Pareto: half of the draws lie below the median */
        ns = (double)faults->latency_ns * pow(2 * (1 - first), -1 / faults->latency_spread);
        break;
    }
    if (!(ns > 0)) {
        return 0;
    }
    return ns < (double)MILL_FAULT_DELAY_MAX_NS ? (uint64_t)ns : MILL_FAULT_DELAY_MAX_NS;
}

void mill_fault_dice_reply(struct mill_fault_dice *dice, const struct mill_faults *faults,
                           struct mill_reply_fate *fate)
{
    struct mill_random *random = &dice->replies;
    const struct {
        enum mill_reply_fault fault;
        double probability;
    } sides[] = {
        {MILL_REPLY_BURST, faults->burst},     {MILL_REPLY_DROP, faults->drop},
        {MILL_REPLY_RESET, faults->reset},     {MILL_REPLY_HALF, faults->half},
        {MILL_REPLY_GARBAGE, faults->garbage}, {MILL_REPLY_STALL, faults->stall},
        {MILL_REPLY_POWER, faults->power},
    };
    double first = uniform(random);
    double second = uniform(random);
    *fate = (struct mill_reply_fate){.delay_ns = delay(faults, first, second), .stall_ns = faults->stall_ns};
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        if (uniform(random) < sides[i].probability && fate->fault == MILL_REPLY_WHOLE) {
            fate->fault = sides[i].fault;
        }
    }
    fate->noise = mill_random_next(random);
    if (dice->burst_left > 0) {
        dice->burst_left--;
        fate->fault = MILL_REPLY_BURST;
    } else if (fate->fault == MILL_REPLY_BURST) {
        dice->burst_left = faults->burst_length - 1;
    }
}

enum mill_sample_fate mill_fault_dice_sample(struct mill_fault_dice *dice, const struct mill_faults *faults)
{
    double gap = uniform(&dice->samples);
    double twice = uniform(&dice->samples);
    if (gap < faults->gap) {
        return MILL_SAMPLE_LEFT_OUT;
    }
    return twice < faults->twice ? MILL_SAMPLE_TWICE : MILL_SAMPLE_ONCE;
}

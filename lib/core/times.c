#include "core/times.h"

#include <errno.h>
#include <stddef.h>

const char *const mill_times_shapes[] = {
    [MILL_TIMES_FIXED] = "fixed",
    [MILL_TIMES_EXPONENTIAL] = "exponential",
    [MILL_TIMES_BURSTY] = "bursty",
    NULL,
};

int mill_times_init(struct mill_times *times, enum mill_times_shape shape, uint64_t mean_ns, uint32_t burst,
                    uint64_t seed, uint64_t stream)
{
    if ((unsigned)shape > MILL_TIMES_BURSTY || mean_ns > MILL_TIMES_MEAN_MAX || burst == 0 ||
        burst > MILL_TIMES_BURST_MAX) {
        return -EINVAL;
    }
    *times = (struct mill_times){.mean_ns = mean_ns, .burst = burst, .shape = shape};
    mill_random_seed(&times->random, seed, stream);
    return 0;
}

/* Von Neumann 1951, who needs comparisons alone. Uniform numbers are drawn as long as each is less than the
 * one before. The run is of odd length with probability e^-x where its first number was x: then that is the
 * fraction, and each run of even length before it has added a whole mean. */
static uint64_t exponential(struct mill_times *times)
{
    __extension__ typedef unsigned __int128 wide;
    for (uint64_t whole = 0;; whole++) {
        uint64_t first = mill_random_next(&times->random);
        uint64_t last, length = 0, drawn = first;
        do {
            last = drawn;
            length++;
            drawn = mill_random_next(&times->random);
        } while (drawn < last);
        if (length % 2 == 1) {
            uint64_t fraction = (uint64_t)(((wide)first * times->mean_ns + ((wide)1 << 63)) >> 64);
            return whole * times->mean_ns + fraction;
        }
    }
}

uint64_t mill_times_next(struct mill_times *times)
{
    switch (times->shape) {
    case MILL_TIMES_EXPONENTIAL:
        return exponential(times);
    case MILL_TIMES_BURSTY:
        return mill_random_below(&times->random, times->burst) == 0 ? times->burst * times->mean_ns : 0;
    case MILL_TIMES_FIXED:
        break;
    }
    return times->mean_ns;
}

/* Samples of a noisy machine that nobody has to wait for. Included once by a test. */
#ifndef MILL_MEASURE_TEST_NOISE_H
#define MILL_MEASURE_TEST_NOISE_H

#include <math.h>
#include <stddef.h>

#include "core/random.h"

/* Uniform in (0, 1). */
static inline double noise_uniform(struct mill_random *random)
{
    return ((double)(mill_random_next(random) >> 11) + 0.5) * 0x1p-53;
}

/* Normal of mean 0 and deviation 1 (Box and Muller). */
static inline double noise_normal(struct mill_random *random)
{
    double radius = sqrt(-2 * log(noise_uniform(random)));
    return radius * cos(6.283185307179586 * noise_uniform(random));
}

/* One sample of a side: `level`, times noise of `deviation` (of the logarithm), and now and then, as a
 * machine that is shared does, something several times as long. */
static inline double noise_sample(struct mill_random *random, double level, double deviation)
{
    double value = level * exp(deviation * noise_normal(random));
    return noise_uniform(random) < 0.05 ? value * (1 + 4 * noise_uniform(random)) : value;
}

#endif

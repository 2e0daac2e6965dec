/* The latency histogram: HdrHistogram's bucket scheme, 1 ns to 1 h, three significant decimal digits.
 *
 * A recorded value lands in a bucket whose width is at most a thousandth of the value (Gil Tene's
 * HdrHistogram, http://hdrhistogram.org). One histogram belongs to one thread: recording is wait-free, shares
 * nothing and allocates nothing. After the threads have been joined, their histograms are added together.
 *
 *     struct mill_histogram *latency;
 *     int status = mill_histogram_create(&latency);
 *     mill_histogram_record(latency, took_ns);
 *     mill_histogram_add(total, latency);
 *     uint64_t p99 = mill_histogram_percentile(total, 99.0);
 *     mill_histogram_destroy(latency);
 *
 * A value above one hour is not thrown away silently: it is counted in `beyond`, recorded as one hour, and
 * the true maximum is kept. Zero is recorded as zero.
 */
#ifndef MILL_MEASURE_HISTOGRAM_H
#define MILL_MEASURE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define MILL_HISTOGRAM_HIGHEST   UINT64_C(3600000000000) /* ns: one hour */
#define MILL_HISTOGRAM_DIGITS    3
#define MILL_HISTOGRAM_SUB_BITS  11 /* 2048 sub-buckets: the power of two above 2 * 10^3 */
#define MILL_HISTOGRAM_SUB_COUNT (1u << MILL_HISTOGRAM_SUB_BITS)
#define MILL_HISTOGRAM_SUB_HALF  (MILL_HISTOGRAM_SUB_COUNT / 2)
#define MILL_HISTOGRAM_BUCKETS   32 /* 2048 << 31 is the first power of two above one hour in ns */

/* The slot of one hour is the last. HdrHistogram's table for the same bounds goes on to the next power of
 * two. */
#define MILL_HISTOGRAM_SLOTS                                  \
    ((MILL_HISTOGRAM_BUCKETS - 1) * MILL_HISTOGRAM_SUB_HALF + \
     (MILL_HISTOGRAM_HIGHEST >> (MILL_HISTOGRAM_BUCKETS - 1)) + 1)

struct mill_histogram {
    uint64_t count;   /* values recorded, `beyond` included */
    uint64_t beyond;  /* values above MILL_HISTOGRAM_HIGHEST */
    uint64_t minimum; /* UINT64_MAX while empty */
    uint64_t maximum;
    uint64_t slots[MILL_HISTOGRAM_SLOTS];
};

/* Shares no cache line with other data, so that each thread may record into its own. 0 or -ENOMEM. */
int mill_histogram_create(struct mill_histogram **histogram);
void mill_histogram_destroy(struct mill_histogram *histogram);
void mill_histogram_reset(struct mill_histogram *histogram);

/* The slot of a value, at most MILL_HISTOGRAM_HIGHEST. */
static inline size_t mill_histogram_slot(uint64_t value)
{
    /* The bucket is the number of bits by which the value is wider than 11; or-ing the mask makes that 0 for
     * narrow ones without a branch. */
    unsigned bucket =
        64u - MILL_HISTOGRAM_SUB_BITS - (unsigned)__builtin_clzll(value | (MILL_HISTOGRAM_SUB_COUNT - 1));
    return ((size_t)bucket << (MILL_HISTOGRAM_SUB_BITS - 1)) + (size_t)(value >> bucket);
}

/* Records one value. */
static inline void mill_histogram_record(struct mill_histogram *histogram, uint64_t value)
{
    if (value > histogram->maximum) {
        histogram->maximum = value;
    }
    if (value < histogram->minimum) {
        histogram->minimum = value;
    }
    if (__builtin_expect(value > MILL_HISTOGRAM_HIGHEST, 0)) {
        histogram->beyond++;
        value = MILL_HISTOGRAM_HIGHEST;
    }
    histogram->count++;
    histogram->slots[mill_histogram_slot(value)]++;
}

/* Adds `from` into `into`; both keep still meanwhile. 0, or -EOVERFLOW when together they hold more values
 * than an encoding can carry (INT64_MAX): `into` is then what it was. */
int mill_histogram_add(struct mill_histogram *into, const struct mill_histogram *from);

/* The lowest and the highest value that share a slot with `value`. */
uint64_t mill_histogram_lowest_equivalent(uint64_t value);
uint64_t mill_histogram_highest_equivalent(uint64_t value);

/* The value of slot i (its lowest). */
uint64_t mill_histogram_slot_value(size_t slot);

/* The highest value equivalent to the one at or below which `percent` of all recorded values lie, that share
 * rounded up to whole values and at least one, but nothing above the maximum; 0 gives the minimum, 100 the
 * maximum (of values beyond one hour: the end of the last slot, where they are counted). What lies outside
 * [0, 100] counts as the nearer end. 0 for an empty histogram.
 *
 * The share is that of HdrHistogram itself (Java) and of hdr-histogram-js; HdrHistogram_c rounds it to the
 * nearest whole value instead, and so answers one value lower at times. All of them answer with the end of a
 * slot, which may lie above the maximum; readers of our logs, which hold slots alone, show that end too. */
uint64_t mill_histogram_percentile(const struct mill_histogram *histogram, double percent);

/* Arithmetic mean of the slots' middle values (HdrHistogram's mean); 0 when empty. */
double mill_histogram_mean(const struct mill_histogram *histogram);

#endif

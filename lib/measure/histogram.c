#include "measure/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cacheline.h"

_Static_assert((uint64_t)MILL_HISTOGRAM_SUB_COUNT << (MILL_HISTOGRAM_BUCKETS - 1) > MILL_HISTOGRAM_HIGHEST &&
                   (uint64_t)MILL_HISTOGRAM_SUB_COUNT << (MILL_HISTOGRAM_BUCKETS - 2) <=
                       MILL_HISTOGRAM_HIGHEST,
               "as many buckets as one hour needs, and no more");

int mill_histogram_create(struct mill_histogram **histogram)
{
    struct mill_histogram *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->minimum = UINT64_MAX;
    *histogram = made;
    return 0;
}

void mill_histogram_destroy(struct mill_histogram *histogram)
{
    free(histogram);
}

void mill_histogram_reset(struct mill_histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
    histogram->minimum = UINT64_MAX;
}

/* This and what follows goes over the whole table instead of from minimum to maximum: it costs microseconds,
 * and the slots and their count then agree whatever the extremes say (a reader of results sets them from a
 * file). */
int mill_histogram_add(struct mill_histogram *into, const struct mill_histogram *from)
{
    if (into->count > INT64_MAX || from->count > INT64_MAX - into->count) {
        return -EOVERFLOW; /* no slot and no `beyond` is above its count */
    }
    for (size_t slot = 0; slot < MILL_HISTOGRAM_SLOTS; slot++) {
        into->slots[slot] += from->slots[slot];
    }
    into->count += from->count;
    into->beyond += from->beyond;
    if (from->minimum < into->minimum) {
        into->minimum = from->minimum;
    }
    if (from->maximum > into->maximum) {
        into->maximum = from->maximum;
    }
    return 0;
}

/* The first two halves hold the values 0 … 2047 one by one; each further half belongs to one bucket, whose
 * values are one bit wider than those of the half before. */
static unsigned slot_bucket(size_t slot)
{
    size_t half = slot / MILL_HISTOGRAM_SUB_HALF;
    return half > 1 ? (unsigned)(half - 1) : 0;
}

uint64_t mill_histogram_slot_value(size_t slot)
{
    unsigned bucket = slot_bucket(slot);
    return (uint64_t)(slot - (size_t)bucket * MILL_HISTOGRAM_SUB_HALF) << bucket;
}

static uint64_t slot_highest(size_t slot)
{
    return mill_histogram_slot_value(slot) + (UINT64_C(1) << slot_bucket(slot)) - 1;
}

static uint64_t slot_middle(size_t slot)
{
    return mill_histogram_slot_value(slot) + (UINT64_C(1) << slot_bucket(slot)) / 2;
}

uint64_t mill_histogram_lowest_equivalent(uint64_t value)
{
    return mill_histogram_slot_value(mill_histogram_slot(value));
}

uint64_t mill_histogram_highest_equivalent(uint64_t value)
{
    return slot_highest(mill_histogram_slot(value));
}

/* How many values make up `percent` of `count`. The next lower double stands for `percent`: 99.9 is stored as
 * a hair more than 99.9, and of 1000 values it shall mean 999 and not 1000. */
static uint64_t values_within(double percent, uint64_t count)
{
    double just_below = fmin(fmax(nextafter(percent, -INFINITY), 0), 100);
    double values = ceil(just_below * (double)count / 100);
    if (values >= (double)count) {
        return count;
    }
    return values > 1 ? (uint64_t)values : 1;
}

uint64_t mill_histogram_percentile(const struct mill_histogram *histogram, double percent)
{
    if (histogram->count == 0) {
        return 0;
    }
    uint64_t wanted = values_within(percent, histogram->count);
    size_t slot = 0;
    uint64_t seen = histogram->slots[0];
    while (seen < wanted && slot < MILL_HISTOGRAM_SLOTS - 1) {
        seen += histogram->slots[++slot];
    }
    /* Of the slots that hold them, the extremes are known exactly. */
    uint64_t lowest = mill_histogram_slot_value(slot), highest = slot_highest(slot);
    if (histogram->minimum > lowest && histogram->minimum <= highest) {
        lowest = histogram->minimum;
    }
    if (histogram->maximum < highest && histogram->maximum >= lowest) {
        highest = histogram->maximum;
    }
    return percent > 0 ? highest : lowest;
}

double mill_histogram_mean(const struct mill_histogram *histogram)
{
    __extension__ typedef unsigned __int128 wide;
    if (histogram->count == 0) {
        return 0;
    }
    wide sum = 0;
    for (size_t slot = 0; slot < MILL_HISTOGRAM_SLOTS; slot++) {
        sum += (wide)histogram->slots[slot] * slot_middle(slot);
    }
    return (double)sum / (double)histogram->count;
}

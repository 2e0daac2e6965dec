#include "measure/fairness.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "measure/paired.h"

double mill_jain_index(const double *share, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(share[i]) || share[i] < 0) {
            return NAN;
        }
        largest = fmax(largest, share[i]);
    }
    if (largest == 0) {
        return NAN;
    }
    /* The index does not change with the unit, and in units of the largest share no square overflows. */
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        double part = share[i] / largest;
        sum += part;
        squares += part * part;
    }
    return sum * sum / ((double)count * squares);
}

struct followed {
    uint64_t operations; /* the total at the last slice's end */
    uint64_t idle_ns;    /* since this thread last completed something */
};

struct mill_slices {
    size_t threads;
    bool started; /* the origin is set */
    struct followed *followed;
    double *share; /* of the slice being added */
    double *jain;  /* of each slice so far */
    size_t count;
    size_t capacity;
    uint64_t starvation_ns;
};

int mill_slices_create(size_t threads, struct mill_slices **slices)
{
    if (threads == 0) {
        return -EINVAL;
    }
    struct mill_slices *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->threads = threads;
    made->followed = calloc(threads, sizeof *made->followed);
    made->share = calloc(threads, sizeof *made->share);
    if (!made->followed || !made->share) {
        mill_slices_destroy(made);
        return -ENOMEM;
    }
    *slices = made;
    return 0;
}

void mill_slices_destroy(struct mill_slices *slices)
{
    if (!slices) {
        return;
    }
    free(slices->followed);
    free(slices->share);
    free(slices->jain);
    free(slices);
}

static int make_room(struct mill_slices *slices)
{
    if (slices->count < slices->capacity) {
        return 0;
    }
    size_t capacity = slices->capacity > 0 ? 2 * slices->capacity : 64;
    double *jain = reallocarray(slices->jain, capacity, sizeof *jain);
    if (!jain) {
        return -ENOMEM;
    }
    slices->jain = jain;
    slices->capacity = capacity;
    return 0;
}

static void follow(struct mill_slices *slices, struct followed *thread, uint64_t operations,
                   uint64_t slice_ns)
{
    thread->idle_ns = operations > thread->operations ? 0 : thread->idle_ns + slice_ns;
    thread->operations = operations;
    if (thread->idle_ns > slices->starvation_ns) {
        slices->starvation_ns = thread->idle_ns;
    }
}

int mill_slices_add(struct mill_slices *slices, const uint64_t *operations, uint64_t slice_ns)
{
    if (!slices->started) {
        for (size_t i = 0; i < slices->threads; i++) {
            slices->followed[i].operations = operations[i];
        }
        slices->started = true;
        return 0;
    }
    for (size_t i = 0; i < slices->threads; i++) {
        if (operations[i] < slices->followed[i].operations) {
            return -EINVAL;
        }
        slices->share[i] = (double)(operations[i] - slices->followed[i].operations);
    }
    int status = make_room(slices);
    if (status < 0) {
        return status;
    }
    for (size_t i = 0; i < slices->threads; i++) {
        follow(slices, &slices->followed[i], operations[i], slice_ns);
    }
    double jain = mill_jain_index(slices->share, slices->threads);
    slices->jain[slices->count++] = isnan(jain) ? 0 : jain;
    return 0;
}

void mill_slices_summarise(const struct mill_slices *slices, struct mill_slices_summary *summary)
{
    double worst = slices->count > 0 ? slices->jain[0] : NAN;
    for (size_t i = 1; i < slices->count; i++) {
        worst = fmin(worst, slices->jain[i]);
    }
    *summary = (struct mill_slices_summary){
        .slices = slices->count,
        .jain_median = mill_median(slices->jain, slices->count),
        .jain_worst = worst,
        .starvation_ns = slices->starvation_ns,
    };
}

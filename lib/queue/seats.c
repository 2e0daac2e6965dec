#include "queue/seats.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/cacheline.h"

#define SIZE_LIMIT ((size_t)1 << 20) /* of a seat; more is a mistake */

int mill_seats_open(struct mill_seats *seats, size_t size)
{
    if (size == 0 || size > SIZE_LIMIT) {
        return -EINVAL;
    }
    *seats = (struct mill_seats){.size = MILL_ISOLATED_SIZE(size)};
    seats->first = mill_isolated_alloc((MILL_SEATS_FIRST + 1) * seats->size);
    if (!seats->first) {
        return -ENOMEM;
    }
    seats->guest = seats->first + MILL_SEATS_FIRST * seats->size;
    int status = -pthread_mutex_init(&seats->guest_mutex, NULL);
    if (status < 0) {
        free(seats->first);
    }
    return status;
}

void mill_seats_close(struct mill_seats *seats)
{
    for (unsigned segment = 0; segment < MILL_SEATS_SEGMENTS; segment++) {
        free(atomic_load_explicit(&seats->further[segment], memory_order_relaxed)); /* nobody else is left */
    }
    pthread_mutex_destroy(&seats->guest_mutex);
    free(seats->first);
}

/* Segment s has as many seats as all before it: those of the numbers [FIRST << s, FIRST << (s + 1)). */
static unsigned segment_of(unsigned index)
{
    return 31 - (unsigned)__builtin_clz(index / MILL_SEATS_FIRST);
}

static unsigned segment_begin(unsigned segment)
{
    return (unsigned)MILL_SEATS_FIRST << segment;
}

static unsigned char *segment_made(struct mill_seats *seats, unsigned segment)
{
    unsigned char *made = mill_isolated_alloc(segment_begin(segment) * seats->size);
    if (!made) {
        return NULL;
    }
    unsigned char *there = NULL;
    /* release: who finds the segment finds it zeroed; acquire: as in segment_at, when another was faster */
    if (!atomic_compare_exchange_strong_explicit(&seats->further[segment], &there, made, memory_order_acq_rel,
                                                 memory_order_acquire)) {
        free(made);
        return there;
    }
    return made;
}

static unsigned char *segment_at(const struct mill_seats *seats, unsigned segment)
{
    /* acquire: pairs with the release in segment_made */
    return atomic_load_explicit(&seats->further[segment], memory_order_acquire);
}

/* Once a guest, a thread asks for a seat of its own each time: memory may be there again. */
void *mill_seats_take_further(struct mill_seats *seats, int index)
{
    if (index >= 0) {
        unsigned segment = segment_of((unsigned)index);
        unsigned char *base = segment_at(seats, segment);
        if (!base) {
            base = segment_made(seats, segment);
        }
        if (base) {
            return base + ((unsigned)index - segment_begin(segment)) * seats->size;
        }
    }
    pthread_mutex_lock(&seats->guest_mutex);
    return seats->guest;
}

static void *seat_at(const struct mill_seats *seats, unsigned index)
{
    if (index < MILL_SEATS_FIRST) {
        return seats->first + index * seats->size;
    }
    unsigned segment = segment_of(index);
    unsigned char *base = segment_at(seats, segment);
    return base ? base + (index - segment_begin(segment)) * seats->size : NULL;
}

void *mill_seats_next(const struct mill_seats *seats, unsigned *cursor)
{
    if (*cursor == 0) {
        *cursor = 1;
        return seats->guest;
    }
    for (unsigned limit = mill_thread_index_limit(); *cursor - 1 < limit;) {
        void *seat = seat_at(seats, (*cursor)++ - 1);
        if (seat) {
            return seat;
        }
    }
    return NULL;
}

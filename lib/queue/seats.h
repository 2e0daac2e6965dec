/* A seat for each thread that uses a structure: memory of the thread's own, which the structure can also walk
 * over. What hazard pointers and epochs keep their records in.
 *
 *     struct seat {
 *         alignas(MILL_ISOLATION) atomic_int mine;
 *     };
 *     struct mill_seats seats;
 *     int status = mill_seats_open(&seats, sizeof(struct seat));
 *
 *     struct seat *seat = mill_seats_take(&seats);
 *     …                                                       nobody else has it
 *     mill_seats_leave(&seats, seat);
 *
 *     unsigned cursor = 0;
 *     for (struct seat *each; (each = mill_seats_next(&seats, &cursor));) …
 *
 *     mill_seats_close(&seats);
 *
 * A seat belongs to a thread by its number (core/thread_index.h), so a thread gets the same one each time,
 * finds in it what it left there, and may end without a word: the next thread of that number inherits the
 * seat, with all that is in it, and sees what was written. Seats begin zeroed and stay until close.
 *
 * Taking a seat never fails: a thread for which there is no memory (possible from the
 * MILL_SEATS_FIRST+1st thread on) gets the guest seat, which all such threads share under a mutex. So a
 * thread takes one seat of a structure at a time, and leaves it before it takes it again. Wait-free for
 * threads with a seat of their own, but for the first call of a thread; blocking for guests.
 */
#ifndef MILL_QUEUE_SEATS_H
#define MILL_QUEUE_SEATS_H

#include <assert.h>
#include <pthread.h>
#include <stddef.h>

#include "core/c11.h"
#include "core/thread_index.h"

#define MILL_SEATS_FIRST    16 /* made with the structure; further segments double what there is */
#define MILL_SEATS_SEGMENTS 11
static_assert(MILL_SEATS_FIRST << MILL_SEATS_SEGMENTS == MILL_THREAD_INDEX_MAX,
              "every thread that has a number finds a segment");

/* But for the segments and the guest's mutex it is only read once it is open. */
struct mill_seats {
    size_t size;          /* bytes from one seat to the next */
    unsigned char *first; /* the first MILL_SEATS_FIRST, and behind them the guest's */
    void *guest;
    _Atomic(unsigned char *) further[MILL_SEATS_SEGMENTS];
    pthread_mutex_t guest_mutex; /* protects the guest's seat: held by the thread that has it */
};

/* `size` bytes a seat, rounded up to whole isolated blocks. 0, -EINVAL (size 0, or absurd) or -ENOMEM. */
int mill_seats_open(struct mill_seats *seats, size_t size);

/* No thread uses it any more. */
void mill_seats_close(struct mill_seats *seats);

/* The part of take for threads beyond the first. */
void *mill_seats_take_further(struct mill_seats *seats, int index);

/* The caller's. */
static inline void *mill_seats_take(struct mill_seats *seats)
{
    int index = mill_thread_index();
    if ((unsigned)index < MILL_SEATS_FIRST) {
        return seats->first + (unsigned)index * seats->size;
    }
    return mill_seats_take_further(seats, index);
}

static inline void mill_seats_leave(struct mill_seats *seats, void *seat)
{
    if (seat == seats->guest) {
        pthread_mutex_unlock(&seats->guest_mutex);
    }
}

/* Every seat that a thread may have taken so far, one a call; NULL at the end. `*cursor` begins at 0. Any
 * thread; which threads it surely meets, see mill_thread_index_limit. */
void *mill_seats_next(const struct mill_seats *seats, unsigned *cursor);

#endif

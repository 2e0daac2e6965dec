/* How old answers are when they are read: each thread notes the ages of its own, and at the end they are told
 * together.
 *
 *     struct mill_staleness *staleness;
 *     int status = mill_staleness_create(threads, &staleness);
 *
 *     thread `i`:  mill_staleness_note(staleness, i, stamp.asked_ns, mill_now_ns());
 *
 *     struct mill_staleness_summary summary;
 *     mill_staleness_read(staleness, &summary);                  nobody notes any more
 *     mill_staleness_destroy(staleness);
 *
 * An age is from the moment at which the device was asked to the moment at which the answer was had. Noting
 * is wait-free; a thread notes under its own number alone.
 */
#ifndef MILL_DEVICE_STALENESS_H
#define MILL_DEVICE_STALENESS_H

#include <stdint.h>

struct mill_staleness;

struct mill_staleness_summary {
    uint64_t count;
    uint64_t backwards; /* ages below 0: answers from before they were asked for, which cannot be */
    uint64_t p50_ns;    /* 0 where none was noted, as the next two */
    uint64_t p99_ns;
    uint64_t max_ns;
};

/* 0; -EINVAL (NULL, no threads); -ENOMEM. */
int mill_staleness_create(unsigned threads, struct mill_staleness **staleness);

/* NULL is fine. */
void mill_staleness_destroy(struct mill_staleness *staleness);

void mill_staleness_note(struct mill_staleness *staleness, unsigned thread, uint64_t asked_ns,
                         uint64_t had_ns);

void mill_staleness_read(struct mill_staleness *staleness, struct mill_staleness_summary *summary);

#endif

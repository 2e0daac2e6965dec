/* What the threads of a sample did between two moments, read by the engine's thread from outside: the loops
 * read no clock and no counter of the kernel.
 */
#ifndef MILL_HARNESS_METER_H
#define MILL_HARNESS_METER_H

#include "harness/crew.h"

struct mill_meter_thread {
    uint64_t operations;
    uint64_t cpu_ns;
    uint64_t voluntary;   /* context switches: it waited */
    uint64_t involuntary; /* it was put aside */
};

struct mill_meter {
    uint64_t at_ns;                    /* when the operations were read */
    uint64_t cpu_at_ns;                /* when the processor times were */
    struct mill_meter_thread *threads; /* one a hand */
};

/* 0 or -ENOMEM. */
int mill_meter_create(struct mill_meter *meter, unsigned threads);
void mill_meter_destroy(struct mill_meter *meter);

/* Operations and the moment they were read at, in one go, then processor times. An interruption of the
 * reading itself would tear count and moment apart, so a few tries are made for a tight one. */
void mill_meter_read(struct mill_meter *meter, const struct mill_crew *crew);

/* Context switches. Slow (it reads /proc), so it belongs outside the window. */
void mill_meter_read_switches(struct mill_meter *meter, const struct mill_crew *crew);

#endif

/* Which calls of a counterexample may be left away, and which only together. Private to counterexample.c. */
#ifndef MILL_MEASURE_COUNTEREXAMPLE_UNITS_H
#define MILL_MEASURE_COUNTEREXAMPLE_UNITS_H

#include <stdint.h>

#include "measure/counterexample.h"

#define MILL_NO_UNIT SIZE_MAX

struct mill_units {
    size_t *of; /* each call's unit, or MILL_NO_UNIT: it stays; owned */
    size_t count;
};

/* Without `together` each call that may go by itself is a unit; with it, those that go together are. Units
 * are numbered in the order of their first calls. 0 or -ENOMEM. */
int mill_units_open(struct mill_units *units, const struct mill_model *model,
                    const struct mill_counterexample *example, bool together);
void mill_units_close(struct mill_units *units);

#endif

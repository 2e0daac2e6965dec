/* threadmill doctor --compare: how often the gate raises a false alarm on this machine, and how often it sees
 * a quarter more.
 */
#ifndef MILL_BENCH_DOCTOR_COMPARE_H
#define MILL_BENCH_DOCTOR_COMPARE_H

#include "core/cpu.h"
#include "run_request.h"

struct mill_doctor_request {
    struct mill_run_request run; /* first: its options are those of `threadmill run` (run_request.h) */
    bool compare;
    bool resume;     /* goes on with what stands in the output, where that is there */
    unsigned trials; /* comparisons of A with A; half as many of a quarter more */
};

/* Makes the comparisons in random order, as `threadmill compare` would, and prints how they came out. An exit
 * code: 1 when what is to be reached was not. Blocks for as long as they take, or the request's budget. */
int mill_doctor_compare(const struct mill_doctor_request *request, const struct mill_cpus *cpus, int argc,
                        char **argv);

#endif

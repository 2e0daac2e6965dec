/* What `threadmill stress` was asked for.
 */
#ifndef MILL_BENCH_STRESS_REQUEST_H
#define MILL_BENCH_STRESS_REQUEST_H

#include "harness/tool.h"
#include "run_request.h"

struct mill_stress_request {
    struct mill_run_request run; /* first: its options are those of `threadmill run` (run_request.h) */
    enum mill_tool tools[MILL_TOOL_COUNT];
    size_t tool_count;
    bool tools_named; /* by --with: one that is not here is then an error */
};

/* Parses the command line, then fills in what was not given. 0; 1 after --help; -EINVAL with a message. */
int mill_stress_request_parse(struct mill_stress_request *request, int argc, char **argv,
                              struct mill_error *error);
void mill_stress_request_free(struct mill_stress_request *request);

/* How long each sample works under `tool`, when --window does not say: Valgrind is slow. */
uint64_t mill_stress_window_ns(const struct mill_stress_request *request, enum mill_tool tool);

#endif

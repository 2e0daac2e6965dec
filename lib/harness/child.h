/* Running a sample in a fresh process, and watching over it.
 *
 * The program starts itself again with the argument "sample": the child reads one specification from its
 * standard input, runs it (sample.h) and writes one JSON object to its standard output. What the scenario
 * prints goes to standard error, which is kept. A child that crashes, hangs or is killed loses that sample
 * only.
 *
 * One thread at a time; the functions block.
 */
#ifndef MILL_HARNESS_CHILD_H
#define MILL_HARNESS_CHILD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "harness/launch.h"
#include "harness/sample.h"

struct mill_child_options {
    const struct mill_launch *launch; /* what to start, and how; NULL: this program again, as it is */
    uint64_t grace_ns; /* beyond warm-up and window, before the watchdog takes the child for hung */
    bool (*interrupted)(void *context); /* asked while waiting; true ends the wait. NULL: never */
    void *context;
};

/* Runs `spec` in a child. On 0 *sample is a sample object whatever became of the child: "ok", "rejected",
 * "check-failed", "failed", "crashed", "hung" (with "stacks": every thread's, source lines included),
 * "killed" or "sanitizer". A child that was late because it was given no
 * processor is "rejected". What it wrote to standard error is in "stderr". -EINTR when interrupted: the child
 * is gone and there is no sample. Any other negative errno: no child could be started. */
int mill_child_run(const struct mill_child_options *options, const struct mill_sample_spec *spec,
                   json_t **sample, struct mill_error *error);

/* The child's side: the whole of `program sample`. Returns its exit code. */
int mill_child_main(const struct mill_scenario_list *list);

#endif

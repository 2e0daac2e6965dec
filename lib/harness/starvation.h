/* Telling a process that hangs from one that was never given a processor.
 *
 * A process that is late has either stopped of itself (all its threads sleep), or runs in circles (it uses
 * its processors), or wants to run and may not: under the load of other
 * scheduling groups the kernel has been seen to leave pinned threads without a processor for tens of seconds.
 * Only the first two are findings.
 */
#ifndef MILL_HARNESS_STARVATION_H
#define MILL_HARNESS_STARVATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* True when at several looks some thread of `process` is ready to run although the process has had less than
 * a tenth of one processor over the `elapsed_ns` since it was started; *cpu_ns is then what it had. False
 * when that cannot be told. */
bool mill_process_starved(pid_t process, uint64_t elapsed_ns, uint64_t *cpu_ns);

#endif

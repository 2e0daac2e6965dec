/* Telling a thread that sleeps for ever from one that was not given a processor yet, so that a wake-up is
 * called lost for what it is and not for being late. */
#ifndef MILL_SCENARIOS_ASLEEP_H
#define MILL_SCENARIOS_ASLEEP_H

#include <stdbool.h>
#include <sys/types.h>

/* Does that thread of this process sleep in the kernel, just now? False, too, when that cannot be told
 * (no /proc, no such thread). Not under a hunt, whose threads the kernel does not know. */
bool mill_is_asleep(pid_t thread);

#endif

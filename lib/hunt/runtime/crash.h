/* Signals that end a hunted program, and what it was doing when one came. */
#ifndef MILL_HUNT_RUNTIME_CRASH_H
#define MILL_HUNT_RUNTIME_CRASH_H

#include <signal.h>

/* Asks a process that takes no steps any more to tell where it is, and to end: at once, or, with the value
 * MILL_CRASH_IF_ENDLESS, if it can never take one again. */
#define MILL_CRASH_TELL       SIGXCPU
#define MILL_CRASH_IF_ENDLESS 1

/* From now on crashes of this process become failures of the schedule that runs. */
void mill_crash_watch(void);

#endif

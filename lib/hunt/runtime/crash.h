/* Signals that end a hunted program, and what it was doing when one came. */
#ifndef MILL_HUNT_RUNTIME_CRASH_H
#define MILL_HUNT_RUNTIME_CRASH_H

#include <signal.h>

/* Asks a process that takes no steps any more to tell where it is, and to end. */
#define MILL_CRASH_TELL SIGXCPU

/* From now on crashes of this process become failures of the schedule that runs. */
void mill_crash_watch(void);

#endif

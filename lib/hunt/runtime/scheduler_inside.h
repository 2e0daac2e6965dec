/* What the scheduler shows to the hooks, which are called at each access, and to who runs schedules. */
#ifndef MILL_HUNT_RUNTIME_SCHEDULER_INSIDE_H
#define MILL_HUNT_RUNTIME_SCHEDULER_INSIDE_H

#include "hunt/job.h"
#include "hunt/runtime/context.h"
#include "hunt/runtime/scheduler.h"

/* mill_hunt_on, and there has been more than one thread: accesses are points. */
extern bool mill_hunt_together;

/* ---- call stacks ---- */

/* Where a thread's stack ends below; 0: not known. */
uintptr_t mill_thread_floor(unsigned thread);

#define MILL_FRAMES 512

/* Where each function that is under way was called from; deeper ones are only counted. */
struct mill_frames {
    uint32_t depth;
    const void *callers[MILL_FRAMES];
};

/* Of the running thread. */
extern struct mill_frames *mill_frames_here;

/* ---- looks in vain ---- */

/* The running thread has looked at `object` and found `value`, and changed nothing. Who does so again and
 * again lets others go first: the turn of who waits by looking would else never end. */
void mill_looked(const void *pc, uintptr_t object, uint64_t value);

/* It has changed something. */
void mill_progressed(void);

/* ---- schedules ---- */

/* Makes ready to run schedules as the job says. 0, or a negative errno with job->refusal. */
int mill_scheduler_open(struct mill_job *job);

/* Makes room for so many threads in advance: processes that are forked later have it then. */
void mill_scheduler_prepare(unsigned threads);

/* A schedule begins, in the calling thread, which is its thread 0 … */
void mill_scheduler_begin(uint64_t number);

/* … and has ended well. */
void mill_scheduler_end(void);

/* Schedules have left so many keys of pthread_key_create that the next one belongs into another process. */
bool mill_keys_crowded(void);

/* Somebody sees what the program prints. */
bool mill_scheduler_shows_output(void);

/* Ends the process at once. */
_Noreturn void mill_scheduler_leave(enum mill_job_state state);

#endif

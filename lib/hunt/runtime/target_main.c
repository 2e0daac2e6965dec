/* A program of the user's: linked with --wrap=main, so that this runs first. */
#include <stdlib.h>

#include "hunt/runtime/accesses.h"
#include "hunt/runtime/scheduler_inside.h"
#include "hunt/runtime/target.h"

__attribute__((weak)) int __real_main(int argc, char **argv, char **environment);

struct call {
    int argc;
    char **argv;
    char **environment;
};

/* exit, and not _exit: what the program has registered for its end belongs to it. */
static void run(void *context)
{
    const struct call *call = context;
    exit(__real_main(call->argc, call->argv, call->environment));
}

int __wrap_main(int argc, char **argv, char **environment)
{
    struct mill_job *job = mill_target_job();
    if (!job) {
        return __real_main(argc, argv, environment);
    }
    struct call call = {argc, argv, environment};
    job->batch = 1;
    if (job->mode == MILL_JOB_EXPLORE) {
        job->flags |= MILL_JOB_CLASSES; /* beside a process it costs nothing */
    }
    mill_accesses_open();
    mill_target_run(job, run, &call);
    return 0;
}

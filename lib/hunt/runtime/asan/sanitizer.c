/* AddressSanitizer under control: its report is the failure of the schedule. */
#include "hunt/runtime/sanitizer.h"

#include <sanitizer/asan_interface.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "hunt/runtime/raw.h"
#include "hunt/runtime/sanitized/telling.h"
#include "hunt/runtime/scheduler_inside.h"

extern int __interceptor_pthread_create(pthread_t *made, const pthread_attr_t *attributes,
                                        void *(*start)(void *), void *argument);

static struct mill_job *job;

/* The frames between an access and this function are the sanitizer's; the program's begin at its pc. */
static void add_access(struct mill_failure *failure)
{
    uintptr_t pcs[MILL_FAILURE_FRAMES];
    void *frames[MILL_FAILURE_FRAMES] = {NULL};
    char what[64];
    void *pc = __asan_get_report_pc();
    /* Places of calls end where the call does; this is the place itself. */
    unsigned count = mill_thread_stack(mill_self(), pc ? (char *)pc + 1 : NULL, pcs, MILL_FAILURE_FRAMES);
    for (unsigned i = 0; i < count; i++) {
        frames[i] = (void *)pcs[i];
    }
    if (__asan_get_report_access_size() > 0) {
        snprintf(what, sizeof what, "%s of %zu bytes", __asan_get_report_access_type() ? "write" : "read",
                 __asan_get_report_access_size());
    } else {
        snprintf(what, sizeof what, "runs");
    }
    mill_sanitized_stack(failure, mill_self(), what, frames, MILL_FAILURE_FRAMES);
}

/* The first frame is of the sanitizer's free or malloc. Its threads are not numbered as ours are: the text
 * has which. */
static void add_places(struct mill_failure *failure, void *address)
{
    void *frames[MILL_FAILURE_FRAMES + 1] = {NULL};
    int thread = 0;
    if (__asan_get_free_stack(address, frames, MILL_FAILURE_FRAMES, &thread) > 1) {
        mill_sanitized_stack(failure, (unsigned)thread, "has freed it", frames + 1, MILL_FAILURE_FRAMES);
    }
    memset(frames, 0, sizeof frames);
    if (__asan_get_alloc_stack(address, frames, MILL_FAILURE_FRAMES, &thread) > 1) {
        mill_sanitized_stack(failure, (unsigned)thread, "has allocated it", frames + 1, MILL_FAILURE_FRAMES);
    }
}

static void reported(const char *text)
{
    if (!mill_hunt_on) {
        return;
    }
    const char *description = __asan_get_report_description();
    void *address = __asan_get_report_address();
    struct mill_failure failure = {.kind = mill_sanitized_kind(description), .object = (uintptr_t)address};
    snprintf(failure.message, sizeof failure.message, "AddressSanitizer: %s", description);
    add_access(&failure);
    if (address) {
        add_places(&failure, address);
    }
    mill_sanitized_keep(job, text, strlen(text));
    mill_fail(&failure);
}

static void begin(struct mill_job *of)
{
    job = of;
    job->report[0] = '\0';
    __asan_set_error_report_callback(reported);
}

/* ---- threads that contexts borrow from ---- */

struct beginning {
    void *(*start)(void *argument);
    void *argument;
    _Atomic bool begun;
};

static void *begin_thread(void *context)
{
    struct beginning *beginning = context;
    void *(*start)(void *argument) = beginning->start;
    void *argument = beginning->argument;
    atomic_store_explicit(&beginning->begun, true, memory_order_release); /* then it is gone */
    return start(argument);
}

/* Until such a thread is where it is told to begin, the sanitizer makes calls in it that are not the
 * program's.
 */
static int create(pthread_t *made, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    struct beginning beginning = {.start = start, .argument = argument};
    bool on = mill_hunt_on;
    bool together = mill_hunt_together;
    mill_hunt_on = false;
    mill_hunt_together = false;
    int error = __interceptor_pthread_create(made, attributes, begin_thread, &beginning);
    /* acquire: pairs with the thread's release */
    while (error == 0 && !atomic_load_explicit(&beginning.begun, memory_order_acquire)) {
        mill_raw_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
    }
    mill_hunt_on = on;
    mill_hunt_together = together;
    return error;
}

const struct mill_sanitizer mill_sanitizer = {
    .name = "AddressSanitizer",
    .flags_not = MILL_JOB_LEAKS,
    .races = MILL_SANITIZER_RACES_NONE,
    .create = create,
    .begin = begin,
};

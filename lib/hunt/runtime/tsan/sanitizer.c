/* ThreadSanitizer under control: its report is the failure of the schedule. */
#include "hunt/runtime/sanitizer.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "hunt/runtime/raw.h"
#include "hunt/runtime/sanitized/telling.h"
#include "hunt/runtime/scheduler_inside.h"
#include "hunt/runtime/tsan/fibers.h"

/* Its interface for debuggers, of which there is no header. */
int __tsan_get_report_data(void *report, const char **description, int *count, int *stack_count,
                           int *mop_count, int *loc_count, int *mutex_count, int *thread_count,
                           int *unique_tid_count, void **sleep_trace, unsigned long trace_size);
int __tsan_get_report_mop(void *report, unsigned long index, int *tid, void **address, int *size, int *write,
                          int *atomic, void **trace, unsigned long trace_size);
int __tsan_get_report_thread(void *report, unsigned long index, int *tid, unsigned long long *os_id,
                             int *running, const char **name, int *parent_tid, void **trace,
                             unsigned long trace_size);
int __tsan_get_report_stack(void *report, unsigned long index, void **trace, unsigned long trace_size);
void __sanitizer_set_report_fd(void *descriptor);

static struct mill_job *job;
static int text = -1; /* where it writes to */

/* ---- what it says ---- */

/* The number of a thread that it knows by one of its own: fibers are named after theirs. */
static unsigned thread_of(void *report, int thread_count, int tid)
{
    for (int i = 0; i < thread_count; i++) {
        int this_tid = 0;
        int parent = 0;
        int running = 0;
        unsigned long long os_id = 0;
        const char *name = NULL;
        void *trace[1];
        __tsan_get_report_thread(report, (unsigned long)i, &this_tid, &os_id, &running, &name, &parent, trace,
                                 1);
        if (this_tid == tid && name && strncmp(name, "thread ", 7) == 0) {
            return (unsigned)atoi(name + 7);
        }
    }
    return 0;
}

static void add_accesses(struct mill_failure *failure, void *report, int mop_count, int thread_count)
{
    for (int i = 0; i < mop_count; i++) {
        void *trace[MILL_FAILURE_FRAMES] = {NULL};
        void *address = NULL;
        int tid = 0;
        int size = 0;
        int write = 0;
        int atomic = 0;
        char what[64];
        __tsan_get_report_mop(report, (unsigned long)i, &tid, &address, &size, &write, &atomic, trace,
                              MILL_FAILURE_FRAMES);
        unsigned thread = i == 0 ? mill_self() : thread_of(report, thread_count, tid);
        snprintf(what, sizeof what, "%s%s %d bytes", i == 0 ? "" : "had before: ",
                 write ? (atomic ? "atomic write of" : "write of") : (atomic ? "atomic read of" : "read of"),
                 size);
        mill_sanitized_stack(failure, thread, what, trace, MILL_FAILURE_FRAMES);
        failure->object = i == 0 ? (uintptr_t)address : failure->object;
    }
}

static void keep_text(void)
{
    static char bytes[MILL_JOB_REPORT];
    long size = text < 0 ? 0 : mill_raw_syscall(SYS_pread64, text, (long)bytes, sizeof bytes, 0, 0, 0);
    mill_sanitized_keep(job, bytes, size > 0 ? (size_t)size : 0);
}

/* Called by it when it has printed a report. */
void __tsan_on_report(void *report);
void __tsan_on_report(void *report)
{
    const char *description = "?";
    int mop_count = 0;
    int thread_count = 0;
    int unused[5] = {0};
    void *trace[1];
    if (!mill_hunt_on) {
        return;
    }
    __tsan_get_report_data(report, &description, &unused[0], &unused[1], &mop_count, &unused[2], &unused[3],
                           &thread_count, &unused[4], trace, 1);
    struct mill_failure failure = {.kind = mill_sanitized_kind(description)};
    if (failure.kind == MILL_FAILURE_RACE && !(job->flags & MILL_JOB_RACES)) {
        return;
    }
    snprintf(failure.message, sizeof failure.message, "ThreadSanitizer: %s", description);
    add_accesses(&failure, report, mop_count, thread_count);
    keep_text();
    mill_fail(&failure);
}

/* ---- schedules ---- */

static void begin(struct mill_job *of)
{
    job = of;
    job->report[0] = '\0';
    if (text < 0) {
        text = (int)mill_raw_syscall(SYS_memfd_create, (long)"threadmill-report", MFD_CLOEXEC, 0, 0, 0, 0);
        if (text >= 0) {
            __sanitizer_set_report_fd((void *)(long)text);
        }
    }
}

const struct mill_sanitizer mill_sanitizer = {
    .name = "ThreadSanitizer",
    .flags_not = MILL_JOB_LEAKS,
    .races = MILL_SANITIZER_RACES_ITS,
    .dress = mill_tsan_dress,
    .begin = begin,
};

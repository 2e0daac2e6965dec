#include "hunt/runtime/target.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hunt/heap.h"
#include "hunt/runtime/crash.h"
#include "hunt/runtime/raw.h"
#include "hunt/runtime/real.h"
#include "hunt/runtime/sanitizer.h"
#include "hunt/runtime/scheduler_inside.h"

/* relaxed, throughout: one process writes at a time, and who reads it later has waited for that. */
static uint64_t get(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static void add(_Atomic uint64_t *number, uint64_t more)
{
    atomic_store_explicit(number, get(number) + more, memory_order_relaxed);
}

static enum mill_job_state state_of(const struct mill_job *job)
{
    return (enum mill_job_state)atomic_load_explicit(&job->state, memory_order_relaxed);
}

struct mill_job *mill_target_job(void)
{
    static struct mill_job *job;
    const char *name = getenv(MILL_JOB_ENVIRONMENT);
    if (job || !name) {
        return job;
    }
    void *memory = mmap(NULL, sizeof *job, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(name), 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    job = memory;
    if (job->version != MILL_JOB_VERSION) {
        snprintf(job->refusal, sizeof job->refusal,
                 "the program was linked by another version of threadmill cc (%d; the command is of %u)",
                 MILL_JOB_VERSION, job->version);
        atomic_store_explicit(&job->state, MILL_JOB_REFUSED, memory_order_relaxed);
    }
    return job;
}

/* ---- the watch over a child: does it still take steps? ---- */

static struct {
    struct mill_job *job;
    pid_t child;
    uint32_t beat;
    unsigned seconds; /* since that moved */
} watch;

static void look(int number)
{
    (void)number;
    if (watch.child <= 0) {
        return;
    }
    uint32_t beat = atomic_load_explicit(&watch.job->beat, memory_order_relaxed);
    if (beat != watch.beat) {
        watch.beat = beat;
        watch.seconds = 0;
    } else if (++watch.seconds < watch.job->patience_s) {
        sigqueue(watch.child, MILL_CRASH_TELL, (union sigval){.sival_int = MILL_CRASH_IF_ENDLESS});
    } else if (watch.seconds == watch.job->patience_s) {
        kill(watch.child, MILL_CRASH_TELL);
    } else if (watch.seconds > watch.job->patience_s + 1) {
        kill(watch.child, SIGKILL);
    }
}

static void watch_over(struct mill_job *job, pid_t child)
{
    watch.job = job;
    watch.beat = atomic_load_explicit(&job->beat, memory_order_relaxed);
    watch.seconds = 0;
    watch.child = child;
}

static void start_watch(void)
{
    const struct sigaction action = {.sa_handler = look, .sa_flags = SA_RESTART};
    const struct itimerval second = {.it_interval = {.tv_sec = 1}, .it_value = {.tv_sec = 1}};
    mill_real()->sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &second, NULL);
}

/* ---- what became of a child ---- */

static void fail(struct mill_job *job, enum mill_failure_kind kind, uint64_t object, const char *format,
                 int value)
{
    job->failure = (struct mill_failure){.kind = kind, .object = object};
    snprintf(job->failure.message, sizeof job->failure.message, format, value);
    atomic_store_explicit(&job->state, MILL_JOB_FAILED, memory_order_relaxed);
}

/* The child has gone; the state it left is put right, if it could not do so itself. */
static void judge(struct mill_job *job, int status)
{
    enum mill_job_state state = state_of(job);
    if (state != MILL_JOB_RUNNING && state != MILL_JOB_ENDED) {
        return;
    }
    if (WIFSIGNALED(status)) {
        int number = WTERMSIG(status);
        if (number == SIGKILL && watch.seconds > job->patience_s) {
            fail(job, MILL_FAILURE_HUNG, 0, "no step for %d seconds", (int)job->patience_s);
        } else {
            fail(job, MILL_FAILURE_CRASH, (uint64_t)number, "signal %d ended the program", number);
        }
    } else if (WEXITSTATUS(status) != job->expected_exit) {
        fail(job, MILL_FAILURE_EXIT, (uint64_t)WEXITSTATUS(status), "the program's exit code was %d",
             WEXITSTATUS(status));
    } else if (state == MILL_JOB_RUNNING) { /* ended by a way that is not seen; it counts all the same */
        add(&job->done, 1);
        atomic_store_explicit(&job->state, MILL_JOB_ENDED, memory_order_relaxed);
    }
}

/* ---- children ---- */

/* In the child: returns when its schedules are over, if they are. */
static void run_batch(struct mill_job *job, uint64_t from, uint64_t count, void (*run)(void *context),
                      void *context)
{
    for (uint64_t i = 0; i < count && from + i * job->stride < get(&job->stop); i++) {
        struct mill_chunk left;
        mill_scheduler_begin(from + i * job->stride);
        run(context);
        mill_scheduler_end();
        if (mill_heap_left(&left) > 0) {
            job->batch = 1; /* something outlives a schedule: the next needs a process of its own */
        }
        if (job->exhausted || job->batch == 1 || mill_keys_crowded()) {
            break;
        }
    }
}

/* A file that is standard input is read from its beginning by each child, without moving the others'. */
static bool input_is_file(void)
{
    struct stat about;
    return fstat(STDIN_FILENO, &about) == 0 && S_ISREG(about.st_mode);
}

static void rewind_input(void)
{
    int fresh = open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC);
    if (fresh >= 0) {
        dup2(fresh, STDIN_FILENO);
        close(fresh);
    }
}

/* Without what libraries have registered for it: no thread is in any of them, and what they would put right
 * they would in pages of their own, each of which costs a fault. */
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
#define FORK _Fork
#else
#define FORK fork
#endif

/* What the child is to be is set by calls to the kernel alone, for the same reason; the rest it has from its
 * parent. */
static pid_t start_child(pid_t parent)
{
    pid_t child = mill_sanitizer.name ? fork() : FORK(); /* a sanitizer has locks of its own to see to */
    if (child == 0) {
        const struct {
            void *handler;
            unsigned long flags, restorer, mask;
        } by_default = {NULL, 0, 0, 0}; /* as the kernel has it; SIG_DFL is 0 */
        mill_raw_syscall(SYS_rt_sigaction, SIGALRM, (long)&by_default, 0, sizeof by_default.mask, 0, 0);
        mill_raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
        if (mill_raw_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0) != parent) {
            _exit(0);
        }
    }
    return child;
}

static int await(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    watch.child = 0;
    return status;
}

static void refuse(struct mill_job *job, const char *what, int error)
{
    snprintf(job->refusal, sizeof job->refusal, "%s: %s", what, strerror(error));
    atomic_store_explicit(&job->state, MILL_JOB_REFUSED, memory_order_relaxed);
}

/* What is the same for all children. */
struct parent {
    pid_t process;
    bool input_is_file;
    void (*run)(void *context);
    void *context;
};

/* A child with `count` schedules; false: that was the end. */
static bool run_child(struct mill_job *job, const struct parent *parent, uint64_t from, uint64_t count)
{
    atomic_store_explicit(&job->number, from, memory_order_relaxed);
    atomic_store_explicit(&job->state, MILL_JOB_RUNNING, memory_order_relaxed);
    pid_t child = start_child(parent->process);
    if (child == 0) {
        if (parent->input_is_file) {
            rewind_input();
        }
        run_batch(job, from, count, parent->run, parent->context);
        _exit(job->expected_exit);
    }
    if (child < 0) {
        refuse(job, "no process for a schedule", errno);
        return false;
    }
    watch_over(job, child);
    judge(job, await(child));
    if (job->class_ended) {
        mill_classes_add(&job->classes, job->class_name);
        job->class_ended = false;
    }
    enum mill_job_state state = state_of(job);
    if (state == MILL_JOB_CUT) {
        add(&job->cut, 1);
        add(&job->done, 1);
    }
    return state == MILL_JOB_ENDED || state == MILL_JOB_CUT;
}

/* Of the program itself, which comes first. */
static int keep_base(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    struct mill_job *job = context;
    job->base = info->dlpi_addr;
    return 1;
}

void mill_target_run(struct mill_job *job, void (*run)(void *context), void *context)
{
    dl_iterate_phdr(keep_base, job);
    if (mill_scheduler_open(job) < 0) {
        return;
    }
    const struct parent parent = {
        .process = getpid(), .input_is_file = input_is_file(), .run = run, .context = context};
    start_watch();
    mill_crash_watch();
    fflush(NULL); /* what the program has printed before its main is not printed by each child again */
    while (get(&job->done) < job->count && !job->exhausted) {
        uint64_t done = get(&job->done);
        if (job->first + done * job->stride >= get(&job->stop)) {
            break;
        }
        uint64_t count = job->count - done;
        if (job->batch > 0 && job->batch < count) {
            count = job->batch;
        }
        mill_scheduler_prepare(job->threads_most);
        if (!run_child(job, &parent, job->first + done * job->stride, count)) {
            break;
        }
    }
}

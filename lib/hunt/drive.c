#include "hunt/drive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The file descriptor of the job in the program, which its environment names. */
#define JOB_DESCRIPTOR 198

#define STEPS_MAX      200000
#define PATIENCE_S     10

int mill_drive_open(struct mill_drive *drive, struct mill_error *error)
{
    *drive = (struct mill_drive){.memory = memfd_create("threadmill-job", MFD_CLOEXEC)};
    void *memory = MAP_FAILED;
    if (drive->memory >= 0 && ftruncate(drive->memory, sizeof *drive->job) == 0) {
        memory = mmap(NULL, sizeof *drive->job, PROT_READ | PROT_WRITE, MAP_SHARED, drive->memory, 0);
    }
    if (memory == MAP_FAILED) {
        int status =
            mill_error_set(error, -errno, "no memory to share with the program: %s", strerror(errno));
        mill_drive_close(drive);
        return status;
    }
    struct mill_job *job = drive->job = memory;
    job->version = MILL_JOB_VERSION;
    job->count = 1;
    job->stride = 1;
    job->stop = UINT64_MAX;
    job->options.steps_max = STEPS_MAX;
    job->patience_s = PATIENCE_S;
    memset(job->watched, 0xff, sizeof job->watched);
    snprintf(job->explorer, sizeof job->explorer, "portfolio");
    snprintf(job->engine, sizeof job->engine, "fibers");
    mill_choices_make(job->asked, sizeof job->asked);
    mill_choices_make(job->made, sizeof job->made);
    return 0;
}

void mill_drive_close(struct mill_drive *drive)
{
    mill_drive_kill(drive);
    if (drive->job) {
        munmap(drive->job, sizeof *drive->job);
        drive->job = NULL;
    }
    if (drive->memory >= 0) {
        close(drive->memory);
        drive->memory = -1;
    }
}

/* ---- the program's side of the fork ---- */

static int become(int descriptor, int wanted)
{
    return descriptor == wanted ? fcntl(wanted, F_SETFD, 0) : dup2(descriptor, wanted);
}

static _Noreturn void start_program(const struct mill_drive *drive, const struct mill_prey *prey, int report)
{
    char number[16];
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    become(prey->input >= 0 ? prey->input : nothing, STDIN_FILENO);
    if (!(drive->job->flags & MILL_JOB_OUTPUT)) {
        become(nothing, STDOUT_FILENO);
        become(nothing, STDERR_FILENO);
    } else if (prey->output >= 0) {
        become(prey->output, STDOUT_FILENO);
        become(prey->output, STDERR_FILENO);
    }
    become(drive->memory, JOB_DESCRIPTOR);
    snprintf(number, sizeof number, "%d", JOB_DESCRIPTOR);
    setenv(MILL_JOB_ENVIRONMENT, number, 1);
    setenv("LD_BIND_NOW", "1", 1);  /* else each process that is forked later looks up what it calls */
    personality(ADDR_NO_RANDOMIZE); /* what depends on addresses is the same each time */
    execv(prey->program, prey->arguments);
    int why = errno;
    ssize_t unused = write(report, &why, sizeof why);
    (void)unused;
    _exit(127);
}

/* ---- the hunter's ---- */

static void forget_answers(struct mill_job *job)
{
    atomic_store(&job->done, 0);
    atomic_store(&job->steps, 0);
    atomic_store(&job->cut, 0);
    atomic_store(&job->blind, 0);
    atomic_store(&job->hash, 0);
    atomic_store(&job->state, MILL_JOB_IDLE);
    job->refusal[0] = '\0';
    job->failure = (struct mill_failure){.kind = MILL_FAILURE_NONE};
    mill_choices_clear((struct mill_choices *)job->made);
}

int mill_drive_start(struct mill_drive *drive, const struct mill_prey *prey, struct mill_error *error)
{
    int report[2];
    int why = 0;
    if (pipe2(report, O_CLOEXEC) < 0) {
        return mill_error_set(error, -errno, "no pipe: %s", strerror(errno));
    }
    forget_answers(drive->job);
    pid_t process = fork();
    if (process == 0) {
        start_program(drive, prey, report[1]);
    }
    int status = process < 0 ? -errno : 0;
    close(report[1]);
    if (process > 0 && read(report[0], &why, sizeof why) == (ssize_t)sizeof why) {
        waitpid(process, NULL, 0);
        status = -why;
    }
    close(report[0]);
    if (status < 0) {
        return mill_error_set(error, status, "%s cannot be started: %s", prey->program, strerror(-status));
    }
    drive->process = process;
    return 0;
}

static int judge(const struct mill_job *job, int status, struct mill_error *error)
{
    uint32_t state = atomic_load(&job->state);
    if (state != MILL_JOB_IDLE || job->exhausted) {
        return 0;
    }
    if (WIFSIGNALED(status)) {
        return mill_error_set(error, -EIO, "the program was ended by signal %d (%s) before its main began",
                              WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    return mill_error_set(
        error, -ENOEXEC,
        "the program did not answer: it was not linked by 'threadmill cc', or ended before main");
}

/* True: it has ended. */
static bool wait_until_ended(pid_t process, int timeout_ms)
{
    int handle = (int)syscall(SYS_pidfd_open, process, 0);
    if (handle < 0) {
        return true; /* then waitpid waits */
    }
    struct pollfd ended = {.fd = handle, .events = POLLIN};
    int status = poll(&ended, 1, timeout_ms);
    close(handle);
    return status != 0;
}

int mill_drive_wait(struct mill_drive *drive, int timeout_ms, struct mill_error *error)
{
    int status;
    if (timeout_ms >= 0 && !wait_until_ended(drive->process, timeout_ms)) {
        return -ETIMEDOUT;
    }
    while (waitpid(drive->process, &status, 0) < 0) {
        if (errno != EINTR) {
            drive->process = 0;
            return mill_error_set(error, -errno, "the program is not ours to wait for: %s", strerror(errno));
        }
    }
    drive->process = 0;
    return judge(drive->job, status, error);
}

void mill_drive_kill(struct mill_drive *drive)
{
    if (drive->process > 0) {
        kill(-drive->process, SIGKILL);
        kill(drive->process, SIGKILL);
        waitpid(drive->process, NULL, 0);
        drive->process = 0;
    }
}

int mill_drive_run(struct mill_drive *drive, const struct mill_prey *prey, struct mill_error *error)
{
    int status = mill_drive_start(drive, prey, error);
    return status < 0 ? status : mill_drive_wait(drive, -1, error);
}

struct mill_choices *mill_drive_made(const struct mill_drive *drive)
{
    return (struct mill_choices *)drive->job->made;
}

int mill_drive_follow(struct mill_drive *drive, const struct mill_choices *choices, bool strict)
{
    struct mill_job *job = drive->job;
    job->mode = MILL_JOB_FOLLOW;
    job->count = 1;
    job->first = 0;
    job->stop = UINT64_MAX;
    job->flags = strict ? job->flags | MILL_JOB_STRICT : job->flags & ~(uint32_t)MILL_JOB_STRICT;
    return mill_choices_copy((struct mill_choices *)job->asked, choices);
}

int mill_drive_identify(const char *program, uint64_t *hash, struct mill_error *error)
{
    int file = open(program, O_RDONLY | O_CLOEXEC);
    struct stat about;
    const unsigned char *bytes = MAP_FAILED;
    if (file >= 0 && fstat(file, &about) == 0 && about.st_size > 0) {
        bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    }
    int status = bytes == MAP_FAILED ? -errno : 0;
    if (file >= 0) {
        close(file);
    }
    if (status < 0) {
        return mill_error_set(error, status, "%s: %s", program, strerror(-status));
    }
    uint64_t sum = 0xcbf29ce484222325u; /* FNV-1a (Fowler, Noll, Vo) */
    for (off_t i = 0; i < about.st_size; i++) {
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    }
    munmap((void *)(uintptr_t)bytes, (size_t)about.st_size);
    *hash = sum;
    return 0;
}

#include "scenarios/device_process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"

#define PATIENCE_NS (30 * MILL_NS_PER_S)

/* The child's side, between fork and exec: only what a signal handler may do. */
static void become(char *const *arguments, pid_t parent, int output)
{
    sigset_t none;
    int nothing = open("/dev/null", O_RDONLY);
    /* the parent may have ended before it could be asked to tell */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || nothing < 0 ||
        dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0) {
        _exit(127);
    }
    /* others' pipes would stay open for as long as it lives */
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(arguments[0], arguments);
    static const char sentence[] = "it cannot be executed";
    (void)!write(STDERR_FILENO, sentence, sizeof sentence - 1);
    _exit(127);
}

static int launch(const struct mill_device_process_plan *plan, struct mill_device_process *process)
{
    char service[32], seed[32];
    int ends[2];
    snprintf(service, sizeof service, "%" PRIu64 "ns", plan->service_ns);
    snprintf(seed, sizeof seed, "%" PRIu64, plan->seed & INT64_MAX);
    const char *const arguments[] = {plan->program, "device", "serve",    "--http",     "0",
                                     "--stream",    "0",      "--quirks", plan->quirks, "--service",
                                     service,       "--seed", seed,       NULL};
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return -errno;
    }
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        become((char *const *)(const void *)arguments, parent, ends[1]);
    }
    int status = child < 0 ? -errno : 0;
    close(ends[1]);
    if (status < 0) {
        close(ends[0]);
        return status;
    }
    *process = (struct mill_device_process){.id = child, .said = ends[0]};
    return 0;
}

/* Appends what comes to the `length` bytes of `text`, which stays a string. The number of bytes, 0 at the
 * end, or a negative errno. */
static ssize_t hear(int from, char *text, size_t size, size_t length, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now_ns = mill_now_ns();
        struct pollfd wait = {.fd = from, .events = POLLIN};
        int ready =
            now_ns < deadline_ns ? poll(&wait, 1, (int)((deadline_ns - now_ns) / MILL_NS_PER_MS) + 1) : 0;
        ssize_t got = ready > 0 ? read(from, text + length, size - 1 - length) : -1;
        if (ready == 0) {
            return -ETIMEDOUT;
        }
        if (got >= 0) {
            text[length + (size_t)got] = '\0';
            return got;
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
}

/* Its first line is "valve: http://127.0.0.1:PORT/". */
static int await_valve(struct mill_device_process *process, char *text, size_t size)
{
    uint64_t deadline_ns = mill_now_ns() + PATIENCE_NS;
    size_t length = 0;
    char end;
    while (!strchr(text, '\n') && length + 1 < size) {
        ssize_t got = hear(process->said, text, size, length, deadline_ns);
        if (got <= 0) {
            return got < 0 ? (int)got : -ENOEXEC;
        }
        length += (size_t)got;
    }
    bool served = sscanf(text, "valve: http://127.0.0.1:%5u%c", &process->port, &end) == 2 && end == '/' &&
                  process->port > 0 && process->port <= UINT16_MAX;
    return served ? 0 : -ENOEXEC;
}

int mill_device_process_start(const struct mill_device_process_plan *plan,
                              struct mill_device_process *process, struct mill_error *error)
{
    char text[512] = "";
    if (!plan || !plan->program || !plan->quirks || !process) {
        return mill_error_set(error, -EINVAL, "no program that serves a valve");
    }
    *process = (struct mill_device_process){0};
    int status = launch(plan, process);
    if (status < 0) {
        return mill_error_set(error, status, "'%s device serve' cannot be started: %s", plan->program,
                              strerror(-status));
    }
    status = await_valve(process, text, sizeof text);
    if (status < 0) {
        mill_device_process_stop(process);
        text[strcspn(text, "\n")] = '\0';
        return mill_error_set(error, status, "'%s device serve' serves no valve: %s", plan->program,
                              text[0]                ? text
                              : status == -ETIMEDOUT ? "it said nothing for half a minute"
                                                     : "it ended without a word");
    }
    return 0;
}

void mill_device_process_stop(struct mill_device_process *process)
{
    if (process->id == 0) {
        return;
    }
    kill(process->id, SIGKILL); /* it keeps nothing that an orderly end would save */
    while (waitpid(process->id, NULL, 0) < 0 && errno == EINTR) {
    }
    close(process->said);
    *process = (struct mill_device_process){0};
}

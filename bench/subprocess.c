#include "subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command_line.h"

enum {
    said_most = 1 << 20,
};

static int start(char *const *arguments, const char *folder, int output, pid_t *process)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    int status = folder ? posix_spawn_file_actions_addchdir_np(&actions, folder) : 0;
    if (status == 0) {
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
        status = posix_spawnp(process, arguments[0], &actions, NULL, arguments, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    return -status;
}

static void read_all(int from, struct mill_text *said)
{
    char buffer[4096];
    ssize_t got;
    while ((got = read(from, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR)) {
        if (got > 0 && said->length < said_most) {
            mill_text_add(said, "%.*s", (int)got, buffer);
        }
    }
}

int mill_subprocess(char *const *arguments, const char *folder, struct mill_text *said,
                    struct mill_error *error)
{
    int ends[2];
    pid_t process = -1;
    int wait_status = 0;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return mill_error_set(error, -errno, "no pipe to hear '%s': %s", arguments[0], strerror(errno));
    }
    int status = start(arguments, folder, ends[1], &process);
    close(ends[1]);
    if (status == 0) {
        read_all(ends[0], said);
        while (waitpid(process, &wait_status, 0) < 0 && errno == EINTR) {
        }
    }
    close(ends[0]);
    if (status < 0) {
        return mill_error_set(error, status, "'%s' cannot be started: %s", arguments[0], strerror(-status));
    }
    if (mill_interrupted(NULL) || !WIFEXITED(wait_status)) {
        return mill_error_set(error, -EINTR, "'%s' was interrupted", arguments[0]);
    }
    return WEXITSTATUS(wait_status);
}

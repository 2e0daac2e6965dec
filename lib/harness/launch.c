#include "harness/launch.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "core/text.h"
#include "core/valgrind.h"
#include "harness/build_info.h"

/* ---- where the programs are ---- */

/* What is on the command line before the program. A report ends a child as a sanitizer's does; -q: nothing
 * but reports; the names of source files whole, so that they can be told apart. */
#define VALGRIND(tool_option)                                                 \
    {                                                                         \
        "/usr/bin/env", "valgrind", tool_option, "-q", "--error-exitcode=66", \
            "--fullpath-after=", "--num-callers=20", "--fair-sched=try", NULL \
    }

static const char *const wrappers[MILL_TOOL_COUNT][MILL_WRAPPER_MAX] = {
    [MILL_HELGRIND] = VALGRIND("--tool=helgrind"),
    [MILL_DRD] = VALGRIND("--tool=drd"),
};

static const char *const program_names[MILL_TOOL_COUNT] = {
    [MILL_TSAN] = "threadmill-tsan",
    [MILL_ASAN] = "threadmill-asan",
    [MILL_HELGRIND] = "threadmill",
    [MILL_DRD] = "threadmill",
};

static bool is_on_path(const char *name)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        char file[PATH_MAX];
        int length = (int)strcspn(path, ":");
        snprintf(file, sizeof file, "%.*s/%s", length, path, name);
        if (length > 0 && access(file, X_OK) == 0) {
            return true;
        }
        path += length + (path[length] == ':');
    }
    return false;
}

/* valgrind.supp, installed beside the programs or where the sources were. */
static bool find_suppressions(struct mill_launch *launch)
{
    const char *slash = strrchr(launch->program, '/');
    int folder = slash ? (int)(slash - launch->program) : 0;
    int written = snprintf(launch->suppressions, sizeof launch->suppressions,
                           "%.*s/../share/threadmill/valgrind.supp", folder, launch->program);
    if (written < (int)sizeof launch->suppressions && access(launch->suppressions, R_OK) == 0) {
        return true;
    }
    written = snprintf(launch->suppressions, sizeof launch->suppressions, "%s",
                       MILL_BUILD_SOURCE "/lib/harness/valgrind.supp");
    return written < (int)sizeof launch->suppressions && access(launch->suppressions, R_OK) == 0;
}

int mill_launch_find(struct mill_launch *launch, enum mill_tool tool, struct mill_error *error)
{
    char self[PATH_MAX];
    *launch = (struct mill_launch){.tool = tool, .steady = true};
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) {
        return mill_error_set(error, -ENOENT, "this program's folder is unknown: %s", strerror(errno));
    }
    self[length] = '\0';
    int folder = (int)(strrchr(self, '/') - self);
    int written =
        snprintf(launch->program, sizeof launch->program, "%.*s/%s", folder, self, program_names[tool]);
    if (written >= (int)sizeof launch->program || access(launch->program, X_OK) < 0) {
        return mill_error_set(error, -ENOENT,
                              "there is no program %s; build it, and leave it beside this one",
                              launch->program);
    }
    memcpy(launch->wrapper, wrappers[tool], sizeof launch->wrapper);
    if (launch->wrapper[0] && !is_on_path("valgrind")) {
        return mill_error_set(error, -ENOENT, "there is no valgrind in PATH; install the package valgrind");
    }
    if (launch->wrapper[0] && !MILL_KNOWS_VALGRIND) {
        return mill_error_set(
            error, -ENOENT, "built without Valgrind's headers: install the package valgrind and build again");
    }
    if (launch->wrapper[0] && !find_suppressions(launch)) {
        return mill_error_set(error, -ENOENT, "there is no %s; install threadmill whole",
                              launch->suppressions);
    }
    return 0;
}

/* ---- the start ---- */

/* What a tool is told in the environment; options that the user set come behind, and win. */
static const struct {
    const char *name;
    const char *options;
} told[] = {
    /* The longest history: a race whose earlier access is beyond it is not told, and on a busy machine, where
     * threads take turns of milliseconds, it soon is. */
    {"TSAN_OPTIONS", "second_deadlock_stack=1:exitcode=66:history_size=7"},
    {"ASAN_OPTIONS", "exitcode=66"}, /* of LeakSanitizer, too */
    {"UBSAN_OPTIONS", "print_stacktrace=1"},
};

_Static_assert(MILL_CHILD_SANITIZER_EXIT == 66, "as it stands in the options above");

enum {
    told_count = sizeof told / sizeof told[0],
};

static bool is_told(const char *variable)
{
    for (size_t i = 0; i < told_count; i++) {
        size_t length = strlen(told[i].name);
        if (strncmp(variable, told[i].name, length) == 0 && variable[length] == '=') {
            return true;
        }
    }
    return false;
}

/* The environment, with `texts` in the place of the tools' own variables; NULL when memory ran out. */
static char **tools_environment(struct mill_text texts[told_count])
{
    size_t count = 0;
    while (environ[count]) {
        count++;
    }
    char **environment = calloc(count + told_count + 1, sizeof *environment);
    size_t kept = 0;
    for (size_t i = 0; environment && i < count; i++) {
        if (!is_told(environ[i])) {
            environment[kept++] = environ[i];
        }
    }
    for (size_t i = 0; environment && i < told_count; i++) {
        const char *set = getenv(told[i].name);
        mill_text_add(&texts[i], "%s=%s%s%s", told[i].name, told[i].options, set ? ":" : "", set ? set : "");
        if (texts[i].failed) {
            free(environment);
            return NULL;
        }
        environment[kept++] = texts[i].text;
    }
    return environment;
}

/* Each thread has a personality of its own, which its children inherit: no other child is touched. A kernel
 * that refuses leaves the addresses random, and a tool that cannot bear it says so. */
static int spawn(const struct mill_launch *launch, pid_t *process, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const *environment)
{
    char *arguments[MILL_WRAPPER_MAX + 4];
    char suppressions[PATH_MAX + 16];
    size_t count = 0;
    const char *program = launch && launch->program[0] ? launch->program : "/proc/self/exe";
    for (; launch && launch->wrapper[count]; count++) {
        arguments[count] = (char *)(uintptr_t)launch->wrapper[count];
    }
    if (launch && launch->suppressions[0]) {
        snprintf(suppressions, sizeof suppressions, "--suppressions=%s", launch->suppressions);
        arguments[count++] = suppressions;
    }
    arguments[count] = (char *)(uintptr_t)(count > 0 ? program : "threadmill");
    arguments[count + 1] = "sample";
    arguments[count + 2] = NULL;
    int before = launch && launch->steady ? personality(0xffffffff) : -1;
    if (before >= 0) {
        personality((unsigned long)before | ADDR_NO_RANDOMIZE);
    }
    int status =
        posix_spawn(process, count > 0 ? arguments[0] : program, actions, attributes, arguments, environment);
    if (before >= 0) {
        personality((unsigned long)before);
    }
    return -status;
}

int mill_launch_start(const struct mill_launch *launch, const int streams[3], pid_t *process)
{
    struct mill_text texts[told_count] = {{0}};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int status = -ENOMEM;

    char **environment = tools_environment(texts);
    if (environment) {
        posix_spawn_file_actions_init(&actions);
        for (int i = 0; i < 3; i++) {
            posix_spawn_file_actions_adddup2(&actions, streams[i], i);
        }
        /* A group of its own: Ctrl-C on the terminal is for the parent to handle. */
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        posix_spawnattr_setpgroup(&attributes, 0);
        status = spawn(launch, process, &actions, &attributes, environment);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
    }
    free(environment);
    for (size_t i = 0; i < told_count; i++) {
        mill_text_free(&texts[i]);
    }
    return status;
}

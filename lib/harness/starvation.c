#include "harness/starvation.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"

static const uint64_t least_share = 10; /* a tenth */

/* A thread that polls is caught ready at one look now and then; one that waits for a processor is ready at
 * all. */
enum {
    looks = 10,
};
static const uint64_t between_looks_ns = 5 * MILL_NS_PER_MS;

/* The state letter of proc(5), behind the name in parentheses, which may itself hold any character. */
static bool ready_to_run(const char *path)
{
    char line[512];
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    const char *name_end = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    fclose(file);
    return name_end && strncmp(name_end, ") R", 3) == 0;
}

static bool any_ready_to_run(pid_t process)
{
    char path[512];
    bool ready = false;
    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *threads = opendir(path);
    if (!threads) {
        return false;
    }
    for (const struct dirent *entry; !ready && (entry = readdir(threads)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/stat", (int)process, entry->d_name);
        ready = ready_to_run(path);
    }
    closedir(threads);
    return ready;
}

bool mill_process_starved(pid_t process, uint64_t elapsed_ns, uint64_t *cpu_ns)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return false;
    }
    *cpu_ns = mill_timespec_ns(used);
    bool starved = *cpu_ns < elapsed_ns / least_share;
    for (int look = 0; starved && look < looks; look++) {
        starved = any_ready_to_run(process);
        mill_sleep_until(mill_now_ns() + between_looks_ns);
    }
    return starved;
}

#include "scenarios/asleep.h"

#include <stdio.h>
#include <string.h>

/* The state is the letter behind the name, which stands in parentheses and may have some itself (proc(5)). */
bool mill_is_asleep(pid_t thread)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "r");
    if (!file) {
        return false;
    }
    const char *name_end = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    bool asleep = name_end && strncmp(name_end, ") S", 3) == 0;
    fclose(file);
    return asleep;
}

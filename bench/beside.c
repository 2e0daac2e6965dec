#include "beside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int mill_beside(char *path, const char *name)
{
    static const char *const folders[] = {"", "../lib/threadmill/", "../lib/"};
    char own[BESIDE_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length < 0) {
        return -errno;
    }
    own[length] = '\0';
    *(strrchr(own, '/') + 1) = '\0';
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (snprintf(path, BESIDE_MAX, "%s%s%s", own, folders[i], name) >= BESIDE_MAX) {
            return -ENAMETOOLONG;
        }
        if (access(path, R_OK) == 0) {
            return 0;
        }
    }
    return -ENOENT;
}

/* The commands of `threadmill`: one list, one file each.
 *
 * Exit codes are a contract with scripts and CI.
 */
#ifndef MILL_BENCH_COMMANDS_H
#define MILL_BENCH_COMMANDS_H

#include <stdbool.h>

enum mill_exit {
    MILL_EXIT_EXPECTED = 0,
    MILL_EXIT_FINDING = 1, /* failed check, unexpected race, a control not found, a regression */
    MILL_EXIT_USAGE = 2,
    MILL_EXIT_MACHINE = 3, /* the machine or a tool failed */
    MILL_EXIT_UNSURE = 4,  /* inconclusive or untrusted, under --strict */
    MILL_EXIT_INTERRUPTED = 130,
};

struct mill_command {
    const char *name;
    const char *summary;               /* one line; NULL: internal, not listed */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit code */
};

/* X(name) stands for a constant `struct mill_command mill_command_<name>` in command_<name>.c */
#define MILL_COMMANDS(X) \
    X(list)              \
    X(run)               \
    X(compare)           \
    X(advise)            \
    X(stress)            \
    X(hunt)              \
    X(replay)            \
    X(cc)                \
    X(cxx)               \
    X(report)            \
    X(history)           \
    X(doctor)            \
    X(device)            \
    X(sample)            \
    X(count)

#define MILL_COMMAND_DECLARE(name) extern const struct mill_command mill_command_##name;
MILL_COMMANDS(MILL_COMMAND_DECLARE)
#undef MILL_COMMAND_DECLARE

/* "threadmill: MESSAGE" on standard error; returns `code`. */
int mill_complain(enum mill_exit code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

/* threadmill cc, threadmill c++: clang, with what makes a program one that can be hunted. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beside.h"
#include "commands.h"

/* To the compiler proper alone: given to its driver, -fsanitize=thread would link the sanitizer's runtime. A
 * step that only links has no use for them, and says nothing of that. */
static const char *const compiling[] = {
    "--start-no-unused-arguments",
    "-Xclang",
    "-fsanitize=thread",
    "-mllvm",
    "-tsan-instrument-read-before-write",
    "-fno-omit-frame-pointer",
    "--end-no-unused-arguments",
};

/* The program's own calls of these are accesses to memory; its compiler does not say so before version 16. */
static const char *const linking[] = {
    "-Wl,--wrap=main,--wrap=memcpy,--wrap=memmove,--wrap=memset",
    "-Wl,--whole-archive",
    NULL, /* the runtime */
    "-Wl,--no-whole-archive",
    NULL, /* its parts */
    "-lpthread",
    "-ldl",
};

enum {
    compiling_count = sizeof compiling / sizeof compiling[0],
    linking_count = sizeof linking / sizeof linking[0],
};

static void print_help(FILE *out, const char *name)
{
    fprintf(
        out,
        "usage: threadmill %s [clang arguments]\n\n"
        "Compiles and links as %s does, so that 'threadmill hunt -- ./program' can hunt the result: with a\n"
        "point at each access to memory, and a runtime that has every thread wait for its turn. Each step of "
        "a\n"
        "build can be given separately, as with the compiler itself. Outside of a hunt the program runs as "
        "it\n"
        "would, only slower. Without -g a report has no source lines.\n\n"
        "The compiler is clang, or what the environment's THREADMILL_%s says.\n\n"
        "examples:\n"
        "  threadmill %s -O1 -g -o prog prog.c\n"
        "  threadmill hunt --schedules 20000 --seed 1 -- ./prog\n",
        name, strcmp(name, "cc") == 0 ? "clang" : "clang++", strcmp(name, "cc") == 0 ? "CC" : "CXX", name);
}

/* Does the compiler go on to link a program? A library's hooks are those of the program that loads it. */
static bool links(int argc, char **argv)
{
    static const char *const stops[] = {"-c",        "-S",      "-E", "-M", "-MM", "-fsyntax-only",
                                        "--version", "-shared", "-r"};
    bool inputs = false;
    for (int i = 1; i < argc; i++) {
        for (size_t j = 0; j < sizeof stops / sizeof stops[0]; j++) {
            if (strcmp(argv[i], stops[j]) == 0) {
                return false;
            }
        }
        inputs |= argv[i][0] != '-';
    }
    return inputs;
}

static int run_compiler(const char *name, const char *fallback, const char *variable, int argc, char **argv)
{
    char runtime[BESIDE_MAX];
    char parts[BESIDE_MAX];
    if (argc < 2) {
        print_help(stderr, name);
        return MILL_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout, name);
        return MILL_EXIT_EXPECTED;
    }
    if (mill_beside(runtime, "libthreadmill-prey.a") < 0 ||
        mill_beside(parts, "libthreadmill-prey-parts.a") < 0) {
        return mill_complain(MILL_EXIT_MACHINE,
                             "'%s' is missing: build the target threadmill-prey, or install", runtime);
    }
    const char **words = calloc((size_t)argc + compiling_count + linking_count + 1, sizeof *words);
    if (!words) {
        return mill_complain(MILL_EXIT_MACHINE, "out of memory");
    }
    const char *compiler = getenv(variable);
    size_t count = 0;
    words[count++] = compiler && compiler[0] ? compiler : fallback;
    for (int i = 0; i < compiling_count; i++) {
        words[count++] = compiling[i];
    }
    for (int i = 1; i < argc; i++) {
        words[count++] = argv[i];
    }
    for (int i = 0; links(argc, argv) && i < linking_count; i++) {
        words[count++] = linking[i] ? linking[i] : i == 2 ? runtime : parts;
    }
    execvp(words[0], (char *const *)(uintptr_t)words);
    int why = errno;
    int code =
        mill_complain(MILL_EXIT_MACHINE, "the compiler '%s' cannot be started: %s; install clang, or set %s",
                      words[0], strerror(why), variable);
    free(words);
    return code;
}

static int run_cc(int argc, char **argv)
{
    return run_compiler("cc", "clang", "THREADMILL_CC", argc, argv);
}

static int run_cxx(int argc, char **argv)
{
    return run_compiler("c++", "clang++", "THREADMILL_CXX", argc, argv);
}

const struct mill_command mill_command_cc = {"cc", "compiles and links a C program that can be hunted",
                                             run_cc};
const struct mill_command mill_command_cxx = {"c++", "the same for C++", run_cxx};

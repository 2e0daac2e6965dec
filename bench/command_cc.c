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

/* How a program is linked, and compiled besides. */
struct way {
    const char *name;    /* of --with; NULL: without a sanitizer */
    const char *driver;  /* what the compiler's driver is told besides, or NULL */
    const char *runtime; /* archives, all of the first and of the second what is needed */
    const char *parts;
    const char *wrapped; /* the file with the linker's --wrap options; NULL: those of `plain_wraps` */
};

static const struct way ways[] = {
    {NULL, NULL, "libthreadmill-prey.a", "libthreadmill-prey-parts.a", NULL},
    {"tsan", "-fsanitize=thread", "libthreadmill-prey-tsan.a", "libthreadmill-prey-sanitized-parts.a",
     "threadmill-prey-tsan.wrapped"},
    {"asan", "-fsanitize=address", "libthreadmill-prey-asan.a", "libthreadmill-prey-sanitized-parts.a",
     "threadmill-prey-asan.wrapped"},
};

static const char plain_wraps[] = "-Wl,--wrap=main,--wrap=strdup";

/* The C library's calls that are accesses to memory, of who calls them: the linker's --wrap options. */
static const char accesses[] = "threadmill-accesses.wrapped";

enum {
    compiling_count = sizeof compiling / sizeof compiling[0],
    linking_count = 8,
    way_count = sizeof ways / sizeof ways[0],
};

static void print_help(FILE *out, const char *name)
{
    fprintf(
        out,
        "usage: threadmill %s [--with tsan|asan] [clang arguments]\n\n"
        "Compiles and links as %s does, so that 'threadmill hunt -- ./program' can hunt the result: with a\n"
        "point at each access to memory, and a runtime that has every thread wait for its turn. Each step of "
        "a\n"
        "build can be given separately, as with the compiler itself. Outside of a hunt the program runs as "
        "it\n"
        "would, only slower. Without -g a report has no source lines.\n\n"
        "--with tsan or asan, in each step of a build: the real ThreadSanitizer or AddressSanitizer is "
        "beside\n"
        "the runtime, and what it reports is the failure of a schedule. Both take the same steps as without, "
        "so\n"
        "that a token of one build can be played in the other ('threadmill replay TOKEN --program "
        "./prog.asan').\n\n"
        "The compiler is clang, or what the environment's THREADMILL_%s says.\n\n"
        "examples:\n"
        "  threadmill %s -O1 -g -o prog prog.c\n"
        "  threadmill hunt --schedules 20000 --seed 1 -- ./prog\n"
        "  threadmill %s --with tsan -O1 -g -o prog.tsan prog.c\n",
        name, strcmp(name, "cc") == 0 ? "clang" : "clang++", strcmp(name, "cc") == 0 ? "CC" : "CXX", name,
        name);
}

enum links {
    LINKS_NOTHING,
    LINKS_LIBRARY, /* its hooks and accesses are those of the program that loads it */
    LINKS_PROGRAM,
};

/* What the compiler goes on to link. */
static enum links links(int argc, char **argv)
{
    static const char *const stops[] = {"-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "--version", "-r"};
    bool inputs = false;
    bool library = false;
    for (int i = 1; i < argc; i++) {
        for (size_t j = 0; j < sizeof stops / sizeof stops[0]; j++) {
            if (strcmp(argv[i], stops[j]) == 0) {
                return LINKS_NOTHING;
            }
        }
        library |= strcmp(argv[i], "-shared") == 0;
        inputs |= argv[i][0] != '-';
    }
    return !inputs ? LINKS_NOTHING : library ? LINKS_LIBRARY : LINKS_PROGRAM;
}

/* Takes `--with SANITIZER` out of the arguments, wherever it stands. NULL: complained of. */
static const struct way *take_way(int *argc, char **argv)
{
    const struct way *way = &ways[0];
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        bool joined = strncmp(argv[i], "--with=", 7) == 0;
        if (!joined && strcmp(argv[i], "--with") != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        const char *name = joined ? argv[i] + 7 : i + 1 < *argc ? argv[++i] : "";
        way = NULL;
        for (int j = 1; j < way_count; j++) {
            way = strcmp(name, ways[j].name) == 0 ? &ways[j] : way;
        }
        if (!way) {
            mill_complain(MILL_EXIT_USAGE, "option '--with' is 'tsan' or 'asan', not '%s'", name);
            return NULL;
        }
    }
    argv[kept] = NULL;
    *argc = kept;
    return way;
}

static int find(char *path, const char *name)
{
    int status = mill_beside(path, name);
    return status < 0 ? mill_complain(MILL_EXIT_MACHINE, "'%s' is missing: build it, or install", name) : 0;
}

static int run_compiler(const char *name, const char *fallback, const char *variable, int argc, char **argv)
{
    char runtime[BESIDE_MAX];
    char parts[BESIDE_MAX];
    char wrapped[BESIDE_MAX];
    char called[BESIDE_MAX];
    char wraps[BESIDE_MAX + 8];
    char access_wraps[BESIDE_MAX + 8];
    const struct way *way = take_way(&argc, argv);
    if (!way) {
        return MILL_EXIT_USAGE;
    }
    if (argc < 2) {
        print_help(stderr, name);
        return MILL_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout, name);
        return MILL_EXIT_EXPECTED;
    }
    if (find(runtime, way->runtime) != 0 || find(parts, way->parts) != 0 || find(called, accesses) != 0 ||
        (way->wrapped && find(wrapped, way->wrapped) != 0)) {
        return MILL_EXIT_MACHINE;
    }
    const char **words = calloc((size_t)argc + compiling_count + linking_count + 2, sizeof *words);
    if (!words) {
        return mill_complain(MILL_EXIT_MACHINE, "out of memory");
    }
    snprintf(wraps, sizeof wraps, "-Wl,@%s", way->wrapped ? wrapped : "");
    snprintf(access_wraps, sizeof access_wraps, "-Wl,@%s", called);
    const char *linking[linking_count] = {
        access_wraps, /* of a library, too */
        way->wrapped ? wraps : plain_wraps,
        "-Wl,--whole-archive",
        runtime,
        "-Wl,--no-whole-archive",
        parts,
        "-lpthread",
        "-ldl",
    };
    const char *compiler = getenv(variable);
    size_t count = 0;
    words[count++] = compiler && compiler[0] ? compiler : fallback;
    for (int i = 0; i < compiling_count; i++) {
        words[count++] = compiling[i];
    }
    if (way->driver) {
        words[count++] = way->driver;
    }
    for (int i = 1; i < argc; i++) {
        words[count++] = argv[i];
    }
    enum links linked = links(argc, argv);
    int given = linked == LINKS_PROGRAM ? linking_count : linked == LINKS_LIBRARY ? 1 : 0;
    for (int i = 0; i < given; i++) {
        words[count++] = linking[i];
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

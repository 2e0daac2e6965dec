/* The command `threadmill`: finds the command that was named and runs it. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "core/text.h"
#include "harness/machine.h"

#define MILL_COMMAND_ENTRY(name) &mill_command_##name,
static const struct mill_command *const commands[] = {MILL_COMMANDS(MILL_COMMAND_ENTRY)};
#undef MILL_COMMAND_ENTRY

enum {
    command_count = sizeof commands / sizeof commands[0],
};

int mill_complain(enum mill_exit code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("threadmill: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return (int)code;
}

static void print_help(FILE *out)
{
    fputs("usage: threadmill COMMAND [OPTION...]\n\n"
          "Concurrency scenarios in C: measured, checked, compared.\n\ncommands:\n",
          out);
    for (size_t i = 0; i < command_count; i++) {
        if (commands[i]->summary) {
            fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
        }
    }
    fputs("\nexamples:\n"
          "  threadmill list                           what there is\n"
          "  threadmill run counter --threads 1,2      measure one scenario\n"
          "  threadmill run --suite quick              measure everything, in two minutes\n"
          "  threadmill doctor                         what this machine can and cannot tell\n"
          "\nexit codes: 0 as expected; 1 a finding; 2 wrong use; 3 the machine or a tool failed;\n"
          "            4 inconclusive or untrusted under --strict; 130 interrupted\n"
          "\n'threadmill COMMAND --help' tells more about each.\n",
          out);
}

static int unknown_command(const char *word)
{
    const char *names[command_count];
    char near[256];
    size_t count = 0;
    for (size_t i = 0; i < command_count; i++) {
        if (commands[i]->summary) {
            names[count++] = commands[i]->name;
        }
    }
    mill_nearest(near, sizeof near, word, names, count);
    return mill_complain(MILL_EXIT_USAGE, "there is no command '%s'%s%s%s; see 'threadmill --help'", word,
                         near[0] ? "; did you mean " : "", near, near[0] ? "?" : "");
}

/* A standard stream that was closed would lend its number to the next file that is opened, and messages would
 * go into a result. */
static void occupy_standard_streams(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0) {
            /* the lowest free number, which is this one; read-only, so that writing to it fails */
            (void)!open("/dev/null", O_RDONLY);
        }
    }
}

/* The rig of the device's scenarios starts it as the server of a valve (device_rig.h), also from children
 * that are another build of it. A name of it that the user gave stays. */
static void name_server(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0) {
        path[length] = '\0';
        (void)setenv("TM_DEVICE_PROGRAM", path, 0); /* without it those scenarios say what is missing */
    }
}

/* The exit code, unless what was printed did not get anywhere. */
static int written(int code)
{
    if (fflush(stdout) != 0 && code == MILL_EXIT_EXPECTED) {
        return mill_complain(MILL_EXIT_MACHINE, "standard output could not be written");
    }
    return code;
}

int main(int argc, char **argv)
{
    occupy_standard_streams();
    /* A reader that went away, a child or `| head`, is an error of the write, not the end of the program. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    name_server();
    if (argc < 2) {
        print_help(stderr);
        return MILL_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return written(MILL_EXIT_EXPECTED);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("threadmill %s\n", mill_build_line());
        return written(MILL_EXIT_EXPECTED);
    }
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i]->name, argv[1]) == 0) {
            return written(commands[i]->run(argc - 1, argv + 1));
        }
    }
    return unknown_command(argv[1]);
}

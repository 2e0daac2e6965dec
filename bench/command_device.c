/* threadmill device: the simulated valve, or a look at a real one. */
#include "command_device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "core/text.h"

static const struct {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
} parts[] = {
    {"serve", "a simulated valve on this machine, with its limits, its quirks and faults to order",
     mill_device_serve},
    {"probe", "what a valve says of itself: status, config, presets, stream", mill_device_probe},
    {"record", "the stream of a valve into a file", mill_device_record},
    {"faults", "every fault against every way of sharing a simulated valve: what did the callers see?",
     mill_device_faults},
};

enum { part_count = sizeof parts / sizeof parts[0] };

static void print_help(FILE *out)
{
    fputs("usage: threadmill device PART [OPTION...]\n\n"
          "The valve on the network: simulated, or a real one.\n\nparts:\n",
          out);
    for (size_t i = 0; i < part_count; i++) {
        fprintf(out, "  %-8s %s\n", parts[i].name, parts[i].summary);
    }
    fputs("\nexamples:\n"
          "  threadmill device serve --hand sine:45:2s\n"
          "  threadmill device probe http://127.0.0.1:8080\n"
          "  threadmill device record 127.0.0.1:8888 --http 8080 --time 10s -o run.csv\n"
          "  threadmill device faults --seed 1\n"
          "\n'threadmill device PART --help' tells more about each.\n",
          out);
}

static int run(int argc, char **argv)
{
    const char *names[part_count];
    char near[128];
    if (argc < 2) {
        print_help(stderr);
        return MILL_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return MILL_EXIT_EXPECTED;
    }
    for (size_t i = 0; i < part_count; i++) {
        names[i] = parts[i].name;
        if (strcmp(parts[i].name, argv[1]) == 0) {
            return parts[i].run(argc - 1, argv + 1);
        }
    }
    mill_nearest(near, sizeof near, argv[1], names, part_count);
    return mill_complain(MILL_EXIT_USAGE,
                         "'threadmill device' has no part '%s'%s%s%s; see 'threadmill device --help'",
                         argv[1], near[0] ? "; did you mean " : "", near, near[0] ? "?" : "");
}

const struct mill_command mill_command_device = {"device", "a simulated valve, or a look at a real one", run};

/* ---- targets ---- */

static int refuse(const char *word, const char *why, struct mill_error *error)
{
    return mill_error_set(error, -EINVAL, "'%.300s' is no valve: %s; it is given as http://HOST:PORT", word,
                          why);
}

int mill_device_target_parse(const char *word, unsigned default_port, struct mill_device_target *target,
                             struct mill_error *error)
{
    static const char scheme[] = "http://";
    const char *at = word;
    if (strncmp(at, "https://", 8) == 0) {
        return refuse(word, "the device speaks no TLS", error);
    }
    if (strncmp(at, scheme, sizeof scheme - 1) == 0) {
        at += sizeof scheme - 1;
    }
    bool bracketed = at[0] == '[';
    size_t length = bracketed ? strcspn(++at, "]") : strcspn(at, ":/");
    if (length == 0 || length >= sizeof target->host) {
        return refuse(word, "there is no host in it, or one too long", error);
    }
    memcpy(target->host, at, length);
    target->host[length] = '\0';
    at += length;
    if (bracketed && *at++ != ']') {
        return refuse(word, "the bracket is not closed", error);
    }
    target->port = default_port;
    if (*at == ':') {
        char digits[8];
        int64_t port;
        size_t width = strcspn(++at, "/");
        snprintf(digits, sizeof digits, "%.*s", (int)(width < sizeof digits ? width : sizeof digits), at);
        if (mill_parse_integer(digits, &port) < 0 || port < 1 || port > 65535) {
            return refuse(word, "its port is no number from 1 to 65535", error);
        }
        target->port = (unsigned)port;
        at += width;
    }
    if (strcmp(at, "") != 0 && strcmp(at, "/") != 0) {
        return refuse(word, "something follows the host and its port", error);
    }
    return 0;
}

/* Options of a command: one table that parses, refuses and explains.
 *
 *     static const struct mill_option options[] = {
 *         {"rounds", 0, "N", "how often each cell is measured", take_rounds},
 *         …
 *     };
 *     static const struct mill_usage usage = {
 *         "run", "[SCENARIO...]", "Measures …", options, count, examples};
 *     int status = mill_options_parse(&usage, argc, argv, &target, take_word, &error);
 */
#ifndef MILL_BENCH_OPTIONS_H
#define MILL_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/error.h"

struct mill_option {
    const char *name;     /* without the dashes */
    char letter;          /* or 0 */
    const char *argument; /* as shown in the help; NULL: takes none */
    const char *help;
    int (*take)(void *target, const char *value, struct mill_error *error); /* 0 or -EINVAL */
    bool repeats; /* several values add up; else a second one is refused */
};

struct mill_usage {
    const char *command;
    const char *words; /* what stands behind the command besides options */
    const char *about;
    const struct mill_option *options;
    size_t count;
    const char *examples;
};

/* 0; 1 when help was asked for and printed to standard output; -EINVAL with a message that names the word,
 * and the nearest options, or the option whose value was given twice. `take_word` gets what is no option;
 * NULL refuses it. */
int mill_options_parse(const struct mill_usage *usage, int argc, char **argv, void *target,
                       int (*take_word)(void *target, const char *word, struct mill_error *error),
                       struct mill_error *error);

void mill_usage_print(const struct mill_usage *usage, FILE *out);

/* For `take` functions: a whole number or a duration within bounds, or -EINVAL with a message that names the
 * option. */
int mill_option_number(const char *option, const char *text, int64_t minimum, int64_t maximum, int64_t *value,
                       struct mill_error *error);
int mill_option_duration(const char *option, const char *text, uint64_t minimum, uint64_t maximum,
                         uint64_t *ns, struct mill_error *error);

#endif

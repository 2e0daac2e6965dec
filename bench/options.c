#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/text.h"

enum {
    options_max = 64,
    help_column = 26,
};

void mill_usage_print(const struct mill_usage *usage, FILE *out)
{
    fprintf(out, "usage: threadmill %s [OPTION...]%s%s\n\n%s\n\noptions:\n", usage->command,
            usage->words[0] ? " " : "", usage->words, usage->about);
    for (size_t i = 0; i < usage->count; i++) {
        const struct mill_option *option = &usage->options[i];
        char left[80];
        int width = snprintf(left, sizeof left, "  %s%c%s --%s%s%s", option->letter ? "-" : "",
                             option->letter ? option->letter : ' ', option->letter ? "," : "  ", option->name,
                             option->argument ? " " : "", option->argument ? option->argument : "");
        fprintf(out, "%s", left);
        if (width >= help_column) {
            fprintf(out, "\n");
            width = 0;
        }
        /* A help text of several lines goes on in its column. */
        const char *rest = option->help;
        while (*rest) {
            int length = (int)strcspn(rest, "\n");
            fprintf(out, "%*s%.*s\n", help_column - width, "", length, rest);
            rest += length + (rest[length] == '\n');
            width = 0;
        }
    }
    fprintf(out, "  -h, --help%*sthis text\n", help_column - 12, "");
    if (usage->examples) {
        fprintf(out, "\nexamples:\n%s", usage->examples);
    }
}

static const struct mill_option *find(const struct mill_usage *usage, const char *name, size_t length)
{
    for (size_t i = 0; i < usage->count; i++) {
        if (strlen(usage->options[i].name) == length && strncmp(usage->options[i].name, name, length) == 0) {
            return &usage->options[i];
        }
    }
    return NULL;
}

static const struct mill_option *find_letter(const struct mill_usage *usage, char letter)
{
    for (size_t i = 0; i < usage->count; i++) {
        if (usage->options[i].letter == letter) {
            return &usage->options[i];
        }
    }
    return NULL;
}

static int unknown(const struct mill_usage *usage, const char *word, struct mill_error *error)
{
    const char *names[options_max];
    char near[256], name[64];
    for (size_t i = 0; i < usage->count; i++) {
        names[i] = usage->options[i].name;
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + strspn(word, "-"), "="),
             word + strspn(word, "-"));
    mill_nearest(near, sizeof near, name, names, usage->count);
    return mill_error_set(
        error, -EINVAL, "'threadmill %s' has no option '%s'%s%s%s; see 'threadmill %s --help'",
        usage->command, word, near[0] ? "; did you mean " : "", near, near[0] ? "?" : "", usage->command);
}

/* One option at argv[*at], which may take its argument from the next word. `given` says which had a value
 * already. */
static int take_option(const struct mill_usage *usage, int argc, char **argv, int *at, bool *given,
                       void *target, struct mill_error *error)
{
    const char *word = argv[*at];
    const char *value = NULL;
    const struct mill_option *option;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        option = find(usage, word + 2, length);
        value = word[2 + length] == '=' ? word + 3 + length : NULL;
    } else {
        option = word[1] ? find_letter(usage, word[1]) : NULL;
        value = word[1] && word[2] ? word + 2 : NULL;
    }
    if (!option) {
        return unknown(usage, word, error);
    }
    if (!option->argument && value) {
        return mill_error_set(error, -EINVAL, "option '--%s' takes no value, and got '%s'", option->name,
                              value);
    }
    if (option->argument && !value) {
        if (*at + 1 >= argc) {
            return mill_error_set(error, -EINVAL, "option '--%s' needs a value: --%s %s", option->name,
                                  option->name, option->argument);
        }
        value = argv[++*at];
    }
    if (option->argument && !option->repeats && given[option - usage->options]) {
        return mill_error_set(error, -EINVAL,
                              "option '--%s' is given twice, the second time with '%s'; which?", option->name,
                              value);
    }
    given[option - usage->options] = true;
    return option->take(target, value, error);
}

int mill_options_parse(const struct mill_usage *usage, int argc, char **argv, void *target,
                       int (*take_word)(void *target, const char *word, struct mill_error *error),
                       struct mill_error *error)
{
    bool words_only = false;
    bool given[options_max] = {false};
    for (int i = 1; i < argc; i++) {
        int status;
        if (!words_only && strcmp(argv[i], "--") == 0) {
            words_only = true;
            continue;
        }
        if (!words_only && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            mill_usage_print(usage, stdout);
            return 1;
        }
        if (!words_only && argv[i][0] == '-' && argv[i][1] != '\0') {
            status = take_option(usage, argc, argv, &i, given, target, error);
        } else if (take_word) {
            status = take_word(target, argv[i], error);
        } else {
            status = mill_error_set(error, -EINVAL, "'threadmill %s' does not know what to do with '%s'",
                                    usage->command, argv[i]);
        }
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

int mill_option_number(const char *option, const char *text, int64_t minimum, int64_t maximum, int64_t *value,
                       struct mill_error *error)
{
    if (mill_parse_integer(text, value) < 0 || *value < minimum || *value > maximum) {
        return mill_error_set(
            error, -EINVAL, "'%s' is no value for --%s: it takes a whole number from %" PRId64 " to %" PRId64,
            text, option, minimum, maximum);
    }
    return 0;
}

int mill_option_duration(const char *option, const char *text, uint64_t minimum, uint64_t maximum,
                         uint64_t *ns, struct mill_error *error)
{
    if (mill_parse_duration(text, ns) < 0 || *ns < minimum || *ns > maximum) {
        char low[32], high[32];
        return mill_error_set(
            error, -EINVAL, "'%s' is no value for --%s: it takes a duration like 50ms or 1.5s, from %s to %s",
            text, option, mill_format_duration(low, sizeof low, (double)minimum),
            mill_format_duration(high, sizeof high, (double)maximum));
    }
    return 0;
}

#include "command_line.h"

#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>

void mill_seed_draw(uint64_t *seed, bool given)
{
    if (!given && getrandom(seed, sizeof *seed, 0) == (ssize_t)sizeof *seed) {
        *seed >>= 33; /* short enough to be typed */
    }
}

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal)
{
    stop_asked = signal;
}

void mill_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = ask_to_stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool mill_interrupted(void *context)
{
    (void)context;
    return stop_asked != 0;
}

/* A document is UTF-8; what is not is written in the shell's escapes. */
static bool quote_foreign(struct mill_text *text, const char *word)
{
    json_t *utf8 = json_string(word);
    json_decref(utf8);
    if (utf8) {
        return false;
    }
    mill_text_add(text, " $'");
    for (const char *c = word; *c; c++) {
        mill_text_add(text, "\\x%02x", (unsigned)(unsigned char)*c);
    }
    mill_text_add(text, "'");
    return true;
}

void mill_command_quote(struct mill_text *text, int argc, char **argv)
{
    mill_text_add(text, "threadmill");
    for (int i = 0; i < argc; i++) {
        if (quote_foreign(text, argv[i])) {
            continue;
        }
        bool plain =
            argv[i][0] && strspn(argv[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                          "_-+=:,./%@") == strlen(argv[i]);
        mill_text_add(text, " ");
        if (plain) {
            mill_text_add(text, "%s", argv[i]);
            continue;
        }
        mill_text_add(text, "'");
        for (const char *c = argv[i]; *c; c++) {
            mill_text_add(text, *c == '\'' ? "'\\''" : "%c", *c);
        }
        mill_text_add(text, "'");
    }
}

#include "device/quirks.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

static const char *const names[] = {"close",    "clients", "sign",       "send-buffer",
                                    "blocking", "staged",  "loop-delay", "seq"};

enum { COUNT = sizeof names / sizeof names[0] };
_Static_assert(MILL_QUIRKS_FIRMWARE == (1 << COUNT) - 1, "each quirk has a name");

const char *mill_quirk_name(enum mill_quirk quirk)
{
    for (unsigned i = 0; i < COUNT; i++) {
        if ((unsigned)quirk == 1u << i) {
            return names[i];
        }
    }
    return NULL;
}

static int parse_one(const char *word, unsigned *quirks, struct mill_error *error)
{
    for (unsigned i = 0; i < COUNT; i++) {
        if (strcmp(word, names[i]) == 0) {
            *quirks |= 1u << i;
            return 0;
        }
    }
    char near[128];
    mill_nearest(near, sizeof near, word, names, COUNT);
    return mill_error_set(error, -EINVAL,
                          "quirks: '%s' is none%s%s; there are firmware, none, or names of quirks", word,
                          near[0] != '\0' ? ", perhaps " : "", near);
}

int mill_quirks_parse(const char *text, unsigned *quirks, struct mill_error *error)
{
    if (text == NULL || quirks == NULL) {
        return mill_error_set(error, -EINVAL, "quirks: no text");
    }
    if (strcmp(text, "firmware") == 0 || strcmp(text, "none") == 0) {
        *quirks = text[0] == 'f' ? MILL_QUIRKS_FIRMWARE : MILL_QUIRKS_NONE;
        return 0;
    }
    unsigned found = 0;
    char word[32];
    int status;
    while ((status = mill_list_next(&text, word, sizeof word)) > 0) {
        if (parse_one(word, &found, error) < 0) {
            return -EINVAL;
        }
    }
    if (status < 0) {
        return mill_error_set(error, -EINVAL, "quirks: '%s' is no list of names joined by commas", text);
    }
    *quirks = found;
    return 0;
}

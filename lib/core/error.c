#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Ends the full `message` in an ellipsis. The character that the ellipsis begins in goes whole: of UTF-8,
 * bytes of the form 10xxxxxx, at most three of them, belong to the one before. */
static void mark_cut(char *message, size_t size)
{
    static const char cut[] = "…";
    size_t at = size - sizeof cut;
    for (int i = 0; i < 3 && ((unsigned char)message[at] & 0xc0) == 0x80; i++) {
        at--;
    }
    memcpy(message + at, cut, sizeof cut);
}

int mill_error_set(struct mill_error *error, int status, const char *format, ...)
{
    char message[sizeof error->message]; /* since the old one may be among the arguments */
    if (!error) {
        return status;
    }
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (length < 0) {
        snprintf(message, sizeof message, "a message that cannot be formatted (%s)", format);
    }
    if (length >= (int)sizeof message) {
        mark_cut(message, sizeof message);
    }
    memcpy(error->message, message, strlen(message) + 1);
    return status;
}

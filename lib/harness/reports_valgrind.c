/* The text of Helgrind and DRD. Each line begins with "==PID== ". Helgrind sets a line of dashes before each
 * report, which has paragraphs, of
 * which some, set in by a blank, may stand before the headline; DRD an empty line behind each.
 *
 *     Possible data race during read of size 4 at 0x10C024 by thread #3
 *        at 0x1091B4: add (counter.c:5)
 *        by 0x48F01F4: start_thread (pthread_create.c:442)
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/reports_parse.h"

/* Behind the process number; NULL for a line that is not Valgrind's. */
static const char *behind_number(const char *line)
{
    if (strncmp(line, "==", 2) != 0) {
        return NULL;
    }
    size_t digits = strspn(line + 2, "0123456789");
    const char *rest = line + 2 + digits;
    if (digits == 0 || strncmp(rest, "==", 2) != 0) {
        return NULL;
    }
    return rest + 2 + (rest[2] == ' ');
}

/* "Thread #3: " and the like says who, not what. */
static const char *behind_thread(const char *words)
{
    size_t length = strcspn(words, ":");
    return strncmp(words, "Thread #", 8) == 0 && words[length] == ':'
               ? words + length + 1 + (words[length + 1] == ' ')
               : words;
}

static void begin(struct mill_reports_reading *reading, const char *words)
{
    static const struct {
        const char *beginning;
        const char *kind;
    } kinds[] = {
        {"Possible data race", "data race"},
        {"Conflicting load", "data race"},
        {"Conflicting store", "data race"},
        {"lock order ", "lock order violated"},
    };
    char kind[256];
    const char *what = behind_thread(words);
    mill_reports_clean(kind, sizeof kind, what);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strncmp(what, kinds[i].beginning, strlen(kinds[i].beginning)) == 0) {
            snprintf(kind, sizeof kind, "%s", kinds[i].kind);
        }
    }
    mill_reports_begin(reading, reading->tool == MILL_HELGRIND ? "Helgrind" : "DRD", kind);
    mill_reports_title(reading, words);
}

/* "0x1091B4: add (counter.c:5)", or "… (in /usr/lib/x.so)" */
static void read_frame(struct mill_reports_reading *reading, const char *words)
{
    char function[1024], *file = NULL;
    int line = 0;
    const char *found = strstr(words, ": ");
    snprintf(function, sizeof function, "%s", found ? found + 2 : words);
    char *place = strrchr(function, '(');
    if (place && place > function && place[-1] == ' ') {
        char *colon = strrchr(place, ':');
        place[-1] = '\0';
        if (colon && strncmp(place, "(in ", 4) != 0) {
            file = place + 1;
            line = atoi(colon + 1);
            *colon = '\0';
        }
    }
    mill_reports_frame(reading, function, file ? file : "", line);
}

void mill_reports_valgrind_line(struct mill_reports_reading *reading, const char *line)
{
    const char *rest = behind_number(line);
    if (!rest) {
        return;
    }
    const char *words = rest + strspn(rest, " ");
    bool helgrind = reading->tool == MILL_HELGRIND;
    if (strncmp(rest, "---", 3) == 0) {
        mill_reports_end(reading);
        reading->headline_next = strncmp(rest, "---Thread", 9) != 0;
    } else if (words[0] == '\0') {
        reading->frames = NULL;
        if (!helgrind) {
            mill_reports_end(reading);
        }
    } else if (strncmp(words, "at 0x", 5) == 0 || strncmp(words, "by 0x", 5) == 0) {
        read_frame(reading, words + 3);
    } else if (helgrind ? reading->headline_next && rest[0] != ' '
                        : !reading->report && strncmp(words, "Thread ", 7) != 0) {
        begin(reading, words);
        reading->headline_next = false;
    } else if (strncmp(words, "Locks held", 10) != 0) {
        mill_reports_title(reading, words);
    }
}

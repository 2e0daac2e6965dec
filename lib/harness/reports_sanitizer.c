/* The text of ThreadSanitizer, AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer (clang, gcc):
 *
 *     WARNING: ThreadSanitizer: data race (pid=17)         a report begins: whose, and its kind
 *       Write of size 4 at 0x7ff by thread T2:             what the stack below is about
 *         #0 add counter.c:5:67 (program+0xd0)             a frame; "#0 0x7f in add counter.c:5" by others
 *     SUMMARY: …                                           it ends
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/reports_parse.h"

/* Copies the kind: what stands before the details. */
static void copy_kind(char *kind, size_t size, const char *from)
{
    static const char *const details[] = {" (pid=", " on address", " on unknown address",
                                          " on 0x", " 0x",         ": "};
    size_t length = strlen(from);
    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
        const char *found = strstr(from, details[i]);
        if (found && (size_t)(found - from) < length) {
            length = (size_t)(found - from);
        }
    }
    while (length > 0 && (from[length - 1] == ':' || from[length - 1] == ' ')) {
        length--;
    }
    snprintf(kind, size, "%.*s", (int)length, from);
}

/* Splits "FILE:LINE" or "FILE:LINE:COLUMN" at its numbers; false when it ends in none. */
static bool split_place(char *place, int *line)
{
    int numbers[2] = {0, 0};
    int count = 0;
    for (; count < 2; count++) {
        char *colon = strrchr(place, ':');
        if (!colon || !isdigit((unsigned char)colon[1]) ||
            colon[1 + strspn(colon + 1, "0123456789")] != '\0') {
            break;
        }
        numbers[count] = atoi(colon + 1);
        *colon = '\0';
    }
    *line = count > 0 ? numbers[count - 1] : 0;
    return count > 0;
}

/* Cuts " (program+0xd01a5)" and " (BuildId: …)" off. */
static void cut_modules(char *text)
{
    char *module = strstr(text, " (BuildId: ");
    if (module) {
        *module = '\0';
    }
    for (module = strstr(text, " ("); module; module = strstr(module + 2, " (")) {
        const char *end = strchr(module, ')');
        const char *offset = strstr(module, "+0x");
        if (end && offset && offset < end && end[1] == '\0') {
            *module = '\0';
            return;
        }
    }
}

/* What stands behind "#0 ": function and place. */
static void read_frame(struct mill_reports_reading *reading, char *text)
{
    if (strncmp(text, "0x", 2) == 0) {
        text += strcspn(text, " ");
        text += strspn(text, " ");
        text += strncmp(text, "in ", 3) == 0 ? 3 : 0;
    }
    cut_modules(text);
    int line = 0;
    char *place = strstr(text, " /"); /* else the last word */
    place = place ? place : strrchr(text, ' ');
    if (place && (strcmp(place, " <null>") == 0 || split_place(place + 1, &line))) {
        *place = '\0';
    } else {
        place = NULL;
    }
    mill_reports_frame(reading, text[0] && text[0] != '(' ? text : "???", line > 0 ? place + 1 : "", line);
}

/* "FILE:LINE:COLUMN: runtime error: WORDS" */
static bool begins_undefined(struct mill_reports_reading *reading, const char *line)
{
    static const char mark[] = ": runtime error: ";
    char kind[256];
    const char *found = strstr(line, mark);
    if (!found) {
        return false;
    }
    copy_kind(kind, sizeof kind, found + sizeof mark - 1);
    mill_reports_begin(reading, "UndefinedBehaviorSanitizer", kind);
    snprintf(reading->file, sizeof reading->file, "%.*s", (int)(found - line), line);
    if (!split_place(reading->file, &reading->line)) {
        reading->file[0] = '\0';
    }
    return true;
}

static bool begins_report(struct mill_reports_reading *reading, const char *line)
{
    static const struct {
        const char *mark;
        const char *by;
        const char *kind; /* NULL: stands behind the mark */
    } marks[] = {
        {"WARNING: ThreadSanitizer: ", "ThreadSanitizer", NULL},
        {"ERROR: ThreadSanitizer: ", "ThreadSanitizer", NULL},
        {"ERROR: AddressSanitizer: ", "AddressSanitizer", NULL},
        {"Direct leak of ", "LeakSanitizer", "direct leak"},
        {"Indirect leak of ", "LeakSanitizer", "indirect leak"},
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *found = strstr(line, marks[i].mark);
        if (found && (found == line || !marks[i].kind)) {
            char kind[256];
            copy_kind(kind, sizeof kind, found + strlen(marks[i].mark));
            mill_reports_begin(reading, marks[i].by, marks[i].kind ? marks[i].kind : kind);
            return true;
        }
    }
    return begins_undefined(reading, line);
}

void mill_reports_sanitizer_line(struct mill_reports_reading *reading, const char *line)
{
    const char *words = line + strspn(line, " ");
    if (begins_report(reading, line) || !reading->report) {
        return;
    }
    if (strncmp(line, "SUMMARY: ", 9) == 0 || strncmp(line, "==================", 18) == 0) {
        mill_reports_end(reading);
    } else if (words[0] == '#' && isdigit((unsigned char)words[1])) {
        char frame[2048];
        words += strcspn(words, " ");
        snprintf(frame, sizeof frame, "%s", words + strspn(words, " "));
        read_frame(reading, frame);
    } else {
        mill_reports_title(reading, words);
    }
}

/* The readers' common part: reports are begun, stacks opened, frames added. reports.c's own. */
#ifndef MILL_HARNESS_REPORTS_PARSE_H
#define MILL_HARNESS_REPORTS_PARSE_H

#include "harness/reports.h"

struct mill_reports_reading {
    enum mill_tool tool;
    json_t *reports; /* owned */
    json_t *report;  /* that is being read, in `reports`; NULL between two */
    json_t *frames;  /* of the stack that is being read; NULL between two */
    char title[256]; /* the last line of words: what the next stack is about */
    char file[512];  /* where an UndefinedBehaviorSanitizer's report is about, for want of a stack */
    int line;
    bool headline_next; /* Helgrind: a separator was read */
    bool failed;        /* memory ran out */
};

void mill_reports_begin(struct mill_reports_reading *reading, const char *by, const char *kind);
void mill_reports_end(struct mill_reports_reading *reading);

/* Takes the line for what the next stack is about; the one before is over. */
void mill_reports_title(struct mill_reports_reading *reading, const char *line);

/* `function` or `file` may be empty. Opens a stack when none is. */
void mill_reports_frame(struct mill_reports_reading *reading, const char *function, const char *file,
                        int line);

/* Without addresses, without blanks around and without the ':' at its end. Returns `buffer`. */
char *mill_reports_clean(char *buffer, size_t size, const char *line);

/* One line, without its end. */
void mill_reports_sanitizer_line(struct mill_reports_reading *reading, const char *line);
void mill_reports_valgrind_line(struct mill_reports_reading *reading, const char *line);

#endif

/* What a document says, one case for each thing that it judged: what the views for a CI's test tab and for a
 * pull request share. Private to this folder.
 *
 * Cases come suite by suite in the order of the document. One thread.
 */
#ifndef MILL_REPORT_CASES_H
#define MILL_REPORT_CASES_H

#include "report/view_parts.h"

enum mill_case_outcome {
    MILL_CASE_PASSED,
    MILL_CASE_FAILED, /* a finding, a control that was not found, a regression */
    MILL_CASE_ERROR,  /* a tool that failed, a comparison that cannot be trusted */
    MILL_CASE_OPEN,   /* no verdict: not run, unsupported, untrusted, inconclusive, or it does not count */
};

struct mill_view_case {
    char *suite;
    char *name;    /* within the suite */
    char *message; /* what else there is to say than the kind, in a line; NULL: nothing */
    char *detail;  /* lines of evidence; NULL: none */
    const char
        *kind; /* of what is no pass: "FOUND", "regressed", …; belongs to the document or is a constant */
    enum mill_case_outcome outcome;
    double seconds; /* that were measured for it; 0: not known */
};

struct mill_cases {
    struct mill_view_case *cases;
    size_t count;
    size_t outcomes[MILL_CASE_OPEN + 1]; /* how many of each */
};

/* 0, -ENOMEM, or -ENOTSUP with a message that names `view` for a format that judges nothing. To be destroyed
 * when it succeeded. */
int mill_cases_make(struct mill_cases *cases, const struct mill_view_input *input, const char *view,
                    struct mill_error *error);
void mill_cases_destroy(struct mill_cases *cases);

/* ---- for those who make them ---- */

/* A case under construction: texts are taken over, and what failed in them is told by mill_cases_add. */
struct mill_case_draft {
    struct mill_text suite, name, message, detail;
    const char *kind;
    enum mill_case_outcome outcome;
    double seconds;
};

/* Takes the draft over, whatever comes of it, and empties it. 0 or -ENOMEM. */
int mill_cases_add(struct mill_cases *cases, struct mill_case_draft *draft);

/* Lines of what a program wrote: `most` of them from the beginning, or the end; how many were left out is
 * told.
 */
void mill_cases_quote(struct mill_text *detail, const char *title, const char *text, size_t most, bool tail);

/* "2 threads", "1 thread". */
void mill_cases_threads(struct mill_text *text, long long threads);

int mill_cases_of_result(struct mill_cases *cases, const struct mill_view_input *input);
int mill_cases_of_stress(struct mill_cases *cases, const struct mill_view_input *input);
int mill_cases_of_hunt(struct mill_cases *cases, const struct mill_view_input *input);
int mill_cases_of_compare(struct mill_cases *cases, const struct mill_view_input *input);

#endif

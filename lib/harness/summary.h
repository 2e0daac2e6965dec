/* What a result document says, worked out: a row for each cell and mode, who leads, and how ours stands
 * beside its peers.
 *
 * Everything is computed from the raw samples of the document (result.h), the same way for a run just made
 * and for a file read back.
 *
 *     struct mill_summary summary;
 *     int status = mill_summary_make(&summary, result, &error);
 *     …
 *     mill_summary_destroy(&summary);
 */
#ifndef MILL_HARNESS_SUMMARY_H
#define MILL_HARNESS_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>

#include "core/error.h"
#include "harness/scenario.h"
#include "measure/histogram.h"
#include "measure/paired.h"

/* What became of a cell. */
enum mill_verdict {
    MILL_VERDICT_PASS,
    MILL_VERDICT_CAUGHT,     /* a control, and its mistake was found */
    MILL_VERDICT_NOT_CAUGHT, /* a control whose mistake was not found: the checks cannot be trusted */
    MILL_VERDICT_FOUND,      /* something was found that nobody expected */
    MILL_VERDICT_UNTRUSTED,  /* no sample tells: all were rejected, or in none was an operation completed */
    MILL_VERDICT_COLLAPSED,  /* right, but progress all but stops where threads outnumber processors */
    MILL_VERDICT_NOT_RUN,    /* the run ended before its turn */
    MILL_VERDICT_UNSUPPORTED,
    MILL_VERDICT_UNAVAILABLE,
};

/* One cell, and what it is called. Strings belong to the document. */
struct mill_summary_cell {
    const char *scenario, *family, *strategy, *algorithm, *library;
    const char *shape; /* NULL: all of its family are alike (core/strategy.h) */
    const json_t *parameters;
    const char *unsupported; /* the reason, or NULL */
    unsigned threads;
    bool oversubscribed;
    bool control;  /* a mistake kept on purpose; it never leads, not even where it cannot show */
    bool expected; /* and it must be caught at this number of threads */
    bool checked;  /* its answers were verified */
    bool worked;   /* some sample that counts completed an operation */
    enum mill_verdict verdict;
    const char *reason;             /* of the first bad or rejected sample; NULL */
    const json_t *evidence;         /* that sample, when it was bad: its stderr and stacks; NULL */
    size_t accepted, rejected, bad; /* samples */
};

/* A number that the scenario recorded: the median over samples. Strings belong to the document. */
struct mill_summary_measure {
    const char *name, *unit;
    double median; /* NaN where no sample has it */
};

/* A span of the scenario's operations, merged over samples. */
struct mill_summary_span {
    const char *name; /* belongs to the document */
    struct mill_histogram *latency;
};

/* One cell in one mode. */
struct mill_summary_row {
    size_t cell;
    const char *mode;
    size_t samples; /* accepted throughput samples */
    size_t latency_samples;
    struct mill_paired rate; /* operations a second: median and 95% interval over rounds (field `ratio`) */
    double per_cpu_second;   /* medians over samples; NaN where there is none */
    double jain, jain_slice;
    double reacquired;
    double switches;                /* context switches a thousand operations */
    double starvation_ns;           /* the longest of all samples */
    struct mill_histogram *latency; /* merged over samples; NULL when there were none */
    double unfinished;              /* of an open loop */
    struct mill_summary_span spans[MILL_SPANS_MAX];
    size_t span_count;
    struct mill_summary_measure measures[MILL_MEASURES_MAX];
    size_t measure_count;
    bool leads; /* fastest of its group and shape, and the interval of its ratio to the next is above 1 */
};

/* Two cells of one group, compared round by round within one mode. */
struct mill_summary_pair {
    size_t cell, other;
    const char *mode;
    struct mill_paired ratio; /* of operations a second */
};

struct mill_summary {
    struct mill_summary_cell *cells;
    size_t cell_count;
    struct mill_summary_row *rows; /* by cell, then mode */
    size_t row_count;
    struct mill_summary_pair *leaders; /* the fastest against the next, for each group, shape and mode */
    size_t leader_count;
    struct mill_summary_pair *peers; /* ours against a library's implementation of the same algorithm */
    size_t peer_count;
    size_t samples, rejected, bad;
};

/* `result` passed mill_result_load or was made by mill_run; it must outlive the summary. -ENOMEM, or -EBADMSG
 * when a histogram in it cannot be decoded. */
int mill_summary_make(struct mill_summary *summary, const json_t *result, struct mill_error *error);
void mill_summary_destroy(struct mill_summary *summary);

/* Are two cells of one shape, so that they may be ranked? */
bool mill_summary_same_shape(const struct mill_summary_cell *a, const struct mill_summary_cell *b);

/* Every other cell against the fastest of its group and shape, round by round within each mode, in the order
 * of the rows: `cell` is the slower one, `other` the fastest. Which is fastest was seen in the same rounds:
 * of two that are alike, the ratio of the slower tends to be a little below 1. A ratio that no double holds
 * is told as none, of 0 rounds. 0 with an array that the caller frees; -ENOMEM. */
int mill_summary_behind(const struct mill_summary *summary, const json_t *result,
                        struct mill_summary_pair **pairs, size_t *count);

/* "pass", "caught", "NOT CAUGHT", "FOUND", … */
const char *mill_verdict_name(enum mill_verdict verdict);

/* True when the verdict is a finding: exit code 1. */
bool mill_verdict_is_finding(enum mill_verdict verdict);

/* The rows, leaders and peers as JSON for the document's "summary". NULL when memory ran out. */
json_t *mill_summary_encode(const struct mill_summary *summary);

#endif

/* Two sides of a result, or of two, compared row by row: a cell, a metric, a mode of the machine. The engine
 * of `threadmill compare`; measure/change.h has the mathematics.
 *
 *     struct mill_comparison comparison;
 *     int status = mill_compare(&comparison, &input, &error);
 *     if (mill_comparison_flagged(&comparison) > 0) … measure those again → mill_compare_confirm(…)
 *     mill_comparison_settle(&comparison);
 *     json_t *document = mill_compare_document(&facts);      compare_document.h        compare_document.h
 *     mill_comparison_destroy(&comparison);
 *
 * Pairs are formed within a round and a calibration mode: a round whose two samples saw the machine at two
 * speeds tells nothing and is counted. A mode with too few pairs to be decided has no row of its own beside
 * one that has enough. One thread at a time; nothing blocks.
 */
#ifndef MILL_HARNESS_COMPARE_H
#define MILL_HARNESS_COMPARE_H

#include <jansson.h>
#include <stdbool.h>

#include "core/error.h"
#include "measure/change.h"
#include "measure/paired.h"

/* Of one wrong verdict of a kind in a table, and how sure "detectable" and "rounds needed" are. */
#define MILL_COMPARE_ALPHA 0.025
#define MILL_COMPARE_POWER 0.8

/* An A/A row whose two sides differ at all with a chance below this is off. */
#define MILL_COMPARE_ALIKE 0.001

enum mill_metric {
    MILL_METRIC_THROUGHPUT,
    MILL_METRIC_P50,
    MILL_METRIC_P99,
    MILL_METRIC_FAIRNESS,
    MILL_METRIC_INSTRUCTIONS, /* counted, not timed: added by mill_comparison_add_counts */
    MILL_METRIC_COUNT,
};

/* "throughput", … */
const char *mill_metric_name(enum mill_metric metric);
const char *mill_metric_unit(enum mill_metric metric);
bool mill_metric_higher_is_better(enum mill_metric metric);

/* -EINVAL with a message that names the word and the nearest names. */
int mill_metric_parse(const char *word, enum mill_metric *metric, struct mill_error *error);

/* What becomes of a row. */
enum mill_row_kind {
    MILL_ROW_GATES, /* it counts for the verdict of the whole */
    MILL_ROW_SHOWN, /* it does not; `why_not` says why */
    MILL_ROW_AA,    /* base against base */
    MILL_ROW_KINDS,
};

/* Two cells that are compared. */
struct mill_pairing {
    size_t base, head; /* cells of the two documents */
    enum mill_row_kind kind;
    const char *why_not; /* of MILL_ROW_SHOWN; constant */
};

struct mill_compare_input {
    const json_t *base, *head; /* result documents; the same one when they were measured together */
    bool paired;               /* by rounds; else as two heaps */
    const struct mill_pairing *pairings;
    size_t count;
    bool metrics[MILL_METRIC_COUNT];
    double margin;
};

struct mill_compare_pair {
    json_int_t round;  /* unpaired: the index */
    double base, head; /* NaN: none, where unpaired */
};

/* The second measurement of a row that was flagged. */
struct mill_compare_again {
    bool done, confirmed;
    const char *mode; /* "any" when too few pairs of the row's own came */
    size_t n;
    struct mill_paired ratio;
    double p; /* adjusted over the flagged rows */
};

struct mill_compare_row {
    const json_t *base_cell, *head_cell; /* of the documents */
    size_t pairing;
    enum mill_row_kind kind;
    const char *why_not; /* NULL when it gates */
    enum mill_metric metric;
    const char *mode; /* "any" when there is no pair */
    bool everywhere;  /* every other mode that was seen says the same */
    size_t n, unpaired;
    struct mill_compare_pair *pairs;
    size_t pair_count; /* n, but where unpaired */
    double base, head; /* medians; NaN for none */
    struct mill_paired ratio;
    double margin;
    struct mill_chances p, adjusted;
    enum mill_change measured, verdict; /* before, and after A/A and confirmation */
    bool off;                           /* of an A/A row */
    double detectable;                  /* NaN or infinite: none */
    size_t rounds_needed;               /* 0: none */
    struct mill_compare_again again;
};

struct mill_comparison {
    struct mill_compare_row *rows; /* by pairing, metric, mode */
    size_t count;
    size_t corrected[MILL_ROW_KINDS]; /* over so many rows of the kind */
    size_t pairs_to_decide;           /* of those that gate */
    unsigned rounds_done;
    double margin;
    bool paired;
    bool trusted;      /* no A/A row is off */
    bool must_confirm; /* a row that is flagged counts only when a second measurement says the same */
};

/* The documents passed mill_result_load or were made by mill_run, and must outlive the comparison. -EBADMSG
 * when a histogram cannot be decoded, -EINVAL or -ERANGE for numbers that cannot be compared, -ENOMEM. */
int mill_compare(struct mill_comparison *comparison, const struct mill_compare_input *input,
                 struct mill_error *error);
void mill_comparison_destroy(struct mill_comparison *comparison);

/* How many rows that gate are regressed so far; 0 when an A/A row is off. */
size_t mill_comparison_flagged(const struct mill_comparison *comparison);

/* Decides every flagged row by a second measurement, whose pairing i has the cells of the first's; those that
 * hold no flagged row need not have been measured. As mill_compare. */
int mill_compare_confirm(struct mill_comparison *comparison, const struct mill_compare_input *again,
                         struct mill_error *error);

/* Counts that repeat exactly (instructions an operation): a row that is regressed or improved when it is
 * beyond `margin`, else equivalent. 0 or -ENOMEM. */
int mill_comparison_add_counts(struct mill_comparison *comparison, const struct mill_pairing *pairing,
                               const json_t *base_cell, const json_t *head_cell, double base, double head,
                               double margin);

/* Lays the confirmation over the verdicts: a flagged row that was not confirmed is inconclusive, also when it
 * must be and there was no second measurement. */
void mill_comparison_settle(struct mill_comparison *comparison);

/* False for what was timed when an A/A row is off. */
bool mill_comparison_row_trusted(const struct mill_comparison *comparison,
                                 const struct mill_compare_row *row);

/* How many rows that gate and can be trusted have the verdict, by enum mill_change. */
void mill_comparison_tally(const struct mill_comparison *comparison, size_t counts[4]);

#endif

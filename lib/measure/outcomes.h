/* What came out of many runs of one small test, as a table: each outcome declared acceptable, interesting or
 * forbidden, with a sentence (as jcstress grades them), and how often it was seen.
 *
 *     static const struct mill_declared_outcome declared[] = {
 *         {"1, 0", MILL_OUTCOME_ACCEPTABLE, "the writer came first"},
 *         {"0, 1", MILL_OUTCOME_INTERESTING, "the stores were seen in the other order: allowed, and rare"},
 *         {"0, 0", MILL_OUTCOME_FORBIDDEN, "both reads were older than both writes"},
 *     };
 *     struct mill_outcomes *outcomes;
 *     int status = mill_outcomes_create(declared, 3, &outcomes);
 *     status = mill_outcomes_count(outcomes, "1, 0", 1);
 *     if (mill_outcomes_total(outcomes, MILL_OUTCOME_FORBIDDEN) > 0) …
 *     mill_outcomes_destroy(outcomes);
 *
 * An outcome that nobody declared is counted under its own name as unknown: neither an error nor forgotten.
 * Outcomes are words; a run makes them of what it saw, the same words for the same thing.
 *
 * A table belongs to one thread; each has its own, and they are added together after the join. Declarations
 * are constant and outlive the table.
 */
#ifndef MILL_MEASURE_OUTCOMES_H
#define MILL_MEASURE_OUTCOMES_H

#include <stddef.h>
#include <stdint.h>

enum mill_outcome_grade {
    MILL_OUTCOME_ACCEPTABLE,
    MILL_OUTCOME_INTERESTING, /* allowed, and worth a look */
    MILL_OUTCOME_FORBIDDEN,
    MILL_OUTCOME_UNKNOWN, /* not declared; no declaration has it */
    MILL_OUTCOME_GRADES,
};

struct mill_declared_outcome {
    const char *outcome;
    enum mill_outcome_grade grade;
    const char *sentence; /* why */
};

/* One row. */
struct mill_outcome_count {
    const char *outcome;
    enum mill_outcome_grade grade;
    const char *sentence; /* of an unknown one: that nobody declared it */
    uint64_t count;
};

struct mill_outcomes;

/* Beyond so many different unknown outcomes, and for one longer than so many bytes, the table refuses. */
#define MILL_OUTCOMES_UNKNOWN_MAX 4096u
#define MILL_OUTCOME_LENGTH_MAX   255u

/* Each declared outcome has a row from the start, with the count 0. 0; -EINVAL (no outcome, or an empty one;
 * no sentence; a grade that is none or unknown; one declared twice; one that is too long; no place for the
 * table); -ENOMEM. */
int mill_outcomes_create(const struct mill_declared_outcome *declared, size_t count,
                         struct mill_outcomes **outcomes);

/* NULL is fine. */
void mill_outcomes_destroy(struct mill_outcomes *outcomes);

/* The outcome was seen so many times more. 0; -EINVAL (none, or an empty one); -ENAMETOOLONG; -ENOSPC (one
 * unknown more than MILL_OUTCOMES_UNKNOWN_MAX); -ENOMEM: then it was counted, but not by its name
 * (mill_outcomes_refused). -EOVERFLOW (of all counts together): it was not counted. */
int mill_outcomes_count(struct mill_outcomes *outcomes, const char *outcome, uint64_t times);

/* Adds all of `from` to `into`; `from` stays. They need not have the same declarations: what only `from`
 * declares is taken over. 0; -EINVAL when both declare an outcome, with different grades; -EOVERFLOW;
 * -ENOSPC; -ENOMEM. After an error `into` is what it was. */
int mill_outcomes_add(struct mill_outcomes *into, const struct mill_outcomes *from);

/* Rows: first those declared, in their order; then the unknown, in the order in which they were first seen.
 * The row's words live as long as the table. -ENOENT: there is no such row. */
size_t mill_outcomes_rows(const struct mill_outcomes *outcomes);
int mill_outcomes_row(const struct mill_outcomes *outcomes, size_t row, struct mill_outcome_count *count);

/* How often outcomes of a grade were seen; of MILL_OUTCOME_GRADES: all, those refused included. */
uint64_t mill_outcomes_total(const struct mill_outcomes *outcomes, enum mill_outcome_grade grade);

/* What could not be counted by its name. */
uint64_t mill_outcomes_refused(const struct mill_outcomes *outcomes);

/* "acceptable", "interesting", "forbidden", "unknown". */
const char *mill_outcome_grade_name(enum mill_outcome_grade grade);

#endif

/* Is a history linearizable: is there an order of its calls, in keeping with time, in which the sequential
 * model allows every result? (Herlihy and Wing 1990.)
 *
 *     struct mill_linearizability result;
 *     int status = mill_linearizability_check(&mill_model_queue, calls.calls, calls.count, NULL, &result,
 *                                             &error);
 *     if (status == 0 && result.verdict == MILL_NOT_LINEARIZABLE)
 *         … counterexample.h shows why
 *
 * Two calls overlap unless one had returned before the other was called; only then are they bound to an
 * order. A pending call may have taken effect at any moment after its call, or not at all. Parts of the
 * object that the model tells apart by key are checked one by one.
 *
 * The question is hard (NP-complete), so the search has a limit, after which the answer is undecided. It is
 * never wrong: configurations are compared word by word, not by a hash.
 *
 * Any thread may check; the calls must not change meanwhile. Nothing is kept.
 */
#ifndef MILL_MEASURE_LINEARIZABILITY_H
#define MILL_MEASURE_LINEARIZABILITY_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "measure/history.h"
#include "measure/model.h"

enum mill_history_verdict {
    MILL_LINEARIZABLE,
    MILL_NOT_LINEARIZABLE,
    MILL_UNDECIDED, /* a limit was reached */
};

/* Of the search in one part. */
struct mill_linearizability_limits {
    uint64_t configurations;
    size_t bytes; /* that configurations take */
};

#define MILL_LINEARIZABILITY_CONFIGURATIONS UINT64_C(4000000)
#define MILL_LINEARIZABILITY_BYTES          ((size_t)1 << 30)

struct mill_linearizability {
    enum mill_history_verdict verdict; /* not linearizable when one part is not; else undecided when one is */
    size_t parts;                      /* that calls were of */
    size_t broken_parts;
    size_t undecided_parts;
    int64_t broken_key; /* of the first broken part; 0 without one */
    uint64_t configurations;
};

/* `limits` may be NULL: those above. The calls are in any order. 0, whatever the verdict; -EINVAL and a
 * message (which may be NULL) for what is no history: an operation that the model has not, a return before
 * its call, two calls of one thread at once (but after one that stayed pending); -EINVAL for no model, no
 * result, limits of 0; -E2BIG (over a thousand million steps); -ENOMEM. */
int mill_linearizability_check(const struct mill_model *model, const struct mill_call *calls, size_t count,
                               const struct mill_linearizability_limits *limits,
                               struct mill_linearizability *result, struct mill_error *error);

/* Only whether it is a history: 0, -EINVAL and a message, -ENOMEM. */
int mill_linearizability_validate(const struct mill_model *model, const struct mill_call *calls, size_t count,
                                  struct mill_error *error);

/* "linearizable", "not linearizable", "undecided". */
const char *mill_history_verdict_name(enum mill_history_verdict verdict);

#endif

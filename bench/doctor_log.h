/* What became of the comparisons of `threadmill doctor --compare`, one entry each, and their sums; read back
 * from the document of one that was interrupted.
 *
 * One thread.
 */
#ifndef MILL_BENCH_DOCTOR_LOG_H
#define MILL_BENCH_DOCTOR_LOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "harness/compare.h"

#define MILL_DOCTOR_FORMAT "threadmill-doctor-compare"

enum mill_trial_kind {
    MILL_TRIAL_AA,
    MILL_TRIAL_MORE, /* the head takes a quarter longer */
    MILL_TRIAL_KINDS,
};

struct mill_trial_totals {
    unsigned done, verdict[4], untrusted; /* verdict: by enum mill_change, of those that can be trusted */
    unsigned regressed_by[MILL_METRIC_COUNT];
};

struct mill_doctor_log {
    json_t *trials; /* the entries, in their order; owned */
    struct mill_trial_totals totals[MILL_TRIAL_KINDS];
    double *seconds, *ratios; /* of each comparison; and of the throughput's cost where it was injected */
    size_t done, ratio_count, most;
};

/* Room for `most` comparisons. 0 or -ENOMEM; to be closed in either case. */
int mill_doctor_log_open(struct mill_doctor_log *log, size_t most);
void mill_doctor_log_close(struct mill_doctor_log *log);

/* Adds a comparison that took so many seconds. 0; -ENOMEM; -ENOSPC behind the `most`th. */
int mill_doctor_log_add(struct mill_doctor_log *log, enum mill_trial_kind kind,
                        const struct mill_comparison *comparison, double seconds, uint64_t seed);

/* The throughput's row with the most pairs, or NULL. */
const struct mill_compare_row *mill_doctor_throughput(const struct mill_comparison *comparison);

/* Takes over the entries of the document in `path`, which must be of the same machine, build and settings as
 * `now` ({"machine", "build", "settings"}), and its seed (*seed; with `seeded` it must be that) and the
 * injected work. 0; -ENOENT when there is no such file; -EBADMSG for one that is no such document; -EINVAL
 * for one of other things or of more comparisons than there is room for; -ENOMEM; each with a message. */
int mill_doctor_log_resume(struct mill_doctor_log *log, const char *path, const json_t *now, bool seeded,
                           uint64_t *seed, int64_t *more_ns, struct mill_error *error);

#endif

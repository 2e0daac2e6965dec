/* What `threadmill hunt` was asked for, and what its parts share: progress, and what was found. */
#ifndef MILL_BENCH_HUNT_REQUEST_H
#define MILL_BENCH_HUNT_REQUEST_H

#include "hunt/campaign.h"
#include "run_request.h"

struct mill_hunt_request {
    struct mill_run_request run; /* first: scenarios, strategies, threads, settings, seed, quiet */
    struct mill_campaign campaign;
    int64_t operations; /* of each thread of a scenario */
    bool raw;           /* what was found is told as it was found, without its steps */
    bool verbose;
    const char *with; /* the sanitizer that scenarios are linked with, or NULL */
};

/* For a campaign's `progress`; the context is the request. */
void mill_hunt_show_progress(void *context, const struct mill_campaign_progress *progress);
void mill_hunt_clear_progress(const struct mill_hunt_request *request);

void mill_hunt_print_silence(const struct mill_campaign_result *result);

/* Reduces the failing schedule of request->campaign's program, and prints it with its token. 0 or a negative
 * errno, which was complained of. */
int mill_hunt_print_failure(const struct mill_hunt_request *request, struct mill_campaign_result *result);

/* Hunts scenarios, cell by cell. Returns an exit code. */
int mill_hunt_scenarios(struct mill_hunt_request *request);

#endif

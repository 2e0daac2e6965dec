/* What `threadmill hunt` was asked for, and what its parts share: progress, and what was found. */
#ifndef MILL_BENCH_HUNT_REQUEST_H
#define MILL_BENCH_HUNT_REQUEST_H

#include <jansson.h>

#include "core/file.h"
#include "hunt/campaign.h"
#include "run_request.h"

struct mill_hunt_request {
    struct mill_run_request run; /* first: scenarios, strategies, threads, settings, seed, quiet */
    struct mill_campaign campaign;
    int64_t operations; /* of each thread of a scenario */
    bool progress;      /* progress guarantees alone are looked at */
    bool raw;           /* what was found is told as it was found, without its steps */
    bool verbose;
    json_t *document; /* NULL: none is wanted (hunt_document.h) */
    bool document_failed;
    struct mill_replacement out; /* where it goes */
};

/* For a campaign's `progress`; the context is the request. */
void mill_hunt_show_progress(void *context, const struct mill_campaign_progress *progress);
void mill_hunt_clear_progress(const struct mill_hunt_request *request);

/* From here on the request is about progress alone. */
void mill_hunt_ask_progress(struct mill_hunt_request *request);

void mill_hunt_print_silence(const struct mill_campaign_result *result);

/* Reduces the failing schedule of request->campaign's program, prints it with its token, and adds it to the
 * document. 0 or a negative errno, which was complained of. */
int mill_hunt_print_failure(struct mill_hunt_request *request, struct mill_campaign_result *result);

/* The same without a word, for the document; where there is none, nothing. */
int mill_hunt_keep_failure(struct mill_hunt_request *request, struct mill_campaign_result *result);

/* Hunts scenarios, cell by cell. Returns an exit code. */
int mill_hunt_scenarios(struct mill_hunt_request *request);

#endif

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "core/clock.h"
#include "core/text.h"
#include "hunt_document.h"
#include "hunt_report.h"
#include "hunt_request.h"
#include "hunt_token.h"

/* Runs of the program to reduce a failing schedule. */
#define REDUCING_ATTEMPTS 2000

static double seconds(uint64_t ns)
{
    return (double)ns / MILL_NS_PER_S;
}

/* ---- progress ---- */

static bool is_seen(const struct mill_hunt_request *request)
{
    return !request->run.quiet && isatty(STDERR_FILENO);
}

void mill_hunt_show_progress(void *context, const struct mill_campaign_progress *progress)
{
    char count[32];
    char rate[32];
    double passed = seconds(progress->elapsed_ns);
    if (is_seen(context)) {
        mill_format_count(count, sizeof count, (double)progress->schedules);
        mill_format_count(rate, sizeof rate, passed > 0 ? (double)progress->schedules / passed : 0);
        fprintf(stderr, "\r\033[K%s schedules, %s/s", count, rate);
        fflush(stderr);
    }
}

void mill_hunt_clear_progress(const struct mill_hunt_request *request)
{
    if (is_seen(request)) {
        fputs("\r\033[K", stderr);
    }
}

/* ---- progress guarantees ---- */

/* All else is told by schedules in which nobody is suspended. */
void mill_hunt_ask_progress(struct mill_hunt_request *request)
{
    uint32_t others = MILL_JOB_RACES | MILL_JOB_LOCK_ORDER | MILL_JOB_LEAKS;
    request->progress = true;
    request->campaign.flags = (request->campaign.flags & ~others) | MILL_JOB_PROGRESS;
}

/* ---- the outcome ---- */

void mill_hunt_print_silence(const struct mill_campaign_result *result)
{
    double passed = seconds(result->elapsed_ns);
    char distinct[64] = "";
    if (result->classes > 0) {
        snprintf(distinct, sizeof distinct, ", %s%" PRIu64 " of them distinct,",
                 result->classes_lost ? "at least " : "", result->classes);
    }
    printf("%" PRIu64 " schedules%s in %.2f s (%.0f a second), at most %u threads and %u steps\n",
           result->schedules, distinct, passed, passed > 0 ? (double)result->schedules / passed : 0,
           result->threads_most, result->steps_most);
    if (result->cut > 0) {
        printf("%" PRIu64
               " of them were cut, having taken too many steps: what comes later was not seen. Give more: "
               "--steps %" PRIu64 "\n",
               result->cut, (uint64_t)result->steps_most * 10);
    }
    if (result->blind > 0) {
        printf("in %" PRIu64
               " of them not all races and late accesses could be looked for: they take too much memory\n",
               result->blind);
    }
    if (result->points > 0) {
        printf("a thread was suspended at %" PRIu64 " of %" PRIu64 " points\n",
               result->suspended < result->points ? result->suspended : result->points, result->points);
    }
    printf("no failure%s\n", result->exhausted     ? ", and every schedule was seen that could be told apart"
                             : result->interrupted ? " before the interruption"
                                                   : "");
    if (result->worth[0]) {
        printf("%s\n", result->worth);
    }
}

/* The failing schedule once more, with its steps kept. */
static int follow(const struct mill_hunt_request *request, const struct mill_campaign_result *result,
                  struct mill_drive *drive, struct mill_error *error)
{
    struct mill_campaign campaign = request->campaign;
    campaign.suspension = result->suspension;
    int status = mill_campaign_follow(&campaign, result->choices, false, drive, error);
    if (status == 0 && mill_hunt_watch(drive, &drive->job->failure)) {
        status = mill_drive_run(drive, &campaign.prey, error);
    }
    return status;
}

static char *token_of(const struct mill_campaign *campaign, const struct mill_campaign_result *result,
                      struct mill_error *error)
{
    uint64_t program;
    if (mill_drive_identify(campaign->prey.program, &program, error) < 0) {
        return NULL;
    }
    mill_error_set(error, -ENOMEM, "no memory for a token");
    return mill_hunt_token_write(campaign, result->choices, program);
}

/* `before` preemptions it had; a schedule that did not fail again has no steps to be kept. */
static void keep(struct mill_hunt_request *request, const struct mill_campaign_result *result,
                 uint32_t before, const struct mill_drive *drive, const char *token)
{
    bool failed = drive->job && atomic_load(&drive->job->state) == MILL_JOB_FAILED;
    mill_hunt_document_finding(request, result, before, failed ? drive : NULL, token);
}

int mill_hunt_print_failure(struct mill_hunt_request *request, struct mill_campaign_result *result)
{
    struct mill_campaign again = request->campaign;
    const struct mill_campaign *campaign = &again;
    again.suspension = result->suspension;
    struct mill_drive drive = {.memory = -1};
    struct mill_error error;
    uint32_t before = mill_choices_preemptions(result->choices);
    printf("failed in schedule %" PRIu64 " of seed %" PRIu64 ", after %.2f s\n", result->number,
           campaign->options.seed, seconds(result->elapsed_ns));
    if (request->raw) {
        printf("%s: %s\n", mill_failure_name((enum mill_failure_kind)result->failure.kind),
               result->failure.message);
    } else if (mill_campaign_minimise(campaign, result, REDUCING_ATTEMPTS, &error) == -ENOENT) {
        printf("it did not fail again: something besides the schedule decides (time, input, addresses)\n");
    } else {
        printf("reduced from %u to %u preemptions\n", before, mill_choices_preemptions(result->choices));
    }
    printf("\n");
    int status = request->raw ? 0 : follow(request, result, &drive, &error);
    if (status == 0 && !request->raw) {
        mill_hunt_report(stdout, &drive, campaign->prey.program, request->verbose);
    }
    char *token = status == 0 ? token_of(campaign, result, &error) : NULL;
    if (token) {
        printf("\nthreadmill replay %s\n", token);
    } else {
        mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
        status = status < 0 ? status : -ENOMEM;
    }
    keep(request, result, before, &drive, token);
    free(token);
    mill_drive_close(&drive);
    return status;
}

int mill_hunt_keep_failure(struct mill_hunt_request *request, struct mill_campaign_result *result)
{
    const struct mill_campaign *campaign = &request->campaign;
    struct mill_drive drive = {.memory = -1};
    struct mill_error error;
    uint32_t before = mill_choices_preemptions(result->choices);
    int status = 0;
    if (!request->document) {
        return 0;
    }
    if (!request->raw && mill_campaign_minimise(campaign, result, REDUCING_ATTEMPTS, &error) != -ENOENT) {
        status = follow(request, result, &drive, &error);
    }
    char *token = status == 0 ? token_of(campaign, result, &error) : NULL;
    if (!token) {
        mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
        status = status < 0 ? status : -ENOMEM;
    }
    keep(request, result, before, &drive, token);
    free(token);
    mill_drive_close(&drive);
    return status;
}

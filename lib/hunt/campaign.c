#include "hunt/campaign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "hunt/minimise.h"

/* Between two looks at the processes. */
#define LOOK_MS     100

/* A failing schedule is reduced for so long. */
#define REDUCING_NS (10 * MILL_NS_PER_S)

struct hunt {
    const struct mill_campaign *campaign;
    struct mill_campaign_result *result;
    struct mill_error *error;
    uint64_t began;
    struct mill_classes *classes; /* of all drives; NULL: they are not counted */
    unsigned count;               /* of drives */
    struct mill_drive drives[MILL_CAMPAIGN_JOBS];
};

static uint64_t get(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static enum mill_job_state state_of(const struct mill_drive *drive)
{
    return (enum mill_job_state)atomic_load_explicit(&drive->job->state, memory_order_relaxed);
}

static void ask(const struct mill_campaign *campaign, struct mill_job *job)
{
    uint32_t steps_max = job->options.steps_max;
    job->flags = campaign->flags;
    job->suspension = campaign->suspension;
    job->batch = campaign->batch;
    job->options = campaign->options;
    job->options.steps_max = campaign->options.steps_max > 0 ? campaign->options.steps_max : steps_max;
    job->expected_exit = campaign->expected_exit;
    job->patience_s = campaign->patience_s > 0 ? campaign->patience_s : job->patience_s;
    if (campaign->explorer) {
        snprintf(job->explorer, sizeof job->explorer, "%s", campaign->explorer);
    }
    if (campaign->engine) {
        snprintf(job->engine, sizeof job->engine, "%s", campaign->engine);
    }
}

/* ---- watching ---- */

static uint64_t schedules_of(const struct hunt *hunt)
{
    uint64_t sum = hunt->result->schedules;
    for (unsigned i = 0; i < hunt->count; i++) {
        sum += hunt->drives[i].process > 0 ? get(&hunt->drives[i].job->done) : 0;
    }
    return sum;
}

static bool is_late(const struct hunt *hunt)
{
    return hunt->campaign->time_ns > 0 && mill_now_ns() - hunt->began >= hunt->campaign->time_ns;
}

static void stop_at(struct hunt *hunt, uint64_t number)
{
    for (unsigned i = 0; i < hunt->count; i++) {
        _Atomic uint64_t *stop = &hunt->drives[i].job->stop;
        if (number < get(stop)) {
            atomic_store_explicit(stop, number, memory_order_relaxed); /* looked at between two schedules */
        }
    }
}

static void look(struct hunt *hunt)
{
    const struct mill_campaign *campaign = hunt->campaign;
    if (campaign->progress) {
        const struct mill_campaign_progress progress = {
            .schedules = schedules_of(hunt),
            .wanted = campaign->schedules,
            .elapsed_ns = mill_now_ns() - hunt->began,
        };
        campaign->progress(campaign->context, &progress);
    }
    if (campaign->interrupted && campaign->interrupted(campaign->context)) {
        hunt->result->interrupted = true;
    }
    if (hunt->result->interrupted || is_late(hunt)) {
        stop_at(hunt, 0);
    }
}

/* ---- gathering ---- */

static int keep_failure(struct hunt *hunt, const struct mill_drive *drive)
{
    struct mill_campaign_result *result = hunt->result;
    const struct mill_choices *made = mill_drive_made(drive);
    size_t size = mill_choices_size(made->count > 0 ? made->count : 1);
    void *memory = malloc(size);
    if (!memory) {
        return mill_error_set(hunt->error, -ENOMEM, "no memory for the choices of a schedule");
    }
    free(result->choices);
    result->choices = mill_choices_make(memory, size);
    mill_choices_copy(result->choices, made);
    result->failed = true;
    result->number = get(&drive->job->number);
    result->failure = drive->job->failure;
    result->suspension = drive->job->suspension;
    return 0;
}

static int gather(struct hunt *hunt, struct mill_drive *drive)
{
    struct mill_campaign_result *result = hunt->result;
    const struct mill_job *job = drive->job;
    result->schedules += get(&job->done);
    result->steps += get(&job->steps);
    result->cut += get(&job->cut);
    result->blind += get(&job->blind);
    result->hash += get(&job->hash);
    result->exhausted |= job->exhausted;
    if ((job->flags & MILL_JOB_CLASSES) && !hunt->classes) {
        hunt->classes = calloc(1, sizeof *hunt->classes);
        if (!hunt->classes) {
            return mill_error_set(hunt->error, -ENOMEM, "no memory to count schedules that differ");
        }
    }
    if (hunt->classes) {
        mill_classes_join(hunt->classes, &job->classes);
    }
    result->threads_most =
        job->threads_most > result->threads_most ? job->threads_most : result->threads_most;
    result->steps_most = job->steps_most > result->steps_most ? job->steps_most : result->steps_most;
    if (state_of(drive) == MILL_JOB_REFUSED) {
        return mill_error_set(hunt->error, -EOPNOTSUPP, "%s", job->refusal);
    }
    if (state_of(drive) == MILL_JOB_FAILED) {
        result->schedules++;
        uint64_t number = get(&job->number);
        stop_at(hunt, number);
        if (!result->failed || number < result->number) {
            return keep_failure(hunt, drive);
        }
    }
    return 0;
}

/* Waits for all that run; a failure lets those go on whose numbers are lower. */
static int await(struct hunt *hunt)
{
    int status = 0;
    for (unsigned running = hunt->count; running > 0;) {
        running = 0;
        for (unsigned i = 0; i < hunt->count; i++) {
            struct mill_drive *drive = &hunt->drives[i];
            if (drive->process == 0) {
                continue;
            }
            int ended = mill_drive_wait(drive, running == 0 ? LOOK_MS : 0, hunt->error);
            if (ended == -ETIMEDOUT) {
                running++;
                continue;
            }
            ended = ended == 0 ? gather(hunt, drive) : ended;
            if (ended < 0) {
                stop_at(hunt, 0);
                status = ended;
            }
        }
        look(hunt);
    }
    return status;
}

/* ---- the numbers of schedules ---- */

static void deal(struct mill_drive *drive, uint64_t first, uint64_t count, uint64_t stride)
{
    drive->job->first = first;
    drive->job->count = count;
    drive->job->stride = stride;
}

/* The first numbers, from which explorers learn, or all of one whose schedules follow from each other. */
static int run_in_order(struct hunt *hunt, uint64_t count)
{
    struct mill_drive *drive = &hunt->drives[0];
    int status = mill_drive_open(drive, hunt->error);
    hunt->count = 1;
    if (status < 0) {
        return status;
    }
    ask(hunt->campaign, drive->job);
    deal(drive, 0, count, 1);
    status = mill_drive_start(drive, &hunt->campaign->prey, hunt->error);
    return status < 0 ? status : await(hunt);
}

static int open_another(struct hunt *hunt)
{
    struct mill_drive *drive = &hunt->drives[hunt->count];
    const struct mill_job *learnt = hunt->drives[0].job;
    int status = mill_drive_open(drive, hunt->error);
    hunt->count++;
    if (status == 0) {
        ask(hunt->campaign, drive->job);
        drive->job->opened = learnt->opened;
        drive->job->threads_most = learnt->threads_most;
        memcpy(drive->job->points, learnt->points, sizeof learnt->points);
        memcpy(drive->job->explorer_state, learnt->explorer_state, sizeof learnt->explorer_state);
    }
    return status;
}

static int run_side_by_side(struct hunt *hunt, uint64_t from, uint64_t wanted)
{
    unsigned jobs = hunt->campaign->jobs > 0 ? hunt->campaign->jobs : 1;
    int status = 0;
    while (status == 0 && hunt->count < jobs) {
        status = open_another(hunt);
    }
    for (unsigned i = 0; status == 0 && i < jobs; i++) {
        uint64_t count = wanted / jobs + (i < wanted % jobs);
        deal(&hunt->drives[i], from + i, count, jobs);
        if (count > 0) {
            status = mill_drive_start(&hunt->drives[i], &hunt->campaign->prey, hunt->error);
        }
    }
    if (status < 0) {
        stop_at(hunt, 0);
        await(hunt);
        return status;
    }
    return await(hunt);
}

static void count_points(struct hunt *hunt)
{
    struct mill_campaign_result *result = hunt->result;
    for (unsigned thread = 0; thread < MILL_HUNT_THREADS; thread++) {
        result->points += hunt->drives[0].job->points[thread];
    }
    if (result->schedules > MILL_SUSPEND_LEARNING) {
        uint64_t since = result->schedules - MILL_SUSPEND_LEARNING;
        result->suspended = hunt->campaign->flags & MILL_JOB_WAIT_FREE ? (since + 1) / 2 : since;
    }
}

static int run(struct hunt *hunt)
{
    const struct mill_campaign *campaign = hunt->campaign;
    const struct mill_explorer *explorer =
        mill_explorer_find(campaign->explorer ? campaign->explorer : "portfolio");
    uint64_t wanted = campaign->schedules > 0 ? campaign->schedules : UINT64_MAX / 2;
    if (!explorer) {
        return mill_error_set(hunt->error, -EINVAL, "there is no explorer '%s'", campaign->explorer);
    }
    uint64_t first = explorer->sequential || wanted < MILL_EXPLORE_LEARNING ? wanted : MILL_EXPLORE_LEARNING;
    int status = run_in_order(hunt, first);
    const struct mill_campaign_result *result = hunt->result;
    bool over =
        result->failed || result->exhausted || result->interrupted || is_late(hunt) || first == wanted;
    if (status == 0 && !over) {
        status = run_side_by_side(hunt, first, wanted - first);
    }
    if (status == 0 && (campaign->flags & MILL_JOB_PROGRESS)) {
        count_points(hunt);
    }
    if (status == 0 && explorer->worth) {
        explorer->worth(hunt->drives[0].job->explorer_state, result->schedules, hunt->result->worth,
                        sizeof hunt->result->worth);
    }
    return status;
}

int mill_campaign_run(const struct mill_campaign *campaign, struct mill_campaign_result *result,
                      struct mill_error *error)
{
    *result = (struct mill_campaign_result){.failed = false};
    if (campaign->jobs > MILL_CAMPAIGN_JOBS) {
        return mill_error_set(error, -EINVAL, "%u processes are too many: at most %d", campaign->jobs,
                              MILL_CAMPAIGN_JOBS);
    }
    struct hunt *hunt = calloc(1, sizeof *hunt);
    if (!hunt) {
        return mill_error_set(error, -ENOMEM, "no memory for a hunt");
    }
    hunt->campaign = campaign;
    hunt->result = result;
    hunt->error = error;
    hunt->began = mill_now_ns();
    int status = run(hunt);
    result->elapsed_ns = mill_now_ns() - hunt->began;
    result->classes = hunt->classes ? hunt->classes->count : 0;
    result->classes_lost = hunt->classes && hunt->classes->lost > 0;
    free(hunt->classes);
    for (unsigned i = 0; i < hunt->count; i++) {
        mill_drive_close(&hunt->drives[i]);
    }
    free(hunt);
    if (status < 0) {
        mill_campaign_free(result);
    }
    return status;
}

void mill_campaign_free(struct mill_campaign_result *result)
{
    free(result->choices);
    result->choices = NULL;
}

/* ---- one schedule again ---- */

int mill_campaign_follow(const struct mill_campaign *campaign, const struct mill_choices *choices,
                         bool strict, struct mill_drive *drive, struct mill_error *error)
{
    int status = mill_drive_open(drive, error);
    if (status < 0) {
        return status;
    }
    ask(campaign, drive->job);
    drive->job->flags = (drive->job->flags & ~(uint32_t)MILL_JOB_CLASSES) | MILL_JOB_TRACE_ON;
    status = mill_drive_follow(drive, choices, strict);
    if (status < 0) {
        return mill_error_set(error, status, "the list of choices is too long");
    }
    return mill_drive_run(drive, &campaign->prey, error);
}

struct reduction {
    const struct mill_campaign *campaign;
    struct mill_drive drive;
    uint32_t kind; /* of the failure */
    uint64_t deadline;
    struct mill_error *error;
};

static bool fails(void *context, const struct mill_choices *try, struct mill_choices *ran)
{
    struct reduction *reduction = context;
    struct mill_drive *drive = &reduction->drive;
    if (mill_now_ns() >= reduction->deadline || mill_drive_follow(drive, try, false) < 0 ||
        mill_drive_run(drive, &reduction->campaign->prey, reduction->error) < 0) {
        return false;
    }
    return mill_choices_copy(ran, mill_drive_made(drive)) == 0 && state_of(drive) == MILL_JOB_FAILED &&
           drive->job->failure.kind == reduction->kind;
}

int mill_campaign_minimise(const struct mill_campaign *campaign, struct mill_campaign_result *result,
                           uint32_t attempts, struct mill_error *error)
{
    struct reduction reduction = {
        .campaign = campaign,
        .kind = result->failure.kind,
        .deadline = mill_now_ns() + REDUCING_NS,
        .error = error,
    };
    struct mill_choices *lists[3] = {NULL, NULL, NULL};
    size_t size = sizeof reduction.drive.job->made;
    int status = mill_drive_open(&reduction.drive, error);
    for (int i = 0; i < 3 && status == 0; i++) {
        void *memory = malloc(size);
        lists[i] = memory ? mill_choices_make(memory, size) : NULL;
        status = memory ? 0 : mill_error_set(error, -ENOMEM, "no memory to reduce a schedule");
    }
    if (status == 0) {
        ask(campaign, reduction.drive.job);
        reduction.drive.job->suspension = result->suspension;
        reduction.drive.job->flags &= ~(uint32_t)MILL_JOB_CLASSES;
        struct mill_minimise work = {
            .fails = fails,
            .context = &reduction,
            .attempts_max = attempts,
            .best = lists[0],
            .try = lists[1],
            .ran = lists[2],
        };
        status = mill_minimise(&work, result->choices);
    }
    if (status == 0) {
        free(result->choices);
        result->choices = lists[0];
        lists[0] = NULL;
    }
    for (int i = 0; i < 3; i++) {
        free(lists[i]);
    }
    mill_drive_close(&reduction.drive);
    return status;
}

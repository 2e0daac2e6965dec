/* threadmill replay: a failing schedule again, step by step. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "hunt/replay.h"
#include "hunt_input.h"
#include "hunt_report.h"
#include "hunt_token.h"
#include "options.h"

struct request {
    const char *token;
    bool brief;
};

static int take_token(void *target, const char *word, struct mill_error *error)
{
    struct request *request = target;
    if (request->token) {
        return mill_error_set(error, -EINVAL, "'threadmill replay' plays one token at a time");
    }
    request->token = word;
    return 0;
}

static int take_brief(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct request *)target)->brief = true;
    return 0;
}

static const struct mill_option options[] = {
    {"brief", 'b', NULL, "long runs of one thread's steps are shortened", take_brief, false},
};

static const struct mill_usage usage = {
    "replay",
    "TOKEN",
    "Runs a program once, under the schedule that 'threadmill hunt' found to fail, and prints the failure "
    "and each step\n"
    "that led to it. Exit code 1: the failure came back; 3: it diverged, since the program is another one, "
    "or\n"
    "something besides the schedule decides. Standard input is not in a token: give the same again.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill replay tm1.MZ3Kx0@./prog\n",
};

static int print_divergence(const struct mill_drive *drive, bool same_program)
{
    const struct mill_job *job = drive->job;
    struct mill_replay_verdict verdict = mill_replay_verdict(job->explorer_state);
    if (!same_program) {
        fputs("threadmill: the program is not the one that the token is of: it was changed, or built "
              "otherwise\n",
              stderr);
    }
    if (verdict.reason == MILL_REPLAY_FITS) {
        return mill_complain(MILL_EXIT_MACHINE, "it diverged: all choices could be made, and nothing failed");
    }
    return mill_complain(MILL_EXIT_MACHINE, "it diverged at choice %u of %u: %s", verdict.position,
                         ((const struct mill_choices *)job->asked)->count,
                         mill_replay_reason_text(verdict.reason));
}

static int play(const struct request *request, const struct mill_hunt_token *token, struct mill_drive *drive)
{
    struct mill_error error;
    uint64_t program;
    const struct mill_campaign *campaign = &token->campaign;
    int status = mill_drive_identify(campaign->prey.program, &program, &error);
    if (status == 0) {
        status = mill_campaign_follow(campaign, token->choices, true, drive, &error);
    }
    if (status == 0 && mill_hunt_watch(drive, &drive->job->failure)) {
        status = mill_drive_run(drive, &campaign->prey, &error);
    }
    if (status < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    if (atomic_load(&drive->job->state) == MILL_JOB_REFUSED) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", drive->job->refusal);
    }
    enum mill_replay_reason reason = mill_replay_verdict(drive->job->explorer_state).reason;
    if (atomic_load(&drive->job->state) != MILL_JOB_FAILED || reason != MILL_REPLAY_FITS) {
        return print_divergence(drive, program == token->program);
    }
    mill_hunt_report(stdout, drive, campaign->prey.program, !request->brief);
    return MILL_EXIT_FINDING;
}

static int run(int argc, char **argv)
{
    struct request request = {0};
    struct mill_error error;
    int status = mill_options_parse(&usage, argc, argv, &request, take_token, &error);
    if (status != 0) {
        return status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    if (!request.token) {
        return mill_complain(MILL_EXIT_USAGE, "'threadmill replay' needs a token: threadmill replay TOKEN");
    }
    struct mill_hunt_token token;
    struct mill_drive drive = {.memory = -1};
    status = mill_hunt_token_read(&token, request.token, &error);
    int code = status < 0 ? mill_complain(MILL_EXIT_USAGE, "%s", error.message) : MILL_EXIT_EXPECTED;
    if (status == 0) {
        int input = mill_hunt_input(&error);
        token.campaign.prey.input = input;
        code = input < -1 ? mill_complain(MILL_EXIT_MACHINE, "%s", error.message)
                          : play(&request, &token, &drive);
    }
    mill_drive_close(&drive);
    mill_hunt_token_free(&token);
    return code;
}

const struct mill_command mill_command_replay = {"replay", "a failing schedule again, step by step", run};

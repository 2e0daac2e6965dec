/* threadmill replay: a failing schedule again, step by step. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "hunt/replay.h"
#include "hunt_compare.h"
#include "hunt_input.h"
#include "hunt_report.h"
#include "hunt_token.h"
#include "options.h"

struct request {
    const char *token;
    const char *program; /* NULL: the token's */
    bool brief;
    bool gdb;
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

static int take_program(void *target, const char *value, struct mill_error *error)
{
    (void)error;
    ((struct request *)target)->program = value;
    return 0;
}

static int take_gdb(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct request *)target)->gdb = true;
    return 0;
}

static const struct mill_option options[] = {
    {"brief", 'b', NULL, "long runs of one thread's steps are shortened", take_brief, false},
    {"program", 'p', "PATH",
     "another build of the program, as with a sanitizer ('threadmill cc --with tsan'):\nthe same choices in "
     "it, and whether it takes the same steps",
     take_program, false},
    {"gdb", 0, NULL,
     "under gdb, which asks what to do: 'run' stops where the failure is told. Each thread\nis one of gdb's",
     take_gdb, false},
};

static const struct mill_usage usage = {
    "replay",
    "TOKEN",
    "Runs a program once, under the schedule that 'threadmill hunt' found to fail, and prints the failure "
    "and each step\n"
    "that led to it. Exit code 1: the failure came back; 3: it diverged, since the program is another one, "
    "or\n"
    "something besides the schedule decides. Standard input is not in a token: give the same again. Of "
    "another build\n"
    "(--program) exit code 0 says that it took the same steps and nothing failed in it.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill replay tm1.MZ3Kx0@./prog\n"
    "  threadmill cc --with asan -g -o prog.asan prog.c\n"
    "  threadmill replay tm1.MZ3Kx0@./prog --program ./prog.asan\n"
    "  threadmill replay tm1.MZ3Kx0@./prog --gdb\n",
};

static int diverged(const struct mill_drive *drive)
{
    const struct mill_job *job = drive->job;
    struct mill_replay_verdict verdict = mill_replay_verdict(job->explorer_state);
    if (verdict.reason == MILL_REPLAY_FITS) {
        return mill_complain(MILL_EXIT_MACHINE, "it diverged: all choices could be made, and nothing failed");
    }
    return mill_complain(MILL_EXIT_MACHINE, "it diverged at choice %u of %u: %s", verdict.position,
                         ((const struct mill_choices *)job->asked)->count,
                         mill_replay_reason_text(verdict.reason));
}

/* Follows the token's choices; again, when whole stacks of earlier steps are wanted. 0, or an exit code. */
static int follow(const struct mill_campaign *campaign, const struct mill_choices *choices,
                  struct mill_drive *drive)
{
    struct mill_error error;
    int status = mill_campaign_follow(campaign, choices, true, drive, &error);
    if (status == 0 && mill_hunt_watch(drive, &drive->job->failure)) {
        status = mill_drive_run(drive, &campaign->prey, &error);
    }
    if (status < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    if (atomic_load(&drive->job->state) == MILL_JOB_REFUSED) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", drive->job->refusal);
    }
    return 0;
}

static bool is_of(const char *program, const struct mill_hunt_token *token)
{
    uint64_t hash;
    return mill_drive_identify(program, &hash, NULL) == 0 && hash == token->program;
}

static int play(const struct request *request, const struct mill_hunt_token *token, struct mill_drive *drive)
{
    const struct mill_campaign *campaign = &token->campaign;
    int code = follow(campaign, token->choices, drive);
    if (code != 0) {
        return code;
    }
    enum mill_replay_reason reason = mill_replay_verdict(drive->job->explorer_state).reason;
    if (atomic_load(&drive->job->state) != MILL_JOB_FAILED || reason != MILL_REPLAY_FITS) {
        if (!is_of(campaign->prey.program, token)) {
            fputs("threadmill: the program is not the one that the token is of: it was changed, or built "
                  "otherwise\n",
                  stderr);
        }
        return diverged(drive);
    }
    mill_hunt_report(stdout, drive, campaign->prey.program, !request->brief);
    return MILL_EXIT_FINDING;
}

/* ---- another build ---- */

/* What a sanitizer finds it may find earlier or later than the token's end, or not at all. */
static bool fits_another_build(const struct mill_drive *drive)
{
    enum mill_replay_reason reason = mill_replay_verdict(drive->job->explorer_state).reason;
    return reason == MILL_REPLAY_FITS || reason == MILL_REPLAY_LIST_ENDED ||
           (reason == MILL_REPLAY_TOO_EARLY && atomic_load(&drive->job->state) == MILL_JOB_FAILED);
}

/* The token's own build is asked for its steps, if it is still there. */
static bool takes_the_same_steps(const struct mill_hunt_token *token, const struct mill_drive *drive,
                                 const char *program)
{
    struct mill_drive first = {.memory = -1};
    bool same = true;
    if (!is_of(token->path, token)) {
        printf("whether it takes the same steps is not known: %s is not there as the token has it\n",
               token->path);
    } else if (follow(&token->campaign, token->choices, &first) == 0) {
        same = mill_hunt_compare(stdout, &first, token->path, drive, program);
    }
    mill_drive_close(&first);
    return same;
}

static int play_another_build(const struct request *request, const struct mill_hunt_token *token,
                              struct mill_drive *drive)
{
    struct mill_campaign campaign = token->campaign;
    campaign.prey.program = request->program;
    int code = follow(&campaign, token->choices, drive);
    if (code != 0) {
        return code;
    }
    bool failed = atomic_load(&drive->job->state) == MILL_JOB_FAILED;
    if (failed) {
        mill_hunt_report(stdout, drive, request->program, !request->brief);
        printf("\n");
    }
    if (!takes_the_same_steps(token, drive, request->program)) {
        return mill_complain(MILL_EXIT_MACHINE, "it diverged: the builds take other steps");
    }
    if (!fits_another_build(drive)) {
        return diverged(drive);
    }
    if (!failed) {
        printf("nothing failed in %s%s%s\n", request->program, drive->job->sanitizer[0] ? ", which has " : "",
               drive->job->sanitizer);
    }
    return failed ? MILL_EXIT_FINDING : MILL_EXIT_EXPECTED;
}

/* ---- gdb ---- */

/* No time-out while somebody thinks. */
#define PATIENCE_S   1000000000

#define PROGRAM_WORD (sizeof debugger / sizeof debugger[0])

/* The schedule runs in a child of the program. */
static const char *const debugger[] = {
    "gdb",    "-q",
    "-ex",    "set follow-fork-mode child",
    "-ex",    "handle SIGALRM nostop noprint pass",
    "-ex",    "set breakpoint pending on",
    "-ex",    "break mill_fail",
    "--args",
};

static int debug(const struct request *request, struct mill_hunt_token *token, struct mill_drive *drive)
{
    struct mill_error error;
    struct mill_campaign *campaign = &token->campaign;
    size_t count = 0;
    campaign->engine = "threads"; /* both engines do the same, and of this one's threads gdb knows */
    campaign->patience_s = PATIENCE_S;
    campaign->flags |= MILL_JOB_OUTPUT;
    while (token->arguments[count]) {
        count++;
    }
    const char **words = calloc(PROGRAM_WORD + count + 1, sizeof *words);
    if (!words) {
        return mill_complain(MILL_EXIT_MACHINE, "out of memory");
    }
    memcpy(words, debugger, sizeof debugger);
    memcpy(words + PROGRAM_WORD, token->arguments, count * sizeof *words);
    words[PROGRAM_WORD] = request->program ? request->program : token->path;
    int status = mill_campaign_prepare(campaign, token->choices, true, drive, &error);
    if (status == 0) {
        /* gdb has the lines; a sanitizer that looks for them starts a process, which gdb would follow. */
        drive->job->flags &= ~(uint32_t)MILL_JOB_TRACE_ON;
        status = mill_drive_become(drive, words[0], (char *const *)(uintptr_t)words);
        mill_error_set(&error, status, "gdb cannot be started: %s", strerror(-status));
    }
    free(words);
    return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
}

/* ---- the command ---- */

static int play_with_input(const struct request *request, struct mill_hunt_token *token,
                           struct mill_drive *drive)
{
    struct mill_error error;
    int input = mill_hunt_input(&error);
    token->campaign.prey.input = input;
    if (input < -1) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    return request->program ? play_another_build(request, token, drive) : play(request, token, drive);
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
        code = request.gdb ? debug(&request, &token, &drive) : play_with_input(&request, &token, &drive);
    }
    mill_drive_close(&drive);
    mill_hunt_token_free(&token);
    return code;
}

const struct mill_command mill_command_replay = {"replay", "a failing schedule again, step by step", run};

/* A background worker is stopped and started again while others submit to it (row 1 of the patterns): every
 * task that was accepted is run once or handed back as left, whatever queue is its inbox.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "task/background.h"
#include "task/inbox.h"

enum { INBOX, WORK, LIFE };

static const struct mill_parameter parameters[] = {
    [INBOX] = {.name = "inbox",
               .summary = "tasks that the inbox holds",
               .type = MILL_INTEGER,
               .minimum = 1,
               .maximum = 1 << 20,
               .fallback = 64},
    [WORK] = {.name = "work",
              .summary = "time that a task takes",
              .type = MILL_DURATION,
              .minimum = 0,
              .maximum = 1000000,
              .fallback = 0},
    [LIFE] = {.name = "life",
              .summary = "time from a start to the next stop",
              .type = MILL_DURATION,
              .minimum = 0,
              .maximum = 1000000000,
              .fallback = 200000},
};

/* Tasks as a set: how many, and a sum of well mixed names, which a lost or doubled one changes. */
struct tally {
    uint64_t count;
    uint64_t sum;
};

struct submitter {
    alignas(MILL_ISOLATION) uint64_t next; /* name of the next task, without the submitter's own */
    struct tally accepted;
    uint64_t turned_away;
};

struct state {
    struct mill_background *background;
    const struct mill_clock *clock;
    uint64_t work_ns;
    uint64_t life_ns;
    unsigned submitters;
    /* written by the worker's thread */
    alignas(MILL_ISOLATION) struct tally ran;
    uint64_t out_of_order;
    uint64_t *last_run; /* of each submitter */
    /* written by the stopper */
    alignas(MILL_ISOLATION) struct tally left;
    uint64_t stops;
    uint64_t stops_with_work_left;
    struct submitter submitter[];
};

struct task {
    struct state *state;
    unsigned submitter;
    uint64_t name; /* counted from 1 */
};

static void tally_add(struct tally *tally, const struct task *task)
{
    uint64_t mixed = (task->name << 16) + task->submitter;
    tally->count++;
    tally->sum += mill_random_split(&mixed);
}

static int run_task(void *argument)
{
    const struct task *task = argument;
    struct state *state = task->state;
    tally_add(&state->ran, task);
    state->out_of_order += task->name <= state->last_run[task->submitter];
    state->last_run[task->submitter] = task->name;
    mill_spend(state->clock, state->work_ns);
    return 0;
}

static const char *unsupported(const struct mill_case *one)
{
    const struct mill_queue_ops *ops = mill_queue_ops_of(one->strategy);
    return mill_inbox_choose(&ops, 1) == -ENOTSUP
               ? "an inbox has several producers, drops nothing, and closes for good"
               : NULL;
}

static int setup(struct mill_case *one)
{
    size_t size = sizeof(struct state) + one->threads * sizeof(struct submitter);
    struct state *state = mill_isolated_alloc(size);
    if (!state) {
        return -ENOMEM;
    }
    *state = (struct state){
        .clock = one->clock,
        .work_ns = (uint64_t)one->values[WORK],
        .life_ns = (uint64_t)one->values[LIFE],
        .submitters = one->threads,
        .last_run = calloc(one->threads, sizeof state->last_run[0]),
    };
    const struct mill_background_settings settings = {
        .name = "worker",
        .inbox = mill_queue_ops_of(one->strategy),
        .capacity = (size_t)one->values[INBOX],
    };
    int status = state->last_run ? mill_background_create(&settings, &state->background) : -ENOMEM;
    if (status == 0) {
        status = mill_background_start(state->background);
        one->state = state;
    }
    if (status < 0) {
        mill_background_destroy(state->background);
        free(state->last_run);
        free(state);
    }
    return status;
}

/* ---- submitters ---- */

/* One try, short enough that the end of the run is noticed. 0, -EPIPE, -ETIMEDOUT or an error. */
static int submit_task(struct state *state, unsigned index)
{
    struct submitter *me = &state->submitter[index];
    struct task *task = malloc(sizeof *task);
    if (!task) {
        return -ENOMEM;
    }
    *task = (struct task){.state = state, .submitter = index, .name = me->next + 1};
    const struct task copy = *task; /* the worker may be done with it before submit returns */
    const struct mill_background_task submitted = {.run = run_task, .dispose = free, .argument = task};
    int status = mill_background_submit(state->background, &submitted, MILL_NS_PER_MS);
    if (status < 0) {
        free(task);
        return status;
    }
    me->next++;
    tally_add(&me->accepted, &copy);
    return 0;
}

/* Until it is accepted: a full inbox is waited for, a stopped worker is waited out. */
static int submit(struct mill_worker *worker)
{
    struct state *state = worker->state;
    int status = submit_task(state, worker->index);
    while (status == -EPIPE || status == -ETIMEDOUT) {
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
        if (status == -EPIPE) {
            state->submitter[worker->index].turned_away++;
            mill_sleep_until(mill_now_ns() + 20 * MILL_NS_PER_US);
        }
        status = submit_task(state, worker->index);
    }
    return status < 0 ? status : MILL_DONE;
}

/* ---- the stopper ---- */

static void take_left(struct state *state)
{
    struct mill_background_task task;
    while (mill_background_take_left(state->background, &task) == 0) {
        tally_add(&state->left, task.argument);
        task.dispose(task.argument);
    }
}

static int stop_and_start(struct mill_worker *worker)
{
    struct state *state = worker->state;
    bool drain = mill_random_below(&worker->random, 2) == 0;
    size_t left;
    int status = mill_background_stop(
        state->background, drain ? MILL_BACKGROUND_DRAIN : MILL_BACKGROUND_LEAVE, MILL_FOREVER, &left);
    if (status < 0) {
        return status;
    }
    state->stops++;
    state->stops_with_work_left += left > 0;
    take_left(state);
    status = mill_background_start(state->background);
    return status < 0 ? status : MILL_DONE;
}

static void let_live(struct mill_worker *worker)
{
    struct state *state = worker->state;
    mill_sleep_until(mill_now_ns() + state->life_ns);
}

/* ---- the check ---- */

static void check_tallies(const struct state *state, const struct tally *accepted, struct mill_check *check)
{
    uint64_t over = state->ran.count + state->left.count;
    if (accepted->count != over || accepted->sum != state->ran.sum + state->left.sum) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " tasks were accepted, %" PRIu64 " run and %" PRIu64 " handed back%s",
                         accepted->count, state->ran.count, state->left.count,
                         accepted->count == over ? ", but not the same ones" : "");
    }
    if (state->out_of_order > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " tasks were run after a later one of the same submitter",
                         state->out_of_order);
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    size_t left;
    int status = mill_background_stop(state->background, MILL_BACKGROUND_DRAIN, 10 * MILL_NS_PER_S, &left);
    if (status < 0) {
        mill_check_found(check, MILL_DEADLOCK, "the worker does not drain: %zu tasks wait", left);
        return;
    }
    take_left(state);
    struct tally accepted = {0};
    uint64_t turned_away = 0;
    for (unsigned i = 0; i < state->submitters; i++) {
        accepted.count += state->submitter[i].accepted.count;
        accepted.sum += state->submitter[i].accepted.sum;
        turned_away += state->submitter[i].turned_away;
    }
    check_tallies(state, &accepted, check);
    if (accepted.count + state->stops != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " operations, but %" PRIu64 " tasks accepted and %" PRIu64 " stops",
                         one->operations, accepted.count, state->stops);
    }
    mill_check_measured(check, "stops", "", (double)state->stops);
    mill_check_measured(check, "stops with work left", "", (double)state->stops_with_work_left);
    mill_check_measured(check, "handed back", "", (double)state->left.count);
    mill_check_measured(check, "turned away", "", (double)turned_away);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    /* Stopped by verify; only a run that failed has it still at work. */
    mill_background_stop(state->background, MILL_BACKGROUND_LEAVE, MILL_FOREVER, NULL);
    mill_background_destroy(state->background);
    free(state->last_run);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "stopper",
     .summary = "stops the worker, takes back what is left, starts it again",
     .operation = stop_and_start,
     .between = let_live,
     .threads = 1},
    {.name = "submitter", .summary = "submits a task", .operation = submit},
};

const struct mill_scenario mill_scenario_worker_stop = {
    .name = "worker-stop",
    .summary = "a worker is stopped and started again under load, over every queue as its inbox",
    .family = &mill_queue_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .min_threads = 2,
    .waits = "who stops a worker waits for all that are about to submit to it",
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};

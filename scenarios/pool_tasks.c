/* Threads submit tasks to a pool as fast as it takes them, each with a bounded number under way (row 10 of
 * the patterns): what a task costs. Every task must run exactly once; one in a thousand fails, and that must
 * reach its own future and no other.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>

#include "core/pause.h"
#include "scenarios/list.h"
#include "scenarios/pool_rig.h"
#include "task/future.h"

enum { WORK = MILL_RIG_PARAMETERS, OUTSTANDING };

static const struct mill_parameter parameters[] = {
    MILL_RIG_PARAMETER_ROWS,
    [WORK] = {.name = "work",
              .summary = "what a task does: 0 is an empty one",
              .type = MILL_DURATION,
              .maximum = 10 * MILL_NS_PER_MS},
    [OUTSTANDING] = {.name = "outstanding",
                     .summary = "tasks that one thread has under way at most",
                     .type = MILL_INTEGER,
                     .minimum = 1,
                     .maximum = 65536,
                     .fallback = 1024},
};

/* Of so many tasks of a thread one fails, and one that has a future succeeds. */
#define SPECIAL_EVERY 1000

/* A history tells tasks apart by numbers, so many for each submitter. */
#define OBJECTS       INT64_C(1000000000)

/* How often a task ran. Apart from the task, and many to a line: a worker that runs neighbours writes one
 * line for all, and the submitter fetches it once. */
typedef _Atomic uint32_t tally;

/* Only read once it is made, as far as the pool leaves `task.next` alone. */
struct slot {
    alignas(MILL_CACHE_LINE) struct mill_task task;
    tally *ran;
    uint64_t work_ns;
    const struct mill_case *one;
    bool recorded;
    int64_t object; /* of a recorded history: which task it is this time */
};

/* A task with a future, submitted every now and then. */
struct special {
    struct mill_future future;
    tally ran;
    int result; /* that it returns, and must deliver */
    uint64_t submitted;
    const struct mill_case *one;
    int64_t object;
};

struct submitter {
    alignas(MILL_ISOLATION) struct slot *slots;
    tally *ran;
    uint32_t *submitted; /* times, of each slot */
    size_t outstanding;
    size_t next; /* slot */
    uint64_t turn;
    int64_t object; /* of the next task, none of which another has had */
    uint64_t wrong; /* results of futures that were not what their task returned */
    struct special failing, fine;
};

struct state {
    struct mill_rig rig;
    unsigned threads;
    alignas(MILL_ISOLATION) struct submitter submitters[];
};

/* ---- tasks ---- */

static void has_run(tally *ran)
{
    /* release: pairs with the acquire in is_free */
    atomic_fetch_add_explicit(ran, 1, memory_order_release);
}

static int run_slot(void *argument)
{
    struct slot *slot = argument;
    const struct mill_case *one = slot->one;
    size_t call = slot->recorded ? mill_case_called(one, MILL_CALL_TASK_RUN, slot->object, 0, 0) : 0;
    if (slot->work_ns > 0) {
        mill_spend(one->clock, slot->work_ns);
    }
    if (slot->recorded) {
        mill_case_returned(one, call, 0); /* before it counts as run: then the slot is the submitter's */
    }
    has_run(slot->ran);
    return 0;
}

static int run_special(void *argument)
{
    struct special *special = argument;
    size_t call = mill_case_called(special->one, MILL_CALL_TASK_RUN, special->object, 0, 0);
    has_run(&special->ran);
    mill_case_returned(special->one, call, special->result);
    return special->result;
}

/* ---- submitting ---- */

static bool is_free(const struct submitter *submitter, size_t slot)
{
    return atomic_load_explicit(&submitter->ran[slot], memory_order_acquire) == submitter->submitted[slot];
}

/* A pool that prefers young tasks may leave an old one for as long as others come, and they come until the
 * last thread has left the window: so one that has waited long gives up as soon as the window is over. */
static bool gives_up(const struct mill_worker *worker, bool waited_long)
{
    /* relaxed: as in mill_stopping */
    return mill_stopping(worker) ||
           (waited_long && atomic_load_explicit(worker->phase, memory_order_relaxed) == MILL_PHASE_COOL);
}

#define LOOKS_A_YIELD 64
#define LONG_LOOKS    (1000 * LOOKS_A_YIELD)

/* With all under way, waits for a quarter of them: a submitter that runs after every single one takes the
 * workers' lines from them each time. */
static bool wait_for_room(struct mill_worker *worker, const struct submitter *submitter)
{
    size_t later = (submitter->next + submitter->outstanding / 4) % submitter->outstanding;
    for (unsigned looks = 0; !is_free(submitter, submitter->next) || !is_free(submitter, later); looks++) {
        if (gives_up(worker, looks > LONG_LOOKS)) {
            return false;
        }
        if ((looks + 1) % LOOKS_A_YIELD != 0) {
            mill_pause();
        } else {
            sched_yield();
        }
    }
    return true;
}

static void check_result(struct submitter *submitter, struct special *special)
{
    int result = 0;
    size_t call = mill_case_called(special->one, MILL_CALL_TASK_WAIT, special->object, 0, 0);
    int status = mill_future_wait(&special->future, MILL_FOREVER, &result);
    mill_case_returned(special->one, call, status < 0 ? status : result);
    submitter->wrong += status < 0 || result != special->result;
}

static int submit_special(struct mill_worker *worker, struct submitter *submitter, struct special *special)
{
    struct state *state = worker->state;
    while (special->submitted > 0 && mill_future_wait(&special->future, MILL_NS_PER_MS, NULL) < 0) {
        if (gives_up(worker, true)) {
            return MILL_STOPPED;
        }
    }
    if (special->submitted > 0) {
        check_result(submitter, special);
    }
    special->object = submitter->object++;
    mill_worker_called(worker, MILL_CALL_TASK_SUBMIT, special->object, 0, 0);
    int status = mill_pool_submit_future(state->rig.pool, &special->future);
    mill_worker_returned(worker, status);
    special->submitted += status == 0;
    return status < 0 ? status : MILL_DONE;
}

static int submit_slot(struct mill_worker *worker, struct submitter *submitter)
{
    struct state *state = worker->state;
    size_t slot = submitter->next;
    if (!is_free(submitter, slot) && !wait_for_room(worker, submitter)) {
        return MILL_STOPPED;
    }
    if (mill_worker_records(worker)) {
        submitter->slots[slot].object = submitter->object++;
        mill_worker_called(worker, MILL_CALL_TASK_SUBMIT, submitter->slots[slot].object, 0, 0);
    }
    int status = mill_pool_submit(state->rig.pool, &submitter->slots[slot].task);
    mill_worker_returned(worker, status);
    if (status < 0) {
        return status;
    }
    submitter->submitted[slot]++;
    submitter->next = slot + 1 < submitter->outstanding ? slot + 1 : 0;
    return MILL_DONE;
}

static int submit(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct submitter *submitter = &state->submitters[worker->index];
    uint64_t turn = submitter->turn;
    struct special *special = turn == 0                   ? &submitter->failing
                              : turn == SPECIAL_EVERY / 2 ? &submitter->fine
                                                          : NULL;
    int status = special ? submit_special(worker, submitter, special) : submit_slot(worker, submitter);
    if (status == MILL_DONE) {
        submitter->turn = turn + 1 < SPECIAL_EVERY ? turn + 1 : 0;
    }
    return status;
}

/* ---- making, checking and freeing ---- */

static int open_submitter(struct submitter *submitter, const struct mill_case *one)
{
    size_t outstanding = (size_t)one->values[OUTSTANDING];
    submitter->outstanding = outstanding;
    submitter->slots = mill_isolated_alloc(outstanding * sizeof *submitter->slots);
    submitter->ran = mill_isolated_alloc(outstanding * sizeof *submitter->ran);
    submitter->submitted = mill_isolated_alloc(outstanding * sizeof *submitter->submitted);
    if (!submitter->slots || !submitter->ran || !submitter->submitted) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < outstanding; i++) {
        struct slot *slot = &submitter->slots[i];
        *slot = (struct slot){
            .task = {.run = run_slot, .argument = slot},
            .ran = &submitter->ran[i],
            .work_ns = (uint64_t)one->values[WORK],
            .one = one,
            .recorded = one->history != NULL,
        };
    }
    submitter->failing.result = -EIO;
    submitter->failing.one = submitter->fine.one = one;
    mill_future_init(&submitter->failing.future, run_special, &submitter->failing);
    mill_future_init(&submitter->fine.future, run_special, &submitter->fine);
    return 0;
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_rig_destroy(&state->rig);
    for (unsigned i = 0; i < state->threads; i++) {
        free(state->submitters[i].slots);
        free(state->submitters[i].ran);
        free(state->submitters[i].submitted);
    }
    free(state);
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof(struct submitter));
    if (!state) {
        return -ENOMEM;
    }
    one->state = state;
    state->threads = one->threads;
    int status = 0;
    for (unsigned i = 0; i < one->threads && status == 0; i++) {
        state->submitters[i].object = i * OBJECTS;
        status = open_submitter(&state->submitters[i], one);
    }
    status = status < 0 ? status : mill_rig_create(&state->rig, one);
    if (status < 0) {
        teardown(one);
        one->state = NULL;
    }
    return status;
}

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    (void)one;
    (void)copy;
    return &mill_model_future;
}

static void verify_runs(struct mill_check *check, uint32_t ran, uint64_t submitted, const char *what)
{
    if (ran != (uint32_t)submitted) {
        mill_check_found(check, ran < (uint32_t)submitted ? MILL_LOST_UPDATE : MILL_CORRUPTION,
                         "%s was submitted %" PRIu64 " times and ran %" PRIu32 " times", what, submitted,
                         ran);
    }
}

static uint64_t verify_submitter(struct mill_check *check, struct submitter *submitter)
{
    uint64_t submitted = submitter->failing.submitted + submitter->fine.submitted;
    for (size_t i = 0; i < submitter->outstanding; i++) {
        verify_runs(check, submitter->ran[i], submitter->submitted[i], "a task");
        submitted += submitter->submitted[i];
    }
    struct special *specials[] = {&submitter->failing, &submitter->fine};
    for (size_t i = 0; i < 2; i++) {
        verify_runs(check, specials[i]->ran, specials[i]->submitted, "a task with a future");
        if (specials[i]->submitted > 0) {
            check_result(submitter, specials[i]);
        }
    }
    if (submitter->wrong > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " futures did not say what their tasks returned",
                         submitter->wrong);
    }
    return submitted;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    uint64_t failing = 0;
    for (unsigned i = 0; i < state->threads; i++) {
        failing += state->submitters[i].failing.submitted;
    }
    mill_rig_verify(&state->rig, check, one->operations - failing, failing);
    uint64_t submitted = 0;
    for (unsigned i = 0; i < state->threads; i++) {
        submitted += verify_submitter(check, &state->submitters[i]);
    }
    if (submitted != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE, "%" PRIu64 " tasks were submitted, but %" PRIu64 " counted",
                         submitted, one->operations);
    }
}

static const struct mill_role roles[] = {
    {.name = "submitter", .summary = "submits a task", .operation = submit},
};

const struct mill_scenario mill_scenario_pool_tasks = {
    .name = "pool-tasks",
    .summary = "threads submit tasks to a pool as fast as it takes them",
    .family = &mill_pool_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .model = model,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};

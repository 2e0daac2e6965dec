/* Each thread has a managed thread of its own, to which it sends messages and which it pauses, and all
 * broadcast to all (row 5 of the patterns): a paused thread must make no progress, and nothing that was sent
 * is lost.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "task/manager.h"

enum { MAILBOX, WATCH };

static const struct mill_parameter parameters[] = {
    [MAILBOX] = {.name = "mailbox",
                 .summary = "messages that a mailbox holds",
                 .type = MILL_INTEGER,
                 .minimum = 1,
                 .maximum = 1 << 20,
                 .fallback = 16},
    [WATCH] = {.name = "watch",
               .summary = "time for which a paused thread is watched",
               .type = MILL_DURATION,
               .minimum = 0,
               .maximum = 1000000000,
               .fallback = 200000},
};

/* A look at a mailbox, and the time between two looks at a paused thread. */
#define RECEIVE_NS (50 * MILL_NS_PER_US)
#define LOOK_NS    (20 * MILL_NS_PER_US)

/* Which of a controller's operations do what: one in 16 pauses, one in 16 broadcasts, the others send. */
#define KINDS      16

struct member {
    /* written by the managed thread */
    alignas(MILL_ISOLATION) _Atomic uint64_t progress;
    uint64_t sends_heard;
    uint64_t broadcasts_heard;
    uint64_t disorder;    /* messages that came after a later one of the same sender */
    uint64_t *last_heard; /* of each controller, two: sends and broadcasts */
    char name[MILL_THREAD_NAME_MAX + 1];
};

struct controller {
    alignas(MILL_ISOLATION) uint64_t sent;
    uint64_t broadcasts;
    uint64_t delivered;
    uint64_t refused;
    uint64_t pauses;
    uint64_t pauses_ns; /* from asking to being told */
    uint64_t moved;     /* pauses in which the thread made progress */
};

struct state {
    struct mill_manager *manager;
    const struct mill_pausing_ops *ops;
    uint64_t watch_ns;
    unsigned count;
    struct member *members;
    struct controller *controllers;
    uint64_t *last_heard;
};

/* ---- the managed threads ---- */

/* A message is a number: the sender's count, the sender, and whether it is a broadcast. */
static void *message_of(uint64_t count, unsigned sender, bool broadcast)
{
    return (void *)(uintptr_t)(count << 17 | (uint64_t)sender << 1 | broadcast);
}

static void hear(struct member *member, uintptr_t message)
{
    bool broadcast = message & 1;
    unsigned kind_of_sender = message & 0x1ffff;
    uint64_t count = message >> 17;
    *(broadcast ? &member->broadcasts_heard : &member->sends_heard) += 1;
    member->disorder += count <= member->last_heard[kind_of_sender];
    member->last_heard[kind_of_sender] = count;
}

static int serve(struct mill_member *me, void *argument)
{
    struct member *member = argument;
    int status = 0;
    while (status != -EPIPE) { /* of the mailbox: shut down, and all is heard */
        mill_member_check_pause(me);
        void *message;
        status = mill_member_receive(me, &message, RECEIVE_NS);
        if (status == 0) {
            hear(member, (uintptr_t)message);
        }
        /* relaxed: a witness, which must not order what the pause should */
        atomic_fetch_add_explicit(&member->progress, 1, memory_order_relaxed);
        mill_member_count(me, 0);
    }
    return 0;
}

/* ---- set-up ---- */

static int start_members(struct state *state)
{
    int status = 0;
    for (unsigned i = 0; i < state->count && status == 0; i++) {
        struct member *member = &state->members[i];
        member->last_heard = state->last_heard + (size_t)i * state->count * 2;
        snprintf(member->name, sizeof member->name, "mill-%u", i);
        status = mill_manager_add(state->manager, member->name, serve, member);
        if (status == 0) {
            status = mill_manager_start(state->manager, member->name);
        }
    }
    return status;
}

static void close_state(struct state *state)
{
    if (state->manager) {
        mill_manager_shutdown(state->manager, MILL_FOREVER, NULL, 0, NULL);
        mill_manager_destroy(state->manager);
    }
    free(state->members);
    free(state->controllers);
    free(state->last_heard);
    free(state);
}

static int setup(struct mill_case *one)
{
    struct state *state = calloc(1, sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    state->ops = mill_pausing_ops_of(one->strategy);
    state->watch_ns = (uint64_t)one->values[WATCH];
    state->count = one->threads;
    state->members = mill_isolated_alloc(one->threads * sizeof state->members[0]);
    state->controllers = mill_isolated_alloc(one->threads * sizeof state->controllers[0]);
    state->last_heard = calloc((size_t)one->threads * one->threads * 2, sizeof state->last_heard[0]);
    const struct mill_manager_settings settings = {.mailbox_capacity = (size_t)one->values[MAILBOX]};
    bool allocated = state->members && state->controllers && state->last_heard;
    int status = allocated ? mill_manager_create(&settings, &state->manager) : -ENOMEM;
    if (status == 0) {
        status = start_members(state);
    }
    if (status < 0) {
        close_state(state);
        return status;
    }
    one->state = state;
    return 0;
}

/* ---- the controllers ---- */

static int send(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct controller *me = &state->controllers[worker->index];
    void *message = message_of(me->sent + 1, worker->index, false);
    int status = -ETIMEDOUT;
    while (status == -ETIMEDOUT) {
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
        status =
            mill_manager_send(state->manager, state->members[worker->index].name, message, MILL_NS_PER_MS);
    }
    me->sent += status == 0;
    return status < 0 ? status : MILL_DONE;
}

static int broadcast(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct controller *me = &state->controllers[worker->index];
    struct mill_broadcast result;
    int status =
        mill_manager_broadcast(state->manager, message_of(me->broadcasts + 1, worker->index, true), &result);
    if (status < 0 && status != -EAGAIN) {
        return status;
    }
    me->broadcasts++;
    me->delivered += result.delivered;
    me->refused += result.refused;
    return MILL_DONE;
}

/* Does the thread make progress until `end`, or until the run is over? */
static bool moves(const struct mill_worker *worker, const struct member *member, uint64_t end)
{
    uint64_t before = atomic_load_explicit(&member->progress, memory_order_relaxed); /* see serve */
    bool moved = false;
    while (!moved && mill_now_ns() < end && !mill_stopping(worker)) {
        mill_sleep_until(mill_now_ns() + LOOK_NS);
        moved = atomic_load_explicit(&member->progress, memory_order_relaxed) != before;
    }
    return moved;
}

static int pause_and_resume(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct controller *me = &state->controllers[worker->index];
    const struct member *member = &state->members[worker->index];
    uint64_t from = mill_now_ns();
    int status = -ETIMEDOUT;
    while (status == -ETIMEDOUT && !mill_stopping(worker)) {
        status = state->ops->pause(state->manager, member->name, MILL_NS_PER_MS);
    }
    if (status == 0) {
        me->pauses++;
        me->pauses_ns += mill_now_ns() - from;
        me->moved += moves(worker, member, mill_now_ns() + state->watch_ns);
    }
    int resumed = mill_manager_resume(state->manager, member->name);
    if (status == -ETIMEDOUT) {
        return MILL_STOPPED;
    }
    if (status == 0 && resumed == 0) {
        moves(worker, member, MILL_NO_DEADLINE); /* it goes on, before it is paused the next time */
    }
    return status < 0 ? status : resumed;
}

static int control(struct mill_worker *worker)
{
    switch (mill_random_below(&worker->random, KINDS)) {
    case 0:
        return pause_and_resume(worker);
    case 1:
        return broadcast(worker);
    default:
        return send(worker);
    }
}

/* ---- the check ---- */

static void check_member(const struct state *state, unsigned index, uint64_t broadcasts,
                         struct mill_check *check)
{
    const struct member *member = &state->members[index];
    struct mill_member_metrics metrics;
    mill_manager_metrics(state->manager, member->name, &metrics);
    if (member->broadcasts_heard + metrics.refused != broadcasts ||
        member->sends_heard != state->controllers[index].sent || metrics.unread > 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%s: %" PRIu64 " broadcasts, %" PRIu64 " heard and %" PRIu64 " refused; %" PRIu64
                         " messages sent, %" PRIu64 " heard; %" PRIu64 " unread",
                         member->name, broadcasts, member->broadcasts_heard, metrics.refused,
                         state->controllers[index].sent, member->sends_heard, metrics.unread);
    }
    uint64_t progress = atomic_load_explicit(&member->progress, memory_order_relaxed);
    if (metrics.state != MILL_MEMBER_STOPPED || metrics.tasks != progress) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%s: %s with %" PRIu64 " tasks, of which its metrics have %" PRIu64, member->name,
                         mill_member_state_name(metrics.state), progress, metrics.tasks);
    }
    if (member->disorder > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%s: %" PRIu64 " messages out of order or twice",
                         member->name, member->disorder);
    }
}

static void add_up(const struct state *state, struct controller *sum)
{
    for (unsigned i = 0; i < state->count; i++) {
        const struct controller *one = &state->controllers[i];
        sum->sent += one->sent;
        sum->broadcasts += one->broadcasts;
        sum->delivered += one->delivered;
        sum->refused += one->refused;
        sum->pauses += one->pauses;
        sum->pauses_ns += one->pauses_ns;
        sum->moved += one->moved;
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    char left[1][MILL_THREAD_NAME_MAX + 1];
    size_t running;
    if (mill_manager_shutdown(state->manager, 10 * MILL_NS_PER_S, left, 1, &running) < 0) {
        mill_check_found(check, MILL_DEADLOCK, "%zu threads do not end, one is %s", running, left[0]);
        return;
    }
    struct controller sum = {0};
    add_up(state, &sum);
    if (sum.moved > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "in %" PRIu64 " of %" PRIu64
                         " pauses the thread ran on while it was said to be paused",
                         sum.moved, sum.pauses);
    }
    for (unsigned i = 0; i < state->count; i++) {
        check_member(state, i, sum.broadcasts, check);
    }
    if (sum.sent + sum.broadcasts + sum.pauses != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " operations, but %" PRIu64 " sent, %" PRIu64 " broadcast, %" PRIu64
                         " pauses",
                         one->operations, sum.sent, sum.broadcasts, sum.pauses);
    }
    mill_check_measured(check, "pauses", "", (double)sum.pauses);
    mill_check_measured(check, "until paused", "ns",
                        sum.pauses > 0 ? (double)sum.pauses_ns / (double)sum.pauses : 0);
    mill_check_measured(check, "delivered", "", (double)sum.delivered);
    mill_check_measured(check, "refused", "", (double)sum.refused);
}

static void teardown(struct mill_case *one)
{
    close_state(one->state);
}

static const struct mill_role roles[] = {
    {.name = "controller",
     .summary = "sends to its managed thread, pauses it, broadcasts to all",
     .operation = control},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "asked",
     .findings = MILL_CORRUPTION,
     .min_threads = 1,
     .why =
         "a thread that has been asked to pause works on until its pause point, while it is thought to stand "
         "still"},
};

const struct mill_scenario mill_scenario_manager_pause = {
    .name = "manager-pause",
    .summary = "managed threads are sent to, broadcast to, paused and resumed",
    .family = &mill_pausing_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};

/* What the scenarios of the device share: a valve with a time of service, called in this process, behind HTTP
 * or behind HTTP in a process of its own, a sharing of it as the parameters say, and how old its answers are.
 *
 * A scenario's first parameters are these; its own follow from MILL_DEVICE_RIG_PARAMETERS on.
 *
 * Over `transport=http` the valve is a simulator of its own, on a free port of loopback; or, with TM_DEVICE
 * in the environment (http://HOST:PORT), which the child processes of the engines inherit, the one at that
 * address. A scenario that writes to a valve that is not its own refuses to, unless TM_DEVICE_ALLOW_MOTION is
 * 1: with another config it may move.
 *
 * Over `transport=process` it is a simulator of its own that `PROGRAM device serve` serves in another process
 * (device_process.h). PROGRAM is TM_DEVICE_PROGRAM of the environment; threadmill sets it to itself.
 */
#ifndef MILL_SCENARIOS_DEVICE_RIG_H
#define MILL_SCENARIOS_DEVICE_RIG_H

#include "device/sharing.h"
#include "device/simulator.h"
#include "device/staleness.h"
#include "harness/scenario.h"
#include "scenarios/device_process.h"

enum {
    MILL_DEVICE_RIG_TRANSPORT,
    MILL_DEVICE_RIG_SERVICE,
    MILL_DEVICE_RIG_QUIRKS,
    MILL_DEVICE_RIG_LOCK,
    MILL_DEVICE_RIG_REFRESH,
    MILL_DEVICE_RIG_CONNECTIONS,
    MILL_DEVICE_RIG_PARAMETERS,
};

enum { MILL_DEVICE_RIG_IN_PROCESS, MILL_DEVICE_RIG_HTTP, MILL_DEVICE_RIG_PROCESS };

extern const char *const mill_device_rig_transports[];
extern const char *const mill_device_rig_quirks[];
extern const char *const mill_device_rig_locks[];
#define MILL_DEVICE_RIG_PTHREAD 1 /* its place in the latter */

/* `where`: the transport when none is asked for. */
#define MILL_DEVICE_RIG_TRANSPORT_ROW(where)                              \
    [MILL_DEVICE_RIG_TRANSPORT] = {.name = "transport",                   \
                                   .summary = "where the valve is",       \
                                   .type = MILL_CHOICE,                   \
                                   .choices = mill_device_rig_transports, \
                                   .fallback = (where)}

#define MILL_DEVICE_RIG_PARAMETER_ROWS(where)                                                                \
    MILL_DEVICE_RIG_TRANSPORT_ROW(where),                                                                    \
        [MILL_DEVICE_RIG_SERVICE] = {.name = "service",                                                      \
                                     .summary = "how long the valve is busy with each request",              \
                                     .type = MILL_DURATION,                                                  \
                                     .maximum = MILL_NS_PER_S,                                               \
                                     .fallback = 3 * MILL_NS_PER_MS},                                        \
        [MILL_DEVICE_RIG_QUIRKS] = {.name = "quirks",                                                        \
                                    .summary = "what it does that a device need not do, such as its limits", \
                                    .type = MILL_CHOICE,                                                     \
                                    .choices = mill_device_rig_quirks,                                       \
                                    .fallback = 1},                                                          \
        [MILL_DEVICE_RIG_LOCK] = {.name = "lock",                                                            \
                                  .summary = "of the strategies that take one",                              \
                                  .type = MILL_CHOICE,                                                       \
                                  .choices = mill_device_rig_locks,                                          \
                                  .fallback = MILL_DEVICE_RIG_PTHREAD},                                      \
        [MILL_DEVICE_RIG_REFRESH] = {.name = "refresh",                                                      \
                                     .summary = "how often a copy is renewed",                               \
                                     .type = MILL_DURATION,                                                  \
                                     .minimum = 1000,                                                        \
                                     .maximum = MILL_SHARING_REFRESH_MAX,                                    \
                                     .fallback = MILL_SHARING_REFRESH_NS},                                   \
        [MILL_DEVICE_RIG_CONNECTIONS] = {.name = "connections",                                              \
                                         .summary = "that the pool has, and async opens at once",            \
                                         .type = MILL_INTEGER,                                               \
                                         .minimum = 1,                                                       \
                                         .maximum = MILL_SHARING_CONNECTIONS_MAX,                            \
                                         .fallback = MILL_SHARING_CONNECTIONS}

/* What a scenario does to the valve. */
enum mill_device_rig_use {
    MILL_DEVICE_RIG_READS,
    MILL_DEVICE_RIG_WRITES,
};

struct mill_device_rig {
    struct mill_sharing_plan plan;      /* with the model of this process, or none */
    struct mill_simulator *simulator;   /* or this one, or none */
    struct mill_device_process process; /* or this one, or none */
    struct mill_sharing *sharing;
    struct mill_staleness *staleness; /* of the threads */
    char host[256];
};

/* Why this case cannot run, or NULL: a constant text. */
const char *mill_device_rig_unsupported(const struct mill_case *one, enum mill_device_rig_use use);

/* The part of it that the valve's place says. */
const char *mill_device_rig_valve_unsupported(const struct mill_case *one, enum mill_device_rig_use use);

/* Is it the valve of TM_DEVICE, to which others may speak, too? */
bool mill_device_rig_is_elsewhere(const struct mill_case *one);

/* Does TM_DEVICE name one? Of scenarios that have no choice of transports. */
bool mill_device_rig_names_valve(void);

/* A valve alone, for scenarios that share it in ways of their own: rig->plan says how to reach it. `quirks`
 * as mill_quirks_parse takes them. 0 or a negative errno, and then nothing is open. */
int mill_device_rig_open_valve(struct mill_device_rig *rig, const struct mill_case *one, const char *quirks,
                               uint64_t service_ns);

/* Whom it names. 0; -EINVAL: it is not set, or is no address. */
int mill_device_rig_elsewhere(char *host, size_t size, unsigned *port);

/* Why the valve that it names cannot be used so, or NULL, also where it is not set: a constant text. */
const char *mill_device_rig_elsewhere_unsupported(enum mill_device_rig_use use);

/* How often, and how soon, these scenarios ask again. */
extern const struct mill_device_policy mill_device_rig_policy;

/* 0 or a negative errno, and then nothing is open. */
int mill_device_rig_open(struct mill_device_rig *rig, const struct mill_case *one);

/* The same; to a valve in this process by another table than its own (device_numbers.h). */
int mill_device_rig_open_by(struct mill_device_rig *rig, const struct mill_case *one,
                            const struct mill_transport_ops *transport);
void mill_device_rig_close(struct mill_device_rig *rig);

/* The scenarios' `interrupt`. It has nothing to wake; but a run with one ends although a thread still waits
 * in an operation. Under a lock that rewards its last holder one may wait for as long as the others go on:
 * who sleeps with the lock for the time of a request has it again before a waiter has woken. */
void mill_device_rig_interrupt(struct mill_case *one);

/* Is it a valve that answers everything? Behind HTTP one may be out of connections. */
static inline bool mill_device_rig_always_answers(const struct mill_device_rig *rig)
{
    return rig->plan.to.model != NULL;
}

/* The truth inside of the valve: its config, and how many POST configs took effect. False where nobody knows:
 * the valve is not ours, or that of another process does not answer. */
bool mill_device_rig_truth(const struct mill_device_rig *rig, struct mill_valve_config *live,
                           uint64_t *applied);

/* Does a strategy of the sharing family let others write amid a read-decide-write? */
bool mill_device_rig_is_not_atomic(const struct mill_strategy *strategy);

/* Three measures: the ages of all answers that were noted. */
void mill_device_rig_measure_ages(const struct mill_device_rig *rig, struct mill_check *check);

#endif

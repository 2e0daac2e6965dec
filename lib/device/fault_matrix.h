/* What the callers of a shared valve see when something goes wrong: one fault and one way of sharing, over
 * loopback, with some threads that read and write meanwhile. A cell of the matrix that `threadmill device
 * faults` prints.
 *
 *     struct mill_fault_cell cell;
 *     struct mill_error error;
 *     for (size_t i = 0; i < mill_fault_case_count; i++)
 *         status = mill_fault_cell_run(&mill_fault_cases[i], strategy, &plan, &cell, &error);
 *
 * Each cell has a simulator of its own on free ports. Every thread makes calls until the window is over, and
 * at least four: three reads, and one write of a config. Then the fault ends, and the sharing must find the
 * valve again. Blocking; any thread may call, and calls do not know of each other.
 */
#ifndef MILL_DEVICE_FAULT_MATRIX_H
#define MILL_DEVICE_FAULT_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/sharing.h"

#define MILL_FAULT_THREADS_MAX 64u
#define MILL_FAULT_WINDOW_MAX  (60 * MILL_NS_PER_S)

/* What goes wrong: one of these. */
struct mill_fault_case {
    const char *name;
    const char *summary;
    const char *faults;    /* for mill_faults_parse */
    uint64_t power_off_ns; /* amid the window, once */
    unsigned crawlers;     /* clients that keep a connection each, and never end their request */
};

extern const struct mill_fault_case mill_fault_cases[];
extern const size_t mill_fault_case_count;

/* The case of that name, or NULL. */
const struct mill_fault_case *mill_fault_case_find(const char *name);

struct mill_fault_plan {
    unsigned threads;    /* 1 to MILL_FAULT_THREADS_MAX */
    uint64_t window_ns;  /* up to MILL_FAULT_WINDOW_MAX */
    uint64_t refresh_ns; /* of copies */
    struct mill_device_policy policy;
    uint64_t seed;
};

/* Four callers, 200 ms, copies renewed every 50 ms; a try has 200 ms, and there are three more, 2 to 20 ms
 * apart. */
extern const struct mill_fault_plan mill_fault_plan_default;

/* How a call ended for its caller. */
enum mill_seen {
    MILL_SEEN_OK,         /* answered at the first try, or from a copy that is fresh */
    MILL_SEEN_RETRIED,    /* answered, after more than one try */
    MILL_SEEN_STALE,      /* a copy that is older than two refreshes, without a word about it */
    MILL_SEEN_TOLD_STALE, /* the last copy there was, and the failure of the refresh */
    MILL_SEEN_TIMEOUT,    /* these are failures, by their kind (client.h) */
    MILL_SEEN_CONNECTION,
    MILL_SEEN_API,
    MILL_SEEN_VALIDATION,
    MILL_SEEN_OTHER, /* a failure without a kind, or of one that cannot be: a mistake of the client's */
    MILL_SEEN_KINDS,
};

/* In a word or two: "ok", "told stale", … */
const char *mill_seen_name(enum mill_seen seen);

struct mill_fault_cell {
    uint64_t reads[MILL_SEEN_KINDS];
    uint64_t writes[MILL_SEEN_KINDS];
    uint64_t done;    /* writes that were reported done */
    uint64_t maybe;   /* writes that failed, and may have been done, as their callers were told */
    uint64_t applied; /* writes that the valve knows of */
    uint64_t slowest_ns;
    bool recovered; /* a question that was asked after the fault was answered */
    char why[256];  /* a failure that was seen, in its words; "" */
};

/* 0; -EINVAL (NULL, a number out of its bounds, faults that are none); -ENOTSUP (the strategy cannot share a
 * valve over HTTP), -ENOMEM, -EMFILE and what else starting a simulator and a sharing say; -EDEADLK: a caller
 * is still in a call after two minutes more than the window; its thread goes on, what it uses is not freed,
 * and the program should end. */
int mill_fault_cell_run(const struct mill_fault_case *what, const struct mill_sharing_ops *strategy,
                        const struct mill_fault_plan *plan, struct mill_fault_cell *cell,
                        struct mill_error *error);

/* What is wrong in a cell, whatever the fault was, or NULL: a failure without a name, writes done that nobody
 * was told of or told and not done, a valve that was not found again. A constant text. */
const char *mill_fault_cell_mistake(const struct mill_fault_cell *cell);

#endif

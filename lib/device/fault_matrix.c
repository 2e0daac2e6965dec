#include "device/fault_matrix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/cacheline.h"
#include "device/simulator.h"
#include "task/thread.h"

const struct mill_fault_case mill_fault_cases[] = {
    {"none", "nothing goes wrong", "", 0, 0},
    {"fixed", "each reply comes 20 ms late", "latency=fixed:20ms", 0, 0},
    {"normal", "each reply comes 20 ms late, give or take 10", "latency=normal:20ms:10ms", 0, 0},
    {"tail", "half of the replies come 5 ms late, a few by seconds", "latency=tail:5ms:0.7", 0, 0},
    {"drop", "one connection of five is closed without a reply", "drop=0.2", 0, 0},
    {"reset", "one connection of five is reset", "reset=0.2", 0, 0},
    {"half", "one reply of five ends in its middle", "half=0.2", 0, 0},
    {"garbage", "one reply of five is no HTTP, or no JSON", "garbage=0.2", 0, 0},
    {"stall", "one reply of ten stops in its middle for a second", "stall=0.1:1s", 0, 0},
    {"5xx", "one reply of ten begins a burst of three 503", "5xx=0.1:3", 0, 0},
    {"power", "the power is off for 50 ms", "", 50 * MILL_NS_PER_MS, 0},
    {"slow-loris", "seven of eight connections are kept by clients that never end their request", "", 0, 7},
};

const size_t mill_fault_case_count = sizeof mill_fault_cases / sizeof mill_fault_cases[0];

const struct mill_fault_case *mill_fault_case_find(const char *name)
{
    for (size_t i = 0; i < mill_fault_case_count; i++) {
        if (strcmp(name, mill_fault_cases[i].name) == 0) {
            return &mill_fault_cases[i];
        }
    }
    return NULL;
}

const struct mill_fault_plan mill_fault_plan_default = {
    .threads = 4,
    .window_ns = 200 * MILL_NS_PER_MS,
    .refresh_ns = 50 * MILL_NS_PER_MS,
    .policy = {.timeout_ns = 200 * (int64_t)MILL_NS_PER_MS,
               .retries = 3,
               .backoff_ns = 2 * MILL_NS_PER_MS,
               .backoff_max_ns = 20 * MILL_NS_PER_MS},
};

const char *mill_seen_name(enum mill_seen seen)
{
    static const char *const names[] = {
        [MILL_SEEN_OK] = "ok",           [MILL_SEEN_RETRIED] = "retried",
        [MILL_SEEN_STALE] = "stale",     [MILL_SEEN_TOLD_STALE] = "told stale",
        [MILL_SEEN_TIMEOUT] = "timeout", [MILL_SEEN_CONNECTION] = "connection",
        [MILL_SEEN_API] = "api",         [MILL_SEEN_VALIDATION] = "validation",
        [MILL_SEEN_OTHER] = "other",
    };
    return (unsigned)seen < sizeof names / sizeof names[0] ? names[seen] : "unknown";
}

/* A caller rests between two calls: one that reads copies would do nothing else. */
#define REST_NS     MILL_NS_PER_MS
#define READS_EACH  3u /* for one write */
#define PATIENCE_NS (120 * MILL_NS_PER_S)
#define RECOVERY_NS (60 * MILL_NS_PER_S)

/* ---- callers ---- */

struct caller {
    alignas(MILL_ISOLATION) const struct cell_run *run;
    struct mill_thread *thread;
    unsigned index;
    struct mill_fault_cell seen; /* its own part of the whole */
};

struct cell_run {
    const struct mill_fault_plan *plan;
    struct mill_simulator *simulator;
    struct mill_sharing *sharing;
    bool copies;
    uint64_t end_ns;
    struct caller callers[];
};

static enum mill_seen kind_of(const struct mill_device_failure *failure)
{
    switch (failure->kind) {
    case MILL_DEVICE_TIMEOUT:
        return MILL_SEEN_TIMEOUT;
    case MILL_DEVICE_CONNECTION:
        return MILL_SEEN_CONNECTION;
    case MILL_DEVICE_API:
        return MILL_SEEN_API;
    case MILL_DEVICE_VALIDATION:
        return MILL_SEEN_VALIDATION;
    default:
        return MILL_SEEN_OTHER;
    }
}

/* A failure counts as one only with words. */
static enum mill_seen failed(struct caller *caller, const struct mill_device_failure *failure)
{
    enum mill_seen kind = failure->message[0] != '\0' ? kind_of(failure) : MILL_SEEN_OTHER;
    if (caller->seen.why[0] == '\0') {
        memcpy(caller->seen.why, failure->message, sizeof caller->seen.why - 1);
    }
    return kind;
}

static void note_time(struct caller *caller, uint64_t from_ns)
{
    uint64_t took_ns = mill_now_ns() - from_ns;
    caller->seen.slowest_ns = took_ns > caller->seen.slowest_ns ? took_ns : caller->seen.slowest_ns;
}

static enum mill_seen read_once(struct caller *caller)
{
    const struct cell_run *run = caller->run;
    struct mill_device_failure failure = {.kind = MILL_DEVICE_NO_FAILURE};
    struct mill_valve_status status;
    struct mill_sharing_stamp stamp;
    uint64_t from_ns = mill_now_ns();
    int result = mill_sharing_get_status(run->sharing, caller->index, &status, &stamp, &failure);
    note_time(caller, from_ns);
    if (result < 0) {
        enum mill_seen kind = failed(caller, &failure);
        return run->copies && kind != MILL_SEEN_OTHER ? MILL_SEEN_TOLD_STALE : kind;
    }
    if (run->copies) {
        bool old = mill_now_ns() - stamp.asked_ns > 2 * run->plan->refresh_ns;
        return old ? MILL_SEEN_STALE : MILL_SEEN_OK;
    }
    return failure.tries > 1 ? MILL_SEEN_RETRIED : MILL_SEEN_OK;
}

static enum mill_seen write_once(struct caller *caller)
{
    struct mill_device_failure failure = {.kind = MILL_DEVICE_NO_FAILURE};
    const struct mill_valve_config change = {.fields = MILL_CONFIG_VISCOUS, .viscous = 0.25};
    uint64_t from_ns = mill_now_ns();
    int result = mill_sharing_update_config(caller->run->sharing, caller->index, &change, &failure);
    note_time(caller, from_ns);
    if (result < 0) {
        caller->seen.maybe += failure.maybe_done;
        return failed(caller, &failure);
    }
    caller->seen.done++;
    return failure.tries > 1 ? MILL_SEEN_RETRIED : MILL_SEEN_OK;
}

static void call(void *argument)
{
    struct caller *caller = argument;
    do {
        for (unsigned i = 0; i < READS_EACH; i++) {
            caller->seen.reads[read_once(caller)]++;
            mill_sleep_until(mill_now_ns() + REST_NS);
        }
        caller->seen.writes[write_once(caller)]++;
        mill_sleep_until(mill_now_ns() + REST_NS);
    } while (mill_now_ns() < caller->run->end_ns);
}

/* ---- clients that never end their request ---- */

static int crawl(unsigned port, int *fd)
{
    static const char begun[] = "GET /api/v1/status HTTP/1.1\r\nX-Slow: ";
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0 || connect(*fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        send(*fd, begun, sizeof begun - 1, MSG_NOSIGNAL) < 0) {
        return -errno;
    }
    return 0;
}

/* ---- a cell ---- */

static int open_run(struct cell_run *run, const struct mill_sharing_ops *strategy, struct mill_error *error)
{
    const struct mill_fault_plan *plan = run->plan;
    const struct mill_simulator_plan valve = {.quirks = MILL_QUIRKS_FIRMWARE, .seed = plan->seed};
    int status = mill_simulator_start(&valve, &run->simulator, error);
    if (status < 0) {
        return status;
    }
    const struct mill_sharing_plan sharing = {
        .transport = mill_transport_ops_find("http"),
        .to = {.host = "127.0.0.1", .port = mill_simulator_http_port(run->simulator)},
        .policy = plan->policy,
        .threads = plan->threads,
        .refresh_ns = plan->refresh_ns,
    };
    struct mill_device_failure failure;
    /* nothing is wrong yet; but on a machine that is busy the first answer may come too late for the policy
     */
    uint64_t end_ns = mill_now_ns() + RECOVERY_NS;
    do {
        status = mill_sharing_create(strategy, &sharing, &run->sharing, &failure);
    } while (status == -ETIMEDOUT && mill_now_ns() < end_ns);
    run->copies = strategy->promises & MILL_SHARING_CACHED;
    return status < 0 ? mill_error_set(error, status, "%s", failure.message) : 0;
}

static void close_run(struct cell_run *run)
{
    mill_sharing_destroy(run->sharing);
    mill_simulator_stop(run->simulator);
    free(run);
}

/* The callers call; amid it the power may go. */
static int let_call(struct cell_run *run, const struct mill_fault_case *what, struct mill_error *error)
{
    const struct mill_fault_plan *plan = run->plan;
    uint64_t from_ns = mill_now_ns();
    unsigned started = 0;
    int status = 0;
    run->end_ns = from_ns + plan->window_ns;
    while (status == 0 && started < plan->threads) {
        struct caller *caller = &run->callers[started];
        caller->run = run;
        caller->index = started;
        status = mill_thread_start(&caller->thread, "mill-caller", call, caller);
        started += status == 0;
    }
    if (status < 0) {
        mill_error_set(error, status, "no thread for a caller: %s", strerror(-status));
    } else if (what->power_off_ns > 0) {
        mill_sleep_until(from_ns + plan->window_ns / 3);
        mill_simulator_power_cycle(run->simulator, what->power_off_ns);
    }
    uint64_t patience_ns = plan->window_ns + PATIENCE_NS;
    for (unsigned i = 0; i < started; i++) {
        if (mill_thread_join(&run->callers[i].thread, (int64_t)patience_ns) < 0) {
            return mill_error_set(error, -EDEADLK, "a caller is still in its call after %llu s",
                                  (unsigned long long)(patience_ns / MILL_NS_PER_S));
        }
    }
    return status;
}

/* With the fault over, does a question that is asked from now on get an answer? */
static bool recovers(struct cell_run *run)
{
    struct mill_valve_status status;
    struct mill_sharing_stamp stamp;
    uint64_t over_ns = mill_now_ns();
    do {
        if (mill_sharing_get_status(run->sharing, 0, &status, &stamp, NULL) == 0 &&
            stamp.asked_ns >= over_ns) {
            return true;
        }
        mill_sleep_until(mill_now_ns() + REST_NS);
    } while (mill_now_ns() < over_ns + RECOVERY_NS);
    return false;
}

static void add_up(const struct cell_run *run, struct mill_fault_cell *cell)
{
    *cell = (struct mill_fault_cell){0};
    for (unsigned i = 0; i < run->plan->threads; i++) {
        const struct mill_fault_cell *own = &run->callers[i].seen;
        for (unsigned kind = 0; kind < MILL_SEEN_KINDS; kind++) {
            cell->reads[kind] += own->reads[kind];
            cell->writes[kind] += own->writes[kind];
        }
        cell->done += own->done;
        cell->maybe += own->maybe;
        cell->slowest_ns = own->slowest_ns > cell->slowest_ns ? own->slowest_ns : cell->slowest_ns;
        if (cell->why[0] == '\0') {
            memcpy(cell->why, own->why, sizeof cell->why);
        }
    }
}

static int run_under(struct cell_run *run, const struct mill_fault_case *what,
                     const struct mill_faults *faults, struct mill_fault_cell *cell, struct mill_error *error)
{
    int slow[8];
    unsigned crawling = 0;
    int status = 0;
    while (status == 0 && crawling < what->crawlers) {
        status = crawl(mill_simulator_http_port(run->simulator), &slow[crawling++]);
    }
    if (status < 0) {
        mill_error_set(error, status, "a slow client cannot connect: %s", strerror(-status));
    } else {
        mill_simulator_set_faults(run->simulator, faults);
        status = let_call(run, what, error);
        mill_simulator_set_faults(run->simulator, &(struct mill_faults){0});
    }
    while (crawling > 0) {
        if (slow[--crawling] >= 0) {
            close(slow[crawling]);
        }
    }
    if (status == 0) {
        add_up(run, cell);
        cell->recovered = recovers(run);
        cell->applied = mill_simulator_applied(run->simulator);
    }
    return status;
}

int mill_fault_cell_run(const struct mill_fault_case *what, const struct mill_sharing_ops *strategy,
                        const struct mill_fault_plan *plan, struct mill_fault_cell *cell,
                        struct mill_error *error)
{
    struct mill_faults faults;
    if (!what || !strategy || !plan || !cell || what->crawlers > 8) {
        return mill_error_set(error, -EINVAL, "faults: no case, strategy, plan or place for what was seen");
    }
    if (plan->threads == 0 || plan->threads > MILL_FAULT_THREADS_MAX ||
        plan->window_ns > MILL_FAULT_WINDOW_MAX) {
        return mill_error_set(error, -EINVAL, "faults: from 1 to %u threads, and at most a minute",
                              MILL_FAULT_THREADS_MAX);
    }
    int status = mill_faults_parse(what->faults, &faults, error);
    if (status < 0) {
        return status;
    }
    struct cell_run *run = mill_isolated_alloc(sizeof *run + plan->threads * sizeof run->callers[0]);
    if (!run) {
        return mill_error_set(error, -ENOMEM, "faults: no memory");
    }
    run->plan = plan;
    status = open_run(run, strategy, error);
    if (status == 0) {
        status = run_under(run, what, &faults, cell, error);
    }
    if (status != -EDEADLK) {
        close_run(run);
    }
    return status;
}

const char *mill_fault_cell_mistake(const struct mill_fault_cell *cell)
{
    if (cell->reads[MILL_SEEN_OTHER] + cell->writes[MILL_SEEN_OTHER] > 0) {
        return "a call failed, and its failure has no name";
    }
    if (cell->applied < cell->done) {
        return "a write was reported done, and the valve does not know of it";
    }
    if (cell->applied > cell->done + cell->maybe) {
        return "the valve did a write that was reported not done, or did one twice";
    }
    return cell->recovered ? NULL : "the fault was over, and the valve was not found again";
}

#include "scenarios/device_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sanitizer.h"
#include "device/quirks.h"
#include "scenarios/device_orders.h"
#include "sync/lock_list.h"

const char *const mill_device_rig_transports[] = {"in-process", "http", "process", NULL};

const char *const mill_device_rig_quirks[] = {"none", "firmware", NULL};

#define NAME(ident, name, peer) name,
const char *const mill_device_rig_locks[] = {MILL_LOCKS(NAME) NULL};

/* A valve that refuses is asked again, as its users' client does, but sooner: a sample is short. */
const struct mill_device_policy mill_device_rig_policy = {
    .timeout_ns = 5 * (int64_t)MILL_NS_PER_S,
    .retries = 10,
    .backoff_ns = MILL_NS_PER_MS,
    .backoff_max_ns = 100 * MILL_NS_PER_MS,
};

static const struct mill_sharing_ops *ops_of(const struct mill_case *one)
{
    return mill_sharing_ops_of(one->strategy);
}

static const struct mill_lock_ops *lock_of(const struct mill_case *one)
{
    return mill_lock_ops_find(mill_device_rig_locks[one->values[MILL_DEVICE_RIG_LOCK]]);
}

static bool is_over_http(const struct mill_case *one)
{
    return one->values[MILL_DEVICE_RIG_TRANSPORT] != MILL_DEVICE_RIG_IN_PROCESS;
}

/* ---- a valve that is not ours ---- */

/* "http://HOST:PORT", or with a '/' behind it. */
static bool read_address(const char *text, char *host, size_t size, unsigned *port)
{
    static const char scheme[] = "http://";
    char *end;
    if (strncmp(text, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    text += sizeof scheme - 1;
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || (size_t)(colon - text) >= size || colon[1] < '0' || colon[1] > '9') {
        return false;
    }
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (number == 0 || number > UINT16_MAX || strcmp(*end == '/' ? end + 1 : end, "") != 0) {
        return false;
    }
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    *port = (unsigned)number;
    return true;
}

bool mill_device_rig_names_valve(void)
{
    return getenv("TM_DEVICE") != NULL;
}

bool mill_device_rig_is_elsewhere(const struct mill_case *one)
{
    return one->values[MILL_DEVICE_RIG_TRANSPORT] == MILL_DEVICE_RIG_HTTP && mill_device_rig_names_valve();
}

int mill_device_rig_elsewhere(char *host, size_t size, unsigned *port)
{
    const char *address = getenv("TM_DEVICE");
    return address && read_address(address, host, size, port) ? 0 : -EINVAL;
}

const char *mill_device_rig_elsewhere_unsupported(enum mill_device_rig_use use)
{
    char host[sizeof((struct mill_device_rig *)0)->host];
    unsigned port;
    const char *address = getenv("TM_DEVICE");
    const char *allowed = getenv("TM_DEVICE_ALLOW_MOTION");
    if (!address) {
        return NULL;
    }
    if (!read_address(address, host, sizeof host, &port)) {
        return "TM_DEVICE is not of the form http://HOST:PORT";
    }
    if (use == MILL_DEVICE_RIG_WRITES && !(allowed && strcmp(allowed, "1") == 0)) {
        return "it writes to a valve that is not its own, which may move: give --allow-motion "
               "(TM_DEVICE_ALLOW_MOTION=1)";
    }
    return NULL;
}

/* ---- a valve in another process ---- */

static const char *program_unsupported(void)
{
    const char *program = getenv("TM_DEVICE_PROGRAM");
    if (!program) {
        return "no program serves a valve here: transport=process is for threadmill, or name it in "
               "TM_DEVICE_PROGRAM";
    }
    return access(program, X_OK) == 0 ? NULL : "the program of TM_DEVICE_PROGRAM cannot be executed";
}

/* ---- what can run ---- */

const char *mill_device_rig_valve_unsupported(const struct mill_case *one, enum mill_device_rig_use use)
{
    if (one->values[MILL_DEVICE_RIG_TRANSPORT] == MILL_DEVICE_RIG_PROCESS) {
        return program_unsupported();
    }
    return mill_device_rig_is_elsewhere(one) ? mill_device_rig_elsewhere_unsupported(use) : NULL;
}

static const char *lock_unsupported(const struct mill_case *one)
{
    const struct mill_strategy *lock = &lock_of(one)->about;
    unsigned promises = ops_of(one)->promises;
    if (!(promises & MILL_SHARING_LOCKS)) {
        return NULL;
    }
    if (lock->missing) {
        return lock->missing;
    }
    if ((lock->traits & MILL_ONE_THREAD) && (one->threads > 1 || (promises & MILL_SHARING_CACHED))) {
        return "lock=none is for one thread alone";
    }
    return mill_tool_blind(one->tool, lock);
}

const char *mill_device_rig_unsupported(const struct mill_case *one, enum mill_device_rig_use use)
{
    if (ops_of(one)->get_many && !is_over_http(one)) {
        return "there are no sockets to wait for: it is for transport=http or process";
    }
    bool shared_without_lock = ops_of(one)->about.traits & MILL_CONTROL;
    if (shared_without_lock && is_over_http(one)) {
        return "libcurl's handle breaks when threads share it: the control is for transport=in-process";
    }
    if (shared_without_lock && use == MILL_DEVICE_RIG_WRITES) {
        return "what one thread posts stands on its stack, where another's request may look for it later";
    }
    const char *why = lock_unsupported(one);
    return why ? why : mill_device_rig_valve_unsupported(one, use);
}

/* ---- open and close ---- */

static int start_simulator(struct mill_device_rig *rig, const struct mill_simulator_plan *plan)
{
    int status = mill_simulator_start(plan, &rig->simulator, NULL);
    if (status == 0) {
        rig->plan.to.host = "127.0.0.1";
        rig->plan.to.port = mill_simulator_http_port(rig->simulator);
    }
    return status;
}

static int start_process(struct mill_device_rig *rig, const struct mill_device_process_plan *plan)
{
    int status = mill_device_process_start(plan, &rig->process, NULL);
    if (status == 0) {
        rig->plan.to.host = "127.0.0.1";
        rig->plan.to.port = rig->process.port;
    }
    return status;
}

static int open_valve(struct mill_device_rig *rig, const struct mill_case *one, const char *quirks,
                      uint64_t service_ns)
{
    struct mill_transport_plan *to = &rig->plan.to;
    unsigned bits = MILL_QUIRKS_NONE;
    int status = mill_quirks_parse(quirks, &bits, NULL);
    rig->plan.transport = mill_transport_ops_find(is_over_http(one) ? "http" : "in-process");
    if (status < 0) {
        return status;
    }
    if (mill_device_rig_is_elsewhere(one)) {
        to->host = rig->host;
        return mill_device_rig_elsewhere(rig->host, sizeof rig->host, &to->port);
    }
    switch (one->values[MILL_DEVICE_RIG_TRANSPORT]) {
    case MILL_DEVICE_RIG_HTTP:
        return start_simulator(
            rig, &(struct mill_simulator_plan){.quirks = bits, .service_ns = service_ns, .seed = one->seed});
    case MILL_DEVICE_RIG_PROCESS:
        return start_process(rig, &(struct mill_device_process_plan){.program = getenv("TM_DEVICE_PROGRAM"),
                                                                     .quirks = quirks,
                                                                     .service_ns = service_ns,
                                                                     .seed = one->seed});
    default:
        return mill_model_create(
            &(struct mill_model_plan){.quirks = bits, .seed = one->seed, .service_ns = service_ns},
            &to->model);
    }
}

int mill_device_rig_open_valve(struct mill_device_rig *rig, const struct mill_case *one, const char *quirks,
                               uint64_t service_ns)
{
    *rig = (struct mill_device_rig){.plan.policy = mill_device_rig_policy};
    rig->plan.policy.seed = one->seed;
    return open_valve(rig, one, quirks, service_ns);
}

int mill_device_rig_open(struct mill_device_rig *rig, const struct mill_case *one)
{
    return mill_device_rig_open_by(rig, one, NULL);
}

int mill_device_rig_open_by(struct mill_device_rig *rig, const struct mill_case *one,
                            const struct mill_transport_ops *transport)
{
    *rig = (struct mill_device_rig){0};
    rig->plan = (struct mill_sharing_plan){
        .policy = mill_device_rig_policy,
        .lock = lock_of(one),
        .threads = one->threads,
        .connections = (unsigned)one->values[MILL_DEVICE_RIG_CONNECTIONS],
        .refresh_ns = (uint64_t)one->values[MILL_DEVICE_RIG_REFRESH],
    };
    rig->plan.policy.seed = one->seed;
    int status = open_valve(rig, one, mill_device_rig_quirks[one->values[MILL_DEVICE_RIG_QUIRKS]],
                            (uint64_t)one->values[MILL_DEVICE_RIG_SERVICE]);
    if (transport && !is_over_http(one)) {
        rig->plan.transport = transport;
    }
    if (status == 0) {
        status = mill_staleness_create(one->threads, &rig->staleness);
    }
    if (status == 0) {
        status = mill_sharing_create(ops_of(one), &rig->plan, &rig->sharing, NULL);
    }
    if (status < 0) {
        mill_device_rig_close(rig);
    }
    return status;
}

void mill_device_rig_close(struct mill_device_rig *rig)
{
    mill_sharing_destroy(rig->sharing);
    mill_staleness_destroy(rig->staleness);
    mill_model_destroy(rig->plan.to.model);
    mill_simulator_stop(rig->simulator);
    mill_device_process_stop(&rig->process);
}

void mill_device_rig_interrupt(struct mill_case *one)
{
    (void)one;
}

/* ---- what was seen ---- */

static bool ask_process(const struct mill_device_rig *rig, struct mill_valve_config *live, uint64_t *applied)
{
    struct mill_device_client *client;
    if (mill_device_client_create(rig->plan.transport, &rig->plan.to, &rig->plan.policy, &client, NULL) < 0) {
        return false;
    }
    int status = mill_device_get_config(client, live, NULL);
    mill_device_client_destroy(client);
    return status == 0 && mill_device_orders_applied(&rig->plan.to, applied) == 0;
}

bool mill_device_rig_truth(const struct mill_device_rig *rig, struct mill_valve_config *live,
                           uint64_t *applied)
{
    if (rig->plan.to.model) {
        mill_model_config(rig->plan.to.model, live);
        *applied = mill_model_applied(rig->plan.to.model);
        return true;
    }
    if (rig->simulator) {
        mill_simulator_config(rig->simulator, live);
        *applied = mill_simulator_applied(rig->simulator);
        return true;
    }
    return rig->process.id != 0 && ask_process(rig, live, applied);
}

bool mill_device_rig_is_not_atomic(const struct mill_strategy *strategy)
{
    return !(mill_sharing_ops_of(strategy)->promises & MILL_SHARING_ATOMIC);
}

void mill_device_rig_measure_ages(const struct mill_device_rig *rig, struct mill_check *check)
{
    struct mill_staleness_summary ages;
    mill_staleness_read(rig->staleness, &ages);
    if (ages.backwards > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%llu answers were there before the valve was asked for them",
                         (unsigned long long)ages.backwards);
    }
    mill_check_measured(check, "age p50", "ns", (double)ages.p50_ns);
    mill_check_measured(check, "age p99", "ns", (double)ages.p99_ns);
    mill_check_measured(check, "age max", "ns", (double)ages.max_ns);
}

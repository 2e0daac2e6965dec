#include "run_device.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/text.h"
#include "device/client.h"
#include "scenarios/device_orders.h"
#include "scenarios/device_rig.h"
#include "scenarios/list.h"

/* Which of its parameters says where the valve is; its count where none does. */
static unsigned transport_of(const struct mill_scenario *scenario)
{
    unsigned i = 0;
    while (i < scenario->parameter_count && strcmp(scenario->parameters[i].name, "transport") != 0) {
        i++;
    }
    return i;
}

static bool has_transport(const struct mill_scenario *scenario)
{
    return transport_of(scenario) < scenario->parameter_count;
}

int mill_run_device_check(const struct mill_scenario_list *list, const char *const *names, size_t count,
                          struct mill_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const struct mill_scenario *scenario = mill_scenario_find(list, names[i]);
        if (!scenario || has_transport(scenario)) {
            continue;
        }
        struct mill_text able = {0};
        for (size_t j = 0; j < list->count; j++) {
            if (has_transport(list->scenarios[j])) {
                mill_text_add(&able, "%s%s", able.text ? ", " : "", list->scenarios[j]->name);
            }
        }
        int status =
            mill_error_set(error, -EINVAL, "--device: '%s' speaks to no valve but its own; these can: %s",
                           scenario->name, able.text ? able.text : "none");
        mill_text_free(&able);
        return status;
    }
    return 0;
}

int mill_run_device_ask(const struct mill_device_target *target, struct mill_error *error)
{
    static const struct mill_device_policy policy = {.timeout_ns = 5 * (int64_t)MILL_NS_PER_S,
                                                     .retries = 2,
                                                     .backoff_ns = 100 * MILL_NS_PER_MS,
                                                     .backoff_max_ns = MILL_NS_PER_S};
    const struct mill_transport_plan plan = {.host = target->host, .port = target->port};
    struct mill_device_client *client;
    struct mill_device_failure failure;
    struct mill_valve_status answer;
    int status =
        mill_device_client_create(mill_transport_ops_find("http"), &plan, &policy, &client, &failure);
    if (status == 0) {
        status = mill_device_get_status(client, &answer, &failure);
        mill_device_client_destroy(client);
    }
    return status < 0
               ? mill_error_set(error, status, "--device: nothing was measured; %.800s", failure.message)
               : 0;
}

int mill_run_device_orders(const struct mill_device_target *target, const char *const *names, size_t count,
                           struct mill_error *error)
{
    const struct mill_transport_plan plan = {.host = target->host, .port = target->port};
    const char *name = mill_scenario_device_power_cycle.name;
    uint64_t applied;
    bool ordered = false;
    for (size_t i = 0; i < count; i++) {
        ordered = ordered || strcmp(names[i], name) == 0;
    }
    int status = ordered ? mill_device_orders_applied(&plan, &applied) : 0;
    if (status == -EOPNOTSUPP) {
        return mill_error_set(error, status,
                              "--device: nothing was measured; '%s' switches its valve off by POST "
                              "/simulator/power-cycle, which valve %s:%u, no simulated one, does not know",
                              name, target->host, target->port);
    }
    return status < 0 ? mill_error_set(error, status,
                                       "--device: nothing was measured; valve %s:%u does not take the orders "
                                       "of '%s': %s",
                                       target->host, target->port, name, strerror(-status))
                      : 0;
}

bool mill_run_device_serves(const struct mill_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct mill_cell *cell = &plan->cells[i];
        unsigned transport = transport_of(cell->scenario);
        if (!cell->unsupported && transport < cell->scenario->parameter_count &&
            cell->values[transport] == MILL_DEVICE_RIG_PROCESS) {
            return true;
        }
    }
    return false;
}

int mill_run_device_try_process(struct mill_error *error)
{
    const struct mill_device_process_plan plan = {.program = getenv("TM_DEVICE_PROGRAM"), .quirks = "none"};
    struct mill_device_process process;
    int status = mill_device_process_start(&plan, &process, error);
    if (status < 0) {
        return mill_error_set(error, status, "transport=process: nothing was measured; %s", error->message);
    }
    mill_device_process_stop(&process);
    return 0;
}

/* Only an address of one's own can be bound. */
static bool can_bind(const struct addrinfo *address)
{
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return false;
    }
    bool bound = bind(descriptor, address->ai_addr, address->ai_addrlen) == 0;
    close(descriptor);
    return bound;
}

bool mill_run_device_is_here(const struct mill_device_target *target)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    /* port 0, whichever is free */
    if (getaddrinfo(target->host, "0", &wanted, &addresses) != 0) {
        return false;
    }
    bool here = false;
    for (const struct addrinfo *address = addresses; address && !here; address = address->ai_next) {
        here = can_bind(address);
    }
    freeaddrinfo(addresses);
    return here;
}

void mill_run_device_name(json_t *result, const struct mill_device_target *target)
{
    static const char *const of_its_own[] = {"transport", "service", "quirks"};
    char address[sizeof target->host + 32];
    size_t index;
    json_t *cell;
    bool bracketed = strchr(target->host, ':') != NULL;
    snprintf(address, sizeof address, "http://%s%s%s:%u", bracketed ? "[" : "", target->host,
             bracketed ? "]" : "", target->port);
    json_array_foreach(json_object_get(result, "cells"), index, cell)
    {
        json_t *parameters = json_object_get(cell, "parameters");
        json_t *named = json_pack("{s:s}", "device", address);
        for (size_t i = 0; i < sizeof of_its_own / sizeof of_its_own[0]; i++) {
            json_object_del(parameters, of_its_own[i]);
        }
        /* first, as it says what the others are about */
        json_object_update(named, parameters);
        json_object_set_new(cell, "parameters", named);
    }
}

#include "device/client_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/timeout.h"
#include "device/client_retry.h"
#include "device/wire_read.h"

/* ---- made and unmade ---- */

static void name_place(struct mill_device_client *client, const struct mill_transport_plan *plan)
{
    if (plan->model) {
        snprintf(client->place, sizeof client->place, "valve in this process");
    } else {
        snprintf(client->place, sizeof client->place, "valve %.255s:%u", plan->host ? plan->host : "",
                 plan->port);
    }
}

int mill_device_client_create(const struct mill_transport_ops *ops, const struct mill_transport_plan *plan,
                              const struct mill_device_policy *policy, struct mill_device_client **client,
                              struct mill_device_failure *failure)
{
    if (!ops || !plan || !client) {
        return mill_client_invalid(failure, "client: no transport, no plan or no place for the result");
    }
    policy = policy ? policy : &mill_device_policy_default;
    int status = mill_device_policy_check(policy, failure);
    if (status < 0) {
        return status;
    }
    struct mill_device_client *made = malloc(sizeof *made);
    if (!made) {
        return mill_device_refuse(failure, MILL_DEVICE_CONNECTION, -ENOMEM, "client: no memory");
    }
    made->policy = *policy;
    made->policy.timeout_ns = policy->timeout_ns ? policy->timeout_ns : mill_device_policy_default.timeout_ns;
    mill_random_seed(&made->random, policy->seed ? policy->seed : mill_now_ns(),
                     policy->seed ? 0 : (uint64_t)(uintptr_t)made);
    name_place(made, plan);
    status = mill_transport_open(ops, plan, &made->transport, &made->error);
    if (status < 0) {
        mill_device_refuse(failure, status == -EINVAL ? MILL_DEVICE_VALIDATION : MILL_DEVICE_CONNECTION,
                           status, "%s", made->error.message);
        free(made);
        return status;
    }
    if (failure) {
        *failure = (struct mill_device_failure){.kind = MILL_DEVICE_NO_FAILURE};
    }
    *client = made;
    return 0;
}

void mill_device_client_destroy(struct mill_device_client *client)
{
    if (client) {
        mill_transport_close(client->transport);
        free(client);
    }
}

/* ---- asking, and asking again ---- */

static void wait_before(struct mill_device_client *client, unsigned retry)
{
    const struct mill_device_policy *policy = &client->policy;
    uint64_t ns = mill_device_backoff(policy, &client->random, retry);
    if (ns == 0) {
        return;
    }
    if (policy->sleep) {
        policy->sleep(policy->sleep_context, ns);
    } else {
        mill_sleep_until(mill_now_ns() + ns);
    }
}

static struct mill_device_try last_try(const struct mill_device_client *client, int status)
{
    return (struct mill_device_try){
        .place = client->place,
        .request = &client->request,
        .status = status,
        .reply = &client->reply,
        .error = &client->error,
    };
}

static int ask(struct mill_device_client *client, unsigned retries, struct mill_device_failure *failure)
{
    client->tries = 0;
    for (;;) {
        uint64_t deadline;
        int status = mill_deadline_after(client->policy.timeout_ns, &deadline);
        client->error.message[0] = '\0';
        if (status == 0) {
            status = mill_transport_exchange(client->transport, &client->request, deadline, &client->reply,
                                             &client->error);
        }
        client->tries++;
        struct mill_device_try ended = last_try(client, status);
        if (client->tries > retries || !mill_device_try_again(&ended)) {
            return mill_device_try_result(&ended, client->tries, failure);
        }
        wait_before(client, client->tries - 1);
    }
}

int mill_client_get(struct mill_device_client *client, const char *path, struct mill_device_failure *failure)
{
    if (!client) {
        return mill_client_invalid(failure, "client: none");
    }
    client->request = (struct mill_transport_request){.method = "GET", .path = path};
    return ask(client, client->policy.retries, failure);
}

int mill_client_post(struct mill_device_client *client, const char *path, const char *body,
                     struct mill_device_failure *failure)
{
    if (!client) {
        return mill_client_invalid(failure, "client: none");
    }
    client->request =
        (struct mill_transport_request){.method = "POST", .path = path, .body = body, .length = strlen(body)};
    return ask(client, client->policy.retries, failure);
}

int mill_client_read(const struct mill_device_client *client, int status, struct mill_device_failure *failure)
{
    if (status == 0) {
        return 0;
    }
    struct mill_device_try ended = last_try(client, 0);
    return mill_device_try_unread(&ended, client->tries, status, failure);
}

int mill_client_command(struct mill_device_client *client, const char *path, const char *body,
                        struct mill_device_failure *failure)
{
    int status = mill_client_post(client, path, body, failure);
    if (status < 0) {
        return status;
    }
    status = mill_read_ok(client->reply.body, client->reply.length, &client->error);
    return mill_client_read(client, status, failure);
}

int mill_client_invalid(struct mill_device_failure *failure, const char *words)
{
    return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL, "%s", words);
}

bool mill_device_ping(struct mill_device_client *client)
{
    struct mill_valve_status ignored;
    if (!client) {
        return false;
    }
    client->request = (struct mill_transport_request){.method = "GET", .path = MILL_WIRE_BASE "/status"};
    return ask(client, 0, NULL) == 0 &&
           mill_read_status(client->reply.body, client->reply.length, &ignored, &client->error) == 0;
}

/* A transport that answers with what a test wrote down, and keeps what it was asked. Included once by a test.
 *
 *     struct test_script script = {.answers = (struct test_reply[]){{.http = 503}, {.http = 200, .body =
 * "{}"}}, .count = 2}; struct mill_device_client *client = test_script_client(&script, &policy);
 *
 * Request number n gets answer n, and those behind the last get the last. Sleeps of the client's policy are
 * kept, too, and take no time.
 */
#ifndef MILL_DEVICE_TEST_SCRIPT_TRANSPORT_H
#define MILL_DEVICE_TEST_SCRIPT_TRANSPORT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/client.h"
#include "device/transport_strategy.h"

#define TEST_SCRIPT_SLEEPS 64u

struct test_reply {
    int http;
    const char *body;
    int status; /* a negative errno: no reply */
    bool unsent;
};

struct test_script {
    const struct test_reply *answers;
    size_t count;

    unsigned asked;
    char method[8]; /* of the last request, as are the next two */
    char path[64];
    char body[MILL_WIRE_REQUEST_MAX];
    unsigned slept;
    uint64_t sleeps[TEST_SCRIPT_SLEEPS];
};

static struct test_script *test_script_now; /* of the test that runs */

static int test_script_open(const struct mill_transport_plan *plan, struct mill_transport **transport,
                            struct mill_error *error)
{
    (void)plan;
    *transport = malloc(sizeof **transport);
    return *transport ? 0 : mill_error_set(error, -ENOMEM, "no memory");
}

static void test_script_close(struct mill_transport *transport)
{
    free(transport);
}

static int test_script_exchange(struct mill_transport *transport,
                                const struct mill_transport_request *request, uint64_t deadline,
                                struct mill_transport_reply *reply, struct mill_error *error)
{
    struct test_script *script = test_script_now;
    (void)transport;
    (void)deadline;
    const struct test_reply *answer =
        &script->answers[script->asked < script->count ? script->asked : script->count - 1];
    script->asked++;
    snprintf(script->method, sizeof script->method, "%s", request->method);
    snprintf(script->path, sizeof script->path, "%s", request->path);
    snprintf(script->body, sizeof script->body, "%.*s", (int)request->length,
             request->body ? request->body : "");
    reply->sent = !answer->unsent;
    if (answer->status < 0) {
        return mill_error_set(error, answer->status, "as the script says");
    }
    reply->status = answer->http;
    reply->length = strlen(answer->body ? answer->body : "");
    memcpy(reply->body, answer->body ? answer->body : "", reply->length + 1);
    return 0;
}

static const struct mill_transport_ops test_script_ops = {
    .about = {.name = "script", .summary = "what a test wrote down"},
    .open = test_script_open,
    .close = test_script_close,
    .exchange = test_script_exchange,
};

static void test_script_sleep(void *context, uint64_t ns)
{
    struct test_script *script = context;
    assert_true(script->slept < TEST_SCRIPT_SLEEPS);
    script->sleeps[script->slept++] = ns;
}

/* `policy` but for its sleep. 0 or what the client says. */
static int test_script_try_client(struct test_script *script, const struct mill_device_policy *policy,
                                  struct mill_device_client **client)
{
    struct mill_device_policy quick = *policy;
    quick.sleep = test_script_sleep;
    quick.sleep_context = script;
    test_script_now = script;
    struct mill_transport_plan plan = {.host = "valve", .port = 80};
    return mill_device_client_create(&test_script_ops, &plan, &quick, client, NULL);
}

/* unused: by a test that lets memory run out */
__attribute__((unused)) static struct mill_device_client *
test_script_client(struct test_script *script, const struct mill_device_policy *policy)
{
    struct mill_device_client *client;
    assert_int_equal(test_script_try_client(script, policy, &client), 0);
    return client;
}

#endif

#include "device/client_retry.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"

#define BACKOFF_MAX_NS (3600 * MILL_NS_PER_S)

_Static_assert(sizeof((struct mill_device_failure *)0)->message >= sizeof((struct mill_error *)0)->message,
               "every error fits");

const struct mill_device_policy mill_device_policy_default = {
    .timeout_ns = 5 * (int64_t)MILL_NS_PER_S,
    .retries = 10,
    .backoff_ns = 1 * MILL_NS_PER_S,
    .backoff_max_ns = 30 * MILL_NS_PER_S,
};

const char *mill_device_failure_name(enum mill_device_failure_kind kind)
{
    static const char *const names[] = {
        [MILL_DEVICE_NO_FAILURE] = "none",
        [MILL_DEVICE_CONNECTION] = "connection",
        [MILL_DEVICE_API] = "api",
        [MILL_DEVICE_VALIDATION] = "validation",
        [MILL_DEVICE_STREAM] = "stream",
        [MILL_DEVICE_TIMEOUT] = "timeout",
        [MILL_DEVICE_AUTHENTICATION] = "authentication",
    };
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

int mill_device_policy_check(const struct mill_device_policy *policy, struct mill_device_failure *failure)
{
    if (policy->timeout_ns < 0) {
        return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL, "policy: a negative timeout");
    }
    if (policy->backoff_ns > policy->backoff_max_ns || policy->backoff_max_ns > BACKOFF_MAX_NS) {
        return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL,
                                  "policy: a back-off from %llu to %llu ns; it does not begin over its "
                                  "maximum, and that is at most an hour",
                                  (unsigned long long)policy->backoff_ns,
                                  (unsigned long long)policy->backoff_max_ns);
    }
    return 0;
}

int mill_device_refuse(struct mill_device_failure *failure, enum mill_device_failure_kind kind, int status,
                       const char *format, ...)
{
    if (failure) {
        struct mill_error error;
        char message[sizeof error.message];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(message, sizeof message, format, arguments);
        va_end(arguments);
        *failure = (struct mill_device_failure){.kind = kind};
        memcpy(failure->message, message, strlen(message) + 1);
    }
    return status;
}

static bool is_post(const struct mill_device_try *ended)
{
    return strcmp(ended->request->method, "POST") == 0;
}

static bool is_passing(int http_status)
{
    return http_status == 429 || http_status == 500 || http_status == 502 || http_status == 503 ||
           http_status == 504;
}

bool mill_device_try_again(const struct mill_device_try *ended)
{
    switch (ended->status) {
    case 0:
        return is_passing(ended->reply->status);
    case -EINVAL:
    case -ENOMEM:
    case -EPROTO:
    case -ECANCELED:
        return false;
    default:
        return !ended->reply->sent || !is_post(ended);
    }
}

/* The start of the body, with a dot for what cannot be shown. */
static void copy_printable(char *to, size_t size, const struct mill_transport_reply *reply)
{
    size_t length = reply->length < size ? reply->length : size - 1;
    for (size_t i = 0; i < length; i++) {
        char c = reply->body[i];
        to[i] = c >= ' ' && c <= '~' ? c : '.';
    }
    to[length] = '\0';
}

static void tell(struct mill_device_failure *failure, const char *what)
{
    struct mill_error message;
    char tries[32] = "";
    if (failure->tries > 1) {
        snprintf(tries, sizeof tries, ", tried %u times", failure->tries);
    }
    mill_error_set(&message, 0, "%s%s%s", what, tries,
                   failure->maybe_done ? "; it may have been done all the same" : "");
    memcpy(failure->message, message.message, strlen(message.message) + 1);
}

/* No whole reply came: the transport has said where, what, and why. */
static int failed(const struct mill_device_try *ended, struct mill_device_failure *failure)
{
    failure->kind = ended->status == -ETIMEDOUT ? MILL_DEVICE_TIMEOUT
                    : ended->status == -EINVAL  ? MILL_DEVICE_VALIDATION
                                                : MILL_DEVICE_CONNECTION;
    failure->maybe_done = is_post(ended) && ended->reply->sent;
    tell(failure, ended->error->message);
    return ended->status;
}

static int answered(const struct mill_device_try *ended, struct mill_device_failure *failure)
{
    int http_status = ended->reply->status;
    bool key = http_status == 401 || http_status == 403;
    failure->status = http_status;
    copy_printable(failure->body, sizeof failure->body, ended->reply);
    if (http_status == 200) {
        return 0;
    }
    struct mill_error what;
    mill_error_set(&what, 0, "%s: %s %s: %d%s%s%s", ended->place, ended->request->method,
                   ended->request->path, http_status, key ? ": the key is not the device's" : "",
                   failure->body[0] != '\0' ? ": " : "", failure->body);
    failure->kind = key ? MILL_DEVICE_AUTHENTICATION : MILL_DEVICE_API;
    /* a gateway that had no answer does not know; the device itself says that it did not */
    failure->maybe_done = is_post(ended) && (http_status == 502 || http_status == 504);
    tell(failure, what.message);
    return key ? -EACCES : -EREMOTEIO;
}

int mill_device_try_result(const struct mill_device_try *ended, unsigned tries,
                           struct mill_device_failure *failure)
{
    struct mill_device_failure nobody;
    failure = failure ? failure : &nobody;
    *failure = (struct mill_device_failure){.tries = tries};
    return ended->status < 0 ? failed(ended, failure) : answered(ended, failure);
}

int mill_device_try_unread(const struct mill_device_try *ended, unsigned tries, int status,
                           struct mill_device_failure *failure)
{
    struct mill_device_failure nobody;
    failure = failure ? failure : &nobody;
    *failure = (struct mill_device_failure){
        .kind = status == -ENOMEM ? MILL_DEVICE_CONNECTION : MILL_DEVICE_VALIDATION,
        .status = ended->reply->status,
        .tries = tries,
        .maybe_done = is_post(ended),
    };
    copy_printable(failure->body, sizeof failure->body, ended->reply);
    struct mill_error what;
    mill_error_set(&what, 0, "%s: %s %s: %s", ended->place, ended->request->method, ended->request->path,
                   status == -ENOMEM ? "no memory to read the reply" : ended->error->message);
    tell(failure, what.message);
    return status == -ENOMEM ? -ENOMEM : -EBADMSG;
}

/* From half to the whole of backoff_ns · 2^retry, which stops at its maximum. */
uint64_t mill_device_backoff(const struct mill_device_policy *policy, struct mill_random *random,
                             unsigned retry)
{
    uint64_t most = policy->backoff_ns;
    for (unsigned i = 0; i < retry && most < policy->backoff_max_ns; i++) {
        most *= 2;
    }
    most = most < policy->backoff_max_ns ? most : policy->backoff_max_ns;
    return most - mill_random_below(random, most / 2 + 1);
}

#include "device/http_easy.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/timeout.h"
#include "device/transport_strategy.h"

/* ---- curl itself ---- */

/* Once in the process, and never undone: another part of the program may use curl, too. */
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_status;

static void start_curl(void)
{
    curl_status = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- reading a reply ---- */

static size_t take_head(char *line, size_t size, size_t count, void *context)
{
    struct mill_http *http = context;
    (void)size; /* 1, says curl */
    http->head_length += count;
    if (http->head_length > MILL_HTTP_HEAD_MAX) {
        http->refusal = "its head does not end";
        return 0;
    }
    if (count >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        http->head_ended = false; /* another one, behind a 100 */
    } else if (line[0] == '\r' || line[0] == '\n') {
        http->head_ended = true;
    }
    return count;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct mill_http *http = context;
    struct mill_transport_reply *reply = http->reply;
    (void)size; /* 1, says curl */
    if (count > MILL_WIRE_REPLY_MAX - reply->length) {
        http->refusal = "its reply is longer than any of the device's";
        return 0;
    }
    memcpy(reply->body + reply->length, data, count);
    reply->length += count;
    reply->body[reply->length] = '\0';
    return count;
}

/* ---- opening and closing ---- */

/* The first that fails decides; curl copies all texts but a body. */
#define SET(code, easy, option, value) ((code) = (code) ? (code) : curl_easy_setopt((easy), option, (value)))

static CURLcode set_always(struct mill_http *http)
{
    CURL *easy = http->easy;
    CURLcode code = CURLE_OK;
    SET(code, easy, CURLOPT_NOSIGNAL, 1L);
    SET(code, easy, CURLOPT_PROTOCOLS_STR, "http");
    SET(code, easy, CURLOPT_PROXY, "");
    SET(code, easy, CURLOPT_FOLLOWLOCATION, 0L);
    SET(code, easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(code, easy, CURLOPT_FRESH_CONNECT, 1L);
    SET(code, easy, CURLOPT_FORBID_REUSE, 1L);
    SET(code, easy, CURLOPT_MAXFILESIZE, (long)MILL_WIRE_REPLY_MAX);
    SET(code, easy, CURLOPT_ERRORBUFFER, http->said);
    SET(code, easy, CURLOPT_HEADERFUNCTION, take_head);
    SET(code, easy, CURLOPT_HEADERDATA, http);
    SET(code, easy, CURLOPT_WRITEFUNCTION, take_body);
    SET(code, easy, CURLOPT_WRITEDATA, http);
    SET(code, easy, CURLOPT_HTTPHEADER, http->headers);
    return code;
}

/* The host goes through curl's own check of its parts: what is no host does not become another one, or a
 * path. */
static CURLcode set_host(CURL *easy, const struct mill_transport_plan *plan)
{
    char host[256 + 2];
    char port[8];
    snprintf(port, sizeof port, "%u", plan->port);
    bool bare_v6 = strchr(plan->host, ':') != NULL && plan->host[0] != '[';
    snprintf(host, sizeof host, bare_v6 ? "[%s]" : "%s", plan->host);
    CURLU *parts = curl_url();
    char *url = NULL;
    CURLUcode code = parts ? curl_url_set(parts, CURLUPART_SCHEME, "http", 0) : CURLUE_OUT_OF_MEMORY;
    code = code ? code : curl_url_set(parts, CURLUPART_HOST, host, 0);
    code = code ? code : curl_url_set(parts, CURLUPART_PORT, port, 0);
    code = code ? code : curl_url_get(parts, CURLUPART_URL, &url, 0);
    CURLcode set = code == CURLUE_OK              ? curl_easy_setopt(easy, CURLOPT_URL, url)
                   : code == CURLUE_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY
                                                  : CURLE_URL_MALFORMAT;
    curl_free(url);
    curl_url_cleanup(parts);
    return set;
}

static bool add_header(struct mill_http *http, const char *line)
{
    struct curl_slist *longer = curl_slist_append(http->headers, line);
    http->headers = longer ? longer : http->headers;
    return longer != NULL;
}

static int check_plan(const struct mill_transport_plan *plan, struct mill_error *error)
{
    if (!plan->host || plan->host[0] == '\0' || strlen(plan->host) > 255) {
        return mill_error_set(error, -EINVAL, "valve: no host, or a name longer than 255 characters");
    }
    if (plan->port == 0 || plan->port > UINT16_MAX) {
        return mill_error_set(error, -EINVAL, "valve %s: port %u is not from 1 to 65535", plan->host,
                              plan->port);
    }
    if (!mill_transport_key_fits(plan->key) || (plan->key && strlen(plan->key) > 255)) {
        return mill_error_set(
            error, -EINVAL, "valve %s:%u: the key is empty, longer than 255 characters, or not all printable",
            plan->host, plan->port);
    }
    return 0;
}

int mill_http_open(struct mill_http *http, const struct mill_transport_plan *plan, struct mill_error *error)
{
    int status = check_plan(plan, error);
    if (status < 0) {
        return status;
    }
    *http = (struct mill_http){.easy = NULL};
    bool bare_v6 = strchr(plan->host, ':') != NULL && plan->host[0] != '[';
    snprintf(http->place, sizeof http->place, "valve %s%s%s:%u", bare_v6 ? "[" : "", plan->host,
             bare_v6 ? "]" : "", plan->port);
    char key[300];
    snprintf(key, sizeof key, "X-API-Key: %s", plan->key ? plan->key : MILL_WIRE_KEY);
    pthread_once(&curl_once, start_curl);
    if (curl_status == CURLE_OK) {
        http->easy = curl_easy_init();
    }
    /* nothing to wait for between head and body, and nothing after the reply */
    bool made = http->easy && add_header(http, key) && add_header(http, "Expect:") &&
                add_header(http, "Connection: close") && add_header(http, "Content-Type: application/json");
    CURLcode code = made ? set_always(http) : CURLE_OUT_OF_MEMORY;
    code = code ? code : set_host(http->easy, plan);
    if (code == CURLE_OK) {
        return 0;
    }
    mill_http_close(http);
    return code == CURLE_URL_MALFORMAT
               ? mill_error_set(error, -EINVAL, "valve: '%s' is no name of a host and no address", plan->host)
               : mill_error_set(error, -ENOMEM, "%s: no memory for a connection", http->place);
}

void mill_http_close(struct mill_http *http)
{
    curl_easy_cleanup(http->easy);
    curl_slist_free_all(http->headers);
    http->easy = NULL;
    http->headers = NULL;
}

/* ---- one request ---- */

/* Whole milliseconds, rounded up: curl's. 0 is without end there. */
static long timeout_ms(uint64_t deadline, uint64_t now)
{
    uint64_t left = deadline == MILL_NO_DEADLINE ? 0 : (deadline - now + MILL_NS_PER_MS - 1) / MILL_NS_PER_MS;
    return left > INT_MAX ? 0 : (long)left;
}

int mill_http_prepare(struct mill_http *http, const struct mill_transport_request *request, uint64_t deadline,
                      struct mill_transport_reply *reply, struct mill_error *error)
{
    uint64_t now = mill_now_ns();
    if (now >= deadline) {
        return mill_error_set(error, -ETIMEDOUT, "%s: %s %s: no time is left to send it", http->place,
                              request->method, request->path);
    }
    http->request = request;
    http->reply = reply;
    http->refusal = NULL;
    http->head_length = 0;
    http->head_ended = false;
    http->said[0] = '\0';
    CURL *easy = http->easy;
    CURLcode code = CURLE_OK;
    SET(code, easy, CURLOPT_TIMEOUT_MS, timeout_ms(deadline, now));
    SET(code, easy, CURLOPT_REQUEST_TARGET, request->path);
    if (strcmp(request->method, "POST") == 0) {
        SET(code, easy, CURLOPT_POST, 1L);
        SET(code, easy, CURLOPT_POSTFIELDSIZE, (long)request->length);
        SET(code, easy, CURLOPT_POSTFIELDS, request->length > 0 ? request->body : "");
    } else {
        SET(code, easy, CURLOPT_HTTPGET, 1L);
    }
    return code == CURLE_OK ? 0
                            : mill_error_set(error, -ENOMEM, "%s: %s %s: no memory to send it", http->place,
                                             request->method, request->path);
}

/* What curl's codes mean here; what is not among them is -EPROTO in curl's own words. */
static const struct outcome {
    CURLcode code;
    int status;
    const char *words;
} outcomes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, -ENOENT, "there is no host of that name"},
    {CURLE_COULDNT_CONNECT, -ECONNREFUSED, "it takes no connection: is it on, and is the port right?"},
    {CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT, "no whole reply came in time"},
    {CURLE_GOT_NOTHING, -EPIPE, "it closed the connection without a reply"},
    {CURLE_PARTIAL_FILE, -EPIPE, "it closed the connection before the end of its reply"},
    {CURLE_SEND_ERROR, -ECONNRESET, "the connection broke"},
    {CURLE_RECV_ERROR, -ECONNRESET, "the connection broke"},
    {CURLE_UNSUPPORTED_PROTOCOL, -EPROTO,
     "what answers does not speak HTTP: another service's port, or one for TLS?"},
    {CURLE_WEIRD_SERVER_REPLY, -EPROTO, "what answers does not speak HTTP"},
    {CURLE_FILESIZE_EXCEEDED, -EPROTO, "its reply is longer than any of the device's"},
    {CURLE_OUT_OF_MEMORY, -ENOMEM, "no memory for the reply, or a line of its head without end"},
};

static struct outcome outcome_of(const struct mill_http *http, CURLcode code, long os_error)
{
    if (code == CURLE_OK) { /* curl takes the end of the connection for the end of the head */
        code = CURLE_PARTIAL_FILE;
    }
    struct outcome found = {code, -EPROTO, "what came is no reply of a device"};
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (outcomes[i].code == code) {
            found = outcomes[i];
        }
    }
    if (http->refusal) {
        return (struct outcome){code, -EPROTO, http->refusal};
    }
    if (code == CURLE_COULDNT_CONNECT && os_error != 0 && os_error != ECONNREFUSED) {
        found.words = "there is no way to it";
        found.status = os_error == ECONNRESET  ? -ECONNRESET
                       : os_error == ETIMEDOUT ? -ETIMEDOUT
                                               : -EHOSTUNREACH;
    }
    /* the same code for a connection that broke; its errno may be that of the request before */
    if (code == CURLE_RECV_ERROR && strstr(http->said, "chunk")) {
        found = (struct outcome){code, -EPROTO, "its reply is no HTTP"};
    }
    return found;
}

int mill_http_outcome(struct mill_http *http, CURLcode code, struct mill_error *error)
{
    struct mill_transport_reply *reply = http->reply;
    long sent = 0;
    long os_error = 0;
    long status = 0;
    curl_easy_getinfo(http->easy, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &os_error);
    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    reply->sent = sent > 0;
    if (code == CURLE_OK && http->head_ended && status >= 200) {
        reply->status = (int)status;
        return 0;
    }
    struct outcome outcome = outcome_of(http, code, os_error);
    return mill_error_set(error, outcome.status, "%s: %s %s: %s%s%s%s", http->place, http->request->method,
                          http->request->path, outcome.words, http->said[0] != '\0' ? " (" : "", http->said,
                          http->said[0] != '\0' ? ")" : "");
}

#include "device/async_multi.h"

#include <errno.h>
#include <stdlib.h>

struct watch {
    uv_poll_t poll;
    struct mill_multi *multi;
    curl_socket_t socket;
};

static void act(struct mill_multi *multi, curl_socket_t socket, int events)
{
    int running;
    curl_multi_socket_action(multi->curl, socket, events, &running);
    multi->progress(multi->context);
}

/* ---- sockets ---- */

static void socket_is_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    int seen = status < 0 ? CURL_CSELECT_ERR : 0;
    seen |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    seen |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    act(watch->multi, watch->socket, seen);
}

static void free_watch(uv_handle_t *poll)
{
    free(poll->data);
}

static struct watch *watch_socket(struct mill_multi *multi, curl_socket_t socket)
{
    struct watch *watch = malloc(sizeof *watch);
    if (!watch) {
        return NULL;
    }
    *watch = (struct watch){.multi = multi, .socket = socket};
    watch->poll.data = watch;
    if (uv_poll_init_socket(multi->uv, &watch->poll, socket) < 0) {
        free(watch);
        return NULL;
    }
    curl_multi_assign(multi->curl, socket, watch);
    return watch;
}

/* Called by curl whenever it wants something else of a socket; `of_socket` is what was assigned to it.
 * Refusing here would end every request there is, so one that cannot be watched is told apart instead. */
static int socket_changes(CURL *easy, curl_socket_t socket, int what, void *context, void *of_socket)
{
    struct mill_multi *multi = context;
    struct watch *watch = of_socket;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            curl_multi_assign(multi->curl, socket, NULL);
            uv_poll_stop(&watch->poll);
            uv_close((uv_handle_t *)&watch->poll, free_watch);
        }
        return 0;
    }
    watch = watch ? watch : watch_socket(multi, socket);
    if (!watch) {
        multi->starved(multi->context, easy);
        return 0;
    }
    int events = 0;
    events |= what & CURL_POLL_IN ? UV_READABLE : 0;
    events |= what & CURL_POLL_OUT ? UV_WRITABLE : 0;
    if (uv_poll_start(&watch->poll, events, socket_is_ready) < 0) {
        multi->starved(multi->context, easy);
    }
    return 0;
}

/* ---- time ---- */

static void time_is_up(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int time_changes(CURLM *curl, long timeout_ms, void *context)
{
    struct mill_multi *multi = context;
    (void)curl;
    if (timeout_ms < 0) {
        uv_timer_stop(&multi->timer);
    } else {
        uv_update_time(multi->uv);
        uv_timer_start(&multi->timer, time_is_up, (uint64_t)timeout_ms, 0);
    }
    return 0;
}

/* ---- made and unmade ---- */

int mill_multi_open(struct mill_multi *multi)
{
    multi->curl = curl_multi_init();
    if (!multi->curl) {
        return -ENOMEM;
    }
    CURLMcode code = curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, socket_changes);
    code = code ? code : curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
    code = code ? code : curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, time_changes);
    code = code ? code : curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
    if (code) {
        curl_multi_cleanup(multi->curl);
        return -ENOMEM;
    }
    uv_timer_init(multi->uv, &multi->timer); /* always 0 */
    multi->timer.data = multi;
    return 0;
}

void mill_multi_close(struct mill_multi *multi)
{
    curl_multi_cleanup(multi->curl);
    uv_close((uv_handle_t *)&multi->timer, NULL);
}

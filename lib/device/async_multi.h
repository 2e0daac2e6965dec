/* curl's multi interface driven by a loop of libuv: the loop watches the sockets that curl names, and keeps
 * the time that curl asks for.
 *
 * All on the loop's thread. The struct does not move, and stays until the loop has run once more after the
 * close (libuv closes its handles then).
 */
#ifndef MILL_DEVICE_ASYNC_MULTI_H
#define MILL_DEVICE_ASYNC_MULTI_H

#include <curl/curl.h>
#include <uv.h>

struct mill_multi {
    CURLM *curl;
    uv_loop_t *uv;
    uv_timer_t timer;
    void (*progress)(void *context); /* called when requests may have ended */
    void (*starved)(void *context,
                    CURL *easy); /* no memory to watch the socket of that request: it will not go on */
    void *context;
};

/* `multi` has its uv, progress, starved and context. 0 or -ENOMEM. */
int mill_multi_open(struct mill_multi *multi);

/* No request is under way. */
void mill_multi_close(struct mill_multi *multi);

#endif

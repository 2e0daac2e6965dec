/* libuv's thread pool (uv_queue_work), a peer.
 *
 * Work is queued by the thread that owns an event loop, and told back through that loop. So each submitting
 * thread has a loop of its own (a lane), and its requests come back to it when it looks into the loop: once
 * they have run out, but not more often than once in REQUESTS submits. A task cannot submit: it runs in a
 * thread that owns no loop.
 *
 * The number of threads is the process's, set by UV_THREADPOOL_SIZE before the first use of the library's
 * pool: a second pool of another size is refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "core/thread_index.h"
#include "task/peer_pool.h"
#include "task/pool_list.h"

#define SIZE_VARIABLE "UV_THREADPOOL_SIZE"
#define LANES         1024 /* threads with a smaller number (core/thread_index.h) may submit */
#define REQUESTS      256

struct lane;

struct request {
    uv_work_t work;
    struct lane *lane;
    struct mill_task *task;
    struct request *next; /* that is free */
};

struct chunk {
    struct chunk *next;
    struct request requests[REQUESTS];
};

/* All of it belongs to the thread with the lane's number. */
struct lane {
    uv_loop_t loop;
    struct mill_pool *pool;
    struct request *free;
    struct chunk *chunks;
    unsigned since_look; /* submits */
};

struct libuv {
    struct mill_peer_pool peer;
    struct lane *lanes[LANES]; /* each written once, by its thread; read by the one that ends the pool */
};

static struct libuv *libuv_of(struct mill_pool *pool)
{
    return (struct libuv *)pool;
}

/* ---- in the library's threads, and in the lane's ---- */

static void run(uv_work_t *work)
{
    struct request *request = work->data;
    mill_peer_pool_run(request->lane->pool, request->task);
}

static void set_free(struct request *request)
{
    request->next = request->lane->free;
    request->lane->free = request;
}

static void has_run(uv_work_t *work, int status)
{
    (void)status;
    set_free(work->data);
}

/* ---- lanes ---- */

static int add_chunk(struct lane *lane)
{
    struct chunk *chunk = calloc(1, sizeof *chunk);
    if (!chunk) {
        return -ENOMEM;
    }
    chunk->next = lane->chunks;
    lane->chunks = chunk;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct request *request = &chunk->requests[i];
        request->work.data = request;
        request->lane = lane;
        set_free(request);
    }
    return 0;
}

/* NULL: no memory. */
static struct request *take_request(struct lane *lane)
{
    if (!lane->free && lane->since_look >= REQUESTS) {
        uv_run(&lane->loop, UV_RUN_NOWAIT);
        lane->since_look = 0;
    }
    if (!lane->free && add_chunk(lane) < 0) {
        return NULL;
    }
    struct request *request = lane->free;
    lane->free = request->next;
    lane->since_look++;
    return request;
}

static int open_lane(struct mill_pool *pool, struct lane **lane)
{
    struct lane *opened = calloc(1, sizeof *opened);
    if (!opened) {
        return -ENOMEM;
    }
    opened->pool = pool;
    int status = uv_loop_init(&opened->loop);
    if (status < 0) {
        free(opened);
        return status;
    }
    *lane = opened;
    return 0;
}

static void close_lane(struct lane *lane)
{
    uv_loop_close(&lane->loop);
    while (lane->chunks) {
        struct chunk *next = lane->chunks->next;
        free(lane->chunks);
        lane->chunks = next;
    }
    free(lane);
}

static int lane_here(struct libuv *libuv, struct lane **lane)
{
    int index = mill_thread_index();
    if (index < 0 || index >= LANES) {
        return index < 0 ? index : -EAGAIN;
    }
    int status = libuv->lanes[index] ? 0 : open_lane(&libuv->peer.pool, &libuv->lanes[index]);
    *lane = libuv->lanes[index];
    return status;
}

/* ---- the table ---- */

static int submit(struct mill_pool *pool, struct mill_task *task)
{
    struct libuv *libuv = libuv_of(pool);
    struct lane *lane = NULL;
    if (mill_peer_pool_closed(&libuv->peer)) {
        return -EPIPE;
    }
    int status = lane_here(libuv, &lane);
    if (status < 0) {
        return status;
    }
    struct request *request = take_request(lane);
    if (!request) {
        return -ENOMEM;
    }
    request->task = task;
    return uv_queue_work(&lane->loop, &request->work, run, has_run);
}

static void drain(struct mill_pool *pool)
{
    struct libuv *libuv = libuv_of(pool);
    for (size_t i = 0; i < LANES; i++) {
        if (libuv->lanes[i]) {
            uv_run(&libuv->lanes[i]->loop, UV_RUN_DEFAULT);
        }
    }
}

static int shut_down(struct mill_pool *pool, uint64_t deadline)
{
    (void)deadline;
    return mill_peer_pool_shutdown(pool, drain);
}

static void destroy(struct mill_pool *pool)
{
    struct libuv *libuv = libuv_of(pool);
    for (size_t i = 0; i < LANES; i++) {
        if (libuv->lanes[i]) {
            close_lane(libuv->lanes[i]);
        }
    }
    mill_peer_pool_close(&libuv->peer);
    free(libuv);
}

static int set_size(unsigned workers)
{
    char size[16];
    const char *before = getenv(SIZE_VARIABLE);
    snprintf(size, sizeof size, "%u", workers);
    if (before) {
        return strcmp(before, size) == 0 ? 0 : -ENOTSUP;
    }
    return setenv(SIZE_VARIABLE, size, 1) < 0 ? -ENOMEM : 0;
}

static int create(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                  struct mill_pool **pool)
{
    int status = set_size(options->workers);
    if (status < 0) {
        return status;
    }
    struct libuv *libuv = mill_isolated_alloc(sizeof *libuv);
    if (!libuv) {
        return -ENOMEM;
    }
    status = mill_peer_pool_open(&libuv->peer, ops, options);
    if (status < 0) {
        free(libuv);
        return status;
    }
    *pool = &libuv->peer.pool;
    return 0;
}

const struct mill_pool_ops mill_pool_libuv = {
    .about =
        {
            .name = "libuv",
            .summary = "libuv's pool: one queue under one mutex, told back through the submitter's loop",
            .source = "libuv " MILL_PEER_TEXT(UV_VERSION_MAJOR) "." MILL_PEER_TEXT(
                UV_VERSION_MINOR) "." MILL_PEER_TEXT(UV_VERSION_PATCH) ", uv_queue_work",
            .library = "libuv",
            .traits = MILL_PARKS | MILL_HIDES_ATOMICS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_POOL_NO_ASSIST | MILL_POOL_NO_NESTING | MILL_POOL_NO_TIMEOUT | MILL_POOL_LOOSE_SHUTDOWN |
             MILL_POOL_ALLOCATES,
    .create = create,
    .destroy = destroy,
    .submit = submit,
    .shutdown = shut_down,
};

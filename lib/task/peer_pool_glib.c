/* GLib's GThreadPool, a peer. Its threads are its own from the start (`exclusive`), so their number is what
 * was asked for. GLib ends the process when memory is out.
 */
#include <errno.h>
#include <stdlib.h>

#include "task/peer_pool.h"
#include "task/pool_list.h"

#if defined(MILL_HAVE_GLIB)
#include <glib.h>

struct glib {
    struct mill_peer_pool peer;
    GThreadPool *threads;
};

static struct glib *glib_of(struct mill_pool *pool)
{
    return (struct glib *)pool;
}

static void run(gpointer task, gpointer pool)
{
    mill_peer_pool_run(pool, task);
}

static void drain(struct mill_pool *pool)
{
    g_thread_pool_free(glib_of(pool)->threads, FALSE, TRUE);
}

static int shut_down(struct mill_pool *pool, uint64_t deadline)
{
    (void)deadline;
    return mill_peer_pool_shutdown(pool, drain);
}

static int submit(struct mill_pool *pool, struct mill_task *task)
{
    struct glib *glib = glib_of(pool);
    if (mill_peer_pool_closed(&glib->peer)) {
        return -EPIPE;
    }
    g_thread_pool_push(glib->threads, task, NULL);
    return 0;
}

static void destroy(struct mill_pool *pool)
{
    struct glib *glib = glib_of(pool);
    mill_peer_pool_close(&glib->peer);
    free(glib);
}

static int create(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                  struct mill_pool **pool)
{
    struct glib *glib = mill_isolated_alloc(sizeof *glib);
    if (!glib) {
        return -ENOMEM;
    }
    int status = mill_peer_pool_open(&glib->peer, ops, options);
    if (status < 0) {
        free(glib);
        return status;
    }
    GError *error = NULL;
    glib->threads = g_thread_pool_new(run, &glib->peer.pool, (gint)options->workers, TRUE, &error);
    if (error) {
        g_error_free(error);
        drain(&glib->peer.pool);
        destroy(&glib->peer.pool);
        return -EAGAIN;
    }
    *pool = &glib->peer.pool;
    return 0;
}

#define VERSION                        \
    MILL_PEER_TEXT(GLIB_MAJOR_VERSION) \
    "." MILL_PEER_TEXT(GLIB_MINOR_VERSION) "." MILL_PEER_TEXT(GLIB_MICRO_VERSION)
#define SOURCE "GLib " VERSION ", GThreadPool"
#else
#define SOURCE "GLib, GThreadPool"
#endif

const struct mill_pool_ops mill_pool_glib = {
    .about =
        {
            .name = "glib",
            .summary = "GLib's GThreadPool: one queue under one mutex",
            .source = SOURCE,
            .library = MILL_GLIB_LIBRARY,
            .missing = MILL_GLIB_MISSING,
            .traits = MILL_PARKS | MILL_GLIB_TRAITS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_POOL_NO_ASSIST | MILL_POOL_NO_TIMEOUT | MILL_POOL_LOOSE_SHUTDOWN | MILL_POOL_ALLOCATES,
    .create = MILL_GLIB(create),
    .destroy = MILL_GLIB(destroy),
    .submit = MILL_GLIB(submit),
    .shutdown = MILL_GLIB(shut_down),
};

/* The copy stands under a lock of its own, which each reader takes for as long as it copies: the guide's
 * CachedClient.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "device/sharing_cached.h"

struct locked {
    struct mill_cached cached;
    const struct mill_lock_ops *ops;
    struct mill_lock *lock; /* protects `answer` */
    alignas(MILL_ISOLATION) struct mill_cached_answer answer;
};

static void publish(struct mill_cached *cached, const struct mill_cached_answer *answer)
{
    struct locked *locked = (struct locked *)cached;
    struct mill_lock_context me;
    mill_lock_acquire(locked->ops, locked->lock, &me);
    locked->answer = *answer;
    mill_lock_release(locked->ops, locked->lock, &me);
}

static void destroy(struct mill_sharing *sharing)
{
    struct locked *locked = (struct locked *)sharing;
    mill_cached_close(&locked->cached);
    mill_lock_destroy(locked->ops, locked->lock);
    free(locked);
}

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    struct locked *made = mill_isolated_alloc(sizeof *made);
    int status = made ? mill_cached_open(&made->cached, plan, failure) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    struct mill_sharing_plan with_updater = *plan;
    with_updater.threads++;
    made->cached.publish = publish;
    made->ops = plan->lock;
    status = mill_sharing_create_lock(&with_updater, &made->lock, failure);
    if (status == 0) {
        status = mill_cached_start(&made->cached);
    }
    if (status < 0) {
        destroy(&made->cached.sharing);
        return status;
    }
    *sharing = &made->cached.sharing;
    return 0;
}

static int get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                      struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    struct locked *locked = (struct locked *)sharing;
    struct mill_lock_context me;
    (void)thread;
    mill_lock_acquire(locked->ops, locked->lock, &me);
    struct mill_cached_answer answer = locked->answer;
    mill_lock_release(locked->ops, locked->lock, &me);
    return mill_cached_tell(&locked->cached, &answer, status, stamp, failure);
}

const struct mill_sharing_ops mill_sharing_cached_mutex = {
    .about =
        {
            .name = "cached-mutex",
            .summary = "an updater asks at an interval; readers copy under a lock",
            .source = "guide 4: CachedClient",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .promises = MILL_CACHED_PROMISES,
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = mill_cached_update_config,
    .transact = mill_cached_transact,
};

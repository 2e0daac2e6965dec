/* Each thread has a copy of its own and renews it itself when it is older than the interval: no thread of its
 * own, nothing shared between readers but the client, and one read in an interval that waits for the device,
 * behind the others that do so. As many requests in an interval as there are threads that read.
 *
 * A refresh that fails is not tried again before an interval has passed, so that readers do not wait for a
 * device that does not answer more often than that.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "device/sharing_cached.h"

struct copy {
    alignas(MILL_ISOLATION) struct mill_cached_answer answer;
    uint64_t renew_ns; /* when it is to be renewed */
    struct mill_device_failure failure;
};

struct each {
    struct mill_cached cached; /* no updater */
    struct copy copies[];      /* of the threads */
};

static void destroy(struct mill_sharing *sharing)
{
    mill_cached_close((struct mill_cached *)sharing);
    free(sharing);
}

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    struct each *made = mill_isolated_alloc(sizeof *made + plan->threads * sizeof made->copies[0]);
    int status = made ? mill_cached_open(&made->cached, plan, failure) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    for (unsigned i = 0; i < plan->threads; i++) {
        made->copies[i].answer = made->cached.latest;
        made->copies[i].renew_ns = made->cached.latest.stamp.asked_ns + plan->refresh_ns;
    }
    *sharing = &made->cached.sharing;
    return 0;
}

static void renew(struct mill_cached *cached, struct copy *copy)
{
    struct mill_valve_status status;
    uint64_t from_ns;
    copy->answer.result =
        mill_guarded_client_ask(&cached->refresher, &status, &copy->answer.stamp, &copy->failure);
    if (copy->answer.result == 0) {
        copy->answer.status = status;
        from_ns = copy->answer.stamp.asked_ns;
    } else {
        from_ns = mill_now_ns();
    }
    copy->renew_ns = from_ns + cached->refresh_ns;
}

static int get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                      struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    struct each *each = (struct each *)sharing;
    struct copy *copy = &each->copies[thread];
    if (mill_now_ns() >= copy->renew_ns) {
        renew(&each->cached, copy);
    }
    *status = copy->answer.status;
    *stamp = copy->answer.stamp;
    if (copy->answer.result < 0 && failure) {
        *failure = copy->failure;
    }
    return copy->answer.result;
}

const struct mill_sharing_ops mill_sharing_cached_each = {
    .about =
        {
            .name = "cached-each",
            .summary = "each thread keeps a copy and asks itself when that is older than the interval",
            .source = "guide 4: CachedClient, one for each thread",
            .progress = MILL_BLOCKING,
        },
    .promises = MILL_CACHED_PROMISES | MILL_SHARING_EACH,
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = mill_cached_update_config,
    .transact = mill_cached_transact,
};

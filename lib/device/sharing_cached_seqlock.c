/* The copy stands behind a sequence lock (sync/seqlock.h): readers write nothing that is shared, so the lines
 * of the copy stay in the cache of every processor until the updater writes the next one. A reader that meets
 * the updater reads again.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "device/sharing_cached.h"
#include "sync/seqlock.h"

struct sequenced {
    struct mill_cached cached;
    alignas(MILL_ISOLATION) struct mill_seqlock lock;
    _Atomic(uint64_t) words[MILL_SEQLOCK_WORDS(sizeof(struct mill_cached_answer))];
};

static void publish(struct mill_cached *cached, const struct mill_cached_answer *answer)
{
    struct sequenced *sequenced = (struct sequenced *)cached;
    mill_seqlock_write(&sequenced->lock, sequenced->words, answer, sizeof *answer);
}

static void destroy(struct mill_sharing *sharing)
{
    mill_cached_close((struct mill_cached *)sharing);
    free(sharing);
}

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    struct sequenced *made = mill_isolated_alloc(sizeof *made);
    int status = made ? mill_cached_open(&made->cached, plan, failure) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    made->cached.publish = publish;
    status = mill_cached_start(&made->cached);
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
    struct sequenced *sequenced = (struct sequenced *)sharing;
    struct mill_cached_answer answer;
    (void)thread;
    mill_seqlock_read(&sequenced->lock, sequenced->words, &answer, sizeof answer);
    return mill_cached_tell(&sequenced->cached, &answer, status, stamp, failure);
}

const struct mill_sharing_ops mill_sharing_cached_seqlock = {
    .about =
        {
            .name = "cached-seqlock",
            .summary = "an updater asks at an interval; readers copy, and again if it wrote meanwhile",
            .source = "Boehm, Can Seqlocks Get Along with Programming Language Memory Models?, 2012",
            .traits = MILL_SPINS,
            .progress = MILL_BLOCKING,
        },
    .promises = MILL_CACHED_PROMISES,
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = mill_cached_update_config,
    .transact = mill_cached_transact,
};

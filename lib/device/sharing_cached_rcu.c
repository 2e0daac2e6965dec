/* Read, copy, update (McKenney and Slingwine 1998): each answer is an object of its own that never changes;
 * the updater publishes the next by one store of a pointer, and uses an old one again when every reader that
 * may have found it has left. That moment is told by the epochs of queue/epoch.h, whose reader side is a
 * store to a line of the thread's own and no fence that the processor sees: readers write nothing that is
 * shared, never wait, and never read twice. A library of its own (liburcu) would want each thread registered.
 *
 * The updater alone publishes, retires and reuses, so the free objects need no lock. Where a reader has lost
 * its processor amid a copy, no object comes back until it goes on, and the updater makes more; where there
 * is no memory for that, the refresh is not published, and readers see the age of the one before.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "device/sharing_cached.h"
#include "queue/epoch.h"

struct node {
    struct mill_retired retired; /* first: its address is the node's */
    struct mill_cached_answer answer;
};

/* One is published, two wait for their epochs, one is filled in. */
#define NODES_AT_START 4

struct copied {
    struct mill_cached cached;
    struct mill_retired *free_nodes; /* whoever publishes */
    struct mill_epochs epochs;
    alignas(MILL_ISOLATION) _Atomic(struct node *) current;
};

static void give_back(void *context, struct mill_retired *chain)
{
    struct copied *copied = context;
    while (chain) {
        struct mill_retired *next = chain->next;
        chain->next = copied->free_nodes;
        copied->free_nodes = chain;
        chain = next;
    }
}

static struct node *take_node(struct copied *copied)
{
    struct mill_retired *first = copied->free_nodes;
    if (!first) {
        return mill_isolated_alloc(sizeof(struct node));
    }
    copied->free_nodes = first->next;
    return (struct node *)first;
}

static void publish(struct mill_cached *cached, const struct mill_cached_answer *answer)
{
    struct copied *copied = (struct copied *)cached;
    struct node *node = take_node(copied);
    if (!node) {
        return;
    }
    node->answer = *answer;
    /* release: whoever finds the node finds it filled in; pairs with the acquire in get_status. The old one
     * is found by nobody any more who enters later than the epochs' fence. */
    struct node *before = atomic_exchange_explicit(&copied->current, node, memory_order_release);
    if (before) {
        struct mill_epoch_seat *seat = mill_epochs_enter(&copied->epochs);
        mill_epoch_retire(&copied->epochs, seat, &before->retired);
        mill_epochs_leave(&copied->epochs, seat);
    }
}

static void free_nodes(struct copied *copied)
{
    while (copied->free_nodes) {
        struct mill_retired *next = copied->free_nodes->next;
        free(copied->free_nodes);
        copied->free_nodes = next;
    }
}

static void destroy(struct mill_sharing *sharing)
{
    struct copied *copied = (struct copied *)sharing;
    mill_cached_close(&copied->cached);
    mill_epochs_close(&copied->epochs);
    free(atomic_load_explicit(&copied->current, memory_order_relaxed)); /* nobody else is left */
    free_nodes(copied);
    free(copied);
}

static int make_nodes(struct copied *copied)
{
    for (unsigned i = 0; i < NODES_AT_START; i++) {
        struct node *node = mill_isolated_alloc(sizeof *node);
        if (!node) {
            return -ENOMEM;
        }
        node->retired.next = copied->free_nodes;
        copied->free_nodes = &node->retired;
    }
    return 0;
}

static int create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure)
{
    struct copied *made = mill_isolated_alloc(sizeof *made);
    /* each object is tried for at once: one comes in an interval, and the price is some microseconds */
    const struct mill_retired_options options = {.free = give_back, .context = made, .batch = 1};
    int status = made ? mill_epochs_open(&made->epochs, &options) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    status = mill_cached_open(&made->cached, plan, failure);
    if (status < 0) {
        mill_epochs_close(&made->epochs);
        free(made);
        return status;
    }
    made->cached.publish = publish;
    mill_fence_open();
    status = make_nodes(made);
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
    struct copied *copied = (struct copied *)sharing;
    (void)thread;
    struct mill_epoch_seat *seat = mill_epochs_enter(&copied->epochs);
    /* acquire: pairs with the release in publish */
    const struct node *node = atomic_load_explicit(&copied->current, memory_order_acquire);
    int result = node->answer.result;
    *status = node->answer.status;
    *stamp = node->answer.stamp;
    mill_epochs_leave(&copied->epochs, seat);
    return result == 0 ? 0 : mill_cached_tell_failure(&copied->cached, result, failure);
}

const struct mill_sharing_ops mill_sharing_cached_rcu = {
    .about =
        {
            .name = "cached-rcu",
            .summary = "an updater asks at an interval and publishes a new copy; readers follow a pointer",
            .source = "McKenney and Slingwine, Read-Copy Update, 1998; epochs: Fraser 2004",
            .progress = MILL_WAIT_FREE,
        },
    .promises = MILL_CACHED_PROMISES,
    .create = create,
    .destroy = destroy,
    .get_status = get_status,
    .update_config = mill_cached_update_config,
    .transact = mill_cached_transact,
};

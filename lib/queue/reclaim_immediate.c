/* Frees at once, without a thought for who looks: the use after free that all others are there to prevent,
 * kept on purpose.
 */
#include <errno.h>
#include <stdlib.h>

#include "queue/reclaim_list.h"

struct mill_reclaim {
    struct mill_retired_options options;
};

static int create(const struct mill_retired_options *options, struct mill_reclaim **domain)
{
    if (!options->free) {
        return -EINVAL;
    }
    *domain = malloc(sizeof **domain);
    if (!*domain) {
        return -ENOMEM;
    }
    (*domain)->options = *options;
    return 0;
}

static void destroy(struct mill_reclaim *domain)
{
    free(domain);
}

static void *enter(struct mill_reclaim *domain)
{
    return domain;
}

static void retire(struct mill_reclaim *domain, void *seat, struct mill_retired *object)
{
    (void)seat;
    object->next = NULL;
    domain->options.free(domain->options.context, object);
}

/* Nothing waits to be freed, and nothing is to be left. */
static void nothing(struct mill_reclaim *domain, void *seat)
{
    (void)domain;
    (void)seat;
}

const struct mill_reclaim_ops mill_reclaim_immediate = {
    .about =
        {
            .name = "immediate",
            .summary = "frees at once: readers use what was freed",
            .source = "the mistake itself",
            .traits = MILL_CONTROL,
            .progress = MILL_WAIT_FREE,
        },
    .create = create,
    .destroy = destroy,
    .enter = enter,
    .acquire = mill_reclaim_load,
    .retire = retire,
    .collect = nothing,
    .leave = nothing,
};

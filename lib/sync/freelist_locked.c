/* A plain stack of indices under a mutex: the yardstick. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/freelist_list.h"

struct mill_freelist {
    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* protects `free` and `stack` */
    int32_t free;                                  /* nodes in the list: stack[0 … free-1] */
    alignas(MILL_ISOLATION) int32_t stack[];
};

static int create(int32_t nodes, struct mill_freelist **list)
{
    if (nodes < 1) {
        return -EINVAL;
    }
    struct mill_freelist *made = mill_isolated_alloc(sizeof *made + (size_t)nodes * sizeof made->stack[0]);
    if (!made) {
        return -ENOMEM;
    }
    int status = pthread_mutex_init(&made->mutex, NULL);
    if (status != 0) {
        free(made);
        return -status;
    }
    made->free = nodes;
    for (int32_t node = 0; node < nodes; node++) {
        made->stack[node] = nodes - 1 - node; /* node 0 comes first, as in the other strategies */
    }
    *list = made;
    return 0;
}

static void destroy(struct mill_freelist *list)
{
    if (list) {
        pthread_mutex_destroy(&list->mutex);
    }
    free(list);
}

static int32_t take(struct mill_freelist *list)
{
    pthread_mutex_lock(&list->mutex);
    int32_t node = list->free > 0 ? list->stack[--list->free] : MILL_FREELIST_EMPTY;
    pthread_mutex_unlock(&list->mutex);
    return node;
}

static void give(struct mill_freelist *list, int32_t node)
{
    pthread_mutex_lock(&list->mutex);
    list->stack[list->free++] = node;
    pthread_mutex_unlock(&list->mutex);
}

const struct mill_freelist_ops mill_freelist_locked = {
    .about =
        {
            .name = "locked",
            .summary = "a plain stack under a mutex",
            .source = "threadmill",
            .progress = MILL_BLOCKING,
            .traits = MILL_PARKS,
        },
    .create = create,
    .destroy = destroy,
    .take = take,
    .give = give,
};

/* The guide's cure: an external lock around the look and the act. */
#include <pthread.h>

#include "sync/claim_list.h"

struct flag {
    struct mill_claim claim;
    pthread_mutex_t mutex; /* protects `busy` */
    bool busy;
};

static int open(struct mill_claim *claim)
{
    return -pthread_mutex_init(&((struct flag *)claim)->mutex, NULL);
}

static void close(struct mill_claim *claim)
{
    pthread_mutex_destroy(&((struct flag *)claim)->mutex);
}

/* Sets the flag and says what it was: for a try that finds it raised that changes nothing. */
static bool change(struct mill_claim *claim, bool busy)
{
    struct flag *flag = (struct flag *)claim;
    pthread_mutex_lock(&flag->mutex);
    bool before = flag->busy;
    flag->busy = busy;
    pthread_mutex_unlock(&flag->mutex);
    return before;
}

static bool try(struct mill_claim *claim)
{
    return !change(claim, true);
}

static void release(struct mill_claim *claim)
{
    change(claim, false);
}

const struct mill_claim_ops mill_claim_locked = {
    .about =
        {
            .name = "locked",
            .summary = "a plain flag under a mutex",
            .source = "threadmill",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct flag),
        },
    .open = open,
    .close = close,
    .try = try,
    .release = release,
};

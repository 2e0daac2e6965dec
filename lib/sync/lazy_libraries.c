/* The once flags of POSIX, of C11 and of nsync, a flag for each object. The routine of the first two is given
 * no argument: what it is to build waits for it in the thread that asks, which is the one that runs it.
 */
#include <threads.h>

#include "core/peer.h"
#include "sync/lazy_list.h"

#if defined(MILL_HAVE_NSYNC)
#include <nsync_once.h>
#endif

/* What the running thread has asked for. */
static _Thread_local struct task {
    struct mill_lazy *lazy;
    size_t cell;
} asked;

static void build_what_was_asked_for(void)
{
    mill_lazy_build_now(asked.lazy, asked.cell);
}

static void *get_by_pthread_once(struct mill_lazy *lazy, size_t index)
{
    asked = (struct task){lazy, index};
    pthread_once((pthread_once_t *)mill_lazy_cell(lazy, index), build_what_was_asked_for);
    return mill_lazy_object(lazy, index);
}

static void *get_by_call_once(struct mill_lazy *lazy, size_t index)
{
    asked = (struct task){lazy, index};
    call_once((once_flag *)mill_lazy_cell(lazy, index), build_what_was_asked_for);
    return mill_lazy_object(lazy, index);
}

const struct mill_lazy_ops mill_lazy_pthread_once = {
    .about =
        {
            .name = "pthread-once",
            .summary = "pthread_once for each object",
            .source = MILL_LIBC_SOURCE ", pthread_once",
            .algorithm = "once",
            .library = MILL_LIBC_LIBRARY,
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(pthread_once_t),
        },
    .get = get_by_pthread_once,
};

/* ThreadSanitizer knows pthread_once, and not call_once. */
const struct mill_lazy_ops mill_lazy_call_once = {
    .about =
        {
            .name = "call-once",
            .summary = "C11's call_once for each object",
            .source = MILL_LIBC_SOURCE ", call_once",
            .algorithm = "once",
            .library = MILL_LIBC_LIBRARY,
            .traits = MILL_PARKS | MILL_HIDES_ATOMICS,
            .progress = MILL_BLOCKING,
            .size = sizeof(once_flag),
        },
    .get = get_by_call_once,
};

#if defined(MILL_HAVE_NSYNC)
static void build_it(void *argument)
{
    const struct task *task = argument;
    mill_lazy_build_now(task->lazy, task->cell);
}

static void *get_by_nsync(struct mill_lazy *lazy, size_t index)
{
    struct task task = {lazy, index};
    nsync_run_once_arg((nsync_once *)mill_lazy_cell(lazy, index), build_it, &task);
    return mill_lazy_object(lazy, index);
}
#endif

const struct mill_lazy_ops mill_lazy_nsync_once = {
    .about =
        {
            .name = "nsync-once",
            .summary = "nsync's once for each object",
            .source = "nsync (Google 2016), nsync_once",
            .algorithm = "once",
            .library = MILL_NSYNC_LIBRARY,
            .missing = MILL_NSYNC_MISSING,
            .traits = MILL_PARKS | MILL_NSYNC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_NSYNC(sizeof(nsync_once)),
        },
    .get = MILL_NSYNC(get_by_nsync),
};

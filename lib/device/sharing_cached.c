#include "device/sharing_cached.h"

#include <errno.h>

static int open_clients(struct mill_cached *cached, const struct mill_sharing_plan *plan,
                        struct mill_device_failure *failure)
{
    struct mill_sharing_plan once = *plan;
    once.policy.retries = 0;
    int status = mill_guarded_client_open(&cached->writer, plan, failure);
    if (status == 0) {
        status = mill_guarded_client_open(&cached->refresher, &once, failure);
        if (status < 0) {
            mill_guarded_client_close(&cached->writer);
        }
    }
    return status;
}

int mill_cached_open(struct mill_cached *cached, const struct mill_sharing_plan *plan,
                     struct mill_device_failure *failure)
{
    struct mill_cached_answer *latest = &cached->latest;
    cached->refresh_ns = plan->refresh_ns;
    int status = -pthread_mutex_init(&cached->mutex, NULL);
    if (status < 0) {
        return status;
    }
    status = open_clients(cached, plan, failure);
    if (status < 0) {
        pthread_mutex_destroy(&cached->mutex);
        return status;
    }
    /* the first is tried again as the policy says: nothing is there to fall back on */
    status = mill_guarded_client_ask(&cached->writer, &latest->status, &latest->stamp, failure);
    if (status < 0) {
        mill_cached_close(cached);
    }
    return status;
}

/* ---- the updater ---- */

static void refresh(struct mill_cached *cached)
{
    struct mill_cached_answer *latest = &cached->latest;
    struct mill_valve_status status;
    struct mill_device_failure failure;
    latest->result = mill_guarded_client_ask(&cached->refresher, &status, &latest->stamp, &failure);
    if (latest->result == 0) {
        latest->status = status;
    } else {
        pthread_mutex_lock(&cached->mutex);
        cached->failure = failure;
        pthread_mutex_unlock(&cached->mutex);
    }
    cached->publish(cached, latest);
}

/* The first deadline of the row that has not passed. */
static uint64_t next_deadline(uint64_t deadline, uint64_t interval_ns)
{
    uint64_t now = mill_now_ns();
    deadline += interval_ns;
    return deadline > now ? deadline : deadline + (now - deadline) / interval_ns * interval_ns + interval_ns;
}

static void update(void *argument)
{
    struct mill_cached *cached = argument;
    uint64_t deadline = next_deadline(cached->latest.stamp.asked_ns, cached->refresh_ns);
    while (mill_stop_wait_until(&cached->stop, deadline) == -ETIMEDOUT) {
        refresh(cached);
        deadline = next_deadline(deadline, cached->refresh_ns);
    }
}

int mill_cached_start(struct mill_cached *cached)
{
    cached->publish(cached, &cached->latest);
    return mill_thread_start(&cached->updater, "mill-updater", update, cached);
}

void mill_cached_close(struct mill_cached *cached)
{
    if (cached->updater) {
        mill_stop_request(&cached->stop);
        mill_thread_join(&cached->updater, MILL_FOREVER);
    }
    mill_guarded_client_close(&cached->refresher);
    mill_guarded_client_close(&cached->writer);
    pthread_mutex_destroy(&cached->mutex);
}

/* ---- its users ---- */

int mill_cached_tell_failure(struct mill_cached *cached, int result, struct mill_device_failure *failure)
{
    if (failure) {
        pthread_mutex_lock(&cached->mutex);
        *failure = cached->failure;
        pthread_mutex_unlock(&cached->mutex);
    }
    return result;
}

int mill_cached_update_config(struct mill_sharing *sharing, unsigned thread,
                              const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    (void)thread;
    return mill_guarded_client_update(&((struct mill_cached *)sharing)->writer, change, failure);
}

int mill_cached_transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide,
                         void *context, struct mill_device_failure *failure)
{
    (void)thread;
    return mill_guarded_client_transact(&((struct mill_cached *)sharing)->writer, decide, context, failure);
}

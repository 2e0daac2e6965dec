/* A mutex and one condition (Hoare 1974; Lampson and Redell 1980), with deadlines by mill_now_ns().
 *
 *     struct mill_monitor monitor;                     protects `ready`
 *     int status = mill_monitor_init(&monitor);
 *
 *     mill_monitor_enter(&monitor);
 *     while (!ready && status == 0)
 *         status = mill_monitor_wait(&monitor, deadline);
 *     mill_monitor_leave(&monitor);
 *
 * For what is not the fast path: everything that waits for one of several conditions is woken and looks
 * again. Whoever needs several conditions of one mutex takes mill_condition_init and mill_condition_wait.
 *
 * Any thread may enter; wait, wake_one and wake_all are called inside. Blocking.
 */
#ifndef MILL_SYNC_MONITOR_H
#define MILL_SYNC_MONITOR_H

#include <pthread.h>

#include "core/timeout.h"

/* A condition whose deadlines are by mill_now_ns(). 0 or a negative errno. */
int mill_condition_init(pthread_cond_t *condition);

/* Sleeps until woken (0, perhaps for no reason) or until `deadline` (-ETIMEDOUT). */
int mill_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t deadline);

struct mill_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

/* 0 or a negative errno. */
int mill_monitor_init(struct mill_monitor *monitor);

/* Nobody is inside. */
void mill_monitor_destroy(struct mill_monitor *monitor);

static inline void mill_monitor_enter(struct mill_monitor *monitor)
{
    pthread_mutex_lock(&monitor->mutex);
}

static inline void mill_monitor_leave(struct mill_monitor *monitor)
{
    pthread_mutex_unlock(&monitor->mutex);
}

/* Leaves, sleeps until woken or until `deadline`, and enters again. 0 (perhaps for no reason) or -ETIMEDOUT.
 */
static inline int mill_monitor_wait(struct mill_monitor *monitor, uint64_t deadline)
{
    return mill_condition_wait(&monitor->changed, &monitor->mutex, deadline);
}

static inline void mill_monitor_wake_one(struct mill_monitor *monitor)
{
    pthread_cond_signal(&monitor->changed);
}

static inline void mill_monitor_wake_all(struct mill_monitor *monitor)
{
    pthread_cond_broadcast(&monitor->changed);
}

#endif

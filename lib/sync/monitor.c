#include "sync/monitor.h"

int mill_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int status = pthread_condattr_init(&attributes);
    if (status != 0) {
        return -status;
    }
    /* The clock is an attribute, since ThreadSanitizer does not know pthread_cond_clockwait before clang 15.
     */
    status = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (status == 0) {
        status = pthread_cond_init(condition, &attributes);
    }
    pthread_condattr_destroy(&attributes);
    return -status;
}

int mill_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t deadline)
{
    if (deadline == MILL_NO_DEADLINE) {
        pthread_cond_wait(condition, mutex);
        return 0;
    }
    struct timespec until = mill_deadline_timespec(deadline);
    return -pthread_cond_timedwait(condition, mutex, &until);
}

int mill_monitor_init(struct mill_monitor *monitor)
{
    int status = mill_condition_init(&monitor->changed);
    if (status == 0) {
        status = -pthread_mutex_init(&monitor->mutex, NULL);
        if (status < 0) {
            pthread_cond_destroy(&monitor->changed);
        }
    }
    return status;
}

void mill_monitor_destroy(struct mill_monitor *monitor)
{
    pthread_mutex_destroy(&monitor->mutex);
    pthread_cond_destroy(&monitor->changed);
}

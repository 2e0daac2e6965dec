/* The parcel is waited for at most a millisecond, and then taken as if it had come.
 *
 * Shows when: the time is over first.
 * Preemptions: 0.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static bool is_here; /* protected by lock */

static void *collect(void *argument)
{
    (void)argument;
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_nsec -= 1000000000;
        deadline.tv_sec++;
    }
    int error = 0;
    pthread_mutex_lock(&lock);
    while (!is_here && error == 0) {
        error = pthread_cond_timedwait(&came, &lock, &deadline);
    }
#ifdef FIXED
    if (!is_here) {
        pthread_mutex_unlock(&lock);
        return NULL;
    }
#endif
    assert(is_here);
    is_here = false;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *deliver(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    is_here = true;
    pthread_cond_signal(&came);
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t collector;
    pthread_t deliverer;
    pthread_create(&collector, NULL, collect, NULL);
    pthread_create(&deliverer, NULL, deliver, NULL);
    pthread_join(collector, NULL);
    pthread_join(deliverer, NULL);
    return 0;
}

/* One waiter, one signal, no thief, and the waiter does not look again after the wait.
 *
 * Shows when: the wait returns without a signal, as POSIX allows it to at any time. No other schedule shows
 * it.
 * Preemptions: 0.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

#ifdef FIXED
#define AS_LONG_AS(condition) while (condition)
#else
#define AS_LONG_AS(condition) if (condition)
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t rang = PTHREAD_COND_INITIALIZER;
static bool at_door; /* protected by lock */

static void *answer(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    AS_LONG_AS(!at_door)
    {
        pthread_cond_wait(&rang, &lock);
    }
    assert(at_door);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *ring(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    at_door = true;
    pthread_cond_signal(&rang);
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t host;
    pthread_t visitor;
    pthread_create(&host, NULL, answer, NULL);
    pthread_create(&visitor, NULL, ring, NULL);
    pthread_join(host, NULL);
    pthread_join(visitor, NULL);
    return 0;
}

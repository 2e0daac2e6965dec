/* The sleeper looks at an atomic without the lock, and then takes the lock and waits without looking again.
 *
 * Shows when: the signal is given after the look and before the wait: nobody is waiting, and nobody signals
 * again.
 * Preemptions: 1.
 * Finding: deadlock, lost-wakeup.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t morning = PTHREAD_COND_INITIALIZER;
static atomic_int is_light;

static void *sleep_till_morning(void *argument)
{
    (void)argument;
#ifdef FIXED
    pthread_mutex_lock(&lock);
    while (!atomic_load(&is_light)) {
        pthread_cond_wait(&morning, &lock);
    }
    pthread_mutex_unlock(&lock);
#else
    while (!atomic_load(&is_light)) {
        pthread_mutex_lock(&lock);
        pthread_cond_wait(&morning, &lock);
        pthread_mutex_unlock(&lock);
    }
#endif
    return NULL;
}

static void *rise(void *argument)
{
    (void)argument;
    atomic_store(&is_light, 1);
    pthread_mutex_lock(&lock);
    pthread_cond_signal(&morning);
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t sleeper;
    pthread_t sun;
    pthread_create(&sleeper, NULL, sleep_till_morning, NULL);
    pthread_create(&sun, NULL, rise, NULL);
    pthread_join(sleeper, NULL);
    pthread_join(sun, NULL);
    return 0;
}

/* The worker looks at the stop flag under the lock and waits while it is down, as it should; the flag is
 * raised and the condition signalled without the lock.
 *
 * Shows when: flag and signal fall between the worker's look and its wait.
 * Preemptions: 2.
 * Finding: deadlock, lost-wakeup.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static atomic_int stop;

static void *work(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    while (!atomic_load(&stop)) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t workers[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&workers[i], NULL, work, NULL);
    }
#ifdef FIXED
    pthread_mutex_lock(&lock);
    atomic_store(&stop, 1);
    pthread_mutex_unlock(&lock);
#else
    atomic_store(&stop, 1);
#endif
    pthread_cond_broadcast(&changed);
    for (int i = 0; i < 2; i++) {
        pthread_join(workers[i], NULL);
    }
    return 0;
}

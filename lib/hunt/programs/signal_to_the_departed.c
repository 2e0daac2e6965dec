/* One waits for another's work in a structure of its own, and frees it when the work is done. The other
 * says 'done' under the lock and signals after it.
 *
 * Shows when: the waiter sees that it is done, leaves and frees between the unlock and the signal.
 * Preemptions: 2.
 * Finding: use-after-free, race.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct completion {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done; /* protected by lock */
};

static void *work(void *argument)
{
    struct completion *completion = argument;
    pthread_mutex_lock(&completion->lock);
    completion->done = true;
#ifdef FIXED
    pthread_cond_signal(&completion->changed);
    pthread_mutex_unlock(&completion->lock);
#else
    pthread_mutex_unlock(&completion->lock);
    pthread_cond_signal(&completion->changed);
#endif
    return NULL;
}

int main(void)
{
    struct completion *completion = malloc(sizeof *completion);
    if (!completion) {
        return 2;
    }
    pthread_mutex_init(&completion->lock, NULL);
    pthread_cond_init(&completion->changed, NULL);
    completion->done = false;
    pthread_t worker;
    pthread_create(&worker, NULL, work, completion);
    pthread_mutex_lock(&completion->lock);
    while (!completion->done) {
        pthread_cond_wait(&completion->changed, &completion->lock);
    }
    pthread_mutex_unlock(&completion->lock);
    pthread_cond_destroy(&completion->changed);
    pthread_mutex_destroy(&completion->lock);
    free(completion);
    pthread_join(worker, NULL);
    return 0;
}

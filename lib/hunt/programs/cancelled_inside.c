/* A thread that may be cancelled waits for work on a condition. Cancelled there it holds the lock again,
 * and nothing gives it back.
 *
 * Shows when: the cancellation comes when the thread has looked for one and goes to wait.
 * Preemptions: 1.
 * Finding: deadlock.
 */
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int work; /* protected by lock */

static void give_back(void *argument)
{
    pthread_mutex_unlock(argument);
}

static void *wait_for_work(void *argument)
{
    (void)argument;
    pthread_testcancel();
    pthread_mutex_lock(&lock);
#ifdef FIXED
    pthread_cleanup_push(give_back, &lock);
    while (work == 0) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_cleanup_pop(1);
#else
    while (work == 0) {
        pthread_cond_wait(&changed, &lock);
    }
    give_back(&lock);
#endif
    return NULL;
}

int main(void)
{
    pthread_t worker;
    pthread_create(&worker, NULL, wait_for_work, NULL);
    pthread_cancel(worker);
    pthread_mutex_lock(&lock);
    int left = work;
    pthread_mutex_unlock(&lock);
    pthread_join(worker, NULL);
    return left;
}

/* A box for one letter; those who wait for it to be empty and those who wait for it to be full wait on one
 * condition, and each change wakes one of them, of whichever kind.
 *
 * Shows when: both readers wait, a writer fills the box, the second writer waits too; the reader that was
 * woken takes the letter and wakes the other reader instead of the writer: it goes back to sleep, and
 * nobody is left to wake anyone.
 * Preemptions: 0.
 * Finding: deadlock, lost-wakeup.
 */
#include <pthread.h>
#include <stdbool.h>

#ifdef FIXED
#define WAKE(condition) pthread_cond_broadcast(condition)
#else
#define WAKE(condition) pthread_cond_signal(condition)
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool full; /* protected by lock */

static void *write_letter(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    while (full) {
        pthread_cond_wait(&changed, &lock);
    }
    full = true;
    WAKE(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *read_letter(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    while (!full) {
        pthread_cond_wait(&changed, &lock);
    }
    full = false;
    WAKE(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, i % 2 == 0 ? write_letter : read_letter, NULL);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    return full ? 1 : 0;
}

/* Whether the office is open is asked in one hold of its lock, and the letter handed in in another. The
 * clerk empties the box at closing time and goes.
 *
 * Shows when: the office closes and the clerk goes between the two: nobody answers the letter.
 * Preemptions: 2.
 * Finding: deadlock.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* protects the next two */
static bool closed;
static int box;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static sem_t answers;

static void *clerk(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    while (!closed || box > 0) {
        if (box > 0) {
            box--;
            sem_post(&answers);
        } else {
            pthread_cond_wait(&changed, &lock);
        }
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *write_letter(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    bool is_open = !closed;
#ifndef FIXED
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(&lock);
#endif
    if (is_open) {
        box++;
        pthread_cond_signal(&changed);
    }
    pthread_mutex_unlock(&lock);
    if (is_open) {
        sem_wait(&answers);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    sem_init(&answers, 0, 0);
    pthread_create(&threads[0], NULL, clerk, NULL);
    pthread_create(&threads[1], NULL, write_letter, NULL);
    pthread_mutex_lock(&lock);
    closed = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    sem_destroy(&answers);
    return 0;
}

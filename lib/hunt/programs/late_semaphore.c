/* The semaphore is set up when the thread that posts it is already running.
 *
 * Shows when: the post comes first and the set-up wipes it out; the wait never ends.
 * Preemptions: 1.
 * Finding: deadlock, lost-wakeup, race.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

static sem_t ready;

static void *make_ready(void *argument)
{
    (void)argument;
    sem_post(&ready);
    return NULL;
}

int main(void)
{
    pthread_t maker;
#ifdef FIXED
    sem_init(&ready, 0, 0);
    pthread_create(&maker, NULL, make_ready, NULL);
#else
    pthread_create(&maker, NULL, make_ready, NULL);
    sem_init(&ready, 0, 0);
#endif
    sem_wait(&ready);
    pthread_join(maker, NULL);
    sem_destroy(&ready);
    return 0;
}

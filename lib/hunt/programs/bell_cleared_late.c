/* Who brings work rings the bell unless it is rung already. The worker empties the tray and clears the bell
 * afterwards.
 *
 * Shows when: work is brought after the tray was emptied and before the bell is cleared: nobody rings for
 * it.
 * Preemptions: 2.
 * Finding: deadlock, lost-wakeup.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>

#define PIECES 2

static atomic_int tray;
static atomic_int rung;
static sem_t bell;

static void *bring(void *argument)
{
    (void)argument;
    for (int i = 0; i < PIECES; i++) {
        atomic_fetch_add(&tray, 1);
        if (!atomic_exchange(&rung, 1)) {
            sem_post(&bell);
        }
    }
    return NULL;
}

static void *work(void *argument)
{
    (void)argument;
    int done = 0;
    while (done < PIECES) {
        sem_wait(&bell);
#ifdef FIXED
        atomic_store(&rung, 0);
        done += atomic_exchange(&tray, 0);
#else
        done += atomic_exchange(&tray, 0);
        atomic_store(&rung, 0);
#endif
    }
    return NULL;
}

int main(void)
{
    pthread_t worker;
    pthread_t bringer;
    sem_init(&bell, 0, 0);
    pthread_create(&worker, NULL, work, NULL);
    pthread_create(&bringer, NULL, bring, NULL);
    pthread_join(bringer, NULL);
    pthread_join(worker, NULL);
    sem_destroy(&bell);
    return 0;
}

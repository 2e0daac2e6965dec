/* The lock is tried for, and what came of it decides only whether it is given back.
 *
 * Shows when: one thread tries while the other holds the lock, and counts beside it.
 * Preemptions: 1.
 * Finding: race, exit.
 */
#include <pthread.h>
#include <stdbool.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int hits; /* protected by lock */

static void *hit(void *argument)
{
    (void)argument;
    bool locked = pthread_mutex_trylock(&lock) == 0;
#ifdef FIXED
    if (!locked) {
        pthread_mutex_lock(&lock);
        locked = true;
    }
#endif
    hits++;
    if (locked) {
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(void)
{
    pthread_t hitters[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&hitters[i], NULL, hit, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(hitters[i], NULL);
    }
    return hits == 2 ? 0 : 1;
}

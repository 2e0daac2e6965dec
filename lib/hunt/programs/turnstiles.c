/* Three turnstiles count visitors in one plain integer, without a lock.
 *
 * Shows when: two turnstiles read the same count; one visitor is lost. The race is there in every schedule.
 * Preemptions: 1.
 * Finding: race, exit.
 */
#include <pthread.h>

#define TURNSTILES 3

#ifdef FIXED
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
#endif
static int visitors;

static void *turn(void *argument)
{
    (void)argument;
#ifdef FIXED
    pthread_mutex_lock(&lock);
#endif
    visitors++;
#ifdef FIXED
    pthread_mutex_unlock(&lock);
#endif
    return NULL;
}

int main(void)
{
    pthread_t turnstiles[TURNSTILES];
    for (int i = 0; i < TURNSTILES; i++) {
        pthread_create(&turnstiles[i], NULL, turn, NULL);
    }
    for (int i = 0; i < TURNSTILES; i++) {
        pthread_join(turnstiles[i], NULL);
    }
    return visitors == TURNSTILES ? 0 : 1;
}

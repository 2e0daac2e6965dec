/* Three porters each hold one lift and ask for the next; the third asks for the first one's.
 *
 * Shows when: all three hold their lift before any asks for the next: a cycle of three, in which no two
 * alone meet.
 * Preemptions: 2.
 * Finding: deadlock, lock-order.
 */
#include <pthread.h>

#define PORTERS 3

static pthread_mutex_t lifts[PORTERS] = {
    PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER,
};
static int trips[PORTERS]; /* each protected by the lift of its index */

static void *carry(void *argument)
{
    int first = *(int *)argument;
    int second = (first + 1) % PORTERS;
#ifdef FIXED
    if (second < first) {
        first = second;
        second = *(int *)argument;
    }
#endif
    pthread_mutex_lock(&lifts[first]);
    trips[first]++;
    pthread_mutex_lock(&lifts[second]);
    trips[second]++;
    pthread_mutex_unlock(&lifts[second]);
    pthread_mutex_unlock(&lifts[first]);
    return NULL;
}

int main(void)
{
    pthread_t porters[PORTERS];
    int places[PORTERS];
    for (int i = 0; i < PORTERS; i++) {
        places[i] = i;
        pthread_create(&porters[i], NULL, carry, &places[i]);
    }
    for (int i = 0; i < PORTERS; i++) {
        pthread_join(porters[i], NULL);
    }
    return 0;
}

/* Two attendants hand out coat numbers. Each reads the next number under the lock and writes it back under
 * the lock, but lets go of the lock in between.
 *
 * Shows when: both have read before either has written back; they give out the same number.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int next_number; /* protected by lock */

static void *attend(void *argument)
{
    int *number = argument;
    pthread_mutex_lock(&lock);
    *number = next_number;
#ifndef FIXED
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(&lock);
#endif
    next_number = *number + 1;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t attendants[2];
    int given[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&attendants[i], NULL, attend, &given[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(attendants[i], NULL);
    }
    assert(given[0] != given[1]);
    return 0;
}

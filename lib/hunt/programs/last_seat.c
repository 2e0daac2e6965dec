/* A seat is looked for under the lock and taken under the lock, but not under the same hold of it.
 *
 * Shows when: both passengers have seen the last seat free before either takes it.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int seats = 1; /* protected by lock */

static void *board(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    bool is_free = seats > 0;
#ifndef FIXED
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(&lock);
#endif
    if (is_free) {
        seats--;
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t passengers[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&passengers[i], NULL, board, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(passengers[i], NULL);
    }
    assert(seats >= 0);
    return 0;
}

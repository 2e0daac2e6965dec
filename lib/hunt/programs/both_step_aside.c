/* Two locks in both orders, with a try for the second one: who does not get it gives the first one back and
 * begins again. Nothing keeps both from doing that in step; who has done it four times gives up.
 *
 * Shows when: each tries while the other holds, four times for one of them.
 * Preemptions: 1.
 * Finding: exit.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#ifndef FIXED
#define PATIENCE 4
#endif

static pthread_mutex_t locks[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static atomic_int gave_up;

static bool lock_both(int first, int second)
{
#ifdef FIXED
    pthread_mutex_lock(&locks[first < second ? first : second]);
    pthread_mutex_lock(&locks[first < second ? second : first]);
    return true;
#else
    for (int attempt = 0; attempt < PATIENCE; attempt++) {
        pthread_mutex_lock(&locks[first]);
        if (pthread_mutex_trylock(&locks[second]) == 0) {
            return true;
        }
        pthread_mutex_unlock(&locks[first]);
        sched_yield();
    }
    return false;
#endif
}

static void *take(void *argument)
{
    int first = *(int *)argument;
    if (lock_both(first, 1 - first)) {
        pthread_mutex_unlock(&locks[0]);
        pthread_mutex_unlock(&locks[1]);
    } else {
        atomic_store(&gave_up, 1);
    }
    return NULL;
}

int main(void)
{
    pthread_t takers[2];
    int places[2] = {0, 1};
    for (int i = 0; i < 2; i++) {
        pthread_create(&takers[i], NULL, take, &places[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(takers[i], NULL);
    }
    return atomic_load(&gave_up);
}

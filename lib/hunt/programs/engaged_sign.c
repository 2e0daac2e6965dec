/* A plain flag as a lock: who finds the sign at 'vacant' turns it to 'engaged'.
 *
 * Shows when: both have found it vacant before either turns it. The race is there in every schedule.
 * Preemptions: 2.
 * Finding: assertion, race.
 */
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#ifdef FIXED
static atomic_bool engaged;
#else
static volatile bool engaged;
#endif
static atomic_int inside;

static void *visit(void *argument)
{
    (void)argument;
#ifdef FIXED
    while (atomic_exchange(&engaged, true)) {
        sched_yield();
    }
#else
    while (engaged) {
        sched_yield();
    }
    engaged = true;
#endif
    int before = atomic_fetch_add(&inside, 1);
    assert(before == 0);
    atomic_fetch_sub(&inside, 1);
    engaged = false;
    return NULL;
}

int main(void)
{
    pthread_t visitors[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&visitors[i], NULL, visit, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(visitors[i], NULL);
    }
    return 0;
}

/* Two threads keep each other out by a wish each and a turn, as Peterson's lock does, but give the turn
 * away before they say that they wish to enter.
 *
 * Shows when: the first gives the turn away and stops; the second does both and enters; the first says its
 * wish and finds the turn to be its own.
 * Preemptions: 2.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static atomic_int wishes[2];
static atomic_int turn;
static atomic_int inside;

static void *enter(void *argument)
{
    int me = *(int *)argument;
    int other = 1 - me;
#ifdef FIXED
    atomic_store(&wishes[me], 1);
    atomic_store(&turn, other);
#else
    atomic_store(&turn, other);
    atomic_store(&wishes[me], 1);
#endif
    while (atomic_load(&wishes[other]) && atomic_load(&turn) == other) {
        sched_yield();
    }
    int before = atomic_fetch_add(&inside, 1);
    assert(before == 0);
    atomic_fetch_sub(&inside, 1);
    atomic_store(&wishes[me], 0);
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    int places[2] = {0, 1};
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, enter, &places[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}

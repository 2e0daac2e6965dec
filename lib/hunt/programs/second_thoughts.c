/* Two threads that both wish to enter go by a turn, as in Dekker's lock: who has not the turn takes the
 * wish back, waits for the turn, and here goes in without having wished again.
 *
 * Shows when: one enters without a wish, and the other comes back, finds no wish, and enters too.
 * Preemptions: 3.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define TIMES 2

static atomic_int wishes[2];
static atomic_int turn;
static atomic_int inside;

static void lock(int me)
{
    int other = 1 - me;
    atomic_store(&wishes[me], 1);
    while (atomic_load(&wishes[other])) {
        sched_yield();
        if (atomic_load(&turn) != me) {
            atomic_store(&wishes[me], 0);
            while (atomic_load(&turn) != me) {
                sched_yield();
            }
#ifdef FIXED
            atomic_store(&wishes[me], 1);
#endif
        }
    }
}

static void unlock(int me)
{
    atomic_store(&turn, 1 - me);
    atomic_store(&wishes[me], 0);
}

static void *enter(void *argument)
{
    int me = *(int *)argument;
    for (int i = 0; i < TIMES; i++) {
        lock(me);
        int before = atomic_fetch_add(&inside, 1);
        assert(before == 0);
        atomic_fetch_sub(&inside, 1);
        unlock(me);
    }
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

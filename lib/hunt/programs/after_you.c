/* Each of two says that it is about to pass the door and lets the other go first.
 *
 * Shows when: both have said so before either looks: both are polite for ever.
 * Preemptions: 1.
 * Finding: livelock.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static atomic_int about_to[2];
static int passed; /* changed by who passes */

static void *pass(void *argument)
{
    int me = *(int *)argument;
    int other = 1 - me;
    atomic_store(&about_to[me], 1);
    while (atomic_load(&about_to[other])) {
        sched_yield();
#ifdef FIXED
        if (me == 1) { /* the second steps aside */
            atomic_store(&about_to[me], 0);
            while (atomic_load(&about_to[other])) {
                sched_yield();
            }
            atomic_store(&about_to[me], 1);
        }
#endif
    }
    passed++;
    atomic_store(&about_to[me], 0);
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    int places[2] = {0, 1};
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, pass, &places[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    return passed == 2 ? 0 : 1;
}

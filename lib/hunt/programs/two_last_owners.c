/* Each owner counts itself out and then looks whether any is left: two steps, where one has to do both.
 *
 * Shows when: both have counted themselves out before either looks; both free.
 * Preemptions: 1.
 * Finding: double-free, race.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int owners = 2;

static void *own(void *argument)
{
#ifdef FIXED
    if (atomic_fetch_sub(&owners, 1) == 1) {
        free(argument);
    }
#else
    atomic_fetch_sub(&owners, 1);
    if (atomic_load(&owners) == 0) {
        free(argument);
    }
#endif
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    int *owned = malloc(sizeof *owned);
    if (!owned) {
        return 2;
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, own, owned);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}

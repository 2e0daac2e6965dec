/* Whoever needs the map first draws it; who has drawn one and finds that another was quicker uses the
 * other's, and forgets the own.
 *
 * Shows when: both have found none before either has put one up.
 * Preemptions: 1.
 * Finding: leak.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic(int *) map;

static void *find_way(void *argument)
{
    (void)argument;
    int *used = atomic_load(&map);
    if (!used) {
        int *drawn = malloc(sizeof *drawn);
        if (!drawn) {
            abort();
        }
        *drawn = 7;
        if (!atomic_compare_exchange_strong(&map, &used, drawn)) {
#ifdef FIXED
            free(drawn);
#endif
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, find_way, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    free(atomic_load(&map));
    return 0;
}

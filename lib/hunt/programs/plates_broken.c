/* A stack of plates: who takes the top one by compare-and-swap breaks it at once, while others may still
 * look at it.
 *
 * Shows when: one thread has loaded the top, the other takes and frees it, and the first follows it.
 * Preemptions: 1.
 * Finding: use-after-free, race.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define PLATES 4
#define EACH   2

struct plate {
    struct plate *below;
};

static _Atomic(struct plate *) top;

static struct plate *take(void)
{
    struct plate *taken = atomic_load(&top);
    while (taken && !atomic_compare_exchange_strong(&top, &taken, taken->below)) {
    }
    return taken;
}

static void *clear(void *argument)
{
    struct plate **taken = argument;
    for (int i = 0; i < EACH; i++) {
        taken[i] = take();
#ifndef FIXED
        free(taken[i]);
#endif
    }
    return NULL;
}

int main(void)
{
    for (int i = 0; i < PLATES; i++) {
        struct plate *plate = malloc(sizeof *plate);
        if (!plate) {
            return 2;
        }
        plate->below = atomic_load(&top);
        atomic_store(&top, plate);
    }
    pthread_t threads[2];
    struct plate *taken[2][EACH];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, clear, taken[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
#ifdef FIXED
    for (int i = 0; i < PLATES; i++) {
        free(taken[i / EACH][i % EACH]);
    }
#endif
    return 0;
}

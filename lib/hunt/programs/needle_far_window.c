/* A projector winds its film on in twenty steps and then, to change it, takes it out and puts the next one
 * in. A guest looks once.
 *
 * Shows when: the guest, there from the beginning, is not let run for all those steps and then looks in the
 * one moment without a film.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#define STEPS 20

static atomic_int wound;
static atomic_int film = 1; /* 0 is none */

static void *project(void *argument)
{
    (void)argument;
    for (int i = 1; i <= STEPS; i++) {
        atomic_store(&wound, i);
    }
#ifndef FIXED
    atomic_store(&film, 0);
#endif
    atomic_store(&film, 2);
    return NULL;
}

static void *look(void *argument)
{
    (void)argument;
    int seen = atomic_load(&film);
    assert(seen != 0);
    return NULL;
}

int main(void)
{
    pthread_t projector;
    pthread_t guest;
    pthread_create(&guest, NULL, look, NULL);
    pthread_create(&projector, NULL, project, NULL);
    pthread_join(projector, NULL);
    pthread_join(guest, NULL);
    return atomic_load(&wound) == STEPS ? 0 : 1;
}

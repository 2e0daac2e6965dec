/* The worker is started before the settings that it reads are there.
 *
 * Shows when: the worker runs before its creator goes on.
 * Preemptions: 1.
 * Finding: crash.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

struct settings {
    int rate;
};

static struct settings defaults = {.rate = 3};
static _Atomic(struct settings *) settings;

static void *work(void *argument)
{
    int *rate = argument;
    *rate = atomic_load(&settings)->rate;
    return NULL;
}

int main(void)
{
    pthread_t worker;
    int rate = 0;
#ifdef FIXED
    atomic_store(&settings, &defaults);
    pthread_create(&worker, NULL, work, &rate);
#else
    pthread_create(&worker, NULL, work, &rate);
    atomic_store(&settings, &defaults);
#endif
    pthread_join(worker, NULL);
    return rate == 3 ? 0 : 1;
}

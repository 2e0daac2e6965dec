/* A secret of eleven digits is shown digit by digit, so that nobody who looks now and then has all of it. A
 * watcher who looks eleven times may have.
 *
 * Shows when: the watcher looks exactly once after each digit, for all eleven in turn: no other schedule
 * will do.
 * Preemptions: 20.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#define DIGITS 11

static atomic_int shown; /* how many digits have been */

static void *show(void *argument)
{
    (void)argument;
#ifdef FIXED
    atomic_store(&shown, DIGITS);
#else
    for (int i = 1; i <= DIGITS; i++) {
        atomic_store(&shown, i);
    }
#endif
    return NULL;
}

static void *watch(void *argument)
{
    (void)argument;
    int known = 0;
    for (int i = 1; i <= DIGITS && known == i - 1; i++) {
        known += atomic_load(&shown) == i;
    }
    assert(known < DIGITS);
    return NULL;
}

int main(void)
{
    pthread_t shower;
    pthread_t watcher;
    pthread_create(&shower, NULL, show, NULL);
    pthread_create(&watcher, NULL, watch, NULL);
    pthread_join(shower, NULL);
    pthread_join(watcher, NULL);
    return 0;
}

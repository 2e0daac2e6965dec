/* Set up once, by hand: the first to come sets up, and all others take it that it is done.
 *
 * Shows when: the second comes while the first is at it.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#ifdef FIXED
static pthread_once_t once = PTHREAD_ONCE_INIT;
#else
static atomic_flag begun = ATOMIC_FLAG_INIT;
#endif
static atomic_int length;

static void set_up(void)
{
    atomic_store(&length, 12);
}

static void *measure(void *argument)
{
    (void)argument;
#ifdef FIXED
    pthread_once(&once, set_up);
#else
    if (!atomic_flag_test_and_set(&begun)) {
        set_up();
    }
#endif
    assert(atomic_load(&length) == 12);
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, measure, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}

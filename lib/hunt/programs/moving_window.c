/* A window of two bounds moves to the right, its left bound first.
 *
 * Shows when: the reader looks between the two stores and finds the left bound beyond the right one. With
 * the right bound stored first, a reader that loads the left one first always finds a window.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int left = 0;
static atomic_int right = 10;

static void *slide(void *argument)
{
    (void)argument;
    for (int start = 20; start <= 60; start += 20) {
#ifdef FIXED
        atomic_store(&right, start + 10);
        atomic_store(&left, start);
#else
        atomic_store(&left, start);
        atomic_store(&right, start + 10);
#endif
    }
    return NULL;
}

static void *look(void *argument)
{
    (void)argument;
    int from = atomic_load(&left);
    int to = atomic_load(&right);
    assert(from <= to);
    return NULL;
}

int main(void)
{
    pthread_t slider;
    pthread_t reader;
    pthread_create(&slider, NULL, slide, NULL);
    pthread_create(&reader, NULL, look, NULL);
    pthread_join(slider, NULL);
    pthread_join(reader, NULL);
    return 0;
}

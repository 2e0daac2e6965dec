/* A compare-and-swap loop tries again with what it found, but with the sum of what it found the first time.
 *
 * Shows when: one donor's exchange fails because the other's came first; its second attempt takes the
 * other's back.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int total;

static void *donate(void *argument)
{
    int share = *(int *)argument;
    int seen = atomic_load(&total);
    int sum = seen + share;
    while (!atomic_compare_exchange_strong(&total, &seen, sum)) {
#ifdef FIXED
        sum = seen + share;
#endif
    }
    return NULL;
}

int main(void)
{
    pthread_t donors[2];
    int shares[2] = {5, 7};
    for (int i = 0; i < 2; i++) {
        pthread_create(&donors[i], NULL, donate, &shares[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(donors[i], NULL);
    }
    assert(atomic_load(&total) == 12);
    return 0;
}

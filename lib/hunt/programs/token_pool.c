/* Numbered tokens on a free list: the list's head is a bare number that compare-and-swap compares, and
 * numbers come back.
 *
 * Shows when: one thread has loaded the head and what follows it; the other takes two tokens and brings the
 * first back; the first thread's exchange succeeds and makes a token the head that the other one holds
 * (ABA).
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#define TOKENS 3u

#ifdef FIXED
#define STAMP 256u /* each exchange of the head makes it another one */
#else
#define STAMP 0u
#endif

static atomic_uint head = 1; /* a token, and above it the stamp; token 0 is none */
static atomic_uint follower[TOKENS + 1] = {0, 2, 3, 0};
static atomic_int held[TOKENS + 1];

static unsigned take(void)
{
    unsigned seen = atomic_load(&head);
    unsigned token;
    unsigned next;
    do {
        token = seen % 256;
        if (token == 0) {
            return 0;
        }
        next = atomic_load(&follower[token]) + (seen - token) + STAMP;
    } while (!atomic_compare_exchange_strong(&head, &seen, next));
    int was_held = atomic_exchange(&held[token], 1);
    assert(!was_held);
    return token;
}

static void bring_back(unsigned token)
{
    atomic_store(&held[token], 0);
    unsigned seen = atomic_load(&head);
    unsigned next;
    do {
        atomic_store(&follower[token], seen % 256);
        next = token + (seen - seen % 256) + STAMP;
    } while (!atomic_compare_exchange_strong(&head, &seen, next));
}

static void *take_two(void *argument)
{
    (void)argument;
    take();
    take();
    return NULL;
}

static void *take_two_and_bring_one(void *argument)
{
    (void)argument;
    unsigned first = take();
    take();
    if (first != 0) {
        bring_back(first);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, take_two, NULL);
    pthread_create(&threads[1], NULL, take_two_and_bring_one, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    return 0;
}

/* A reader under a sequence lock looks at the number again, but accepts an odd one: it may begin amid a
 * write.
 *
 * Shows when: the reader begins and ends between the two stores of one write.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#ifdef FIXED
#define AGAIN(begin) ((begin) % 2 != 0 || atomic_load(&sequence) != (begin))
#else
#define AGAIN(begin) (atomic_load(&sequence) != (begin))
#endif

static atomic_uint sequence; /* odd while a write is under way */
static atomic_int hours;
static atomic_int minutes; /* always as hours is */

static void *set(void *argument)
{
    (void)argument;
    for (int time = 1; time <= 2; time++) {
        atomic_fetch_add(&sequence, 1);
        atomic_store(&hours, time);
        atomic_store(&minutes, time);
        atomic_fetch_add(&sequence, 1);
    }
    return NULL;
}

static void *look(void *argument)
{
    (void)argument;
    unsigned begin;
    int seen_hours;
    int seen_minutes;
    do {
        sched_yield();
        begin = atomic_load(&sequence);
        seen_hours = atomic_load(&hours);
        seen_minutes = atomic_load(&minutes);
    } while (AGAIN(begin));
    assert(seen_hours == seen_minutes);
    return NULL;
}

int main(void)
{
    pthread_t setter;
    pthread_t reader;
    pthread_create(&setter, NULL, set, NULL);
    pthread_create(&reader, NULL, look, NULL);
    pthread_join(setter, NULL);
    pthread_join(reader, NULL);
    return 0;
}

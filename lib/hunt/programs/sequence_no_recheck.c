/* A reader under a sequence lock waits for an even number, reads, and does not look at the number again.
 *
 * Shows when: a write falls between the two loads of the reader.
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
#define AGAIN(begin) ((begin) % 2 != 0)
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

/* A table of two buckets under three locks: the lock is chosen by another remainder than the bucket, so
 * that two keys of one bucket come in under different locks.
 *
 * Shows when: keys 1 and 3 read the length of their bucket before either writes it. The race is there in
 * every schedule.
 * Preemptions: 1.
 * Finding: race, exit.
 */
#include <pthread.h>

#define BUCKETS 2
#define STRIPES 3

static pthread_mutex_t stripes[STRIPES] = {
    PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER,
};
static int lengths[BUCKETS];

static void *insert(void *argument)
{
    int key = *(int *)argument;
    int bucket = key % BUCKETS;
#ifdef FIXED
    pthread_mutex_t *stripe = &stripes[bucket % STRIPES];
#else
    pthread_mutex_t *stripe = &stripes[key % STRIPES];
#endif
    pthread_mutex_lock(stripe);
    lengths[bucket]++;
    pthread_mutex_unlock(stripe);
    return NULL;
}

int main(void)
{
    pthread_t inserters[2];
    int keys[2] = {1, 3};
    for (int i = 0; i < 2; i++) {
        pthread_create(&inserters[i], NULL, insert, &keys[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(inserters[i], NULL);
    }
    return lengths[1] == 2 ? 0 : 1;
}

/* A reader takes the read-write lock again for reading while it holds it. The lock is of the kind that lets
 * no reader past a waiting writer.
 *
 * Shows when: a writer begins to wait between the reader's two calls: the reader waits for the writer and
 * it for the reader.
 * Preemptions: 1.
 * Finding: deadlock.
 */
#define _GNU_SOURCE
#include <pthread.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static int entries = 2; /* protected by lock */

static int count(void)
{
#ifndef FIXED
    pthread_rwlock_rdlock(&lock);
#endif
    int counted = entries;
#ifndef FIXED
    pthread_rwlock_unlock(&lock);
#endif
    return counted;
}

static void *show(void *argument)
{
    int *shown = argument;
    pthread_rwlock_rdlock(&lock);
    *shown = count();
    pthread_rwlock_unlock(&lock);
    return NULL;
}

static void *add(void *argument)
{
    (void)argument;
    pthread_rwlock_wrlock(&lock);
    entries++;
    pthread_rwlock_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t reader;
    pthread_t writer;
    int shown = 0;
    pthread_create(&reader, NULL, show, &shown);
    pthread_create(&writer, NULL, add, NULL);
    pthread_join(reader, NULL);
    pthread_join(writer, NULL);
    return shown >= 2 ? 0 : 1;
}

/* The guest waits on a condition for the table to be laid. That lets go of the table's lock, but not of the
 * door's, which the waiter has to come through.
 *
 * Shows when: the guest comes first.
 * Preemptions: 0.
 * Finding: deadlock.
 */
#include <pthread.h>
#include <stdbool.h>

static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER; /* taken before table */
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t laid = PTHREAD_COND_INITIALIZER;
static int passed;   /* protected by door */
static bool is_laid; /* protected by table */

static void *dine(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&door);
    passed++;
#ifdef FIXED
    pthread_mutex_unlock(&door);
#endif
    pthread_mutex_lock(&table);
    while (!is_laid) {
        pthread_cond_wait(&laid, &table);
    }
    pthread_mutex_unlock(&table);
#ifndef FIXED
    pthread_mutex_unlock(&door);
#endif
    return NULL;
}

static void *lay(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&door);
    passed++;
    pthread_mutex_unlock(&door);
    pthread_mutex_lock(&table);
    is_laid = true;
    pthread_cond_signal(&laid);
    pthread_mutex_unlock(&table);
    return NULL;
}

int main(void)
{
    pthread_t guest;
    pthread_t waiter;
    pthread_create(&waiter, NULL, lay, NULL);
    pthread_create(&guest, NULL, dine, NULL);
    pthread_join(guest, NULL);
    pthread_join(waiter, NULL);
    return passed == 2 ? 0 : 1;
}

/* Who finds the counter closed leaves by a long jump, and takes the lock along.
 *
 * Shows when: the counter is closed before the last customer has come to it; the next one waits for the lock
 * for ever.
 * Preemptions: 0.
 * Finding: deadlock.
 */
#include <pthread.h>
#include <setjmp.h>

#define CUSTOMERS 2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int closed;
static int served;
static int turned_away;

static void be_served(jmp_buf way_out)
{
    pthread_mutex_lock(&lock);
    if (closed) {
        turned_away++;
#ifdef FIXED
        pthread_mutex_unlock(&lock);
#endif
        longjmp(way_out, 1);
    }
    served++;
    pthread_mutex_unlock(&lock);
}

static void *come(void *argument)
{
    jmp_buf way_out;
    if (setjmp(way_out) == 0) {
        be_served(way_out);
    }
    return argument;
}

int main(void)
{
    pthread_t customers[CUSTOMERS];
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_create(&customers[i], NULL, come, NULL);
    }
    pthread_mutex_lock(&lock);
    closed = 1;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_join(customers[i], NULL);
    }
    return served + turned_away == CUSTOMERS ? 0 : 1;
}

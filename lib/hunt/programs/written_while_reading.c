/* Two threads count what they read while they hold a read-write lock for reading.
 *
 * Shows when: both are in and read the count before either writes it. The race is there in every schedule.
 * Preemptions: 1.
 * Finding: race, exit.
 */
#include <pthread.h>

#ifdef FIXED
#define ENTER(lock) pthread_rwlock_wrlock(lock)
#else
#define ENTER(lock) pthread_rwlock_rdlock(lock)
#endif

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int looks; /* protected by lock */

static void *look(void *argument)
{
    (void)argument;
    ENTER(&lock);
    looks++;
    pthread_rwlock_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t lookers[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&lookers[i], NULL, look, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(lookers[i], NULL);
    }
    return looks == 2 ? 0 : 1;
}

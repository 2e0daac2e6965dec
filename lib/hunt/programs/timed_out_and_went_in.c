/* A lock is waited for at most a millisecond, and what it guards is changed either way.
 *
 * Shows when: the other, who sleeps inside the lock, does so for longer.
 * Preemptions: 0.
 * Finding: race, exit.
 */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int stock = 5; /* protected by lock */

static void *count_slowly(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    int counted = stock;
    usleep(2000);
    stock = counted + 1;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *take_one(void *argument)
{
    (void)argument;
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_nsec -= 1000000000;
        deadline.tv_sec++;
    }
    int error = pthread_mutex_timedlock(&lock, &deadline);
#ifdef FIXED
    if (error != 0) {
        error = pthread_mutex_lock(&lock);
    }
#endif
    stock--;
    if (error == 0) {
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(void)
{
    pthread_t counter;
    pthread_t taker;
    pthread_create(&taker, NULL, take_one, NULL);
    pthread_create(&counter, NULL, count_slowly, NULL);
    pthread_join(counter, NULL);
    pthread_join(taker, NULL);
    return stock == 5 ? 0 : 1;
}

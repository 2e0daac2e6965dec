/* The baker waits for a free place on the shelf while holding the shelf's lock, which the customer needs to
 * free one.
 *
 * Shows when: the baker has its second loaf before the customer has taken the first.
 * Preemptions: 0.
 * Finding: deadlock.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

#define LOAVES 2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t places;
static sem_t loaves;
static int on_shelf; /* protected by lock */

static void *bake(void *argument)
{
    (void)argument;
    for (int i = 0; i < LOAVES; i++) {
#ifdef FIXED
        sem_wait(&places);
        pthread_mutex_lock(&lock);
#else
        pthread_mutex_lock(&lock);
        sem_wait(&places);
#endif
        on_shelf++;
        pthread_mutex_unlock(&lock);
        sem_post(&loaves);
    }
    return NULL;
}

static void *buy(void *argument)
{
    (void)argument;
    for (int i = 0; i < LOAVES; i++) {
        sem_wait(&loaves);
        pthread_mutex_lock(&lock);
        on_shelf--;
        pthread_mutex_unlock(&lock);
        sem_post(&places);
    }
    return NULL;
}

int main(void)
{
    pthread_t baker;
    pthread_t customer;
    sem_init(&places, 0, 1);
    sem_init(&loaves, 0, 0);
    pthread_create(&customer, NULL, buy, NULL);
    pthread_create(&baker, NULL, bake, NULL);
    pthread_join(baker, NULL);
    pthread_join(customer, NULL);
    sem_destroy(&places);
    sem_destroy(&loaves);
    return on_shelf;
}

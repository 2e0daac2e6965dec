/* The publisher calls its listener while it holds its lock, and the listener asks the publisher something.
 *
 * Shows when: the listener has subscribed before the value is published: the publisher waits for itself.
 * Preemptions: 0.
 * Finding: deadlock.
 */
#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int value;              /* protected by lock */
static void (*listener)(void); /* protected by lock */

static void ask(void)
{
    pthread_mutex_lock(&lock);
    value *= 2;
    pthread_mutex_unlock(&lock);
}

static void *publish(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    value = 1;
    void (*call)(void) = listener;
#ifdef FIXED
    pthread_mutex_unlock(&lock);
#endif
    if (call) {
        call();
    }
#ifndef FIXED
    pthread_mutex_unlock(&lock);
#endif
    return NULL;
}

static void *subscribe(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    listener = ask;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t publisher;
    pthread_t subscriber;
    pthread_create(&publisher, NULL, publish, NULL);
    pthread_create(&subscriber, NULL, subscribe, NULL);
    pthread_join(publisher, NULL);
    pthread_join(subscriber, NULL);
    return value > 0 ? 0 : 1;
}

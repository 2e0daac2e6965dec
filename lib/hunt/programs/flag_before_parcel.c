/* The sender raises the flag, an atomic, and only then puts down the parcel, which is plain.
 *
 * Shows when: the receiver has seen the flag before the parcel is there. The race is there in every
 * schedule.
 * Preemptions: 1.
 * Finding: assertion, race.
 */
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static atomic_int flag;
static int parcel;

static void *send(void *argument)
{
    (void)argument;
#ifdef FIXED
    parcel = 42;
    atomic_store(&flag, 1);
#else
    atomic_store(&flag, 1);
    parcel = 42;
#endif
    return NULL;
}

static void *receive(void *argument)
{
    (void)argument;
    while (!atomic_load(&flag)) {
        sched_yield();
    }
    assert(parcel == 42);
    return NULL;
}

int main(void)
{
    pthread_t sender;
    pthread_t receiver;
    pthread_create(&receiver, NULL, receive, NULL);
    pthread_create(&sender, NULL, send, NULL);
    pthread_join(sender, NULL);
    pthread_join(receiver, NULL);
    return 0;
}

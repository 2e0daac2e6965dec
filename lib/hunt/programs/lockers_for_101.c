/* A hundred and one swimmers each have a locker of their own, except that swimmer 83 was given that of
 * swimmer 17.
 *
 * Shows when: those two, of all, both find the locker empty before either puts something in. The race is
 * there in every schedule.
 * Preemptions: 1.
 * Finding: race, exit.
 */
#include <pthread.h>

#define SWIMMERS 101

static pthread_barrier_t opening;
static int lockers[SWIMMERS];
static int numbers[SWIMMERS];

static void *change(void *argument)
{
    int me = *(int *)argument;
#ifdef FIXED
    int locker = me;
#else
    int locker = me == 83 ? 17 : me;
#endif
    pthread_barrier_wait(&opening);
    lockers[locker]++;
    return NULL;
}

int main(void)
{
    pthread_t swimmers[SWIMMERS];
    pthread_barrier_init(&opening, NULL, SWIMMERS);
    for (int i = 0; i < SWIMMERS; i++) {
        numbers[i] = i;
        if (pthread_create(&swimmers[i], NULL, change, &numbers[i]) != 0) {
            return 2;
        }
    }
    int things = 0;
    for (int i = 0; i < SWIMMERS; i++) {
        pthread_join(swimmers[i], NULL);
    }
    for (int i = 0; i < SWIMMERS; i++) {
        things += lockers[i];
    }
    pthread_barrier_destroy(&opening);
    return things == SWIMMERS ? 0 : 1;
}

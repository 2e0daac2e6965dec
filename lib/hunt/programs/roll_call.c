/* A thread looks itself up in a roll that its creator fills in after having created it.
 *
 * Shows when: the thread looks before its creator has written. The race is there in every schedule.
 * Preemptions: 1.
 * Finding: race, exit.
 */
#include <pthread.h>
#include <stdbool.h>

static pthread_t roll[2];
static bool listed[2];

static void *look_up(void *argument)
{
    bool *found = argument;
    long place = found - listed;
#ifdef FIXED
    roll[place] = pthread_self();
#endif
    *found = pthread_equal(roll[place], pthread_self());
    return NULL;
}

int main(void)
{
    pthread_t made[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&made[i], NULL, look_up, &listed[i]);
#ifndef FIXED
        roll[i] = made[i];
#endif
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(made[i], NULL);
    }
    return listed[0] && listed[1] ? 0 : 1;
}

/* Three helpers each find a part of the sum; it is summed up when two of them have ended.
 *
 * Shows when: the third helper is last. The race is there in every schedule.
 * Preemptions: 0.
 * Finding: race, exit.
 */
#include <pthread.h>

#define HELPERS 3

static int parts[HELPERS];

static void *help(void *argument)
{
    int *part = argument;
    *part = (int)(part - parts) + 1;
    return NULL;
}

int main(void)
{
    pthread_t helpers[HELPERS];
    for (int i = 0; i < HELPERS; i++) {
        pthread_create(&helpers[i], NULL, help, &parts[i]);
    }
    pthread_join(helpers[0], NULL);
    pthread_join(helpers[1], NULL);
#ifdef FIXED
    pthread_join(helpers[2], NULL);
    int sum = parts[0] + parts[1] + parts[2];
#else
    int sum = parts[0] + parts[1] + parts[2];
    pthread_join(helpers[2], NULL);
#endif
    return sum == 6 ? 0 : 1;
}

/* Two clerks each write their number onto the same slate and read it back.
 *
 * Shows when: one writes between the other's writing and reading. The race is there in every schedule.
 * Preemptions: 1.
 * Finding: race, exit.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define CLERKS 2

static const char *const numbers[CLERKS] = {"number 1", "number 2"};
static int wrong[CLERKS];
#ifndef FIXED
static char slate[32];
#endif

static void *work(void *argument)
{
    const int *clerk = argument;
#ifdef FIXED
    char slate[32];
#endif
    snprintf(slate, sizeof slate, "number %d", *clerk + 1);
    wrong[*clerk] = strcmp(slate, numbers[*clerk]) != 0;
    return NULL;
}

int main(void)
{
    static int names[CLERKS] = {0, 1};
    pthread_t clerks[CLERKS];
    for (int i = 0; i < CLERKS; i++) {
        pthread_create(&clerks[i], NULL, work, &names[i]);
    }
    for (int i = 0; i < CLERKS; i++) {
        pthread_join(clerks[i], NULL);
    }
    return wrong[0] + wrong[1] > 0;
}

/* Three workers share four tasks, at most two each, and meet at a barrier. One that finds no task left goes
 * home without a word, and the barrier still counts on it.
 *
 * Shows when: two of them have taken all four before the third looks.
 * Preemptions: 0.
 * Finding: deadlock.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#define WORKERS 3
#define TASKS   4

static pthread_barrier_t meeting;
static atomic_int next_task;

static void *work(void *argument)
{
    int *done = argument;
    while (*done < 2 && atomic_fetch_add(&next_task, 1) < TASKS) {
        (*done)++;
    }
#ifndef FIXED
    if (*done == 0) {
        return NULL;
    }
#endif
    pthread_barrier_wait(&meeting);
    return NULL;
}

int main(void)
{
    pthread_t workers[WORKERS];
    int done[WORKERS] = {0};
    pthread_barrier_init(&meeting, NULL, WORKERS);
    for (int i = 0; i < WORKERS; i++) {
        pthread_create(&workers[i], NULL, work, &done[i]);
    }
    int sum = 0;
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i], NULL);
        sum += done[i];
    }
    pthread_barrier_destroy(&meeting);
    return sum == TASKS ? 0 : 1;
}

/* Four painters in a circle share four brushes, semaphores of one; each takes the left brush and then the
 * right.
 *
 * Shows when: all four hold their left brush.
 * Preemptions: 3.
 * Finding: deadlock.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

#define PAINTERS 4

static sem_t brushes[PAINTERS];

static void *paint(void *argument)
{
    int left = *(int *)argument;
    int right = (left + 1) % PAINTERS;
#ifdef FIXED
    if (left % 2 != 0) {
        left = right;
        right = *(int *)argument;
    }
#endif
    sem_wait(&brushes[left]);
    sem_wait(&brushes[right]);
    sem_post(&brushes[right]);
    sem_post(&brushes[left]);
    return NULL;
}

int main(void)
{
    pthread_t painters[PAINTERS];
    int places[PAINTERS];
    for (int i = 0; i < PAINTERS; i++) {
        sem_init(&brushes[i], 0, 1);
    }
    for (int i = 0; i < PAINTERS; i++) {
        places[i] = i;
        pthread_create(&painters[i], NULL, paint, &places[i]);
    }
    for (int i = 0; i < PAINTERS; i++) {
        pthread_join(painters[i], NULL);
    }
    for (int i = 0; i < PAINTERS; i++) {
        sem_destroy(&brushes[i]);
    }
    return 0;
}

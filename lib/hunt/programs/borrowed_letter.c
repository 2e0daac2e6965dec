/* A detached thread says that it has begun, and then reads the letter that it was given; who gave it takes
 * it back when the thread has begun.
 *
 * Shows when: the letter is freed between what the thread says and its reading. The race is there in every
 * schedule.
 * Preemptions: 1.
 * Finding: use-after-free, race, exit.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

static sem_t begun;
static sem_t finished;
static int words;

static void *read_letter(void *argument)
{
    const int *letter = argument;
#ifdef FIXED
    words = *letter;
    sem_post(&begun);
#else
    sem_post(&begun);
    words = *letter;
#endif
    sem_post(&finished);
    return NULL;
}

int main(void)
{
    int *letter = malloc(sizeof *letter);
    if (!letter) {
        return 2;
    }
    *letter = 30;
    sem_init(&begun, 0, 0);
    sem_init(&finished, 0, 0);
    pthread_t reader;
    pthread_create(&reader, NULL, read_letter, letter);
    pthread_detach(reader);
    sem_wait(&begun);
    free(letter);
    sem_wait(&finished);
    return words == 30 ? 0 : 1;
}

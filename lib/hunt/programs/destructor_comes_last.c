/* A thread says that it has ended and ends; its thread-specific value is destroyed after that, and its
 * destructor enters something in a book that is freed by then.
 *
 * Shows when: the book is freed between what the thread says and the destructor.
 * Preemptions: 1.
 * Finding: use-after-free, race.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

struct book {
    int entries;
};

static pthread_key_t key;
static sem_t ended;
static struct book *book;

static void enter(void *value)
{
    (void)value;
    book->entries++;
}

static void *work(void *argument)
{
    pthread_setspecific(key, argument);
    sem_post(&ended);
    return NULL;
}

int main(void)
{
    pthread_t worker;
    int value = 1;
    book = calloc(1, sizeof *book);
    if (!book || pthread_key_create(&key, enter) != 0) {
        return 2;
    }
    sem_init(&ended, 0, 0);
    pthread_create(&worker, NULL, work, &value);
    sem_wait(&ended);
#ifdef FIXED
    pthread_join(worker, NULL);
    free(book);
#else
    free(book);
    pthread_join(worker, NULL);
#endif
    pthread_key_delete(key);
    sem_destroy(&ended);
    return 0;
}

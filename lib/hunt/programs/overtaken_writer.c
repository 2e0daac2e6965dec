/* A read-write lock made by hand that lets readers in as long as one is in, though a writer has been
 * waiting.
 *
 * Shows when: one reader stays in while another comes and goes: the writer is overtaken more than twice.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

#define TIMES 4

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* protects all below */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int readers;
static bool writing;
static bool writer_waits;
static int overtaken;

static bool must_wait(void)
{
#ifdef FIXED
    return writing || writer_waits;
#else
    return writing;
#endif
}

static void *read_often(void *argument)
{
    (void)argument;
    for (int i = 0; i < TIMES; i++) {
        pthread_mutex_lock(&lock);
        while (must_wait()) {
            pthread_cond_wait(&changed, &lock);
        }
        overtaken += writer_waits;
        assert(overtaken <= 2);
        readers++;
        pthread_mutex_unlock(&lock);

        pthread_mutex_lock(&lock);
        readers--;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *write_once(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    writer_waits = true;
    while (readers > 0) {
        pthread_cond_wait(&changed, &lock);
    }
    writer_waits = false;
    writing = true;
    pthread_mutex_unlock(&lock);

    pthread_mutex_lock(&lock);
    writing = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, i == 1 ? write_once : read_often, NULL);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}

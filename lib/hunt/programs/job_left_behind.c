/* A worker that is told to stop stops, whether or not there is still a job.
 *
 * Shows when: the stop is there before the worker has done all the jobs that were given before it.
 * Preemptions: 0.
 * Finding: exit.
 */
#include <pthread.h>
#include <stdbool.h>

#define JOBS 2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* protects all below */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int jobs;
static int done;
static bool stopping;

static bool may_end(void)
{
#ifdef FIXED
    return stopping && jobs == 0;
#else
    return stopping;
#endif
}

static void *work(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (jobs == 0 && !stopping) {
            pthread_cond_wait(&changed, &lock);
        }
        if (may_end()) {
            break;
        }
        jobs--;
        pthread_mutex_unlock(&lock);
        pthread_mutex_lock(&lock);
        done++;
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t worker;
    pthread_create(&worker, NULL, work, NULL);
    for (int i = 0; i < JOBS; i++) {
        pthread_mutex_lock(&lock);
        jobs++;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    stopping = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(worker, NULL);
    return done == JOBS ? 0 : 1;
}

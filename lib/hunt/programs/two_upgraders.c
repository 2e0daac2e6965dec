/* A read-write lock made by hand whose readers may become the writer: who wants to waits until all other
 * readers have left, and stays a reader meanwhile.
 *
 * Shows when: two readers are in and both want to become the writer: each waits for the other to leave.
 * Preemptions: 1.
 * Finding: deadlock.
 */
#include <pthread.h>
#include <stdbool.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* protects the next two */
static int readers;
static bool writing;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int built; /* written inside as the writer, read inside as a reader */

static void enter_reading(void)
{
    pthread_mutex_lock(&lock);
    while (writing) {
        pthread_cond_wait(&changed, &lock);
    }
    readers++;
    pthread_mutex_unlock(&lock);
}

static void leave_reading(void)
{
    pthread_mutex_lock(&lock);
    readers--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* With the fix who becomes the writer leaves first, and so may find that another was the writer meanwhile. */
static void become_writer(void)
{
    pthread_mutex_lock(&lock);
#ifdef FIXED
    readers--;
    pthread_cond_broadcast(&changed);
    while (writing || readers > 0) {
        pthread_cond_wait(&changed, &lock);
    }
#else
    while (writing || readers > 1) {
        pthread_cond_wait(&changed, &lock);
    }
    readers--;
#endif
    writing = true;
    pthread_mutex_unlock(&lock);
}

static void leave_writing(void)
{
    pthread_mutex_lock(&lock);
    writing = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void *need(void *argument)
{
    (void)argument;
    enter_reading();
    if (built) {
        leave_reading();
        return NULL;
    }
    become_writer();
    if (!built) {
        built++;
    }
    leave_writing();
    return NULL;
}

int main(void)
{
    pthread_t needers[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&needers[i], NULL, need, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(needers[i], NULL);
    }
    return built == 1 ? 0 : 1;
}

/* A customer who has waited takes a roll without looking whether it is still there: `if` where `while`
 * belongs.
 *
 * Shows when: a roll is put out for the waiting customer, and one who has just come in takes it first.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>

#define CUSTOMERS 2

#ifdef FIXED
#define AS_LONG_AS(condition) while (condition)
#else
#define AS_LONG_AS(condition) if (condition)
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t baked = PTHREAD_COND_INITIALIZER;
static int rolls; /* protected by lock */

static void *buy(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    AS_LONG_AS(rolls == 0)
    {
        pthread_cond_wait(&baked, &lock);
    }
    rolls--;
    assert(rolls >= 0);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *bake(void *argument)
{
    (void)argument;
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_mutex_lock(&lock);
        rolls++;
        pthread_cond_signal(&baked);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(void)
{
    pthread_t customers[CUSTOMERS];
    pthread_t baker;
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_create(&customers[i], NULL, buy, NULL);
    }
    pthread_create(&baker, NULL, bake, NULL);
    pthread_join(baker, NULL);
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_join(customers[i], NULL);
    }
    return rolls;
}

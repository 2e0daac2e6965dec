/* A thermometer goes from Celsius to Fahrenheit. The number and its unit are each atomic, the pair is not.
 *
 * Shows when: the reader looks between the two stores, or the two stores fall between its two loads.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

enum unit { CELSIUS, FAHRENHEIT };

#ifdef FIXED
static atomic_int reading = 100 * 2 + CELSIUS; /* the number and the unit in one word */
#else
static atomic_int number = 100;
static atomic_int unit = CELSIUS;
#endif

static void *convert(void *argument)
{
    (void)argument;
#ifdef FIXED
    atomic_store(&reading, 212 * 2 + FAHRENHEIT);
#else
    atomic_store(&number, 212);
    atomic_store(&unit, FAHRENHEIT);
#endif
    return NULL;
}

static void *look(void *argument)
{
    (void)argument;
#ifdef FIXED
    int seen = atomic_load(&reading);
    int degrees = seen / 2;
    int in = seen % 2;
#else
    int degrees = atomic_load(&number);
    int in = atomic_load(&unit);
#endif
    assert(degrees == (in == CELSIUS ? 100 : 212));
    return NULL;
}

int main(void)
{
    pthread_t thermometer;
    pthread_t reader;
    pthread_create(&thermometer, NULL, convert, NULL);
    pthread_create(&reader, NULL, look, NULL);
    pthread_join(thermometer, NULL);
    pthread_join(reader, NULL);
    return 0;
}

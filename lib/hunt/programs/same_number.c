/* Each takes a number one above all others' and waits for the smaller ones, as in a bakery, but nobody says
 * that one is still choosing.
 *
 * Shows when: both have looked at all numbers before either has its own; the second takes it and is served,
 * and then the first has the same number and the smaller place.
 * Preemptions: 2.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define CUSTOMERS 2

static atomic_int numbers[CUSTOMERS];
#ifdef FIXED
static atomic_int choosing[CUSTOMERS];
#endif
static atomic_int served;

static void choose(int me)
{
#ifdef FIXED
    atomic_store(&choosing[me], 1);
#endif
    int greatest = 0;
    for (int i = 0; i < CUSTOMERS; i++) {
        int number = atomic_load(&numbers[i]);
        greatest = number > greatest ? number : greatest;
    }
    atomic_store(&numbers[me], greatest + 1);
#ifdef FIXED
    atomic_store(&choosing[me], 0);
#endif
}

static void wait_for(int other, int me)
{
#ifdef FIXED
    while (atomic_load(&choosing[other])) {
        sched_yield();
    }
#endif
    for (;;) {
        int theirs = atomic_load(&numbers[other]);
        int mine = atomic_load(&numbers[me]);
        if (theirs == 0 || theirs > mine || (theirs == mine && other > me)) {
            return;
        }
        sched_yield();
    }
}

static void *buy(void *argument)
{
    int me = *(int *)argument;
    choose(me);
    wait_for(1 - me, me);
    int before = atomic_fetch_add(&served, 1);
    assert(before == 0);
    atomic_fetch_sub(&served, 1);
    atomic_store(&numbers[me], 0);
    return NULL;
}

int main(void)
{
    pthread_t customers[CUSTOMERS];
    int places[CUSTOMERS] = {0, 1};
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_create(&customers[i], NULL, buy, &places[i]);
    }
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_join(customers[i], NULL);
    }
    return 0;
}

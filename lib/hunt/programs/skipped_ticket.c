/* Tickets are served in order, but who leaves calls the ticket that will be sold next instead of the one
 * after the own.
 *
 * Shows when: another has bought a ticket and waits while one leaves: that ticket is passed over and spins
 * for ever.
 * Preemptions: 1.
 * Finding: livelock.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define CUSTOMERS 2

static atomic_int next_ticket;
static atomic_int serving;
static int sold; /* changed by who is served */

static void *buy(void *argument)
{
    (void)argument;
    int ticket = atomic_fetch_add(&next_ticket, 1);
    while (atomic_load(&serving) != ticket) {
        sched_yield();
    }
    sold++;
#ifdef FIXED
    atomic_store(&serving, ticket + 1);
#else
    atomic_store(&serving, atomic_load(&next_ticket));
#endif
    return NULL;
}

int main(void)
{
    pthread_t customers[CUSTOMERS];
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_create(&customers[i], NULL, buy, NULL);
    }
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_join(customers[i], NULL);
    }
    return sold == CUSTOMERS ? 0 : 1;
}

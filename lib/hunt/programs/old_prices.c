/* A list of prices is replaced by a new one and the old one freed, though a reader may have it in hand.
 *
 * Shows when: the reader has loaded the list and is overtaken by its replacement before it has read it.
 * Preemptions: 1.
 * Finding: use-after-free, race, exit.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

struct prices {
    int bread;
    int milk;
};

static _Atomic(struct prices *) current;
static atomic_int readers;

static struct prices *print_prices(int bread, int milk)
{
    struct prices *made = malloc(sizeof *made);
    if (!made) {
        abort();
    }
    made->bread = bread;
    made->milk = milk;
    return made;
}

static void *add_up(void *argument)
{
    int *sum = argument;
    atomic_fetch_add(&readers, 1);
    struct prices *prices = atomic_load(&current);
    *sum = prices->bread + prices->milk;
    atomic_fetch_sub(&readers, 1);
    return NULL;
}

static void *replace(void *argument)
{
    (void)argument;
    struct prices *old = atomic_exchange(&current, print_prices(3, 4));
#ifdef FIXED
    while (atomic_load(&readers) > 0) {
        sched_yield();
    }
#endif
    free(old);
    return NULL;
}

int main(void)
{
    pthread_t reader;
    pthread_t writer;
    int sum = 0;
    atomic_store(&current, print_prices(1, 2));
    pthread_create(&reader, NULL, add_up, &sum);
    pthread_create(&writer, NULL, replace, NULL);
    pthread_join(reader, NULL);
    pthread_join(writer, NULL);
    free(atomic_load(&current));
    return sum == 3 || sum == 7 ? 0 : 1;
}

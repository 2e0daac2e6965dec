/* The menu is made by whoever needs it first: looked for without the lock, looked for again with it, and
 * shown to everyone before it is filled in.
 *
 * Shows when: one guest finds the menu that another has shown but not yet filled in. The race is there in
 * every schedule.
 * Preemptions: 1.
 * Finding: assertion, race.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct menu {
    int dishes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
#ifdef FIXED
static _Atomic(struct menu *) menu;
#else
static struct menu *menu;
#endif

static struct menu *the_menu(void)
{
    if (!menu) {
        pthread_mutex_lock(&lock);
        if (!menu) {
            struct menu *made = calloc(1, sizeof *made);
            if (!made) {
                abort();
            }
#ifdef FIXED
            made->dishes = 3;
            menu = made;
#else
            menu = made;
            made->dishes = 3;
#endif
        }
        pthread_mutex_unlock(&lock);
    }
    return menu;
}

static void *order(void *argument)
{
    (void)argument;
    assert(the_menu()->dishes == 3);
    return NULL;
}

int main(void)
{
    pthread_t guests[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&guests[i], NULL, order, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(guests[i], NULL);
    }
    free(menu);
    return 0;
}

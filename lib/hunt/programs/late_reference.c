/* A lookup finds the object under the lock and counts its reference after it.
 *
 * Shows when: the entry is removed between the two: its owner counts down to none and frees what was found.
 * Preemptions: 1.
 * Finding: use-after-free, double-free, race, exit.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct object {
    atomic_int references;
    int value;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object *entry; /* protected by lock; counts as one reference */

static void release(struct object *object)
{
    if (atomic_fetch_sub(&object->references, 1) == 1) {
        free(object);
    }
}

static void *use(void *argument)
{
    int *value = argument;
    pthread_mutex_lock(&lock);
    struct object *found = entry;
#ifdef FIXED
    if (found) {
        atomic_fetch_add(&found->references, 1);
    }
    pthread_mutex_unlock(&lock);
#else
    pthread_mutex_unlock(&lock);
    if (found) {
        atomic_fetch_add(&found->references, 1);
    }
#endif
    if (found) {
        *value = found->value;
        release(found);
    }
    return NULL;
}

static void *discard(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    struct object *removed = entry;
    entry = NULL;
    pthread_mutex_unlock(&lock);
    release(removed);
    return NULL;
}

int main(void)
{
    pthread_t user;
    pthread_t remover;
    int value = 5;
    entry = malloc(sizeof *entry);
    if (!entry) {
        return 2;
    }
    atomic_init(&entry->references, 1);
    entry->value = 5;
    pthread_create(&user, NULL, use, &value);
    pthread_create(&remover, NULL, discard, NULL);
    pthread_join(user, NULL);
    pthread_join(remover, NULL);
    return value == 5 ? 0 : 1;
}

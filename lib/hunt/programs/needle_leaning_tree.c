/* Nine threads each put a key into a search tree that is never balanced, all under one lock. The way down
 * to a key is kept in an array of seven entries, since 'nobody inserts in order'.
 *
 * Shows when: the keys come in one of the 256 orders, of 362880, that make the tree a list, such as one of
 * rising keys.
 * Preemptions: 0.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stddef.h>

#define KEYS 9
#ifdef FIXED
#define LONGEST_WAY (KEYS - 1)
#else
#define LONGEST_WAY (KEYS - 2)
#endif

struct node {
    int key;
    struct node *children[2];
};

static pthread_barrier_t start;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct node *root; /* protected by lock */
static struct node nodes[KEYS];

static void *insert(void *argument)
{
    struct node *added = argument;
    struct node *way[LONGEST_WAY];
    int length = 0;
    pthread_barrier_wait(&start);
    pthread_mutex_lock(&lock);
    struct node **place = &root;
    while (*place) {
        assert(length < LONGEST_WAY);
        way[length++] = *place;
        place = &way[length - 1]->children[added->key > way[length - 1]->key];
    }
    *place = added;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t inserters[KEYS];
    pthread_barrier_init(&start, NULL, KEYS);
    for (int i = 0; i < KEYS; i++) {
        nodes[i].key = i * 4 % KEYS;
        pthread_create(&inserters[i], NULL, insert, &nodes[i]);
    }
    for (int i = 0; i < KEYS; i++) {
        pthread_join(inserters[i], NULL);
    }
    pthread_barrier_destroy(&start);
    return 0;
}

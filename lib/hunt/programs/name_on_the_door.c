/* A visitor copies the name on a door onto a card, while a tenant who moves in writes another one there.
 *
 * Shows when: the name is written between the visitor's counting of its letters and the copying of them. The
 * race is there in every schedule.
 * Preemptions: 1.
 * Finding: race, exit.
 */
#include <pthread.h>
#include <string.h>

#define ROOM 32

#ifdef FIXED
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
#endif
static char door[ROOM] = "Ann";
static char card[ROOM];
static int cut;

static void *move_in(void *name)
{
#ifdef FIXED
    pthread_mutex_lock(&lock);
#endif
    strcpy(door, name);
#ifdef FIXED
    pthread_mutex_unlock(&lock);
#endif
    return NULL;
}

static void *visit(void *argument)
{
#ifdef FIXED
    pthread_mutex_lock(&lock);
#endif
    size_t length = strlen(door);
    memcpy(card, door, length + 1);
#ifdef FIXED
    pthread_mutex_unlock(&lock);
#endif
    cut = card[length] != '\0';
    return argument;
}

int main(void)
{
    static char name[ROOM] = "Bartholomew";
    pthread_t tenant;
    pthread_t visitor;
    pthread_create(&tenant, NULL, move_in, name);
    pthread_create(&visitor, NULL, visit, NULL);
    pthread_join(tenant, NULL);
    pthread_join(visitor, NULL);
    return cut;
}

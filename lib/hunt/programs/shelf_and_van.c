/* Ten boxes are on a shelf or in a van, and each place has a lock of its own. The mover lets go of the
 * shelf before it holds the van, so that for a moment a box is nowhere.
 *
 * Shows when: the auditor counts while a box is on its way.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>

#define BOXES 10

static pthread_mutex_t shelf_lock = PTHREAD_MUTEX_INITIALIZER; /* taken before van_lock */
static pthread_mutex_t van_lock = PTHREAD_MUTEX_INITIALIZER;
static int on_shelf = BOXES; /* protected by shelf_lock */
static int in_van;           /* protected by van_lock */

static void *move(void *argument)
{
    (void)argument;
    for (int i = 0; i < 2; i++) {
        pthread_mutex_lock(&shelf_lock);
        on_shelf--;
#ifdef FIXED
        pthread_mutex_lock(&van_lock);
        pthread_mutex_unlock(&shelf_lock);
#else
        pthread_mutex_unlock(&shelf_lock);
        pthread_mutex_lock(&van_lock);
#endif
        in_van++;
        pthread_mutex_unlock(&van_lock);
    }
    return NULL;
}

static void *audit(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&shelf_lock);
    pthread_mutex_lock(&van_lock);
    assert(on_shelf + in_van == BOXES);
    pthread_mutex_unlock(&van_lock);
    pthread_mutex_unlock(&shelf_lock);
    return NULL;
}

int main(void)
{
    pthread_t mover;
    pthread_t auditor;
    pthread_create(&mover, NULL, move, NULL);
    pthread_create(&auditor, NULL, audit, NULL);
    pthread_join(mover, NULL);
    pthread_join(auditor, NULL);
    return 0;
}

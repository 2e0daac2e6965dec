/* What reset_test.sh hunts: schedules of the same process that begin anew, and with the word 'leaks' do not:
 * each takes other steps than the one before, since something that it has written is still there. */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "hunt/runtime/target.h"

static atomic_int shared;
static unsigned before; /* schedules of this process */
static bool leaks;

static void *work(void *argument)
{
    int *own = malloc(sizeof *own);
    *own = *(const int *)argument;
    for (int i = 0; i < 3; i++) {
        atomic_fetch_add(&shared, *own);
    }
    for (unsigned i = 0; leaks && i < before % 3; i++) {
        atomic_load(&shared);
    }
    free(own);
    return NULL;
}

static void run(void *unused)
{
    pthread_t threads[2];
    int one = 1;
    (void)unused;
    atomic_store(&shared, 0);
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, work, &one) != 0) {
            abort();
        }
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    if (atomic_load(&shared) != 6) {
        abort();
    }
    before++;
}

int main(int argc, char **argv)
{
    struct mill_job *job = mill_target_job();
    leaks = argc > 1 && strcmp(argv[1], "leaks") == 0;
    if (!job) {
        return 2;
    }
    mill_target_run(job, run, NULL);
    return 0;
}

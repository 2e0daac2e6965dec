#include "task/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sync/futex.h"

struct mill_thread {
    pthread_t id;
    char name[MILL_THREAD_NAME_MAX + 1];
    void (*body)(void *argument);
    void *argument;
    uint64_t cpu_ns;          /* once ended; `ended` publishes it */
    _Atomic uint64_t told_ns; /* the most that was ever told of it */
    _Atomic uint32_t ended;   /* 0 or 1, and the word that joiners sleep on */
};

/* The thread that runs here, so that is_self needs no look at an id that its creator may still be writing. */
static _Thread_local const struct mill_thread *running;

static int read_clock(clockid_t clock, uint64_t *ns)
{
    struct timespec used;
    if (clock_gettime(clock, &used) != 0) {
        return -errno;
    }
    *ns = mill_timespec_ns(used);
    return 0;
}

static void *thread_main(void *argument)
{
    struct mill_thread *thread = argument;
    running = thread;
    pthread_setname_np(pthread_self(), thread->name);
    thread->body(thread->argument);
    read_clock(CLOCK_THREAD_CPUTIME_ID, &thread->cpu_ns); /* one's own clock is always there */
    /* release: pairs with the acquire in mill_thread_ended. The joiner frees the memory only after
     * pthread_join, so the wake still finds its word. */
    atomic_store_explicit(&thread->ended, 1, memory_order_release);
    mill_futex_wake(&thread->ended, INT_MAX);
    return NULL;
}

bool mill_thread_name_fits(const char *name)
{
    return name && name[0] != '\0' && strlen(name) <= MILL_THREAD_NAME_MAX;
}

int mill_thread_start(struct mill_thread **thread, const char *name, void (*body)(void *argument),
                      void *argument)
{
    if (!thread || !body || !mill_thread_name_fits(name)) {
        return -EINVAL;
    }
    struct mill_thread *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->body = body;
    made->argument = argument;
    memcpy(made->name, name, strlen(name) + 1);
    int status = pthread_create(&made->id, NULL, thread_main, made);
    if (status != 0) {
        free(made);
        return -status;
    }
    *thread = made;
    return 0;
}

int mill_thread_join(struct mill_thread **thread, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = thread && *thread ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status < 0) {
        return status;
    }
    struct mill_thread *joined = *thread;
    if (mill_thread_is_self(joined)) {
        return -EDEADLK;
    }
    while (!mill_thread_ended(joined)) {
        if (status < 0) {
            return status;
        }
        status = mill_futex_wait_until(&joined->ended, 0, deadline);
    }
    pthread_join(joined->id, NULL);
    free(joined);
    *thread = NULL;
    return 0;
}

bool mill_thread_ended(const struct mill_thread *thread)
{
    /* acquire: what the body wrote is seen */
    return atomic_load_explicit(&thread->ended, memory_order_acquire) != 0;
}

bool mill_thread_is_self(const struct mill_thread *thread)
{
    return running == thread;
}

/* The last moments of a thread count on its clock and not in what it noted before: what was told once is not
 * taken back. relaxed: a number that only rises, and orders nothing */
static uint64_t at_least_as_told(struct mill_thread *thread, uint64_t now)
{
    uint64_t told = atomic_load_explicit(&thread->told_ns, memory_order_relaxed);
    while (told < now && !atomic_compare_exchange_weak_explicit(&thread->told_ns, &told, now,
                                                                memory_order_relaxed, memory_order_relaxed)) {
    }
    return told < now ? now : told;
}

int mill_thread_cpu_ns(struct mill_thread *thread, uint64_t *cpu_ns)
{
    /* Not joined, so the id is valid; but the clock vanishes with the thread, perhaps between two lines. */
    clockid_t clock;
    uint64_t now = 0;
    int status = -pthread_getcpuclockid(thread->id, &clock);
    if (status == 0) {
        status = read_clock(clock, &now);
    }
    if (mill_thread_ended(thread)) {
        now = thread->cpu_ns;
        status = 0;
    }
    if (status == 0) {
        *cpu_ns = at_least_as_told(thread, now);
    }
    return status;
}

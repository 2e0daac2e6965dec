/* The lock is one word on a futex (Drepper 2011), with the holder in it, as the kernel's own priority
 * inheriting futexes have it: so who holds it is known at every moment, and breaking it changes the word that
 * the sleepers compare. Circles are looked for in the wait-for graph (Holt 1972), in which a thread waits for
 * one lock at the most, and a lock has one holder: from each thread there is one way to go.
 */
#include "sync/watched_lock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backoff.h"
#include "sync/futex.h"

enum {
    CONTENDED = 1, /* held, and someone may be asleep */
    BROKEN = 2,
    HOLDER_SHIFT = 2, /* above: the holder's number and one; 0: free */
    PARTIES_MAX = 1 << 20,
};

/* Rounds of back-off before a waiter sleeps: a few microseconds, as a sleep and a wake-up take. */
#define ROUNDS 6u

/* One step along the graph. */
struct mill_watch_step {
    unsigned waiter;
    uint64_t number; /* which of the waiter's waits */
    const struct mill_watched_lock *lock;
    unsigned holder;
};

/* Who the thread is: an argument would have to be handed through every call, and through callbacks. */
static _Thread_local struct {
    const struct mill_watch *watch;
    unsigned party;
} self;

int mill_watch_open(struct mill_watch *watch, unsigned parties)
{
    if (!watch || parties == 0 || parties > PARTIES_MAX) {
        return -EINVAL;
    }
    *watch = (struct mill_watch){.parties = parties};
    watch->party = mill_isolated_alloc(parties * sizeof *watch->party);
    watch->circle = calloc(parties, sizeof *watch->circle);
    int status = watch->party && watch->circle ? -pthread_mutex_init(&watch->looking, NULL) : -ENOMEM;
    if (status < 0) {
        free(watch->circle);
        free(watch->party);
    }
    return status;
}

void mill_watch_close(struct mill_watch *watch)
{
    if (mill_watch_attached(watch)) {
        self.watch = NULL; /* the next watch may stand in the same place */
    }
    pthread_mutex_destroy(&watch->looking);
    free(watch->circle);
    free(watch->party);
}

int mill_watch_attach(struct mill_watch *watch, unsigned party)
{
    if (!watch || party >= watch->parties) {
        return -EINVAL;
    }
    self.watch = watch;
    self.party = party;
    return 0;
}

bool mill_watch_attached(const struct mill_watch *watch)
{
    return watch && self.watch == watch;
}

int mill_watched_lock_init(struct mill_watched_lock *lock, struct mill_watch *watch, const char *name)
{
    if (!lock || !watch || !name || name[0] == '\0' || strlen(name) > MILL_WATCH_NAME_MAX) {
        return -EINVAL;
    }
    *lock = (struct mill_watched_lock){.watch = watch};
    memcpy(lock->name, name, strlen(name) + 1);
    lock->next = watch->locks;
    watch->locks = lock;
    return 0;
}

/* ---- the lock ---- */

static uint32_t held_by_self(void)
{
    return (self.party + 1) << HOLDER_SHIFT;
}

static uint32_t holder_of(uint32_t state)
{
    return state >> HOLDER_SHIFT;
}

static bool is_broken(uint32_t state)
{
    return (state & BROKEN) != 0;
}

/* True when the lock is had. Else *state is what is in the way. */
static bool take(struct mill_watched_lock *lock, uint32_t *state, uint32_t flags)
{
    *state = 0;
    /* acquire: pairs with the release in mill_watched_lock_release, and where it fails with the one in
     * mill_watch_break */
    return atomic_compare_exchange_strong_explicit(&lock->state, state, held_by_self() | flags,
                                                   memory_order_acquire, memory_order_acquire);
}

int mill_watched_lock_try(struct mill_watched_lock *lock)
{
    uint32_t state;
    if (!mill_watch_attached(lock->watch)) {
        return -EPERM;
    }
    if (take(lock, &state, 0)) {
        return 0;
    }
    return is_broken(state) ? -ECANCELED : -EBUSY;
}

/* Sleeps until the lock is had or broken; false: broken. Who has slept does not know whether others still do,
 * so it always takes the lock as contended: at worst one wake for nobody. */
static bool sleep_for(struct mill_watched_lock *lock)
{
    uint32_t state;
    while (!take(lock, &state, CONTENDED)) {
        if (is_broken(state)) {
            return false;
        }
        /* relaxed: it only tells the holder to wake */
        if ((state & CONTENDED) ||
            atomic_compare_exchange_strong_explicit(&lock->state, &state, state | CONTENDED,
                                                    memory_order_relaxed, memory_order_relaxed)) {
            mill_futex_wait(&lock->state, state | CONTENDED);
        }
    }
    /* Given free by a thread whose own wait was broken, while this lock was not yet. relaxed: what that
     * thread saw came with the lock. */
    if (atomic_load_explicit(&lock->watch->broken, memory_order_relaxed)) {
        mill_watched_lock_release(lock);
        return false;
    }
    return true;
}

/* The wait is shown before the thread sleeps and until it has the lock. */
static int wait(struct mill_watched_lock *lock)
{
    struct mill_watch_party *me = &lock->watch->party[self.party];
    /* relaxed: its own */
    uint64_t waits = atomic_load_explicit(&me->waits, memory_order_relaxed) + 1;
    atomic_store_explicit(&me->waits, waits, memory_order_relaxed);
    atomic_store_explicit(&me->for_itself, mill_watched_lock_is_mine(lock), memory_order_relaxed);
    /* release: pairs with the acquire in `look`; what this thread holds is seen by who sees it wait */
    atomic_store_explicit(&me->waits_for, lock, memory_order_release);
    bool had = sleep_for(lock);
    /* release: as above */
    atomic_store_explicit(&me->waits_for, NULL, memory_order_release);
    if (had) {
        return 0;
    }
    return me->in_circle ? -EDEADLK : -ECANCELED; /* written before the lock was broken, and not again */
}

int mill_watched_lock_acquire(struct mill_watched_lock *lock)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    int status = mill_watched_lock_try(lock);
    for (unsigned rounds = ROUNDS; status == -EBUSY && rounds > 0; rounds--) {
        mill_backoff_wait(&backoff);
        status = mill_watched_lock_try(lock);
    }
    return status == -EBUSY ? wait(lock) : status;
}

void mill_watched_lock_release(struct mill_watched_lock *lock)
{
    /* release: pairs with the acquire of the next holder. BROKEN alone stays. */
    uint32_t state = atomic_fetch_and_explicit(&lock->state, BROKEN, memory_order_release);
    if (state & CONTENDED) {
        mill_futex_wake(&lock->state, 1);
    }
}

bool mill_watched_lock_is_mine(const struct mill_watched_lock *lock)
{
    /* relaxed: nobody but the caller makes it the caller's, or takes that away */
    return mill_watch_attached(lock->watch) &&
           holder_of(atomic_load_explicit(&lock->state, memory_order_relaxed)) == self.party + 1;
}

/* ---- looking ---- */

/* Whom does `waiter` wait for? False: for nobody. */
static bool look(const struct mill_watch *watch, unsigned waiter, struct mill_watch_step *seen)
{
    const struct mill_watch_party *party = &watch->party[waiter];
    /* acquire: pairs with the release in `wait` */
    seen->lock = atomic_load_explicit(&party->waits_for, memory_order_acquire);
    if (!seen->lock) {
        return false;
    }
    seen->number = atomic_load_explicit(&party->waits, memory_order_relaxed);
    /* relaxed: once the holder's own wait was seen, what it did to the lock before is seen, too */
    uint32_t holder = holder_of(atomic_load_explicit(&seen->lock->state, memory_order_relaxed));
    seen->waiter = waiter;
    seen->holder = holder - 1;
    /* A waiter that has just got the lock still shows its wait for a moment. */
    bool had = seen->holder == waiter && !atomic_load_explicit(&party->for_itself, memory_order_relaxed);
    return holder > 0 && !had;
}

/* Follows the waits from `first`; the length of the circle that leads back to it, or 0. */
static unsigned walk(const struct mill_watch *watch, unsigned first, struct mill_watch_step *circle)
{
    unsigned at = first;
    for (unsigned length = 0; length < watch->parties; length++) {
        if (!look(watch, at, &circle[length])) {
            return 0;
        }
        at = circle[length].holder;
        if (at == first) {
            return length + 1;
        }
    }
    return 0;
}

/* Is every wait of it still the same one? Then all of them lasted from before the first look's end until
 * after the second one's begin, and none of the threads can have released anything in between. */
static bool still_there(const struct mill_watch *watch, const struct mill_watch_step *circle, unsigned length)
{
    for (unsigned i = 0; i < length; i++) {
        struct mill_watch_step now;
        if (!look(watch, circle[i].waiter, &now) || now.number != circle[i].number ||
            now.lock != circle[i].lock || now.holder != circle[i].holder) {
            return false;
        }
    }
    return true;
}

static void add_words(char *words, size_t size, size_t *length, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void add_words(char *words, size_t size, size_t *length, const char *format, ...)
{
    va_list arguments;
    if (*length < size) {
        va_start(arguments, format);
        *length += (size_t)vsnprintf(words + *length, size - *length, format, arguments);
        va_end(arguments);
    }
}

/* Begins with the thread of the least number, so that one circle has one wording. */
static void word_circle(const struct mill_watch_step *circle, unsigned count, char *words, size_t size)
{
    size_t length = 0;
    unsigned first = 0;
    for (unsigned i = 1; i < count; i++) {
        first = circle[i].waiter < circle[first].waiter ? i : first;
    }
    const struct mill_watch_step *before = &circle[(first + count - 1) % count];
    if (count == 1) {
        add_words(words, size, &length, "thread %u holds %s and waits for it itself", before->waiter,
                  before->lock->name);
        return;
    }
    add_words(words, size, &length, "thread %u holds %s and waits for %s", circle[first].waiter,
              before->lock->name, circle[first].lock->name);
    for (unsigned i = 1; i < count; i++) {
        const struct mill_watch_step *step = &circle[(first + i) % count];
        add_words(words, size, &length, ", held by thread %u, which waits for %s", step->waiter,
                  step->lock->name);
    }
}

/* Finds every circle, marks its members if asked to, and words the first. By the looker. */
static unsigned find_circles(struct mill_watch *watch, bool mark, char *words, size_t size)
{
    unsigned length_of_first = 0;
    if (size > 0) {
        words[0] = '\0';
    }
    for (unsigned first = 0; first < watch->parties; first++) {
        unsigned length = walk(watch, first, watch->circle);
        if (length == 0 || !still_there(watch, watch->circle, length)) {
            continue;
        }
        if (length_of_first == 0) {
            length_of_first = length;
            word_circle(watch->circle, length, words, size);
        }
        for (unsigned i = 0; mark && i < length; i++) {
            watch->party[watch->circle[i].waiter].in_circle = true;
        }
    }
    return length_of_first;
}

unsigned mill_watch_find_circle(struct mill_watch *watch, char *words, size_t size)
{
    pthread_mutex_lock(&watch->looking);
    unsigned length = find_circles(watch, false, words, size);
    pthread_mutex_unlock(&watch->looking);
    return length;
}

/* Under `looking`, once. */
static unsigned break_locks(struct mill_watch *watch, char *words, size_t size)
{
    unsigned length = find_circles(watch, true, words, size);
    /* relaxed: published by each lock's word */
    atomic_store_explicit(&watch->broken, true, memory_order_relaxed);
    for (struct mill_watched_lock *lock = watch->locks; lock; lock = lock->next) {
        /* release: pairs with the acquire of a failing `take`, which then sees its mark */
        atomic_fetch_or_explicit(&lock->state, BROKEN, memory_order_release);
        mill_futex_wake(&lock->state, INT_MAX);
    }
    return length;
}

unsigned mill_watch_break(struct mill_watch *watch, char *words, size_t size)
{
    pthread_mutex_lock(&watch->looking);
    /* relaxed: written under the mutex */
    bool broken = atomic_load_explicit(&watch->broken, memory_order_relaxed);
    unsigned length = broken ? 0 : break_locks(watch, words, size);
    pthread_mutex_unlock(&watch->looking);
    return length;
}

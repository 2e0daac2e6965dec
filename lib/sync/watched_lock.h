/* A lock that can be looked at and broken: who holds it, who waits for it, and whether those waits have
 * closed a circle. What a scenario's mistakes are made of when they end in a deadlock: the deadlock is real
 * (its threads sleep), is named in words, and ends when the watch is broken.
 *
 *     struct mill_watch watch;
 *     int status = mill_watch_open(&watch, threads);
 *     status = mill_watched_lock_init(&account->lock, &watch, "account 3");
 *
 *     each thread:  mill_watch_attach(&watch, index);                    "thread <index>" from now on
 *                   status = mill_watched_lock_acquire(&account->lock);
 *                   if (status < 0)
 *                       return status;                                   broken: leave, holding nothing more
 *                   …
 *                   mill_watched_lock_release(&account->lock);
 *
 *     the looker:   char words[256];
 *                   if (mill_watch_break(&watch, words, sizeof words) > 0)
 *                       puts(words);      "thread 0 holds account 3 and waits for account 7, held by thread
 * 1, which waits for account 3"
 *
 * Any attached thread may acquire, try and release; any thread at all may look and break. Init belongs before
 * the first use of the lock, by one thread; a lock has nothing to give back, but its memory stays while its
 * watch is open. A lock is not recursive: who acquires it twice waits for itself, and that is
 * found like every other circle. Acquire has acquire order, release has release order. Blocking; looking and
 * breaking wait for nobody but another looker.
 */
#ifndef MILL_SYNC_WATCHED_LOCK_H
#define MILL_SYNC_WATCHED_LOCK_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cacheline.h"

#define MILL_WATCH_NAME_MAX 31 /* characters of a lock's name */

struct mill_watched_lock;

/* What one thread does. `waits` says since which of its waits: a circle that shows the same waits in two
 * looks was there all the time between them. */
struct mill_watch_party {
    alignas(MILL_ISOLATION) struct mill_watched_lock *_Atomic waits_for; /* NULL: for none */
    _Atomic uint64_t waits;                                              /* begun so far */
    atomic_bool for_itself; /* the lock it waits for was its own when the wait began */
    bool in_circle;         /* when the watch was broken; published by the locks' words */
};

struct mill_watch_step; /* one wait of a circle; watched_lock.c */

struct mill_watch {
    unsigned parties;
    struct mill_watch_party *party;
    struct mill_watched_lock *locks; /* all, the newest first */
    atomic_bool broken;
    pthread_mutex_t looking;        /* protects `circle`, and the change of `broken`: one looker at a time */
    struct mill_watch_step *circle; /* room for all parties */
};

struct mill_watched_lock {
    alignas(MILL_ISOLATION) _Atomic uint32_t state; /* holder and flags; watched_lock.c */
    struct mill_watch *watch;
    struct mill_watched_lock *next;
    char name[MILL_WATCH_NAME_MAX + 1];
};

/* For `parties` threads. 0; -EINVAL (none, or over 2^20); -ENOMEM. */
int mill_watch_open(struct mill_watch *watch, unsigned parties);

/* Nobody uses the watch or a lock of it any more. The caller is no longer attached to it; any other thread
 * that was attaches itself anew before it acquires a lock of another watch. */
void mill_watch_close(struct mill_watch *watch);

/* The calling thread is "thread `party`" of this watch from now on, until it attaches to another one. No two
 * threads are the same party at once. 0 or -EINVAL (party not below the number given to open). */
int mill_watch_attach(struct mill_watch *watch, unsigned party);

/* Is the calling thread attached to this watch? */
bool mill_watch_attached(const struct mill_watch *watch);

/* The name, "account 3", is copied. 0 or -EINVAL (NULL, empty or over MILL_WATCH_NAME_MAX characters). */
int mill_watched_lock_init(struct mill_watched_lock *lock, struct mill_watch *watch, const char *name);

/* Waits until the lock is had. 0; -EDEADLK: the watch was broken while the caller waited in a circle;
 * -ECANCELED: it was broken otherwise; -EPERM: the caller is not attached to the lock's watch. */
int mill_watched_lock_acquire(struct mill_watched_lock *lock);

/* Never waits. 0; -EBUSY (held, perhaps by the caller); -ECANCELED; -EPERM. */
int mill_watched_lock_try(struct mill_watched_lock *lock);

/* By the holder; also once the watch is broken. */
void mill_watched_lock_release(struct mill_watched_lock *lock);

/* Is the lock held by the calling thread? */
bool mill_watched_lock_is_mine(const struct mill_watched_lock *lock);

/* Looks for a circle of threads that wait for each other, and words the first one found into `words` (cut to
 * `size`; empty where there is none). The number of threads in it, or 0. What it finds is there: threads that
 * go on meanwhile do not deceive it. */
unsigned mill_watch_find_circle(struct mill_watch *watch, char *words, size_t size);

/* The same, and ends every wait of every lock of the watch, now and in future. Once; a second call is 0
 * and leaves `words` alone. Locks that are held stay held until their holders release them. No lock is
 * initialised meanwhile or afterwards. */
unsigned mill_watch_break(struct mill_watch *watch, char *words, size_t size);

#endif

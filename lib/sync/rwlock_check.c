#include "sync/rwlock_check.h"

#include <stdio.h>

#include "core/thread_index.h"
#include "sync/lock_check.h"

static struct mill_rwlock_check *check_of(struct mill_rwlock *lock)
{
    return (struct mill_rwlock_check *)(void *)((unsigned char *)lock - sizeof(struct mill_rwlock_check));
}

static bool excludes(const struct mill_rwlock_ops *ops)
{
    return !(ops->about.traits & (MILL_EMPTY | MILL_CONTROL));
}

static int thread_of(const struct mill_rwlock_hold *hold)
{
    return atomic_load_explicit(&hold->thread, memory_order_relaxed);
}

/* Where it stands that the calling thread reads; NULL: there are more threads than places. */
static struct mill_rwlock_hold *own_place(struct mill_rwlock_check *check)
{
    int index = mill_thread_index();
    return index >= 0 && index < MILL_RWLOCK_CHECK_READERS ? &check->reader[index] : NULL;
}

static void take(struct mill_rwlock_hold *hold, const struct mill_rwlock_context *me)
{
    atomic_store_explicit(&hold->context, me, memory_order_relaxed);
    atomic_store_explicit(&hold->thread, mill_lock_check_self(), memory_order_relaxed);
}

static void give_back(struct mill_rwlock_hold *hold)
{
    atomic_store_explicit(&hold->thread, 0, memory_order_relaxed);
}

/* ---- words ---- */

struct holders {
    char text[128];
};

/* The first of them by place; 0: none is known. */
static int any_reader(const struct mill_rwlock_check *check)
{
    int thread = 0;
    for (unsigned i = 0; i < MILL_RWLOCK_CHECK_READERS && thread == 0; i++) {
        thread = thread_of(&check->reader[i]);
    }
    return thread;
}

/* "written by thread 123 (name)", "read by thread 123 (name) and 2 others", or "held by nobody". */
static struct holders holders_of(const struct mill_rwlock_check *check)
{
    struct holders words = {"held by nobody"};
    int writer = thread_of(&check->writer);
    unsigned readers = atomic_load_explicit(&check->readers, memory_order_relaxed);
    if (writer != 0) {
        snprintf(words.text, sizeof words.text, "written by %s", mill_lock_thread_words(writer).text);
    } else if (readers == 1) {
        snprintf(words.text, sizeof words.text, "read by %s", mill_lock_thread_words(any_reader(check)).text);
    } else if (readers > 1) {
        snprintf(words.text, sizeof words.text, "read by %s and %u others",
                 mill_lock_thread_words(any_reader(check)).text, readers - 1);
    }
    return words;
}

static _Noreturn void misused(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock, const char *how)
{
    mill_lock_misused(ops->about.name, lock, "%s: it is %s", how, holders_of(check_of(lock)).text);
}

/* ---- checks ---- */

void mill_rwlock_check_comes(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock, bool write)
{
    struct mill_rwlock_check *check = check_of(lock);
    if (!excludes(ops)) {
        return;
    }
    const struct mill_rwlock_hold *place = own_place(check);
    int self = mill_lock_check_self();
    int reader = place ? thread_of(place) : 0;
    if (thread_of(&check->writer) == self) {
        misused(ops, lock, write ? "acquires it to write a second time" : "acquires it to read, and writes");
    }
    if (reader == self) {
        misused(ops, lock, write ? "acquires it to write, and reads" : "acquires it to read a second time");
    }
    if (reader != 0) { /* of its number, before it */
        mill_lock_misused(ops->about.name, lock, "acquires it: %s has ended, and left it read",
                          mill_lock_thread_words(reader).text);
    }
    atomic_fetch_add_explicit(&check->users, 1, memory_order_relaxed);
}

static void has_to_write(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                         const struct mill_rwlock_context *me)
{
    struct mill_rwlock_check *check = check_of(lock);
    if (thread_of(&check->writer) != 0 || atomic_load_explicit(&check->readers, memory_order_relaxed) > 0) {
        misused(ops, lock, "was let in to write");
    }
    take(&check->writer, me);
}

static void has_to_read(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                        const struct mill_rwlock_context *me)
{
    struct mill_rwlock_check *check = check_of(lock);
    struct mill_rwlock_hold *place = own_place(check);
    if (thread_of(&check->writer) != 0) {
        misused(ops, lock, "was let in to read");
    }
    if (place) {
        take(place, me);
    }
    atomic_fetch_add_explicit(&check->readers, 1, memory_order_relaxed);
}

void mill_rwlock_check_has(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                           const struct mill_rwlock_context *me, bool write)
{
    if (!excludes(ops)) {
        return;
    }
    if (write) {
        has_to_write(ops, lock, me);
    } else {
        has_to_read(ops, lock, me);
    }
}

/* By a hold that may be the calling thread's. */
static void leave(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock, struct mill_rwlock_hold *hold,
                  const struct mill_rwlock_context *me, const char *otherwise)
{
    if (thread_of(hold) != mill_lock_check_self()) {
        misused(ops, lock, otherwise);
    }
    if (atomic_load_explicit(&hold->context, memory_order_relaxed) != me) {
        misused(ops, lock, "releases it with another context than it acquired it with");
    }
    give_back(hold);
}

void mill_rwlock_check_leaves(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                              const struct mill_rwlock_context *me, bool write)
{
    struct mill_rwlock_check *check = check_of(lock);
    if (!excludes(ops)) {
        return;
    }
    struct mill_rwlock_hold *hold = write ? &check->writer : own_place(check);
    if (hold) {
        leave(ops, lock, hold, me,
              write ? "releases a write that it does not hold" : "releases a read that it does not hold");
    } else if (atomic_load_explicit(&check->readers, memory_order_relaxed) == 0) {
        misused(ops, lock, "releases a read that it does not hold");
    }
    if (!write) {
        atomic_fetch_sub_explicit(&check->readers, 1, memory_order_relaxed);
    }
    atomic_fetch_sub_explicit(&check->users, 1, memory_order_relaxed);
}

void mill_rwlock_check_is_free(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock)
{
    const struct mill_rwlock_check *check = check_of(lock);
    unsigned users = atomic_load_explicit(&check->users, memory_order_relaxed);
    if (excludes(ops) && users > 0) {
        mill_lock_misused(ops->about.name, lock, "destroys it: %u hold it or wait for it, and it is %s",
                          users, holders_of(check).text);
    }
}

#include "sync/lock_check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- words ---- */

/* A process forked from this thread goes on with the number of its parent, which no other thread of it can
 * have while the parent lives. */
int mill_lock_check_self(void)
{
    static _Thread_local int number;
    if (number == 0) {
        number = gettid();
    }
    return number;
}

struct mill_lock_thread_words mill_lock_thread_words(int thread)
{
    struct mill_lock_thread_words words = {"nobody"};
    if (thread != 0) {
        char path[64];
        char name[32] = "?";
        snprintf(path, sizeof path, "/proc/self/task/%d/comm", thread);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file >= 0) {
            ssize_t length = read(file, name, sizeof name - 1);
            name[length > 0 ? length : 0] = '\0';
            name[strcspn(name, "\n")] = '\0';
            close(file);
        }
        snprintf(words.text, sizeof words.text, "thread %d (%s)", thread, name);
    }
    return words;
}

void mill_lock_misused(const char *name, const void *lock, const char *format, ...)
{
    char words[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    fprintf(stderr, "lock '%s' at %p: %s %s\n", name, lock,
            mill_lock_thread_words(mill_lock_check_self()).text, words);
    abort();
}

/* ---- checks ---- */

static struct mill_lock_check *check_of(struct mill_lock *lock)
{
    return (struct mill_lock_check *)(void *)((unsigned char *)lock - sizeof(struct mill_lock_check));
}

static bool excludes(const struct mill_lock_ops *ops)
{
    return !(ops->about.traits & (MILL_EMPTY | MILL_CONTROL));
}

static int holder_of(const struct mill_lock_check *check)
{
    return atomic_load_explicit(&check->holder, memory_order_relaxed);
}

void mill_lock_check_comes(const struct mill_lock_ops *ops, struct mill_lock *lock)
{
    struct mill_lock_check *check = check_of(lock);
    if (!excludes(ops)) {
        return;
    }
    int holder = holder_of(check);
    if (holder == mill_lock_check_self()) {
        mill_lock_misused(ops->about.name, lock, "acquires it a second time: it is held by %s",
                          mill_lock_thread_words(holder).text);
    }
    unsigned users = atomic_fetch_add_explicit(&check->users, 1, memory_order_relaxed);
    if ((ops->about.traits & MILL_BOUNDED) && users >= check->threads) {
        mill_lock_misused(
            ops->about.name, lock,
            "is one too many: it was built for %u, so many hold it or wait, and the holder is %s",
            check->threads, mill_lock_thread_words(holder).text);
    }
}

void mill_lock_check_goes(const struct mill_lock_ops *ops, struct mill_lock *lock)
{
    if (excludes(ops)) {
        atomic_fetch_sub_explicit(&check_of(lock)->users, 1, memory_order_relaxed);
    }
}

void mill_lock_check_has(const struct mill_lock_ops *ops, struct mill_lock *lock,
                         const struct mill_lock_context *me)
{
    struct mill_lock_check *check = check_of(lock);
    if (!excludes(ops)) {
        return;
    }
    int holder = atomic_exchange_explicit(&check->holder, mill_lock_check_self(), memory_order_relaxed);
    if (holder != 0) {
        mill_lock_misused(ops->about.name, lock, "was given it while it is held by %s",
                          mill_lock_thread_words(holder).text);
    }
    atomic_store_explicit(&check->context, me, memory_order_relaxed);
}

void mill_lock_check_leaves(const struct mill_lock_ops *ops, struct mill_lock *lock,
                            const struct mill_lock_context *me)
{
    struct mill_lock_check *check = check_of(lock);
    if (!excludes(ops)) {
        return;
    }
    int holder = holder_of(check);
    if (holder != mill_lock_check_self()) {
        mill_lock_misused(ops->about.name, lock, "releases it: it is held by %s",
                          mill_lock_thread_words(holder).text);
    }
    if (ops->uses_context && atomic_load_explicit(&check->context, memory_order_relaxed) != me) {
        mill_lock_misused(ops->about.name, lock, "releases it with another context than it acquired it with");
    }
    atomic_store_explicit(&check->holder, 0, memory_order_relaxed);
    mill_lock_check_goes(ops, lock);
}

void mill_lock_check_is_free(const struct mill_lock_ops *ops, struct mill_lock *lock)
{
    struct mill_lock_check *check = check_of(lock);
    unsigned users = atomic_load_explicit(&check->users, memory_order_relaxed);
    if (excludes(ops) && users > 0) {
        mill_lock_misused(ops->about.name, lock,
                          "destroys it: %u hold it or wait for it, and the holder is %s", users,
                          mill_lock_thread_words(holder_of(check)).text);
    }
}

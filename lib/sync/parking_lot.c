#include "sync/parking_lot.h"

#include <errno.h>
#include <pthread.h>

#include "core/cacheline.h"
#include "core/clock.h"
#include "sync/lock_call.h"

/* On the stack of who sleeps; all but the call is protected by the bucket's mutex until it is taken out. */
struct sleeper {
    const volatile void *address;
    struct sleeper *next;
    struct mill_call call;
    bool told; /* what `change` returned */
    bool out;  /* of the bucket: the call has come, or is about to */
};

struct bucket {
    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* protects the rest */
    struct sleeper *first;
    struct sleeper **end; /* the last one's `next`, if there is a first */
    uint64_t fair_at;     /* by mill_now_ns() */
};

#define BUCKETS_BITS 6
#define BUCKETS      (1u << BUCKETS_BITS)
#define FAIR_NS      MILL_NS_PER_MS

static struct bucket lot[BUCKETS] = {[0 ... BUCKETS - 1] = {.mutex = PTHREAD_MUTEX_INITIALIZER}};

/* Locked (Fibonacci hashing). */
static struct bucket *bucket_of(const volatile void *address)
{
    uint64_t hash = (uint64_t)(uintptr_t)address * 0x9e3779b97f4a7c15ull;
    struct bucket *bucket = &lot[hash >> (64 - BUCKETS_BITS)];
    pthread_mutex_lock(&bucket->mutex);
    return bucket;
}

/* The link to the first that sleeps on the address, from `link` on; *link is NULL where nobody does. */
static struct sleeper **find(struct sleeper **link, const volatile void *address)
{
    while (*link && (*link)->address != address) {
        link = &(*link)->next;
    }
    return link;
}

static void take_out(struct bucket *bucket, struct sleeper **link)
{
    struct sleeper *sleeper = *link;
    *link = sleeper->next;
    if (bucket->end == &sleeper->next) {
        bucket->end = link;
    }
    sleeper->out = true;
    if (MILL_UNDER_HUNT && !bucket->first) {
        bucket->fair_at = 0; /* as each schedule is to find it */
    }
}

/* After the deadline: false if it was woken in the meantime. */
static bool give_up(struct sleeper *sleeper)
{
    struct bucket *bucket = bucket_of(sleeper->address);
    bool in = !sleeper->out;
    if (in) {
        struct sleeper **link = &bucket->first;
        while (*link != sleeper) {
            link = &(*link)->next;
        }
        take_out(bucket, link);
    }
    pthread_mutex_unlock(&bucket->mutex);
    return in;
}

int mill_parking_lot_sleep(const volatile void *address, mill_parking_lot_look *must_sleep, void *argument,
                           uint64_t deadline)
{
    struct sleeper sleeper = {.address = address};
    struct bucket *bucket = bucket_of(address);
    bool sleeps = must_sleep(argument);
    if (sleeps) {
        mill_call_prepare(&sleeper.call);
        *(bucket->first ? bucket->end : &bucket->first) = &sleeper;
        bucket->end = &sleeper.next;
    }
    pthread_mutex_unlock(&bucket->mutex);
    if (!sleeps) {
        return -EAGAIN;
    }
    if (mill_call_await_until(&sleeper.call, deadline) < 0) {
        if (give_up(&sleeper)) {
            return -ETIMEDOUT;
        }
        mill_call_await(&sleeper.call); /* which is on its way, and writes to this stack */
    }
    return sleeper.told;
}

void mill_parking_lot_wake(const volatile void *address, mill_parking_lot_change *change, void *argument)
{
    struct bucket *bucket = bucket_of(address);
    struct sleeper **link = find(&bucket->first, address);
    struct sleeper *sleeper = *link;
    struct mill_parking_lot_found found = {.somebody = sleeper};
    if (sleeper) {
        found.more = *find(&sleeper->next, address);
        uint64_t now = mill_now_ns();
        found.fair = now >= bucket->fair_at;
        bucket->fair_at = found.fair ? now + FAIR_NS : bucket->fair_at;
        take_out(bucket, link);
        sleeper->told = change(argument, found);
    } else {
        change(argument, found);
    }
    pthread_mutex_unlock(&bucket->mutex);
    if (sleeper) {
        mill_call(&sleeper->call);
    }
}

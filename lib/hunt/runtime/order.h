/* Locks in both orders (hunt/lock_order.h), while they are looked for: what interposed calls tell of threads
 * and locks. A circle of them fails the schedule at the place that closes it, although nobody waits.
 *
 * Orders are kept within one schedule and forgotten at the next: a schedule that is played again shows then
 * what it showed, and what is found depends neither on the schedules before it nor on how many share a
 * process.
 */
#ifndef MILL_HUNT_RUNTIME_ORDER_H
#define MILL_HUNT_RUNTIME_ORDER_H

#include <stdbool.h>

/* They are looked for. */
extern bool mill_hunt_lock_order;

/* From now on. 0 or -ENOMEM. */
int mill_order_open(void);

/* ---- of the running thread, while they are looked for ---- */

/* How a lock was asked for. */
enum mill_order_how {
    MILL_ORDER_WAITS = 0,
    MILL_ORDER_SHARES = 1,   /* to read */
    MILL_ORDER_GIVES_UP = 2, /* it does not wait, or not for ever: it closes no circle */
};

void mill_order_take(const volatile void *lock, unsigned how, const void *pc);
void mill_order_give(const volatile void *lock);
void mill_order_renew(const volatile void *lock);
void mill_order_spawn(unsigned child);
void mill_order_join(unsigned child);
void mill_order_begin(void);

/* ---- the same; nothing, while they are not ---- */

/* It has got a lock, with `how` of enum mill_order_how, at this place of the program. Returns, or the
 * schedule has failed. */
static inline void mill_order_taken(const volatile void *lock, unsigned how, const void *pc)
{
    if (mill_hunt_lock_order) {
        mill_order_take(lock, how, pc);
    }
}

/* It has given back what it took. */
static inline void mill_order_given(const volatile void *lock)
{
    if (mill_hunt_lock_order) {
        mill_order_give(lock);
    }
}

/* The lock was made or destroyed. */
static inline void mill_order_renewed(const volatile void *lock)
{
    if (mill_hunt_lock_order) {
        mill_order_renew(lock);
    }
}

/* It has made a thread. */
static inline void mill_order_spawned(unsigned child)
{
    if (mill_hunt_lock_order) {
        mill_order_spawn(child);
    }
}

/* It has waited for a thread to end. */
static inline void mill_order_joined(unsigned child)
{
    if (mill_hunt_lock_order) {
        mill_order_join(child);
    }
}

/* A schedule begins. */
static inline void mill_order_begun(void)
{
    if (mill_hunt_lock_order) {
        mill_order_begin();
    }
}

#endif

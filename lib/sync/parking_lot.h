/* Where threads sleep on any address, so that what they wait for needs no room for them: a lock can be one
 * byte (Pizlo 2016, WebKit's ParkingLot; before it the futex and Java's lock of one bit).
 *
 *     sleeps unless the byte has changed:          changes the byte, and wakes one that sleeps:
 *
 *     mill_parking_lot_sleep(&byte, must_sleep,    mill_parking_lot_wake(&byte, change, &byte);
 *                            &byte, deadline);
 *
 * The one parking lot of the process, and one of its few contexts that change: buckets of waiters, by the
 * hash of the address, each under a mutex. `must_sleep` and `change` are called under that of the address, so
 * that what they look at and change is one step with falling asleep and waking: no wake is missed. They must
 * not call anything of this header. Waiters of one address are woken in the order in which they came.
 *
 * Any thread may call both. Blocking. An address is only a name here, and never read.
 */
#ifndef MILL_SYNC_PARKING_LOT_H
#define MILL_SYNC_PARKING_LOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether there still is something to wait for. */
typedef bool mill_parking_lot_look(void *argument);

/* What a wake finds. */
struct mill_parking_lot_found {
    bool somebody; /* is woken when `change` has returned */
    bool more;     /* sleep there besides */
    bool fair;     /* for this bucket it is time again to be fair: about once in a millisecond */
};

/* Does what the wake is for; the result is told to who is woken. */
typedef bool mill_parking_lot_change(void *argument, struct mill_parking_lot_found found);

/* Sleeps until woken or until `deadline` (core/timeout.h), unless `must_sleep` says no. -EAGAIN: it did;
 * -ETIMEDOUT: nobody has woken it, nor will; 0 or 1: woken, and `change` returned false, or true. What the
 * waker wrote before is seen after. */
int mill_parking_lot_sleep(const volatile void *address, mill_parking_lot_look *must_sleep, void *argument,
                           uint64_t deadline);

/* Wakes who has slept longest on the address, if anybody does; calls `change` in any case. */
void mill_parking_lot_wake(const volatile void *address, mill_parking_lot_change *change, void *argument);

#endif

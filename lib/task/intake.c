#include "task/intake.h"

#include <errno.h>
#include <stdlib.h>

enum { CLOSED = 1, ONE = 2 }; /* of `tail` */

int mill_intake_init(struct mill_intake *intake, size_t slots)
{
    *intake = (struct mill_intake){.mask = slots - 1};
    intake->slots = mill_isolated_alloc(slots * sizeof intake->slots[0]);
    if (!intake->slots) {
        return -ENOMEM;
    }
    int status = -pthread_mutex_init(&intake->mutex, NULL);
    if (status < 0) {
        free(intake->slots);
        intake->slots = NULL;
    }
    return status;
}

void mill_intake_destroy(struct mill_intake *intake)
{
    if (intake->slots) {
        pthread_mutex_destroy(&intake->mutex);
        free(intake->slots);
    }
}

/* What is taken besides a first one is carried elsewhere. relaxed: published by what makes it disappear from
 * here, a release, which pairs with the acquire in mill_intake_empty. */
static void announce(atomic_bool *carrying, size_t count)
{
    if (carrying && count > 1) {
        atomic_store_explicit(carrying, true, memory_order_relaxed);
    }
}

/* ---- the list behind the ring ---- */

static int spill(struct mill_intake *intake, struct mill_task *task, bool back)
{
    pthread_mutex_lock(&intake->mutex);
    bool refused = intake->closed && !back;
    if (!refused) {
        task->next = NULL;
        if (intake->first) {
            intake->last->next = task;
        } else {
            intake->first = task;
        }
        intake->last = task;
        /* release: pairs with the acquire in mill_intake_empty */
        atomic_fetch_add_explicit(&intake->spilled, 1, memory_order_release);
    }
    pthread_mutex_unlock(&intake->mutex);
    return refused ? -EPIPE : 0;
}

static size_t take_spilled(struct mill_intake *intake, struct mill_task **tasks, size_t most, size_t sharers,
                           atomic_bool *carrying)
{
    /* relaxed: a hint, the mutex orders */
    if (atomic_load_explicit(&intake->spilled, memory_order_relaxed) == 0) {
        return 0;
    }
    size_t count = 0;
    pthread_mutex_lock(&intake->mutex);
    size_t there = atomic_load_explicit(&intake->spilled, memory_order_relaxed);
    size_t share = (there + sharers - 1) / sharers;
    for (; count < most && count < share; count++) {
        tasks[count] = intake->first;
        intake->first = intake->first->next;
    }
    announce(carrying, count);
    atomic_fetch_sub_explicit(&intake->spilled, count, memory_order_release);
    pthread_mutex_unlock(&intake->mutex);
    return count;
}

void mill_intake_put_back(struct mill_intake *intake, struct mill_task *task)
{
    spill(intake, task, true);
}

/* ---- the ring ---- */

static mill_intake_slot *slot_of(const struct mill_intake *intake, uint64_t position)
{
    return &intake->slots[position & intake->mask];
}

/* Has the task of one lap before been taken, and its slot been cleared? Both must be asked: a slot that is
 * NULL may also belong to a put of that lap which has not stored yet. */
static bool has_room(struct mill_intake *intake, uint64_t position)
{
    /* acquire, here and release below: the store of that lap's put happened before the take that moved
     * `head`, so it is not an old NULL that is seen */
    uint64_t head = atomic_load_explicit(&intake->head_seen, memory_order_acquire);
    if (position - head > intake->mask) {
        head = atomic_load_explicit(&intake->head, memory_order_acquire);
        atomic_store_explicit(&intake->head_seen, head, memory_order_release);
    }
    return position - head <= intake->mask &&
           !atomic_load_explicit(slot_of(intake, position), memory_order_relaxed);
}

/* Sets `position` to one that is the caller's alone. 0; -EPIPE; -EAGAIN: no room. */
static int claim(struct mill_intake *intake, uint64_t *position)
{
    uint64_t tail = atomic_load_explicit(&intake->tail, memory_order_relaxed);
    for (;;) {
        if (tail & CLOSED) {
            return -EPIPE;
        }
        *position = tail / ONE;
        if (!has_room(intake, *position)) {
            uint64_t before = tail;
            tail = atomic_load_explicit(&intake->tail, memory_order_relaxed);
            if (tail == before) {
                return -EAGAIN;
            }
            /* release: pairs with the acquire in look, so that a taker that sees the claim sees the slot as
             * it was found here, and not the task of a lap before */
        } else if (atomic_compare_exchange_weak_explicit(&intake->tail, &tail, tail + ONE,
                                                         memory_order_release, memory_order_relaxed)) {
            return 0;
        }
    }
}

int mill_intake_put(struct mill_intake *intake, struct mill_task *task)
{
    uint64_t position;
    int status = claim(intake, &position);
    if (status == 0) {
        /* release: pairs with the acquire in look; the task is seen */
        atomic_store_explicit(slot_of(intake, position), task, memory_order_release);
    }
    return status == -EAGAIN ? spill(intake, task, false) : status;
}

/* Is there a put of this position? Only then a task in its slot is that put's: else it may be the one of a
 * lap before, taken and not yet cleared. */
static bool is_claimed(struct mill_intake *intake, uint64_t position)
{
    /* acquire, here and release below: the claim has happened before what follows */
    uint64_t tail = atomic_load_explicit(&intake->tail_seen, memory_order_acquire);
    if (position >= tail) {
        tail = atomic_load_explicit(&intake->tail, memory_order_acquire) / ONE;
        atomic_store_explicit(&intake->tail_seen, tail, memory_order_release);
    }
    return position < tail;
}

/* How many tasks stand in a row from `head` on, and which. */
static size_t look(struct mill_intake *intake, uint64_t head, struct mill_task **tasks, size_t most)
{
    size_t count = 0;
    while (count < most) {
        /* The slot first: while it is empty the other side's line is left alone. */
        struct mill_task *task = atomic_load_explicit(slot_of(intake, head + count), memory_order_relaxed);
        if (!task || !is_claimed(intake, head + count)) {
            break;
        }
        /* acquire: pairs with the release of the put. Again, since the first may have been of the lap before.
         */
        task = atomic_load_explicit(slot_of(intake, head + count), memory_order_acquire);
        if (!task) {
            break;
        }
        tasks[count++] = task;
    }
    return count;
}

/* Behind `before` that have been taken already. */
static size_t take_from_ring(struct mill_intake *intake, struct mill_task **tasks, size_t most,
                             size_t sharers, atomic_bool *carrying, size_t before)
{
    uint64_t head = atomic_load_explicit(&intake->head, memory_order_acquire);
    size_t count;
    do {
        count = look(intake, head, tasks, most);
        if (count == 0) {
            return 0;
        }
        count = (count + sharers - 1) / sharers;
        announce(carrying, before + count);
        /* release: pairs with the acquire in has_room and in mill_intake_empty. What was looked at is still
         * valid if nobody has moved the head since. */
    } while (!atomic_compare_exchange_weak_explicit(&intake->head, &head, head + count, memory_order_acq_rel,
                                                    memory_order_acquire));
    for (size_t i = 0; i < count; i++) {
        /* relaxed: has_room asks for no more than that it is NULL */
        atomic_store_explicit(slot_of(intake, head + i), NULL, memory_order_relaxed);
    }
    return count;
}

/* How much of what is wanted may come from the list: half, and of a single task every second one, so that
 * neither starves the other. Whichever gives one moves the sum on. */
static size_t most_spilled(const struct mill_intake *intake, size_t most)
{
    /* relaxed, both: it need not be exact */
    uint64_t sum = atomic_load_explicit(&intake->head, memory_order_relaxed) +
                   atomic_load_explicit(&intake->spilled, memory_order_relaxed);
    return most > 1 ? most / 2 : sum % 2;
}

size_t mill_intake_take(struct mill_intake *intake, struct mill_task **tasks, size_t most, size_t sharers,
                        atomic_bool *carrying)
{
    size_t count = take_spilled(intake, tasks, most_spilled(intake, most), sharers, carrying);
    if (count < most) {
        count += take_from_ring(intake, tasks + count, most - count, sharers, carrying, count);
    }
    /* The ring may have been empty just when it was not the list's turn. */
    return count > 0 ? count : take_spilled(intake, tasks, most, sharers, carrying);
}

/* ---- the end ---- */

void mill_intake_close(struct mill_intake *intake)
{
    atomic_fetch_or_explicit(&intake->tail, CLOSED, memory_order_relaxed); /* the swap of a put sees it */
    pthread_mutex_lock(&intake->mutex);
    intake->closed = true;
    pthread_mutex_unlock(&intake->mutex);
}

bool mill_intake_empty(const struct mill_intake *intake)
{
    /* The head first: seen later than the tail it might have passed it. acquire: orders the two */
    uint64_t head = atomic_load_explicit(&intake->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&intake->tail, memory_order_acquire);
    return tail / ONE == head && atomic_load_explicit(&intake->spilled, memory_order_acquire) == 0;
}

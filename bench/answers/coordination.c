/* The locks, the event, the barrier, the task. */
#include <errno.h>
#include <sched.h>

#include "answers.h"

/* Takes the flag. Wrong: looks, and then takes. Sequentially consistent, here and below: this is about
 * answers, not about memory. */
static bool take_flag(struct answers *answers)
{
    int free = 0;
    if (!answers->wrong) {
        return atomic_compare_exchange_strong(&answers->flag, &free, 1);
    }
    if (atomic_load(&answers->flag) != 0) {
        return false;
    }
    atomic_store(&answers->flag, 1);
    return true;
}

/* A section in which nothing is done is over before another can be in it. */
static void stay_inside(void)
{
    sched_yield();
}

int answers_lock(struct mill_worker *worker, struct answers *answers)
{
    mill_worker_called(worker, MILL_CALL_LOCK_TRY, 0, 0, 0);
    bool told = take_flag(answers);
    mill_worker_returned(worker, told);
    if (told) {
        stay_inside();
        mill_worker_called(worker, MILL_CALL_LOCK_RELEASE, 0, 0, 0);
        atomic_store(&answers->flag, 0);
        mill_worker_returned(worker, 0);
    }
    return MILL_DONE;
}

/* A flag of -1 is held by a writer, one over 0 by readers. Wrong: a writer looks, and then takes. */
static bool take_to_write(struct answers *answers)
{
    int free = 0;
    if (!answers->wrong) {
        return atomic_compare_exchange_strong(&answers->readers, &free, -1);
    }
    if (atomic_load(&answers->readers) != 0) {
        return false;
    }
    atomic_fetch_sub(&answers->readers, 1);
    return true;
}

static bool take_to_read(struct answers *answers)
{
    int seen = atomic_load(&answers->readers);
    return seen >= 0 && atomic_compare_exchange_strong(&answers->readers, &seen, seen + 1);
}

int answers_rwlock(struct mill_worker *worker, struct answers *answers)
{
    bool write = worker->index == 0;
    mill_worker_called(worker, write ? MILL_CALL_RWLOCK_WRITE_TRY : MILL_CALL_RWLOCK_READ_TRY, 0, 0, 0);
    bool told = write ? take_to_write(answers) : take_to_read(answers);
    mill_worker_returned(worker, told);
    if (told) {
        stay_inside();
        mill_worker_called(worker, write ? MILL_CALL_RWLOCK_WRITE_RELEASE : MILL_CALL_RWLOCK_READ_RELEASE, 0,
                           0, 0);
        atomic_fetch_add(&answers->readers, write ? 1 : -1);
        mill_worker_returned(worker, 0);
    }
    return MILL_DONE;
}

/* Wrong: a clear is forgotten when somebody looks. */
int answers_event(struct mill_worker *worker, struct answers *answers)
{
    if (worker->index > 0) {
        mill_worker_called(worker, MILL_CALL_EVENT_IS_SET, 0, 0, 0);
        mill_worker_returned(worker, atomic_load(answers->wrong ? &answers->readers : &answers->flag));
        return MILL_DONE;
    }
    mill_worker_called(worker, MILL_CALL_EVENT_SET, 0, 0, 0);
    atomic_store(&answers->flag, 1);
    atomic_store(&answers->readers, 1);
    mill_worker_returned(worker, 0);
    mill_worker_called(worker, MILL_CALL_EVENT_CLEAR, 0, 0, 0);
    atomic_store(&answers->flag, 0);
    mill_worker_returned(worker, 0);
    return MILL_DONE;
}

/* Of two parties. Wrong: who finds that all have come takes himself for the last, and there may be two. */
int answers_barrier(struct mill_worker *worker, struct answers *answers)
{
    mill_worker_called(worker, MILL_CALL_BARRIER_WAIT, 0, 0, 0);
    unsigned before = atomic_fetch_add(&answers->arrived, 1);
    unsigned all = before / 2 * 2 + 2;
    while (atomic_load(&answers->arrived) < all) {
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
        sched_yield();
    }
    mill_worker_returned(worker, answers->wrong ? atomic_load(&answers->arrived) == all : before % 2);
    return MILL_DONE;
}

enum { NEW, SUBMITTED, RAN, CANCELLED };

/* Wrong: looks, and then takes. */
static bool take_task(struct answers *answers, unsigned task, int how)
{
    int submitted = SUBMITTED;
    if (!answers->wrong) {
        return atomic_compare_exchange_strong(&answers->tasks[task], &submitted, how);
    }
    if (atomic_load(&answers->tasks[task]) != SUBMITTED) {
        return false;
    }
    atomic_store(&answers->tasks[task], how);
    return true;
}

/* A task is submitted and cancelled by one thread, and run by another, if that comes to it. */
int answers_future(struct mill_worker *worker, struct answers *answers)
{
    unsigned task = (unsigned)worker->operations % ANSWERS_ITEMS;
    if (worker->index > 0) {
        size_t call;
        if (take_task(answers, task, RAN)) {
            call = mill_case_called(worker->the_case, MILL_CALL_TASK_RUN, task, 0, 0);
            mill_case_returned(worker->the_case, call, 0);
        }
        return MILL_DONE;
    }
    mill_worker_called(worker, MILL_CALL_TASK_SUBMIT, task, 0, 0);
    atomic_store(&answers->tasks[task], SUBMITTED);
    mill_worker_returned(worker, 0);
    mill_worker_called(worker, MILL_CALL_TASK_CANCEL, task, 0, 0);
    if (take_task(answers, task, CANCELLED)) {
        mill_worker_returned(worker, 0);
    }
    return MILL_DONE;
}

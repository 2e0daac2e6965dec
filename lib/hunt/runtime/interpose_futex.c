/* The kernel's calls, as far as they wait, wake or order: futexes, membarrier, sched_yield. By way of
 * syscall(), the rest goes to the kernel as it is, except what would leave the schedule behind: what makes
 * threads or processes, or waits in the kernel, where nobody else could run meanwhile.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "hunt/runtime/real.h"

static void yield(const void *pc)
{
    const struct mill_step step = mill_thing(MILL_STEP_YIELD, NULL, pc);
    mill_yield(&step);
}

/* ---- futexes ---- */

static struct mill_step word_step(enum mill_step_kind kind, const uint32_t *word, const void *pc)
{
    struct mill_step step = mill_thing_step(kind, MILL_THING_FUTEX, word, pc);
    step.size = sizeof *word;
    return step;
}

/* A point at which the word is looked at: an atomic read, of no order. */
static void word_point(enum mill_step_kind kind, const uint32_t *word, const void *pc)
{
    const struct mill_step step = word_step(kind, word, pc);
    mill_call(&step);
    mill_touch(word, sizeof *word, false, pc);
}

static int wait(const uint32_t *word, uint32_t expected, uint32_t bits, const struct mill_deadline *deadline,
                const void *pc)
{
    static const struct mill_deadline never = {.valid = true, .at = 0};
    word_point(MILL_STEP_WAIT, word, pc);
    if (bits == 0 || (deadline != NULL && !deadline->valid)) {
        return EINVAL;
    }
    if (*(const volatile uint32_t *)word != expected) {
        return EAGAIN;
    }
    struct mill_thread_data *data = mill_thread_data(mill_self());
    bool spurious = mill_interpose_spurious && deadline == NULL;
    mill_enqueue(word);
    data->bits = bits;
    const struct mill_step step = word_step(MILL_STEP_WAIT, word, pc);
    enum mill_waited waited = mill_wait(&step, mill_is_woken, word, spurious ? &never : deadline, false);
    data->waits_for = NULL;
    return waited == MILL_WAIT_TIMED_OUT && spurious ? 0 : mill_wait_error(waited);
}

/* The number `index` in the queue of those whom the bits reach, or -1. */
static int reached(const uint32_t *word, uint32_t bits, unsigned index)
{
    int thread;
    for (unsigned i = 0; (thread = mill_waiting(word, i)) >= 0; i++) {
        if ((mill_thread_data((unsigned)thread)->bits & bits) != 0 && index-- == 0) {
            return thread;
        }
    }
    return -1;
}

static bool reaches(unsigned thread, const uint32_t *word, uint32_t bits)
{
    return mill_is_waiting(thread, word) && (mill_thread_data(thread)->bits & bits) != 0;
}

static unsigned reached_count(const uint32_t *word, uint32_t bits)
{
    unsigned count = 0;
    for (unsigned thread = 0; thread < mill_thread_count(); thread++) {
        count += reaches(thread, word, bits);
    }
    return count;
}

/* The order does not matter: none goes on before the next point. */
static long wake_all(const uint32_t *word, uint32_t bits)
{
    long woken = 0;
    for (unsigned thread = 0; thread < mill_thread_count(); thread++) {
        if (reaches(thread, word, bits)) {
            mill_wake(thread);
            woken++;
        }
    }
    return woken;
}

/* One of those who wait; which is the schedule's choice, unless all of them are meant. */
static unsigned select_one(const uint32_t *word, uint32_t bits, bool all)
{
    unsigned count = reached_count(word, bits);
    return (unsigned)reached(word, bits, all || count == 1 ? 0 : mill_choose(count));
}

static long wake_some(const uint32_t *word, uint32_t most, uint32_t bits)
{
    if (reached_count(word, bits) <= most) {
        return wake_all(word, bits);
    }
    for (uint32_t woken = 0; woken < most; woken++) {
        mill_wake(select_one(word, bits, false));
    }
    return (long)most;
}

static long requeue(const uint32_t *word, uint32_t wake, uint32_t move, const uint32_t *other)
{
    long count = wake_some(word, wake, FUTEX_BITSET_MATCH_ANY);
    bool all = reached_count(word, FUTEX_BITSET_MATCH_ANY) <= move;
    for (uint32_t moved = 0; moved < move && word != other && reached(word, FUTEX_BITSET_MATCH_ANY, 0) >= 0;
         moved++) {
        mill_thread_data(select_one(word, FUTEX_BITSET_MATCH_ANY, all))->waits_for = other;
        count++;
    }
    return count;
}

/* FUTEX_WAIT waits so long, the others until then. */
static bool deadline_of(int operation, const struct timespec *timeout, struct mill_deadline *deadline)
{
    if (timeout == NULL) {
        return false;
    }
    if ((operation & FUTEX_CMD_MASK) == FUTEX_WAIT) {
        *deadline = mill_deadline_in(timeout);
    } else {
        bool realtime = (operation & FUTEX_CLOCK_REALTIME) != 0;
        mill_deadline_on(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, timeout, deadline);
    }
    return true;
}

/* A result, or a negative errno. */
static long futex(const long arguments[6], const void *pc)
{
    const uint32_t *word = (const uint32_t *)arguments[0];
    int operation = (int)arguments[1];
    uint32_t value = (uint32_t)arguments[2];
    const uint32_t *other = (const uint32_t *)arguments[4];
    uint32_t value3 = (uint32_t)arguments[5];
    int command = operation & FUTEX_CMD_MASK;
    struct mill_deadline deadline;
    bool timed;
    struct mill_step step;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        timed = deadline_of(operation, (const struct timespec *)arguments[3], &deadline);
        return -wait(word, value, command == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : value3,
                     timed ? &deadline : NULL, pc);
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
        word_point(value > 1 ? MILL_STEP_WAKE_ALL : MILL_STEP_WAKE, word, pc);
        return wake_some(word, value, command == FUTEX_WAKE ? FUTEX_BITSET_MATCH_ANY : value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
        step = word_step(MILL_STEP_WAKE_ALL, word, pc);
        step.second = (uintptr_t)other;
        mill_call(&step);
        mill_touch(word, sizeof *word, false, pc);
        if (command == FUTEX_CMP_REQUEUE && *(const volatile uint32_t *)word != value3) {
            return -EAGAIN;
        }
        return requeue(word, value, (uint32_t)arguments[3], other);
    default:
        mill_stand_at(pc);
        mill_fail_here(MILL_FAILURE_UNSUPPORTED, word,
                       "futex operation %d cannot be controlled: of futexes, wait, wake and requeue can",
                       command);
    }
}

/* ---- membarrier ---- */

/* Every thread of the process has a barrier wherever it stands. */
static void fence_all(const void *pc)
{
    const struct mill_step step = mill_thing(MILL_STEP_FENCE, NULL, pc);
    mill_call(&step);
    for (unsigned thread = 0; mill_hunt_races && thread < mill_thread_count(); thread++) {
        if (!mill_thread_is_over(thread)) {
            mill_race_fence(thread, __ATOMIC_SEQ_CST);
        }
    }
}

static bool is_barrier(int command)
{
    return command == MEMBARRIER_CMD_GLOBAL || command == MEMBARRIER_CMD_GLOBAL_EXPEDITED ||
           command == MEMBARRIER_CMD_PRIVATE_EXPEDITED;
}

/* ---- other numbers ---- */

static const struct {
    long number;
    const char *name;
} uncontrolled[] = {
    {SYS_clone, "clone"},
    {SYS_clone3, "clone3"},
#ifdef SYS_fork
    {SYS_fork, "fork"},
    {SYS_vfork, "vfork"},
    {SYS_pause, "pause"},
    {SYS_poll, "poll"},
    {SYS_select, "select"},
    {SYS_epoll_wait, "epoll_wait"},
#endif
    {SYS_exit, "exit"},
    {SYS_futex_waitv, "futex_waitv"},
    {SYS_ppoll, "ppoll"},
    {SYS_pselect6, "pselect6"},
    {SYS_epoll_pwait, "epoll_pwait"},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait"},
    {SYS_rt_sigsuspend, "rt_sigsuspend"},
    {SYS_wait4, "wait4"},
    {SYS_waitid, "waitid"},
    {SYS_tgkill, "tgkill"},
    {SYS_tkill, "tkill"},
};

static void refuse(long number, const void *pc)
{
    for (size_t i = 0; i < sizeof uncontrolled / sizeof uncontrolled[0]; i++) {
        if (uncontrolled[i].number == number) {
            mill_stand_at(pc);
            mill_fail_here(MILL_FAILURE_UNSUPPORTED, NULL, "syscall(SYS_%s) cannot be controlled",
                           uncontrolled[i].name);
        }
    }
}

/* The first thread's is the process's, as in Linux. */
static pid_t thread_id(void)
{
    return getpid() + (pid_t)mill_self();
}

static long returned(long value)
{
    if (value < 0) {
        errno = (int)-value;
        return -1;
    }
    return value;
}

static long controlled(long number, const long arguments[6], const void *pc)
{
    switch (number) {
    case SYS_futex:
        return returned(futex(arguments, pc));
    case SYS_sched_yield:
        yield(pc);
        return 0;
    case SYS_gettid:
        return thread_id();
    case SYS_nanosleep:
        return returned(-mill_sleep(CLOCK_MONOTONIC, 0, (const struct timespec *)arguments[0], pc));
    case SYS_clock_nanosleep:
        return returned(-mill_sleep((clockid_t)arguments[0], (int)arguments[1],
                                    (const struct timespec *)arguments[2], pc));
    case SYS_clock_gettime:
        return mill_clock_now((clockid_t)arguments[0], (struct timespec *)arguments[1]) ? 0
                                                                                        : returned(-EINVAL);
    case SYS_membarrier:
        if (is_barrier((int)arguments[0])) {
            fence_all(pc);
        }
        break;
    default:
        refuse(number, pc);
        break;
    }
    return mill_real()->syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                                arguments[5]);
}

/* ---- the names ---- */

long syscall(long number, ...)
{
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        arguments[i] = va_arg(list, long);
    }
    va_end(list);
    return mill_hunt_on ? controlled(number, arguments, MILL_CALLER)
                        : mill_real()->syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                                               arguments[4], arguments[5]);
}

int sched_yield(void)
{
    if (!mill_hunt_on) {
        return mill_real()->sched_yield();
    }
    yield(MILL_CALLER);
    return 0;
}

void thrd_yield(void)
{
    if (!mill_hunt_on) {
        mill_real()->thrd_yield();
        return;
    }
    yield(MILL_CALLER);
}

pid_t gettid(void)
{
    return mill_hunt_on ? thread_id() : mill_real()->gettid();
}

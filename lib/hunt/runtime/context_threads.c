#include "hunt/runtime/context.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "hunt/runtime/raw.h"
#include "hunt/runtime/real.h"
#include "hunt/step.h"

/* `turn` is 1 while the thread may run. Written by who hands over (release), awaited by the thread (acquire):
 * all that the one did is then seen by the other. */
struct hand {
    _Atomic uint32_t turn;
    _Atomic unsigned long handle; /* 0: not known yet */
    void (*entry)(void);
};

static struct hand hands[MILL_HUNT_THREADS];

static void wait_for_turn(struct hand *hand)
{
    while (atomic_load_explicit(&hand->turn, memory_order_acquire) == 0) {
        mill_raw_syscall(SYS_futex, (long)&hand->turn, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
    }
    atomic_store_explicit(&hand->turn, 0, memory_order_relaxed); /* its own until the next hand-over */
}

static void *hand_main(void *argument)
{
    struct hand *hand = argument;
    wait_for_turn(hand);
    hand->entry();
    return NULL;
}

static const char *missing(void)
{
    return NULL;
}

/* A kernel thread serves one context once, so that its thread-local storage is new. */
static int prepare(unsigned count)
{
    (void)count;
    hands[0].handle = (unsigned long)__builtin_thread_pointer();
    return 0;
}

static int start(unsigned context, void (*entry)(void))
{
    struct hand *hand = &hands[context];
    pthread_t thread;
    hand->entry = entry;
    atomic_store_explicit(&hand->turn, 0, memory_order_relaxed);
    int status = mill_real()->pthread_create(&thread, NULL, hand_main, hand);
    if (status == 0) {
        hand->handle = (unsigned long)thread;
        mill_real()->pthread_detach(thread);
    }
    return -status;
}

static void change(unsigned from, unsigned to)
{
    atomic_store_explicit(&hands[to].turn, 1, memory_order_release);
    mill_raw_syscall(SYS_futex, (long)&hands[to].turn, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    wait_for_turn(&hands[from]);
}

static unsigned long handle(unsigned context)
{
    return hands[context].handle;
}

static void *spare(unsigned context)
{
    (void)context;
    return NULL; /* a kernel thread's goes with it */
}

static uintptr_t stack_floor(unsigned context)
{
    (void)context;
    return 0;
}

const struct mill_context_engine mill_context_threads = {
    .name = "threads",
    .once = true,
    .missing = missing,
    .prepare = prepare,
    .start = start,
    .change = change,
    .handle = handle,
    .spare = spare,
    .stack_floor = stack_floor,
};

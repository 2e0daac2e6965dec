#include "task/switcher.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <ucontext.h>

#include "core/cacheline.h"
#include "core/sanitizer.h"
#include "sync/futex.h"
#include "task/coroutine.h"
#include "task/thread.h"

extern const struct mill_switcher_ops mill_switcher_coroutine, mill_switcher_ucontext, mill_switcher_thread;

static const struct mill_strategy *const strategies[] = {
    &mill_switcher_coroutine.about,
    &mill_switcher_ucontext.about,
    &mill_switcher_thread.about,
};

const struct mill_family mill_switcher_family = {
    .name = "switcher",
    .summary = "control given to a partner and taken back",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_switcher_ops *mill_switcher_ops_find(const char *name)
{
    return mill_switcher_ops_of(mill_family_find(&mill_switcher_family, name));
}

enum turn {
    MINE,
    THE_PARTNERS,
    OVER,
};

struct mill_switcher {
    struct mill_coroutine *coroutine;
    ucontext_t here, there;
    void *stack;
    struct mill_thread *thread;
    uint64_t turns;                                /* the partner's, while it has the turn */
    alignas(MILL_ISOLATION) _Atomic uint32_t turn; /* of enum turn; what the threads sleep on */
};

static uint64_t turns_of(const struct mill_switcher *switcher)
{
    return switcher->turns;
}

/* ---- a coroutine ---- */

static void turn_and_turn(struct mill_coroutine *self, void *argument)
{
    struct mill_switcher *switcher = argument;
    for (;;) {
        switcher->turns++;
        mill_coroutine_yield(self);
    }
}

static int create_coroutine(struct mill_switcher **switcher)
{
    struct mill_switcher *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_coroutine_create(&made->coroutine, 0, turn_and_turn, made);
    if (status < 0) {
        free(made);
        return status;
    }
    *switcher = made;
    return 0;
}

static void destroy_coroutine(struct mill_switcher *switcher)
{
    if (switcher) {
        mill_coroutine_destroy(switcher->coroutine);
    }
    free(switcher);
}

static int resume(struct mill_switcher *switcher)
{
    return mill_coroutine_resume(switcher->coroutine);
}

const struct mill_switcher_ops mill_switcher_coroutine = {
    .about =
        {
            .name = "coroutine",
            .summary = "a stackful coroutine of the same thread",
            .source = "Conway, Design of a Separable Transition-Diagram Compiler, 1963",
            .algorithm = "coroutine",
            .progress = MILL_WAIT_FREE,
        },
    .create = create_coroutine,
    .destroy = destroy_coroutine,
    .there_and_back = resume,
    .turns = turns_of,
};

/* ---- the C library's contexts, a peer ---- */

enum {
    UCONTEXT_STACK = 64 << 10,
};

/* makecontext passes ints alone. */
static _Thread_local struct mill_switcher *entering;

static void turn_in_context(void)
{
    struct mill_switcher *switcher = entering;
    for (;;) {
        switcher->turns++;
        swapcontext(&switcher->there, &switcher->here);
    }
}

static int create_ucontext(struct mill_switcher **switcher)
{
    struct mill_switcher *made = mill_isolated_alloc(sizeof *made);
    void *stack = malloc(UCONTEXT_STACK);
    if (!made || !stack) {
        free(made);
        free(stack);
        return -ENOMEM;
    }
    getcontext(&made->there);
    made->stack = stack;
    made->there.uc_stack.ss_sp = stack;
    made->there.uc_stack.ss_size = UCONTEXT_STACK;
    makecontext(&made->there, turn_in_context, 0);
    *switcher = made;
    return 0;
}

static void destroy_ucontext(struct mill_switcher *switcher)
{
    if (switcher) {
        free(switcher->stack);
    }
    free(switcher);
}

static int swap(struct mill_switcher *switcher)
{
    entering = switcher;
    return swapcontext(&switcher->here, &switcher->there) == 0 ? 0 : -errno;
}

const struct mill_switcher_ops mill_switcher_ucontext = {
    .about =
        {
            .name = "ucontext",
            .summary = "swapcontext of the C library, which also saves the signal mask by a system call",
            .source = "POSIX.1-2001",
            .algorithm = "coroutine",
            .library = "libc",
            .traits = MILL_HIDES_ATOMICS, /* ThreadSanitizer is not told of its switches */
            .progress = MILL_WAIT_FREE,
        },
    .create = create_ucontext,
    .destroy = destroy_ucontext,
    .there_and_back = swap,
    .turns = turns_of,
};

/* ---- a thread ---- */

/* release: pairs with the acquire in await_turn; the one with the turn owns `turns` */
static void pass_turn(struct mill_switcher *switcher, enum turn turn)
{
    atomic_store_explicit(&switcher->turn, turn, memory_order_release);
    mill_futex_wake(&switcher->turn, 1);
}

/* Sleeps while it is `turn`; returns what it has become. */
static enum turn await_other_turn(struct mill_switcher *switcher, enum turn turn)
{
    uint32_t now;
    while ((now = atomic_load_explicit(&switcher->turn, memory_order_acquire)) == (uint32_t)turn) {
        mill_futex_wait(&switcher->turn, now);
    }
    return (enum turn)now;
}

static void partner_main(void *argument)
{
    struct mill_switcher *switcher = argument;
    while (await_other_turn(switcher, MINE) != OVER) {
        switcher->turns++;
        pass_turn(switcher, MINE);
    }
}

static int create_thread(struct mill_switcher **switcher)
{
    struct mill_switcher *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    atomic_init(&made->turn, MINE);
    int status = mill_thread_start(&made->thread, "partner", partner_main, made);
    if (status < 0) {
        free(made);
        return status;
    }
    *switcher = made;
    return 0;
}

static void destroy_thread(struct mill_switcher *switcher)
{
    if (switcher) {
        pass_turn(switcher, OVER);
        mill_thread_join(&switcher->thread, MILL_FOREVER);
    }
    free(switcher);
}

static int wake_and_wait(struct mill_switcher *switcher)
{
    pass_turn(switcher, THE_PARTNERS);
    await_other_turn(switcher, THE_PARTNERS);
    return 0;
}

const struct mill_switcher_ops mill_switcher_thread = {
    .about =
        {
            .name = "thread",
            .summary = "another thread, woken by a futex; both sleep while it is not their turn",
            .source = "Franke, Russell and Kirkwood, Fuss, Futexes and Furwocks, 2002",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create_thread,
    .destroy = destroy_thread,
    .there_and_back = wake_and_wait,
    .turns = turns_of,
};

#include "task/coroutine.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "task/fiber_sanitizer.h"
#include "task/stack_switch.h"

enum state {
    SUSPENDED, /* has not begun, or has yielded */
    RUNNING,   /* or waits for one that it resumed */
    ENDED,
};

struct mill_coroutine {
    void (*body)(struct mill_coroutine *self, void *argument);
    void *argument;
    enum state state;
    const void *owner; /* of the thread that resumed it first; NULL: none has */
    void *mapping;     /* a page that cannot be touched, and above it the stack */
    size_t mapped;
    struct mill_stack_context here, resumer;
    struct mill_fiber fiber, resumer_fiber;
};

/* What this thread is entering, since an entry function has no argument; its address stands for the thread.
 */
static _Thread_local struct mill_coroutine *entering;

static void enter(void)
{
    struct mill_coroutine *self = entering;
    mill_fiber_arrive(&self->fiber, &self->resumer_fiber);
    self->body(self, self->argument);
    self->state = ENDED;
    mill_fiber_leave(&self->fiber, &self->resumer_fiber, true);
    mill_stack_switch(&self->here, &self->resumer);
    abort(); /* nothing resumes what has ended */
}

int mill_coroutine_create(struct mill_coroutine **coroutine, size_t stack_size,
                          void (*body)(struct mill_coroutine *self, void *argument), void *argument)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t wanted = stack_size > 0 ? stack_size : MILL_COROUTINE_STACK;
    if (!coroutine || !body || wanted < MILL_COROUTINE_STACK_MIN || wanted > MILL_COROUTINE_STACK_MAX) {
        return -EINVAL;
    }
    size_t size = (wanted + page - 1) / page * page;
    struct mill_coroutine *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->mapped = page + size;
    made->mapping = mmap(NULL, made->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    char *stack = (char *)made->mapping + page;
    if (made->mapping == MAP_FAILED) {
        free(made);
        return -ENOMEM;
    }
    if (mprotect(stack, size, PROT_READ | PROT_WRITE) < 0) {
        munmap(made->mapping, made->mapped);
        free(made);
        return -ENOMEM;
    }
    made->body = body;
    made->argument = argument;
    mill_stack_prepare(&made->here, stack, size, enter);
    mill_fiber_create(&made->fiber, stack, size);
    *coroutine = made;
    return 0;
}

int mill_coroutine_resume(struct mill_coroutine *coroutine)
{
    if (!coroutine) {
        return -EINVAL;
    }
    if (coroutine->owner && coroutine->owner != &entering) {
        return -EPERM;
    }
    if (coroutine->state != SUSPENDED) {
        return coroutine->state == ENDED ? -ESRCH : -EBUSY;
    }
    coroutine->owner = &entering;
    coroutine->state = RUNNING;
    entering = coroutine;
    mill_fiber_here(&coroutine->resumer_fiber);
    mill_fiber_leave(&coroutine->resumer_fiber, &coroutine->fiber, false);
    mill_stack_switch(&coroutine->resumer, &coroutine->here);
    mill_fiber_arrive(&coroutine->resumer_fiber, &coroutine->fiber);
    return coroutine->state == ENDED;
}

void mill_coroutine_yield(struct mill_coroutine *self)
{
    self->state = SUSPENDED;
    mill_fiber_leave(&self->fiber, &self->resumer_fiber, false);
    mill_stack_switch(&self->here, &self->resumer);
    mill_fiber_arrive(&self->fiber, &self->resumer_fiber);
}

bool mill_coroutine_ended(const struct mill_coroutine *coroutine)
{
    return coroutine->state == ENDED;
}

int mill_coroutine_destroy(struct mill_coroutine *coroutine)
{
    if (!coroutine) {
        return 0;
    }
    if (coroutine->state == RUNNING) {
        return -EBUSY;
    }
    mill_fiber_destroy(&coroutine->fiber);
    munmap(coroutine->mapping, coroutine->mapped);
    free(coroutine);
    return 0;
}

/* A context has its own thread-local storage, in which ThreadSanitizer looks for the thread that runs. Its
 * function for switching to a fiber takes the caller's storage for that of the fiber; so the word is put
 * right in both after it. Where in the storage it is the sanitizer does not say: it is the one that changes
 * when it switches.
 */
#include "hunt/runtime/tsan/fibers.h"

#include <link.h>
#include <sanitizer/tsan_interface.h>
#include <stdio.h>

#include "hunt/runtime/schedule.h"
#include "hunt/step.h"

static const struct mill_context_engine *inner;
static struct mill_context_engine dressed;
static void *fibers[MILL_HUNT_THREADS];
static unsigned count;
static size_t place; /* of the word, below the thread pointer; 0: not found */

/* ---- the word ---- */

static int keep_size(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_TLS) {
            size_t align = header->p_align > 0 ? header->p_align : 1;
            *(size_t *)context = (header->p_memsz + align - 1) / align * align;
        }
    }
    return 1; /* the program itself comes first, and the sanitizer is in it */
}

static void **word_of(uintptr_t thread, size_t below)
{
    return (void **)(thread - below);
}

/* The only word of the storage that is `before` and becomes `after`. */
static void find_place(void *before, void *after)
{
    static bool was[1 << 16];
    uintptr_t thread = (uintptr_t)__builtin_thread_pointer();
    size_t size = 0;
    dl_iterate_phdr(keep_size, &size);
    size_t words = size / sizeof(void *) < sizeof was ? size / sizeof(void *) : sizeof was - 1;
    for (size_t i = 1; i <= words; i++) {
        was[i] = *word_of(thread, i * sizeof(void *)) == before;
    }
    __tsan_switch_to_fiber(after, __tsan_switch_to_fiber_no_sync);
    for (size_t i = 1; i <= words && place == 0; i++) {
        if (was[i] && *word_of(thread, i * sizeof(void *)) == after) {
            place = i * sizeof(void *);
        }
    }
    __tsan_switch_to_fiber(before, __tsan_switch_to_fiber_no_sync);
}

static void put_right(unsigned context)
{
    *word_of((uintptr_t)inner->handle(context), place) = fibers[context];
}

/* ---- the engine ---- */

static const char *missing(void)
{
#if defined(__x86_64__)
    return inner->missing();
#else
    return "on this processor ThreadSanitizer's threads cannot be told from one another";
#endif
}

static int prepare(unsigned contexts)
{
    return inner->prepare(contexts);
}

void __real___tsan_func_entry(void *caller);
void __real___tsan_func_exit(void);

/* Its report tells where a thread was created: where the program is, which has called us. */
static void *create_thread(unsigned context)
{
    char name[32];
    __real___tsan_func_entry((void *)mill_schedule.pending[mill_self()].pc);
    void *fiber = __tsan_create_fiber(0);
    __real___tsan_func_exit();
    snprintf(name, sizeof name, "thread %u", context);
    __tsan_set_fiber_name(fiber, name);
    return fiber;
}

/* What a thread has called and never left, since it ended inside, stays on the stack of its fiber. */
static int start(unsigned context, void (*entry)(void))
{
    int status = inner->start(context, entry);
    if (status < 0) {
        return status;
    }
    if (fibers[context] && mill_thread_depth(context) > 0) {
        __tsan_destroy_fiber(fibers[context]);
        fibers[context] = NULL;
    }
    if (!fibers[context]) {
        fibers[context] = create_thread(context);
    }
    if (place == 0) {
        find_place(fibers[0], fibers[context]);
    }
    if (place == 0) {
        mill_fail_here(MILL_FAILURE_UNSUPPORTED, NULL,
                       "this version of ThreadSanitizer does not keep the running thread where others do");
    }
    count = context >= count ? context + 1 : count;
    return 0;
}

static void change(unsigned from, unsigned to)
{
    __tsan_switch_to_fiber(fibers[to], __tsan_switch_to_fiber_no_sync);
    put_right(from);
    put_right(to);
    inner->change(from, to);
}

static unsigned long handle(unsigned context)
{
    return inner->handle(context);
}

/* Calls that a context has not left are still to be seen when it is started anew. */
static void *spare(unsigned context)
{
    (void)context;
    return NULL;
}

static uintptr_t stack_floor(unsigned context)
{
    return inner->stack_floor(context);
}

const struct mill_context_engine *mill_tsan_dress(const struct mill_context_engine *engine)
{
    inner = engine;
    dressed = (struct mill_context_engine){
        .name = engine->name,
        .once = engine->once,
        .missing = missing,
        .prepare = prepare,
        .start = start,
        .change = change,
        .handle = handle,
        .spare = spare,
        .stack_floor = stack_floor,
    };
    return &dressed;
}

void mill_tsan_as(unsigned thread, void (*call)(void *object), void *object)
{
    void *self = __tsan_get_current_fiber();
    if (fibers[thread] == self) {
        call(object);
        return;
    }
    __tsan_switch_to_fiber(fibers[thread], __tsan_switch_to_fiber_no_sync);
    call(object);
    __tsan_switch_to_fiber(self, __tsan_switch_to_fiber_no_sync);
}

void mill_tsan_fibers_begin(void)
{
    if (!fibers[0]) {
        fibers[0] = __tsan_get_current_fiber();
        count = 1;
    }
}

unsigned mill_tsan_fibers_count(void)
{
    return count;
}

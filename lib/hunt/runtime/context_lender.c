#include "hunt/runtime/context_lender.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hunt/runtime/context.h"
#include "hunt/runtime/raw.h"
#include "hunt/runtime/real.h"

/* As large as a thread's stack is by default; untouched pages cost nothing. */
#define STACK_BYTES  ((size_t)8 << 20)

/* The lender's frames, what it runs before it sleeps; below them the borrower's spare memory, which begins in
 * the page that its stack begins in. Where in the page differs: the processor takes addresses that differ in
 * their upper bits alone for each other at first, and threads that do the same use the same parts of their
 * stacks. */
#define LENDER_BYTES ((size_t)8 << 10)
#define PAGE         ((size_t)4 << 10)
#define SPARE_BEGINS ((size_t)1 << 10) /* before the end of a page; at least */
#define SPARE_SHIFT  ((size_t)192)
#define SPARE_SHIFTS 8

static_assert(MILL_CONTEXT_SPARE <= LENDER_BYTES + SPARE_BEGINS - PAGE,
              "the spare memory ends below the lender's frames");

struct errand {
    struct mill_lent *lent;
    _Atomic uint32_t done;
};

static void *lender_main(void *argument)
{
    static _Atomic uint32_t never;
    struct errand *errand = argument;
    static unsigned shift; /* lenders are made one after the other */
    uintptr_t free = ((uintptr_t)__builtin_frame_address(0) - LENDER_BYTES) & ~(uintptr_t)(PAGE - 1);
    errand->lent->top = free - SPARE_BEGINS - shift++ % SPARE_SHIFTS * SPARE_SHIFT;
    errand->lent->thread = (uintptr_t)__builtin_thread_pointer();
    errand->lent->handle = (unsigned long)errand->lent->thread;
    atomic_store_explicit(&errand->done, 1, memory_order_release);
    mill_raw_syscall(SYS_futex, (long)&errand->done, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0);
    for (;;) {
        mill_raw_syscall(SYS_futex, (long)&never, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
    }
    return NULL;
}

static int start(struct errand *errand, char *stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    int status = pthread_attr_init(&attributes);
    if (status == 0) {
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before);
        pthread_attr_setstack(&attributes, stack + MILL_CONTEXT_GUARD, STACK_BYTES - MILL_CONTEXT_GUARD);
        status = mill_real()->pthread_create(&thread, &attributes, lender_main, errand);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
    }
    return -status;
}

/* ---- first values ---- */

/* The program's initialisation image, and where its block ends up below the thread pointer. */
static struct {
    const char *image;
    size_t filled;
    size_t size; /* 0: none */
    size_t offset;
} storage;

static int find_program(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_TLS) {
            size_t align = header->p_align > 0 ? header->p_align : 1;
            storage.image = (const char *)(info->dlpi_addr + header->p_vaddr);
            storage.filled = header->p_filesz;
            storage.size = header->p_memsz;
            storage.offset = (header->p_memsz + align - 1) / align * align;
        }
    }
    return 1; /* the program itself comes first */
}

/* ---- lending ---- */

int mill_lend(struct mill_lent *lent)
{
    static bool found;
    if (!found) {
        dl_iterate_phdr(find_program, NULL);
        found = true;
    }
    char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        return -ENOMEM;
    }
    mprotect(stack, MILL_CONTEXT_GUARD, PROT_NONE);
    struct errand errand = {.lent = lent};
    lent->floor = (uintptr_t)stack + MILL_CONTEXT_GUARD;
    int status = start(&errand, stack);
    if (status < 0) {
        munmap(stack, STACK_BYTES);
        return status;
    }
    /* acquire: pairs with the lender's release */
    while (atomic_load_explicit(&errand.done, memory_order_acquire) == 0) {
        mill_raw_syscall(SYS_futex, (long)&errand.done, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
    }
    return 0;
}

void mill_lend_anew(uintptr_t thread)
{
    if (storage.size > 0) {
        char *block = (char *)thread - storage.offset;
        memcpy(block, storage.image, storage.filled);
        memset(block + storage.filled, 0, storage.size - storage.filled);
    }
}

/* setjmp and longjmp, by every name: the functions that a jump leaves do not say that they end, as they do
 * when they return or an exception passes them. How deep a thread was when it called setjmp is kept, and that
 * deep it is again when it is back there. Linked with --wrap for these names (accesses.txt); compiled without
 * built-in functions.
 *
 * What setjmp sees of the stack is its caller's frame, so nothing of a wrapper may be left there: MILL_JUMP,
 * which a compiler without `musttail` does too where it optimises.
 */
#include <string.h>

#include "hunt/runtime/accesses.h"
#include "hunt/runtime/interpose.h"

/* Of a thread, at a time; beyond that the oldest is forgotten, and a jump there ends no function. */
#define MARKS 32

struct mark {
    const void *buffer;
    uint32_t depth;
};

/* Threads of one schedule, since such a program has a process for each. */
static struct {
    unsigned count;
    struct mark marks[MARKS]; /* none deeper than the one behind it */
} threads[MILL_HUNT_THREADS];

/* Places in functions that have ended are none any more. */
static void mark(const void *buffer)
{
    if (!mill_hunt_on) {
        return;
    }
    const struct mark here = {.buffer = buffer, .depth = mill_frames_here->depth};
    struct mark *marks = threads[mill_self()].marks;
    unsigned kept = 0;
    for (unsigned i = 0; i < threads[mill_self()].count; i++) {
        if (marks[i].buffer != buffer && marks[i].depth <= here.depth) {
            marks[kept++] = marks[i];
        }
    }
    if (kept == MARKS) {
        kept--;
        memmove(marks, marks + 1, kept * sizeof *marks);
    }
    marks[kept++] = here;
    threads[mill_self()].count = kept;
}

static void unwind(const void *buffer)
{
    if (!mill_hunt_on) {
        return;
    }
    const struct mark *marks = threads[mill_self()].marks;
    for (unsigned i = 0; i < threads[mill_self()].count; i++) {
        if (marks[i].buffer == buffer && marks[i].depth <= mill_frames_here->depth) {
            mill_frames_here->depth = marks[i].depth;
        }
    }
}

/* The C library's, under names that no compiler knows: it would see to it that a call which comes back twice
 * is no jump. */
int mill_setjmp(void *buffer) __asm__("setjmp");
int mill_setjmp_quick(void *buffer) __asm__("_setjmp");
int mill_sigsetjmp(void *buffer, int mask) __asm__("__sigsetjmp");
void mill_jump(void *buffer, int value) __asm__("longjmp");
void mill_jump_quick(void *buffer, int value) __asm__("_longjmp");
void mill_jump_mask(void *buffer, int value) __asm__("siglongjmp");
void mill_jump_checked(void *buffer, int value) __asm__("__longjmp_chk");

int __wrap_setjmp(void *buffer)
{
    mark(buffer);
    MILL_JUMP mill_setjmp(buffer);
}

int __wrap__setjmp(void *buffer)
{
    mark(buffer);
    MILL_JUMP mill_setjmp_quick(buffer);
}

int __wrap___sigsetjmp(void *buffer, int mask)
{
    mark(buffer);
    MILL_JUMP mill_sigsetjmp(buffer, mask);
}

void __wrap_longjmp(void *buffer, int value)
{
    unwind(buffer);
    MILL_JUMP mill_jump(buffer, value);
}

void __wrap__longjmp(void *buffer, int value)
{
    unwind(buffer);
    MILL_JUMP mill_jump_quick(buffer, value);
}

void __wrap_siglongjmp(void *buffer, int value)
{
    unwind(buffer);
    MILL_JUMP mill_jump_mask(buffer, value);
}

void __wrap___longjmp_chk(void *buffer, int value)
{
    unwind(buffer);
    MILL_JUMP mill_jump_checked(buffer, value);
}

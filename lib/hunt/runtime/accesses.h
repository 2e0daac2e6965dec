/* What calls of the C library do to the program's memory, as accesses of who calls: the library itself is not
 * instrumented. Linked with --wrap for the names in accesses.txt.
 *
 *     char *__wrap_strcpy(char *to, const char *from)
 *     {
 *         if (mill_accesses_seen()) {
 *             mill_writes(to, mill_reads_text(from, SIZE_MAX, MILL_CALLER), MILL_CALLER);
 *         }
 *         JUMP strcpy(to, from);
 *     }
 *
 * What lies in the program's constant data is read without a point: nobody writes there. Beside the real
 * ThreadSanitizer there are the same points, and the check is its own: the call that a wrapper jumps to.
 *
 * All of it is called by the running thread of a schedule, and makes points, at which others run.
 */
#ifndef MILL_HUNT_RUNTIME_ACCESSES_H
#define MILL_HUNT_RUNTIME_ACCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hunt/runtime/scheduler_inside.h"

/* Calls come from a program of the user's: before that, and in targets of threadmill's own, whose harness
 * makes them too, they are no accesses. */
extern bool mill_accesses_of_program;

/* The program's main is about to be called. */
void mill_accesses_open(void);

static inline bool mill_accesses_seen(void)
{
    return mill_hunt_together && mill_accesses_of_program;
}

/* Whatever follows is the sanitizer's to check. */
bool mill_accesses_checked_elsewhere(void);

/* Bytes up to the first of `wanted`, itself included, and no further than `most`; a string ends there, too.
 * Without a call: a sanitizer would take that for the program's. */
static inline size_t mill_bytes_up_to(const char *from, int wanted, size_t most, bool string)
{
    size_t at = 0;
    while (at < most) {
        char byte = from[at++];
        if (byte == (char)wanted || (string && byte == '\0')) {
            break;
        }
    }
    return at;
}

/* Nothing happens for no bytes, nor, of a read, for NULL. */
void mill_reads(const volatile void *from, size_t size, const void *pc);
void mill_writes(volatile void *to, size_t size, const void *pc);

/* A string, its end included, or `most` bytes of it; how many that were. */
size_t mill_reads_text(const char *text, size_t most, const void *pc);

/* A write of which only the call that makes it tells the size: its point, of `most` bytes, before the call;
 * and after it what it came to. */
struct mill_step mill_will_write(volatile void *to, size_t most, const void *pc);
void mill_has_written(const struct mill_step *step, size_t size);

/* A tail call: it leaves nothing on the stack, so that a sanitizer sees the program call. */
#if defined(__has_attribute) && defined(__clang__)
#if __has_attribute(musttail)
#define MILL_JUMP __attribute__((musttail)) return
#endif
#endif
#ifndef MILL_JUMP
#define MILL_JUMP return
#endif

#endif

/* Strings and memory at large: each call reads and writes what the C library says that it does, and no more
 * than it has to. Compiled without built-in functions, so that each name is the call that it says.
 */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "hunt/runtime/accesses.h"
#include "hunt/runtime/interpose.h"

#define WRAP(type, name, parameters) \
    type __wrap_##name parameters;   \
    type __wrap_##name parameters

/* It is the program that calls them.
 * NOLINTBEGIN(clang-analyzer-security.insecureAPI.bcmp,clang-analyzer-security.insecureAPI.strcpy)
 */

/* ---- lengths, and what is looked for ---- */

WRAP(size_t, strlen, (const char *text))
{
    if (mill_accesses_seen()) {
        mill_reads_text(text, SIZE_MAX, MILL_CALLER);
    }
    MILL_JUMP strlen(text);
}

WRAP(size_t, strnlen, (const char *text, size_t most))
{
    if (mill_accesses_seen()) {
        mill_reads_text(text, most, MILL_CALLER);
    }
    MILL_JUMP strnlen(text, most);
}

static void reads_up_to(const char *text, int wanted, size_t most, bool string, const void *pc)
{
    mill_stand_at(pc);
    mill_reads(text, mill_bytes_up_to(text, wanted, most, string), pc);
}

WRAP(char *, strchr, (const char *text, int c))
{
    if (mill_accesses_seen()) {
        reads_up_to(text, c, SIZE_MAX, true, MILL_CALLER);
    }
    MILL_JUMP strchr(text, c);
}

WRAP(char *, strchrnul, (const char *text, int c))
{
    if (mill_accesses_seen()) {
        reads_up_to(text, c, SIZE_MAX, true, MILL_CALLER);
    }
    MILL_JUMP strchrnul(text, c);
}

WRAP(char *, strrchr, (const char *text, int c))
{
    if (mill_accesses_seen()) {
        mill_reads_text(text, SIZE_MAX, MILL_CALLER);
    }
    MILL_JUMP strrchr(text, c);
}

WRAP(void *, memchr, (const void *memory, int c, size_t size))
{
    if (mill_accesses_seen()) {
        reads_up_to(memory, c, size, false, MILL_CALLER);
    }
    MILL_JUMP memchr(memory, c, size);
}

#define SEARCH(type, name)                                   \
    WRAP(type, name, (const char *text, const char *wanted)) \
    {                                                        \
        if (mill_accesses_seen()) {                          \
            mill_reads_text(wanted, SIZE_MAX, MILL_CALLER);  \
            mill_reads_text(text, SIZE_MAX, MILL_CALLER);    \
        }                                                    \
        MILL_JUMP name(text, wanted);                        \
    }

SEARCH(char *, strstr)
SEARCH(char *, strpbrk)
SEARCH(size_t, strspn)
SEARCH(size_t, strcspn)

/* ---- comparing ---- */

/* Who compares reads as far as the first difference. */
static size_t compared(const char *a, const char *b, size_t most, bool folded)
{
    size_t at = 0;
    while (at < most) {
        unsigned char left = (unsigned char)a[at];
        unsigned char right = (unsigned char)b[at++];
        if (left == '\0' || right == '\0' || (left != right && (!folded || (left | 32) != (right | 32)))) {
            break;
        }
    }
    return at;
}

static void compares(const char *a, const char *b, size_t most, bool folded, const void *pc)
{
    mill_stand_at(pc);
    mill_reads(a, compared(a, b, most, folded), pc);
    mill_reads(b, compared(a, b, most, folded), pc);
}

WRAP(int, strcmp, (const char *a, const char *b))
{
    if (mill_accesses_seen()) {
        compares(a, b, SIZE_MAX, false, MILL_CALLER);
    }
    MILL_JUMP strcmp(a, b);
}

WRAP(int, strcasecmp, (const char *a, const char *b))
{
    if (mill_accesses_seen()) {
        compares(a, b, SIZE_MAX, true, MILL_CALLER);
    }
    MILL_JUMP strcasecmp(a, b);
}

WRAP(int, strncmp, (const char *a, const char *b, size_t most))
{
    if (mill_accesses_seen()) {
        compares(a, b, most, false, MILL_CALLER);
    }
    MILL_JUMP strncmp(a, b, most);
}

WRAP(int, strncasecmp, (const char *a, const char *b, size_t most))
{
    if (mill_accesses_seen()) {
        compares(a, b, most, true, MILL_CALLER);
    }
    MILL_JUMP strncasecmp(a, b, most);
}

#define COMPARE(name)                                            \
    WRAP(int, name, (const void *a, const void *b, size_t size)) \
    {                                                            \
        if (mill_accesses_seen()) {                              \
            mill_reads(a, size, MILL_CALLER);                    \
            mill_reads(b, size, MILL_CALLER);                    \
        }                                                        \
        MILL_JUMP name(a, b, size);                              \
    }

COMPARE(memcmp)
COMPARE(bcmp)

/* ---- copying ---- */

/* Up to the end of a string, or `most` bytes; `behind` the string that is there. Returns nothing: the call
 * itself copies. */
static void copies(char *to, const char *from, size_t most, bool behind, const void *pc)
{
    size_t size = mill_reads_text(from, most, pc);
    if (behind) {
        size_t there = mill_reads_text(to, SIZE_MAX, pc);
        bool ended = size > 0 && from[size - 1] == '\0';
        mill_writes(to + there - 1, size + !ended, pc);
    } else {
        mill_writes(to, most == SIZE_MAX ? size : most, pc); /* strncpy fills what is left with zeros */
    }
}

#define COPY(name, behind)                                             \
    WRAP(char *, name, (char *restrict to, const char *restrict from)) \
    {                                                                  \
        if (mill_accesses_seen()) {                                    \
            copies(to, from, SIZE_MAX, behind, MILL_CALLER);           \
        }                                                              \
        MILL_JUMP name(to, from);                                      \
    }
#define COPY_MOST(name, behind)                                                     \
    WRAP(char *, name, (char *restrict to, const char *restrict from, size_t most)) \
    {                                                                               \
        if (mill_accesses_seen()) {                                                 \
            copies(to, from, most, behind, MILL_CALLER);                            \
        }                                                                           \
        MILL_JUMP name(to, from, most);                                             \
    }

COPY(strcpy, false)
COPY(stpcpy, false)
COPY(strcat, true)
COPY_MOST(strncpy, false)
COPY_MOST(stpncpy, false)
COPY_MOST(strncat, true)

WRAP(void *, mempcpy, (void *restrict to, const void *restrict from, size_t size))
{
    if (mill_accesses_seen()) {
        mill_reads(from, size, MILL_CALLER);
        mill_writes(to, size, MILL_CALLER);
    }
    MILL_JUMP mempcpy(to, from, size);
}

/* As far as `c`, if that comes. */
WRAP(void *, memccpy, (void *restrict to, const void *restrict from, int c, size_t size))
{
    if (mill_accesses_seen()) {
        mill_stand_at(MILL_CALLER);
        size_t copied = mill_bytes_up_to(from, c, size, false);
        mill_reads(from, copied, MILL_CALLER);
        mill_writes(to, copied, MILL_CALLER);
    }
    MILL_JUMP memccpy(to, from, c, size);
}

/* ---- the same with the size of the target, as _FORTIFY_SOURCE has them called ---- */

#define CHECKED(name, parameters, arguments, accesses) \
    extern void *__##name##_chk parameters;            \
    WRAP(void *, __##name##_chk, parameters)           \
    {                                                  \
        if (mill_accesses_seen()) {                    \
            accesses;                                  \
        }                                              \
        MILL_JUMP __##name##_chk arguments;            \
    }

CHECKED(memcpy, (void *to, const void *from, size_t size, size_t room), (to, from, size, room),
        mill_reads(from, size, MILL_CALLER);
        mill_writes(to, size, MILL_CALLER))
CHECKED(memmove, (void *to, const void *from, size_t size, size_t room), (to, from, size, room),
        mill_reads(from, size, MILL_CALLER);
        mill_writes(to, size, MILL_CALLER))
CHECKED(memset, (void *to, int value, size_t size, size_t room), (to, value, size, room),
        mill_writes(to, size, MILL_CALLER))
CHECKED(strcpy, (char *to, const char *from, size_t room), (to, from, room),
        copies(to, from, SIZE_MAX, false, MILL_CALLER))
CHECKED(stpcpy, (char *to, const char *from, size_t room), (to, from, room),
        copies(to, from, SIZE_MAX, false, MILL_CALLER))
CHECKED(strcat, (char *to, const char *from, size_t room), (to, from, room),
        copies(to, from, SIZE_MAX, true, MILL_CALLER))
CHECKED(strncpy, (char *to, const char *from, size_t most, size_t room), (to, from, most, room),
        copies(to, from, most, false, MILL_CALLER))
CHECKED(strncat, (char *to, const char *from, size_t most, size_t room), (to, from, most, room),
        copies(to, from, most, true, MILL_CALLER))

/* NOLINTEND(clang-analyzer-security.insecureAPI.bcmp,clang-analyzer-security.insecureAPI.strcpy) */

/* printf and its kin: the strings that a format names are read, and what is printed into is written. Compiled
 * without built-in functions, as interpose_text.c is.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hunt/runtime/accesses.h"
#include "hunt/runtime/interpose.h"

#define WRAP(type, name, parameters) \
    type __wrap_##name parameters;   \
    type __wrap_##name parameters

/* ---- formats ---- */

/* A conversion: '%', and what stands behind it. */
struct conversion {
    bool known;       /* else what follows of the arguments cannot be told */
    size_t precision; /* SIZE_MAX: none */
    unsigned longs;   /* how many of 'l', or a type as long as two of them */
    bool wide_double; /* 'L' */
    char kind;
};

/* Reads it from behind the '%', with the arguments that its '*' take. Returns what comes after it. */
static const char *parse(const char *at, struct conversion *conversion, va_list *arguments)
{
    *conversion = (struct conversion){.known = true, .precision = SIZE_MAX};
    at += strspn(at, "-+ #0'I");
    if (*at == '*') {
        (void)va_arg(*arguments, int);
        at++;
    }
    at += strspn(at, "0123456789");
    if (*at == '$') {
        conversion->known = false; /* arguments in an order of their own */
        return at;
    }
    if (*at == '.') {
        at++;
        int given = 0;
        if (*at == '*') {
            given = va_arg(*arguments, int);
            at++;
        }
        for (; *at >= '0' && *at <= '9'; at++) {
            given = given * 10 + (*at - '0');
        }
        conversion->precision = given < 0 ? SIZE_MAX : (size_t)given;
    }
    for (; *at != '\0' && strchr("hlqjztL", *at) != NULL; at++) {
        conversion->longs += *at == 'l' ? 1 : *at == 'h' ? 0 : 2;
        conversion->wide_double |= *at == 'L';
    }
    conversion->kind = *at;
    return *at != '\0' ? at + 1 : at;
}

/* Takes the argument of a conversion, and reads what it points to; false: what follows cannot be told. */
static bool take(const struct conversion *conversion, va_list *arguments, const void *pc)
{
    switch (conversion->kind) {
    case 'd':
    case 'i':
    case 'o':
    case 'u':
    case 'x':
    case 'X':
    case 'c':
        if (conversion->longs > 0) {
            (void)va_arg(*arguments, long long); /* passed as a long is, wherever threads can be hunted */
            return true;
        }
        (void)va_arg(*arguments, int);
        return true;
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        if (conversion->wide_double) {
            (void)va_arg(*arguments, long double);
            return true;
        }
        (void)va_arg(*arguments, double);
        return true;
    case 's':
        if (conversion->longs == 0) {
            mill_reads_text(va_arg(*arguments, const char *), conversion->precision, pc);
            return true;
        }
        (void)va_arg(*arguments, const void *); /* wide characters are not looked at */
        return true;
    case 'S':
    case 'p':
    case 'n':
        (void)va_arg(*arguments, const void *);
        return true;
    case 'm':
    case '%':
        return true;
    default:
        return false;
    }
}

static void reads_arguments(const char *format, va_list given, const void *pc)
{
    va_list arguments;
    va_copy(arguments, given);
    bool known = true;
    while (known && (format = strchr(format, '%')) != NULL) {
        struct conversion conversion;
        format = parse(format + 1, &conversion, &arguments);
        known = conversion.known && take(&conversion, &arguments, pc);
    }
    va_end(arguments);
}

/* ---- into memory ---- */

/* How many bytes of `size` are written, the end included. */
static size_t needed(size_t size, const char *format, va_list given)
{
    va_list arguments;
    va_copy(arguments, given);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    return length < 0 || (size_t)length >= size ? size : (size_t)length + 1;
}

/* What others do at the point may change what is printed: it is as long as it is behind that. */
static void prints_into(char *to, size_t size, const char *format, va_list arguments, const void *pc)
{
    reads_arguments(format, arguments, pc);
    if (size > 0) {
        mill_stand_at(pc);
        const struct mill_step step = mill_will_write(to, needed(size, format, arguments), pc);
        mill_has_written(&step, needed(size, format, arguments));
    }
}

/* ---- the calls ---- */

#define LIST(...) __VA_ARGS__

/* `name` takes its arguments one by one, `listed` as a list. */
#define PRINT(name, listed, parameters, call, accesses)     \
    WRAP(int, listed, (LIST parameters, va_list arguments)) \
    {                                                       \
        if (mill_accesses_seen()) {                         \
            accesses;                                       \
        }                                                   \
        MILL_JUMP call;                                     \
    }                                                       \
    WRAP(int, name, (LIST parameters, ...))                 \
    {                                                       \
        va_list arguments;                                  \
        va_start(arguments, format);                        \
        if (mill_accesses_seen()) {                         \
            accesses;                                       \
        }                                                   \
        int result = call;                                  \
        va_end(arguments);                                  \
        return result;                                      \
    }

PRINT(printf, vprintf, (const char *format), vprintf(format, arguments),
      reads_arguments(format, arguments, MILL_CALLER))
PRINT(fprintf, vfprintf, (FILE * file, const char *format), vfprintf(file, format, arguments),
      reads_arguments(format, arguments, MILL_CALLER))
PRINT(dprintf, vdprintf, (int file, const char *format), vdprintf(file, format, arguments),
      reads_arguments(format, arguments, MILL_CALLER))
PRINT(sprintf, vsprintf, (char *to, const char *format), vsprintf(to, format, arguments),
      prints_into(to, SIZE_MAX, format, arguments, MILL_CALLER))
PRINT(snprintf, vsnprintf, (char *to, size_t size, const char *format),
      vsnprintf(to, size, format, arguments), prints_into(to, size, format, arguments, MILL_CALLER))

/* As _FORTIFY_SOURCE has them called. */
extern int __vprintf_chk(int flag, const char *format, va_list arguments);
extern int __vfprintf_chk(FILE *file, int flag, const char *format, va_list arguments);
extern int __vsprintf_chk(char *to, int flag, size_t room, const char *format, va_list arguments);
extern int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format,
                           va_list arguments);

PRINT(__printf_chk, __vprintf_chk, (int flag, const char *format), __vprintf_chk(flag, format, arguments),
      reads_arguments(format, arguments, MILL_CALLER))
PRINT(__fprintf_chk, __vfprintf_chk, (FILE * file, int flag, const char *format),
      __vfprintf_chk(file, flag, format, arguments), reads_arguments(format, arguments, MILL_CALLER))
PRINT(__sprintf_chk, __vsprintf_chk, (char *to, int flag, size_t room, const char *format),
      __vsprintf_chk(to, flag, room, format, arguments),
      prints_into(to, SIZE_MAX, format, arguments, MILL_CALLER))
PRINT(__snprintf_chk, __vsnprintf_chk, (char *to, size_t size, int flag, size_t room, const char *format),
      __vsnprintf_chk(to, size, flag, room, format, arguments),
      prints_into(to, size, format, arguments, MILL_CALLER))

/* Makes allocation fail at every call in turn: for tests named *_exhaustion_test.c, which the build links so
 * that the library's calls of malloc and its kin, and of pthread_create, come here first
 * (threadmill_library in scripts/flavours.cmake). Included once by such a test.
 *
 *     static int attempt(void *context)
 *     {
 *         struct mill_thing *thing;
 *         int status = mill_thing_create(&thing);
 *         if (status == 0)
 *             mill_thing_destroy(thing);
 *         return status;
 *     }
 *
 *     assert_true(mill_exhaust(attempt, NULL) > 0);
 *
 * mill_exhaust runs `attempt` with the first resource call failing, then with the second, and so on, until an
 * attempt meets no failure; each attempt that met one must return a negative errno or a success (it went on
 * without), and AddressSanitizer's builds tell what it leaked. Returns how many calls were made to fail.
 * Calls of libraries that are linked dynamically are not seen.
 */
#ifndef MILL_CORE_TEST_EXHAUSTION_H
#define MILL_CORE_TEST_EXHAUSTION_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Calls left before the one that fails; negative: none fails any more. */
static atomic_int mill_exhaustion_left = -1;

static bool mill_exhaustion_strikes(void)
{
    int left = atomic_load(&mill_exhaustion_left);
    while (left >= 0 && !atomic_compare_exchange_weak(&mill_exhaustion_left, &left, left - 1)) {
    }
    return left == 0;
}

#define MILL_EXHAUSTIBLE(type, name, parameters, arguments, failure)            \
    type __real_##name parameters;                                              \
    type __wrap_##name parameters;                                              \
    type __wrap_##name parameters                                               \
    {                                                                           \
        return mill_exhaustion_strikes() ? (failure) : __real_##name arguments; \
    }

MILL_EXHAUSTIBLE(void *, malloc, (size_t size), (size), NULL)
MILL_EXHAUSTIBLE(void *, calloc, (size_t count, size_t size), (count, size), NULL)
MILL_EXHAUSTIBLE(void *, realloc, (void *memory, size_t size), (memory, size), NULL)
MILL_EXHAUSTIBLE(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size), NULL)
MILL_EXHAUSTIBLE(char *, strdup, (const char *text), (text), NULL)
MILL_EXHAUSTIBLE(int, pthread_create,
                 (pthread_t * thread, const pthread_attr_t *attributes, void *(*body)(void *),
                  void *argument),
                 (thread, attributes, body, argument), EAGAIN)

/* unused: by a test that says for itself which call fails (mill_exhaustion_left) */
__attribute__((unused)) static int mill_exhaust(int (*attempt)(void *context), void *context)
{
    for (int failing = 0; failing < 10000; failing++) {
        atomic_store(&mill_exhaustion_left, failing);
        int status = attempt(context);
        bool met = atomic_exchange(&mill_exhaustion_left, -1) < 0;
        assert_true(status <= 0);
        if (!met) {
            assert_int_equal(status, 0);
            return failing;
        }
    }
    fail_msg("ten thousand allocations, and still more to come");
    return -1;
}

#endif

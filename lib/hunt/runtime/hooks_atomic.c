/* What the compiler calls for C11's and C++'s atomics. Nobody else runs between two points, so the operations
 * themselves are plain; what their memory orders say goes to the clocks (race.h).
 */
#include "hunt/race.h"
#include "hunt/runtime/check.h"
#include "hunt/runtime/hooks.h"

#define PC     __builtin_return_address(0)
#define INLINE static inline __attribute__((always_inline)) /* as mill_hook_access is */

__extension__ typedef unsigned __int128 wide;

/* ---- before and after ---- */

INLINE void before(enum mill_step_kind kind, const volatile void *address, size_t size, const void *pc)
{
    if (!mill_hook_idle()) {
        mill_hook_access(kind, address, size, pc);
    }
}

INLINE void loaded(const volatile void *address, int order, uint64_t value, const void *pc)
{
    if (!mill_hook_idle()) {
        if (mill_hunt_races) {
            mill_race_atomic_load(mill_self(), (uintptr_t)address, order);
        }
        mill_looked(pc, (uintptr_t)address, value);
    }
}

INLINE void stored(const volatile void *address, int order)
{
    if (!mill_hook_idle()) {
        if (mill_hunt_races) {
            mill_race_atomic_store(mill_self(), (uintptr_t)address, order);
        }
        mill_progressed();
    }
}

/* `changed`: it wrote another value than there was. Who takes a lock that is taken writes what is there. */
INLINE void updated(const volatile void *address, int order, uint64_t value, bool changed, const void *pc)
{
    if (!mill_hook_idle()) {
        if (mill_hunt_races) {
            mill_race_atomic_update(mill_self(), (uintptr_t)address, order);
        }
        if (changed) {
            mill_progressed();
        } else {
            mill_looked(pc, (uintptr_t)address, value);
        }
    }
}

/* ---- the operations ---- */

#define UPDATE(bits, type, name, expression)                                          \
    type __tsan_atomic##bits##_##name(volatile type *object, type operand, int order) \
    {                                                                                 \
        before(MILL_STEP_ATOMIC_UPDATE, object, sizeof *object, PC);                  \
        type old = *object;                                                           \
        type new = (type)(expression);                                                \
        *object = new;                                                                \
        updated(object, order, (uint64_t)old, new != old, PC);                        \
        return old;                                                                   \
    }

#define EXCHANGE(bits, type, name)                                                                         \
    int __tsan_atomic##bits##_compare_exchange_##name(volatile type *object, type *expected, type desired, \
                                                      int order, int failure_order)                        \
    {                                                                                                      \
        type old = compare_exchange##bits(object, *expected, desired, order, failure_order, PC);           \
        bool done = old == *expected;                                                                      \
        *expected = old;                                                                                   \
        return done;                                                                                       \
    }

#define ATOMIC(bits, type)                                                                              \
    type __tsan_atomic##bits##_load(const volatile type *object, int order)                             \
    {                                                                                                   \
        before(MILL_STEP_ATOMIC_READ, object, sizeof *object, PC);                                      \
        type value = *object;                                                                           \
        loaded(object, order, (uint64_t)value, PC);                                                     \
        return value;                                                                                   \
    }                                                                                                   \
    void __tsan_atomic##bits##_store(volatile type *object, type value, int order)                      \
    {                                                                                                   \
        before(MILL_STEP_ATOMIC_WRITE, object, sizeof *object, PC);                                     \
        *object = value;                                                                                \
        stored(object, order);                                                                          \
    }                                                                                                   \
    UPDATE(bits, type, exchange, operand)                                                               \
    UPDATE(bits, type, fetch_add, old + operand)                                                        \
    UPDATE(bits, type, fetch_sub, old - operand)                                                        \
    UPDATE(bits, type, fetch_and, old &operand)                                                         \
    UPDATE(bits, type, fetch_or, old | operand)                                                         \
    UPDATE(bits, type, fetch_xor, old ^ operand)                                                        \
    UPDATE(bits, type, fetch_nand, ~(old & operand))                                                    \
    INLINE type compare_exchange##bits(volatile type *object, type expected, type desired, int order,   \
                                       int failure_order, const void *pc)                               \
    {                                                                                                   \
        before(MILL_STEP_ATOMIC_UPDATE, object, sizeof *object, pc);                                    \
        type old = *object;                                                                             \
        if (old == expected) {                                                                          \
            *object = desired;                                                                          \
            updated(object, order, (uint64_t)old, desired != old, pc);                                  \
        } else {                                                                                        \
            loaded(object, failure_order, (uint64_t)old, pc);                                           \
        }                                                                                               \
        return old;                                                                                     \
    }                                                                                                   \
    EXCHANGE(bits, type, strong)                                                                        \
    EXCHANGE(bits, type, weak)                                                                          \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *object, type expected, type desired, \
                                                    int order, int failure_order)                       \
    {                                                                                                   \
        return compare_exchange##bits(object, expected, desired, order, failure_order, PC);             \
    }

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)
ATOMIC(128, wide)

void __tsan_atomic_thread_fence(int order)
{
    if (!mill_hook_idle()) {
        const struct mill_step step = mill_thing(MILL_STEP_FENCE, NULL, PC);
        mill_point(&step);
        if (mill_hunt_races) {
            mill_race_fence(mill_self(), order);
        }
    }
}

void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}

/* What a program tells a race detector of orders that it cannot see. */
void AnnotateHappensBefore(const char *file, int line, const volatile void *object);
void AnnotateHappensBefore(const char *file, int line, const volatile void *object)
{
    (void)file;
    (void)line;
    if (!mill_hook_idle() && mill_hunt_races) {
        mill_race_release(mill_self(), (uintptr_t)object);
    }
}

void AnnotateHappensAfter(const char *file, int line, const volatile void *object);
void AnnotateHappensAfter(const char *file, int line, const volatile void *object)
{
    (void)file;
    (void)line;
    if (!mill_hook_idle() && mill_hunt_races) {
        mill_race_acquire(mill_self(), (uintptr_t)object);
    }
}

/* What the compiler calls for atomics, before ThreadSanitizer has it. Nobody else runs between the point and
 * the operation, so what will come of it is known before.
 */
#include "hunt/runtime/sanitized/wrap.h"

__extension__ typedef unsigned __int128 wide;

static void loaded(const volatile void *address, uint64_t value, const void *pc)
{
    mill_looked(pc, (uintptr_t)address, value);
}

/* It will write another value than there is, or will not. */
static void updated(const volatile void *address, uint64_t value, bool changed, const void *pc)
{
    if (changed) {
        mill_progressed();
    } else {
        mill_looked(pc, (uintptr_t)address, value);
    }
}

#define UPDATE(bits, type, name, expression)                                                         \
    MILL_WRAP(type, __tsan_atomic##bits##_##name, (volatile type * object, type operand, int order)) \
    {                                                                                                \
        if (!mill_hook_idle()) {                                                                     \
            mill_wrap_point(MILL_STEP_ATOMIC_UPDATE, object, sizeof *object, PC);                    \
            type old = *object;                                                                      \
            updated(object, (uint64_t)old, (type)(expression) != old, PC);                           \
        }                                                                                            \
        JUMP __real___tsan_atomic##bits##_##name(object, operand, order);                            \
    }

#define EXCHANGE(bits, type, name)                                                                   \
    MILL_WRAP(int, __tsan_atomic##bits##_compare_exchange_##name,                                    \
              (volatile type * object, type * expected, type desired, int order, int failure_order)) \
    {                                                                                                \
        if (!mill_hook_idle()) {                                                                     \
            exchange##bits(object, *expected, desired, PC);                                          \
        }                                                                                            \
        JUMP __real___tsan_atomic##bits##_compare_exchange_##name(object, expected, desired, order,  \
                                                                  failure_order);                    \
    }

#define ATOMIC(bits, type)                                                                         \
    MILL_WRAP(type, __tsan_atomic##bits##_load, (const volatile type *object, int order))          \
    {                                                                                              \
        if (!mill_hook_idle()) {                                                                   \
            mill_wrap_point(MILL_STEP_ATOMIC_READ, object, sizeof *object, PC);                    \
            loaded(object, (uint64_t)*object, PC);                                                 \
        }                                                                                          \
        JUMP __real___tsan_atomic##bits##_load(object, order);                                     \
    }                                                                                              \
    MILL_WRAP(void, __tsan_atomic##bits##_store, (volatile type * object, type value, int order))  \
    {                                                                                              \
        if (!mill_hook_idle()) {                                                                   \
            mill_wrap_point(MILL_STEP_ATOMIC_WRITE, object, sizeof *object, PC);                   \
            mill_progressed();                                                                     \
        }                                                                                          \
        JUMP __real___tsan_atomic##bits##_store(object, value, order);                             \
    }                                                                                              \
    UPDATE(bits, type, exchange, operand)                                                          \
    UPDATE(bits, type, fetch_add, old + operand)                                                   \
    UPDATE(bits, type, fetch_sub, old - operand)                                                   \
    UPDATE(bits, type, fetch_and, old &operand)                                                    \
    UPDATE(bits, type, fetch_or, old | operand)                                                    \
    UPDATE(bits, type, fetch_xor, old ^ operand)                                                   \
    UPDATE(bits, type, fetch_nand, ~(old & operand))                                               \
    static void exchange##bits(volatile type *object, type expected, type desired, const void *pc) \
    {                                                                                              \
        mill_wrap_point(MILL_STEP_ATOMIC_UPDATE, object, sizeof *object, pc);                      \
        type old = *object;                                                                        \
        updated(object, (uint64_t)old, old == expected && desired != old, pc);                     \
    }                                                                                              \
    EXCHANGE(bits, type, strong)                                                                   \
    EXCHANGE(bits, type, weak)                                                                     \
    MILL_WRAP(type, __tsan_atomic##bits##_compare_exchange_val,                                    \
              (volatile type * object, type expected, type desired, int order, int failure_order)) \
    {                                                                                              \
        if (!mill_hook_idle()) {                                                                   \
            exchange##bits(object, expected, desired, PC);                                         \
        }                                                                                          \
        JUMP __real___tsan_atomic##bits##_compare_exchange_val(object, expected, desired, order,   \
                                                               failure_order);                     \
    }

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)
ATOMIC(128, wide)

MILL_WRAP(void, __tsan_atomic_thread_fence, (int order))
{
    if (!mill_hook_idle()) {
        const struct mill_step step = mill_thing(MILL_STEP_FENCE, NULL, PC);
        mill_point(&step);
    }
    JUMP __real___tsan_atomic_thread_fence(order);
}

/* hunt/race.h in ThreadSanitizer's hands: it looks for the races, and is told of what orders. Atomics and
 * memory that comes and goes it sees by itself.
 */
#include "hunt/race.h"

#include <sanitizer/tsan_interface.h>

#include "hunt/runtime/tsan/fibers.h"
#include "hunt/step.h"

/* Objects of its own: where a thread begins, and where it ends. */
static char begins[MILL_HUNT_THREADS];
static char ends[MILL_HUNT_THREADS];

int mill_race_open(void)
{
    return 0;
}

void mill_race_close(void)
{
}

/* Whatever earlier schedules of this process have done is over. */
void mill_race_begin(void)
{
    mill_tsan_fibers_begin();
    for (unsigned thread = 1; thread < mill_tsan_fibers_count(); thread++) {
        mill_race_joined(0, thread);
    }
}

bool mill_race_exhausted(void)
{
    return false;
}

void mill_race_forget(void)
{
}

void __real___tsan_func_entry(void *caller);
void __real___tsan_func_exit(void);
uint8_t __real___tsan_atomic8_load(const volatile uint8_t *object, int order);
void __tsan_write1_pc(void *address, void *pc);

/* Of objects that calls use, as they use them; the program's own accesses do not come here. */
bool mill_race_access(const struct mill_access *access, struct mill_race *race)
{
    (void)race;
    if (access->write) {
        __tsan_write1_pc((void *)access->address, (void *)access->pc);
    } else {
        __real___tsan_func_entry((void *)access->pc);
        __real___tsan_atomic8_load((const volatile uint8_t *)access->address, __ATOMIC_RELAXED);
        __real___tsan_func_exit();
    }
    return false;
}

void mill_race_allocated(uintptr_t address, size_t size)
{
    (void)address;
    (void)size;
}

bool mill_race_freed(const struct mill_access *access, size_t size, struct mill_race *race)
{
    (void)access;
    (void)size;
    (void)race;
    return false;
}

/* ---- what orders ---- */

void mill_race_release(unsigned thread, uintptr_t address)
{
    mill_tsan_as(thread, __tsan_release, (void *)address);
}

void mill_race_acquire(unsigned thread, uintptr_t address)
{
    mill_tsan_as(thread, __tsan_acquire, (void *)address);
}

void mill_race_spawned(unsigned parent, unsigned child)
{
    mill_tsan_as(parent, __tsan_release, &begins[child]);
    mill_tsan_as(child, __tsan_acquire, &begins[child]);
}

void mill_race_joined(unsigned parent, unsigned child)
{
    mill_tsan_as(child, __tsan_release, &ends[child]);
    mill_tsan_as(parent, __tsan_acquire, &ends[child]);
}

/* Atomic accesses reach the sanitizer as they are, and of fences it knows nothing. */
void mill_race_atomic_load(unsigned thread, uintptr_t address, int order)
{
    (void)thread;
    (void)address;
    (void)order;
}

void mill_race_atomic_store(unsigned thread, uintptr_t address, int order)
{
    (void)thread;
    (void)address;
    (void)order;
}

void mill_race_atomic_update(unsigned thread, uintptr_t address, int order)
{
    (void)thread;
    (void)address;
    (void)order;
}

void mill_race_fence(unsigned thread, int order)
{
    (void)thread;
    (void)order;
}

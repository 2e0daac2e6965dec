/* Memory is the sanitizer's: it knows what was freed. What the program itself allocates while a schedule runs
 * is noted, since only the going of that is a point; and it is zeros, as the hunt's own heap gives them. The
 * hunt's heap (hunt/heap.h) is not there.
 */
#include <errno.h>
#include <string.h>

#include "hunt/heap.h"
#include "hunt/runtime/accesses.h"
#include "hunt/runtime/sanitized/wrap.h"

/* ---- whose it is ---- */

#define PLACES ((size_t)1 << 20)

/* Addresses that the program was given in this schedule, freed or not; open addressing. */
static struct {
    uintptr_t address;
    uint32_t schedule;
    bool live;
} places[PLACES];

static uint32_t schedule = 1; /* 0 is no schedule's */
static size_t taken;          /* places */
static size_t live;           /* of those, that were not freed */
static bool asked;            /* the allocation under way is the program's */
static size_t kept;           /* bytes of it that are not new */

static size_t place_of(uintptr_t address)
{
    size_t at = (size_t)((address >> 4) * 0x9e3779b97f4a7c15U >> 44) & (PLACES - 1);
    while (places[at].schedule == schedule && places[at].address != address) {
        at = (at + 1) & (PLACES - 1);
    }
    return at;
}

static bool is_ours(const void *memory)
{
    return memory != NULL && places[place_of((uintptr_t)memory)].schedule == schedule;
}

/* The sanitizer calls this with all that it gives. */
static void given(const volatile void *memory, size_t size)
{
    if (!asked || !mill_hunt_on || memory == NULL) {
        return;
    }
    asked = false;
    if (kept < size) {
        memset((char *)memory + kept, 0, size - kept);
    }
    size_t at = place_of((uintptr_t)memory);
    if (places[at].schedule != schedule && taken < PLACES / 2) {
        places[at].address = (uintptr_t)memory;
        places[at].schedule = schedule;
        places[at].live = false;
        taken++;
    }
    if (places[at].schedule == schedule && !places[at].live) {
        places[at].live = true;
        live++;
    }
}

/* … and this with all that it takes back. */
static void taken_back(const volatile void *memory)
{
    size_t at = place_of((uintptr_t)memory);
    if (places[at].schedule == schedule && places[at].live) {
        places[at].live = false;
        live--;
    }
}

int __sanitizer_install_malloc_and_free_hooks(void (*given)(const volatile void *memory, size_t size),
                                              void (*taken)(const volatile void *memory));
size_t __sanitizer_get_allocated_size(const volatile void *memory);

/* ---- hunt/heap.h ---- */

uintptr_t mill_heap_base;
size_t mill_heap_size;

int mill_heap_open(void)
{
    return __sanitizer_install_malloc_and_free_hooks(given, taken_back) > 0 ? 0 : -ENOMEM;
}

void mill_heap_close(void)
{
}

void mill_heap_begin(void)
{
    schedule++;
    taken = 0;
    live = 0;
}

void mill_heap_end(void)
{
}

size_t mill_heap_left(struct mill_chunk *first)
{
    if (live > 0) {
        *first = (struct mill_chunk){.address = 0}; /* which, the sanitizer knows */
    }
    return live;
}

bool mill_heap_next(struct mill_chunk *chunk)
{
    (void)chunk;
    return false;
}

/* No more could be noted: from there on frees are no points. */
bool mill_heap_reused(void)
{
    return taken >= PLACES / 2;
}

enum mill_heap_state mill_heap_look(uintptr_t address, size_t size, struct mill_chunk *chunk)
{
    (void)address;
    (void)size;
    (void)chunk;
    return MILL_HEAP_ELSEWHERE;
}

void *mill_heap_allocate(size_t size, size_t alignment, const struct mill_heap_call *call)
{
    (void)size;
    (void)alignment;
    (void)call;
    return NULL;
}

enum mill_heap_freed mill_heap_release(void *memory, const struct mill_heap_call *call,
                                       struct mill_chunk *chunk)
{
    (void)memory;
    (void)call;
    (void)chunk;
    return MILL_HEAP_FREED_NOTHING;
}

/* ---- the names, as the program calls them ---- */

static void ask(size_t keep)
{
    asked = mill_hunt_on;
    kept = keep;
}

static void go(const void *memory, const void *pc)
{
    if (mill_hunt_on && is_ours(memory)) {
        const struct mill_step step = mill_thing(MILL_STEP_FREE, memory, pc);
        mill_point(&step);
    }
}

#define COMES(name, parameters, ...)     \
    MILL_WRAP(void *, name, parameters)  \
    {                                    \
        ask(0);                          \
        JUMP __real_##name(__VA_ARGS__); \
    }
#define GOES(name, parameters, ...)      \
    MILL_WRAP(void, name, parameters)    \
    {                                    \
        go(memory, PC);                  \
        JUMP __real_##name(__VA_ARGS__); \
    }

COMES(malloc, (size_t size), size)
COMES(calloc, (size_t count, size_t size), count, size)
/* Of aligned memory ThreadSanitizer says nothing. */
static void *settle(void *memory, size_t size)
{
    given(memory, size);
    asked = false;
    return memory;
}

#define COMES_ALIGNED(name, parameters, size, ...)       \
    MILL_WRAP(void *, name, parameters)                  \
    {                                                    \
        ask(0);                                          \
        return settle(__real_##name(__VA_ARGS__), size); \
    }

COMES_ALIGNED(aligned_alloc, (size_t alignment, size_t size), size, alignment, size)
COMES_ALIGNED(memalign, (size_t alignment, size_t size), size, alignment, size)
GOES(free, (void *memory), memory)

MILL_WRAP(int, posix_memalign, (void **memory, size_t alignment, size_t size))
{
    ask(0);
    int error = __real_posix_memalign(memory, alignment, size);
    settle(error == 0 ? *memory : NULL, size);
    return error;
}

MILL_WRAP(void *, realloc, (void *memory, size_t size))
{
    go(memory, PC);
    ask(memory ? __sanitizer_get_allocated_size(memory) : 0);
    JUMP __real_realloc(memory, size);
}

MILL_WRAP(char *, strdup, (const char *text))
{
    if (mill_accesses_seen()) {
        mill_reads_text(text, SIZE_MAX, PC);
    }
    ask(0);
    JUMP __real_strdup(text);
}

COMES(_Znwm, (size_t size), size)
COMES(_Znam, (size_t size), size)
COMES_ALIGNED(_ZnwmSt11align_val_t, (size_t size, size_t alignment), size, size, alignment)
COMES_ALIGNED(_ZnamSt11align_val_t, (size_t size, size_t alignment), size, size, alignment)
GOES(_ZdlPv, (void *memory), memory)
GOES(_ZdaPv, (void *memory), memory)
GOES(_ZdlPvm, (void *memory, size_t size), memory, size)
GOES(_ZdaPvm, (void *memory, size_t size), memory, size)
GOES(_ZdlPvSt11align_val_t, (void *memory, size_t alignment), memory, alignment)
GOES(_ZdlPvmSt11align_val_t, (void *memory, size_t size, size_t alignment), memory, size, alignment)

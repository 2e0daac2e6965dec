/* The orders are those of Lê, Pop, Cohen and Zappa Nardelli (PPoPP 2013), with their two fences put onto the
 * operations beside them, where ThreadSanitizer knows them: the sequentially consistent store of `bottom` in
 * pop stands before the load of `top`, and the load of `top` in steal before that of `bottom`. A thief that
 * is about to take the last item but one too many read an old `bottom`, so its load stands before the owner's
 * store in the one order of all such operations; the swap of `top` that it has seen stands before that; so
 * the owner sees that swap, knows that it is down to the last item, and takes part in the race for it. On x86
 * that is one exchange for a pop and plain loads for a thief, where the fences cost both sides one.
 */
#include "task/deque_chase_lev.h"

#include <errno.h>
#include <stdlib.h>

struct mill_chase_lev_array {
    struct mill_chase_lev_array *smaller; /* the one before, for destroy */
    int64_t mask;
    void *_Atomic slots[];
};

static struct mill_chase_lev_array *array_of(int64_t size, struct mill_chase_lev_array *smaller)
{
    struct mill_chase_lev_array *array = malloc(sizeof *array + (size_t)size * sizeof array->slots[0]);
    if (array) {
        array->smaller = smaller;
        array->mask = size - 1;
    }
    return array;
}

int mill_chase_lev_init(struct mill_chase_lev *deque, size_t capacity)
{
    int64_t size = 1;
    while ((size_t)size < capacity) {
        size *= 2;
    }
    *deque = (struct mill_chase_lev){0};
    struct mill_chase_lev_array *array = array_of(size, NULL);
    atomic_init(&deque->array, array);
    return array ? 0 : -ENOMEM;
}

void mill_chase_lev_destroy(struct mill_chase_lev *deque)
{
    struct mill_chase_lev_array *array = atomic_load_explicit(&deque->array, memory_order_relaxed);
    while (array) {
        struct mill_chase_lev_array *smaller = array->smaller;
        free(array);
        array = smaller;
    }
}

/* relaxed, in both: `bottom` publishes a slot, and `top` says whether what was read is still valid */
static void *get(struct mill_chase_lev_array *array, int64_t at)
{
    return atomic_load_explicit(&array->slots[at & array->mask], memory_order_relaxed);
}

static void set(struct mill_chase_lev_array *array, int64_t at, void *item)
{
    atomic_store_explicit(&array->slots[at & array->mask], item, memory_order_relaxed);
}

static struct mill_chase_lev_array *grow(struct mill_chase_lev *deque, struct mill_chase_lev_array *array,
                                         int64_t top, int64_t bottom)
{
    struct mill_chase_lev_array *larger = array_of(2 * (array->mask + 1), array);
    if (larger) {
        for (int64_t at = top; at < bottom; at++) {
            set(larger, at, get(array, at));
        }
        /* release: pairs with the acquire in steal, so that the items are in it */
        atomic_store_explicit(&deque->array, larger, memory_order_release);
    }
    return larger;
}

int mill_chase_lev_push(struct mill_chase_lev *deque, void *item)
{
    int64_t bottom = atomic_load_explicit(&deque->bottom, memory_order_relaxed);
    /* acquire: the slots below `top` have been read by those that stole them */
    int64_t top = atomic_load_explicit(&deque->top, memory_order_acquire);
    struct mill_chase_lev_array *array = atomic_load_explicit(&deque->array, memory_order_relaxed);
    if (bottom - top > array->mask) {
        array = grow(deque, array, top, bottom);
        if (!array) {
            return -ENOMEM;
        }
    }
    set(array, bottom, item);
    /* release: pairs with the load of `bottom` in steal; the item is seen */
    atomic_store_explicit(&deque->bottom, bottom + 1, memory_order_release);
    return 0;
}

/* Takes the item at `top`, the owner in its race for the last one like a thief. */
static bool claim(struct mill_chase_lev *deque, int64_t top)
{
    return atomic_compare_exchange_strong_explicit(&deque->top, &top, top + 1, memory_order_seq_cst,
                                                   memory_order_relaxed);
}

void *mill_chase_lev_pop(struct mill_chase_lev *deque)
{
    int64_t bottom = atomic_load_explicit(&deque->bottom, memory_order_relaxed) - 1;
    /* relaxed: an old `top` only makes it look fuller, and what follows finds out */
    if (atomic_load_explicit(&deque->top, memory_order_relaxed) > bottom) {
        return NULL;
    }
    struct mill_chase_lev_array *array = atomic_load_explicit(&deque->array, memory_order_relaxed);
    atomic_store_explicit(&deque->bottom, bottom, memory_order_seq_cst);
    int64_t top = atomic_load_explicit(&deque->top, memory_order_seq_cst);
    void *item = NULL;
    if (top < bottom) {
        return get(array, bottom);
    }
    if (top == bottom && claim(deque, top)) {
        item = get(array, bottom);
    }
    /* Empty, and `top` is behind the last one. release: as in push, for an item pushed before */
    atomic_store_explicit(&deque->bottom, bottom + 1, memory_order_release);
    return item;
}

void *mill_chase_lev_steal(struct mill_chase_lev *deque)
{
    int64_t top = atomic_load_explicit(&deque->top, memory_order_seq_cst);
    int64_t bottom = atomic_load_explicit(&deque->bottom, memory_order_seq_cst);
    if (top >= bottom) {
        return NULL;
    }
    /* acquire: pairs with the release in grow. Read before the claim: after it the owner may overwrite it. */
    struct mill_chase_lev_array *array = atomic_load_explicit(&deque->array, memory_order_acquire);
    void *item = get(array, top);
    return claim(deque, top) ? item : NULL;
}

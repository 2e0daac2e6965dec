#include "hunt/choices.h"

#include <errno.h>
#include <string.h>

size_t mill_choices_size(uint32_t capacity)
{
    return sizeof(struct mill_choices) + (size_t)capacity * sizeof(uint32_t);
}

struct mill_choices *mill_choices_make(void *memory, size_t size)
{
    if (size < mill_choices_size(1)) {
        return NULL;
    }
    size_t room = (size - sizeof(struct mill_choices)) / sizeof(uint32_t);
    struct mill_choices *list = memory;
    list->capacity = room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
    mill_choices_clear(list);
    return list;
}

struct mill_choices_run mill_choices_run(const struct mill_choices *list, uint32_t at)
{
    if (at >= list->count) {
        return (struct mill_choices_run){0, 0};
    }
    uint32_t item = list->items[at];
    uint32_t next = at + 1;
    while (next < list->count && list->items[next] == (item & ~MILL_CHOICE_PREEMPTS)) {
        next++;
    }
    return (struct mill_choices_run){.item = item, .length = next - at};
}

void mill_choices_add_run(struct mill_choices *list, struct mill_choices_run run)
{
    for (uint32_t i = 0; i < run.length; i++) {
        mill_choices_add(list, run.item);
        run.item &= ~MILL_CHOICE_PREEMPTS;
    }
}

int mill_choices_copy(struct mill_choices *to, const struct mill_choices *from)
{
    if (to->capacity < from->count) {
        return -ENOBUFS;
    }
    memcpy(to->items, from->items, from->count * sizeof(uint32_t));
    to->count = from->count;
    to->lost = from->lost;
    return 0;
}

bool mill_choices_equal(const struct mill_choices *a, const struct mill_choices *b)
{
    return a->count == b->count && a->lost == b->lost &&
           memcmp(a->items, b->items, a->count * sizeof(uint32_t)) == 0;
}

uint32_t mill_choices_preemptions(const struct mill_choices *list)
{
    uint32_t preemptions = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        preemptions += (list->items[i] & MILL_CHOICE_PREEMPTS) != 0;
    }
    return preemptions;
}

uint32_t mill_choices_switches(const struct mill_choices *list)
{
    uint32_t switches = 0;
    uint32_t last = UINT32_MAX;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i] & MILL_CHOICE_DATA) {
            continue;
        }
        uint32_t thread = list->items[i] & MILL_CHOICE_VALUE;
        switches += last != UINT32_MAX && thread != last;
        last = thread;
    }
    return switches;
}

/* The choices of a schedule, as they were made: at each point where at least two threads could go on, the
 * number of the one that did; where a call could end in several ways, the way. The same list, given to the
 * same program, gives the same schedule.
 *
 *     struct mill_choices *list = mill_choices_make(memory, size);
 *     mill_choices_thread(list, 1, true);
 *     mill_choices_data(list, 0);
 *
 * One block of memory without pointers, so that it may be shared between processes. What does not fit is
 * counted in `lost`: such a list does not describe its schedule to the end. A list belongs to whoever writes
 * it; nothing here blocks or allocates.
 */
#ifndef MILL_HUNT_CHOICES_H
#define MILL_HUNT_CHOICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A choice: a thread's number or a way, and what it was. */
#define MILL_CHOICE_DATA     0x80000000u /* a way, not a thread */
#define MILL_CHOICE_PREEMPTS 0x40000000u /* the thread that ran before could have gone on */
#define MILL_CHOICE_VALUE    0x3fffffffu

struct mill_choices {
    uint32_t count, capacity;
    uint64_t lost; /* choices that did not fit */
    uint32_t items[];
};

/* Bytes of a list of so many choices. */
size_t mill_choices_size(uint32_t capacity);

/* An empty list in so many bytes of memory, aligned for it; NULL: they are too few for any choice. Only the
 * head is written. */
struct mill_choices *mill_choices_make(void *memory, size_t size);

static inline void mill_choices_clear(struct mill_choices *list)
{
    list->count = 0;
    list->lost = 0;
}

static inline void mill_choices_add(struct mill_choices *list, uint32_t item)
{
    if (list->count < list->capacity) {
        list->items[list->count++] = item;
    } else {
        list->lost++;
    }
}

static inline void mill_choices_thread(struct mill_choices *list, unsigned thread, bool preempts)
{
    mill_choices_add(list, thread | (preempts ? MILL_CHOICE_PREEMPTS : 0));
}

static inline void mill_choices_data(struct mill_choices *list, unsigned way)
{
    mill_choices_add(list, way | MILL_CHOICE_DATA);
}

/* Equal choices in a row: the first as it is, the others without MILL_CHOICE_PREEMPTS. */
struct mill_choices_run {
    uint32_t item;
    uint32_t length; /* 0: the list has ended */
};

/* The run that begins at choice `at`. */
struct mill_choices_run mill_choices_run(const struct mill_choices *list, uint32_t at);

/* Appends `length` choices that are equal but for MILL_CHOICE_PREEMPTS, which only the first may have. */
void mill_choices_add_run(struct mill_choices *list, struct mill_choices_run run);

/* 0, or -ENOBUFS: `to` has less room than there are choices, and is not changed. */
int mill_choices_copy(struct mill_choices *to, const struct mill_choices *from);

bool mill_choices_equal(const struct mill_choices *a, const struct mill_choices *b);

/* How often a thread was left that could have gone on. */
uint32_t mill_choices_preemptions(const struct mill_choices *list);

/* How often another thread was chosen than at the choice before. */
uint32_t mill_choices_switches(const struct mill_choices *list);

#endif

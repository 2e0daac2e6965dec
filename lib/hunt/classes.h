/* How many schedules there were that differ: those in which the same steps come in the same order, but for
 * steps that do not depend on each other (step.h), are one class, and show the same (Mazurkiewicz 1977).
 *
 *     mill_class_begin(&class);
 *     mill_class_step(&class, thread, &step);      each step of all threads, as it is taken
 *     if (mill_classes_add(&classes, mill_class_end(&class, threads)))
 *         … none of this class was there before …
 *
 * A class has a name, a hash: each thread's of the steps before that its next one comes behind. Steps are
 * told apart by aligned words of 8 bytes, so that neighbours within one count as dependent; of a step over
 * more than MILL_CLASS_WORDS words the first count. Addresses are not in the name. Nothing here blocks or
 * allocates; one thread at a time.
 */
#ifndef MILL_HUNT_CLASSES_H
#define MILL_HUNT_CLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hunt/step.h"

#define MILL_CLASS_WORDS  64

/* Words that steps of one schedule are on, half of each; powers of two. The first lie near each other: most
 * schedules have few, and in a process for each every page that is touched costs a fault. */
#define MILL_CLASS_NEAR   ((size_t)1 << 7)
#define MILL_CLASS_PLACES ((size_t)1 << 16)

struct mill_class_place {
    uintptr_t word;
    uint32_t schedule;
    uint64_t write; /* the last step that changed it: who reads knows which it saw, so nobody keeps reads */
};

/* A schedule's, while it runs. All zeros at first. */
struct mill_class {
    uint32_t schedule; /* places of others are free */
    uint32_t near_used, used;
    bool full; /* words found no place: the name is of no use */
    struct mill_class_place near[MILL_CLASS_NEAR];
    uint64_t thread[MILL_HUNT_THREADS];
    struct mill_class_place place[MILL_CLASS_PLACES];
};

void mill_class_begin(struct mill_class *class);

/* Before the child's first step. */
void mill_class_spawned(struct mill_class *class, unsigned parent, unsigned child);
void mill_class_step(struct mill_class *class, unsigned thread, const struct mill_step *step);

/* The thread's call went this way, of several. */
void mill_class_way(struct mill_class *class, unsigned thread, unsigned way);

/* The name, of so many threads; 0: there were too many words. */
uint64_t mill_class_end(const struct mill_class *class, unsigned threads);

/* Names that are kept, and places to find them by: a power of two. */
#define MILL_CLASSES_MAX    ((size_t)3 << 18)
#define MILL_CLASSES_PLACES ((size_t)1 << 20)

/* All zeros at first; plain memory, to be shared. Untouched pages of it cost nothing. */
struct mill_classes {
    uint64_t count;
    uint64_t lost; /* names 0, and those for which there was no room: they may have been new or not */
    uint64_t name[MILL_CLASSES_MAX];
    uint32_t place[MILL_CLASSES_PLACES]; /* of a name, plus one; 0: none */
};

/* Is it new? */
bool mill_classes_add(struct mill_classes *classes, uint64_t name);

/* All names of another set, and how many it has lost. */
void mill_classes_join(struct mill_classes *classes, const struct mill_classes *other);

#endif

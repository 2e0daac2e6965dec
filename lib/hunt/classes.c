#include "hunt/classes.h"

#include "core/random.h"

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t state = a ^ mill_random_rotate(b, 32);
    return mill_random_split(&state);
}

void mill_class_begin(struct mill_class *class)
{
    class->schedule++;
    class->near_used = 0;
    class->used = 0;
    class->full = false;
    class->thread[0] = 1;
}

void mill_class_spawned(struct mill_class *class, unsigned parent, unsigned child)
{
    class->thread[child] = mix(class->thread[parent], UINT64_MAX);
    class->thread[parent] = mix(class->thread[parent], UINT64_MAX - 1); /* its next child is another one */
}

void mill_class_way(struct mill_class *class, unsigned thread, unsigned way)
{
    class->thread[thread] = mix(class->thread[thread], ~(uint64_t)way);
}

/* The place of the word among `count`, or a free one, of which there are always some. */
static struct mill_class_place *seek(struct mill_class_place *places, size_t count, size_t from,
                                     uint32_t schedule, uintptr_t word)
{
    size_t at = from % count;
    while (places[at].schedule == schedule && places[at].word != word) {
        at = (at + 1) % count;
    }
    return &places[at];
}

/* Behind the near ones words that lie together have places together, so that few pages are touched. NULL:
 * there is none left. */
static struct mill_class_place *find(struct mill_class *class, uintptr_t word)
{
    uint32_t *used = &class->near_used;
    size_t most = MILL_CLASS_NEAR / 2;
    struct mill_class_place *place =
        seek(class->near, MILL_CLASS_NEAR, (word * 0x9e3779b97f4a7c15u) >> 40, class->schedule, word);
    if (place->schedule != class->schedule && *used == most) {
        used = &class->used;
        most = MILL_CLASS_PLACES / 2;
        place = seek(class->place, MILL_CLASS_PLACES, word + (word >> 13) * 0x9e3779b97f4a7c15u,
                     class->schedule, word);
    }
    if (place->schedule != class->schedule) {
        if (*used == most) {
            class->full = true;
            return NULL;
        }
        ++*used;
        *place = (struct mill_class_place){.word = word, .schedule = class->schedule};
    }
    return place;
}

struct words {
    uintptr_t first;
    uint32_t count;
};

/* A thread's number, which stands for the thread, is no address. */
static struct words words_of(uintptr_t object, uint32_t size)
{
    if (object == 0) {
        return (struct words){.count = 0};
    }
    if (object <= MILL_HUNT_THREADS) {
        return (struct words){.first = ~object, .count = 1};
    }
    uintptr_t first = object / 8;
    uintptr_t last = (object + (size > 0 ? size - 1 : 0)) / 8;
    uint64_t count = last - first + 1;
    return (struct words){.first = first,
                          .count = count < MILL_CLASS_WORDS ? (uint32_t)count : MILL_CLASS_WORDS};
}

/* What the words have seen that the step comes behind. */
static uint64_t follow(struct mill_class *class, uint64_t name, struct words words)
{
    for (uint32_t i = 0; i < words.count; i++) {
        const struct mill_class_place *place = find(class, words.first + i);
        if (place) {
            name = mix(name, place->write);
        }
    }
    return name;
}

/* From here on the words have seen this step. */
static void leave(struct mill_class *class, uint64_t name, struct words words)
{
    for (uint32_t i = 0; i < words.count; i++) {
        struct mill_class_place *place = find(class, words.first + i);
        if (place) {
            place->write = name;
        }
    }
}

void mill_class_step(struct mill_class *class, unsigned thread, const struct mill_step *step)
{
    bool creates = step->kind == MILL_STEP_CREATE; /* the number is what the next thread is expected to get */
    struct words words = words_of(creates ? 0 : step->object, step->size);
    struct words second = words_of(step->second, 1);
    uint64_t name = mix(class->thread[thread], step->kind);
    name = follow(class, name, words);
    name = follow(class, name, second);
    if (mill_step_modifies(step->kind)) {
        leave(class, name, words);
        leave(class, name, second);
    }
    class->thread[thread] = name;
}

uint64_t mill_class_end(const struct mill_class *class, unsigned threads)
{
    uint64_t sum = 0;
    for (unsigned thread = 0; thread < threads; thread++) {
        sum += mix(class->thread[thread], 0);
    }
    return class->full ? 0 : sum == 0 ? 1 : sum;
}

/* ---- names ---- */

/* Where the name is, or would be. */
static uint32_t *find_name(struct mill_classes *classes, uint64_t name)
{
    size_t at = name % MILL_CLASSES_PLACES;
    while (classes->place[at] != 0 && classes->name[classes->place[at] - 1] != name) {
        at = (at + 1) % MILL_CLASSES_PLACES;
    }
    return &classes->place[at];
}

bool mill_classes_add(struct mill_classes *classes, uint64_t name)
{
    uint32_t *place = find_name(classes, name);
    if (*place != 0) {
        return false;
    }
    if (name == 0 || classes->count == MILL_CLASSES_MAX) {
        classes->lost++;
        return false;
    }
    classes->name[classes->count] = name;
    *place = (uint32_t)++classes->count;
    return true;
}

void mill_classes_join(struct mill_classes *classes, const struct mill_classes *other)
{
    for (uint64_t i = 0; i < other->count; i++) {
        mill_classes_add(classes, other->name[i]);
    }
    classes->lost += other->lost;
}

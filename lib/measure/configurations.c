#include "measure/configurations.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { first_slots = 1024, block_size = 1 << 18 };

struct mill_configurations_block {
    struct mill_configurations_block *next;
    size_t padding; /* what follows is aligned for anything that is kept */
};

int mill_configurations_open(struct mill_configurations *set, size_t bytes_most)
{
    *set = (struct mill_configurations){.bytes_most = bytes_most};
    set->slots = calloc(first_slots, sizeof(struct mill_configuration *));
    if (!set->slots) {
        return -ENOMEM;
    }
    set->slot_count = first_slots;
    return 0;
}

void mill_configurations_close(struct mill_configurations *set)
{
    while (set->blocks) {
        struct mill_configurations_block *next = set->blocks->next;
        free(set->blocks);
        set->blocks = next;
    }
    free(set->slots);
    *set = (struct mill_configurations){0};
}

static bool same(const struct mill_configuration *a, const struct mill_configuration *b)
{
    return a->hash == b->hash && a->first == b->first && a->bit_count == b->bit_count &&
           a->state_count == b->state_count &&
           memcmp(a->bits, b->bits, a->bit_count * sizeof *a->bits) == 0 &&
           memcmp(a->state, b->state, a->state_count * sizeof *a->state) == 0;
}

/* Its slot, or the empty one where it would stand. */
static size_t slot_of(const struct mill_configurations *set, const struct mill_configuration *one)
{
    size_t mask = set->slot_count - 1;
    size_t slot = (size_t)one->hash & mask;
    while (set->slots[slot] && !same(set->slots[slot], one)) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

static int grow(struct mill_configurations *set)
{
    size_t wider_count = set->slot_count * 2;
    size_t mask = wider_count - 1;
    struct mill_configuration **wider = calloc(wider_count, sizeof(struct mill_configuration *));
    if (!wider) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < set->slot_count; i++) {
        if (set->slots[i]) {
            size_t slot = (size_t)set->slots[i]->hash & mask;
            while (wider[slot]) {
                slot = (slot + 1) & mask;
            }
            wider[slot] = set->slots[i];
        }
    }
    free(set->slots);
    set->slots = wider;
    set->slot_count = wider_count;
    return 0;
}

/* Room for `size` bytes, a multiple of 8; NULL when memory is out. */
static void *room(struct mill_configurations *set, size_t size)
{
    if (size > set->free_size) {
        size_t whole = sizeof(struct mill_configurations_block) + (size > block_size ? size : block_size);
        struct mill_configurations_block *block = malloc(whole);
        if (!block) {
            return NULL;
        }
        block->next = set->blocks;
        set->blocks = block;
        set->free = (unsigned char *)(block + 1);
        set->free_size = whole - sizeof *block;
    }
    void *found = set->free;
    set->free += size;
    set->free_size -= size;
    return found;
}

int mill_configurations_add(struct mill_configurations *set, const struct mill_configuration *one,
                            const struct mill_configuration **kept)
{
    size_t slot = slot_of(set, one);
    if (set->slots[slot]) {
        *kept = set->slots[slot];
        return 0;
    }
    size_t words = one->bit_count + one->state_count;
    size_t size = sizeof *one + words * sizeof(uint64_t);
    if (size > set->bytes_most - set->bytes) {
        return -ENOSPC;
    }
    struct mill_configuration *copy = room(set, size);
    if (!copy) {
        return -ENOMEM;
    }
    uint64_t *bits = (uint64_t *)(void *)(copy + 1);
    int64_t *state = (int64_t *)(void *)(bits + one->bit_count);
    memcpy(bits, one->bits, one->bit_count * sizeof *bits);
    memcpy(state, one->state, one->state_count * sizeof *state);
    *copy = *one;
    copy->bits = bits;
    copy->state = state;
    set->slots[slot] = copy;
    set->bytes += size;
    set->count++;
    *kept = copy;
    return set->count * 2 > set->slot_count && grow(set) < 0 ? -ENOMEM : 1;
}

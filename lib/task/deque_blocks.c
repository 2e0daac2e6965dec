/* What thieves may take is one word for each block: which items are taken, up to where they are granted, and
 * up to where a thief wants them granted. Every change of it is a swap of the whole word, so that a thief's
 * claim and the owner's withdrawal exclude each other by themselves. A generation rises with every
 * withdrawal, every wish that is taken back and every new use of the block, lest a thief that was asleep
 * takes the word for the one that it has seen: within one generation what is taken and what is granted only
 * rise, and a wish goes only with a grant, so no word comes twice. It has what the word has left, 37 bits,
 * and each step costs a swap, and mostly a heavy fence or a block's worth of work; a thief would have to
 * sleep through more than 10^11 of them, and wake at the one that is its own again.
 *
 * A thief reads the item before its swap, as in Chase and Lev's deque. Its swap releases and the withdrawal
 * acquires, so the owner writes the slot anew only after that read; a thief whose swap fails forgets what it
 * has read.
 *
 * The owner's own part has no swap. Its pop lowers `bottom`, and looks at the word behind a light fence; a
 * thief that insists writes into the word what it wants, and looks at `bottom` behind a heavy fence. So
 * either the thief sees that the owner has gone below, and takes its wish back; or the owner sees the wish,
 * and answers it with a swap of its own, and the thief's last one fails. (Dijkstra's mutual exclusion as in
 * the THE protocol of Cilk-5, with the price moved to the thief.)
 */
#include "task/deque_blocks.h"

#include <errno.h>
#include <stdlib.h>

#include "core/fence.h"

struct mill_block_table {
    struct mill_block_table *smaller; /* the one before, for destroy */
    void *slab;                       /* the blocks that came with it */
    uint64_t mask;
    struct mill_block *blocks[];
};

/* ---- the word ---- */

struct share {
    uint32_t taken;
    uint32_t granted;
    uint32_t wanted; /* 0: nobody asks */
    uint64_t generation;
};

enum { FIELD_BITS = 9, FIELD_MASK = (1 << FIELD_BITS) - 1 };
_Static_assert(MILL_BLOCK_ITEMS_MAX <= FIELD_MASK, "a bound of the largest block must fit its field");

static struct share unpack(uint64_t word)
{
    return (struct share){
        .taken = (uint32_t)word & FIELD_MASK,
        .granted = (uint32_t)(word >> FIELD_BITS) & FIELD_MASK,
        .wanted = (uint32_t)(word >> 2 * FIELD_BITS) & FIELD_MASK,
        .generation = word >> 3 * FIELD_BITS,
    };
}

static uint64_t pack(struct share share)
{
    return share.generation << 3 * FIELD_BITS | (uint64_t)share.wanted << 2 * FIELD_BITS |
           (uint64_t)share.granted << FIELD_BITS | share.taken;
}

/* acquire, here and in the swap: pairs with the swap of the last thief (its read of the slot is over) and
 * with the owner's (what is granted is seen). */
static struct share look(const struct mill_block *block)
{
    return unpack(atomic_load_explicit(&block->share, memory_order_acquire));
}

static bool swap(struct mill_block *block, struct share *seen, struct share next)
{
    uint64_t word = pack(*seen);
    bool swapped = atomic_compare_exchange_strong_explicit(&block->share, &word, pack(next),
                                                           memory_order_acq_rel, memory_order_acquire);
    *seen = swapped ? next : unpack(word);
    return swapped;
}

/* ---- blocks ---- */

static struct mill_block *block_of(const struct mill_block_table *table, uint64_t number)
{
    return table->blocks[number & table->mask];
}

/* To be called after `number` was read with acquire: the table is then one that has it. */
static struct mill_block *find(const struct mill_block_deque *deque, uint64_t number)
{
    return block_of(atomic_load_explicit(&deque->table, memory_order_acquire), number);
}

/* A table of `count` blocks, of which `fresh` come with it, for the numbers from `first` on. */
static struct mill_block_table *table_of(uint64_t count, uint64_t first, uint64_t fresh, uint32_t items)
{
    size_t size = MILL_ISOLATED_SIZE(sizeof(struct mill_block) + items * sizeof(void *));
    struct mill_block_table *table = calloc(1, sizeof *table + count * sizeof(struct mill_block *));
    if (!table) {
        return NULL;
    }
    table->slab = mill_isolated_alloc(fresh * size);
    if (!table->slab) {
        free(table);
        return NULL;
    }
    table->mask = count - 1;
    for (uint64_t i = 0; i < fresh; i++) {
        table->blocks[(first + i) & table->mask] = (void *)((char *)table->slab + i * size);
    }
    return table;
}

int mill_block_deque_init(struct mill_block_deque *deque, size_t blocks, uint32_t items)
{
    *deque = (struct mill_block_deque){.items = items};
    if (blocks < 2 || (blocks & (blocks - 1)) != 0 || items == 0 || items > MILL_BLOCK_ITEMS_MAX) {
        return -EINVAL;
    }
    struct mill_block_table *table = table_of(blocks, 0, blocks, items);
    if (!table) {
        return -ENOMEM;
    }
    atomic_init(&deque->table, table);
    deque->own = block_of(table, 0);
    return 0;
}

void mill_block_deque_destroy(struct mill_block_deque *deque)
{
    struct mill_block_table *table = atomic_load_explicit(&deque->table, memory_order_relaxed);
    while (table) {
        struct mill_block_table *smaller = table->smaller;
        free(table->slab);
        free(table);
        table = smaller;
    }
}

/* ---- from block to block ---- */

/* The block of number `number`, the oldest, was seen to be used up, which it remains. Goes on to the next,
 * unless it is the owner's: false. */
static bool pass(struct mill_block_deque *deque, uint64_t number)
{
    /* acquire: pairs with the owner's release; the next block is ready, and in the table */
    if (number >= atomic_load_explicit(&deque->newest, memory_order_acquire)) {
        return false;
    }
    /* Somebody else may have done so. release: as the owner's, for who reads this instead */
    atomic_compare_exchange_strong_explicit(&deque->oldest, &number, number + 1, memory_order_acq_rel,
                                            memory_order_relaxed);
    return true;
}

/* Every block of the table stands between the oldest and the newest; they keep their numbers. */
static struct mill_block_table *grow(struct mill_block_deque *deque, struct mill_block_table *table,
                                     uint64_t newest)
{
    uint64_t count = table->mask + 1;
    struct mill_block_table *larger = table_of(2 * count, newest + 1, count, deque->items);
    if (larger) {
        larger->smaller = table;
        for (uint64_t number = newest + 1 - count; number <= newest; number++) {
            larger->blocks[number & larger->mask] = block_of(table, number);
        }
        /* release: pairs with the acquire in find */
        atomic_store_explicit(&deque->table, larger, memory_order_release);
    }
    return larger;
}

/* The block behind the newest, made ready; NULL: there is none, and no memory for more. */
static struct mill_block *open_next(struct mill_block_deque *deque, uint64_t newest)
{
    struct mill_block_table *table = atomic_load_explicit(&deque->table, memory_order_relaxed); /* own */
    /* acquire: what stood in the block that is used again has been read */
    uint64_t oldest = atomic_load_explicit(&deque->oldest, memory_order_acquire);
    while (newest + 1 - oldest > table->mask) {
        if (look(block_of(table, oldest)).taken == deque->items && pass(deque, oldest)) {
            oldest = atomic_load_explicit(&deque->oldest, memory_order_acquire);
        } else {
            table = grow(deque, table, newest);
            if (!table) {
                return NULL;
            }
        }
    }
    struct mill_block *block = block_of(table, newest + 1);
    struct share share = look(block);
    struct share fresh;
    /* bottom before the word, which releases it: who sees the new generation sees no bottom of an older one
     */
    atomic_store_explicit(&block->bottom, 0, memory_order_relaxed);
    do { /* nothing in it is granted, but a thief may ask, and take it back */
        fresh = (struct share){.generation = share.generation + 1};
    } while (!swap(block, &share, fresh));
    return block;
}

/* The own block is full: grants all of it, and goes on to the next. */
static bool advance(struct mill_block_deque *deque)
{
    uint64_t newest = atomic_load_explicit(&deque->newest, memory_order_relaxed); /* own */
    struct mill_block *next = open_next(deque, newest);
    if (!next) {
        return false;
    }
    struct share share = look(deque->own);
    struct share granted;
    do {
        granted = share;
        granted.granted = deque->items;
        granted.wanted = 0;
    } while (!swap(deque->own, &share, granted));
    deque->own = next;
    /* release: pairs with the acquire in pass */
    atomic_store_explicit(&deque->newest, newest + 1, memory_order_release);
    return true;
}

/* ---- the owner ---- */

/* Divides what is left of a block anew: half is the owner's, half the thieves', who get the odd one where
 * `round_up`. False: nothing is left. */
static bool divide(struct mill_block *block, uint32_t bottom, bool round_up)
{
    struct share share = look(block);
    struct share divided;
    do {
        if (share.taken >= bottom) {
            return false;
        }
        divided = share;
        divided.granted = share.taken + (bottom - share.taken + round_up) / 2;
        divided.wanted = 0;
        divided.generation++;
    } while (!swap(block, &share, divided));
    return true;
}

static void *get(struct mill_block *block, uint32_t at)
{
    return atomic_load_explicit(&block->slots[at], memory_order_relaxed); /* the word or `bottom` orders */
}

int mill_block_deque_push(struct mill_block_deque *deque, void *item)
{
    uint32_t bottom = atomic_load_explicit(&deque->own->bottom, memory_order_relaxed); /* own */
    if (bottom == deque->items) {
        if (!advance(deque)) {
            return -ENOMEM;
        }
        bottom = 0;
    }
    struct mill_block *block = deque->own;
    atomic_store_explicit(&block->slots[bottom], item, memory_order_relaxed);
    /* release: pairs with the acquire in insist_on; the item is seen */
    atomic_store_explicit(&block->bottom, bottom + 1, memory_order_release);
    /* relaxed: seen late, the next push or pop answers */
    if (unpack(atomic_load_explicit(&block->share, memory_order_relaxed)).wanted > 0) {
        divide(block, bottom + 1, true);
    }
    return 0;
}

static void *pop_own(struct mill_block *block, uint32_t bottom)
{
    /* release, both: as in push, for the items below */
    atomic_store_explicit(&block->bottom, bottom - 1, memory_order_release);
    mill_fence_light(); /* pairs with the heavy one in insist_on */
    /* relaxed: the fence orders it, and in doubt the swap asks again */
    struct share share = unpack(atomic_load_explicit(&block->share, memory_order_relaxed));
    if ((share.granted < bottom && share.wanted == 0) || divide(block, bottom, false)) {
        return get(block, bottom - 1);
    }
    atomic_store_explicit(&block->bottom, bottom, memory_order_release);
    return NULL;
}

/* Nothing is left in the own block. Goes back to one before, if half of something can be had there. Mostly it
 * is the last one; a thief that was asleep may have used up one in the middle. */
static bool step_back(struct mill_block_deque *deque)
{
    struct mill_block_table *table = atomic_load_explicit(&deque->table, memory_order_relaxed); /* own */
    uint64_t number = atomic_load_explicit(&deque->newest, memory_order_relaxed);               /* own */
    /* relaxed: an older one only makes it look at blocks that are used up */
    uint64_t oldest = atomic_load_explicit(&deque->oldest, memory_order_relaxed);
    while (number-- > oldest) {
        struct mill_block *block = block_of(table, number);
        if (divide(block, deque->items, false)) {
            deque->own = block;
            /* release: as in advance */
            atomic_store_explicit(&deque->newest, number, memory_order_release);
            return true;
        }
    }
    return false;
}

void *mill_block_deque_pop(struct mill_block_deque *deque)
{
    do {
        struct mill_block *block = deque->own;
        uint32_t bottom = atomic_load_explicit(&block->bottom, memory_order_relaxed); /* own */
        /* relaxed: an older one only makes it look fuller */
        if (unpack(atomic_load_explicit(&block->share, memory_order_relaxed)).taken < bottom) {
            void *item = pop_own(block, bottom);
            if (item) {
                return item;
            }
        }
    } while (step_back(deque));
    return NULL;
}

/* ---- thieves ---- */

static void *claim(struct mill_block *block, struct share share)
{
    struct share claimed = share;
    void *item = get(block, share.taken); /* before the claim: after it the owner may overwrite it */
    claimed.taken++;
    return swap(block, &share, claimed) ? item : NULL;
}

/* Nothing is granted in the block: asks for half of what there seems to be. False: for nothing, or a race is
 * lost. */
static bool ask(struct mill_block *block, struct share *share)
{
    if (share->wanted > 0) {
        return true;
    }
    /* acquire: as in insist_on */
    uint32_t bottom = atomic_load_explicit(&block->bottom, memory_order_acquire);
    if (bottom <= share->granted) {
        return false;
    }
    struct share asked = *share;
    asked.wanted = share->granted + (bottom - share->granted + 1) / 2;
    return swap(block, share, asked);
}

/* Grants what is wanted, by this thief or by another one, unless the owner has gone below it or answers.
 * Taken back it is a new generation: with the old word another thief, which saw the owner above, would still
 * grant. */
static bool insist_on(struct mill_block *block, struct share *share)
{
    mill_fence_heavy(); /* pairs with the light one in pop_own */
    struct share granted = *share;
    /* acquire: pairs with the owner's releases; the items below are seen */
    bool there = atomic_load_explicit(&block->bottom, memory_order_acquire) >= share->wanted;
    granted.granted = there ? share->wanted : share->granted;
    granted.wanted = 0;
    granted.generation += !there;
    return swap(block, share, granted) && there;
}

/* The oldest block that is not used up; NULL: there is none. */
static struct mill_block *oldest_of(struct mill_block_deque *deque, struct share *share)
{
    for (;;) {
        /* acquire: pairs with the release in pass */
        uint64_t number = atomic_load_explicit(&deque->oldest, memory_order_acquire);
        struct mill_block *block = find(deque, number);
        *share = look(block);
        if (share->taken < deque->items) {
            return block;
        }
        if (!pass(deque, number)) {
            return NULL;
        }
    }
}

void *mill_block_deque_steal(struct mill_block_deque *deque, bool insist)
{
    struct share share;
    struct mill_block *block = oldest_of(deque, &share);
    if (!block) {
        return NULL;
    }
    if (share.taken == share.granted && !(ask(block, &share) && insist && insist_on(block, &share))) {
        return NULL;
    }
    return claim(block, share);
}

void *mill_block_deque_shift(struct mill_block_deque *deque)
{
    struct share share;
    struct mill_block *block = oldest_of(deque, &share);
    if (!block) {
        return NULL;
    }
    if (share.taken == share.granted) {
        /* Only in the own block; the owner needs no fence against itself. */
        divide(block, atomic_load_explicit(&block->bottom, memory_order_relaxed), true);
        share = look(block);
    }
    return share.taken < share.granted ? claim(block, share) : NULL;
}

bool mill_block_deque_empty(const struct mill_block_deque *deque)
{
    /* acquire, all: the blocks between are in the table that find sees */
    uint64_t number = atomic_load_explicit(&deque->oldest, memory_order_acquire);
    uint64_t newest = atomic_load_explicit(&deque->newest, memory_order_acquire);
    for (; number <= newest; number++) {
        struct mill_block *block = find(deque, number);
        struct share share = look(block);
        if (share.taken < share.granted ||
            share.granted < atomic_load_explicit(&block->bottom, memory_order_acquire)) {
            return false;
        }
    }
    return true;
}

/* Wang and others' Block-based Bounded Queue (USENIX ATC 2022), as FIFO in its retry-new mode: a full queue
 * refuses. The ring is cut into blocks; putters and getters meet in the words of a block only while they are
 * in the same one, and the two words that say which block is whose change once a block.
 *
 * A block has four words, each a number of the block and an offset in it:
 *
 *     allocated   entries that puts have taken (may run over the size by one for each thread)
 *     committed   entries that puts have filled
 *     reserved    entries that gets have taken
 *     consumed    entries that gets have emptied; when all are, the block may be used again
 *
 * Blocks are numbered on and on; block `number` lies in place number % blocks, and the number in a word tells
 * which lap it speaks of. A word is opened for the next lap by raising it to (number, 0), which only one
 * thread does in effect.
 *
 * Progress: blocking. No call waits for another thread; each ends in a bounded number of its own steps, apart
 * from compare-and-swaps lost to threads that got on. But a put that stopped between its allocation and its
 * commit hides what was put into the same block beside it (get: -EAGAIN) until it goes on or until the block
 * is full, and then too; and a get that stopped keeps its block from being used again (put: -EAGAIN).
 *
 * Closing is exact: the closed bit is in the word that says which block putters are in, so no further block
 * is opened for them, and the closer takes what is left of that block, like a put, and fills it with nothing.
 * A block that some put had begun to open behind it does not count (see `stands`).
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "queue/positions.h"
#include "queue/queue_list.h"

#define CLOSED        1u
#define STEP          2u /* the block words `putters` and `getters` count in steps of two: see CLOSED */
#define OFFSET_BITS   20 /* of a block's words; the rest is the number */
#define BLOCK_ENTRIES 32 /* about: large enough to spread the price of a new block */

struct block {
    alignas(MILL_ISOLATION) _Atomic uint64_t allocated;
    _Atomic uint64_t committed;
    alignas(MILL_ISOLATION) _Atomic uint64_t reserved;
    _Atomic uint64_t consumed;
    alignas(MILL_ISOLATION) void *entries[]; /* NULL: none, left by the closer */
};

struct bbq {
    struct mill_queue queue;
    alignas(MILL_ISOLATION) _Atomic uint64_t putters; /* the block that puts go to, and whether closed */
    alignas(MILL_ISOLATION) _Atomic uint64_t getters; /* the block that gets come from */
    alignas(MILL_ISOLATION) uint64_t entries;         /* of a block; from here on only read */
    uint64_t blocks;
    size_t stride; /* bytes from block to block */
    char *first;
};

static struct bbq *bbq_of(struct mill_queue *queue)
{
    return (struct bbq *)queue;
}

static struct block *block_at(const struct bbq *bbq, uint64_t position)
{
    return (struct block *)(void *)(bbq->first + (position / STEP & (bbq->blocks - 1)) * bbq->stride);
}

/* The word of the block at `position` with no entry taken. */
static uint64_t opened(uint64_t position)
{
    return position / STEP << OFFSET_BITS;
}

static uint64_t offset_of(uint64_t word)
{
    return word & (((uint64_t)1 << OFFSET_BITS) - 1);
}

/* Does the word speak of the block at `position`, and not of another lap? */
static bool speaks_of(uint64_t word, uint64_t position)
{
    return word - offset_of(word) == opened(position);
}

/* release: what the opener saw of the block's last lap; acquire: as it may be the other one that opens */
static void raise(_Atomic uint64_t *word, uint64_t to)
{
    uint64_t from = atomic_load_explicit(word, memory_order_relaxed);
    while ((int64_t)(from - to) < 0 && !atomic_compare_exchange_weak_explicit(
                                           word, &from, to, memory_order_acq_rel, memory_order_relaxed)) {
    }
}

static void init_block(struct block *block, uint64_t word)
{
    atomic_init(&block->allocated, word);
    atomic_init(&block->committed, word);
    atomic_init(&block->reserved, word);
    atomic_init(&block->consumed, word);
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    /* One block more than are needed: the one that getters are in takes no puts until it is all consumed. */
    size_t blocks = 2;
    while ((blocks - 1) * BLOCK_ENTRIES < capacity) {
        blocks *= 2;
    }
    size_t entries = (capacity - 1) / (blocks - 1) + 1;
    size_t stride = MILL_ISOLATED_SIZE(sizeof(struct block) + entries * sizeof(void *));
    struct bbq *bbq = mill_isolated_alloc(MILL_ISOLATED_SIZE(sizeof *bbq) + blocks * stride);
    if (!bbq) {
        return -ENOMEM;
    }
    bbq->entries = entries;
    bbq->blocks = blocks;
    bbq->stride = stride;
    bbq->first = (char *)bbq + MILL_ISOLATED_SIZE(sizeof *bbq);
    uint64_t first = mill_positions_first(blocks, STEP);
    atomic_init(&bbq->putters, first);
    atomic_init(&bbq->getters, first);
    init_block(block_at(bbq, first), opened(first));
    for (size_t i = 1; i < blocks; i++) {
        uint64_t position = first + i * STEP;
        init_block(block_at(bbq, position), opened(position - blocks * STEP) + entries);
    }
    bbq->queue.capacity = blocks * entries;
    *queue = &bbq->queue;
    return 0;
}

static void destroy(struct mill_queue *queue)
{
    free(queue);
}

static void commit(struct block *block, uint64_t offset, void *item)
{
    block->entries[offset] = item;
    /* release: pairs with the acquire of `committed` in try_reserve */
    atomic_fetch_add_explicit(&block->committed, 1, memory_order_release);
}

/* An entry was taken of the block at `position`, though `putters` did not say so when it was read: the block
 * had been opened by a put that has yet to move `putters`, or came into its next lap meanwhile. Is it one of
 * the queue's blocks, or had the queue been closed before? */
static bool stands(struct bbq *bbq, uint64_t position)
{
    /* acq_rel, acquire: as in next_put_block; the closed bit is what counts */
    uint64_t putters = position - STEP;
    if (atomic_compare_exchange_strong_explicit(&bbq->putters, &putters, position, memory_order_acq_rel,
                                                memory_order_acquire)) {
        return true;
    }
    return (int64_t)(opened(putters - (putters & CLOSED)) - opened(position)) >= 0;
}

/* Moves putters from the block at `position`, which is full, to the next one. False while that one is not
 * all consumed. */
static bool next_put_block(struct bbq *bbq, uint64_t position)
{
    uint64_t next = position + STEP;
    struct block *block = block_at(bbq, next);
    /* acquire: pairs with the release of those that consumed */
    uint64_t consumed = atomic_load_explicit(&block->consumed, memory_order_acquire);
    if ((int64_t)(consumed - (opened(next - bbq->blocks * STEP) + bbq->entries)) < 0) {
        return false;
    }
    raise(&block->committed, opened(next));
    raise(&block->allocated, opened(next));
    /* acq_rel: release for the acquire in try_put; fails when another thread moved it or closed */
    atomic_compare_exchange_strong_explicit(&bbq->putters, &position, next, memory_order_acq_rel,
                                            memory_order_relaxed);
    return true;
}

static int try_put(struct mill_queue *queue, void *item)
{
    struct bbq *bbq = bbq_of(queue);
    for (;;) {
        /* acquire: pairs with the release in next_put_block */
        uint64_t position = atomic_load_explicit(&bbq->putters, memory_order_acquire);
        if (position & CLOSED) {
            return -EPIPE;
        }
        struct block *block = block_at(bbq, position);
        /* relaxed: looked at first so that a full block's word is not driven up and up */
        uint64_t allocated = atomic_load_explicit(&block->allocated, memory_order_relaxed);
        if (offset_of(allocated) < bbq->entries) {
            /* acquire: pairs with the release of `raise`: the entry has been emptied */
            allocated = atomic_fetch_add_explicit(&block->allocated, 1, memory_order_acquire);
        }
        uint64_t offset = offset_of(allocated);
        if (offset < bbq->entries) {
            uint64_t ahead = (allocated - offset - opened(position)) >> OFFSET_BITS;
            bool good = ahead == 0 || stands(bbq, position + ahead * STEP);
            commit(block, offset, good ? item : NULL);
            return good ? 0 : -EPIPE;
        }
        if (speaks_of(allocated, position) && !next_put_block(bbq, position)) {
            return -EAGAIN;
        }
    }
}

/* ---- getting ---- */

/* Nothing is to be had now in the block at `position`; `done`: nor ever will be. */
static int empty_or_ended(struct bbq *bbq, uint64_t position, bool done)
{
    /* acquire: pairs with the release in next_put_block and in close */
    uint64_t putters = atomic_load_explicit(&bbq->putters, memory_order_acquire);
    if (!(putters & CLOSED)) {
        return -EAGAIN;
    }
    int64_t behind = (int64_t)(putters - CLOSED - position);
    return behind < 0 || (behind == 0 && done) ? -EPIPE : -EAGAIN;
}

/* The state of entry `reserved` of the block at `position`: 0, to be had; -EAGAIN, not there, or an entry of
 * the block is on its way; -ESTALE, the block is through, or in its next lap. */
static int look(const struct bbq *bbq, const struct block *block, uint64_t position, uint64_t reserved)
{
    if (!speaks_of(reserved, position) || offset_of(reserved) >= bbq->entries) {
        return -ESTALE;
    }
    /* acquire: pairs with the release of `commit` */
    uint64_t committed = atomic_load_explicit(&block->committed, memory_order_acquire);
    if (!speaks_of(committed, position)) {
        return -ESTALE;
    }
    if (committed == reserved || offset_of(committed) == bbq->entries) {
        return committed == reserved ? -EAGAIN : 0;
    }
    /* `committed` counts and says not which: only if all that are allocated are committed, are those before
     * it. relaxed: this reads no less than was allocated by those that committed, as they did so before. */
    uint64_t allocated = atomic_load_explicit(&block->allocated, memory_order_relaxed);
    if (!speaks_of(allocated, position)) {
        return -ESTALE;
    }
    return allocated == committed ? 0 : -EAGAIN;
}

/* Takes the next entry of the block, which is then at `offset`. 0, -EAGAIN or -ESTALE, as in `look`. */
static int try_reserve(const struct bbq *bbq, struct block *block, uint64_t position, uint64_t *offset)
{
    /* acquire: pairs with the release of `raise` in next_get_block */
    uint64_t reserved = atomic_load_explicit(&block->reserved, memory_order_acquire);
    int status;
    do {
        status = look(bbq, block, position, reserved);
        /* acquire: for the next look, as above; gcc wants it of the success too, where relaxed would do */
    } while (status == 0 &&
             !atomic_compare_exchange_weak_explicit(&block->reserved, &reserved, reserved + 1,
                                                    memory_order_acquire, memory_order_acquire));
    *offset = offset_of(reserved);
    return status;
}

/* Moves getters from the block at `position`, which is through, to the next one. 0, -EAGAIN or -EPIPE. */
static int next_get_block(struct bbq *bbq, uint64_t position)
{
    int status = empty_or_ended(bbq, position, true);
    uint64_t next = position + STEP;
    struct block *block = block_at(bbq, next);
    /* acquire: pairs with the release of `raise` */
    uint64_t committed = atomic_load_explicit(&block->committed, memory_order_acquire);
    if (status == -EPIPE || (int64_t)(committed - opened(next)) < 0) {
        return status;
    }
    if (speaks_of(committed, next)) {
        raise(&block->consumed, opened(next));
        raise(&block->reserved, opened(next));
    }
    /* acq_rel: release for the acquire in try_get; fails when another thread moved it */
    atomic_compare_exchange_strong_explicit(&bbq->getters, &position, next, memory_order_acq_rel,
                                            memory_order_relaxed);
    return 0;
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct bbq *bbq = bbq_of(queue);
    for (;;) {
        /* acquire: pairs with the release in next_get_block */
        uint64_t position = atomic_load_explicit(&bbq->getters, memory_order_acquire);
        struct block *block = block_at(bbq, position);
        uint64_t offset;
        int status = try_reserve(bbq, block, position, &offset);
        if (status == 0) {
            void *found = block->entries[offset];
            /* release: pairs with the acquire in next_put_block */
            atomic_fetch_add_explicit(&block->consumed, 1, memory_order_release);
            if (found) {
                *item = found;
                return 0;
            }
        } else {
            status = status == -ESTALE ? next_get_block(bbq, position) : empty_or_ended(bbq, position, false);
            if (status < 0) {
                return status;
            }
        }
    }
}

static void close_bbq(struct mill_queue *queue)
{
    struct bbq *bbq = bbq_of(queue);
    /* acq_rel: release for the acquire in empty_or_ended */
    uint64_t position = atomic_fetch_or_explicit(&bbq->putters, CLOSED, memory_order_acq_rel);
    if (position & CLOSED) {
        return;
    }
    struct block *block = block_at(bbq, position);
    /* acquire: as in try_put */
    uint64_t allocated = atomic_fetch_add_explicit(&block->allocated, bbq->entries, memory_order_acquire);
    for (uint64_t offset = offset_of(allocated); offset < bbq->entries; offset++) {
        commit(block, offset, NULL);
    }
}

const struct mill_queue_ops mill_queue_bbq = {
    .about =
        {
            .name = "bbq",
            .summary = "a ring of blocks; putters and getters meet only while they are in the same block",
            .source =
                "Wang and others, BBQ: A Block-based Bounded Queue for Exchanging Data and Profiling, 2022",
            .algorithm = "bbq",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_QUEUE_BOUNDED,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_bbq,
};

/* Concurrency Kit's queue of Michael and Scott with hazard pointers. Its operations want the calling thread's
 * record, which is in the thread's seat (seats.h).
 */
#include "queue/peer.h"
#include "queue/queue_list.h"

#if defined(MILL_HAVE_CK)
#include <stdlib.h>

#include <ck_hp_fifo.h>

#include "queue/seats.h"

/* Entries that a thread has taken out and not yet freed, before it looks which of them may go. */
#define ENTRIES_BEFORE_RECLAIM 128

struct seat {
    bool known; /* to the queue's hazard pointers */
    ck_hp_record_t record;
    void *pointers[CK_HP_FIFO_SLOTS_COUNT];
};

struct fifo {
    struct mill_peer_queue base;
    alignas(MILL_ISOLATION) ck_hp_fifo_t fifo;
    alignas(MILL_ISOLATION) ck_hp_t hazards;
    alignas(MILL_ISOLATION) struct mill_seats seats;
};

static struct fifo *fifo_of(struct mill_queue *queue)
{
    return (struct fifo *)(void *)queue;
}

static struct seat *take_seat(struct fifo *fifo)
{
    struct seat *seat = mill_seats_take(&fifo->seats);
    if (!seat->known) {
        ck_hp_register(&fifo->hazards, &seat->record, seat->pointers);
        seat->known = true;
    }
    return seat;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    (void)capacity;
    struct fifo *fifo = mill_isolated_alloc(sizeof *fifo);
    ck_hp_fifo_entry_t *stub = malloc(sizeof *stub);
    if (!fifo || !stub || mill_seats_open(&fifo->seats, sizeof(struct seat)) < 0) {
        free(stub);
        free(fifo);
        return -ENOMEM;
    }
    ck_hp_fifo_init(&fifo->fifo, stub);
    ck_hp_init(&fifo->hazards, CK_HP_FIFO_SLOTS_COUNT, ENTRIES_BEFORE_RECLAIM, free);
    *queue = &fifo->base.queue;
    return 0;
}

static void for_known_seats(struct fifo *fifo, void (*visit)(ck_hp_record_t *record))
{
    unsigned cursor = 0;
    for (struct seat *seat; (seat = mill_seats_next(&fifo->seats, &cursor));) {
        if (seat->known) {
            visit(&seat->record);
        }
    }
}

static void destroy(struct mill_queue *queue)
{
    struct fifo *fifo = fifo_of(queue);
    for_known_seats(fifo, ck_hp_clear);
    for_known_seats(fifo, ck_hp_reclaim);
    mill_seats_close(&fifo->seats);
    ck_hp_fifo_entry_t *entry;
    ck_hp_fifo_deinit(&fifo->fifo, &entry);
    while (entry) {
        ck_hp_fifo_entry_t *next = entry->next;
        free(entry);
        entry = next;
    }
    free(fifo);
}

static int add(struct mill_queue *queue, void *item)
{
    struct fifo *fifo = fifo_of(queue);
    ck_hp_fifo_entry_t *entry = malloc(sizeof *entry);
    if (!entry) {
        return -ENOMEM;
    }
    struct seat *seat = take_seat(fifo);
    ck_hp_fifo_enqueue_mpmc(&seat->record, &fifo->fifo, entry, item);
    mill_seats_leave(&fifo->seats, seat); /* NOLINT(clang-analyzer-unix.Malloc): the assembly took it in */
    return 0;
}

static int take(struct mill_queue *queue, void **item)
{
    struct fifo *fifo = fifo_of(queue);
    struct seat *seat = take_seat(fifo);
    ck_hp_fifo_entry_t *entry = ck_hp_fifo_dequeue_mpmc(&seat->record, &fifo->fifo, (void *)item);
    if (entry) {
        ck_hp_free(&seat->record, &entry->hazard, entry, entry);
    }
    mill_seats_leave(&fifo->seats, seat);
    return entry ? 0 : -EAGAIN;
}

static int try_put(struct mill_queue *queue, void *item)
{
    return mill_peer_put(queue, item, add);
}

static int try_get(struct mill_queue *queue, void **item)
{
    return mill_peer_get(queue, item, take);
}
#else
#define CK_VERSION ""
#endif

const struct mill_queue_ops mill_queue_ck_hp_fifo = {
    .about =
        {
            .name = "ck-hp-fifo",
            .summary = "Concurrency Kit's queue of Michael and Scott, with its hazard pointers",
            .source = "Concurrency Kit " CK_VERSION ", ck_hp_fifo",
            .algorithm = "michael-scott-hazard",
            .library = MILL_CK_LIBRARY,
            .missing = MILL_CK_MISSING,
            .traits = MILL_CK_TRAITS,
            .progress = MILL_LOCK_FREE,
        },
    .shape = MILL_QUEUE_LOOSE_CLOSE,
    .create = MILL_CK(create),
    .destroy = MILL_CK(destroy),
    .try_put = MILL_CK(try_put),
    .try_get = MILL_CK(try_get),
    .close = MILL_CK(mill_peer_close),
};

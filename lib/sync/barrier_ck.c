/* Three of Concurrency Kit's barriers, peers of ours. They know neither timeouts nor breaking, name no leader
 * (here it is always party 0), and their waiters spin without ever giving their processor away.
 */
#include "core/peer.h"
#include "sync/barrier_list.h"

#if defined(MILL_HAVE_CK)
#include <errno.h>
#include <stdlib.h>

#include <ck_barrier.h>
#include <ck_md.h>

#include "core/cacheline.h"

/* What the library wants each party to keep. */
struct seat {
    alignas(MILL_ISOLATION) union {
        ck_barrier_centralized_state_t centralized;
        ck_barrier_dissemination_state_t dissemination;
        ck_barrier_tournament_state_t tournament;
    };
};

struct barrier {
    struct mill_barrier barrier;
    unsigned parties;
    struct seat *seats;
    void *tables; /* what the library wants for all, in one block: pointers to rows, the rows, its own */
    alignas(MILL_ISOLATION) union {
        ck_barrier_centralized_t centralized;
        ck_barrier_tournament_t tournament;
    };
    ck_barrier_dissemination_t *dissemination; /* one a party */
};

static struct barrier *barrier_of(struct mill_barrier *barrier)
{
    return (struct barrier *)barrier;
}

static void destroy(struct mill_barrier *barrier)
{
    struct barrier *of_ck = barrier_of(barrier);
    free(of_ck->dissemination);
    free(of_ck->tables);
    free(of_ck->seats);
    free(of_ck);
}

/* `parties` rows of `width` bytes, and behind them the pointers to them, which stand first in the result. */
static void **make_rows(struct barrier *barrier, size_t width)
{
    size_t row = MILL_ISOLATED_SIZE(width);
    size_t head = MILL_ISOLATED_SIZE(barrier->parties * sizeof(void *));
    char *block = mill_isolated_alloc(head + barrier->parties * row);
    void **rows = (void **)(void *)block;
    barrier->tables = block;
    for (unsigned i = 0; block && i < barrier->parties; i++) {
        rows[i] = block + head + i * row;
    }
    return rows;
}

static int make_centralized(struct barrier *barrier)
{
    (void)barrier; /* all zero */
    return 0;
}

static int make_dissemination(struct barrier *barrier)
{
    unsigned width = ck_barrier_dissemination_size(barrier->parties);
    void **rows = make_rows(barrier, width * sizeof(ck_barrier_dissemination_flag_t));
    barrier->dissemination = mill_isolated_alloc(barrier->parties * sizeof *barrier->dissemination);
    if (!rows || !barrier->dissemination) {
        return -ENOMEM;
    }
    ck_barrier_dissemination_init(barrier->dissemination, (ck_barrier_dissemination_flag_t **)rows,
                                  barrier->parties);
    for (unsigned i = 0; i < barrier->parties; i++) {
        ck_barrier_dissemination_subscribe(barrier->dissemination, &barrier->seats[i].dissemination);
    }
    return 0;
}

static int make_tournament(struct barrier *barrier)
{
    unsigned width = ck_barrier_tournament_size(barrier->parties);
    void **rows = make_rows(barrier, width * sizeof(ck_barrier_tournament_round_t));
    if (!rows) {
        return -ENOMEM;
    }
    ck_barrier_tournament_init(&barrier->tournament, (ck_barrier_tournament_round_t **)rows,
                               barrier->parties);
    for (unsigned i = 0; i < barrier->parties; i++) {
        ck_barrier_tournament_subscribe(&barrier->tournament, &barrier->seats[i].tournament);
    }
    return 0;
}

static int create(struct mill_barrier **barrier, unsigned parties, int (*make)(struct barrier *barrier))
{
    struct barrier *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->parties = parties;
    made->seats = mill_isolated_alloc(parties * sizeof made->seats[0]);
    int status = made->seats ? 0 : -ENOMEM;
    if (status == 0 && parties > 1) { /* one alone has nobody to wait for, and the library no place for it */
        status = make(made);
    }
    if (status < 0) {
        destroy(&made->barrier);
        return status;
    }
    *barrier = &made->barrier;
    return 0;
}

static void cross_centralized(struct barrier *barrier, struct seat *seat)
{
    ck_barrier_centralized(&barrier->centralized, &seat->centralized, barrier->parties);
}

static void cross_dissemination(struct barrier *barrier, struct seat *seat)
{
    ck_barrier_dissemination(barrier->dissemination, &seat->dissemination);
}

static void cross_tournament(struct barrier *barrier, struct seat *seat)
{
    ck_barrier_tournament(&barrier->tournament, &seat->tournament);
}

#define FUNCTIONS(ident)                                                                     \
    static int create_##ident(const struct mill_barrier_ops *ops, unsigned parties,          \
                              struct mill_barrier **barrier)                                 \
    {                                                                                        \
        (void)ops;                                                                           \
        return create(barrier, parties, make_##ident);                                       \
    }                                                                                        \
    static int wait_##ident(struct mill_barrier *barrier, unsigned party, uint64_t deadline) \
    {                                                                                        \
        (void)deadline;                                                                      \
        if (barrier->parties > 1) {                                                          \
            cross_##ident(barrier_of(barrier), &barrier_of(barrier)->seats[party]);          \
        }                                                                                    \
        return party == 0 ? MILL_BARRIER_LEADER : 0;                                         \
    }
#else
#define CK_VERSION ""
#define FUNCTIONS(ident)
#endif

#define BARRIER(ident, its_name, its_summary, its_algorithm)                    \
    FUNCTIONS(ident)                                                            \
    const struct mill_barrier_ops mill_barrier_ck_##ident = {                   \
        .about =                                                                \
            {                                                                   \
                .name = its_name,                                               \
                .summary = its_summary,                                         \
                .source = "Concurrency Kit " CK_VERSION ", ck_barrier_" #ident, \
                .algorithm = its_algorithm,                                     \
                .library = MILL_CK_LIBRARY,                                     \
                .missing = MILL_CK_MISSING,                                     \
                .traits = MILL_SPINS | MILL_CK_TRAITS,                          \
                .progress = MILL_BLOCKING,                                      \
            },                                                                  \
        .create = MILL_CK(create_##ident),                                      \
        .destroy = MILL_CK(destroy),                                            \
        .wait = MILL_CK(wait_##ident),                                          \
    };

BARRIER(centralized, "ck-centralized", "Concurrency Kit's counter and sense; spins", "sense-reversing")
BARRIER(dissemination, "ck-dissemination", "Concurrency Kit's dissemination barrier; spins", "dissemination")
BARRIER(tournament, "ck-tournament", "Concurrency Kit's tournament of parties; spins", "tournament")

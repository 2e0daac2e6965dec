/* Strategies and families: what the engine knows of a subject.
 *
 * A family (locks, counters, …) is one operations table with many fillings. Each filling, a strategy, begins
 * with a struct mill_strategy that says what it is; behind it stand the functions of its family:
 *
 *     struct mill_counter_ops {
 *         struct mill_strategy about;
 *         int (*create)(…);
 *         …
 *     };
 *
 * The engine handles only `struct mill_strategy *`; the scenario, which knows the family, converts it back
 * with the family's own inline function. Everything here is constant and may be read by any thread.
 */
#ifndef MILL_CORE_STRATEGY_H
#define MILL_CORE_STRATEGY_H

#include <stdbool.h>
#include <stddef.h>

enum mill_progress {
    MILL_BLOCKING,
    MILL_LOCK_FREE,
    MILL_WAIT_FREE,
};

enum mill_trait {
    MILL_FAIR = 1 << 0,  /* first come, first served */
    MILL_SPINS = 1 << 1, /* a waiter uses its core */
    MILL_PARKS = 1 << 2, /* a waiter sleeps in the kernel */
    MILL_EMPTY = 1 << 3, /* does nothing: shows the cost of the table call; its answers are not checked */
    MILL_ONE_THREAD = 1 << 4, /* correct for a single thread only */
    MILL_CONTROL = 1 << 5,    /* a mistake kept on purpose: it must be caught */
    MILL_HIDES_ATOMICS =
        1 << 6,             /* inline assembly or an uninstrumented library: ThreadSanitizer cannot see it */
    MILL_PTHREADS = 1 << 7, /* ordered by POSIX threads' objects alone, or by nothing: no atomics, so that
                               Valgrind's tools can judge it */
    MILL_BOUNDED = 1 << 8,  /* built for a number of threads, and for no more */
    MILL_SERVES_WRITERS = 1 << 9, /* of read-write locks: however many readers come, a writer gets its turn */
};

struct mill_strategy {
    const char *name;    /* as on the command line: lower case, words joined by '-' */
    const char *summary; /* one line */
    const char *source;  /* paper and year, or the library and its version */
    const char
        *algorithm; /* strategies of one family with equal `algorithm` are peers of each other; or NULL */
    const char *library; /* NULL: ours; else the library whose implementation this is */
    const char *missing; /* NULL: built in; else why it is `unavailable` in this build */
    unsigned traits;     /* of enum mill_trait */
    enum mill_progress progress;
    size_t size;      /* bytes of shared memory an object takes, 0 where it depends on its parameters */
    size_t size_each; /* and for each thread that it is built for, or that waits */
};

struct mill_family {
    const char *name; /* singular, "lock" */
    const char *summary;
    const struct mill_strategy *const *strategies;
    size_t count;
    /* Names, ended by NULL, of those that stand for all of them where none is named; NULL: all do. */
    const char *const *usual;
    /* What a strategy does that others of its family do not, in words ("mpmc, bounded, FIFO"): only those of
     * one shape are ranked among each other. Written to `buffer`, which it returns. Optional: all are alike.
     */
    const char *(*shape)(const struct mill_strategy *strategy, char *buffer, size_t size);
};

#define MILL_SHAPE_MAX 64

/* The shape of one of the family's strategies, in `buffer` of MILL_SHAPE_MAX bytes; NULL where all are alike.
 */
const char *mill_family_shape(const struct mill_family *family, const struct mill_strategy *strategy,
                              char *buffer);

/* The strategy of that name, or NULL. */
const struct mill_strategy *mill_family_find(const struct mill_family *family, const char *name);

/* Does it stand for the family where no strategy is named? */
bool mill_family_is_usual(const struct mill_family *family, const struct mill_strategy *strategy);

/* Is it another library's, beside the C library that every program has? */
bool mill_strategy_is_foreign(const struct mill_strategy *strategy);

/* "blocking", "lock-free" or "wait-free". */
const char *mill_progress_name(enum mill_progress progress);

/* The word of one trait, as in lists and JSON ("fair", "spins", …). */
const char *mill_trait_name(enum mill_trait trait);

#endif

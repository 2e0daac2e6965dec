/* C-Thread-Pool, a peer that is not here: no package of Debian's has it, and nothing is copied into this
 * tree. Its table stays, so that it is not forgotten.
 */
#include "task/pool_list.h"

const struct mill_pool_ops mill_pool_cthreadpool = {
    .about =
        {
            .name = "cthreadpool",
            .summary = "C-Thread-Pool: one queue under one mutex, a binary semaphore for the workers",
            .source = "Johan Hanssen Seferidis, C-Thread-Pool",
            .library = "C-Thread-Pool",
            .missing = "C-Thread-Pool is no package of Debian's, and no library is copied into this tree",
            .traits = MILL_PARKS | MILL_HIDES_ATOMICS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_POOL_NO_ASSIST | MILL_POOL_NO_TIMEOUT | MILL_POOL_LOOSE_SHUTDOWN | MILL_POOL_ALLOCATES,
};

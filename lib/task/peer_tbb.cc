#include "task/peer_tbb.h"

#if defined(MILL_HAVE_TBB)
#include <cerrno>
#include <new>

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

struct mill_tbb_arena {
    /* The library gives a process as many workers as it has processors, unless it is told otherwise. */
    tbb::global_control limit;
    tbb::task_arena arena;
    void (*run)(void *context, void *task);
    void *context;

    mill_tbb_arena(unsigned workers, void (*run_task)(void *, void *), void *with)
        : limit(tbb::global_control::max_allowed_parallelism, workers + 1),
          arena(static_cast<int>(workers), 0), run(run_task), context(with)
    {
        arena.initialize();
    }
};

int mill_tbb_open(unsigned workers, void (*run)(void *context, void *task), void *context,
                  struct mill_tbb_arena **arena)
{
    try {
        *arena = new mill_tbb_arena(workers, run, context);
        return 0;
    } catch (const std::bad_alloc &) {
        return -ENOMEM;
    } catch (...) {
        return -EAGAIN;
    }
}

int mill_tbb_enqueue(struct mill_tbb_arena *arena, void *task)
{
    try {
        arena->arena.enqueue([arena, task] { arena->run(arena->context, task); });
        return 0;
    } catch (...) {
        return -ENOMEM;
    }
}

void mill_tbb_close(struct mill_tbb_arena *arena)
{
    delete arena;
}
#endif

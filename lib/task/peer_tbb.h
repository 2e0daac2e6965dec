/* What peer_pool_tbb.c needs of oneTBB, whose interface is C++: an arena with so many workers, and tasks that
 * are queued into it. Failures of the library's (memory, threads) come back as negative errnos.
 */
#ifndef MILL_TASK_PEER_TBB_H
#define MILL_TASK_PEER_TBB_H

#ifdef __cplusplus
extern "C" {
#endif

struct mill_tbb_arena;

int mill_tbb_open(unsigned workers, void (*run)(void *context, void *task), void *context,
                  struct mill_tbb_arena **arena);

/* 0 or -ENOMEM. */
int mill_tbb_enqueue(struct mill_tbb_arena *arena, void *task);

/* No task is in it. */
void mill_tbb_close(struct mill_tbb_arena *arena);

#ifdef __cplusplus
}
#endif

#endif

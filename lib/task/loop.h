/* An event loop that one thread owns, and to which any thread posts closures (row 3 of the patterns; on
 * libuv).
 *
 *     struct mill_loop *loop;
 *     int status = mill_loop_start(&loop, "display");
 *
 * Any thread:
 *     status = mill_loop_post(loop, add_line, line);                     runs on the loop's thread, in order
 *     status = mill_loop_call(loop, count_lines, &count, MILL_FOREVER);  and waits for it
 *
 * The loop's own:
 *     mill_loop_assert_owner(loop);                                      before what only it may touch
 *     status = mill_loop_every(loop, 100 * MILL_NS_PER_MS, redraw, screen);
 *
 * The end:
 *     status = mill_loop_stop(&loop, MILL_FOREVER);                      what was posted still runs
 *
 * State that belongs to the loop needs no lock: only closures touch it, and they run one after the other,
 * each to its end. Closures of one poster run in the order in which it posted them, and see what it wrote
 * before. A closure should not block: everything behind it waits.
 *
 * Posting is lock-free but for the memory that it allocates; the loop's thread sleeps while there is nothing
 * to do.
 */
#ifndef MILL_TASK_LOOP_H
#define MILL_TASK_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/timeout.h"

struct mill_loop;

/* Starts a thread that runs the loop. 0; -EINVAL (name: see mill_thread_start); -ENOMEM, -EAGAIN, or what
 * libuv says.
 */
int mill_loop_start(struct mill_loop **loop, const char *name);

/* Ends the loop and frees it: refuses further posts, runs what was posted before, and joins the thread.
 * Timers do not hold it up. 0, and *loop is NULL; -ETIMEDOUT: it still runs, refuses posts, and is to be
 * stopped again; -EDEADLK on the loop's own thread; -EINVAL (NULL, a negative timeout, a loop that was
 * stopped before). To be called by one thread, and nobody uses the loop afterwards: posts of other threads
 * have not only been run by then, they have returned. */
int mill_loop_stop(struct mill_loop **loop, int64_t timeout_ns);

/* Has run(argument) called on the loop's thread, after all that the caller posted before. Any thread, the
 * loop's own too. 0; -EINVAL (NULL); -ENOMEM; -EPIPE once it is being stopped. A post that succeeded is
 * always run. */
int mill_loop_post(struct mill_loop *loop, void (*run)(void *argument), void *argument);

/* Posts and waits until it has run. On the loop's own thread it runs at once. Beside what post says:
 * -ETIMEDOUT: it has not run yet, and will; so `argument` must stay valid until the loop is stopped. */
int mill_loop_call(struct mill_loop *loop, void (*run)(void *argument), void *argument, int64_t timeout_ns);

/* Has run(argument) called every `interval_ns` (at least a millisecond, in whole ones) until the loop ends.
 * On the loop's own thread alone. 0; -EINVAL; -EPERM on another thread; -ENOMEM. */
int mill_loop_every(struct mill_loop *loop, uint64_t interval_ns, void (*run)(void *argument),
                    void *argument);

/* libuv's loop inside, for handles of the caller's own. Touched on the loop's own thread alone; whoever adds
 * a handle has closed it (uv_close) before the loop is stopped. */
struct uv_loop_s *mill_loop_uv(struct mill_loop *loop);

/* Is the caller the loop's thread? */
bool mill_loop_is_owner(const struct mill_loop *loop);

/* Ends the process (abort) when the caller is another thread, in every build: state that the loop owns was
 * touched. */
void mill_loop_assert_owner(const struct mill_loop *loop);

#endif

#include "live.h"

#include <errno.h>
#include <stdlib.h>

#include "core/clock.h"
#include "report/progress.h"
#include "task/loop.h"

/* Behind the limit at which the line is drawn anew (report/progress.h), so that each time counts. */
static const uint64_t redraw_ns = 200 * MILL_NS_PER_MS;

/* The loop's own, but for `loop`. */
struct mill_live {
    struct mill_loop *loop;
    struct mill_progress_view *view;
    struct mill_run_event last; /* without its sample, which belongs to the run */
    bool shown;
    const struct mill_run_event *event; /* that is to be shown; the run's thread waits meanwhile */
};

static void redraw(void *argument)
{
    struct mill_live *live = argument;
    mill_loop_assert_owner(live->loop);
    if (live->shown) {
        mill_progress_update(live->view, &live->last, mill_now_ns());
    }
}

static void begin(void *argument)
{
    struct mill_live *live = argument;
    /* Without a timer the display moves with the samples alone. */
    (void)mill_loop_every(live->loop, redraw_ns, redraw, live);
}

static void show(void *argument)
{
    struct mill_live *live = argument;
    mill_loop_assert_owner(live->loop);
    mill_progress_update(live->view, live->event, mill_now_ns());
    live->last = *live->event;
    live->last.sample = NULL;
    live->shown = true;
}

int mill_live_open(struct mill_live **live, FILE *stream, uint64_t budget_ns)
{
    struct mill_live *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_progress_create(&made->view, stream, mill_now_ns());
    if (status == 0) {
        mill_progress_budget(made->view, budget_ns);
        status = mill_loop_start(&made->loop, "display");
    }
    if (status < 0) {
        mill_progress_destroy(made->view);
        free(made);
        return status;
    }
    (void)mill_loop_post(made->loop, begin, made);
    *live = made;
    return 0;
}

void mill_live_show(void *context, const struct mill_run_event *event)
{
    struct mill_live *live = context;
    live->event = event;
    (void)mill_loop_call(live->loop, show, live, MILL_FOREVER);
}

void mill_live_close(struct mill_live *live)
{
    if (live) {
        mill_loop_stop(&live->loop, MILL_FOREVER);
        mill_progress_destroy(live->view);
    }
    free(live);
}

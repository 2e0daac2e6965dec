#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "measure/linearizability_search_inside.h"

#define STEPS_MAX UINT32_C(1000000000)

/* ---- the list ---- */

struct event {
    uint64_t stamp;
    uint32_t call;
    bool returns;
};

/* By time; at one moment calls come first, so that they overlap what returns then. */
static int by_time(const void *a, const void *b)
{
    const struct event *left = a, *right = b;
    if (left->stamp != right->stamp) {
        return left->stamp < right->stamp ? -1 : 1;
    }
    if (left->returns != right->returns) {
        return left->returns ? 1 : -1;
    }
    return (left->call > right->call) - (left->call < right->call);
}

static void append_node(struct mill_search *search, uint64_t stamp, uint32_t step)
{
    uint32_t place = (uint32_t)search->node_count++;
    search->nodes[place] = (struct mill_search_node){
        .stamp = stamp, .previous = place - 1, .next = MILL_NO_NODE, .step = step, .match = MILL_NO_NODE};
    search->nodes[place - 1].next = place;
}

/* `last[call]` is where the node of the call's last step stands. */
static void link_events(struct mill_search *search, const struct event *events, size_t count, uint32_t *last)
{
    search->nodes[MILL_SEARCH_HEAD] =
        (struct mill_search_node){.previous = MILL_NO_NODE, .next = MILL_NO_NODE, .step = MILL_NO_NODE};
    search->node_count = 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t call = events[i].call;
        if (events[i].returns) {
            search->nodes[last[call]].match = (uint32_t)search->node_count;
            append_node(search, events[i].stamp, MILL_NO_NODE);
            search->returns_left++;
            continue;
        }
        unsigned points = mill_model_points(search->model, &search->calls[call]);
        for (unsigned point = 0; point < points; point++) {
            uint32_t step = (uint32_t)search->steps_count++;
            search->steps[step] = (struct mill_search_step){call, point};
            last[call] = (uint32_t)search->node_count;
            append_node(search, events[i].stamp, step);
        }
    }
}

static int list_events(struct mill_search *search, size_t count)
{
    struct event *events = calloc(2 * count, sizeof *events);
    uint32_t *last = calloc(count, sizeof *last);
    size_t used = 0;
    if (!events || !last) {
        free(events);
        free(last);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        events[used++] = (struct event){search->calls[i].invoked, i, false};
        if (!mill_call_is_pending(&search->calls[i])) {
            events[used++] = (struct event){search->calls[i].returned, i, true};
        }
    }
    qsort(events, used, sizeof *events, by_time);
    link_events(search, events, used, last);
    free(events);
    free(last);
    return 0;
}

/* ---- first in, first out ---- */

struct leaver {
    uint64_t latest;
    uint32_t step;
};

static int by_latest(const void *a, const void *b)
{
    const struct leaver *left = a, *right = b;
    if (left->latest != right->latest) {
        return left->latest < right->latest ? -1 : 1;
    }
    return (left->step > right->step) - (left->step < right->step);
}

static int order_leavers(struct mill_search *search)
{
    size_t count = search->steps_count;
    struct leaver *leavers = calloc(count, sizeof *leavers);
    search->leaving = calloc(count, sizeof *search->leaving);
    search->place = calloc(count, sizeof *search->place);
    if (!leavers || !search->leaving || !search->place) {
        free(leavers);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t latest = search->foresight[search->steps[i].call].latest;
        search->place[i] = MILL_NO_NODE;
        if (latest != UINT64_MAX) {
            leavers[search->leaving_count++] = (struct leaver){latest, i};
        }
    }
    qsort(leavers, search->leaving_count, sizeof *leavers, by_latest);
    for (uint32_t i = 0; i < search->leaving_count; i++) {
        search->leaving[i] = leavers[i].step;
        search->place[leavers[i].step] = i;
    }
    free(leavers);
    return 0;
}

/* ---- opening and closing ---- */

static int open_dead_end(struct mill_search *search, size_t words)
{
    struct mill_dead_end *dead_end = search->dead_end;
    if (!dead_end) {
        return 0;
    }
    dead_end->order = calloc(search->steps_count + 1, sizeof *dead_end->order);
    dead_end->state.words = calloc(words, sizeof *dead_end->state.words);
    return dead_end->order && dead_end->state.words ? 0 : -ENOMEM;
}

static int open_steps(struct mill_search *search, const struct mill_search_request *request)
{
    size_t count = request->count, steps = 0;
    for (size_t i = 0; i < count; i++) {
        steps += mill_model_points(search->model, &search->calls[i]);
    }
    if (steps > STEPS_MAX) {
        return -E2BIG;
    }
    search->word_count = steps / MILL_SEARCH_WORD_BITS + 1;
    search->steps = calloc(steps + 1, sizeof *search->steps);
    search->choices = calloc(steps + 1, sizeof *search->choices);
    search->nodes = calloc(steps + count + 1, sizeof *search->nodes);
    search->foresight = calloc(count + 1, sizeof *search->foresight);
    search->droppable = calloc(count + 1, sizeof *search->droppable);
    search->bits = calloc(search->word_count, sizeof *search->bits);
    if (!search->steps || !search->choices || !search->nodes || !search->foresight || !search->droppable ||
        !search->bits) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        struct mill_leaving leaving = {0};
        if (search->model->leaving) {
            search->model->leaving(search->model, &search->calls[i], &leaving);
        }
        search->droppable[i] = leaving.alone;
        search->foresight[i].latest = UINT64_MAX;
    }
    int status = search->model->foresee && !request->blind
                     ? search->model->foresee(search->model, search->calls, count, search->foresight)
                     : 0;
    if (status == 0) {
        status = list_events(search, count);
    }
    return status == 0 && search->model->first_in_first_out ? order_leavers(search) : status;
}

static int open_state(struct mill_search *search, const struct mill_search_request *request)
{
    const struct mill_model_state *from = request->from;
    size_t words = search->model->room(search->model, request->count) + (from ? from->count : 0) + 1;
    search->state.words = calloc(words, sizeof *search->state.words);
    if (!search->state.words) {
        return -ENOMEM;
    }
    if (from) {
        search->state.count = from->count;
        memcpy(search->state.words, from->words, from->count * sizeof *from->words);
    } else {
        search->model->begin(search->model, &search->state);
    }
    int status = open_dead_end(search, words);
    if (status == 0) {
        status = mill_configurations_open(&search->met, search->limits->bytes);
    }
    return status;
}

int mill_search_open(struct mill_search *search, const struct mill_search_request *request)
{
    search->model = request->model;
    search->calls = request->calls;
    search->limits = request->limits;
    int status = open_steps(search, request);
    return status < 0 ? status : open_state(search, request);
}

void mill_search_close(struct mill_search *search)
{
    mill_configurations_close(&search->met);
    free(search->state.words);
    free(search->bits);
    free(search->leaving);
    free(search->place);
    free(search->droppable);
    free(search->foresight);
    free(search->nodes);
    free(search->choices);
    free(search->steps);
}

#include "measure/linearizability_search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "measure/configurations.h"

#define NOTHING   UINT32_MAX
#define STEPS_MAX UINT32_C(1000000000)

enum { head = 0, word_bits = 64 };

/* An event: the call of a step, or the return of a call. */
struct node {
    uint64_t stamp;
    uint32_t previous, next;
    uint32_t step;  /* NOTHING: a return */
    uint32_t match; /* of a call's last step: its return; NOTHING while it has none */
};

struct choice {
    uint32_t node;
    bool sure; /* if there is an order, there is one with this now */
    const struct mill_configuration *before;
};

struct search {
    const struct mill_model *model; /* these three of the request */
    const struct mill_call *calls;
    const struct mill_linearizability_limits *limits;
    size_t steps_count, node_count, word_count;
    struct mill_search_step *steps;   /* by the time of their calls, those of one call one behind the other */
    struct mill_foresight *foresight; /* of each call */
    bool *droppable;                  /* of each call: it may be left out, by itself (struct mill_leaving) */
    uint32_t
        *leaving; /* of a first-in-first-out model: steps by the latest moment at which what they bring */
    size_t leaving_count;   /* has left; those of which it is not known are not among them */
    size_t leaving_first;   /* all before have taken effect */
    uint32_t *place;        /* where a step stands in that; NOTHING */
    struct node *nodes;     /* the first is the head */
    struct choice *choices; /* made so far */
    size_t depth;
    size_t returns_left;
    struct mill_model_state state;
    uint64_t *bits; /* of the steps that have taken effect */
    size_t first;   /* words of ones before, */
    size_t end;     /* and zeros from here on */
    uint64_t bits_hash;
    struct mill_configurations met;
    const struct mill_configuration *now;
    struct mill_dead_end *dead_end;
};

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

static void append_node(struct search *search, uint64_t stamp, uint32_t step)
{
    uint32_t place = (uint32_t)search->node_count++;
    search->nodes[place] =
        (struct node){.stamp = stamp, .previous = place - 1, .next = NOTHING, .step = step, .match = NOTHING};
    search->nodes[place - 1].next = place;
}

/* `last[call]` is where the node of the call's last step stands. */
static void link_events(struct search *search, const struct event *events, size_t count, uint32_t *last)
{
    search->nodes[head] = (struct node){.previous = NOTHING, .next = NOTHING, .step = NOTHING};
    search->node_count = 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t call = events[i].call;
        if (events[i].returns) {
            search->nodes[last[call]].match = (uint32_t)search->node_count;
            append_node(search, events[i].stamp, NOTHING);
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

static int list_events(struct search *search, size_t count)
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

static void unlink_node(struct search *search, uint32_t place)
{
    const struct node *node = &search->nodes[place];
    search->nodes[node->previous].next = node->next;
    if (node->next != NOTHING) {
        search->nodes[node->next].previous = node->previous;
    }
}

/* In the opposite order of unlinking: the node still knows where it was. */
static void relink_node(struct search *search, uint32_t place)
{
    const struct node *node = &search->nodes[place];
    search->nodes[node->previous].next = place;
    if (node->next != NOTHING) {
        search->nodes[node->next].previous = place;
    }
}

/* ---- which steps have taken effect ---- */

static uint64_t hash_of_step(uint32_t step)
{
    uint64_t seed = step;
    return mill_random_split(&seed);
}

static bool has_taken_effect(const struct search *search, uint32_t step)
{
    return search->bits[step / word_bits] >> (step % word_bits) & 1;
}

static void set_bit(struct search *search, uint32_t step)
{
    size_t word = step / word_bits;
    search->bits[word] |= UINT64_C(1) << (step % word_bits);
    search->bits_hash ^= hash_of_step(step);
    search->end = word >= search->end ? word + 1 : search->end;
    while (search->first < search->word_count && search->bits[search->first] == UINT64_MAX) {
        search->first++;
    }
}

static void clear_bit(struct search *search, uint32_t step)
{
    if (search->place && search->place[step] < search->leaving_first) {
        search->leaving_first = search->place[step];
    }
    size_t word = step / word_bits;
    search->bits[word] &= ~(UINT64_C(1) << (step % word_bits));
    search->bits_hash ^= hash_of_step(step);
    search->first = word < search->first ? word : search->first;
    while (search->end > 0 && search->bits[search->end - 1] == 0) {
        search->end--;
    }
}

static struct mill_configuration configuration_of(const struct search *search)
{
    uint64_t hash = search->bits_hash;
    for (size_t i = 0; i < search->state.count; i++) {
        hash = (mill_random_rotate(hash, 23) ^ (uint64_t)search->state.words[i]) * 0x9e3779b97f4a7c15ull;
    }
    return (struct mill_configuration){
        .hash = hash ^ (hash >> 32),
        .first = search->first,
        .bit_count = search->end > search->first ? search->end - search->first : 0,
        .state_count = search->state.count,
        .bits = search->bits + search->first,
        .state = search->state.words,
    };
}

static void return_to(struct search *search, const struct mill_configuration *one)
{
    search->state.count = one->state_count;
    memcpy(search->state.words, one->state, one->state_count * sizeof *one->state);
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

static int order_leavers(struct search *search)
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
        search->place[i] = NOTHING;
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

/* Is there something that has left before what this call brings can leave, and that has not been brought yet?
 */
static bool comes_too_early(struct search *search, uint32_t call)
{
    while (search->leaving_first < search->leaving_count &&
           has_taken_effect(search, search->leaving[search->leaving_first])) {
        search->leaving_first++;
    }
    if (search->leaving_first == search->leaving_count) {
        return false;
    }
    uint32_t first = search->steps[search->leaving[search->leaving_first]].call;
    return search->foresight[first].latest < search->foresight[call].earliest;
}

/* ---- going on and going back ---- */

static void lift(struct search *search, uint32_t place, bool sure)
{
    uint32_t match = search->nodes[place].match;
    search->choices[search->depth++] = (struct choice){place, sure, search->now};
    unlink_node(search, place);
    if (match != NOTHING) {
        unlink_node(search, match);
        search->returns_left--;
    }
}

static bool same_state(const struct mill_configuration *a, const struct mill_configuration *b)
{
    return a->state_count == b->state_count &&
           memcmp(a->state, b->state, a->state_count * sizeof *a->state) == 0;
}

/* Lets the step of the node take effect next. 1; 0: it cannot, or that was tried; or a negative errno. */
static int take(struct search *search, uint32_t place)
{
    uint32_t step = search->nodes[place].step;
    struct mill_search_step which = search->steps[step];
    if (which.point > 0 && !has_taken_effect(search, step - 1)) {
        return 0;
    }
    if (search->place && comes_too_early(search, which.call)) {
        return 0;
    }
    const struct mill_model_step next = {&search->calls[which.call], which.point,
                                         search->foresight[which.call]};
    if (!search->model->step(search->model, &search->state, &next)) {
        return 0;
    }
    set_bit(search, step);
    const struct mill_configuration one = configuration_of(search);
    const struct mill_configuration *kept;
    int status = mill_configurations_add(&search->met, &one, &kept);
    if (status <= 0) {
        clear_bit(search, step);
        return_to(search, search->now);
        return status;
    }
    lift(search, place, search->droppable[which.call] && same_state(kept, search->now));
    search->now = kept;
    return 1;
}

static void note_dead_end(struct search *search)
{
    struct mill_dead_end *dead_end = search->dead_end;
    if (!dead_end || (search->depth <= dead_end->count && dead_end->state.count > 0)) {
        return;
    }
    for (size_t i = 0; i < search->depth; i++) {
        dead_end->order[i] = search->steps[search->nodes[search->choices[i].node].step];
    }
    dead_end->count = search->depth;
    dead_end->state.count = search->state.count;
    memcpy(dead_end->state.words, search->state.words, search->state.count * sizeof *search->state.words);
}

/* Undoes the last choice, and returns its node. */
static uint32_t go_back(struct search *search)
{
    struct choice last = search->choices[--search->depth];
    const struct node *node = &search->nodes[last.node];
    if (node->match != NOTHING) {
        relink_node(search, node->match);
        search->returns_left++;
    }
    relink_node(search, last.node);
    clear_bit(search, node->step);
    search->now = last.before;
    return_to(search, last.before);
    return last.node;
}

/* When a call is to be tried: first those that may be left out, then those that return soonest. */
static uint64_t urgency(const struct search *search, uint32_t place)
{
    uint32_t call = search->steps[search->nodes[place].step].call;
    return search->droppable[call] ? 0 : search->calls[call].returned;
}

/* Of the calls before the first return: the one to be tried after that of node `after`; the head: the first.
 * NOTHING when there is none. */
static uint32_t candidate_after(const struct search *search, uint32_t after)
{
    uint64_t least = after == head ? 0 : urgency(search, after);
    uint64_t best_urgency = 0;
    uint32_t best = NOTHING;
    for (uint32_t place = search->nodes[head].next; place != NOTHING && search->nodes[place].step != NOTHING;
         place = search->nodes[place].next) {
        uint64_t its = urgency(search, place);
        bool later = its > least || (its == least && place > after);
        if (later && (best == NOTHING || its < best_urgency)) {
            best = place;
            best_urgency = its;
        }
    }
    return best;
}

/* Undoes choices until there is one with an alternative: *place. False: there is none. */
static bool retreat(struct search *search, uint32_t *place)
{
    while (search->depth > 0) {
        bool sure = search->choices[search->depth - 1].sure;
        *place = candidate_after(search, go_back(search));
        if (!sure && *place != NOTHING) {
            return true;
        }
    }
    return false;
}

static int run(struct search *search, enum mill_verdict *verdict)
{
    uint32_t place = candidate_after(search, head);
    while (search->returns_left > 0) {
        if (place == NOTHING) {
            note_dead_end(search);
            if (!retreat(search, &place)) {
                *verdict = MILL_NOT_LINEARIZABLE;
                return 0;
            }
            continue;
        }
        if (search->met.count >= search->limits->configurations) {
            *verdict = MILL_UNDECIDED;
            return 0;
        }
        int status = take(search, place);
        if (status < 0) {
            *verdict = MILL_UNDECIDED;
            return status == -ENOSPC ? 0 : status;
        }
        place = candidate_after(search, status > 0 ? head : place);
    }
    *verdict = MILL_LINEARIZABLE;
    return 0;
}

/* ---- opening and closing ---- */

static int open_dead_end(struct search *search, size_t words)
{
    struct mill_dead_end *dead_end = search->dead_end;
    if (!dead_end) {
        return 0;
    }
    dead_end->order = calloc(search->steps_count + 1, sizeof *dead_end->order);
    dead_end->state.words = calloc(words, sizeof *dead_end->state.words);
    return dead_end->order && dead_end->state.words ? 0 : -ENOMEM;
}

void mill_dead_end_free(struct mill_dead_end *dead_end)
{
    free(dead_end->order);
    free(dead_end->state.words);
    *dead_end = (struct mill_dead_end){0};
}

static int open_steps(struct search *search, const struct mill_search_request *request)
{
    size_t count = request->count, steps = 0;
    for (size_t i = 0; i < count; i++) {
        steps += mill_model_points(search->model, &search->calls[i]);
    }
    if (steps > STEPS_MAX) {
        return -E2BIG;
    }
    search->word_count = steps / word_bits + 1;
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

static int open_state(struct search *search, const struct mill_search_request *request)
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
    if (status < 0) {
        return status;
    }
    const struct mill_configuration one = configuration_of(search);
    status = mill_configurations_add(&search->met, &one, &search->now);
    return status < 0 ? status : 0;
}

/* 0; -ENOSPC: not even the beginning is within the limits; -E2BIG or -ENOMEM. To be closed in any case. */
static int open_search(struct search *search, const struct mill_search_request *request)
{
    search->model = request->model;
    search->calls = request->calls;
    search->limits = request->limits;
    int status = open_steps(search, request);
    return status < 0 ? status : open_state(search, request);
}

static void close_search(struct search *search)
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

int mill_linearizability_search(const struct mill_search_request *request, enum mill_verdict *verdict,
                                uint64_t *configurations, struct mill_dead_end *dead_end)
{
    struct search search = {.dead_end = dead_end};
    *verdict = MILL_LINEARIZABLE;
    if (dead_end) {
        *dead_end = (struct mill_dead_end){0};
    }
    if (request->count == 0) {
        return 0;
    }
    int status = open_search(&search, request);
    if (status == -ENOSPC) {
        *verdict = MILL_UNDECIDED;
        status = 0;
    } else if (status == 0) {
        status = run(&search, verdict);
    }
    *configurations += search.met.count;
    if (dead_end && (status < 0 || *verdict != MILL_NOT_LINEARIZABLE)) {
        mill_dead_end_free(dead_end);
    }
    close_search(&search);
    return status;
}

/* ---- where all orders end ---- */

/* 1: in `end`; 0 as mill_linearizability_end_state; or a negative errno. */
static int run_to_all_ends(struct search *search, struct mill_model_state *end)
{
    uint32_t place = candidate_after(search, head);
    for (;;) {
        bool ended = search->returns_left == 0;
        if (ended && end->words &&
            (end->count != search->state.count ||
             memcmp(end->words, search->state.words, end->count * sizeof *end->words) != 0)) {
            return 0;
        }
        if (ended && !end->words) {
            end->words = calloc(search->state.count + 1, sizeof *end->words);
            if (!end->words) {
                return -ENOMEM;
            }
            end->count = search->state.count;
            memcpy(end->words, search->state.words, end->count * sizeof *end->words);
        }
        if (ended || place == NOTHING) {
            if (!retreat(search, &place)) {
                return end->words != NULL;
            }
            continue;
        }
        int status = search->met.count < search->limits->configurations ? take(search, place) : -ENOSPC;
        if (status < 0) {
            return status == -ENOSPC ? 0 : status;
        }
        place = candidate_after(search, status > 0 ? head : place);
    }
}

int mill_linearizability_end_state(const struct mill_search_request *request, struct mill_model_state *end,
                                   uint64_t *configurations)
{
    struct search search = {0};
    *end = (struct mill_model_state){0};
    int status = open_search(&search, request);
    status = status == 0 ? run_to_all_ends(&search, end) : status == -ENOSPC ? 0 : status;
    *configurations += search.met.count;
    close_search(&search);
    if (status <= 0) {
        free(end->words);
        *end = (struct mill_model_state){0};
    }
    return status;
}

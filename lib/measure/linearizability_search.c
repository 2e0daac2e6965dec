#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "measure/linearizability_search_inside.h"

/* ---- the list ---- */

static void unlink_node(struct mill_search *search, uint32_t place)
{
    const struct mill_search_node *node = &search->nodes[place];
    search->nodes[node->previous].next = node->next;
    if (node->next != MILL_NO_NODE) {
        search->nodes[node->next].previous = node->previous;
    }
}

/* In the opposite order of unlinking: the node still knows where it was. */
static void relink_node(struct mill_search *search, uint32_t place)
{
    const struct mill_search_node *node = &search->nodes[place];
    search->nodes[node->previous].next = place;
    if (node->next != MILL_NO_NODE) {
        search->nodes[node->next].previous = place;
    }
}

/* ---- which steps have taken effect ---- */

static uint64_t hash_of_step(uint32_t step)
{
    uint64_t seed = step;
    return mill_random_split(&seed);
}

static bool has_taken_effect(const struct mill_search *search, uint32_t step)
{
    return search->bits[step / MILL_SEARCH_WORD_BITS] >> (step % MILL_SEARCH_WORD_BITS) & 1;
}

static void set_bit(struct mill_search *search, uint32_t step)
{
    size_t word = step / MILL_SEARCH_WORD_BITS;
    search->bits[word] |= UINT64_C(1) << (step % MILL_SEARCH_WORD_BITS);
    search->bits_hash ^= hash_of_step(step);
    search->end = word >= search->end ? word + 1 : search->end;
    while (search->first < search->word_count && search->bits[search->first] == UINT64_MAX) {
        search->first++;
    }
}

static void clear_bit(struct mill_search *search, uint32_t step)
{
    if (search->place && search->place[step] < search->leaving_first) {
        search->leaving_first = search->place[step];
    }
    size_t word = step / MILL_SEARCH_WORD_BITS;
    search->bits[word] &= ~(UINT64_C(1) << (step % MILL_SEARCH_WORD_BITS));
    search->bits_hash ^= hash_of_step(step);
    search->first = word < search->first ? word : search->first;
    while (search->end > 0 && search->bits[search->end - 1] == 0) {
        search->end--;
    }
}

static struct mill_configuration configuration_of(const struct mill_search *search)
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

static void return_to(struct mill_search *search, const struct mill_configuration *one)
{
    search->state.count = one->state_count;
    memcpy(search->state.words, one->state, one->state_count * sizeof *one->state);
}

/* ---- first in, first out ---- */

/* Is there something that has left before what this call brings can leave, and that has not been brought yet?
 */
static bool comes_too_early(struct mill_search *search, uint32_t call)
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

static void lift(struct mill_search *search, uint32_t place, bool sure)
{
    uint32_t match = search->nodes[place].match;
    search->choices[search->depth++] = (struct mill_search_choice){place, sure, search->now};
    unlink_node(search, place);
    if (match != MILL_NO_NODE) {
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
static int take(struct mill_search *search, uint32_t place)
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

static void note_dead_end(struct mill_search *search)
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
static uint32_t go_back(struct mill_search *search)
{
    struct mill_search_choice last = search->choices[--search->depth];
    const struct mill_search_node *node = &search->nodes[last.node];
    if (node->match != MILL_NO_NODE) {
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
static uint64_t urgency(const struct mill_search *search, uint32_t place)
{
    uint32_t call = search->steps[search->nodes[place].step].call;
    return search->droppable[call] ? 0 : search->calls[call].returned;
}

/* Of the calls before the first return: the one to be tried after that of node `after`; the head: the first.
 * MILL_NO_NODE when there is none. */
static uint32_t candidate_after(const struct mill_search *search, uint32_t after)
{
    uint64_t least = after == MILL_SEARCH_HEAD ? 0 : urgency(search, after);
    uint64_t best_urgency = 0;
    uint32_t best = MILL_NO_NODE;
    for (uint32_t place = search->nodes[MILL_SEARCH_HEAD].next;
         place != MILL_NO_NODE && search->nodes[place].step != MILL_NO_NODE;
         place = search->nodes[place].next) {
        uint64_t its = urgency(search, place);
        bool later = its > least || (its == least && place > after);
        if (later && (best == MILL_NO_NODE || its < best_urgency)) {
            best = place;
            best_urgency = its;
        }
    }
    return best;
}

/* Undoes choices until there is one with an alternative: *place. False: there is none. */
static bool retreat(struct mill_search *search, uint32_t *place)
{
    while (search->depth > 0) {
        bool sure = search->choices[search->depth - 1].sure;
        *place = candidate_after(search, go_back(search));
        if (!sure && *place != MILL_NO_NODE) {
            return true;
        }
    }
    return false;
}

static int run(struct mill_search *search, enum mill_history_verdict *verdict)
{
    uint32_t place = candidate_after(search, MILL_SEARCH_HEAD);
    while (search->returns_left > 0) {
        if (place == MILL_NO_NODE) {
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
        place = candidate_after(search, status > 0 ? MILL_SEARCH_HEAD : place);
    }
    *verdict = MILL_LINEARIZABLE;
    return 0;
}

/* ---- searching ---- */

void mill_dead_end_free(struct mill_dead_end *dead_end)
{
    free(dead_end->order);
    free(dead_end->state.words);
    *dead_end = (struct mill_dead_end){0};
}

/* 0; -ENOSPC: not even the beginning is within the limits; -E2BIG or -ENOMEM. To be closed in any case. */
static int open_search(struct mill_search *search, const struct mill_search_request *request)
{
    int status = mill_search_open(search, request);
    if (status < 0) {
        return status;
    }
    const struct mill_configuration one = configuration_of(search);
    status = mill_configurations_add(&search->met, &one, &search->now);
    return status < 0 ? status : 0;
}

int mill_linearizability_search(const struct mill_search_request *request, enum mill_history_verdict *verdict,
                                uint64_t *configurations, struct mill_dead_end *dead_end)
{
    struct mill_search search = {.dead_end = dead_end};
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
    mill_search_close(&search);
    return status;
}

/* ---- where all orders end ---- */

/* 1: in `end`; 0 as mill_linearizability_end_state; or a negative errno. */
static int run_to_all_ends(struct mill_search *search, struct mill_model_state *end)
{
    uint32_t place = candidate_after(search, MILL_SEARCH_HEAD);
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
        if (ended || place == MILL_NO_NODE) {
            if (!retreat(search, &place)) {
                return end->words != NULL;
            }
            continue;
        }
        int status = search->met.count < search->limits->configurations ? take(search, place) : -ENOSPC;
        if (status < 0) {
            return status == -ENOSPC ? 0 : status;
        }
        place = candidate_after(search, status > 0 ? MILL_SEARCH_HEAD : place);
    }
}

int mill_linearizability_end_state(const struct mill_search_request *request, struct mill_model_state *end,
                                   uint64_t *configurations)
{
    struct mill_search search = {0};
    *end = (struct mill_model_state){0};
    int status = open_search(&search, request);
    status = status == 0 ? run_to_all_ends(&search, end) : status == -ENOSPC ? 0 : status;
    *configurations += search.met.count;
    mill_search_close(&search);
    if (status <= 0) {
        free(end->words);
        *end = (struct mill_model_state){0};
    }
    return status;
}

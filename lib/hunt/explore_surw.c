/* SURW, selectively uniform random walk: of all steps only some are of interest, and their interleaving is
 * drawn uniformly; the others happen as they come. A thread is intended to take the next step of interest,
 * with a probability in proportion to those that it still has before it; others that come to such a step are
 * held there until the intended one has taken its own.
 *
 * Of interest are, in each schedule anew, the steps on an object that several threads use and one changes: a
 * word, a lock. In half of the schedules that is one object, in a quarter two, and so on up to four: a bug in
 * how two words belong together needs both. Objects, and how often each thread uses them, are learnt in the
 * first schedules, by address.
 *
 * When the intended thread is blocked, and all others are held, one of these is intended instead; when it
 * does not come to its step for long (it waits in a loop, or has fewer than was learnt), nobody is held until
 * the next step of interest.
 */
#include "hunt/explorers.h"
#include "hunt/profile.h"

#include <stdio.h>

#define OBJECTS 4096  /* that are learnt */
#define USES    16384 /* of an object by a thread; a power of two */
#define CHOSEN  4
#define NOBODY  MILL_HUNT_THREADS

struct object {
    uintptr_t word;
    uint16_t first_user; /* a slot of the profile */
    bool shared, modified;
};

struct use {
    uintptr_t word; /* 0: empty */
    uint64_t count; /* in all schedules learnt from, by the thread and its descendants */
    uint16_t slot;
};

struct state {
    struct mill_random random;
    uint64_t seed;
    uint64_t unit; /* of the sums below: a step */
    unsigned intended;
    unsigned threads;
    unsigned chosen_count;
    uintptr_t chosen[CHOSEN];
    uint64_t waited, patience;             /* points since the last step of interest */
    uint64_t remaining[MILL_HUNT_THREADS]; /* steps of interest, of the thread and those that it will begin */
    uint64_t lost;                         /* steps not learnt, as there was no room */
    uint32_t object_count, shared_count;
    uint16_t shared[OBJECTS]; /* those that several use and one changes */
    struct object objects[OBJECTS];
    uint16_t object_table[2 * OBJECTS]; /* objects by word, plus one; 0: empty */
    uint32_t use_count;
    struct use uses[USES];
    struct mill_profile profile;
};

static uintptr_t word_of(uintptr_t object)
{
    return object > MILL_HUNT_THREADS ? object & ~(uintptr_t)7 : 0; /* a thread's number is no word */
}

static uint64_t hash_of(uint64_t value)
{
    return mill_random_split(&value);
}

/* ---- learning ---- */

static struct object *find_object(struct state *state, uintptr_t word)
{
    size_t at = hash_of(word) % (2 * (size_t)OBJECTS);
    for (; state->object_table[at] != 0; at = (at + 1) % (2 * (size_t)OBJECTS)) {
        struct object *object = &state->objects[state->object_table[at] - 1];
        if (object->word == word) {
            return object;
        }
    }
    if (state->object_count == OBJECTS) {
        return NULL;
    }
    struct object *object = &state->objects[state->object_count++];
    state->object_table[at] = (uint16_t)state->object_count;
    *object = (struct object){.word = word, .first_user = MILL_PROFILE_NOBODY};
    return object;
}

/* Where the use is, or would be. */
static size_t place_of_use(const struct state *state, uintptr_t word, uint16_t slot)
{
    size_t at = hash_of(word + slot) % USES;
    while (state->uses[at].word != 0 && (state->uses[at].word != word || state->uses[at].slot != slot)) {
        at = (at + 1) % USES;
    }
    return at;
}

static void learn_use(struct state *state, uintptr_t word, uint16_t slot)
{
    for (; slot != MILL_PROFILE_NOBODY; slot = state->profile.slot[slot].parent) {
        struct use *use = &state->uses[place_of_use(state, word, slot)];
        if (use->word == 0) {
            if (state->use_count == USES / 2) {
                state->lost++;
                return;
            }
            state->use_count++;
            *use = (struct use){.word = word, .slot = slot};
        }
        use->count++;
    }
}

static void learn_word(struct state *state, uintptr_t word, uint16_t slot, bool modifies)
{
    struct object *object = find_object(state, word);
    if (!object) {
        state->lost++;
        return;
    }
    bool before = object->shared && object->modified;
    if (object->first_user == MILL_PROFILE_NOBODY) {
        object->first_user = slot;
    }
    object->shared |= object->first_user != slot;
    object->modified |= modifies;
    if (!before && object->shared && object->modified) {
        state->shared[state->shared_count++] = (uint16_t)(object - state->objects);
    }
    learn_use(state, word, slot);
}

/* Words that a step is on: its object's, and the second object's. */
static unsigned words_of(const struct mill_step *step, uintptr_t words[2])
{
    unsigned count = 0;
    words[count] = word_of(step->object);
    count += words[count] != 0;
    words[count] = word_of(step->second);
    count += words[count] != 0 && (count == 0 || words[0] != words[1]);
    return count;
}

/* ---- a schedule ---- */

static bool is_of_interest(const struct state *state, const struct mill_step *step)
{
    for (unsigned i = 0; i < state->chosen_count; i++) {
        if (word_of(step->object) == state->chosen[i] || word_of(step->second) == state->chosen[i]) {
            return true;
        }
    }
    return false;
}

/* Steps of interest that are expected of a thread that begins. */
static uint64_t expected(const struct state *state, unsigned thread)
{
    uint16_t slot = state->profile.slot_of[thread];
    uint64_t sum = 0;
    for (unsigned i = 0; slot != MILL_PROFILE_NOBODY && i < state->chosen_count; i++) {
        sum += state->uses[place_of_use(state, state->chosen[i], slot)].count;
    }
    return sum;
}

static void choose_objects(struct state *state)
{
    state->chosen_count = 0;
    unsigned most = state->shared_count < CHOSEN ? state->shared_count : CHOSEN;
    for (unsigned draws = 0; draws < most && (draws == 0 || mill_random_below(&state->random, 2)); draws++) {
        uint16_t object = state->shared[mill_random_below(&state->random, state->shared_count)];
        uintptr_t word = state->objects[object].word;
        unsigned i = 0;
        while (i < state->chosen_count && state->chosen[i] != word) {
            i++;
        }
        state->chosen[i] = word; /* where it is already, or behind the others */
        state->chosen_count += i == state->chosen_count;
    }
}

static void draw_intended(struct state *state)
{
    state->waited = 0;
    state->intended = NOBODY;
    uint64_t sum = 0;
    for (unsigned i = 0; i < state->threads; i++) {
        sum += state->remaining[i];
    }
    if (sum == 0) {
        return;
    }
    uint64_t drawn = mill_random_below(&state->random, sum);
    unsigned thread = 0;
    while (drawn >= state->remaining[thread]) {
        drawn -= state->remaining[thread++];
    }
    state->intended = thread;
}

static void open_surw(void *memory, const struct mill_explore_options *options)
{
    struct state *state = memory;
    state->seed = options->seed;
}

static void begin(void *memory, uint64_t number, bool learning)
{
    struct state *state = memory;
    mill_random_seed(&state->random, state->seed, number);
    mill_profile_begin(&state->profile, learning);
    state->unit = mill_profile_unit(&state->profile);
    state->patience = 2 * mill_profile_steps(&state->profile, 0) / state->unit + MILL_EXPLORE_STAY;
    state->threads = 1;
    choose_objects(state);
    state->remaining[0] = expected(state, 0);
    draw_intended(state);
}

static void take(struct state *state, unsigned thread, uint64_t amount)
{
    state->remaining[thread] -= amount < state->remaining[thread] ? amount : state->remaining[thread];
}

/* What was drawn for the parent was drawn for both. */
static void spawned(void *memory, unsigned parent, unsigned child)
{
    struct state *state = memory;
    mill_profile_spawned(&state->profile, parent, child);
    state->threads = child + 1 > state->threads ? child + 1 : state->threads;
    uint64_t both = state->remaining[parent];
    state->remaining[child] = expected(state, child);
    take(state, parent, state->remaining[child]);
    if (state->intended == parent && both > 0 &&
        mill_random_below(&state->random, both) < state->remaining[child]) {
        state->intended = child;
    }
}

static unsigned pick(void *memory, const struct mill_view *view)
{
    struct state *state = memory;
    if (state->intended != NOBODY && ++state->waited > state->patience) {
        state->intended = NOBODY;
    }
    if (state->intended == NOBODY) {
        return mill_explore_anyone(&state->random, view);
    }
    unsigned free = 0;
    unsigned chosen = 0;
    for (unsigned i = 0; i < view->enabled_count; i++) {
        unsigned thread = view->enabled[i];
        if (thread == state->intended || !is_of_interest(state, &view->pending[thread])) {
            free++;
            chosen = mill_random_below(&state->random, free) == 0 ? thread : chosen;
        }
    }
    return free > 0 ? chosen : mill_explore_anyone(&state->random, view);
}

static void executed(void *memory, unsigned thread, const struct mill_step *step)
{
    struct state *state = memory;
    if (state->profile.learning) {
        mill_profile_executed(&state->profile, thread);
        uintptr_t words[2];
        unsigned count = words_of(step, words);
        for (unsigned i = 0; i < count && state->profile.slot_of[thread] != MILL_PROFILE_NOBODY; i++) {
            learn_word(state, words[i], state->profile.slot_of[thread], mill_step_modifies(step->kind));
        }
    }
    if (step->kind == MILL_STEP_END) {
        state->remaining[thread] = 0;
        if (state->intended == thread) {
            draw_intended(state);
        }
    } else if (state->chosen_count > 0 && is_of_interest(state, step)) {
        take(state, thread, state->unit);
        draw_intended(state);
    }
}

static void end(void *memory, bool failed)
{
    (void)failed;
    struct state *state = memory;
    mill_profile_end(&state->profile);
}

static int worth(const void *memory, uint64_t schedules, char *buffer, size_t size)
{
    const struct state *state = memory;
    return snprintf(
        buffer, size,
        "%llu schedules, uniform in how the steps on one to four of %u shared objects interleave%s",
        (unsigned long long)schedules, state->shared_count,
        state->lost > 0 ? "; there are more objects than could be learnt" : "");
}

const struct mill_explorer mill_explore_surw = {
    .name = "surw",
    .summary =
        "selectively uniform: interleavings of the steps on a few shared objects, drawn anew each time",
    .source = "Zhao, Wolff, Mathur, Roychoudhury 2025",
    .size = sizeof(struct state),
    .open = open_surw,
    .begin = begin,
    .pick = pick,
    .choose = mill_explore_any_way,
    .spawned = spawned,
    .executed = executed,
    .end = end,
    .worth = worth,
};

/* Histories of ten thousand calls that four threads really made of objects behind a mutex: they are
 * linearizable, and are not any more once one answer is changed.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cacheline.h"
#include "core/random.h"
#include "core/sanitizer.h"
#include "measure/counterexample.h"

#define SEED UINT64_C(20171)

enum { threads = 4, turns = MILL_UNDER_TSAN || MILL_UNDER_ASAN ? 300 : 2500, capacity = 64, locks = 3 };

struct ring {
    pthread_mutex_t mutex; /* protects the rest */
    int64_t items[capacity];
    size_t from, count;
};

struct rig {
    struct mill_history *history;
    struct ring ring;
    pthread_mutex_t locks[locks];
    int64_t counter; /* under the first lock */
    pthread_barrier_t start;
    struct {
        alignas(MILL_ISOLATION) struct mill_random random;
    } meetings[threads]; /* each thread's own */
};

struct player {
    struct rig *rig;
    unsigned self;
    void (*turn)(struct rig *rig, unsigned self, struct mill_random *random, int64_t number);
};

/* Gives the processor away amid some of the calls, so that they overlap however few processors there are. */
static void called(struct rig *rig, unsigned self, unsigned operation, int64_t object, int64_t argument)
{
    assert_int_equal(mill_history_call(rig->history, self, operation, object, argument, 0), 0);
    if (mill_random_below(&rig->meetings[self].random, 4) == 0) {
        sched_yield();
    }
}

static void returned(struct rig *rig, unsigned self, int64_t result)
{
    assert_int_equal(mill_history_return(rig->history, self, result), 0);
}

/* ---- what threads do ---- */

static int64_t ring_put(struct ring *ring, int64_t item)
{
    int64_t result = -EAGAIN;
    pthread_mutex_lock(&ring->mutex);
    if (ring->count < capacity) {
        ring->items[(ring->from + ring->count++) % capacity] = item;
        result = 0;
    }
    pthread_mutex_unlock(&ring->mutex);
    return result;
}

static int64_t ring_get(struct ring *ring)
{
    int64_t result = -EAGAIN;
    pthread_mutex_lock(&ring->mutex);
    if (ring->count > 0) {
        result = ring->items[ring->from];
        ring->from = (ring->from + 1) % capacity;
        ring->count--;
    }
    pthread_mutex_unlock(&ring->mutex);
    return result;
}

static int64_t ring_pop(struct ring *ring)
{
    int64_t result = -EAGAIN;
    pthread_mutex_lock(&ring->mutex);
    if (ring->count > 0) {
        result = ring->items[(ring->from + --ring->count) % capacity];
    }
    pthread_mutex_unlock(&ring->mutex);
    return result;
}

static void play_queue(struct rig *rig, unsigned self, struct mill_random *random, int64_t number)
{
    if (mill_random_below(random, 2) == 0) {
        called(rig, self, MILL_CALL_QUEUE_TRY_PUT, 0, number);
        returned(rig, self, ring_put(&rig->ring, number));
    } else {
        called(rig, self, MILL_CALL_QUEUE_TRY_GET, 0, 0);
        returned(rig, self, ring_get(&rig->ring));
    }
}

static void play_stack(struct rig *rig, unsigned self, struct mill_random *random, int64_t number)
{
    if (mill_random_below(random, 2) == 0) {
        called(rig, self, MILL_CALL_STACK_PUSH, 0, number);
        returned(rig, self, ring_put(&rig->ring, number));
    } else {
        called(rig, self, MILL_CALL_STACK_POP, 0, 0);
        returned(rig, self, ring_pop(&rig->ring));
    }
}

static void play_locks(struct rig *rig, unsigned self, struct mill_random *random, int64_t number)
{
    (void)number;
    int64_t object = (int64_t)mill_random_below(random, locks);
    bool try = mill_random_below(random, 2) == 0;
    called(rig, self, try ? MILL_CALL_LOCK_TRY : MILL_CALL_LOCK_ACQUIRE, object, 0);
    int status = try ? pthread_mutex_trylock(&rig->locks[object]) : pthread_mutex_lock(&rig->locks[object]);
    returned(rig, self, try ? status == 0 : 0);
    if (status == 0) {
        called(rig, self, MILL_CALL_LOCK_RELEASE, object, 0);
        pthread_mutex_unlock(&rig->locks[object]);
        returned(rig, self, 0);
    }
}

static void play_counter(struct rig *rig, unsigned self, struct mill_random *random, int64_t number)
{
    (void)number;
    bool read = mill_random_below(random, 2) == 0;
    called(rig, self, read ? MILL_CALL_COUNTER_READ : MILL_CALL_COUNTER_INCREMENT, 0, 0);
    pthread_mutex_lock(&rig->locks[0]);
    int64_t result = read ? rig->counter : rig->counter++;
    pthread_mutex_unlock(&rig->locks[0]);
    returned(rig, self, result);
}

/* ---- playing ---- */

static void *play(void *argument)
{
    struct player *player = argument;
    struct mill_random random;
    mill_random_seed(&random, SEED, player->self);
    mill_random_seed(&player->rig->meetings[player->self].random, SEED, threads + player->self);
    pthread_barrier_wait(&player->rig->start);
    for (int64_t i = 0; i < turns; i++) {
        player->turn(player->rig, player->self, &random, i * threads + player->self);
    }
    return NULL;
}

static struct mill_calls recorded(void (*turn)(struct rig *rig, unsigned self, struct mill_random *random,
                                               int64_t number),
                                  enum mill_stamps stamps, const struct mill_clock *clock)
{
    static struct rig rig;
    struct player players[threads];
    pthread_t ids[threads];
    struct mill_calls calls;
    rig = (struct rig){.ring = {.mutex = PTHREAD_MUTEX_INITIALIZER}};
    pthread_barrier_init(&rig.start, NULL, threads);
    for (unsigned i = 0; i < locks; i++) {
        pthread_mutex_init(&rig.locks[i], NULL);
    }
    assert_int_equal(mill_history_create(threads, 2 * turns, stamps, clock, &rig.history), 0);
    for (unsigned i = 0; i < threads; i++) {
        players[i] = (struct player){&rig, i, turn};
        assert_int_equal(pthread_create(&ids[i], NULL, play, &players[i]), 0);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    pthread_barrier_destroy(&rig.start);
    assert_int_equal(mill_history_collect(rig.history, &calls), 0);
    assert_int_equal(calls.missed, 0);
    assert_true(calls.count >= threads * turns);
    mill_history_destroy(rig.history);
    return calls;
}

static int print_line(void *context, const char *line, size_t size)
{
    (void)context;
    print_error("%.*s", (int)size, line);
    return 0;
}

static void assert_linearizable(const struct mill_model *model, const struct mill_calls *calls)
{
    struct mill_linearizability result;
    struct mill_error error;
    if (mill_linearizability_check(model, calls->calls, calls->count, NULL, &result, &error) < 0) {
        fail_msg("%s", error.message);
    }
    print_message("%s: %zu calls, %" PRIu64 " configurations\n", model->name, calls->count,
                  result.configurations);
    if (result.verdict == MILL_NOT_LINEARIZABLE) {
        struct mill_counterexample example;
        assert_int_equal(mill_counterexample_make(model, calls->calls, calls->count, result.broken_key, NULL,
                                                  &example, NULL),
                         0);
        mill_counterexample_print(model, &example, print_line, NULL);
        mill_counterexample_free(&example);
    }
    assert_int_equal(result.verdict, MILL_LINEARIZABLE);
}

static enum mill_history_verdict judge(const struct mill_model *model, const struct mill_calls *calls)
{
    struct mill_linearizability result;
    assert_int_equal(mill_linearizability_check(model, calls->calls, calls->count, NULL, &result, NULL), 0);
    print_message("%s: %s, %" PRIu64 " configurations\n", model->name,
                  mill_history_verdict_name(result.verdict), result.configurations);
    return result.verdict;
}

static void assert_broken(const struct mill_model *model, const struct mill_calls *calls)
{
    assert_int_equal(judge(model, calls), MILL_NOT_LINEARIZABLE);
}

/* The call behind the middle that did `operation` and was answered so that `fits`. */
static struct mill_call *one_of(const struct mill_calls *calls, unsigned operation,
                                bool (*fits)(int64_t result))
{
    for (size_t i = calls->count / 2; i < calls->count; i++) {
        if (calls->calls[i].operation == operation && fits(calls->calls[i].result)) {
            return &calls->calls[i];
        }
    }
    fail_msg("no such call");
    return NULL;
}

static bool is_item(int64_t result)
{
    return result >= 0;
}

/* ---- the tests ---- */

enum { histories = 5 }; /* of which one at least is to be decided */

/* Breaks a right history of a queue in three ways, and tells how many of these were seen to be broken; none
 * is ever taken for right. Where a thread lost its processor amid a call all others' calls overlap that one,
 * and there are more orders than a search may look at: that history is undecided. */
static unsigned breaks_seen(enum mill_stamps stamps, const struct mill_clock *clock)
{
    struct mill_model model = mill_model_queue;
    struct mill_calls calls = recorded(play_queue, stamps, clock);
    enum mill_history_verdict verdicts[3];
    model.parameter = capacity;
    assert_linearizable(&model, &calls);

    struct mill_call *get = one_of(&calls, MILL_CALL_QUEUE_TRY_GET, is_item);
    int64_t got = get->result;
    get->result = threads * turns; /* which nobody put */
    verdicts[0] = judge(&model, &calls);
    get->result = -EAGAIN; /* an item that was there is lost */
    verdicts[1] = verdicts[0] == MILL_UNDECIDED ? MILL_UNDECIDED : judge(&model, &calls);

    /* Two gets, one behind the other, are told each other's item, and one thread put both. */
    get->result = got;
    struct mill_call *other = get + 1;
    while (other->operation != MILL_CALL_QUEUE_TRY_GET || other->result < 0 ||
           other->result % threads != got % threads || other->invoked <= get->returned) {
        other++;
        assert_true(other < calls.calls + calls.count);
    }
    get->result = other->result;
    other->result = got;
    verdicts[2] = verdicts[0] == MILL_UNDECIDED ? MILL_UNDECIDED : judge(&model, &calls);
    mill_calls_free(&calls);

    unsigned seen = 0;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_not_equal(verdicts[i], MILL_LINEARIZABLE);
        seen += verdicts[i] == MILL_NOT_LINEARIZABLE;
    }
    return seen;
}

static void queue_of_threads(enum mill_stamps stamps, const struct mill_clock *clock)
{
    bool all_seen = false;
    for (unsigned i = 0; i < histories && !all_seen; i++) {
        all_seen = breaks_seen(stamps, clock) == 3;
    }
    assert_true(all_seen);
}

static void a_queue_with_the_best_stamps(void **state)
{
    struct mill_clock clock;
    (void)state;
    mill_clock_open(&clock);
    queue_of_threads(mill_stamps_best(&clock), &clock);
}

static void a_queue_with_counted_stamps(void **state)
{
    (void)state;
    queue_of_threads(MILL_STAMPS_COUNTER, NULL);
}

static void a_stack(void **state)
{
    struct mill_model model = mill_model_stack;
    struct mill_calls calls = recorded(play_stack, MILL_STAMPS_COUNTER, NULL);
    (void)state;
    model.parameter = capacity;
    assert_linearizable(&model, &calls);
    one_of(&calls, MILL_CALL_STACK_POP, is_item)->result = threads * turns;
    assert_broken(&model, &calls);
    mill_calls_free(&calls);
}

static bool was_refused(int64_t result)
{
    return result == 0;
}

static void some_locks(void **state)
{
    struct mill_calls calls = recorded(play_locks, MILL_STAMPS_COUNTER, NULL);
    (void)state;
    assert_linearizable(&mill_model_lock, &calls);
    struct mill_call *release = one_of(&calls, MILL_CALL_LOCK_RELEASE, was_refused);
    release->thread = threads; /* somebody who never had it */
    assert_broken(&mill_model_lock, &calls);
    mill_calls_free(&calls);
}

static void a_counter(void **state)
{
    struct mill_calls calls = recorded(play_counter, MILL_STAMPS_COUNTER, NULL);
    (void)state;
    assert_linearizable(&mill_model_counter, &calls);
    one_of(&calls, MILL_CALL_COUNTER_READ, is_item)->result = threads * turns + 1;
    assert_broken(&mill_model_counter, &calls);
    mill_calls_free(&calls);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_with_the_best_stamps),
        cmocka_unit_test(a_queue_with_counted_stamps),
        cmocka_unit_test(a_stack),
        cmocka_unit_test(some_locks),
        cmocka_unit_test(a_counter),
    };
    return cmocka_run_group_tests_name("linearizability_threads", tests, NULL, NULL);
}

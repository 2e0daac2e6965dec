#include "device/sharing.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>

#include "core/sanitizer.h"
#include "device/test_valve.h"

#define THREADS 3u

/* ---- whole answers ---- */

struct reader {
    struct mill_sharing *sharing;
    unsigned thread;
    unsigned wanted; /* different answers */
    unsigned reads;
    unsigned failed;
    unsigned torn;
    unsigned backwards; /* answers that were older than the one before */
    unsigned misdated;
    unsigned answers; /* different ones */
};

static void read_once(struct reader *reader, struct mill_valve_status *last, struct mill_sharing_stamp *dated)
{
    struct mill_valve_status now = {0};
    struct mill_sharing_stamp stamp = {0};
    struct mill_device_failure failure;
    uint64_t from_ns = mill_now_ns();
    bool cached = reader->sharing->ops->promises & MILL_SHARING_CACHED;
    if (mill_sharing_get_status(reader->sharing, reader->thread, &now, &stamp, &failure) < 0) {
        reader->failed++;
        return;
    }
    reader->torn += !test_valve_whole(&now);
    reader->backwards += now.pos_deg < last->pos_deg || stamp.asked_ns < dated->asked_ns;
    reader->misdated += stamp.asked_ns > stamp.answered_ns || stamp.answered_ns > mill_now_ns() ||
                        (!cached && stamp.asked_ns < from_ns);
    reader->answers += now.pos_deg != last->pos_deg;
    *last = now;
    *dated = stamp;
}

static void *read_on(void *argument)
{
    struct reader *reader = argument;
    struct mill_valve_status last = {0};
    struct mill_sharing_stamp dated = {0};
    uint64_t end_ns = mill_now_ns() + 20 * MILL_NS_PER_S;
    while (reader->answers < reader->wanted && mill_now_ns() < end_ns) {
        read_once(reader, &last, &dated);
        if (++reader->reads % 64 == 0) {
            sched_yield();
        }
    }
    return NULL;
}

static void test_reads_whole_answers(void **state)
{
    const struct mill_sharing_ops *ops = *state;
    struct mill_sharing_plan plan = test_valve_plan(THREADS);
    struct reader readers[THREADS];
    pthread_t threads[THREADS] = {0};
    struct mill_sharing *sharing;
    struct mill_device_failure failure;
    if (ops->about.traits & MILL_CONTROL) {
        plan.threads = 1;
    }
    assert_int_equal(mill_sharing_create(ops, &plan, &sharing, &failure), 0);
    for (unsigned i = 0; i < plan.threads; i++) {
        readers[i] = (struct reader){.sharing = sharing, .thread = i, .wanted = 50};
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
    }
    for (unsigned i = 0; i < plan.threads; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].failed, 0);
        assert_int_equal(readers[i].torn, 0);
        assert_int_equal(readers[i].backwards, 0);
        assert_int_equal(readers[i].misdated, 0);
        assert_true(readers[i].answers >= readers[i].wanted);
    }
    mill_sharing_destroy(sharing);
    mill_model_destroy(plan.to.model);
}

static void test_many_questions_have_an_answer_each(void **state)
{
    struct mill_sharing_plan plan = test_valve_plan(1);
    struct mill_sharing_reply replies[5];
    struct mill_sharing *sharing;
    assert_int_equal(mill_sharing_create(*state, &plan, &sharing, NULL), 0);
    for (unsigned i = 0; i < 5; i++) {
        replies[i].result = 1;
    }
    assert_int_equal(mill_sharing_get_many(sharing, 0, replies, 4), 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(replies[i].result, 0);
        assert_true(test_valve_whole(&replies[i].status));
    }
    assert_int_equal(replies[4].result, 1);
    mill_sharing_destroy(sharing);
    mill_model_destroy(plan.to.model);
}

/* ---- changes ---- */

struct look {
    unsigned calls;
    struct mill_valve_status status;
    struct mill_valve_config config;
};

static void look(void *context, const struct mill_valve_status *status,
                 const struct mill_valve_config *config, struct mill_valve_config *change)
{
    struct look *look = context;
    look->calls++;
    look->status = *status;
    look->config = *config;
    (void)change;
}

static void test_a_change_is_seen_by_the_next_look(void **state)
{
    const struct mill_sharing_ops *ops = *state;
    struct mill_sharing_plan plan = test_valve_plan(2);
    struct mill_sharing *sharing;
    struct mill_device_failure failure;
    struct mill_valve_config live;
    assert_int_equal(mill_sharing_create(ops, &plan, &sharing, &failure), 0);
    for (unsigned i = 1; i <= 20; i++) {
        struct mill_valve_config change = {.fields = MILL_CONFIG_WALL_STIFFNESS, .wall_stiffness = i};
        struct look seen = {0};
        assert_int_equal(mill_sharing_update_config(sharing, i % 2, &change, &failure), 0);
        assert_int_equal(mill_sharing_transact(sharing, 0, look, &seen, &failure), 0);
        assert_int_equal(seen.calls, 1);
        assert_true(test_valve_whole(&seen.status));
        assert_true(seen.config.wall_stiffness == i);
        mill_model_config(plan.to.model, &live);
        assert_true(live.wall_stiffness == i);
    }
    assert_int_equal(mill_model_applied(plan.to.model), 20); /* looks write nothing */
    mill_sharing_destroy(sharing);
    mill_model_destroy(plan.to.model);
}

struct writer {
    struct mill_sharing *sharing;
    unsigned thread;
    unsigned transactions;
    unsigned failed;
};

static void add_one(void *context, const struct mill_valve_status *status,
                    const struct mill_valve_config *config, struct mill_valve_config *change)
{
    (void)context;
    (void)status;
    change->fields = MILL_CONFIG_WALL_STIFFNESS;
    change->wall_stiffness = config->wall_stiffness + 1;
}

static void *transact_on(void *argument)
{
    struct writer *writer = argument;
    for (unsigned i = 0; i < writer->transactions; i++) {
        writer->failed += mill_sharing_transact(writer->sharing, writer->thread, add_one, NULL, NULL) < 0;
    }
    return NULL;
}

/* How many of the additions were lost. */
static unsigned additions_lost(const struct mill_sharing_ops *ops, unsigned transactions)
{
    struct mill_sharing_plan plan = test_valve_plan(THREADS);
    struct writer writers[THREADS];
    pthread_t threads[THREADS] = {0};
    struct mill_valve_config before;
    struct mill_valve_config after;
    struct mill_sharing *sharing;
    mill_model_config(plan.to.model, &before);
    assert_int_equal(mill_sharing_create(ops, &plan, &sharing, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.sharing = sharing, .thread = i, .transactions = transactions};
        assert_int_equal(pthread_create(&threads[i], NULL, transact_on, &writers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(writers[i].failed, 0);
    }
    mill_model_config(plan.to.model, &after);
    mill_sharing_destroy(sharing);
    mill_model_destroy(plan.to.model);
    return THREADS * transactions - (unsigned)lround(after.wall_stiffness - before.wall_stiffness);
}

static void test_transactions_are_one_step_where_promised(void **state)
{
    const struct mill_sharing_ops *ops = *state;
    if (ops->promises & MILL_SHARING_ATOMIC) {
        assert_int_equal(additions_lost(ops, 200), 0);
    }
}

static void test_transactions_under_an_internal_lock_lose(void **state)
{
    (void)state;
    unsigned lost = 0;
    for (unsigned attempt = 0; attempt < 100 && lost == 0; attempt++) {
        lost = additions_lost(&mill_sharing_internal_lock, 200);
    }
    assert_true(lost > 0);
}

/* ---- failures ---- */

/* Reads until the answer is this one; a cached strategy needs its next refresh for that. */
static void read_until(struct mill_sharing *sharing, int result, struct mill_valve_status *status,
                       struct mill_sharing_stamp *stamp, struct mill_device_failure *failure)
{
    uint64_t end_ns = mill_now_ns() + 20 * MILL_NS_PER_S;
    int seen = mill_sharing_get_status(sharing, 0, status, stamp, failure);
    while (seen != result && (sharing->ops->promises & MILL_SHARING_CACHED) && mill_now_ns() < end_ns) {
        seen = mill_sharing_get_status(sharing, 0, status, stamp, failure);
    }
    assert_int_equal(seen, result);
}

static void assert_fails_by_name(struct mill_sharing *sharing, int fault, int result,
                                 enum mill_device_failure_kind kind)
{
    bool cached = sharing->ops->promises & MILL_SHARING_CACHED;
    const struct mill_valve_config change = {.fields = MILL_CONFIG_VISCOUS, .viscous = 0.5};
    struct mill_valve_status before;
    struct mill_valve_status status;
    struct mill_sharing_stamp first;
    struct mill_sharing_stamp stamp = {0};
    struct mill_device_failure failure = {.kind = MILL_DEVICE_NO_FAILURE};
    struct look seen = {0};
    read_until(sharing, 0, &before, &first, &failure);
    atomic_store(&test_valve_fault, fault);
    read_until(sharing, result, &status, &stamp, &failure);
    assert_int_equal(failure.kind, kind);
    assert_int_equal(failure.status, fault > 0 ? fault : 0);
    assert_true(strlen(failure.message) > 0);
    if (cached) { /* the last value, and its age */
        assert_true(test_valve_whole(&status));
        assert_true(status.pos_deg >= before.pos_deg && stamp.asked_ns >= first.asked_ns);
    }
    failure.kind = MILL_DEVICE_NO_FAILURE;
    assert_int_equal(mill_sharing_update_config(sharing, 0, &change, &failure), result);
    assert_int_equal(failure.kind, kind);
    assert_int_equal(failure.maybe_done, fault < 0);
    failure.kind = MILL_DEVICE_NO_FAILURE;
    assert_int_equal(mill_sharing_transact(sharing, 0, look, &seen, &failure), result);
    assert_int_equal(failure.kind, kind);
    assert_int_equal(seen.calls, 0);
    atomic_store(&test_valve_fault, 0);
    struct mill_valve_status last = status;
    read_until(sharing, 0, &status, &stamp, &failure);
    assert_true(test_valve_whole(&status));
    assert_true(!cached || status.pos_deg > last.pos_deg);
}

static void test_failures_have_names(void **state)
{
    struct mill_sharing_plan plan = test_valve_plan(1);
    struct mill_sharing *sharing;
    assert_int_equal(mill_sharing_create(*state, &plan, &sharing, NULL), 0);
    assert_fails_by_name(sharing, 500, -EREMOTEIO, MILL_DEVICE_API);
    assert_fails_by_name(sharing, -ETIMEDOUT, -ETIMEDOUT, MILL_DEVICE_TIMEOUT);
    assert_fails_by_name(sharing, -ECONNRESET, -ECONNRESET, MILL_DEVICE_CONNECTION);
    assert_fails_by_name(sharing, 401, -EACCES, MILL_DEVICE_AUTHENTICATION);
    mill_sharing_destroy(sharing);
    mill_model_destroy(plan.to.model);
}

/* ---- locks ---- */

static void read_and_write(struct mill_sharing *sharing)
{
    struct writer writers[2];
    struct reader readers[2];
    pthread_t threads[4] = {0};
    for (unsigned i = 0; i < 2; i++) {
        writers[i] = (struct writer){.sharing = sharing, .thread = i, .transactions = 5};
        readers[i] = (struct reader){.sharing = sharing, .thread = 2 + i, .wanted = 10};
        assert_int_equal(pthread_create(&threads[i], NULL, transact_on, &writers[i]), 0);
        assert_int_equal(pthread_create(&threads[2 + i], NULL, read_on, &readers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(writers[i].failed + readers[i].failed + readers[i].torn, 0);
    }
}

/* Those that stand for the locks: each is a lock, which its own tests look at. */
static void test_works_with_the_usual_locks(void **state)
{
    const struct mill_sharing_ops *ops = *state;
    struct mill_sharing_plan plan = test_valve_plan(4);
    for (size_t i = 0; i < mill_lock_family.count && (ops->promises & MILL_SHARING_LOCKS); i++) {
        struct mill_sharing *sharing;
        plan.lock = mill_lock_ops_of(mill_lock_family.strategies[i]);
        if (!mill_family_is_usual(&mill_lock_family, &plan.lock->about) ||
            (plan.lock->about.traits & MILL_CONTROL)) {
            continue;
        }
        if (plan.lock->about.missing) {
            assert_int_equal(mill_sharing_create(ops, &plan, &sharing, NULL), -ENOTSUP);
        } else if (!(plan.lock->about.traits &
                     (MILL_ONE_THREAD | (MILL_UNDER_TSAN ? MILL_HIDES_ATOMICS : 0)))) {
            assert_int_equal(mill_sharing_create(ops, &plan, &sharing, NULL), 0);
            read_and_write(sharing);
            mill_sharing_destroy(sharing);
        }
    }
    mill_model_destroy(plan.to.model);
}

/* ---- the control ---- */

static void *look_on(void *argument)
{
    struct reader *reader = argument;
    struct mill_device_failure failure;
    for (unsigned i = 0; i < 2000; i++) {
        struct look seen = {0};
        int status = mill_sharing_transact(reader->sharing, reader->thread, look, &seen, &failure);
        reader->failed += status == -EBADMSG;
        reader->torn += status == 0 && !test_valve_whole(&seen.status);
    }
    return NULL;
}

static void test_without_a_lock_answers_are_another_threads(void **state)
{
    (void)state;
    unsigned wrong = 0;
    if (MILL_UNDER_TSAN) {
        print_message("left out: ThreadSanitizer rightly reports the race that this test is made of\n");
        skip();
    }
    for (unsigned attempt = 0; attempt < 100 && wrong == 0; attempt++) {
        struct mill_sharing_plan plan = test_valve_plan(2);
        struct reader readers[2];
        pthread_t threads[2] = {0};
        struct mill_sharing *sharing;
        assert_int_equal(mill_sharing_create(&mill_sharing_unshared, &plan, &sharing, NULL), 0);
        for (unsigned i = 0; i < 2; i++) {
            readers[i] = (struct reader){.sharing = sharing, .thread = i};
            assert_int_equal(pthread_create(&threads[i], NULL, look_on, &readers[i]), 0);
        }
        for (unsigned i = 0; i < 2; i++) {
            pthread_join(threads[i], NULL);
            wrong += readers[i].failed + readers[i].torn;
        }
        mill_sharing_destroy(sharing);
        mill_model_destroy(plan.to.model);
    }
    assert_true(wrong > 0);
}

#define ONE(ident, words, test) \
    {words ": " #ident, test, NULL, NULL, (void *)(uintptr_t)&mill_sharing_##ident},
#define EACH(ident)                                                                         \
    ONE(ident, "reads whole answers", test_reads_whole_answers)                             \
    ONE(ident, "many questions", test_many_questions_have_an_answer_each)                   \
    ONE(ident, "a change is seen by the next look", test_a_change_is_seen_by_the_next_look) \
    ONE(ident, "transactions are one step", test_transactions_are_one_step_where_promised)  \
    ONE(ident, "failures have names", test_failures_have_names)                             \
    ONE(ident, "usual locks", test_works_with_the_usual_locks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MILL_SHARINGS_ANYWHERE(EACH) cmocka_unit_test(test_transactions_under_an_internal_lock_lose),
        cmocka_unit_test(test_without_a_lock_answers_are_another_threads),
    };
    return cmocka_run_group_tests_name("device/sharing", tests, NULL, NULL);
}

/* For tests of locks that go by NUMA nodes: threads of faked nodes that take turns. One runs at a time, and
 * gives its turn away where the lock pauses: so who waits behind whom is known, whatever the machine is and
 * has to do, and hundreds of handovers take no time. The lock is included, with these in the places of its
 * own:
 *
 *     #include "sync/test_turns.h"
 *     #define mill_pause     turns_pause
 *     #define mill_node_self turns_node
 *     …
 *     #include "sync/lock_cna.c"
 */
#ifndef MILL_SYNC_TEST_TURNS_H
#define MILL_SYNC_TEST_TURNS_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/node.h"
#include "core/pause.h"
#include "core/random.h"
#include "sync/lock_list.h"

#define PLAYERS_MAX       6u
#define ROUNDS_MAX        400u
#define AT_HOME_MOST_TOLD 256u /* handovers, as the README of the folder says */

/* ---- turns ---- */

static struct {
    pthread_mutex_t mutex; /* protects the rest */
    pthread_cond_t called[PLAYERS_MAX];
    unsigned players;
    unsigned whose;
    bool left[PLAYERS_MAX];
    unsigned nodes;
} turns = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local unsigned turns_self;
static _Thread_local unsigned turns_home;

/* To the next that has not left; to oneself where there is no other. */
static void turns_pass(void)
{
    unsigned next = turns.whose;
    do {
        next = (next + 1) % turns.players;
    } while (turns.left[next] && next != turns.whose);
    turns.whose = next;
    pthread_cond_signal(&turns.called[next]);
}

static void turns_await(void)
{
    while (turns.whose != turns_self) {
        pthread_cond_wait(&turns.called[turns_self], &turns.mutex);
    }
}

static void turns_pause(void)
{
    pthread_mutex_lock(&turns.mutex);
    turns_pass();
    turns_await();
    pthread_mutex_unlock(&turns.mutex);
}

static void turns_begin(unsigned self, unsigned home)
{
    turns_self = self;
    turns_home = home;
    pthread_mutex_lock(&turns.mutex);
    turns_await();
    pthread_mutex_unlock(&turns.mutex);
}

static void turns_leave(void)
{
    pthread_mutex_lock(&turns.mutex);
    turns.left[turns_self] = true;
    turns_pass();
    pthread_mutex_unlock(&turns.mutex);
}

static unsigned turns_node(void)
{
    return turns_home;
}

/* Some locks have a use for it, and some have not. */
static inline unsigned turns_nodes(void)
{
    return turns.nodes;
}

static int turns_open(void)
{
    return 0;
}

/* ---- a play ---- */

struct play {
    const struct mill_lock_ops *ops;
    unsigned players;
    unsigned nodes; /* player i is on node i modulo these */
    unsigned rounds;
    uint64_t seed; /* 0: each comes again as soon as it has left */
    struct mill_lock *lock;
    /* who came and who was served, in order; written by whose turn it is */
    unsigned arrived, served;
    unsigned arrivals[PLAYERS_MAX * ROUNDS_MAX];
    unsigned visits[PLAYERS_MAX * ROUNDS_MAX];
    unsigned waited_most; /* for so many others */
    unsigned overlaps;
    bool inside;
};

struct player {
    struct play *play;
    unsigned index;
};

/* Lets others go on, once, or more often. */
static void wander(struct mill_random *random, unsigned most)
{
    for (uint64_t pauses = mill_random_below(random, most); pauses > 0; pauses--) {
        turns_pause();
    }
}

static void visit(struct play *play, unsigned index, struct mill_random *random)
{
    struct mill_lock_context me;
    unsigned before = play->served;
    play->arrivals[play->arrived++] = index;
    mill_lock_acquire(play->ops, play->lock, &me);
    unsigned waited = play->served - before;
    play->waited_most = waited > play->waited_most ? waited : play->waited_most;
    play->visits[play->served++] = index;
    play->overlaps += play->inside;
    play->inside = true;
    turns_pause(); /* all others come meanwhile */
    if (play->seed != 0) {
        wander(random, 3);
    }
    play->inside = false;
    mill_lock_release(play->ops, play->lock, &me);
}

static void *be_player(void *argument)
{
    struct player *player = argument;
    struct play *play = player->play;
    struct mill_random random;
    mill_random_seed(&random, play->seed, player->index);
    turns_begin(player->index, player->index % play->nodes);
    for (unsigned round = 0; round < play->rounds; round++) {
        if (play->seed != 0) {
            wander(&random, 12);
        }
        visit(play, player->index, &random);
    }
    turns_leave();
    return NULL;
}

/* All have been served as often as they asked, and one at a time. */
static void play_all(struct play *play)
{
    pthread_t threads[PLAYERS_MAX];
    struct player players[PLAYERS_MAX];
    turns.players = play->players;
    turns.nodes = play->nodes;
    turns.whose = 0;
    for (unsigned i = 0; i < play->players; i++) {
        pthread_cond_init(&turns.called[i], NULL);
        turns.left[i] = false;
    }
    assert_int_equal(mill_lock_create(play->ops, &play->lock), 0);
    for (unsigned i = 0; i < play->players; i++) {
        players[i] = (struct player){.play = play, .index = i};
        assert_int_equal(pthread_create(&threads[i], NULL, be_player, &players[i]), 0);
    }
    for (unsigned i = 0; i < play->players; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < play->players; i++) {
        pthread_cond_destroy(&turns.called[i]);
    }
    mill_lock_destroy(play->ops, play->lock);
    assert_int_equal(play->served, play->players * play->rounds);
    assert_int_equal(play->overlaps, 0);
}

/* ---- what is seen of it ---- */

/* Those of one node are served in the order in which they came. */
static void assert_order_at_home(const struct play *play)
{
    for (unsigned node = 0; node < play->nodes; node++) {
        unsigned at = 0;
        for (unsigned i = 0; i < play->served; i++) {
            if (play->visits[i] % play->nodes == node) {
                while (play->arrivals[at] % play->nodes != node) {
                    at++;
                }
                assert_int_equal(play->visits[i], play->arrivals[at]);
                at++;
            }
        }
    }
}

/* How many were served from visit `first` on before it went to another node. */
static unsigned run_from(const struct play *play, unsigned first)
{
    unsigned length = 1;
    while (first + length < play->served &&
           play->visits[first + length] % play->nodes == play->visits[first] % play->nodes) {
        length++;
    }
    return length;
}

/* ---- tests ---- */

/* While somebody of each node waits, the lock stays on one for as many handovers as it may, and for no more.
 * Then each other node has its turn before it comes back. */
static void test_stays_and_crosses(void **state)
{
    for (unsigned nodes = 2; nodes <= 3; nodes++) {
        static struct play play;
        play = (struct play){.ops = *state, .players = 6, .nodes = nodes, .rounds = 300};
        play_all(&play);
        unsigned first = 0;
        for (unsigned run = 0; run < 4; run++) {
            assert_int_equal(play.visits[first] % nodes, run % nodes);
            assert_int_equal(run_from(&play, first), AT_HOME_MOST_TOLD + 1);
            first += AT_HOME_MOST_TOLD + 1;
        }
        assert_order_at_home(&play);
        assert_in_range(play.waited_most, AT_HOME_MOST_TOLD, (nodes - 1) * (AT_HOME_MOST_TOLD + 1) + 6);
    }
}

/* Nobody of the holder's node waits: it goes to who came first. */
static void test_a_lone_one_does_not_stay(void **state)
{
    static struct play play;
    play = (struct play){.ops = *state, .players = 2, .nodes = 2, .rounds = 50};
    play_all(&play);
    for (unsigned i = 0; i < play.served; i++) {
        assert_int_equal(play.visits[i], i % 2);
    }
    assert_int_equal(play.waited_most, 1);
}

/* They come and go as it happens: queues run empty, and fill again, on one node or on both. */
static void test_as_it_happens(void **state)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        static struct play play;
        unsigned nodes = 1 + (unsigned)(seed % 3);
        play = (struct play){.ops = *state, .players = 5, .nodes = nodes, .rounds = 40, .seed = seed * 100};
        play_all(&play);
        assert_order_at_home(&play);
        assert_in_range(play.waited_most, 1, (nodes - 1) * (AT_HOME_MOST_TOLD + 1) + 5);
    }
}

#define TESTS_IN_TURNS(ident)                                                                            \
    cmocka_unit_test_prestate(test_stays_and_crosses, (void *)(uintptr_t)&mill_lock_##ident),            \
        cmocka_unit_test_prestate(test_a_lone_one_does_not_stay, (void *)(uintptr_t)&mill_lock_##ident), \
        cmocka_unit_test_prestate(test_as_it_happens, (void *)(uintptr_t)&mill_lock_##ident)

#endif

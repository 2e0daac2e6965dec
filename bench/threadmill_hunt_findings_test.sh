#!/usr/bin/env bash
# What 'threadmill hunt' finds in a program, each kind by what it says of it, and what it refuses. One argument: the program.
set -u
program=$1
# shellcheck source=bench/prey.sh
. "$(dirname "$0")/prey.sh"

# A deadlock, with who waits for what.
compile deadlock <<'C'
#include <pthread.h>
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static void *other_way(void *unused)
{
    pthread_mutex_lock(&b);
    pthread_mutex_lock(&a);
    pthread_mutex_unlock(&a);
    pthread_mutex_unlock(&b);
    return unused;
}
int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other_way, NULL);
    pthread_mutex_lock(&a);
    pthread_mutex_lock(&b);
    pthread_mutex_unlock(&b);
    pthread_mutex_unlock(&a);
    pthread_join(thread, NULL);
    return 0;
}
C
expect 1 '^deadlock: ' hunt --schedules 20000 --seed 1 -q -- ./deadlock
expect 1 'thread 1 waits for mutex .* which thread 0 holds' hunt --schedules 20000 --seed 1 -q -- ./deadlock

# Locks in both orders, one after the other: nobody ever waits for a lock. A flag that keeps them apart is not seen; a join is.
compile orders <<'C'
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static atomic_int over;
__attribute__((noinline)) static void take_both(pthread_mutex_t *first, pthread_mutex_t *second)
{
    pthread_mutex_lock(first);
    pthread_mutex_lock(second);
    pthread_mutex_unlock(second);
    pthread_mutex_unlock(first);
}
static void *one_way(void *unused)
{
    take_both(&a, &b);
    atomic_store(&over, 1);
    return unused;
}
int main(int argc, char **argv)
{
    pthread_t thread;
    pthread_create(&thread, NULL, one_way, NULL);
    if (argc > 1) {
        pthread_join(thread, NULL);
    }
    while (!atomic_load(&over)) {
        sched_yield();
    }
    take_both(&b, &a);
    if (argc == 1) {
        pthread_join(thread, NULL);
    }
    (void)argv;
    return 0;
}
C
expect 0 'no failure' hunt --schedules 200 --seed 1 -q -- ./orders
expect 0 'no failure' hunt --schedules 200 --seed 1 -q --lock-order -- ./orders joined
expect 1 '^lock order: .* thread 0 holds (0x[0-9a-f]+) and takes (0x[0-9a-f]+), thread 1 holds \2 and takes \1$' \
    hunt --schedules 200 --seed 1 -q --lock-order -- ./orders
holds 'the stacks show both threads and both locks' test "$(grep -cE '^    #1 (main|one_way) orders.c:' <<<"$output")" = 4
expect 1 '^lock order: ' replay "$(token)"

# Memory that is freed too early, twice, and left over; an exit code; a spin that nobody ends.
compile memory <<'C'
#include <pthread.h>
#include <stdlib.h>
static int *box;
static void *use(void *unused)
{
    *box = 1;
    return unused;
}
int main(int argc, char **argv)
{
    pthread_t thread;
    box = malloc(sizeof *box);
    if (argc > 1 && argv[1][0] == 't') {
        free(box);
        free(box);
    }
    if (argc > 1 && argv[1][0] == 'e') {
        exit(7);
    }
    while (argc > 1 && argv[1][0] == 's') {
    }
    pthread_create(&thread, NULL, use, NULL);
    if (argc == 1) {
        free(box);
    }
    pthread_join(thread, NULL);
    return 0;
}
C
expect 1 'use after free: .* 4 bytes' hunt --schedules 1000 --seed 1 -q --no-races -- ./memory
expect 1 'freed it' hunt --schedules 1000 --seed 1 -q --no-races -- ./memory
expect 1 'double free' hunt --schedules 10 --seed 1 -q -- ./memory twice
expect 1 'wrong exit code: .* 7' hunt --schedules 10 --seed 1 -q -- ./memory exits
expect 0 'no failure' hunt --schedules 10 --seed 1 -q --expect-exit 7 -- ./memory exits
expect 1 'leak: 1 allocation' hunt --schedules 10 --seed 1 -q --leaks -- ./memory keeps
expect 0 'no failure' hunt --schedules 10 --seed 1 -q -- ./memory keeps
expect 1 'hung: ' hunt --schedules 10 --seed 1 -q --patience 1s -- ./memory spins

# Memory that is given out again: a late access could meet another chunk, and that is said.
compile churn <<'C'
#include <pthread.h>
#include <stdlib.h>
static void *churn(void *unused)
{
    for (int i = 0; i < 100; i++) {
        volatile char *much = malloc(1 << 20);
        much[0] = 1;
        free((void *)much);
    }
    return unused;
}
int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, churn, NULL);
    pthread_join(thread, NULL);
    return 0;
}
C
expect 0 'in 3 of them not all races, late accesses and wrong answers could be looked for' hunt --schedules 3 --seed 1 -q -- ./churn

# What cannot be controlled is refused by name; what is too much, too.
compile beyond <<'C'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>
static void *nothing(void *unused)
{
    return unused;
}
static int deep(volatile int *above)
{
    volatile char much[65536];
    much[*above & 65535] = 1;
    int below = *above + 1;
    return deep(&below) + much[*above & 65535];
}
static void *fall(void *unused)
{
    int top = 0;
    deep(&top);
    return unused;
}
int main(int argc, char **argv)
{
    pthread_t thread;
    char what = argc > 1 ? argv[1][0] : ' ';
    if (what == 'f') {
        return fork() < 0;
    }
    for (int i = 0; what == 't' && i < 1100; i++) {
        if (pthread_create(&thread, NULL, nothing, NULL) != 0) {
            return 3;
        }
        pthread_join(thread, NULL);
    }
    for (long i = 0; what == 'o' && i < 20000000; i++) {
        puts("a line of many, of which nobody wants to hear");
    }
    if (what == 's') {
        pthread_create(&thread, NULL, fall, NULL);
        pthread_join(thread, NULL);
    }
    return 0;
}
C
expect 1 'fork: another process is beyond control' hunt --schedules 10 --seed 1 -q -- ./beyond forks
expect 1 'stack overflow' hunt --schedules 1 --seed 1 -q -- ./beyond stack
expect 1 'wrong exit code: .* 3' hunt --schedules 1 --seed 1 -q -- ./beyond threads
expect 0 'no failure' hunt --schedules 2 --seed 1 -q -- ./beyond output
expect 3 'was not linked by' hunt --schedules 1 -q -- /bin/true
expect 3 'cannot be started' hunt --schedules 1 -q -- ./nowhere

# What a program does at its end is part of a schedule: handlers wake threads and wait for them; a main that leaves by
# pthread_exit ends the program with the last thread; _Exit is seen.
compile ending <<'C'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static int stopped, seen;
static void *serve(void *unused)
{
    pthread_mutex_lock(&mutex);
    while (!stopped) {
        pthread_cond_wait(&changed, &mutex);
    }
    seen = 1;
    pthread_mutex_unlock(&mutex);
    return unused;
}
static void stop(void)
{
    pthread_mutex_lock(&mutex);
    stopped = 1;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
    if (!seen) {
        _exit(9);
    }
}
static void *leave(void *code)
{
    _Exit(*(int *)code);
}
int main(int argc, char **argv)
{
    static int code = 5;
    if (argc == 1) {
        atexit(stop);
    }
    stopped = argc > 1;
    pthread_create(&thread, NULL, argc > 1 && argv[1][0] == 'e' ? leave : serve, &code);
    if (argc > 1) {
        pthread_exit(NULL);
    }
    return 0;
}
C
expect 0 'no failure' hunt --schedules 300 --seed 1 -q -- ./ending
expect 0 'no failure' hunt --schedules 300 --seed 1 -q --engine threads -- ./ending
expect 0 '^(50|[1-9][0-9]?) schedules' hunt --schedules 50 --seed 1 -q -- ./ending main-leaves
expect 1 'wrong exit code: .* 5' hunt --schedules 50 --seed 1 -q -- ./ending exits
expect 0 '^(50|[1-9][0-9]?) schedules' hunt --schedules 50 --seed 1 -q --expect-exit 5 -- ./ending exits

# Copies and fills are accesses, those that the compiler makes of assignments among them.
compile copies <<'C'
#include <pthread.h>
#include <string.h>
struct large {
    int numbers[40];
};
struct large here, there;
static char bytes[200];
static volatile size_t size = sizeof bytes;
static void *work(void *what)
{
    if (*(char *)what == 'c') {
        here = there;
    } else if (*(char *)what == 's') {
        memset(bytes, 1, size);
    } else {
        memmove(bytes, bytes + 8, size - 8);
    }
    return NULL;
}
int main(int argc, char **argv)
{
    pthread_t thread;
    (void)argc;
    pthread_create(&thread, NULL, work, argv[1]);
    if (argc == 2) {
        work(argv[1]);
    }
    pthread_join(thread, NULL);
    return 0;
}
C
for how in copy set move; do
    expect 1 'data race: .* [0-9]{3} bytes' hunt --schedules 50 --seed 1 -q -- ./copies $how
    expect 0 'no failure' hunt --schedules 50 --seed 1 -q -- ./copies $how alone
done

# A thread that runs before main is in no schedule.
compile before <<'C'
#include <pthread.h>
static pthread_t thread;
static void *nothing(void *unused)
{
    return unused;
}
__attribute__((constructor)) static void start(void)
{
    pthread_create(&thread, NULL, nothing, NULL);
}
int main(void)
{
    return pthread_join(thread, NULL);
}
C
expect 3 'before main, creates a thread' hunt --schedules 10 --seed 1 -q -- ./before

tally

#!/usr/bin/env bash
# 'threadmill cc', 'hunt' and 'replay' as their users meet them: exit codes, tokens, bad input. One argument: the program.
set -u
program=$1
# shellcheck source=bench/expect.sh
. "$(dirname "$0")/expect.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
command -v clang >/dev/null || { echo 'SKIPPED: clang is not here'; exit 77; }

# compile NAME FLAG...: the source is the standard input.
compile() {
    local name=$1
    shift
    cat >"$name.c"
    holds "$name compiles" "$program" cc -O1 -g -pthread "$@" -o "$name" "$name.c"
}

token() {
    sed -n 's/^threadmill replay //p' <<<"$output"
}

# A counter whose increment is two atomic steps, and whose end says so.
compile counter <<'C'
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
static atomic_int count;
static void *add(void *unused)
{
    int seen = atomic_load(&count);
    atomic_store(&count, seen + 1);
    return unused;
}
int main(int argc, char **argv)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, add, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    (void)argv;
    assert(argc > 1 || count == 2);
    return 0;
}
C
expect 1 "failed assertion: .*'argc > 1 \|\| count == 2'" hunt --schedules 20000 --seed 1 -q -- ./counter
expect 1 'reduced from [0-9]+ to [12] preemption' hunt --schedules 20000 --seed 1 -q -- ./counter
expect 1 'preempted between counter.c:7 atomic read and counter.c:8 atomic write' hunt --schedules 20000 --seed 1 -q -- ./counter
expect 1 'failed assertion' hunt --schedules 20000 --seed 1 -q -o hunt.json -- ./counter
holds 'the document has the program' grep -q '"program": "./counter"' hunt.json
holds 'the document has its steps with their lines' grep -q '"file": ".*counter.c"' hunt.json
holds 'the document has its preemptions' grep -q '"preempts": true' hunt.json
expect 1 'failed assertion' hunt --schedules 20000 --seed 1 -q --raw -o raw.json -- ./counter
holds 'a schedule that is not reduced has no steps in the document' grep -q '"steps": \[\]' raw.json
expect 3 'nowhere' hunt --schedules 20 --seed 1 -q -o nowhere/hunt.json -- ./counter
expect 1 'failed assertion' hunt --schedules 20000 --seed 1 -q -- ./counter
first=$(token)
holds 'a failing hunt ends in a token' test -n "$first"
for strategy in random pct pos urw surw; do
    expect 1 'failed assertion' hunt --schedules 10000 --seed 1 -q --explore $strategy -- ./counter
done
expect 1 'failed assertion' hunt --schedules 10000 -q --explore exhaustive --preemptions 1 -- ./counter
expect 0 'every schedule was seen' hunt --schedules 10000 -q --explore exhaustive --preemptions 3 -- ./counter fine
expect 0 'no failure' hunt --schedules 200 --seed 1 -q -- ./counter fine

# The same in several processes, and with the other engine.
expect 1 'failed assertion' hunt --schedules 20000 --seed 1 -q -j 3 -- ./counter
holds 'what is found does not depend on -j' test "$(token)" = "$first"
expect 1 'failed assertion' hunt --schedules 20000 --seed 1 -q --engine threads -- ./counter
holds 'both engines find the same' test "$(token)" = "$first:engine=threads"

# Replays: the same text each time; another program is told from this one.
expect 1 'failed assertion' replay "$first"
before=$output
expect 1 'failed assertion' replay "$first"
holds 'a replay prints the same text each time' test "$output" = "$before"
expect 1 'counter.c:7 atomic read' replay --brief "$first"
expect 2 'is damaged|no token|cut short|changed' replay "${first/@/A@}"
expect 2 'no token' replay nonsense
expect 2 "'@'" replay "${first%%@*}"
expect 2 'needs a token' replay
sed -i 's/count == 2/count >= 1/' counter.c
holds 'it compiles again' "$program" cc -O1 -g -pthread -o counter counter.c
expect 3 'not the one that the token is of' replay "$first"
expect 3 'it diverged' replay "$first"

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

# Too many steps for the budget: nothing is known then.
compile long <<'C'
#include <pthread.h>
#include <stdatomic.h>
static atomic_int count;
static void *add(void *unused)
{
    for (int i = 0; i < 500; i++) {
        atomic_fetch_add(&count, 1);
    }
    return unused;
}
int main(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, add, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    return count != 1000;
}
C
expect 0 'no failure' hunt --schedules 20 --seed 1 -q -- ./long

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

# Each schedule reads the standard input from its beginning; a pipe on which nothing comes is empty.
compile reader <<'C'
#include <pthread.h>
#include <stdio.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int sum;
static void *add(void *unused)
{
    int number;
    pthread_mutex_lock(&mutex);
    while (scanf("%d", &number) == 1) {
        sum += number;
    }
    pthread_mutex_unlock(&mutex);
    return unused;
}
int main(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, add, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    return sum;
}
C
# reads CODE COMMAND...: what gives the input is the standard input here.
reads() {
    local code=$1
    shift
    output=$("$program" hunt --schedules 60 --seed 1 -q --expect-exit "$code" -- ./reader 2>&1)
    grep -q '^no failure' <<<"$output"
}
printf '1\n2\n4\n' >numbers
holds 'a file is input in each schedule' reads 7 <numbers
holds 'a pipe is input in each schedule' reads 7 < <(cat numbers)
holds 'no input is empty' reads 0 </dev/null
holds 'closed input is empty' reads 0 <&-
mkfifo quiet
exec 9<>quiet
holds 'a pipe on which nothing comes is empty' reads 0 <&9
holds 'which is said' grep -q 'nothing comes on standard input' <<<"$output"
exec 9<&-
"$program" hunt --schedules 60 --seed 1 -q -- ./reader <numbers >told
again=$(sed -n 's/^threadmill replay //p' told)
holds 'a replay reads the input it is given' grep -q 'exit code was 7' <<<"$("$program" replay "$again" <numbers)"

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

# Where every schedule was cut nothing is known, of a program or of a cell.
expect 4 'no schedule was seen to its end' hunt --schedules 3 --seed 1 -q --steps 100 -o cut.json -- ./long
holds 'the document says that all were cut' grep -q '"verdict": "cut"' cut.json
expect 4 '^fork-join +locked +2 threads  CUT: no schedule was seen to its end: each of 3 was cut' \
    hunt fork-join --strategy locked --set n=14 --schedules 3 --seed 1 -q --steps 2000 -o cut.json
holds 'and of a cell' grep -q '"verdict": "cut"' cut.json
expect 0 'Nothing could be judged: 0 clean, 1 not seen to an end' report cut.json --format html
# Unless it is set otherwise, a scenario is as small as a hunt needs it.
expect 0 '^1 clean,' hunt fork-join --strategy locked --schedules 3 --seed 1 -q --steps 20000

# Wrong use.
expect 2 'needs a program' hunt --
expect 2 'no strategy' hunt --explore rnadom -- ./counter
expect 2 'are both' hunt counter -- ./counter
expect 2 "a program of yours is ./counter" hunt -- counter
expect 0 'examples:' hunt --help
expect 0 'examples:' replay --help
expect 0 'examples:' cc --help
expect 0 'examples:' c++ --help

# Scenarios: controls are caught, the rest is clean, and a finding's token works.
expect 0 'clean, 1 controls caught, 0 controls not caught, 0 findings' hunt counter --schedules 500 --seed 3 -q
expect 0 'caught: ' hunt aba transfer singleton --schedules 500 --seed 3 -q
expect 2 "no scenario 'conter'" hunt conter
expect 1 'data race' hunt --schedules 10 --seed 1 -q -- threadmill-hunt counter unsafe threads=2
expect 1 'data race' replay "$(token)"

# A litmus test: the table of what interleavings give, whatever the number of processes; a race is no outcome.
expect 0 '^    0, 0 +0  forbidden ' hunt store-buffering --strategy seq-cst --schedules 300 --seed 1 -q
expect 0 'schedules are sequentially consistent' hunt store-buffering --strategy relaxed --schedules 300 --seed 1 -q
table=$(grep '^    ' <<<"$output")
holds 'each test is counted' test "$(awk '{n += $3} END {print n}' <<<"$table")" = 900
expect 0 '^    0, 0 +0  interesting' hunt store-buffering --strategy relaxed --schedules 300 --seed 1 -q -j 2
holds 'processes count into one table' test "$(grep '^    ' <<<"$output")" = "$table"
expect 0 '^    both orders seen +0  forbidden' hunt independent-reads --strategy seq-cst --threads 4 --schedules 100 --seed 1 -q
expect 0 'caught: data race' hunt store-buffering --strategy plain --schedules 100 --seed 1 -q

# C++.
cat >thread.cc <<'C'
#include <mutex>
#include <thread>
static std::mutex mutex;
static int count;
int main()
{
    auto add = [] {
        std::lock_guard<std::mutex> hold(mutex);
        count++;
    };
    std::thread one(add), two(add);
    one.join();
    two.join();
    return count == 2 ? 0 : 1;
}
C
holds 'a C++ program compiles' "$program" c++ -O1 -g -o thread thread.cc
expect 0 'no failure' hunt --schedules 200 --seed 1 -q -- ./thread

tally

#!/usr/bin/env bash
# 'threadmill cc', 'hunt' and 'replay' as their users meet them: exit codes, tokens, budgets, input. One argument: the program.
set -u
program=$1
# shellcheck source=bench/prey.sh
. "$(dirname "$0")/prey.sh"

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
# Where every schedule was cut nothing is known, of a program or of a cell.
expect 4 'no schedule was seen to its end' hunt --schedules 3 --seed 1 -q --steps 100 -o cut.json -- ./long
holds 'the document says that all were cut' grep -q '"verdict": "cut"' cut.json
expect 4 '^fork-join +locked +2 threads  CUT: no schedule was seen to its end: each of 3 was cut' \
    hunt fork-join --strategy locked --set n=14 --schedules 3 --seed 1 -q --steps 2000 -o cut.json
holds 'and of a cell' grep -q '"verdict": "cut"' cut.json
expect 0 'Nothing could be judged: 0 clean, 1 not seen to an end' report cut.json --format html
# Unless it is set otherwise, a scenario is as small as a hunt needs it.
expect 0 '^1 clean,' hunt fork-join --strategy locked --schedules 3 --seed 1 -q --steps 20000

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

# Locks and records: an order that is missing, a wake that is missing, and what the calls were told.
expect 0 'missing-fence .*caught: data race' hunt critical-section --strategy missing-fence,missing-wake --schedules 200 --seed 1 -q
holds 'who sleeps on is told' grep -q 'missing-wake .*caught: deadlock' <<<"$output"
expect 0 'early-release .*caught: not linearizable' hunt critical-section --strategy early-release --no-races --schedules 500 --seed 1 -q
expect 0 'barging .*caught: not linearizable' hunt read-write --strategy barging --no-races --schedules 500 --seed 1 -q
expect 0 'unprotected .*caught: not linearizable' hunt read-mostly --strategy unprotected --no-races --schedules 500 --seed 1 -q
expect 0 'read-mostly .*seqlock .*clean' hunt read-write read-mostly --schedules 100 --seed 1 -q

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

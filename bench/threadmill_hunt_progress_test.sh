#!/usr/bin/env bash
# 'threadmill hunt --progress': who claims lock-freedom ends its operations while another thread is suspended at any of its
# points; who holds a lock there does not, whatever it says of itself. And how many of the schedules of a hunt differ.
# One argument: the program.
set -u
program=$1
# shellcheck source=bench/expect.sh
. "$(dirname "$0")/expect.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

token() {
    sed -n 's/^threadmill replay //p' <<<"$output"
}

# The command asks only strategies that claim it; the program that it starts can be asked of any.
expect 1 'no progress: thread [12] is suspended for good at point [0-9]+ of its operations' \
    hunt --progress --schedules 500 --seed 1 -q -- threadmill-hunt producers-consumers hidden-lock
holds 'it names where the suspended thread stands' grep -qE '#[0-9] .* (hidden_lock|linked_items)\.[ch]:[0-9]+' <<<"$output"
holds 'it names who waits for what' grep -qE 'waits for mutex 0x[0-9a-f]+, which thread [12] holds' <<<"$output"
holds 'the schedule says when' grep -qE -- '-- thread [12] is suspended for good' <<<"$output"
first=$(token)
expect 1 'no progress: ' replay "$first"
before=$output
expect 1 'no progress: ' replay "$first"
holds 'a replay prints the same text each time' test "$output" = "$before"
expect 1 'no progress: ' hunt --progress --schedules 500 --seed 1 -q -j 3 -- threadmill-hunt producers-consumers hidden-lock
holds 'what is found does not depend on -j' test "$(token)" = "$first"
expect 1 'no progress: ' hunt --progress --schedules 500 --seed 1 -q --engine threads -- threadmill-hunt producers-consumers hidden-lock
holds 'both engines find the same' test "$(token)" = "$first:engine=threads"
expect 2 "option 'suspend=0.3'" replay "${first%:suspend=*}:suspend=0.3"
expect 2 "option 'suspend=1'" replay "${first%:suspend=*}:suspend=1"

# Every explorer finds it, also where the lock is one that is waited for by looking.
for strategy in random pct pos urw surw exhaustive; do
    expect 1 'no progress: ' hunt --progress --schedules 500 --seed 1 -q --raw --explore $strategy -- threadmill-hunt counter mutex
    expect 1 'no progress: .*(no other can go on|take steps without end)' hunt --progress --schedules 500 --seed 1 -q --raw \
        --steps 20000 --explore $strategy -- threadmill-hunt counter lock-ttas
done

# What makes progress; each thread is suspended at each of its points.
expect 0 'a thread was suspended at ([0-9]+) of \1 points' hunt --progress --schedules 500 --seed 1 -q -- threadmill-hunt counter cas
expect 0 'clean: .* a thread suspended at ([0-9]+) of \1 points' hunt --progress --schedules 100 --seed 1 -q counter --strategy cas
expect 0 ' 0 findings' hunt --progress --schedules 300 --seed 1 -q producers-consumers aba counter
# Who waits for a thread that is suspended, by looking, is told that the run is over.
expect 0 ' 0 findings' hunt --progress --schedules 120 --seed 1 -q pool-latency
holds 'others are counted' grep -qE '^[0-9]+ others claim no progress guarantee' <<<"$output"
expect 0 'not hunted: a caller waits for the answer' hunt --progress --schedules 50 --seed 1 -q ping-pong

# Wait-freedom: a loop that tries again has no bound, one addition has.
expect 1 'no progress: thread [12] has taken more than [0-9]+ steps' hunt --progress --wait-free --schedules 200 --seed 1 -q -- \
    threadmill-hunt counter cas
held=$(token)
holds 'its token says who is held back' grep -qE ':hold=[12]\.[0-9]+\.[0-9]+$' <<<"$held"
expect 1 'no progress: thread [12] has taken more than' replay --brief "$held"
expect 0 'a thread was suspended at ([0-9]+) of \1 points' hunt --progress --wait-free --schedules 200 --seed 1 -q -- threadmill-hunt counter atomic
# One that pauses after a failure is not judged: it may have waited.
expect 0 'no failure' hunt --progress --wait-free --schedules 60 --steps 20000 --seed 1 -q -- threadmill-hunt counter cas-backoff
expect 2 "option 'hold=1.3'" replay "${held%:hold=*}:hold=1.3"

# It is a part of each hunt of what claims it.
expect 0 'clean: 100 schedules, .* a thread suspended at [0-9]+ of [0-9]+ points' hunt counter --strategy atomic --schedules 100 --seed 1 -q

# Programs of the user's say nothing of operations.
if command -v clang >/dev/null; then
    echo 'int main(void) { return 0; }' >plain.c
    holds 'it compiles' "$program" cc -o plain plain.c
    expect 0 '^20 schedules, 1 of them distinct, in' hunt --explore random --schedules 20 --seed 1 -q -- ./plain
    expect 2 'does not say where they begin' hunt --progress --schedules 50 --seed 1 -q -- ./plain
fi

# Two threads of three additions: of their orders there are (6 over 3), however many schedules there are, and processes.
expect 0 '^3000 schedules, 20 of them distinct, in' hunt --classes --explore random --schedules 3000 --seed 1 -q -- \
    threadmill-hunt counter atomic threads=2 operations=3 history=0
expect 0 '^3000 schedules, 20 of them distinct, in' hunt --classes --explore pos --schedules 3000 --seed 2 -q -j 3 -- \
    threadmill-hunt counter atomic threads=2 operations=3 history=0
expect 0 'clean: 500 schedules, (1[5-9]|20) of them distinct' hunt --classes --explore random --schedules 500 --seed 1 -q --no-histories counter --strategy atomic
expect 0 '^50 schedules in' hunt --explore random --schedules 50 --seed 1 -q -- threadmill-hunt counter atomic

tally

#!/usr/bin/env bash
# What only a history shows, for each model: told by 'threadmill hunt' of the object that answers wrongly, and not of its twin.
# Two arguments: the program, and threadmill-answers (bench/answers).
set -u
program=$1
answers=$2
# shellcheck source=bench/expect.sh
. "$(dirname "$0")/expect.sh"

models=(counter number cached queue drop_oldest stack lock rwlock event barrier future)
for model in "${models[@]}"; do
    expect 1 '^not linearizable: [a-z-]+ [0-9]+ is not linearizable: [0-9]+ of [0-9]+ calls show it' \
        hunt --schedules 2000 --seed 1 -q -- "$answers" answers wrong "model=$model" threads=2 operations=4
    holds "$model: the timeline is shown" grep -qE '^ +T[01] +T[1-9]' <<<"$output"
    holds "$model: and why it cannot go on" grep -q 'Then it cannot go on' <<<"$output"
    expect 0 'no failure' hunt --schedules 300 --seed 1 -q -- "$answers" answers right "model=$model" threads=2 operations=4
    holds "$model: all of it was judged" test -z "$(grep 'could be looked for' <<<"$output")"
done

# It is reduced and played again as any other failure is, and found by each strategy.
expect 1 'reduced from [0-9]+ to 1 preemptions' hunt --schedules 2000 --seed 1 -q -- "$answers" answers wrong model=counter
token=$(sed -n 's/^threadmill replay //p' <<<"$output")
told=$(sed -n '/^counter 0 is/,/of the schedule/p' <<<"$output")
expect 1 '^not linearizable: counter 0' replay "$token"
holds 'a replay tells the same timeline' test "$told" = "$(sed -n '/^counter 0 is/,/of the schedule/p' <<<"$output")"
for strategy in random pct pos urw surw exhaustive; do
    expect 1 '^not linearizable: queue 0' hunt --schedules 5000 --seed 1 -q --explore $strategy -- "$answers" answers wrong \
        model=queue operations=2
done

# Without a history nobody notices.
expect 0 'no failure' hunt --schedules 500 --seed 1 -q -- "$answers" answers wrong model=counter history=0
expect 0 '^aba +tagged .* clean' hunt aba --strategy tagged --no-histories --schedules 50 --seed 1 -q

# What finds no room in the log is said.
expect 0 'in 50 of them not all races, late accesses and wrong answers could be looked for' \
    hunt --schedules 50 --seed 1 -q -- threadmill-hunt aba tagged nodes=1000

# Whose column is whose.
expect 1 'T0 is thread [12], T1 is thread [12] of the schedule' hunt --schedules 500 --seed 1 -q -- "$answers" answers wrong model=stack

tally

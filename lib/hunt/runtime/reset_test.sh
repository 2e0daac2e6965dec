#!/usr/bin/env bash
# Schedules that share a process against the same ones in a process each: step by step, by the hash that 'threadmill hunt
# --trace-hash' prints. And a program whose schedules do not begin anew, which that must show. Arguments: threadmill, and
# reset_target.c as a program.
set -u
threadmill=$1
target=$2
schedules=150
seed=7
failures=0

# hash_of FLAG... -- PROGRAM WORD...: what all steps come to, or what was said instead
hash_of() {
    local said
    said=$("$threadmill" hunt --schedules $schedules --seed "$seed" --quiet --trace-hash "$@" 2>&1)
    sed -n 's/^trace hash //p' <<<"$said" | grep . || tr '\n' ' ' <<<"no hash: $said"
}

# check EQUAL|OTHER WHAT HASH HASH
check() {
    local relation=OTHER
    [[ $3 == "$4" && $3 =~ ^[0-9a-f]{16}$ ]] && relation=EQUAL
    if [[ $relation != "$1" || ! $3 =~ ^[0-9a-f]{16}$ || ! $4 =~ ^[0-9a-f]{16}$ ]]; then
        echo "FAILED: $2: '$3' and '$4', wanted $1"
        failures=$((failures + 1))
    fi
}

for strategy in random pct pos urw surw portfolio; do
    alone=$(hash_of --fork --explore $strategy -- "$target")
    check EQUAL "$strategy: in one process as in a process each" "$(hash_of --explore $strategy -- "$target")" "$alone"
    check EQUAL "$strategy: side by side" "$(hash_of --explore $strategy -j 3 -- "$target")" "$alone"
    check OTHER "$strategy: what outlives a schedule shows" \
        "$(hash_of --explore $strategy -- "$target" leaks)" "$(hash_of --fork --explore $strategy -- "$target" leaks)"
done
check OTHER 'another seed is another run' "$(hash_of -- "$target")" "$(seed=8 hash_of -- "$target")"

for cell in 'counter atomic' 'counter mutex' 'counter lock-mcs' 'aba tagged' 'producers-consumers two-lock' 'producers-consumers ms-hazard' \
    'barrier condvar' 'transfer ordered' 'pool-tasks stealing' 'singleton call-once'; do
    # shellcheck disable=SC2086 # scenario and strategy
    alone=$(hash_of --fork -- threadmill-hunt $cell threads=2 operations=2)
    # shellcheck disable=SC2086
    check EQUAL "$cell" "$(hash_of -- threadmill-hunt $cell threads=2 operations=2)" "$alone"
done

[[ $failures == 0 ]] && echo 'every run is the same'
exit $((failures > 0))

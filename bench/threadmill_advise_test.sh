#!/usr/bin/env bash
# Tests of `threadmill advise`: what it answers, and what it refuses. Usage: threadmill_advise_test.sh THREADMILL
set -u
program=$(readlink -f "$1")
# shellcheck source=bench/expect.sh
. "$(dirname "$(readlink -f "$0")")/expect.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

brief=(--strategy "pthread,futex" --threads 2 --rounds 2 --window 5ms --attempts 1)

expect 0 'advise --hold 100ns --think 1us --threads 4' advise --help
expect 2 "hold" advise --hold abc
expect 2 "threads" advise --threads 0
expect 2 "reads" advise --reads 101
expect 2 "no-such-lock" advise --strategy no-such-lock --quiet
expect 2 "absent.profile" advise --profile absent.profile
printf 'hold=50ns\nspeed=7\n' >odd.profile
expect 2 "odd.profile: 'speed' is not understood; a profile has lines like hold=100ns" advise --profile odd.profile
expect 3 '/nowhere/a.json' advise "${brief[@]}" --quiet -o /nowhere/a.json

# Two rounds decide nothing: under --strict that is exit code 4, whatever the machine is like.
expect 4 '2 threads; the lock is held for 100 ns, and left for 1.00 us in between' advise "${brief[@]}" --strict -o a.json
expect 0 'critical-section  hold=100ns think=1us lines=0' report a.json
printf '# as measured\nhold=50ns\nthink=0\n' >as-measured.profile
expect 0 'the lock is held for 50.0 ns' advise --profile as-measured.profile "${brief[@]}" --quiet
expect 0 '90 of 100 operations only read' advise --reads 90 --strategy pthread,central --threads 2 --rounds 2 \
    --window 5ms --attempts 1 --quiet
tally

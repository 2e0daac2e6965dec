#!/usr/bin/env bash
# `threadmill stress` as its users meet it: exit codes, messages, the document. One argument: the program, beside which
# the sanitizers' programs stand. Skipped (77) where they were not built.
set -u
program=$1
subject=stress
# shellcheck source=bench/expect.sh
. "$(dirname "$0")/expect.sh"
if ! [ -x "$program-tsan" ] || ! [ -x "$program-asan" ]; then
    echo 'SKIPPED: the flavours tsan and asan are not built'
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

# Help, and wrong use.
expect 0 'examples:' --help
expect 2 "there is no scenario 'conter'; did you mean 'counter'" conter
expect 2 "called 'mutx'; did you mean 'mutex'" counter --strategy mutx
expect 2 "there is no tool 'tsam'; did you mean 'tsan'" counter --with tsam
expect 2 "names 'tsan' twice" counter --with tsan,asan,tsan
expect 2 "'--with' needs a value" counter --with

# A control is found, and what is right is clean; the seed is told. Where the machine is so busy that the threads hardly ever run at
# once, ThreadSanitizer was seen to miss the race that the count shows; that of missing-fence, below, is between turns.
expect 0 'tsan: counter/unsafe \(2 threads\): (ThreadSanitizer: data race: add \(lib/sync/counter_unsafe.c:[0-9]+\)|lost-update)' \
    counter --strategy unsafe,mutex --threads 2 --with tsan --window 300ms --seed 7 -o one.json
expect 0 'findings: 0; cells: 1 passed, 1 controls found, .* 3 unsupported, 0 unavailable; seed 7$' \
    counter --strategy none,unsafe,mutex,lock-nsync,lock-ck-mcs --threads 2 --with tsan --seed 7 -o two.json
expect 0 'ThreadSanitizer cannot see its atomic operations: critical-section/nsync' \
    critical-section --strategy pthread,nsync --threads 2 --with tsan,asan --quiet
expect 0 'threadmill: tsan, ThreadSanitizer, seed [0-9]+$' critical-section --strategy pthread --threads 2 --with tsan

# Nothing but the order is missing, and nothing but the wake.
expect 0 'tsan: critical-section/missing-fence .*: ThreadSanitizer: data race: [a-z_]+ \((lib|scenarios)/' \
    critical-section --strategy missing-fence,ttas --threads 2 --with tsan --quiet
expect 0 ' 1 controls found' critical-section --strategy missing-wake --threads 2 --with tsan --timeout 2s --rounds 1 --quiet

# What a history shows is checked beside what the sanitizer sees; outcomes are counted.
expect 0 '^histories: 2 linearizable, 0 not, 0 undecided' counter --strategy mutex,atomic --threads 2 --with tsan --quiet
expect 0 '^findings: 0' counter --strategy mutex --threads 2 --with asan --history 0 --quiet
holds 'without a history none is told' test -z "$(grep '^histories' <<<"$output")"
expect 0 '^store-buffering/seq-cst, 2 threads, asan  +times  grade' store-buffering --strategy seq-cst --threads 2 --with asan --quiet
expect 0 'tsan: store-buffering/plain .*: ThreadSanitizer: data race' store-buffering --strategy plain --threads 2 --with tsan --quiet
expect 2 "'many' is no value for --history" counter --history many

# The same seed, the same runs.
seeds_of() { grep -o '"seed": [0-9]*' "$1" | sort -u; }
"$program" stress counter --strategy unsafe,mutex --threads 2 --with tsan --window 300ms --seed 7 --quiet -o again.json >again.txt 2>&1
"$program" stress counter --strategy unsafe,mutex --threads 2 --with tsan --window 300ms --seed 8 --quiet -o other.json >other.txt 2>&1
checks=$((checks + 2))
[ "$(seeds_of one.json)" = "$(seeds_of again.json)" ] || { failed=$((failed + 1)); echo 'FAILED: the seed decides the runs'; }
[ "$(seeds_of one.json)" != "$(seeds_of other.json)" ] || { failed=$((failed + 1)); echo 'FAILED: another seed, other runs'; }

# A control that is not found is a finding; what else did not come to its turn leaves the answer open.
expect 1 'control NOT FOUND: counter/unsafe, 2 threads, under asan' counter --strategy unsafe --threads 2 --with asan --time 1ns
expect 4 'not run, asan: the time was over before its turn: counter/mutex' counter --strategy mutex --threads 2 --with asan \
    --time 1ns
expect 2 'correct for one thread only' counter --strategy none --threads 2 --with tsan
expect 3 'cannot write /nowhere/r.json' counter --with tsan -o /nowhere/r.json

# A tool that is not here is told, and is an error when it was named.
mkdir bin && cp "$program" bin/threadmill
checks=$((checks + 3))
bin/threadmill stress counter --strategy mutex --threads 2 --with tsan --quiet >missing.txt 2>&1
if [ $? -ne 3 ] || ! grep -q 'tsan unavailable: there is no program .*/bin/threadmill-tsan' missing.txt; then
    failed=$((failed + 1)); echo 'FAILED: a program that is missing'; cat missing.txt
fi
PATH=/nowhere "$program" stress counter --strategy mutex --threads 2 --with asan --quiet >asan.txt 2>&1 ||
    { failed=$((failed + 1)); echo 'FAILED: asan needs nothing of PATH'; /bin/cat asan.txt; }
PATH=/nowhere "$program" stress counter --strategy mutex --threads 2 --with helgrind --quiet >valgrind.txt 2>&1
if [ $? -ne 3 ] || ! grep -q 'helgrind unavailable: there is no valgrind in PATH' valgrind.txt; then
    failed=$((failed + 1)); echo 'FAILED: valgrind that is missing'; cat valgrind.txt
fi

# Valgrind, where it is: a race, and what it cannot judge.
if command -v valgrind >/dev/null && [ -r /usr/include/valgrind/helgrind.h ]; then
    expect 0 'Helgrind: data race: add \(lib/sync/counter_unsafe.c' counter --strategy unsafe --threads 2 --with helgrind \
        --window 20ms
    expect 2 'Valgrind takes its atomic operations for plain ones: counter/atomic' counter --strategy atomic --threads 2 \
        --with drd
fi

tally

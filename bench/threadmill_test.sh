#!/usr/bin/env bash
# The command `threadmill` as its users meet it: exit codes, messages, files. One argument: the program.
set -u
program=$1
# shellcheck source=bench/expect.sh
. "$(dirname "$0")/expect.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

brief=(--rounds 1 --window 5ms --warmup 1ms --slice 1ms --quiet)

has_no_colour() {
    ! "$program" report "$1" | grep -q $'\033'
}

# Help, and wrong use.
expect 0 'usage: threadmill COMMAND' --help
expect 0 'threadmill [0-9]' --version
expect 2 'usage' 
expect 0 'over all threads of all roles' run --help
expect 2 "there is no command 'rum'; did you mean 'run'" rum
for command in list run report doctor; do
    expect 0 'examples:' "$command" --help
done
expect 2 "no option '--strategies'; did you mean 'strategy'" run --strategies mutex
expect 2 "option '--threads' needs a value" run --threads
expect 2 "there is no scenario 'conter'; did you mean 'counter'" run conter
expect 2 "strategy of scenario 'counter' called 'mutx'; did you mean 'mutex'" run counter --strategy mutx
expect 2 "there is no strategy 'tiket'; did you mean 'ticket'" run --strategy tiket
expect 2 "has no parameter 'hld'; did you mean 'hold'" run critical-section --set hld=1us
expect 2 "'99h' is no value for parameter 'hold'" run critical-section --set hold=99h
expect 2 "'0' is no number of threads" run counter --threads 0
expect 2 "'sometimes' is no value for --latency" run counter --latency sometimes
expect 2 "'fast' is no value for --rate" run counter --rate fast
expect 2 "'tight' is no value for --pin" run counter --pin tight
expect 2 "'0' is no value for --rounds" run counter --rounds 0
expect 2 "no suite 'slow'; there is: quick" run --suite slow
expect 2 'does not go with --latency off' run counter --latency off --rate 100
expect 2 "'--rounds' is given twice, the second time with '3'" run counter --rounds 2 -r 3
expect 2 "no value for parameter 'think'|has no parameter 'think'" run critical-section --set hold=1us --set think=soon
expect 2 'needs a result' report
expect 2 'counter with none, 2 threads \(and 1 more\): correct for one thread only' run counter "${brief[@]}" \
    --strategy none --threads 2,4
expect 2 'nothing can be measured' run handoff "${brief[@]}" --threads 1 -o unsupported.json
expect 2 'handoff with .* 1 thread .*: the scenario.* needs? (at least|exactly) 2 threads' run handoff "${brief[@]}" --threads 1
holds 'nothing is written where nothing can be measured' test ! -e unsupported.json

# Files that cannot be read or written; nothing is measured for nothing, and nothing is left behind.
expect 3 "cannot write /nowhere/r.json: No such file" run counter "${brief[@]}" -o /nowhere/r.json
tells_full_disk() {
    "$program" "$@" >/dev/full 2>full.txt
    [ $? -eq 3 ] && grep -q 'standard output could not be written' full.txt
}
holds 'help on a full disk is told' tells_full_disk --help
holds 'the version on a full disk is told' tells_full_disk --version
holds "a command's help on a full disk is told" tells_full_disk run --help
expect 3 "cannot write /dev/full: No space left" run counter --strategy mutex --threads 1 "${brief[@]}" -o /dev/full
expect 0 'result: /dev/null' run counter --strategy mutex --threads 1 "${brief[@]}" -o /dev/null
holds '/dev/null is still a device' test -c /dev/null
expect 0 'mutex' run counter --strategy mutex --threads 1 "${brief[@]}" -o >(cat >through_pipe.json)
expect 3 "cannot read absent.json: No such file" report absent.json
printf '{"format": "threadmill-result", "vers' >truncated.json
expect 3 "'truncated.json' is not JSON, or not all of it" report truncated.json
printf '{"benchmarks": []}' >foreign.json
expect 3 "'foreign.json' is JSON, but no threadmill result" report foreign.json

# A run that goes well: table, document, histogram log; the document can be shown again.
expect 0 'result: good.json' run counter --strategy mutex,none --threads 1 "${brief[@]}" -o good.json --hlog good.hlog
expect 0 'mutex' report good.json
holds 'the document is there' test -s good.json
holds 'the histogram log has the format its readers expect' grep -q '^#\[Histogram log format version 1.3\]' good.hlog
holds 'no temporary file is left' test "$(find . -name '.good.*' | wc -l)" -eq 0
expect 0 'result: results/runs/[0-9TZ]+-[0-9]+.json' run counter --strategy mutex --threads 1 "${brief[@]}"
"$program" run counter --strategy mutex --threads 1 "${brief[@]}" >/dev/null 2>&1 &
"$program" run counter --strategy mutex --threads 1 "${brief[@]}" >/dev/null 2>&1 &
wait
holds 'runs of one second have a result each' test "$(find results/runs -name '*.json' | wc -l)" -eq 3

"$program" run critical-section --strategy mcs --threads 2 "${brief[@]}" -o spans.json >/dev/null
holds 'the spans of an operation are in the document' grep -q '"handover"' spans.json

# Standard output is for the machine under --json, and nothing else is on it.
"$program" run counter --strategy mutex --threads 1 "${brief[@]}" --json 2>/dev/null >piped.json
expect 0 'mutex' report piped.json
holds 'nothing is written beside --json' test ! -e results/runs/piped.json
holds 'no colour goes into a pipe' has_no_colour good.json

# A full disk: a clear error, and what was there stays as it was. (The limit is in blocks of 1024 bytes.)
cp good.json precious.json
(
    ulimit -f 1
    trap '' XFSZ
    "$program" run counter --strategy mutex --threads 1 "${brief[@]}" -o precious.json >/dev/null 2>full.txt
)
code=$?
holds 'a full disk ends with exit code 3' test "$code" -eq 3
holds 'a full disk is named' grep -q "cannot write precious.json: File too large" full.txt
holds 'what was there is kept' cmp -s good.json precious.json
holds 'no temporary file is left on a full disk' test "$(find . -name '.precious.*' | wc -l)" -eq 0

# Streams that are closed: the result stays a result.
"$program" run counter --strategy mutex --threads 1 "${brief[@]}" -o closed.json >/dev/null 2>&-
expect 0 'mutex' report closed.json
"$program" run counter --strategy mutex --threads 1 "${brief[@]}" -o silent.json 2>/dev/null >&-
holds 'a closed standard output is an error' test $? -eq 3
expect 0 'mutex' report silent.json
expect 2 'empty one' run counter "${brief[@]}" -o ''
expect 2 'both .same' run counter "${brief[@]}" -o same --hlog same
printf -v foreign '\\xff.json'
expect 0 'mutex' run counter --strategy mutex --threads 1 "${brief[@]}" -o "$foreign"
expect 2 'no slice would fit' run counter --window 5ms --slice 10ms

# One seed, one order, whatever was rejected on the way.
order_of() {
    "$program" run counter --strategy mutex,atomic,cas --threads 1 --rounds 4 --window 5ms --warmup 1ms --seed "$1" -q \
        -o "order$2.json" >/dev/null 2>&1
    tr -d ' \n' <"order$2.json" | grep -oE '"cell":[0-9]+,"round":[0-9]+,"attempt":1,"kind":"[a-z]+","seed":[0-9]+'
}
holds 'the seed decides order and seeds' test "$(order_of 7 a)" = "$(order_of 7 b)"
holds 'another seed, another order' test "$(order_of 7 a)" != "$(order_of 8 c)"

# On one processor a control need not be caught.
if command -v taskset >/dev/null; then
    checks=$((checks + 1))
    taskset -c 0 "$program" run counter --strategy unsafe --threads 2 "${brief[@]}" -o one.json >one.txt 2>&1 ||
        { failed=$((failed + 1)); printf 'FAILED: a control on one processor:\n'; cat one.txt; }
fi

# Controls are caught, and an uncaught one would be a finding.
expect 0 'caught' run counter --strategy unsafe --threads 2 --rounds 1 --window 100ms --quiet -o control.json

# A lock that forgets to wake: whoever sleeps is ended by the watchdog, which is what was expected.
expect 0 'control: caught \(hung\): missing-wake at 2 threads .*the watchdog ended it' run critical-section --strategy missing-wake \
    --threads 2 --rounds 1 --window 50ms --latency off --timeout 1s --quiet -o asleep.json
holds 'the stacks show where it sleeps' grep -q 'acquire futex.h' asleep.json

# Ctrl-C keeps and writes what was measured, and says that it was interrupted.
"$program" run counter --strategy mutex --threads 1 --rounds 1000 --window 5ms --warmup 1ms --quiet -o partial.json \
    >partial.txt 2>&1 &
runner=$!
# A second child says that the first sample was taken.
first=''
for _ in {1..3000}; do
    kill -0 "$runner" 2>/dev/null || break
    child=$(cat "/proc/$runner/task/$runner/children" 2>/dev/null) # its line has no end, which `read` takes for none
    child=${child%% *}
    if [ -n "$first" ] && [ -n "$child" ] && [ "$child" != "$first" ]; then break; fi
    first=${first:-$child}
    sleep 0.02
done
kill -INT "$runner"
wait "$runner"
holds 'an interrupted run ends with 130' test $? -eq 130
holds 'an interrupted run writes what it has' grep -q '"interrupted": true' partial.json
expect 0 'mutex' report partial.json

# list is for people and for programs.
expect 0 'critical-section' list
expect 0 '^queue: ' list
holds 'each family is listed once' test "$("$program" list | grep -c '^  strategies ')" \
    -eq "$("$program" list | grep -c '^[a-z-]*: ')"
holds 'each scenario is listed once' test "$("$program" list | grep -c '^  producers-consumers ')" -eq 1
holds 'no line is longer than it should be' test -z "$("$program" list | grep -E '.{101}')"
expect 0 'spsc, bounded, FIFO; wait-free' list queue-latency
expect 0 '"shape": "mpmc, bounded, FIFO"' list --json
expect 0 '^histories: 1 linearizable, 0 not, 0 undecided \([0-9]+ calls' run counter --strategy atomic --threads 2 --history 100 \
    --rounds 1 --latency off --quiet -o history.json
expect 0 '^store-buffering, seq-cst, 2 threads  +times' run store-buffering --strategy seq-cst --threads 2 --rounds 1 --latency off \
    --quiet -o litmus.json
expect 2 "'x' is no value for --history" run counter --history x
expect 2 "'100001' is no value for --history" run counter --history 100001
expect 0 'hold' list critical-section
expect 2 "there is no scenario 'cuonter'; did you mean 'counter'" list cuonter
expect 0 '"format": "threadmill-list"' list --json

tally

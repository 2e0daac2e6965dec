#!/usr/bin/env bash
# `threadmill compare` as its users meet it: exit codes, messages, the document. One argument: the program. It runs on
# machines that are busy: --calibration off, so that no sample is rejected, and slowdowns of five times.
# shellcheck disable=SC2016,SC2054 # programs that are written expand themselves; options have commas
set -u
program=$1
subject=compare
# shellcheck source=bench/expect.sh
. "$(dirname "$0")/expect.sh"
schema=$(cd "$(dirname "$0")/../results/schema" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
build=$(cd "$(dirname "$program")/.." && pwd)

sides=(--base "$build" --head "$build")
patient=(--window 150ms --warmup 1ms --calibration off --quiet --seed 6) # a busy machine lets every thread in
brief=(--window 5ms --warmup 1ms --calibration off --quiet --seed 6)

# Help, and wrong use.
expect 0 'examples:' --help
expect 2 'say what is to be compared: --base DIR --head DIR'
expect 2 'say what is to be compared' counter
expect 2 "'/nowhere': there is no program /nowhere/bin/threadmill; give a build folder" --base /nowhere counter
expect 2 'there is a head and no base' --head "$build" counter
expect 2 '--base and --base-ref both' --base "$build" --base-ref main counter
expect 2 'three things to compare; ask for one' "${sides[@]}" --by strategy counter
expect 2 "no value for --by: it takes strategy" --by scenario counter
expect 2 '--against names a strategy' "${sides[@]}" --against mutex counter
expect 2 "--against 'futex': it is none of the strategies that are measured" --by strategy counter --strategy mutex,atomic \
    --against futex
expect 2 "there is no scenario 'conter'; did you mean 'counter'" "${sides[@]}" conter
expect 2 "'0' is no value for --margin" "${sides[@]}" --margin 0 counter
expect 2 "'wide' is no value for --margin" "${sides[@]}" --margin wide counter
expect 2 "there is no metric 'p90'" "${sides[@]}" --metric p90 counter
expect 2 'no metric is left' "${sides[@]}" --metric p50 --latency off counter
expect 2 "no value for parameter 'hold'" "${sides[@]}" --head-set hold=soon critical-section
expect 2 'nothing can be compared of what was asked for' "${sides[@]}" counter --strategy none --threads 2
expect 2 'a control: a mistake kept on purpose' "${sides[@]}" counter --strategy unsafe --threads 2
expect 2 'compared two at a time' old.json
expect 3 'cannot read old.json' old.json new.json
expect 3 'cannot write /nowhere/c.json' "${sides[@]}" counter --strategy mutex --threads 1 --rounds 6 -o /nowhere/c.json
mkdir -p broken/bin && printf '#!/bin/sh\necho 7\n' >broken/bin/threadmill && chmod +x broken/bin/threadmill
expect 3 "it is no threadmill" --base broken counter
git init -q repository
in_repository() { (cd repository && "$program" compare "$@") >ref.txt 2>&1; }
in_repository --base-ref nowhere counter
holds 'a reference that git does not know is wrong use' test $? -eq 2
holds 'and is named' grep -q "base-ref 'nowhere': git knows no commit of this name" ref.txt

# A build against itself: with so wide a margin nothing can regress, and the last line counts.
counts='^[0-9]+ regressed, [0-9]+ improved, [0-9]+ equivalent, [0-9]+ inconclusive, [0-9]+ untrusted$'
expect 0 "$counts" "${sides[@]}" counter --strategy mutex --threads "1,$(($(nproc) + 1))" --rounds 14 --margin 1000 "${brief[@]}" -o aa.json
holds 'it is the last line' grep -qE "$counts" <(tail -n 1 <<<"$output")
holds 'A/A is told' grep -q 'A/A: base against base, in the same rounds' <<<"$output"
holds 'rows beyond the processors do not gate' grep -q 'does not gate: more threads than processors' <<<"$output"

# Work that is injected on one side is seen, confirmed and exits with 1. For one thread the p50 of an operation is the work.
slow=(critical-section --strategy pthread --threads 1 --set think=1us,hold=1us --metric p50)
expect 1 '^[1-9][0-9]* regressed' "${sides[@]}" "${slow[@]}" --rounds 16 "${patient[@]}" --head-set hold=5us -o slow.json
holds 'it was measured again' grep -q 'regressed, and again: ' <<<"$output"
holds 'what differs is told' grep -q 'differs: parameters: none | hold=5us' <<<"$output"

# Too few rounds decide nothing: told before, and under --strict no answer.
few=("${sides[@]}" "${slow[@]}" --rounds 5 "${brief[@]}" --head-set hold=5us)
expect 0 '5 rounds can decide nothing: a table of 1 rows needs 6' "${few[@]}"
expect 4 '^0 regressed, 0 improved, 0 equivalent, 1 inconclusive, 0 untrusted' "${few[@]}" --strict
expect 0 '"verdict": "inconclusive"' "${few[@]}" --json

# Strategies of one run, measured now; and a strategy that head does not have.
expect 0 'critical-section/mcs against pthread' --by strategy critical-section --strategy pthread,mcs --threads 1 \
    --set hold=1us --metric p50 --rounds 8 --margin 900 "${brief[@]}" -o strategies.json
expect 2 'counter with mutex, 1 threads: there is nothing to compare it with' --by strategy counter --strategy mutex --threads 1 \
    --rounds 2 "${brief[@]}"
mkdir -p old/bin
printf '#!/bin/sh\n[ "$1" = --version ] && exec "%s" --version\necho "unknown strategy" >&2\nexit 3\n' "$program" >old/bin/threadmill
chmod +x old/bin/threadmill
expect 2 'base does not know it: unknown strategy' --base old counter --strategy mutex --threads 1 "${brief[@]}"

mkdir -p other/bin
printf '#!/bin/sh\n[ "$1" = --version ] && echo "threadmill 9.9 (plain, another)" && exit\nexec "%s" "$@"\n' "$program" >other/bin/threadmill
chmod +x other/bin/threadmill
expect 0 'differs: build: 9.9 \(plain, another\) \| [0-9]' --base other counter --strategy mutex --threads 1 --rounds 2 --margin 1000 \
    "${brief[@]}"

# A head that crashes is a finding; a base that does is none of head's.
mkdir -p crash/bin
printf '#!/bin/sh\n[ "$1" = --version ] && exec "%s" --version\nkill -SEGV $$\n' "$program" >crash/bin/threadmill
chmod +x crash/bin/threadmill
expect 1 'FINDING in head: counter/mutex, 1 threads: crashed' --base "$build" --head crash counter --strategy mutex --threads 1 \
    --rounds 6 "${brief[@]}" -o crash.json
expect 0 'FINDING in base: counter/mutex' --base crash --head "$build" counter --strategy mutex --threads 1 --rounds 6 "${brief[@]}"

# Instructions repeat: the same for a build and itself, more with more work, and not counted where time is waited for.
if command -v valgrind >/dev/null; then
    counted=(--instructions --metric throughput --threads 1 --rounds 6 --margin 1000)
    expect 0 'counter/atomic +1 +instructions .* 1.000 +1.000 to 1.000 +equivalent' "${sides[@]}" counter --strategy atomic \
        "${counted[@]}" "${brief[@]}"
    expect 1 'critical-section/pthread .* instructions .* regressed$' "${sides[@]}" critical-section --strategy pthread \
        "${counted[@]}" "${brief[@]}" --head-set lines=2 -o counted.json
    expect 0 'does not gate: its instructions do not repeat' "${sides[@]}" critical-section --strategy pthread --set hold=1us \
        "${counted[@]}" "${brief[@]}"
    expect 2 'it goes with --base' --by strategy counter --instructions
    checks=$((checks + 1))
    PATH=/nowhere "$program" compare "${sides[@]}" counter --strategy atomic --threads 1 --instructions >none.txt 2>&1
    if [ $? -ne 3 ] || ! grep -q 'there is no valgrind in PATH' none.txt; then
        failed=$((failed + 1)); echo 'FAILED: valgrind that is missing is told'; cat none.txt
    fi
else
    cp aa.json counted.json
fi

# Stored results: unpaired, and said to be weaker; what differs; what makes no sense.
"$program" run critical-section --strategy pthread,mcs --threads 1 --set hold=1us,think=1us --rounds 8 --window 5ms \
    --warmup 1ms --slice 1ms --quiet -o stored.json >run.txt 2>&1
accept() { # what a busy machine rejected is taken for good, so that there is something to compare
    /usr/bin/python3 - "$@" <<'PYTHON'
import json, sys
factor, source, target = float(sys.argv[1]), sys.argv[2], sys.argv[3]
document = json.load(open(source))
taken = {}
for sample in document["samples"]:
    if sample["status"] in ("ok", "rejected"):
        sample.update(status="ok", reason=None, trusted=True, mode="near")
        sample["operations_per_second"] = (1e6 + sample["round"]) * factor
        taken[(sample["cell"], sample["round"], sample["kind"])] = sample
document["samples"] = list(taken.values())
if factor < 1:
    document["build"]["commit"] = "another"
if factor > 1:
    document["settings"]["rate"] = 5.0
json.dump(document, open(target, "w"))
PYTHON
}
accept 1 stored.json base.json && accept 0.5 stored.json head.json && accept 2 stored.json rate.json
expect 1 'unpaired, and weaker' base.json head.json --metric throughput -o unpaired.json
holds 'the commits differ' grep -q 'differs: build.commit' <<<"$output"
expect 0 '^0 regressed, 0 improved, 2 equivalent, 0 inconclusive, 0 untrusted' base.json base.json --metric throughput
expect 2 'cannot be compared: an open loop' base.json rate.json
expect 0 'critical-section/mcs against pthread' --by strategy base.json --against pthread --metric throughput -o of-one.json
for option in --rounds=5 --strategy=mcs --threads=2 --set=hold=1us --rate=1k --time=1s --window=2ms --warmup=2ms --latency=off --seed=1; do
    expect 2 "${option%%=*} says how to measure: stored results are compared as they are" base.json head.json "${option%%=*}" "${option#*=}"
done
head -c 1000 base.json >cut.json
expect 3 'not JSON, or not all of it' base.json cut.json

# The doctor's own options; its numbers are for a quiet machine.
subject=doctor
expect 2 'go with --compare' --trials 20
expect 2 "'1' is no value for --trials" --compare --trials 1
expect 2 'go with --compare' --resume
expect 2 'name it with --output' --compare --resume
checks=$((checks + 1))
gate=(--compare --rounds 7 --window 2ms --calibration off --quiet -o gate.json)
other=(--compare --rounds 8 --window 2ms --calibration off --quiet -o gate.json)
"$program" doctor "${gate[@]}" --trials 2 --seed 6 >gate.txt 2>&1
code=$?
case $code in
0 | 1) grep -q '^  false alarms   [0-2] of 2 ' gate.txt && grep -q '"a_quarter_more": {' gate.json ;;
3) grep -q 'the machine is too busy to judge the gate on' gate.txt ;;
*) false ;;
esac || {
    failed=$((failed + 1))
    echo "FAILED: the doctor judges the gate, or says why not: exit code $code"
    cat gate.txt
}

# It goes on with what it has: nothing is left to do, or one comparison; what was made otherwise is refused.
trials() {
    sed -n '/"trials"/,$p' gate.json
}
if [ "$code" -ne 3 ]; then
    before=$(trials)
    expect "$code" '^  false alarms   [0-2] of 2 ' "${gate[@]}" --trials 2 --resume
    holds 'nothing was left to do' test "$(trials)" = "$before"
    expect 2 'is of --seed 6' "${gate[@]}" --trials 2 --resume --seed 7
    expect 2 'was made with another settings.rounds' "${other[@]}" --trials 2 --resume
    "$program" doctor "${gate[@]}" --trials 3 --resume >more.txt 2>&1
    holds 'the rest is compared' grep -q '^  false alarms   [0-3] of [23] ' more.txt
    holds 'what was there stays' test "$(trials | head -n "$(($(wc -l <<<"$before") - 3))")" = "$(head -n -3 <<<"$before")"
    expect 2 'has 4 comparisons; --trials asks for 3 in all' "${gate[@]}" --trials 2 --resume
fi
echo '{"format": "threadmill-result"}' >other.json
expect 3 "'other.json' is no document of" --compare --trials 2 --resume --quiet -o other.json

if ! /usr/bin/python3 -B "$schema/validate.py" aa.json slow.json strategies.json crash.json counted.json unpaired.json of-one.json >valid.txt 2>&1; then
    if [ "$(grep -c 'python3-jsonschema is missing' valid.txt)" -eq 0 ]; then
        failed=$((failed + 1)); echo 'FAILED: the documents are valid'; cat valid.txt
    fi
fi
checks=$((checks + 1))

tally

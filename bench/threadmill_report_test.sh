#!/usr/bin/env bash
# `threadmill report` in its formats and `threadmill history`, as their users meet them. One argument: the program.
set -u
program=$1
# shellcheck source=bench/expect.sh
. "$(dirname "$0")/expect.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

"$program" run counter --strategy mutex,unsafe,none --threads 2 --rounds 1 --window 20ms --warmup 1ms --quiet -o r.json >/dev/null 2>&1

# Formats are told by their name or by the file's, and options go with one alone.
expect 0 'examples:' report --help
expect 2 "there is no format 'yaml'; there is: table, .*markdown, junit, sarif, gbench, csv" report r.json --format yaml
expect 2 "'r.out' does not tell in which format; name it" report r.json -o r.out
expect 2 "'r.json2' does not tell" report r.json -o r.json2
expect 2 'needs the name of a file' report r.json -o ''
expect 2 "'--rows' goes with --format csv alone, not with table" report r.json --rows samples
expect 2 "'all' is no value for --rows" report r.json -f csv --rows all
expect 2 "'--verbose' goes with --format table alone, not with junit" report r.json -f junit --verbose
expect 0 '^### threadmill run: ' report r.json --format markdown
expect 0 '<testsuites>' report r.json -f junit
expect 0 '"version": "2.1.0"' report r.json -f sarif
expect 0 '"threadmill_left_out"' report r.json -f gbench
expect 0 '^scenario,parameters,strategy,' report r.json -f csv
expect 0 '^scenario,parameters,strategy,.*,round,attempt,' report r.json -f csv --rows samples
expect 0 'mutex' report r.json
expect 0 '' report r.json -o r.md
holds 'Markdown by its suffix' grep -q '^### threadmill run' r.md
expect 0 '' report r.json -o r.xml
holds 'JUnit by its suffix' grep -q '<testsuite ' r.xml
expect 0 '' report r.json -o r.sarif
holds 'SARIF by its suffix' grep -q sarif-schema r.sarif
expect 0 '' report r.json -o r.csv
holds 'CSV by its suffix' grep -q '^scenario,' r.csv
expect 0 '' report r.json -f gbench -o r.gbench.json
holds 'a name goes before a suffix' grep -q '"benchmarks"' r.gbench.json
expect 0 '' report r.json -o r.txt
has_no_colour() { ! grep -q $'\033' r.txt; }
holds 'a file has no colours' has_no_colour
expect 3 'cannot write /nowhere/r.md' report r.json -o /nowhere/r.md

# A document that a view has nothing of, and one of another make.
printf '{"format": "threadmill-history", "version": 1, "metric": {"name": "p50", "unit": "ns", "better": "lower"}, "margin": 0.1,
"given_twice": 0, "without": 0, "runs": [], "skipped": [], "series": []}' >h.json
expect 2 "'h.json' is a threadmill-history document, which has no view as sarif" report h.json -f sarif
expect 2 'of which there is no table here' report h.json
expect 3 "is JSON, but no threadmill result" report r.gbench.json
expect 3 '.\.margin: it is less than 0' report <(sed 's/0\.1/-1/' h.json)
expect 3 'no threadmill-result|no valid threadmill' report <(head -c 100000 r.json | sed 's/"round": 1/"round": 0/')

# History: made-up runs of ten days, of which the last four are slower by a third.
cat >make.py <<'END'
import json, sys
document = json.load(open("r.json"))
document["cells"], cell = document["cells"][:1], 0
document["cells"][0].update(unsupported=None, unavailable=False, strategy="mutex", control=False, must_show=False, expected=None)
samples = [s for s in document["samples"] if "operations" in s and s["kind"] == "throughput"]  # rejected, too: it is made up
document["samples"] = samples[:1]
document["summary"] = {"verdicts": [{"cell": 0, "verdict": "pass", "reason": None, "accepted": 1, "rejected": 0, "bad": 0}],
                       "rows": [], "leaders": [], "peers": []}
for day in range(1, 11):
    document["created"] = "2026-01-%02dT00:00:00Z" % day
    document["build"]["commit"] = "c%02d" % day
    document["samples"][0].update(cell=0, mode="near", status="ok", reason=None, trusted=True, findings=[], operations=1000,
                                  operations_per_second=(1e6 if day < 7 else 66e4) + 1e3 * (day % 3))
    json.dump(document, open("days/%02d.json" % ((day * 3) % 11), "w"))
END
mkdir days other && /usr/bin/python3 make.py
expect 0 'examples:' history --help
expect 2 'needs results' history
expect 2 "there is no metric 'speed'" history days --metric speed
expect 2 "'0' is no value for --margin" history days --margin 0
expect 2 'there is no result in what was named' history other
expect 0 '[▇█]\|▁' history days
expect 0 '^    -34% \(regressed\): .* between c06 \(2026-01-06T00:00:00Z\) and c07 \(.*\); 6 runs before, 4 since' history days
expect 0 '1 of them last for the worse' history days
expect 1 'regressed' history days --gate
expect 0 'shifted' history days --gate --margin 60
expect 0 '2 given twice counted once' history days days/01.json days/02.json
expect 0 '"verdict": "regressed"' history days --json
expect 0 'have no such number' history days --metric p99
expect 4 '' history days/01.json --strict
"$program" history days --json >history.json 2>/dev/null
expect 2 'of which there is no table here' report history.json # and so it is valid
cp h.json days/zz.json
expect 0 "zz.json' is a threadmill-history document, .*: left out" history days
expect 3 "'h.json' is a threadmill-history document" history days h.json
head -c 500 r.json >days/broken.json
expect 3 "broken.json' is not JSON, or not all of it" history days
expect 3 '1 of the results could not be read' history days
expect 1 'broken.json' history days --gate
expect 3 'cannot read absent.json' history absent.json
cp days/01.json "$(printf 'days/\xff.json')" 2>/dev/null
expect 3 'given twice' history days --metric fairness

tally

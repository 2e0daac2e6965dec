#!/usr/bin/env bash
# threadmill-bench: its JSON is what Google Benchmark's own compare.py reads. Arguments: the program, the python that
# Debian's libbenchmark-tools is for.
set -u
program=$1
compare=/usr/share/benchmark/compare.py
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if ! [ -e "$compare" ] || ! /usr/bin/python3 -c 'import numpy, scipy' 2>/dev/null; then
    echo "skipped: $compare, or numpy or scipy which it needs, is not installed"
    exit 77
fi
for side in a b; do
    "$program" --benchmark_filter='^counter/(atomic|mutex)/' --benchmark_min_time=0.01 \
        --benchmark_out="$scratch/$side.json" --benchmark_out_format=json >"$scratch/$side.txt" 2>&1 || {
        cat "$scratch/$side.txt"
        exit 1
    }
done
for name in 'counter/atomic/real_time/threads:1' 'counter/mutex/real_time/threads:2'; do
    grep -q "\"name\": \"$name\"" "$scratch/a.json" || {
        echo "FAILED: no benchmark '$name' in:"
        grep '"name"' "$scratch/a.json"
        exit 1
    }
done
grep -q '"p99_ns"' "$scratch/a.json" || {
    echo "FAILED: no latency percentile among the counters"
    exit 1
}
/usr/bin/python3 "$compare" benchmarks "$scratch/a.json" "$scratch/b.json" >"$scratch/compared.txt" 2>&1 || {
    echo "FAILED: compare.py refuses the JSON:"
    cat "$scratch/compared.txt"
    exit 1
}
grep -q 'counter/atomic/real_time/threads:1' "$scratch/compared.txt"

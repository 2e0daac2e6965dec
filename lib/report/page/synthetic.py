#!/usr/bin/python3 -B
"""usage: lib/report/page/synthetic.py [--strategies N] [--threads 1,2,4] [--rounds N] [--latency N] [--seed N] FILE

Writes a result document that nobody measured, valid by its schema: what a page looks like and how large it is, for any
number of strategies, threads and rounds. Speeds follow simple laws with noise from the seed; the machine has two speeds
and drifts. `--latency` rounds have a latency sample as well.
"""
import argparse
import base64
import json
import math
import random
import struct
import sys
import zlib

MACHINE = {
    "processor": "A processor that does not exist", "processors": 16, "cores": 8, "packages": 1, "nodes": 1,
    "topology": "1 package, 8 cores, 16 hardware threads, 1 NUMA node", "kernel": "Linux 0.0 synthetic", "virtual": False,
    "governor": "performance", "clock": "tsc", "ticks_per_ns": 2.5,
}
BUILD = {"version": "0.1.0", "flavour": "plain", "compiler": "none", "flags": "-O2", "commit": None}
SETTINGS = {
    "rounds": 1, "attempts": 4, "throughput": True, "latency_every": 1, "rate": 0, "pin": "spread", "warmup_ns": 20000000,
    "window_ns": 100000000, "slice_ns": 10000000, "calibration_ns": 2000000, "grace_ns": 10000000000, "budget_ns": 0,
    "rounds_done": 1,
}


def histogram(values):
    """HdrHistogram V2, compressed, base64: what lib/measure writes."""
    counts = {}
    for value in values:
        bucket = max(0, int(value).bit_length() - 11)
        slot = (bucket << 10) + (int(value) >> bucket)
        counts[slot] = counts.get(slot, 0) + 1
    payload, last = bytearray(), -1
    for slot in sorted(counts):
        for number in ([-(slot - last - 1)] if slot - last > 1 else []) + [counts[slot]]:
            zigzag = (number << 1) ^ (number >> 63)
            while zigzag > 0x7f:
                payload.append(zigzag & 0x7f | 0x80)
                zigzag >>= 7
            payload.append(zigzag)
        last = slot
    body = struct.pack(">iiiiqqd", 0x1c849303 | 0x10, len(payload), 0, 3, 1, 3600000000000, 1.0) + bytes(payload)
    packed = zlib.compress(body)
    return base64.b64encode(struct.pack(">ii", 0x1c849304 | 0x10, len(packed)) + packed).decode()


def cell(strategy, threads, scenario="synthetic", **more):
    made = {
        "scenario": scenario, "family": scenario, "strategy": strategy, "algorithm": None, "library": None, "shape": None,
        "threads": threads, "oversubscribed": threads > MACHINE["processors"], "parameters": {"hold": "100ns"},
        "expected": None, "unsupported": None, "unavailable": False, "control": False, "must_show": False, "checked": True,
    }
    return made | more


def speed(strategy, threads, mode, place, chance):
    """Operations a second: some strategies scale, some collapse; far is slower; a slow wave over the whole run."""
    alone = 4e7 / (1 + strategy * 0.35)
    scaling = threads ** (0.9 - 0.13 * (strategy % 8))
    wave = 1 + 0.06 * math.sin(place * 5)
    return alone * scaling * (0.55 if mode == "far" and threads > 1 else 1) * wave * chance.lognormvariate(0, 0.05)


def sample(index, made, round_number, place, chance, strategy):
    threads = made["threads"]
    mode = "single" if threads == 1 else "far" if math.sin(place * 9 + 1) > 0.4 else "near"
    rate = speed(strategy, threads, mode, place, chance)
    rejected = chance.random() < 0.01
    operations = int(rate / 10)
    jain = max(1 / threads, 1 - 0.04 * (strategy % 7) * chance.random())
    return {
        "cell": index, "round": round_number, "attempt": 1, "kind": "throughput", "seed": chance.getrandbits(40),
        "status": "rejected" if rejected else "ok", "reason": "somebody else was at work" if rejected else None,
        "findings": [], "trusted": not rejected, "mode": mode, "calibration_ns": {"before": 120, "after": 121},
        "cores": {"own": threads, "foreign": 0, "steal": 0, "resolution": 0.01},
        "fairness": {"jain": jain, "slice_ns": 10000000, "slices": 10, "jain_slice_median": jain * 0.97,
                     "jain_slice_worst": jain * 0.9, "starvation_ns": 10000000 * (strategy % 3)},
        "threads": [{"role": "worker", "processor": n, "operations": operations // threads, "cpu_ns": 100000000,
                     "cpu_share": 1.0, "voluntary_switches": 0, "involuntary_switches": 1, "acquisitions": 0,
                     "reacquisitions": 0} for n in range(threads)],
        "window_ns": 100000000, "operations": operations, "operations_per_second": rate,
        "operations_per_cpu_second": rate / threads, "reacquired_share": None, "measures": [],
    }


def latency(timed, threads, strategy, chance):
    middle = 1e9 * threads / max(timed["operations_per_second"], 1e-3)
    values = [max(1, chance.lognormvariate(math.log(middle), 0.3 + 0.02 * strategy)) for _ in range(900)]
    values += [middle * 100 * chance.paretovariate(1.2) for _ in range(4)]
    values = [min(value, 3e12) for value in values]
    return timed | {"kind": "latency", "latency": {
        "every": 1, "rate": 0, "count": len(values), "beyond": 0, "unfinished": 0, "min_ns": int(min(values)),
        "max_ns": int(max(values)), "histogram": histogram(values)}}


def document(cells, samples, rounds, command):
    return {
        "format": "threadmill-result", "version": 1, "created": "2026-01-02T03:04:05Z", "command": command, "seed": 1,
        "interrupted": False, "machine": MACHINE, "build": BUILD,
        "settings": SETTINGS | {"rounds": rounds, "rounds_done": rounds}, "cells": cells, "samples": samples,
        "summary": {"verdicts": [{"cell": i, "verdict": "pass", "reason": None, "accepted": 0, "rejected": 0, "bad": 0}
                                 for i in range(len(cells))], "rows": [], "leaders": [], "peers": []},
    }


def result(strategies=5, threads=(1, 2, 4, 8), rounds=20, latency_rounds=2, seed=1, names=None, change=None):
    """`names` instead of s00, s01 …; `change(sample, strategy, chance)` may add to each sample."""
    chance = random.Random(seed)
    names = names or [f"s{number:02}" for number in range(strategies)]
    cells = [cell(name, count) for name in names for count in threads]
    samples = []
    for round_number in range(1, rounds + 1):
        order = list(range(len(cells)))
        chance.shuffle(order)
        for at, index in enumerate(order):
            place = (round_number + at / len(order)) / rounds
            strategy = index // len(threads)
            taken = sample(index, cells[index], round_number, place, chance, strategy)
            if change:
                change(taken, strategy, chance)
            samples.append(taken)
            if round_number <= latency_rounds and taken["status"] == "ok":
                samples.append(latency(taken, cells[index]["threads"], strategy, chance))
    return document(cells, samples, rounds, "threadmill run synthetic")


def compared(strategy, metric, change, chance, rounds=30, mode="near", aa=False):
    """A row of a comparison in which head costs `change` times as much as base."""
    unit = {"throughput": "op/s", "fairness": ""}.get(metric, "ns")
    better = "lower" if unit == "ns" else "higher"
    middle = {"op/s": 3e7, "ns": 120, "": 0.93}[unit]
    factor = change if better == "lower" else 1 / change
    pairs = [[number, middle, middle * factor * chance.lognormvariate(0, 0.03)] for number in range(1, rounds + 1)]
    ratios = sorted(head / base for _, base, head in pairs)
    median, low, high = ratios[rounds // 2], ratios[rounds // 5], ratios[-rounds // 5]
    verdict = "regressed" if change > 1.1 else "improved" if change < 0.9 else "equivalent"
    row = {
        "scenario": "synthetic", "base_strategy": strategy, "head_strategy": strategy, "threads": 2, "parameters": {},
        "oversubscribed": False, "control": False, "metric": metric, "unit": unit, "better": better, "mode": mode,
        "scope": "all", "n": rounds, "unpaired": 1, "base": middle, "head": middle * factor,
        "ratio": {"median": median, "low": low, "high": high, "confidence": 0.99}, "margin": 0.1,
        "p": {"regressed": 0.5, "improved": 0.5, "equivalent": 0.5},
        "p_adjusted": {"regressed": 0.5, "improved": 0.5, "equivalent": 0.5}, "gates": not aa,
        "why_not": "base against base" if aa else None, "verdict": "alike" if aa else verdict, "measured_verdict": verdict,
        "detectable": 1.07, "rounds_needed": None, "confirmation": None, "pairs": pairs,
    }
    return row


def comparison(changes=(1.0, 1.3, 0.8, 1.02), metrics=("throughput", "p99", "fairness"), seed=1):
    """Of two builds, one row for each strategy and metric."""
    chance = random.Random(seed)
    rows = [compared(f"s{number:02}", metric, change, chance) for metric in metrics for number, change in enumerate(changes)]
    counts = {word: sum(row["verdict"] == word for row in rows)
              for word in ("regressed", "improved", "equivalent", "inconclusive", "untrusted")}
    side = {"label": "build-a", "path": "build-a/bin/threadmill", "build": "0.1.0 (plain)"}
    return {
        "format": "threadmill-compare", "version": 1, "created": "2026-01-02T03:04:05Z",
        "command": "threadmill compare --base build-a --head build-b", "seed": 1, "interrupted": False, "form": "builds",
        "paired": True, "base": side, "head": side | {"label": "build-b", "path": "build-b/bin/threadmill"},
        "machine": MACHINE, "settings": SETTINGS,
        "method": {"test": "sign", "margin": 0.1, "alpha": 0.05, "correction": "holm", "gating_rows": len(rows), "rounds": 30,
                   "rounds_done": 30, "rounds_to_decide": 8, "power": 0.8, "confirmed": True},
        "differences": [{"what": "commit", "base": "aaaaaaa", "head": "bbbbbbb"}], "notes": ["Nobody measured this."],
        "rows": rows, "aa": [compared("s00", metric, 1.0, chance, aa=True) for metric in metrics], "findings": [],
        "not_measured": [{"scenario": "synthetic", "strategy": "s09", "threads": 2, "reason": "it is not in base"}],
        "samples": {"taken": 120, "rejected": 3, "bad": 0}, "confirmation": None, "trusted": True,
        "counts": counts | {"not_gating": 0}, "verdict": "regressed" if counts["regressed"] else "no-regression",
    }


def hunted(cells, findings):
    return {
        "format": "threadmill-hunt", "version": 1, "created": "2026-01-02T03:04:05Z", "command": "threadmill hunt", "seed": 1,
        "interrupted": False, "machine": MACHINE, "build": BUILD,
        "settings": {"explorer": "portfolio", "schedules": 1000, "time_ns": 0, "jobs": 1, "operations": 3, "steps_max": 0,
                     "engine": "fibers", "races": True, "lock_order": False, "leaks": False, "spurious": False,
                     "reduced": True},
        "cells": cells, "findings": findings,
    }


def hunt(program="./program", file="lib/program.c", function="add", kind="data race", message="nothing orders the two"):
    """One program whose increment is two steps: found with one preemption."""
    frame = {"function": function, "file": file, "line": 13}

    def step(thread, what, object_number, preempts=False):
        return {"thread": thread, "what": what, "object": object_number, "preempts": preempts} | frame

    steps = [step(0, "create thread", 1), step(0, "create thread", 2)] + [step(1, "read", 9) for _ in range(9)]
    steps += [step(1, "atomic read", 3), step(2, "atomic read", 3, True), step(2, "atomic write", 3), step(2, "end", 2),
              step(1, "atomic write", 3), step(1, "end", 1), step(0, "join", 1)]
    cell_of_program = {
        "scenario": None, "strategy": None, "threads": 0, "parameters": {}, "program": program, "expected": None,
        "control": False, "verdict": "FOUND", "reason": None, "schedules": 12, "steps": 300, "cut": 0, "blind": 0,
        "elapsed_ns": 123456789, "exhausted": False, "threads_most": 3, "steps_most": 25,
    }
    finding = {
        "cell": 0, "kind": kind, "message": message, "expected": False, "schedule": 11,
        "preemptions": {"found": 5, "reduced": 1}, "token": "tm1.AAAA@program", "threads": 3,
        "stacks": [{"thread": 1, "what": "writes", "frames": [frame]}], "steps": steps, "steps_lost": 0,
    }
    return hunted([cell_of_program], [finding])


def stress(text="data race", scenario="synthetic", strategy="s00", file="lib/program.c", evidence=None):
    return {
        "format": "threadmill-stress", "version": 1, "created": "2026-01-02T03:04:05Z", "command": "threadmill stress",
        "seed": 1, "interrupted": False, "machine": MACHINE, "build": BUILD, "settings": {name: value for name, value in SETTINGS.items() if name != "rounds_done"},
        "tools": [{"tool": "tsan", "title": "ThreadSanitizer", "unavailable": None, "failed": None, "rounds_done": 1},
                  {"tool": "drd", "title": "Valgrind's DRD", "unavailable": "it is not installed", "failed": None,
                   "rounds_done": 0}],
        "cells": [{"tool": "tsan", "scenario": scenario, "strategy": strategy, "threads": 2, "parameters": {},
                   "expected": None, "must_show": False, "verdict": "FOUND", "reason": text, "samples": 1, "rejected": 0}],
        "findings": [{"tool": "tsan", "by": "ThreadSanitizer", "kind": "data race", "expected": False, "count": 1,
                      "message": text, "where": [{"scenario": scenario, "strategy": strategy, "threads": 2, "count": 1,
                                                  "seed": 7}],
                      "stacks": [{"what": text, "context": False,
                                  "frames": [{"function": text, "file": file, "line": 3}]}],
                      "evidence": evidence}],
    }


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n", maxsplit=1)[0])
    parser.add_argument("file")
    parser.add_argument("--strategies", type=int, default=20)
    parser.add_argument("--threads", default="1,2,3,4,6,8,12,16")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--latency", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    threads = [int(word) for word in options.threads.split(",")]
    made = result(options.strategies, threads, options.rounds, options.latency, options.seed)
    with open(options.file, "w", encoding="utf-8") as file:
        json.dump(made, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())

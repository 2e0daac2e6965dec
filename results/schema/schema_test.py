#!/usr/bin/python3 -B
"""usage: results/schema/schema_test.py

A document with a sample of every status is valid; the same document with one thing wrong is refused, each time at the
place that is wrong. Exit codes: 0 all as expected; 1 not; 77 the package python3-jsonschema is missing.
"""
import copy
import sys

import validate


def place(index, status, kind="throughput", **members):
    return {"cell": index, "round": 1, "attempt": 1, "kind": kind, "seed": 9223372036854775807, "status": status,
            "reason": None if status == "ok" else "as it happened", **members}


def thread(processor):
    return {"role": "incrementer", "processor": processor, "operations": 1000, "cpu_ns": 19000000, "cpu_share": 0.99,
            "voluntary_switches": 0, "involuntary_switches": 1, "acquisitions": 0, "reacquisitions": 0}


def measured(index, status, kind="throughput", findings=(), **members):
    return place(index, status, kind, findings=list(findings), mode="near",
                 trusted=status != "rejected", calibration_ns={"before": 101.5, "after": 99.0},
                 cores={"own": 1.9, "foreign": 0.01, "steal": 0.0, "resolution": 0.05},
                 fairness={"jain": 1.0, "slice_ns": 1000000, "slices": 20, "jain_slice_median": 0.99,
                           "jain_slice_worst": None, "starvation_ns": 3000000},
                 threads=[thread(0), thread(-1)], window_ns=20000000, operations=2000,
                 operations_per_second=100000.0, operations_per_cpu_second=None, reacquired_share=None,
                 measures=[{"name": "idle cpu", "unit": "%", "value": 0.5}, {"name": "worst", "unit": "", "value": None}],
                 **members)


LATENCY = {"every": 2000, "rate": 0.0, "count": 56, "beyond": 0, "unfinished": 0, "min_ns": 30, "max_ns": 50,
           "histogram": "HISTFAAAACd42pNpmSzMwMDAxgABzFCaEch0M9ixgMH+A0TAWkvQRZAJAGxNBR4="}


def cell(strategy, **members):
    return {"scenario": "counter", "family": "counter", "strategy": strategy, "algorithm": None, "library": None,
            "threads": 2, "oversubscribed": False, "parameters": {"think": "0ns"}, "expected": None,
            "unsupported": None, "unavailable": False, "control": False, "must_show": False, "checked": True, **members}


def interval(n):
    return {"median": 1.5 if n else None, "low": 0.0, "high": None, "n": n}


def row(index, latency):
    return {"cell": index, "scenario": "counter", "strategy": "mutex", "threads": 2, "mode": "near", "samples": 1,
            "operations_per_second": interval(1), "operations_per_cpu_second": 1e5, "jain": 1.0, "jain_slice": None,
            "starvation_ns": 3e6, "reacquired_share": None, "switches_per_thousand": 0.5, "leads": False,
            "measures": [{"name": "idle cpu", "unit": "%", "median": 0.5}],
            "latency_ns": latency}


PAIR = {"scenario": "counter", "threads": 2, "mode": "near", "strategy": "mutex", "other": "unsafe",
        "ratio": interval(0), "decided": False}


def verdict(index, name, reason=None):
    return {"cell": index, "verdict": name, "reason": reason, "accepted": 1, "rejected": 1, "bad": 0}


def whole():
    percentiles = {name: 30 for name in ("p50", "p90", "p99", "p99.9", "p99.99", "p99.999")}
    return {
        "format": "threadmill-result", "version": 1, "created": "2026-01-02T03:04:05Z",
        "command": "threadmill run counter", "seed": 7, "interrupted": False,
        "machine": {"processor": "A processor", "processors": 2, "cores": 2, "packages": 1, "nodes": 1,
                    "topology": "Package L#0", "kernel": "Linux 6.1.0 x86_64", "virtual": True, "governor": None,
                    "clock": "tsc", "ticks_per_ns": 2.4},
        "build": {"version": "0.1.0", "flavour": "plain", "compiler": "Clang 14.0.6", "flags": "-O2 -g",
                  "commit": None},
        "settings": {"rounds": 1, "attempts": 3, "throughput": True, "latency_every": 0, "rate": 0.0,
                     "pin": "compact", "warmup_ns": 5000000, "window_ns": 20000000, "slice_ns": 1000000,
                     "calibration_ns": 2000000, "grace_ns": 10000000000, "budget_ns": 0, "rounds_done": 1},
        "cells": [
            cell("mutex", algorithm="mutex", library="glibc"),
            cell("unsafe", expected={"findings": "lost-update, race", "why": "nothing protects it"}),
            cell("ck-ticket", unsupported="Concurrency Kit was not there", unavailable=True),
        ],
        "samples": [
            measured(0, "ok"),
            measured(0, "ok", "latency", latency=LATENCY),
            measured(0, "rejected"),
            measured(1, "check-failed", findings=["lost-update"], stderr="a word", stderr_cut=False),
            place(1, "failed"),
            place(1, "crashed", stderr="", stderr_cut=True),
            place(1, "hung", stacks="thread 4711 (threadmill)\n  #0 wait"),
            place(1, "killed"),
            place(1, "sanitizer", findings=["race"]),
            measured(1, "sanitizer", findings=["lost-update", "race"]),
        ],
        "summary": {
            "verdicts": [verdict(0, "pass"), verdict(1, "caught", "race"), verdict(2, "unavailable", "not there")],
            "rows": [row(0, None), row(1, {"count": 2000, "mean": 30.5, "max": 40000, "unfinished": 0.0,
                                           **percentiles})],
            "leaders": [PAIR], "peers": [],
        },
    }


def put(*path_and_value):
    *path, name, value = path_and_value

    def damage(document):
        for step in path:
            document = document[step]
        document[name] = value

    return damage


def drop(*path):
    def damage(document):
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    return damage


# what is done to the whole document, and the path that the refusal must name
DAMAGES = [
    (drop("seed"), "$:"),
    (drop("summary"), "$:"),
    (put("more", 1), "$:"),
    (put("format", "other-result"), "$.format:"),
    (put("version", 2), "$.version:"),
    (put("seed", 1 << 63), "$.seed:"),
    (put("created", "yesterday"), "$.created:"),
    (put("interrupted", 0), "$.interrupted:"),
    (put("build", "flavour", "mint"), "$.build.flavour:"),
    (drop("settings", "rounds_done"), "$.settings:"),
    (put("cells", 0, "threads", 0), "$.cells[0].threads:"),
    (put("cells", 1, "expected", "findings", "luck"), "$.cells[1].expected.findings:"),
    (put("cells", 2, "unsupported", None), "$.cells[2].unsupported:"),
    (put("cells", 0, "unsupported", "not here"), "$.samples[0].cell:"),
    (put("samples", 0, "status", "fine"), "$.samples[0].status:"),
    (put("samples", 0, "reason", "none"), "$.samples[0].reason:"),
    (put("samples", 0, "findings", ["race"]), "$.samples[0].findings:"),
    (put("samples", 0, "latency", LATENCY), "$.samples[0]:"),
    (put("samples", 0, "cell", 3), "$.samples[0].cell:"),
    (put("samples", 0, "operations", 1.5), "$.samples[0].operations:"),
    (drop("samples", 0, "threads", 1), "$.samples[0].threads:"),
    (drop("samples", 0, "fairness", "jain"), "$.samples[0].fairness:"),
    (drop("samples", 1, "latency"), "$.samples[1]:"),
    (drop("samples", 0, "measures", 0, "unit"), "$.samples[0].measures[0]:"),
    (put("samples", 0, "measures", 0, "value", "much"), "$.samples[0].measures[0].value:"),
    (put("samples", 1, "latency", "histogram", "AAAA"), "$.samples[1].latency.histogram:"),
    (put("samples", 2, "reason", None), "$.samples[2].reason:"),
    (put("samples", 3, "findings", []), "$.samples[3].findings:"),
    (drop("samples", 3, "stderr_cut"), "$.samples[3]:"),
    (put("samples", 4, "operations", 1), "$.samples[4]:"),
    (put("samples", 5, "stacks", "thread 1"), "$.samples[5]:"),
    (drop("samples", 6, "stacks"), "$.samples[6]:"),
    (put("samples", 7, "findings", []), "$.samples[7]:"),
    (drop("samples", 8, "findings"), "$.samples[8]:"),
    (drop("samples", 9, "mode"), "$.samples[9]:"),
    (put("summary", "verdicts", 0, "verdict", "good"), "$.summary.verdicts[0].verdict:"),
    (drop("summary", "verdicts", 2), "$.summary.verdicts:"),
    (put("summary", "rows", 0, "cell", 9), "$.summary.rows[0].cell:"),
    (put("summary", "rows", 1, "latency_ns", "p99", 1.5), "$.summary.rows[1].latency_ns.p99:"),
    (put("summary", "leaders", 0, "decided", None), "$.summary.leaders[0].decided:"),
]


def main():
    checker = validate.validator()
    wrong = validate.first_error(whole(), checker)
    if wrong:
        print(f"the whole document should be valid, but: {wrong}")
        return 1
    failures = 0
    for number, (damage, path) in enumerate(DAMAGES):
        document = copy.deepcopy(whole())
        damage(document)
        wrong = validate.first_error(document, checker)
        if not wrong or not wrong.startswith(path):
            print(f"damage {number} should be refused at {path} but was: {wrong or 'taken'}")
            failures += 1
    print(f"{len(DAMAGES) - failures} of {len(DAMAGES)} damaged documents were refused where they are wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

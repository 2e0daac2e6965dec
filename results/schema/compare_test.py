#!/usr/bin/python3 -B
"""usage: results/schema/compare_test.py

A comparison with a row of every verdict is valid; the same with one thing wrong is refused, each time at the place that is
wrong. (bench/threadmill_compare_test.sh checks what the program writes.) Exit codes: 0 all as expected; 1 not; 77 the
package python3-jsonschema is missing.
"""
import copy
import sys

import validate
from schema_test import drop, put, whole as whole_result

RATIO = {"median": 0.8, "low": 0.75, "high": None, "confidence": 0.98}
CHANCES = {"regressed": 0.001, "improved": 1.0, "equivalent": None}


def row(verdict, gates=True, **members):
    return {"scenario": "counter", "base_strategy": "mutex", "head_strategy": "mutex", "threads": 2, "parameters": {"hold": "1us"},
            "oversubscribed": not gates, "control": False, "metric": "throughput", "unit": "op/s", "better": "higher",
            "mode": "near", "scope": "all", "n": 1, "unpaired": 0, "base": 1e6, "head": 8e5, "ratio": dict(RATIO), "margin": 0.1,
            "p": dict(CHANCES), "p_adjusted": dict(CHANCES), "gates": gates, "why_not": None if gates else "more threads than processors",
            "verdict": verdict, "measured_verdict": "regressed", "detectable": None, "rounds_needed": 60, "confirmation": None,
            "pairs": [[1, 1e6, 8e5]], **members}


def whole():
    result = whole_result()
    again = {"confirmed": True, "mode": "any", "n": 40, "ratio": dict(RATIO), "p": 0.001}
    side = {"label": "build", "path": "/build/bin/threadmill", "build": "0.1.0 (plain, Clang 14.0.6)"}
    return {
        "format": "threadmill-compare", "version": 1, "created": "2026-01-02T03:04:05Z", "command": "threadmill compare",
        "seed": 7, "interrupted": False, "form": "builds", "paired": True, "base": side,
        "head": {"label": "head", "path": None, "build": result["build"]}, "machine": result["machine"],
        "settings": result["settings"],
        "method": {"test": "sign", "margin": 0.1, "alpha": 0.025, "correction": "holm", "gating_rows": 4, "rounds": 40,
                   "rounds_done": 40, "rounds_to_decide": 8, "power": 0.8, "confirmed": True},
        "differences": [{"what": "build.commit", "base": None, "head": "abc"}], "notes": ["a note"],
        "rows": [row("regressed", confirmation=again), row("improved"), row("equivalent"), row("inconclusive"),
                 row("regressed", gates=False)],
        "aa": [row("alike", gates=False, why_not="base against base")],
        "findings": [{"side": "head", "scenario": "counter", "strategy": "mutex", "threads": 2, "status": "crashed",
                      "reason": "SIGSEGV", "count": 1}],
        "not_measured": [{"scenario": "counter", "strategy": "unsafe", "threads": 2, "reason": "a control"}],
        "samples": {"taken": 10, "rejected": 1, "bad": 1},
        "confirmation": {"rows": 1, "confirmed": 1, "rounds_done": 40, "seed": 8}, "trusted": True,
        "counts": {"regressed": 1, "improved": 1, "equivalent": 1, "inconclusive": 1, "untrusted": 0, "not_gating": 1},
        "verdict": "findings",
    }


# what is done to the whole document, and the path that the refusal must name
DAMAGES = [
    (drop("aa"), "$:"),
    (put("more", 1), "$:"),
    (put("format", "threadmill-result"), "$.format:"),
    (put("version", 2), "$.version:"),
    (put("form", "guesses"), "$.form:"),
    (put("seed", -1), "$.seed:"),
    (drop("base", "build"), "$.base:"),
    (put("method", "margin", 0), "$.method.margin:"),
    (put("method", "correction", "none"), "$.method.correction:"),
    (put("method", "test", "t"), "$.method.test:"),
    (put("differences", 0, "head", 7), "$.differences[0].head:"),
    (put("notes", 0, ""), "$.notes[0]:"),
    (put("rows", 0, "verdict", "slower"), "$.rows[0].verdict:"),
    (put("rows", 0, "metric", "p90"), "$.rows[0].metric:"),
    (put("rows", 0, "ratio", "median", -1), "$.rows[0].ratio.median:"),
    (put("rows", 0, "p", "regressed", 1.5), "$.rows[0].p.regressed:"),
    (put("rows", 0, "pairs", [[1, 2]]), "$.rows[0].pairs[0]:"),
    (put("rows", 0, "detectable", 1), "$.rows[0].detectable:"),
    (drop("rows", 0, "confirmation", "mode"), "$.rows[0].confirmation:"),
    (put("rows", 4, "why_not", None), "$.rows[4].why_not:"),
    (put("rows", 1, "verdict", "equivalent"), "$.counts.improved:"),
    (put("trusted", False), "$.rows[0].verdict:"),
    (put("aa", 0, "verdict", "regressed"), "$.aa[0].verdict:"),
    (put("findings", 0, "side", "left"), "$.findings[0].side:"),
    (drop("not_measured", 0, "reason"), "$.not_measured[0]:"),
    (put("counts", "regressed", 2), "$.counts.regressed:"),
    (put("verdict", "fine"), "$.verdict:"),
]


def main():
    checker = validate.validator(validate.COMPARE_SCHEMA)
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
    print(f"{len(DAMAGES) - failures} of {len(DAMAGES)} damaged comparisons were refused where they are wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

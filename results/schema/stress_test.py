#!/usr/bin/python3 -B
"""usage: results/schema/stress_test.py THREADMILL

Lets the command THREADMILL stress a control, a clean strategy and what cannot be judged, and checks the document that it
writes; the same document with one thing wrong is refused, each time at the place that is wrong. Exit codes: 0 all as
expected; 1 not; 2 wrong use; 77 the package python3-jsonschema is missing, or threadmill-tsan is not built.
"""
import copy
import pathlib
import subprocess
import sys
import tempfile

import validate
from schema_test import drop, put

RUN = ["stress", "counter", "--strategy", "unsafe,mutex,none,lock-nsync", "--threads", "2", "--with", "tsan", "--seed", "1"]
RUN += ["--window", "300ms"]  # so that the two meet on a busy machine, too

# what is done to the document, and the path that the refusal must name
DAMAGES = [
    (drop("seed"), "$:"),
    (put("more", 1), "$:"),
    (put("format", "threadmill-result"), "$.format:"),
    (put("version", 2), "$.version:"),
    (put("tools", 0, "tool", "msan"), "$.tools[0].tool:"),
    (put("tools", 0, "unavailable", ""), "$.tools[0].unavailable:"),
    (drop("settings", "grace_ns"), "$.settings:"),
    (put("cells", 0, "verdict", "good"), "$.cells[0].verdict:"),
    (put("cells", 0, "reason", None), "$.cells[0].reason:"),
    (put("cells", 0, "samples", 1), "$.cells[0].samples:"),
    (put("cells", 1, "threads", 0), "$.cells[1].threads:"),
    (put("findings", 0, "by", "Somebody"), "$.findings[0].by:"),
    (put("findings", 0, "where", []), "$.findings[0].where:"),
    (put("findings", 0, "count", 99), "$.findings[0].count:"),
    (drop("findings", 0, "stacks", 0, "what"), "$.findings[0].stacks[0]:"),
    (put("findings", 0, "stacks", 0, "frames", 0, "line", -1), "$.findings[0].stacks[0].frames[0].line:"),
]


def check(document, checker):
    wrong = validate.first_error(document, checker)
    if wrong:
        return f"the document is not valid: {wrong}"
    verdicts = {cell["strategy"]: cell["verdict"] for cell in document["cells"]}
    if verdicts != {"none": "unsupported", "unsafe": "caught", "mutex": "pass", "lock-nsync": verdicts["lock-nsync"]}:
        return f"the verdicts are {verdicts}"
    for number, (damage, path) in enumerate(DAMAGES):
        damaged = copy.deepcopy(document)
        damage(damaged)
        try:
            wrong = validate.first_error(damaged, checker)
        except KeyError as missing:
            wrong = f"$: {missing}"
        if not wrong or not wrong.startswith(path):
            return f"damage {number} should be refused at {path} but was: {wrong or 'taken'}"
    return None


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if not pathlib.Path(arguments[0] + "-tsan").exists():
        print("threadmill-tsan is not built")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "stress.json"
        done = subprocess.run([arguments[0], *RUN, "-o", result], cwd=folder, check=False)
        if done.returncode != 0:
            print(f"'threadmill {' '.join(RUN)}' ended with {done.returncode}")
            return 1
        wrong = check(validate.load(result), validate.validator(validate.STRESS_SCHEMA))
    print(wrong or f"the document is valid, and was refused in {len(DAMAGES)} damaged forms")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

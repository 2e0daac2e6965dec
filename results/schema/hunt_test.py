#!/usr/bin/python3 -B
"""usage: results/schema/hunt_test.py THREADMILL

Lets the command THREADMILL hunt a control, a clean strategy and what cannot be hunted, and checks the document that it
writes: the control's failing schedule is in it, step by step. The same document with one thing wrong is refused, each time
at the place that is wrong. Exit codes: 0 all as expected; 1 not; 2 wrong use; 77 the package python3-jsonschema is missing.
"""
import copy
import pathlib
import subprocess
import sys
import tempfile

import validate
from schema_test import drop, put

RUN = ["hunt", "counter", "--strategy", "unsafe,mutex,none", "--schedules", "50", "--seed", "1", "--quiet"]

# what is done to the document, and the path that the refusal must name
DAMAGES = [
    (drop("seed"), "$:"),
    (put("more", 1), "$:"),
    (put("format", "threadmill-result"), "$.format:"),
    (put("version", 2), "$.version:"),
    (put("settings", "engine", "steam"), "$.settings.engine:"),
    (put("cells", 0, "verdict", "good"), "$.cells[0].verdict:"),
    (put("cells", 0, "reason", None), "$.cells[0].reason:"),
    (put("cells", 1, "threads", 0), "$.cells[1].threads:"),
    (put("findings", 0, "cell", 99), "$.findings[0].cell:"),
    (put("findings", 0, "cell", 2), "$.findings[0].cell:"),
    (put("findings", 0, "preemptions", "found", -1), "$.findings[0].preemptions.found:"),
    (put("findings", 0, "preemptions", "reduced", None), "$.findings[0].steps:"),
    (put("findings", 0, "steps", 0, "thread", 7), "$.findings[0].steps[0].thread:"),
    (drop("findings", 0, "steps", 0, "what"), "$.findings[0].steps[0]:"),
    (put("findings", 0, "stacks", 0, "frames", 0, "line", 0), "$.findings[0].stacks[0].frames[0].line:"),
]


def check(document, checker):
    wrong = validate.first_error(document, checker)
    if wrong:
        return f"the document is not valid: {wrong}"
    verdicts = {cell["strategy"]: cell["verdict"] for cell in document["cells"]}
    if verdicts != {"none": "unsupported", "unsafe": "caught", "mutex": "clean"}:
        return f"the verdicts are {verdicts}"
    if len(document["findings"]) != 1:
        return f"{len(document['findings'])} findings"
    found = document["findings"][0]
    if not any(step["file"] == "lib/sync/counter_unsafe.c" and step["line"] > 0 for step in found["steps"]):
        return "no step was taken in lib/sync/counter_unsafe.c"
    if any((step["file"] or "").startswith((".", "/")) for step in found["steps"]):
        return "a file is not told as it lies in the tree"
    if len({step["thread"] for step in found["steps"]}) < 2:
        return "the steps are those of one thread"
    if not (found["token"] or "").startswith("tm1."):
        return f"the token is {found['token']}"
    for number, (damage, path) in enumerate(DAMAGES):
        damaged = copy.deepcopy(document)
        damage(damaged)
        wrong = validate.first_error(damaged, checker)
        if not wrong or not wrong.startswith(path):
            return f"damage {number} should be refused at {path} but was: {wrong or 'taken'}"
    return None


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "hunt.json"
        done = subprocess.run([arguments[0], *RUN, "-o", result], cwd=folder, check=False)
        if done.returncode != 0:
            print(f"'threadmill {' '.join(RUN)}' ended with {done.returncode}")
            return 1
        wrong = check(validate.load(result), validate.validator(validate.HUNT_SCHEMA))
        replayed = subprocess.run([arguments[0], "replay", validate.load(result)["findings"][0]["token"]], check=False)
        if not wrong and replayed.returncode != 1:
            wrong = f"the token's replay ended with {replayed.returncode}"
    print(wrong or f"the document is valid, and was refused in {len(DAMAGES)} damaged forms")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

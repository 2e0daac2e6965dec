#!/usr/bin/python3 -B
"""usage: results/schema/quick_run_test.py THREADMILL

Lets the command THREADMILL measure for a moment and checks the document that it writes; then damages that document,
and it must be refused. Exit codes: 0 as expected; 1 not; 2 wrong use; 77 the package python3-jsonschema is missing.
"""
import pathlib
import subprocess
import sys
import tempfile

import validate

RUN = ["run", "counter", "--strategy", "mutex,unsafe", "--threads", "1,2", "--rounds", "1", "--window", "20ms",
       "--warmup", "5ms", "--latency", "all"]
# 1: a control that was not caught in so short a run is a finding, and none of this test's business
DONE = (0, 1)


def check(document, checker):
    wrong = validate.first_error(document, checker)
    if wrong:
        return f"the document is not valid: {wrong}"
    kinds = {sample["kind"] for sample in document["samples"]}
    if len(document["cells"]) != 4 or kinds != {"throughput", "latency"}:
        return f"asked for 4 cells of both kinds, got {len(document['cells'])} of {sorted(kinds)}"
    if not any("operations" in sample for sample in document["samples"]):
        statuses = [f"{sample['status']}: {sample['reason']}" for sample in document["samples"]]
        return "no sample was measured: " + "; ".join(statuses)
    del document["samples"][0]["status"]
    if not validate.first_error(document, checker):
        return "the document was taken although a sample lost its status"
    return None


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "result.json"
        done = subprocess.run([arguments[0], *RUN, "-o", result], cwd=folder, check=False)
        if done.returncode not in DONE:
            print(f"'threadmill {' '.join(RUN)}' ended with {done.returncode}")
            return 1
        wrong = check(validate.load(result), validate.validator())
    print(wrong or "the document is valid")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

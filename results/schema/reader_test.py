#!/usr/bin/python3 -B
"""usage: results/schema/reader_test.py THREADMILL

The command's own reader against the schema: the whole document of schema_test.py is shown by `threadmill report`, and each
of its damaged forms is refused (exit code 3, nothing on standard output) with the place that is wrong, the same place that
the schema's validator names. Exit codes: 0 all as expected; 1 not; 2 wrong use; 77 python3-jsonschema is missing.
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import schema_test

# What is no JSON, or not of this make; each with what the message must say.
FOREIGN = [
    ("", "is not JSON, or not all of it"),
    ("null", "is not JSON, or not all of it"),
    ("[]", "no threadmill result"),
    ('{"format": "threadmill-result"}', "without a version"),
    ('{"format": "threadmill-result", "version": 99}', "of version 99; this program reads 1"),
    ('{"format": "threadmill-result", "version": "1"}', "without a version"),
    ('{"format": "threadmill-result", "version": 1, "version": 1}', "duplicate object key"),
    ('{"format": "threadmill-result", "version": 1e999}', "real number overflow"),
    ('{"format": "threadmill-result", "version": 99999999999999999999}', "too big"),
    ('{"format": "threadmill-result", "version": NaN}', "invalid token"),
    ('{"format": "threadmill-result", "seed": "\\u0000"}', "\\u0000 is not allowed"),
    ("[" * 100000, "maximum parsing depth"),
]

# What is told in words of its own: format and version decide which schema it is, and a number is first of all to be one.
TOLD = {"$.format:": "no threadmill result", "$.version:": "of version 2; this program reads 1", "$.seed:": "too big integer"}

# Parts that do not fit together, which no schema says: of a result, and of the small documents of the fuzz target.
CORPUS = pathlib.Path(__file__).parent / "../../lib/report/fuzz/document"
PARTS = [
    (None, schema_test.put("cells", 2, "threads", 100000), "$.cells[2].threads: it is more than"),
    ("stress", schema_test.put("findings", 0, "count", 99), "$.findings[0].count:"),
    ("hunt", schema_test.put("findings", 0, "cell", 2), "$.findings[0].cell: cell 2 of 2"),
    ("hunt", schema_test.put("findings", 0, "cell", 1), "in cell 1 nothing was found"),
    ("hunt", schema_test.put("findings", 0, "steps", 0, "thread", 9), "$.findings[0].steps[0].thread: 9 of"),
    ("compare", schema_test.put("counts", "regressed", 0), "$.counts.regressed: 0, but 1 rows"),
    ("compare", schema_test.put("rows", 0, "why_not", "it is late"), "$.rows[0].why_not:"),
    ("compare", schema_test.put("trusted", False), "$.rows[0].verdict: 'regressed', but a row of base against base is off"),
    ("compare", schema_test.put("verdict", "no-regression"), "$.verdict: no regression, but 1 rows"),
]


def report(program, path):
    done = subprocess.run([program, "report", path], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def refusals(program, folder):
    """What was not refused as it should be, one sentence each."""
    path = pathlib.Path(folder) / "damaged.json"
    cases = []
    for number, (damage, place) in enumerate(schema_test.DAMAGES):
        document = copy.deepcopy(schema_test.whole())
        damage(document)
        cases.append((f"damage {number}", json.dumps(document), place))
    for number, (name, damage, place) in enumerate(PARTS):
        document = json.loads((CORPUS / name).read_text()) if name else copy.deepcopy(schema_test.whole())
        damage(document)
        cases.append((f"part {number}", json.dumps(document), place))
    cases += [(f"foreign {text[:60]!r}", text, words) for text, words in FOREIGN]
    for what, text, words in cases:
        path.write_text(text)
        code, shown, message = report(program, path)
        words = TOLD.get(words, words)
        if code != 3 or shown or words not in message or str(path) not in message:
            yield f"{what} should be refused for /{words}/: exit code {code}, {message.strip() or shown[:200]!r}"


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "whole.json"
        path.write_text(json.dumps(schema_test.whole()))
        code, shown, message = report(arguments[0], path)
        wrong = list(refusals(arguments[0], folder))
        if code != 0 or "counter" not in shown:
            wrong.append(f"the whole document is not shown: exit code {code}, {message}")
    for line in wrong:
        print(line)
    print(f"{len(schema_test.DAMAGES) + len(PARTS) + len(FOREIGN) + 1} documents, {len(wrong)} not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/python3 -B
"""usage: results/schema/validate.py RESULT.json...

Checks documents of `threadmill run`, `threadmill stress`, `threadmill hunt` and `threadmill compare` against the schema of their format, and what
a schema cannot say: that samples, summary and findings refer to cells that are there, and that a sample has as many
threads as its cell. Prints the first error of each with its path.

exit codes: 0 all are valid; 1 one is not, or cannot be read; 2 wrong use; 77 the package python3-jsonschema is missing
"""
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is missing; run scripts/setup test, or apt-get install python3-jsonschema")
    sys.exit(77)

SCHEMA = pathlib.Path(__file__).with_name("result-1.schema.json")
STRESS_SCHEMA = SCHEMA.with_name("stress-1.schema.json")
HUNT_SCHEMA = SCHEMA.with_name("hunt-1.schema.json")
COMPARE_SCHEMA = SCHEMA.with_name("compare-1.schema.json")


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def refuse_twins(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands twice in one object: " + ", ".join(sorted(name for name, _ in pairs)))
    return members


def load(path):
    """The document; ValueError or OSError when it is not JSON or cannot be read."""
    text = pathlib.Path(path).read_bytes().decode()
    return json.loads(text, parse_constant=refuse_constant, object_pairs_hook=refuse_twins)


def validator(path=SCHEMA):
    schema = load(path)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_references(document):
    cells = document["cells"]
    for index, sample in enumerate(document["samples"]):
        if sample["cell"] >= len(cells):
            return f"$.samples[{index}].cell: {sample['cell']} of {len(cells)} cells"
        planned = cells[sample["cell"]]
        if planned["unsupported"] is not None:
            return f"$.samples[{index}].cell: {sample['cell']} is a cell that cannot run"
        if len(sample.get("threads", [])) not in (0, planned["threads"]):
            return f"$.samples[{index}].threads: {len(sample['threads'])}, but its cell has {planned['threads']}"
    for part in ("verdicts", "rows"):
        for index, entry in enumerate(document["summary"][part]):
            if entry["cell"] >= len(cells):
                return f"$.summary.{part}[{index}].cell: {entry['cell']} of {len(cells)} cells"
    if len(document["summary"]["verdicts"]) != len(cells):
        return f"$.summary.verdicts: {len(document['summary']['verdicts'])} for {len(cells)} cells"
    return None


def check_counts(document):
    for index, finding in enumerate(document["findings"]):
        if finding["count"] != sum(place["count"] for place in finding["where"]):
            return f"$.findings[{index}].count: {finding['count']}, but its places have another sum"
    return None


def check_hunted(document):
    for index, finding in enumerate(document["findings"]):
        if finding["cell"] >= len(document["cells"]):
            return f"$.findings[{index}].cell: {finding['cell']} of {len(document['cells'])} cells"
        if document["cells"][finding["cell"]]["verdict"] not in ("caught", "FOUND"):
            return f"$.findings[{index}].cell: in {finding['cell']} nothing was found"
        for number, step in enumerate(finding["steps"]):
            if step["thread"] >= finding["threads"]:
                return f"$.findings[{index}].steps[{number}].thread: {step['thread']} of {finding['threads']}"
    return None


def check_verdicts(document):
    for index, row in enumerate(document["rows"]):
        if row["gates"] != (row["why_not"] is None):
            return f"$.rows[{index}].why_not: {row['why_not']!r}, but its gates is {row['gates']}"
        if not document["trusted"] and row["verdict"] != "untrusted" and row["metric"] != "instructions":
            return f"$.rows[{index}].verdict: {row['verdict']}, but an A/A row is off"
    for verdict in ("regressed", "improved", "equivalent", "inconclusive", "untrusted"):
        gating = sum(row["gates"] and row["verdict"] == verdict for row in document["rows"])
        if document["counts"][verdict] != gating:
            return f"$.counts.{verdict}: {document['counts'][verdict]}, but {gating} rows that gate are"
    return None


# by format: the schema, and what it cannot say
KINDS = {
    "threadmill-result": (SCHEMA, check_references),
    "threadmill-stress": (STRESS_SCHEMA, check_counts),
    "threadmill-hunt": (HUNT_SCHEMA, check_hunted),
    "threadmill-compare": (COMPARE_SCHEMA, check_verdicts),
}


def kind_of(document):
    """Its schema and check; a document of no format is judged as a result."""
    form = document.get("format") if isinstance(document, dict) else None
    return KINDS.get(form if isinstance(form, str) else None, KINDS["threadmill-result"])


def first_error(document, checker):
    """What is wrong first, with its path; None for a valid document."""
    errors = sorted(checker.iter_errors(document), key=lambda error: [str(step) for step in error.absolute_path])
    if errors:
        message = errors[0].message
        return f"{errors[0].json_path}: {message if len(message) <= 300 else message[:140] + ' ... ' + message[-140:]}"
    return kind_of(document)[1](document)


def main(paths):
    if not paths or paths[0] in ("-h", "--help"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    code = 0
    for path in paths:
        try:
            document = load(path)
            wrong = first_error(document, validator(kind_of(document)[0]))
        except (OSError, ValueError) as error:
            wrong = str(error)
        if wrong:
            print(f"{path}: {wrong}", file=sys.stderr)
            code = 1
        else:
            print(f"{path}: valid")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

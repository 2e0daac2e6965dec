#!/usr/bin/python3 -B
"""usage: results/schema/views_test.py THREADMILL [REPOSITORY]

Every view that `threadmill report` has of a result, plain and with names that are markup: JUnit against junit.xsd (xmllint),
SARIF against the schema of its makers (npm ci brings it; without it by what is looked at here), Google Benchmark's JSON with
its own reader, CSV with Python's, Markdown for what a page would take for markup. Exit codes: 0 all as expected; 1 not;
2 wrong use; 77 the package python3-jsonschema is missing.
"""
import copy
import csv
import html
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import jsonschema
import schema_test

HERE = pathlib.Path(__file__).parent
SARIF_SCHEMA = pathlib.Path("node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json")
COMPARE = pathlib.Path("/usr/share/benchmark/compare.py")  # Debian's libbenchmark-tools

# What somebody might call a strategy: markup of every kind of page, ends of every kind of quotation, what no terminal
# should be sent, and a formula.
HOSTILE = [
    "<script>alert(1)</script>",
    "]]></failure><testcase name='made-up'/>",
    "a|b\\|c",
    "```\n# heading\n</details>",
    "[link](https://example.org) www.example.org @somebody #1 :tada: $x$",
    '"quoted", and\r\nbroken',
    "\x1b[31mred\x07 \x01 \u202egnp.exe \ufeff\ufffe",
    "=cmd|'/C calc'!A0",
    "a lone\rreturn",
    "&lt;&#60;&amp;amp;",
    "\u00e4\u4e16\U0001f980",
]


def report(program, path, *options):
    done = subprocess.run([program, "report", path, *options], capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def named(name):
    """The whole document of schema_test with a finding, and `name` wherever a name or a free text may be."""
    document = schema_test.whole()
    for cell in document["cells"]:
        cell["scenario"] = name
        cell["parameters"] = {"think": name, name: "0ns"}
    document["cells"][0]["strategy"] = name
    document["cells"][2]["unsupported"] = name
    document["samples"].append(schema_test.place(0, "crashed", stderr=name + "\n" + name, stderr_cut=False) | {"reason": name})
    document["samples"].append(schema_test.place(0, "hung", stacks=name) | {"reason": name})
    for sample in document["samples"]:
        for measure in sample.get("measures", []):
            measure["name"] = name
    document["machine"]["processor"] = name
    document["command"] = name
    return document


def visible(text):
    """What is left of a text where unseen characters show as a replacement."""
    return "".join("\ufffd" if ord(c) < 32 or c in "\x7f\u202e\ufeff\ufffe" else c for c in text)


# ---- the views: each yields what is wrong, in sentences ----

def check_junit(text, name):
    if shutil.which("xmllint"):
        done = subprocess.run(["xmllint", "--noout", "--schema", HERE / "junit.xsd", "-"], input=text, capture_output=True,
                              check=False)
        if done.returncode:
            yield f"xmllint: {done.stderr.decode()[:300]}"
    root = xml.etree.ElementTree.fromstring(text)
    cases = root.findall("./testsuite/testcase")
    if len(cases) != 3 or len(root.findall(".//failure")) != 2 or len(root.findall(".//skipped")) != 1:
        yield f"{len(cases)} cases, {len(root.findall('.//failure'))} failed, {len(root.findall('.//skipped'))} skipped"
    for suite in root:
        counted = [len(suite.findall(f"testcase{what}")) for what in ("", "/failure", "/error", "/skipped")]
        told = [int(suite.get(what)) for what in ("tests", "failures", "errors", "skipped")]
        if counted != told:
            yield f"suite {suite.get('name')!r} tells {told} and has {counted}"
    wanted = re.sub(r"[\r\x00-\x08\x0b-\x1f\u202e\ufeff\ufffe\x7f]", "\ufffd", name)
    if cases[0].get("name") != f"{wanted}, 2 threads":
        yield f"the first case is called {cases[0].get('name')!r}"


def check_sarif(text, name):
    log = json.loads(text)
    if SARIF_SCHEMA.exists():
        schema = json.loads(SARIF_SCHEMA.read_text())
        for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(log):
            yield f"{error.json_path}: {error.message[:200]}"
    run = log["runs"][0]
    if log["version"] != "2.1.0" or len(run["results"]) != 2:
        yield f"version {log['version']}, {len(run['results'])} results"
    for result in run["results"]:
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        if rule["id"] != result["ruleId"] or not result["partialFingerprints"]:
            yield f"rule {rule['id']!r} of result {result['ruleId']!r}"
        if not re.fullmatch(r"scenarios/(?:[A-Za-z0-9._~/+@-]|%[0-9A-F]{2})+", uri):
            yield f"the place is {uri!r}"
    if name not in run["results"][0]["message"]["text"]:
        yield "the message does not name what it is about"


def check_gbench(text, _name):
    log = json.loads(text)
    left_out = log["context"]["threadmill_left_out"]
    if len(left_out) != 3:  # two that were found to be wrong, one that is not here
        yield f"left out: {left_out}"


def check_csv(text, name):
    rows = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
    if not text.endswith(b"\r\n") or not rows:
        yield "no rows, or no CRLF at the end"
    for row in rows:
        if None in row or None in row.values():
            yield f"a row with too many or too few fields: {row}"
        if row["scenario"] != name:
            yield f"the scenario is {row['scenario']!r}"
    if not any(row["strategy"] == name for row in rows):
        yield "the strategy is not there"


def check_markdown(text, name):
    text = text.decode()
    outside = re.sub(r"(?s)\n(```+)text\n.*?\n\1\n", "\n", text)
    tags = set(re.findall(r"<(/?[a-z!]+)", outside))
    if not tags <= {"details", "/details", "summary", "/summary", "!"}:
        yield f"tags: {sorted(tags)}"
    if outside.count("<details") != outside.count("</details>"):
        yield "a fold that is not closed"
    for dangerous in ("](", "https://", "www.", "@somebody", " #1", ":tada:", "\x1b", "\u202e", "**made"):
        if dangerous in outside:
            yield f"{dangerous!r} stands in the page"
    for line in outside.splitlines():
        if line.startswith("|") and line.count("|") not in (10,):
            yield f"a row of another table: {line!r}"
        if line.startswith("#") and not line.startswith("### threadmill"):
            yield f"a heading: {line!r}"
    shown = html.unescape(outside.replace("<!-- -->", ""))
    if " ".join(visible(name.replace("\r", " ").replace("\n", " ")).split()) not in " ".join(shown.split()):
        yield "the name does not stand in the page as it is"


VIEWS = {"junit": check_junit, "sarif": check_sarif, "gbench": check_gbench, "csv": check_csv, "markdown": check_markdown}


def check_document(program, path, document, name):
    path.write_text(json.dumps(document))
    for view, check in VIEWS.items():
        code, shown, message = report(program, path, "--format", view)
        if code != 0 or message:
            yield f"{view}: exit code {code}: {message}"
            continue
        try:
            for wrong in check(shown, name):
                yield f"{view}: {wrong}"
        except (ValueError, KeyError, xml.etree.ElementTree.ParseError) as error:
            yield f"{view}: it cannot be read: {error!r}"
    code, shown, message = report(program, path)
    if code != 0 or re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", shown):
        yield f"table: exit code {code}, {message}, or control characters in it"


# ---- Google Benchmark's own reader ----

def speeds(rates):
    """A result in which `mutex` made these operations a second, a round each."""
    document = schema_test.whole()
    document["cells"] = document["cells"][:1]
    document["samples"] = []
    for number, rate in enumerate(rates):
        sample = schema_test.measured(0, "ok")
        sample.update(round=number + 1, operations=rate // 50, operations_per_second=float(rate), window_ns=20000000)
        document["samples"].append(sample)
    document["summary"] = {"verdicts": [schema_test.verdict(0, "pass")], "rows": [], "leaders": [], "peers": []}
    return document


def check_compare(program, folder):
    paths = []
    for name, rates in (("base", [1000000] * 9), ("head", [800000] * 9)):
        paths.append(folder / f"{name}.gbench.json")
        (folder / f"{name}.json").write_text(json.dumps(speeds(rates)))
        code, _, message = report(program, folder / f"{name}.json", "-f", "gbench", "-o", paths[-1])
        if code != 0:
            yield f"gbench: exit code {code}: {message}"
    log = json.loads(paths[0].read_text())
    medians = [entry for entry in log["benchmarks"] if entry.get("aggregate_name") == "median"]
    if len(log["benchmarks"]) != 9 + 4 or medians[0]["real_time"] != 1000.0 or medians[0]["items_per_second"] != 1e6:
        yield f"gbench: {len(log['benchmarks'])} entries, the median {medians}"
    if not COMPARE.exists():
        print("compare.py is not here (libbenchmark-tools): not tried")
        return
    done = subprocess.run(["/usr/bin/python3", COMPARE, "--no-color", "benchmarks", *paths], capture_output=True, text=True,
                          check=False)
    if done.returncode or not re.search(r"near_median\s+\+0\.2500\s+\+0\.2500", done.stdout):
        yield f"compare.py does not see that head takes a quarter longer: {done.stdout}{done.stderr}"


# ---- numbers ----

def numbers():
    """Documents whose numbers are as far out as the schema lets them be, each with one thing done to every sample."""
    for member, value in (("operations_per_second", 1.7e308), ("operations_per_second", 5e-324),
                          ("operations_per_cpu_second", 1.7e308), ("operations", 9223372036854775807),
                          ("window_ns", 9223372036854775807), ("operations", 0)):
        document = speeds([1000] * 3)
        for sample in document["samples"]:
            sample[member] = value
        yield f"{member} {value}", document
    document = speeds([1000] * 3)
    for sample in document["samples"]:
        for thread in sample["threads"]:
            thread.update(cpu_ns=9223372036854775807, operations=9223372036854775807)
        sample["fairness"]["starvation_ns"] = 9223372036854775807
    document["machine"]["ticks_per_ns"] = 1.7e308
    yield "threads", document


def check_numbers(program, folder):
    for what, document in numbers():
        path = folder / "numbers.json"
        path.write_text(json.dumps(document))
        for view in ["table", *VIEWS]:
            code, shown, message = report(program, path, "-f", view)
            refused = code == 3 and not shown and "cannot be compared" in message
            if not refused and (code != 0 or re.search(rb"\b(?:nan|inf|NaN|Infinity)\b", shown)):
                yield f"{what}, {view}: exit code {code}: {message or shown[:300]}"


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if len(arguments) == 2:
        global SARIF_SCHEMA
        SARIF_SCHEMA = pathlib.Path(arguments[1]) / SARIF_SCHEMA
    if not SARIF_SCHEMA.exists():
        print(f"{SARIF_SCHEMA} is not here (npm ci): SARIF is looked at without it")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        wrong = []
        for name in ["counter", *HOSTILE]:
            found = check_document(arguments[0], folder / "r.json", copy.deepcopy(named(name)), name)
            wrong += [f"{name!r}: {line}" for line in found]
        wrong += check_compare(arguments[0], folder)
        wrong += check_numbers(arguments[0], folder)
    for line in wrong:
        print(line)
    print(f"{len(HOSTILE) + 1} documents, {len(VIEWS) + 1} views each: {len(wrong)} not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

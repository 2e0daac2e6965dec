#!/usr/bin/python3
"""usage: scripts/tally.py NAME RESULTS.xml

Reads the JUnit file of a ctest run and prints 'PASSED FAILED SKIPPED', three numbers, to standard output, and every test
that failed or was skipped, with its reason, to standard error.

A skip is only what a test asked for itself. CTest also writes 'skipped' where a program is missing or what the test
stands on failed: that is a failure here. A case that skips itself inside a cmocka program that passed counts as a skip.

exit codes: 0 counted; 2 wrong use; 3 the file cannot be read or holds no test
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

ASKED_FOR = ("SKIP_RETURN_CODE", "SKIP_REGULAR_EXPRESSION")
# cmocka prints the name of a skipped case, and at the end the number of them and every name again
SKIPPED_CASE = re.compile(r"^\[  SKIPPED \] (?!\d+ test\(s\))(.+)$")


def last_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def skipped_cases(output):
    """The cases of a cmocka program that skipped themselves, each with the line printed before: its reason."""
    reasons, before = {}, ""
    for line in (output or "").splitlines():
        found = SKIPPED_CASE.match(line)
        if found:
            reasons.setdefault(found.group(1), "no reason given" if before.startswith("[") or not before else before)
        before = line.strip()
    return reasons


def judge(case):
    """Returns 'passed', 'failed' or 'skipped', and why."""
    status = case.get("status")
    output = case.findtext("system-out")
    message = case.find("skipped").get("message", "") if case.find("skipped") is not None else ""
    if status == "run":
        return "passed", ""
    if status == "disabled":
        return "skipped", "disabled where it is registered"
    if status == "notrun" and message.startswith(ASKED_FOR):
        return "skipped", last_line(output)
    return "failed", message or last_line(output)


def tally(name, cases, log):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for case in cases:
        verdict, why = judge(case)
        counts[verdict] += 1
        if verdict != "passed":
            print(f"{verdict.upper()}: {name}: {case.get('name')}: {why}", file=log)
            continue
        for inner, why in skipped_cases(case.findtext("system-out")).items():
            counts["skipped"] += 1
            print(f"SKIPPED: {name}: {case.get('name')}: {inner}: {why}", file=log)
    return counts


def main(arguments):
    if len(arguments) != 2 or arguments[0] in ("-h", "--help"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    name, path = arguments
    try:
        cases = ElementTree.parse(path).getroot().findall("testcase")
    except (OSError, ElementTree.ParseError) as wrong:
        print(f"FAILED: {name}: '{path}' does not hold the results of ctest: {wrong}", file=sys.stderr)
        return 3
    if not cases:
        print(f"FAILED: {name}: '{path}' holds no test", file=sys.stderr)
        return 3
    counts = tally(name, cases, sys.stderr)
    print(counts["passed"], counts["failed"], counts["skipped"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

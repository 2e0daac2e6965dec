#!/usr/bin/python3
"""usage: scripts/tally.py NAME RESULTS.xml [LOG [ENDS]]

Reads the JUnit file of a ctest run. To standard output goes 'PASSED FAILED SKIPPED', three numbers, and below it one line
for every test that failed, with its reason. To standard error goes what was skipped, one line for each reason of each
test program, with the number of cases it stands for; the sum counts every one of them. LOG is what ctest printed, which
alone says how a test ended that did not end by itself (Timeout, SEGFAULT). ENDS is a file to which the last lines of
every failed test are added.

A skip is only what a test asked for itself. CTest also writes 'skipped' where a program is missing or what the test
stands on failed: that is a failure here. A case that skips itself inside a cmocka program that passed counts as a skip.

exit codes: 0 counted; 2 wrong use; 3 a file cannot be read or written, or holds no test
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

ASKED_FOR = ("SKIP_RETURN_CODE", "SKIP_REGULAR_EXPRESSION")
# cmocka prints the name of a skipped case, and at the end the number of them and every name again
SKIPPED_CASE = re.compile(r"^\[  SKIPPED \] (.+)$")
SKIPPED_LIST = re.compile(r"^(\d+) test\(s\)")
ENDED = re.compile(r"^\s*\d+ - (\S+) \((.+)\)\s*$")  # in the list that ends what ctest prints
FLAVOUR = re.compile(r"^(.+)/(plain|tsan|asan)$")
SUBJECT = re.compile(r"^(\S+): (.+)$")  # 'spsc_ring: one producer only'
NAMED = 6  # so many subjects are named for one reason
LAST = 30  # so many lines of a failed test are shown at the end


def last_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def skipped_cases(output):
    """The reasons of the cases of a cmocka program that skipped themselves: for each the line printed before it."""
    reasons, before, listed = [], "", 0
    for line in (output or "").splitlines():
        found = SKIPPED_CASE.match(line)
        many = SKIPPED_LIST.match(found.group(1)) if found else None
        if many:
            listed = int(many.group(1))
        elif found and listed:
            listed -= 1
        elif found:
            reasons.append("no reason given" if before.startswith("[") or not before else before)
        before = line.strip()
    return reasons


def failed_cases(output):
    """Of a cmocka program: the first failed check of every case that failed, and a case that never ended."""
    failures, running, check = [], None, ""
    for line in (output or "").splitlines():
        if line.startswith("[ RUN      ] "):
            running, check = line[13:], ""
        elif line.startswith("[  ERROR   ] --- ") and not check:
            check = line[17:]
        elif line.startswith("[   LINE   ] --- ") and check and not check.endswith(")"):
            check += " (" + line[17:].split(": error")[0].rsplit("/", 1)[-1] + ")"
        elif running and line.startswith("[  FAILED  ] "):
            failures.append(f"{running}: {check or 'no reason given'}")
            running = None
        elif running and (line.startswith("[       OK ] ") or SKIPPED_CASE.match(line)):
            running = None
    return failures, running


def why_failed(output, ended):
    """One line that says why a test failed: how it ended, and what it said itself."""
    reasons = [] if ended in ("", "Failed") else [ended]
    failures, running = failed_cases(output)
    reports = [line.strip() for line in (output or "").splitlines() if line.startswith("SUMMARY: ")]
    if failures:
        more = f" (and {len(failures) - 1} more cases failed)" if len(failures) > 1 else ""
        reasons.append(failures[0] + more)
    elif running:
        reasons.append(f"in case {running}")
    reasons += reports[:1]
    if not failures and not running and not reports:
        reasons.append(last_line(output))
    return "; ".join(reasons)


def judge(case, ended):
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
    return "failed", message or why_failed(output, ended)


class Skips:
    """What was skipped: by test program, whatever its flavour, and by reason, whatever strategy it was given for."""

    def __init__(self):
        self.groups = {}
        self.count = 0

    def add(self, test, why):
        flavoured, subjected = FLAVOUR.match(test), SUBJECT.match(why)
        program, flavour = flavoured.groups() if flavoured else (test, None)
        subject, reason = subjected.groups() if subjected else (None, why)
        group = self.groups.setdefault((program, reason), {"count": 0, "flavours": {}, "subjects": {}})
        group["count"] += 1
        group["flavours"][flavour] = group["subjects"][subject] = True
        self.count += 1

    def show(self, name, log):
        for (program, reason), group in self.groups.items():
            flavours = [flavour for flavour in group["flavours"] if flavour]
            subjects = [subject for subject in group["subjects"] if subject]
            others = f" and {len(subjects) - NAMED} others" if len(subjects) > NAMED else ""
            line = f"SKIPPED: {name}: {program}" + (f" ({', '.join(flavours)})" if flavours else "")
            line += f": {reason}" + (f": {', '.join(subjects[:NAMED])}{others}" if subjects else "")
            print(line + (f" ({group['count']} cases)" if group["count"] > 1 else ""), file=log)


def tally(name, cases, endings):
    """Returns the number that passed, the failed tests, each with its reason and output, and the skips."""
    passed, failures, skips = 0, [], Skips()
    for case in cases:
        test, output = case.get("name"), case.findtext("system-out")
        verdict, why = judge(case, endings.get(test, ""))
        if verdict == "failed":
            failures.append((f"{name}: {test}: {why}", f"{name}: {test}", output))
        elif verdict == "skipped":
            skips.add(test, why)
        else:
            passed += 1
            for inner in skipped_cases(output):
                skips.add(test, inner)
    return passed, failures, skips


def end_of(title, output):
    lines = (output or "").splitlines()
    head = f"==== {title}: the last {LAST} of {len(lines)} lines" if len(lines) > LAST else f"==== {title}: its output"
    return "\n".join([head, *lines[-LAST:]]) + "\n"


def main(arguments):
    if not 2 <= len(arguments) <= 4 or arguments[0] in ("-h", "--help"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    name, path, log, ends = (arguments + [None, None])[:4]
    endings = {}
    try:
        cases = ElementTree.parse(path).getroot().findall("testcase")
        if log:
            with open(log, encoding="utf-8", errors="replace") as lines:
                endings = dict(found.groups() for found in map(ENDED.match, lines) if found)
    except (OSError, ElementTree.ParseError) as wrong:
        print(f"FAILED: {name}: '{path}' does not hold the results of ctest: {wrong}", file=sys.stderr)
        return 3
    if not cases:
        print(f"FAILED: {name}: '{path}' holds no test", file=sys.stderr)
        return 3
    passed, failures, skips = tally(name, cases, endings)
    if ends:
        try:
            with open(ends, "a", encoding="utf-8") as file:
                file.writelines(end_of(title, output) for _, title, output in failures)
        except OSError as wrong:
            print(f"scripts/tally.py: cannot write '{ends}': {wrong}", file=sys.stderr)
            return 3
    skips.show(name, sys.stderr)
    print(passed, len(failures), skips.count)
    for line, _, _ in failures:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

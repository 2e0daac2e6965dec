# shellcheck shell=bash
# What the tests of the command have in common. To be sourced by a test that has set `program`, and `subject` where the command
# has one ("device"), and whose folder is the current one.
checks=0
failed=0
: "${program:?}"
subject=${subject:-}
output=

# expect CODE PATTERN ARGUMENT...: runs the program and checks its exit code, and that its output (both streams), which stays in
# $output, holds PATTERN.
expect() {
    local code=$1 pattern=$2 got
    shift 2
    output=$("$program" ${subject:+"$subject"} "$@" 2>&1 </dev/null)
    got=$?
    checks=$((checks + 1))
    if [ "$got" -ne "$code" ]; then
        printf 'FAILED: threadmill %s: exit code %s, expected %s\n%s\n' "${subject:+$subject }$*" "$got" "$code" "$output"
        failed=$((failed + 1))
    elif ! grep -qE -- "$pattern" <<<"$output"; then
        printf 'FAILED: threadmill %s: no /%s/ in:\n%s\n' "${subject:+$subject }$*" "$pattern" "$output"
        failed=$((failed + 1))
    fi
}

# holds WHAT COMMAND...: the command succeeds.
holds() {
    local what=$1
    shift
    checks=$((checks + 1))
    if ! "$@"; then
        printf 'FAILED: %s\n' "$what"
        failed=$((failed + 1))
    fi
}

# Says how many there were; fails if one did.
tally() {
    printf '%d checks, %d failed\n' "$checks" "$failed"
    [ "$failed" -eq 0 ]
}

# shellcheck shell=bash
# What the tests of hunted programs have in common beside expect.sh. To be sourced by a test that has set `program`: the
# current folder is then an empty one, which is removed at the end.
# shellcheck source=bench/expect.sh
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
command -v clang >/dev/null || { echo 'SKIPPED: clang is not here'; exit 77; }

# compile NAME FLAG...: the source is the standard input.
compile() {
    local name=$1
    shift
    cat >"$name.c"
    holds "$name compiles" "$program" cc -O1 -g -pthread "$@" -o "$name" "$name.c"
}

# The token of the failure that the last output tells.
token() {
    sed -n 's/^threadmill replay //p' <<<"$output"
}

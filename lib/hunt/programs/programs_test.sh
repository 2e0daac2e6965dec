#!/usr/bin/env bash
# The programs of this folder against their table, programs.tsv. Every program, both variants: compiles without a warning
# under clang and gcc. The fixed twin: runs to its end plainly, under clang's ThreadSanitizer and gcc's Address+Undefined,
# without a word. The buggy one, where the table says so: is reported by ThreadSanitizer in one of a few runs.
# Without --all each is compiled by gcc, and what runs is what ThreadSanitizer watches: the rest changes with a program alone.
# Arguments: [--all], then nothing, or the names of programs to check alone.
set -u
cd "$(dirname "$0")" || exit 3
shopt -s nullglob
LC_ALL=C
table=programs.tsv
kinds='assertion crash exit deadlock lost-wakeup race use-after-free double-free livelock lock-order leak'
flags=(-O1 -Wall -Wextra -Werror -pthread)
all=no
if [[ ${1:-} == --all ]]; then
    all=yes
    shift
fi
limit=60 # seconds, for what ends in a fraction of one unless it hangs
tries=8

# check_one NAME LANGUAGE TSAN: what is wrong goes to standard output.
check_one() {
    local name=$1 language=$2 tsan=$3 source=$1.c clang=clang gcc=gcc standard=-std=gnu17 compiler run
    if [[ $language == c++ ]]; then
        source=$1.cc clang=clang++ gcc=g++ standard=-std=c++17
    fi
    local -a compilers=("$gcc")
    [[ $tsan == yes ]] || compilers+=("$clang") # else it compiles it below
    for compiler in "${compilers[@]}"; do
        "$compiler" "$standard" "${flags[@]}" -c -o "$scratch/$name.o" "$source" 2>&1 || echo "$compiler refuses it"
    done
    run_fixed "$([[ $all == yes ]] && echo 3 || echo 1)" "$clang" "$standard" "${linker[@]}" -fsanitize=thread
    if [[ $all == yes ]]; then
        run_fixed 3 "$gcc" "$standard"
        # gcc's: clang 14's takes the stack of a cancelled thread for overrun
        run_fixed 1 "$gcc" "$standard" -fsanitize=address,undefined -fno-sanitize-recover=undefined
    fi
    if [[ $tsan == yes ]]; then
        "$clang" "$standard" "${flags[@]}" "${linker[@]}" -fsanitize=thread -o "$scratch/$name" "$source" 2>&1 || {
            echo "$clang refuses it"
            return
        }
        for ((run = 0; run < tries; run++)); do
            if TSAN_OPTIONS=halt_on_error=1:symbolize=0 timeout 5 "$scratch/$name" 2>&1 | grep -Eq '(WARNING|ERROR): ThreadSanitizer'; then
                return
            fi
        done
        echo "the buggy one: not reported by ThreadSanitizer in $tries runs, though the table says tsan: yes"
    fi
}

# run_fixed RUNS COMPILER FLAG...: of check_one, whose $name and $source it sees.
run_fixed() {
    local runs=$1 code said run
    shift
    "$@" "${flags[@]}" -DFIXED -o "$scratch/$name" "$source" 2>&1 || {
        echo "the fixed twin: refused by $*"
        return
    }
    for ((run = 0; run < runs; run++)); do
        said=$(timeout "$limit" "$scratch/$name" 2>&1)
        code=$?
        if [[ $code != 0 || -n $said ]]; then
            printf 'the fixed twin, by %s: exit code %d\n%s\n' "$*" "$code" "$said"
            return
        fi
    done
}

# check_row LINE: the row against the rules and against the program's own header comment.
check_row() {
    local name language findings preemptions tsan random sentence more kind source text line
    IFS=$'\t' read -r name language findings preemptions tsan random sentence more <<<"$1"
    [[ -n ${sentence-} && -z ${more-} ]] || echo "$name: the row has not seven columns"
    case $language in
    c) source=$name.c ;;
    c++) source=$name.cc ;;
    *) echo "$name: language '$language' is neither c nor c++" && return ;;
    esac
    [[ -f $source ]] || { echo "$name: there is no $source" && return; }
    for kind in ${findings//,/ }; do
        [[ " $kinds " == *" $kind "* ]] || echo "$name: finding '$kind' is none of: $kinds"
    done
    [[ $tsan == yes || $tsan == no ]] || echo "$name: tsan '$tsan' is neither yes nor no"
    [[ $random =~ ^[1-9][0-9]*$ ]] || echo "$name: random '$random' is no number of schedules"
    IFS= read -r -d '' text <"$source"
    for line in ' * Shows when: ' $' * Preemptions: '"$preemptions"$'.\n' " * Finding: ${findings//,/, }."$'\n'; do
        [[ ${text%%'*/'*} == *$'\n'"$line"* ]] || echo "$name: its header has no line '${line%$'\n'}'"
    done
    [[ $text == *'def FIXED'* ]] || echo "$name: it has no fixed twin"
}

# check_table: the names, and every row. What is wrong goes to standard output.
check_table() {
    local row name last='' source
    local -A named=()
    while IFS= read -r row; do
        name=${row%%$'\t'*}
        [[ $name > $last ]] || echo "$name: does not come after $last"
        last=$name named[$name]=yes
        check_row "$row"
    done <<<"$rows"
    for source in *.c *.cc; do
        [[ -n ${named[${source%.*}]-} ]] || echo "$source: has no row"
    done
}

if [[ ${1-} == --one ]]; then # by xargs below
    scratch=$2
    command -v ld.lld >/dev/null && linker=(-fuse-ld=lld) || linker=() # in half the time
    said=$(check_one "$3" "$4" "$5")
    [[ -z $said ]] && exit 0
    printf 'FAILED: %s:\n%s\n' "$3" "$said"
    exit 1
fi

for tool in clang clang++ gcc g++; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed" && exit 77; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
rows=$(grep -v '^#' "$table")
failed=0
said=$(check_table)
if [[ -n $said ]]; then
    printf 'FAILED: %s:\n%s\n' "$table" "$said"
    failed=1
fi
for name in "$@"; do
    cut -f1 <<<"$rows" | grep -qxF "$name" || { echo "FAILED: '$name' is not in $table" && failed=1; }
done
chosen=$(awk -F '\t' -v names=" $* " 'names == "  " || index(names, " " $1 " ") { print $1, $2, $5 }' <<<"$rows")
count=$(grep -c . <<<"$chosen")
# clang 14's ThreadSanitizer does not start where the kernel scatters addresses over more than 28 bits.
steady=()
if setarch --addr-no-randomize true 2>/dev/null; then
    steady=(setarch --addr-no-randomize)
fi
"${steady[@]}" xargs -r -P "$(nproc)" -L 1 "./$(basename "$0")" --one "$scratch" <<<"$chosen" || failed=1
printf '%d programs, both variants\n' "$count"
((failed == 0 && count > 0))

#!/usr/bin/env bash
# The small buggy programs of lib/hunt/programs under 'threadmill hunt': each mistake is found, as one of the kinds that the
# table gives it, and not in the fixed twin. Arguments: the program threadmill; then nothing, or names of programs.
set -u
threadmill=$1
shift
folder=$(cd "$(dirname "$0")/../lib/hunt/programs" && pwd) || exit 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
command -v clang >/dev/null || { echo 'SKIPPED: clang is not here'; exit 77; }

# Schedules in which a mistake must be found, of which the table gives what a random walk needs; and those in which the
# twin must be silent.
buggy=4000
fixed=60

# hunt_one NAME LANGUAGE KINDS RANDOM: what is wrong goes to standard output.
hunt_one() {
    local name=$1 language=$2 kinds=$3 random=$4 compiler=cc source=$1.c
    local -a options=(--seed 1 --quiet --raw --patience 20s)
    [[ $language == c++ ]] && compiler=c++ source=$1.cc
    [[ $kinds == *leak* ]] && options+=(--leaks)
    [[ $name == woken_for_nothing ]] && options+=(--spurious) # the standard allows it; a hunt does not by default
    "$threadmill" $compiler -O1 -g -pthread -o "$scratch/$name" "$folder/$source" 2>&1 || echo 'it does not compile'
    "$threadmill" $compiler -O1 -g -pthread -DFIXED -o "$scratch/$name.fixed" "$folder/$source" 2>&1 || echo 'the twin does not compile'
    if ((random <= 500)); then
        local said code kind
        said=$("$threadmill" hunt --schedules $buggy "${options[@]}" -- "$scratch/$name" 2>&1 </dev/null)
        code=$?
        kind=$(sed -nE 's/^(failed assertion|crash|wrong exit code|deadlock|lost wake-up|live-lock|data race|lock order|use after free|double free|leak|no progress): .*/\1/p' <<<"$said" | head -1)
        case $kind in
        'failed assertion') kind=assertion ;;
        'wrong exit code') kind='exit' ;;
        'lost wake-up') kind=lost-wakeup ;;
        'live-lock') kind=livelock ;;
        'data race') kind=race ;;
        *) kind=${kind// /-} ;;
        esac
        if [[ $code != 1 || ,$kinds, != *,$kind,* || -z $kind ]]; then
            printf 'exit code %d, found "%s" where the table says %s\n%s\n' "$code" "$kind" "$kinds" "$(head -12 <<<"$said")"
        fi
    fi
    said=$("$threadmill" hunt --schedules $fixed "${options[@]}" -- "$scratch/$name.fixed" 2>&1 </dev/null)
    code=$?
    if [[ $code != 0 ]]; then
        printf 'the fixed twin: exit code %d\n%s\n' "$code" "$(head -20 <<<"$said")"
    fi
}

# Of one line of the table.
check_line() {
    local name language kinds random said
    IFS=$'\t' read -r name language kinds _ _ random _ <<<"$1"
    said=$(hunt_one "$name" "$language" "$kinds" "$random")
    if [[ -n $said ]]; then
        printf 'FAILED: %s\n%s\n' "$name" "$said"
        touch "$scratch/failed"
    fi
    echo "$name" >>"$scratch/hunted"
}

export -f hunt_one check_line
export threadmill folder scratch buggy fixed
pattern=$(printf '%s\n' "$@" | paste -sd'|')
# shellcheck disable=SC2016 # the inner shell expands it
grep -v '^#' "$folder/programs.tsv" | grep -E "^(${pattern:-.*})"$'\t' |
    xargs -d '\n' -r -P "$(nproc)" -n 1 bash -c 'check_line "$1"' _
count=$(wc -l <"$scratch/hunted" 2>/dev/null || echo 0)
echo "$count programs hunted"
[[ ! -e $scratch/failed && $count -gt 0 ]]

#!/usr/bin/env bash
# 'threadmill cc' with what a build system gives it: a step of its own each, libraries, questions. One argument: the program.
set -u
program=$1
# shellcheck source=bench/prey.sh
. "$(dirname "$0")/prey.sh"

cat >library.c <<'C'
static int count;
void *add(void *unused)
{
    count++;
    return unused;
}
C
cat >main.c <<'C'
#include <pthread.h>
void *add(void *unused);
int main(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, add, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}
C

# A shared library is instrumented, and its hooks are the program's.
holds 'a shared library compiles' "$program" cc -O1 -g -fPIC -shared -o libadd.so library.c
holds 'a program links it' "$program" cc -O1 -g -pthread -o shared main.c -L. -ladd -Wl,-rpath,"$scratch"
expect 1 'data race: thread [12] (reads|writes) 4 bytes' hunt --schedules 100 --seed 1 -q -- ./shared

# Objects step by step, and joined to one.
holds 'objects compile' "$program" cc -O1 -g -c library.c main.c
holds 'objects are joined' "$program" cc -r -o both.o library.o main.o
expect 0 '^$' cc -pthread -o joined both.o
expect 1 'data race' hunt --schedules 100 --seed 1 -q -- ./joined

# -v says what is done, and does it; alone it is a question.
expect 0 'libthreadmill-prey' cc -v -O1 -g -pthread -o wordy main.c library.c
expect 1 'data race' hunt --schedules 100 --seed 1 -q -- ./wordy
expect 0 'version' cc -v
expect 0 'version' cc --version

tally

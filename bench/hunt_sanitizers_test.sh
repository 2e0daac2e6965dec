#!/usr/bin/env bash
# Programs that are hunted with the real ThreadSanitizer or AddressSanitizer in them ('threadmill cc --with'), tokens of one build
# played in another, and replays under gdb. One argument: the program threadmill.
set -u
program=$1
# shellcheck source=bench/expect.sh
. "$(dirname "$0")/expect.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
command -v clang >/dev/null || { echo 'SKIPPED: clang is not here'; exit 77; }

# compile NAME BUILD...: the source is the standard input, or NAME.c if that is empty; BUILD is plain, tsan or asan, and the
# program then NAME, NAME.tsan, NAME.asan.
compile() {
    local name=$1 build
    shift
    cat >"$name.source"
    [[ ! -s $name.source ]] || mv "$name.source" "$name.c"
    for build in "$@"; do
        if [[ $build == plain ]]; then
            holds "$name compiles" "$program" cc -O1 -g -pthread -o "$name" "$name.c"
        else
            holds "$name compiles with $build" "$program" cc --with "$build" -O1 -g -pthread -o "$name.$build" "$name.c"
        fi
    done
}

token() {
    sed -n 's/^threadmill replay //p' <<<"$output"
}

# has PATTERN: the last output.
has() {
    holds "there is /$1/" grep -qE -- "$1" <<<"$output"
}

# A race between what two threads do on either side of a lock, which orders them whenever the first comes first. Whoever switches
# threads and tells the sanitizer that this orders them never sees it.
compile masked plain tsan <<'C'
#include <pthread.h>
int data;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *before(void *unused)
{
    data = 1;
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    return unused;
}
static void *after(void *unused)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    data = 2;
    return unused;
}
int main(void)
{
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, before, NULL);
    pthread_create(&threads[1], NULL, after, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    return 0;
}
C
expect 1 '^data race: ThreadSanitizer: data-race$' hunt --schedules 200 --seed 1 -q -- ./masked.tsan
has '^  thread [12] write of 4 bytes$'
has '^  thread [12] had before: write of 4 bytes$'
has '^ThreadSanitizer says:$'
# The hooks that make the points have left nothing on the stack.
holds 'both accesses begin with a frame of the program' test \
    "$(grep -A1 -E '^  (Write|Previous write) of size 4 at' <<<"$output" | grep -cE '^    #0 (before|after) .*masked.c:')" = 2
holds 'threads have the numbers of the schedule' test "$(grep -cE "^  Thread T[12] 'thread [12]' .* created by main thread at:" <<<"$output")" = 2
holds 'they were created in the program' test "$(grep -cE '^    #[0-9]+ main .*masked.c:2[12]:' <<<"$output")" = 2
first=$(token)
expect 1 'ThreadSanitizer says' replay "$first"
before=$output
expect 1 'ThreadSanitizer says' replay "$first"
holds 'a replay with a report prints the same text each time' test "$output" = "$before"
expect 1 'masked.tsan and ./masked take the same [0-9]+ steps$' replay "$first" --program ./masked
has '^data race: thread [12] writes 4 bytes'
expect 1 'data race' hunt --schedules 200 --seed 1 -q -- ./masked
expect 1 'masked and ./masked.tsan take the same [0-9]+ steps$' replay "$(token)" --program ./masked.tsan
has '^data race: ThreadSanitizer'
expect 1 'ThreadSanitizer: data-race' hunt --schedules 200 --seed 1 -q --engine threads -- ./masked.tsan
holds 'both engines find the same' test "$(token)" = "$first:engine=threads"
expect 0 'no failure' hunt --schedules 100 --seed 1 -q --no-races -- ./masked.tsan

# What orders, primitive by primitive: nobody may find a race, and everybody the one that is left without it.
compile ordered plain tsan <<'C'
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static sem_t given;
static atomic_int flag;
static mtx_t c11;
int data, ready;
static const char *way;
static int is(const char *name)
{
    return strcmp(way, name) == 0;
}
static void set(void)
{
    data++;
}
static void *one(void *unused)
{
    if (is("once")) {
        pthread_once(&once, set);
        return unused;
    }
    pthread_mutex_t *lock = is("mutex") ? &mutex : NULL;
    lock ? pthread_mutex_lock(lock) : 0;
    is("rwlock") ? pthread_rwlock_wrlock(&shared) : 0;
    is("spin") ? pthread_spin_lock(&spin) : 0;
    is("c11") ? mtx_lock(&c11) : 0;
    data++;
    is("c11") ? mtx_unlock(&c11) : 0;
    is("spin") ? pthread_spin_unlock(&spin) : 0;
    is("rwlock") ? pthread_rwlock_unlock(&shared) : 0;
    lock ? pthread_mutex_unlock(lock) : 0;
    if (is("condition")) {
        pthread_mutex_lock(&mutex);
        ready = 1;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&mutex);
    }
    is("semaphore") ? sem_post(&given) : 0;
    is("barrier") ? pthread_barrier_wait(&barrier) : 0;
    is("atomic") ? atomic_store_explicit(&flag, 1, memory_order_release) : (void)0;
    is("relaxed") ? atomic_store_explicit(&flag, 1, memory_order_relaxed) : (void)0;
    return unused;
}
static void in_main(pthread_t thread)
{
    if (is("join")) {
        pthread_join(thread, NULL);
    }
    if (is("condition")) {
        pthread_mutex_lock(&mutex);
        while (!ready) {
            pthread_cond_wait(&changed, &mutex);
        }
        pthread_mutex_unlock(&mutex);
    }
    is("semaphore") ? sem_wait(&given) : 0;
    is("barrier") ? pthread_barrier_wait(&barrier) : 0;
    while ((is("atomic") && !atomic_load_explicit(&flag, memory_order_acquire)) ||
           (is("relaxed") && !atomic_load_explicit(&flag, memory_order_relaxed))) {
        sched_yield();
    }
    is("rwlock") ? pthread_rwlock_rdlock(&shared) : 0;
    is("spin") ? pthread_spin_lock(&spin) : 0;
    is("c11") ? mtx_lock(&c11) : 0;
    is("mutex") ? pthread_mutex_lock(&mutex) : 0;
    is("once") ? pthread_once(&once, set) : 0;
    int seen = data;
    is("mutex") ? pthread_mutex_unlock(&mutex) : 0;
    is("c11") ? mtx_unlock(&c11) : 0;
    is("spin") ? pthread_spin_unlock(&spin) : 0;
    is("rwlock") ? pthread_rwlock_unlock(&shared) : 0;
    if (!is("join")) {
        pthread_join(thread, NULL);
    }
    if (seen > 1) {
        abort();
    }
}
int main(int argc, char **argv)
{
    pthread_t thread;
    way = argc > 1 ? argv[1] : "nothing";
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    pthread_barrier_init(&barrier, NULL, 2);
    sem_init(&given, 0, 0);
    mtx_init(&c11, mtx_plain);
    pthread_create(&thread, NULL, one, NULL);
    in_main(thread);
    pthread_barrier_destroy(&barrier);
    mtx_destroy(&c11);
    return 0;
}
C
for way in mutex condition rwlock once spin barrier semaphore atomic c11 join; do
    expect 0 'no failure' hunt --schedules 60 --seed 1 -q -- ./ordered.tsan $way
    expect 0 'no failure' hunt --schedules 60 --seed 1 -q -- ./ordered $way
done
for way in relaxed nothing; do
    expect 1 'ThreadSanitizer: data-race' hunt --schedules 150 --seed 1 -q -- ./ordered.tsan $way
    expect 1 'data race' hunt --schedules 150 --seed 1 -q -- ./ordered $way
done

# Memory that is used after it was freed: found by a plain hunt, which does not look for the race that it is; told by
# AddressSanitizer under the same schedule.
compile late plain tsan asan <<'C'
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
struct box {
    atomic_int users;
    int content;
};
static struct box *box;
static void *use(void *unused)
{
    if (atomic_load(&box->users) > 0) {
        box->content = 1;
    }
    return unused;
}
int main(int argc, char **argv)
{
    pthread_t thread;
    box = malloc(sizeof *box);
    box->users = argc;
    pthread_create(&thread, NULL, use, NULL);
    if (argc > 1 && argv[1][0] == 'k') {
        pthread_join(thread, NULL);
    }
    free(box);
    if (argc == 1) {
        pthread_join(thread, NULL);
    }
    if (argc > 1 && argv[1][0] == 't') {
        free(box);
    }
    return 0;
}
C
expect 1 '^use after free: ' hunt --schedules 500 --seed 1 -q --no-races -- ./late
late=$(token)
expect 1 '^use after free: AddressSanitizer: heap-use-after-free$' replay "$late" --program ./late.asan
has '^  thread 1 (read|write) of 4 bytes$'
has '^    #0 use late.c:1[34]$'
has '^  thread 0 has freed it$'
has '^ERROR: AddressSanitizer: heap-use-after-free on address'
has '^freed by thread T0 here:$'
has '^./late and ./late.asan take the same [0-9]+ steps$'
expect 1 'late.tsan take the same [0-9]+ steps$' replay "$late" --program ./late.tsan
expect 1 '^use after free: AddressSanitizer' hunt --schedules 500 --seed 1 -q -- ./late.asan
has 'reduced from [0-9]+ to [01] preemption'
expect 1 '^use after free: AddressSanitizer' replay "$(token)"
expect 1 '^use after free: AddressSanitizer' hunt --schedules 500 --seed 1 -q --engine threads -- ./late.asan
expect 0 'no failure' hunt --schedules 200 --seed 1 -q -- ./late.asan keeps
expect 1 '^double free: AddressSanitizer: double-free' hunt --schedules 500 --seed 1 -q -- ./late.asan twice

# A build that takes other steps is told where it parts.
mkdir other
sed 's/atomic_load(&box->users) > 0/box->content >= 0/' late.c | compile other/late asan
expect 3 '^the builds differ at step [0-9]+:$' replay "$late" --program other/late.asan
has '^  ./late: thread 1 late.c:12 atomic read$'
has '^  other/late.asan: thread 1 late.c:12 read$'
has 'it diverged: the builds take other steps'
rm late
expect 1 'is not there as the token has it' replay "$late" --program ./late.asan
expect 3 'cannot be started' replay "$late" --program ./nowhere
compile late plain </dev/null

# Copies, and memory, through the sanitizer's own functions: the program is what calls them.
compile copies plain tsan asan <<'C'
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
static char *bytes;
static volatile size_t size = 64;
static void *fill(void *unused)
{
    memset(bytes, 1, size);
    return unused;
}
int main(int argc, char **argv)
{
    pthread_t thread;
    bytes = calloc(1, size);
    bytes = realloc(bytes, 2 * size);
    if (argc == 1 && (bytes[0] != 0 || bytes[2 * size - 1] != 0)) { /* so it is in a hunt */
        return 3;
    }
    pthread_create(&thread, NULL, fill, NULL);
    if (argc > 1) {
        memset(bytes, 2, size);
    }
    pthread_join(thread, NULL);
    free(bytes);
    free(aligned_alloc(64, 64));
    if (argc > 1 && argv[1][0] == 'l') {
        *(volatile char *)bytes = 3;
    }
    return 0;
}
C
expect 0 'no failure' hunt --schedules 100 --seed 1 -q -- ./copies.tsan
expect 0 'no failure' hunt --schedules 100 --seed 1 -q -- ./copies.asan
expect 1 'ThreadSanitizer: data-race' hunt --schedules 100 --seed 1 -q -- ./copies.tsan race
holds 'what calls memset is the program' test "$(grep -A2 -E '^  (Write|Previous write) of size' <<<"$output" | grep -cE '^    #1 (fill|main) .*copies.c:')" = 2
has 'Location is heap block of size 128'
expect 1 'copies.tsan and ./copies take the same [0-9]+ steps, then ./copies|take the same [0-9]+ steps$' replay "$(token)" --program ./copies
expect 1 'AddressSanitizer: heap-use-after-free' hunt --schedules 100 --seed 1 -q -- ./copies.asan late
has '^    #0 main copies.c:'

# C++, where the sanitizers have operators of their own.
cat >objects.cc <<'C'
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
static std::mutex mutex;
static std::vector<std::string> names;
int main(int argc, char **)
{
    auto add = [argc](const char *name) {
        std::unique_lock<std::mutex> hold(mutex, std::defer_lock);
        if (argc == 1) {
            hold.lock();
        }
        names.push_back(std::string(40, *name));
    };
    std::thread one(add, "a"), two(add, "b");
    one.join();
    two.join();
    return names.size() == 2 ? 0 : 1;
}
C
for build in tsan asan; do
    holds "a C++ program compiles with $build" "$program" c++ --with $build -O1 -g -o objects.$build objects.cc
    expect 0 'no failure' hunt --schedules 100 --seed 1 -q -- ./objects.$build
done
expect 1 'ThreadSanitizer: data-race' hunt --schedules 100 --seed 1 -q -- ./objects.tsan race

# Nobody hunts it: it is its sanitizer's alone, threads, locks, exit code and all.
./masked.tsan >/dev/null 2>&1
holds 'without a hunt ThreadSanitizer has its exit code, or nothing to say' test $? = 66 -o $? = 0
output=$(./copies.tsan race 2>&1)
code=$?
holds 'a race outside of a hunt is ThreadSanitizer'"'"'s' test $code = 66
has 'WARNING: ThreadSanitizer: data race'
output=$(./copies.asan late 2>&1)
has 'ERROR: AddressSanitizer: heap-use-after-free'
output=$(./ordered.tsan condition 2>&1)
holds 'what is ordered outside of a hunt is so for ThreadSanitizer' test -z "$output"

# Wrong use, and what is not had.
expect 3 'leaks are not looked for in a program that is linked with ThreadSanitizer' hunt --schedules 1 -q --leaks -- ./masked.tsan
expect 2 "'--with' is 'tsan' or 'asan', not 'msan'" cc --with msan -o masked masked.c
expect 2 "'--with' is 'tsan' or 'asan', not ''" cc masked.c --with
expect 2 "'--with' is 'tsan', not 'asan'" hunt counter --with asan
expect 2 "'--with' is of scenarios" hunt --with tsan -- ./masked

# Scenarios with the real ThreadSanitizer: any number of schedules in a process, aligned memory given back among it.
expect 0 'clean, 1 controls caught, 0 controls not caught, 0 findings' hunt counter --with tsan --schedules 300 --seed 3 -q
expect 1 'ThreadSanitizer: data-race' hunt --schedules 10 --seed 1 -q -- threadmill-hunt-tsan counter unsafe threads=2

# gdb stops where the failure is told, in the thread that failed, with a thread for each of the program's.
if command -v gdb >/dev/null; then
    output=$(printf 'run\nbacktrace\ninfo threads\nkill\n' | timeout 120 "$program" replay "$late" --gdb 2>&1)
    has 'hit Breakpoint 1, mill_fail'
    has '^#[0-9]+ .* use \(.*\) at late.c:1[234]'
    has '^\* 2\.2 '
    has '^  2\.1 '
    output=$(printf 'run\nbacktrace\nkill\n' | timeout 120 "$program" replay "$first" --gdb 2>&1)
    has '^#[0-9]+ .* (before|after) \(.*\) at masked.c:'
    output=$(PATH=/nowhere "$program" replay "$late" --gdb 2>&1 </dev/null)
    has 'gdb cannot be started: No such file'
else
    echo 'gdb is not here: replays under it are not tested'
fi

tally

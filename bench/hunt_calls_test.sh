#!/usr/bin/env bash
# What calls of the C library do under 'threadmill hunt': the memory that they read and write is the caller's doing; jumps leave
# functions; a loop that looks at nothing is told from one that waits. One argument: the program threadmill.
set -u
program=$1
# shellcheck source=bench/expect.sh
. "$(dirname "$0")/expect.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
command -v clang >/dev/null || { echo 'SKIPPED: clang is not here'; exit 77; }

# compile NAME FLAG...: the source is the standard input, or NAME.c if that is empty.
compile() {
    local name=$1
    shift
    cat >"$name.source"
    [[ ! -s $name.source ]] || mv "$name.source" "$name.c"
    holds "$name compiles" "$program" cc -O1 -g -pthread "$@" -o "$name" "$name.c"
}

# Each call, by the name that the first argument gives, on a text of which another thread writes the byte that the second gives.
# Pointers are volatile, so that no compiler knows what they point to and does the call's work itself.
compile calls -Wno-unused-value <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
static char bytes[80] = "a text", mine[64] = "a text", room[64];
static char *volatile text = bytes, *volatile same = mine, *volatile to = room;
static const char *volatile wanted = "xyz";
static volatile size_t six = 6;
static volatile int sum;
static FILE *nothing, *zeros, *lines;
static int none, zero, pair[2];
static int list(char *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = out ? vsnprintf(out, 64, format, arguments) : vfprintf(nothing, format, arguments);
    va_end(arguments);
    return length;
}
#define CALL(name, what) \
    static void call_##name(void) { sum += (int)(long)(what); }
#define CALLS(X)                                                              \
    X(strlen, strlen(text)) X(strnlen, strnlen(text, 4))                      \
    X(strchr, strchr(text, 'e')) X(strchr_not, strchr(text, 'y'))             \
    X(strchrnul, strchrnul(text, 't')) X(strrchr, strrchr(text, 't'))         \
    X(memchr, memchr(text, 'e', 64)) X(strstr, strstr(text, wanted))          \
    X(strpbrk, strpbrk(text, wanted)) X(strspn, strspn(text, wanted))         \
    X(strcspn, strcspn(text, wanted)) X(strcmp, strcmp(text, same))           \
    X(strcmp_right, strcmp(same, text)) X(strcasecmp, strcasecmp(text, same)) \
    X(strncmp, strncmp(text, same, 5)) X(strncasecmp, strncasecmp(text, same, 5)) \
    X(memcmp, memcmp(text, same, six)) X(bcmp, bcmp(text, same, six))         \
    X(memcpy, memcpy(to, text, six)) X(memcpy_to, memcpy(text, same, six))    \
    X(memmove_to, memmove(text, same, six)) X(memset, memset(text, 1, six))   \
    X(mempcpy, mempcpy(text, same, six)) X(memccpy, memccpy(text, same, 'e', 64)) \
    X(strcpy, strcpy(to, text)) X(strcpy_to, strcpy(text, same))              \
    X(stpcpy, stpcpy(to, text)) X(stpcpy_to, stpcpy(text, same))              \
    X(strcat, strcat(to, text)) X(strcat_to, strcat(text, same))              \
    X(strncpy, strncpy(to, text, 64)) X(strncpy_to, strncpy(text, same, 64))  \
    X(stpncpy, stpncpy(to, text, 4)) X(strncat, strncat(to, text, 4))         \
    X(strdup, ((to = strdup(text)), 0)) X(pointer, ((void *(*volatile)(void *, const void *, size_t))memcpy)(to, text, six)) \
    X(printf, printf("%d %s\n", 1, text))                                     \
    X(printf_precise, printf("%ld %c %5.1f %Lf %*d %.*s\n", 1L, 'c', 1.0, 1.0L, 3, 4, 5, text)) \
    X(fprintf, fprintf(nothing, "%d %s\n", 1, text)) X(vfprintf, list(NULL, "%s.", text)) \
    X(dprintf, dprintf(none, "%d %s\n", 1, text))                             \
    X(sprintf, sprintf(to, "%d %s\n", 1, text)) X(sprintf_to, sprintf(text, "%d %s", 1, same)) \
    X(snprintf_to, snprintf(text, 5, "%d %s", 1, same)) X(vsnprintf_to, list(text, "%d", 5)) \
    X(puts, puts(text)) X(fputs, fputs(text, nothing)) X(fwrite, fwrite(text, 2, 3, nothing)) \
    X(fread, fread(text, 2, 3, zeros)) X(fgets, fgets(text, 64, lines))       \
    X(write, write(none, text, 6)) X(pwrite, pwrite(none, text, 6, 0))        \
    X(send, send(pair[0], text, 6, 0)) X(read, read(zero, text, 6))           \
    X(pread, pread(zero, text, 6, 0)) X(recv, recv(pair[0], text, 64, 0))
CALLS(CALL)
#define ROW(name, what) {#name, call_##name},
static const struct {
    const char *name;
    void (*call)(void);
} calls[] = {CALLS(ROW)};
static void *run(void *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].name, name) == 0) {
            calls[i].call();
            return NULL;
        }
    }
    _exit(9);
}
int main(int argc, char **argv)
{
    pthread_t thread;
    long byte = argc > 2 ? atol(argv[2]) : -1;
    nothing = fopen("/dev/null", "w");
    zeros = fopen("/dev/zero", "r");
    lines = fopen("lines", "r");
    none = open("/dev/null", O_WRONLY);
    zero = open("/dev/zero", O_RDONLY);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    if (write(pair[1], mine, 6) != 6) {
        return 8;
    }
    pthread_create(&thread, NULL, run, argv[1]);
    if (byte >= 0) {
        text[byte] = 0; /* a string is no longer by that */
    }
    pthread_join(thread, NULL);
    return 0;
}
C
printf 'abc\nd\n' >lines
# CALL:BYTES, how many it reads or writes, at its least: a race with a write of the last of them, and none with one behind it.
for row in strlen:7 strnlen:4 strchr:4 strchr_not:7 strchrnul:3 strrchr:7 memchr:4 strstr:7 strpbrk:7 strspn:7 strcspn:7 strcmp:7 \
    strcmp_right:7 strcasecmp:7 strncmp:5 strncasecmp:5 memcmp:6 bcmp:6 memcpy:6 memcpy_to:6 memmove_to:6 memset:6 mempcpy:6 \
    memccpy:4 strcpy:7 strcpy_to:7 stpcpy:7 stpcpy_to:7 strcat:7 strcat_to:13 strncpy:7 strncpy_to:64 stpncpy:4 strncat:4 strdup:7 \
    pointer:6 printf:7 printf_precise:5 fprintf:7 vfprintf:7 dprintf:7 sprintf:7 sprintf_to:9 snprintf_to:5 vsnprintf_to:2 puts:7 \
    fputs:7 fwrite:6 fread:6 fgets:5 write:6 pwrite:6 send:6 read:6 pread:6 recv:6; do
    name=${row%:*}
    bytes=${row#*:}
    expect 1 '^data race: ' hunt --schedules 50 --seed 1 -q -- ./calls "$name" $((bytes - 1))
    holds "$name: its place is the call" grep -qE '^    #0 (call_.*|list) calls.c:' <<<"$output"
    expect 0 'no failure' hunt --schedules 20 --seed 1 -q -- ./calls "$name" "$bytes"
done

# The same calls with a sanitizer in the program take the same steps, and it says the same of them, in the program's words.
for build in tsan asan; do
    holds "calls compiles with $build" "$program" cc --with $build -O1 -g -pthread -w -o calls.$build calls.c
    for name in strlen strcpy_to strcat_to strncmp memchr strdup fwrite read snprintf_to; do
        "$program" hunt --explore random --schedules 1 --seed 2 -q --trace-hash -- ./calls $name 70 >told
        expect 0 'no failure' hunt --explore random --schedules 1 --seed 2 -q -- ./calls.$build $name 70
        holds "$name: as many steps with $build" test "$(grep -oE '[0-9]+ steps$' <<<"$output")" = "$(grep -oE '[0-9]+ steps$' told)"
    done
done
for name in strlen strcpy_to strncmp memchr fwrite read; do # of strcat it knows nothing
    expect 1 '^data race: ThreadSanitizer: data-race$' hunt --schedules 50 --seed 1 -q -- ./calls.tsan $name 3
    holds "$name: ThreadSanitizer sees the program call" grep -qE "^    #1 call_$name .*calls.c:" <<<"$output"
done

# What lies in memory that was freed, and beyond the end of it.
compile heap <<'C'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void *nothing(void *unused)
{
    return unused;
}
int main(int argc, char **argv)
{
    pthread_t thread;
    char *volatile text = malloc(8);
    const char *volatile long_word = "a long word";
    pthread_create(&thread, NULL, nothing, NULL);
    strcpy(text, "abc");
    if (argc > 1 && argv[1][0] == 'f') {
        free(text);
        puts(text);
    }
    if (argc > 1 && argv[1][0] == 'l') {
        strcpy(text, long_word);
    }
    if (argc > 1 && argv[1][0] == 'd') {
        char *volatile copy = strdup(long_word);
        free(copy);
        puts(copy);
    }
    if (argc > 1 && argv[1][0] == 'n') {
        return (int)strlen((char *volatile){NULL});
    }
    pthread_join(thread, NULL);
    free(text);
    return 0;
}
C
expect 0 'no failure' hunt --schedules 10 --seed 1 -q -- ./heap
expect 1 '^use after free: .* reads 4 bytes' hunt --schedules 10 --seed 1 -q -- ./heap freed
expect 1 '^[a-z ]+: thread 0 writes 12 bytes at offset 0 of memory of 8 bytes' hunt --schedules 10 --seed 1 -q -- ./heap long
expect 1 '^use after free: .* reads 12 bytes' hunt --schedules 10 --seed 1 -q -- ./heap duplicated
expect 1 '^crash: ' hunt --schedules 10 --seed 1 -q -- ./heap nowhere
holds 'a crash in a call is where it was called' grep -qE '^    #0 main heap.c:29$' <<<"$output"

# What nobody can write is read without a step.
compile constant <<'C'
#include <pthread.h>
#include <stdio.h>
#include <string.h>
static void *nothing(void *unused)
{
    return unused;
}
int main(int argc, char **argv)
{
    pthread_t thread;
    (void)argv;
    pthread_create(&thread, NULL, nothing, NULL);
    if (argc > 1) {
        puts("a text that is constant");
        printf("%s: %zu\n", "another", strlen("a third"));
    }
    return pthread_join(thread, NULL);
}
C
expect 0 'no failure' hunt --schedules 10 --seed 1 -q -- ./constant
steps=$(grep -oE '[0-9]+ steps$' <<<"$output")
expect 0 "and $steps\$" hunt --schedules 10 --seed 1 -q -- ./constant prints

# What was written to a pipe is before what is read from it.
compile piped <<'C'
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
int data;
static int ends[2];
static void *give(void *unused)
{
    data = 1;
    return write(ends[1], "x", 1) == 1 ? unused : NULL;
}
int main(void)
{
    pthread_t thread;
    struct pollfd end = {.events = POLLIN};
    char got;
    if (pipe(ends) != 0) {
        return 2;
    }
    end.fd = ends[0];
    pthread_create(&thread, NULL, give, NULL);
    while (poll(&end, 1, 0) == 0) {
        sched_yield();
    }
    int seen = read(ends[0], &got, 1) == 1 ? data : 0;
    pthread_join(thread, NULL);
    return seen != 1;
}
C
expect 0 'no failure' hunt --schedules 100 --seed 1 -q -- ./piped

# A library's calls are its program's.
mkdir library
cat >library/copy.c <<'C'
#include <string.h>
void copy(char *to, const char *from)
{
    strcpy(to, from);
}
C
cat >shared.c <<'C'
#include <pthread.h>
void copy(char *to, const char *from);
char here[8], there[8] = "there";
static void *run(void *unused)
{
    copy(here, there);
    return unused;
}
int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, run, NULL);
    run(NULL);
    pthread_join(thread, NULL);
    return 0;
}
C
holds 'a library compiles' "$program" cc -O1 -g -fPIC -shared -o libcopy.so library/copy.c
holds 'a program links it' "$program" cc -O1 -g -pthread -o shared shared.c -L. -lcopy -Wl,-rpath,"$scratch"
expect 1 '^data race: .* writes 6 bytes that' hunt --schedules 50 --seed 1 -q -- ./shared

# Functions that a jump or an exception leaves have ended: what is told later has none of them. More than a stack has room for.
compile jumps <<'C'
#include <pthread.h>
#include <setjmp.h>
#include <string.h>
int data;
static jmp_buf back;
static sigjmp_buf signalled;
__attribute__((noinline)) static void deeper(int depth, int way)
{
    if (depth > 0) {
        deeper(depth - 1, way);
    } else if (way == 0) {
        longjmp(back, 1);
    } else {
        siglongjmp(signalled, 1);
    }
    data += 0 * depth;
}
__attribute__((noinline)) static void race(void)
{
    data = 1;
}
static void *run(void *way)
{
    int which = strcmp(way, "sigjmp") == 0;
    for (volatile int i = 0; i < 100; i++) {
        if (which ? sigsetjmp(signalled, 1) == 0 : setjmp(back) == 0) {
            deeper(10, which);
        }
    }
    race();
    return NULL;
}
int main(int argc, char **argv)
{
    pthread_t thread;
    (void)argc;
    pthread_create(&thread, NULL, run, argv[1]);
    race();
    pthread_join(thread, NULL);
    return 0;
}
C
cat >exceptions.cc <<'C'
#include <thread>
int data;
struct local {
    ~local() { data += 0; }
};
__attribute__((noinline)) static void deeper(int depth)
{
    local here;
    if (depth > 0) {
        deeper(depth - 1);
    } else {
        throw depth;
    }
}
__attribute__((noinline)) static void race()
{
    data = 1;
}
int main()
{
    std::thread thread([] {
        for (volatile int i = 0; i < 100; i = i + 1) {
            try {
                deeper(10);
            } catch (int) {
            }
        }
        race();
    });
    data = 2;
    thread.join();
    return 0;
}
C
holds 'exceptions compile' "$program" c++ -O1 -g -o exceptions exceptions.cc
for how in jmp sigjmp; do
    expect 1 '^data race: ' hunt --schedules 50 --seed 1 -q --explore random -- ./jumps $how
    holds "$how: the places are the functions' that run" test "$(grep -cE '^    #0 race jumps.c:' <<<"$output")" = 2
    holds "$how: nothing is there that was left" test "$(grep -cE '^    #[0-9]+ deeper ' <<<"$output")" = 0
done
expect 1 '^data race: ' hunt --schedules 50 --seed 1 -q --explore random -- ./exceptions
holds 'exceptions leave functions' test "$(grep -cE '^    #[0-9]+ deeper' <<<"$output")" = 0

# A loop that looks at nothing: told as soon as it is seen, and where; one that computes, and a call that waits, after a while.
compile spins <<'C'
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>
int flag, other;
static int ends[2];
static sem_t given;
__attribute__((noinline)) static void wait_for_flag(void)
{
    while (!flag) {
    }
}
__attribute__((noinline)) static void wait_for_change(void)
{
    unsigned many = 1;
    while (many != 0) {
        __asm__ volatile("" : "+r"(many));
        many |= 1;
    }
}
static void *wait(void *what)
{
    char got;
    switch (*(char *)what) {
    case 'f':
        wait_for_flag();
        break;
    case 'c':
        wait_for_change();
        break;
    case 'r':
        return read(ends[0], &got, 1) == 1 ? what : NULL;
    }
    sem_post(&given);
    return NULL;
}
int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc < 2 || pipe(ends) != 0) {
        return 2;
    }
    if (argv[1][0] == 'a') {
        wait_for_flag();
    }
    pthread_create(&thread, NULL, wait, argv[1]);
    sem_wait(&given);
    return 0;
}
C
# With an hour's patience: nobody waits for it.
expect 1 '^hung: thread 1 goes round in a loop without an end, .* neither atomic nor under a lock$' \
    hunt --schedules 1 --seed 1 -q --patience 3600s -- ./spins flag
holds 'the function and its line are told' grep -qE '^    #0 wait_for_flag spins.c:(8|9|10|11)$' <<<"$output"
holds 'and the reading before it' grep -qE '^  thread 1 has taken its last step before: read$' <<<"$output"
expect 1 '^hung: thread 0 goes round in a loop without an end' hunt --schedules 1 --seed 1 -q --patience 3600s -- ./spins alone
expect 1 '^hung: thread 1 takes no step for a while: it computes, or goes round' hunt --schedules 1 --seed 1 -q --raw --patience 2s -- ./spins change
expect 1 '^hung: .* thread 1 is in .*read\(\), which is not controlled' hunt --schedules 1 --seed 1 -q --raw --patience 2s -- ./spins read

tally

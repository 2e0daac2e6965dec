/* For tests of the checked build: misuse is committed in a child, which has to end by SIGABRT and to name
 * what was done, and by whom to whom. The child's first thread is called "first", another_thread's "other".
 */
#ifndef MILL_SYNC_TEST_MISUSE_H
#define MILL_SYNC_TEST_MISUSE_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct other {
    void (*does)(void *context);
    void *context;
};

static void *be_the_other(void *argument)
{
    struct other *other = argument;
    prctl(PR_SET_NAME, "other");
    other->does(other->context);
    return NULL;
}

/* In the child: waits for it, which holds whatever it took. */
static void another_thread(void (*does)(void *context), void *context)
{
    struct other other = {.does = does, .context = context};
    pthread_t thread;
    if (pthread_create(&thread, NULL, be_the_other, &other) != 0) {
        _exit(3);
    }
    pthread_join(thread, NULL);
}

/* What the child said, and whether it ended by SIGABRT. */
struct end {
    bool aborted;
    char said[4096];
};

static void see_end_of(void (*commit)(void *context), void *context, struct end *end)
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL); /* cmocka's would go on with the other tests */
        dup2(out[1], STDERR_FILENO);
        close(out[0]);
        close(out[1]);
        prctl(PR_SET_NAME, "first");
        alarm(60);
        commit(context);
        _exit(0);
    }
    close(out[1]);
    size_t length = 0;
    ssize_t got;
    while ((got = read(out[0], end->said + length, sizeof end->said - 1 - length)) > 0) {
        length += (size_t)got;
    }
    end->said[length] = '\0';
    close(out[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    end->aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    assert_true(end->aborted || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

#endif

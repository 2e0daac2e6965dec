/* The valve's process: found, refused, and gone with who started it. Scripts stand for the program; the real
 * one is met in bench/threadmill_device_test.sh. */
#include "scenarios/device_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/mill_device_process_XXXXXX";
static char script[sizeof folder + 16];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(script, sizeof script, "%s/program", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(script);
    return rmdir(folder);
}

/* A program that does this. */
static struct mill_device_process_plan program(const char *commands)
{
    FILE *file = fopen(script, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", commands);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(script, 0700), 0);
    return (struct mill_device_process_plan){
        .program = script, .quirks = "none", .service_ns = 3000, .seed = UINT64_MAX};
}

static void assert_refused(const struct mill_device_process_plan *plan, int status, const char *why)
{
    struct mill_device_process valve = {.id = 1};
    struct mill_error error;
    assert_int_equal(mill_device_process_start(plan, &valve, &error), status);
    assert_non_null(strstr(error.message, why));
    assert_int_equal(valve.id, 0);
    mill_device_process_stop(&valve);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_a_valve_is_found_and_ended(void **state)
{
    (void)state;
    struct mill_device_process valve;
    struct mill_error error;
    struct mill_device_process_plan plan = program("echo valve: http://127.0.0.1:12345/\nexec sleep 1000");
    assert_int_equal(mill_device_process_start(&plan, &valve, &error), 0);
    assert_int_equal(valve.port, 12345);
    pid_t id = valve.id;
    assert_int_equal(kill(id, 0), 0);
    mill_device_process_stop(&valve);
    assert_int_equal(kill(id, 0), -1);
    assert_int_equal(errno, ESRCH);
    mill_device_process_stop(&valve);
}

/* In two pieces, and with the arguments that the plan asks for. */
static void test_it_is_told_what_to_serve(void **state)
{
    (void)state;
    struct mill_device_process valve;
    struct mill_error error;
    struct mill_device_process_plan plan =
        program("[ \"$*\" = 'device serve --http 0 --stream 0 --quirks none --service 3000ns --seed "
                "9223372036854775807' ] || exit 1\n"
                "printf 'valve: http://127.0.0.1:'\nsleep 0.05\necho 65535/\nexec sleep 1000");
    assert_int_equal(mill_device_process_start(&plan, &valve, &error), 0);
    assert_int_equal(valve.port, 65535);
    mill_device_process_stop(&valve);
}

static void test_what_serves_no_valve_is_refused(void **state)
{
    (void)state;
    struct mill_device_process_plan plan = program("echo no memory >&2; exit 3");
    assert_refused(&plan, -ENOEXEC, "serves no valve: no memory");
    plan = program("exit 0");
    assert_refused(&plan, -ENOEXEC, "ended without a word");
    plan = program("echo valve: http://127.0.0.1:65536/; exec sleep 1000");
    assert_refused(&plan, -ENOEXEC, "65536");
    plan = program("echo valve: http://127.0.0.1:0/; exec sleep 1000");
    assert_refused(&plan, -ENOEXEC, ":0/");
    plan = program("yes x | tr -d '\\n'"); /* more than a line */
    assert_refused(&plan, -ENOEXEC, "xxx");
    plan.program = "/nonexistent/threadmill";
    assert_refused(&plan, -ENOEXEC, "'/nonexistent/threadmill device serve' serves no valve: it cannot be");
    plan.program = NULL;
    struct mill_device_process valve;
    assert_int_equal(mill_device_process_start(&plan, &valve, NULL), -EINVAL);
    assert_int_equal(mill_device_process_start(NULL, &valve, NULL), -EINVAL);
}

/* Who started it is killed, and so does nothing at its end. */
static void test_it_ends_with_who_started_it(void **state)
{
    (void)state;
    int pair[2];
    pid_t id = 0;
    int how;
    struct mill_device_process_plan plan = program("echo valve: http://127.0.0.1:1/\nexec sleep 1000");
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(pipe(pair), 0);
    pid_t starter = fork();
    if (starter == 0) {
        struct mill_device_process valve;
        bool told = mill_device_process_start(&plan, &valve, NULL) == 0 &&
                    write(pair[1], &valve.id, sizeof valve.id) == sizeof valve.id;
        raise(told ? SIGKILL : SIGTERM);
    }
    assert_true(starter > 0);
    assert_int_equal(read(pair[0], &id, sizeof id), sizeof id);
    assert_int_equal(waitpid(starter, &how, 0), starter);
    assert_int_equal(waitpid(id, &how, 0), id); /* or the test hangs, for as long as it sleeps */
    assert_true(WIFSIGNALED(how));
    assert_int_equal(WTERMSIG(how), SIGKILL);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_valve_is_found_and_ended),
        cmocka_unit_test(test_it_is_told_what_to_serve),
        cmocka_unit_test(test_what_serves_no_valve_is_refused),
        cmocka_unit_test(test_it_ends_with_who_started_it),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

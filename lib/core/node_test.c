#include "core/node.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "core/thread_index.h"

static void test_this_machine(void **state)
{
    (void)state;
    assert_int_equal(mill_nodes_open(), 0);
    assert_int_equal(mill_nodes_open(), 0);
    assert_true(mill_nodes_count() >= 1);
    for (int i = 0; i < 1000; i++) {
        assert_true(mill_node_self() < mill_nodes_count());
    }
}

/* In a child, since a process reads its nodes once: a machine whose i-th processor alone is node i's. */
static void test_a_faked_machine(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct mill_cpus *cpus;
        struct mill_error error;
        if (mill_cpus_open(&cpus, &error) < 0) {
            _exit(2);
        }
        setenv("HWLOC_SYNTHETIC", "numa:8 pu:1", 1);
        if (mill_nodes_open() < 0 || mill_nodes_count() != 8) {
            _exit(3);
        }
        for (size_t i = 0; i < mill_cpus_count(cpus); i++) {
            int number = mill_cpus_number(cpus, i);
            if (mill_cpu_pin_self(number) < 0) {
                _exit(4);
            }
            if (mill_node_self() != (number < 8 ? (unsigned)number : 0)) {
                _exit(5);
            }
        }
        mill_cpus_close(cpus);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void *ask(void *argument)
{
    unsigned *answer = argument;
    *answer = mill_node_self();
    return NULL;
}

static void test_pretended(void **state)
{
    (void)state;
    unsigned other;
    pthread_t thread;
    mill_nodes_pretend(3);
    assert_int_equal(mill_nodes_open(), 0);
    assert_int_equal(mill_nodes_count(), 3);
    assert_int_equal(mill_node_self(), mill_thread_index() % 3);
    assert_int_equal(pthread_create(&thread, NULL, ask, &other), 0);
    pthread_join(thread, NULL);
    assert_int_equal(other, (mill_thread_index() + 1) % 3); /* the smallest number that was free */
    mill_nodes_pretend(0);
    assert_true(mill_node_self() < mill_nodes_count());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_faked_machine), /* before this process has read its nodes */
        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_pretended),
    };
    return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}

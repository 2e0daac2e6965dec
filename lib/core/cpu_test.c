/* Counting and pinning on the machine that runs the test; the orders on machines that hwloc makes up, since
 * most that run tests are too small to have one. */
#include "core/cpu.h"

#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { most_processors = 4096 };

static struct mill_cpus *open_cpus(void)
{
    struct mill_cpus *cpus = NULL;
    struct mill_error error;
    if (mill_cpus_open(&cpus, &error) < 0) {
        fail_msg("%s", error.message);
    }
    return cpus;
}

static cpu_set_t *affinity_of_self(size_t *size)
{
    cpu_set_t *set = CPU_ALLOC(most_processors);
    *size = CPU_ALLOC_SIZE(most_processors);
    assert_non_null(set);
    assert_int_equal(sched_getaffinity(0, *size, set), 0);
    return set;
}

static int set_affinity_back(void **state)
{
    size_t size = CPU_ALLOC_SIZE(most_processors);
    int status = sched_setaffinity(0, size, *state);
    CPU_FREE((cpu_set_t *)*state);
    return status;
}

static int keep_affinity(void **state)
{
    size_t size = 0;
    *state = affinity_of_self(&size);
    return 0;
}

static void what_may_be_used_is_what_is_counted(void **state)
{
    (void)state;
    size_t size = 0;
    cpu_set_t *set = affinity_of_self(&size);
    struct mill_cpus *cpus = open_cpus();
    assert_int_equal(mill_cpus_count(cpus), CPU_COUNT_S(size, set));
    for (size_t i = 0; i < mill_cpus_count(cpus); i++) {
        int number = mill_cpus_number(cpus, i);
        assert_true(number >= 0);
        assert_true(CPU_ISSET_S((size_t)number, size, set));
        CPU_CLR_S((size_t)number, size, set); /* each is named once */
    }
    assert_int_equal(mill_cpus_number(cpus, mill_cpus_count(cpus)), -EINVAL);
    assert_in_range(mill_cpus_cores(cpus), 1, mill_cpus_count(cpus));
    assert_in_range(mill_cpus_packages(cpus), 1, mill_cpus_cores(cpus));
    assert_true(mill_cpus_nodes(cpus) >= 1);
    assert_non_null(mill_cpus_summary(cpus));
    mill_cpus_close(cpus);
    CPU_FREE(set);
}

/* A child that may use one processor: 0 when it sees that one and no other. */
static int see_one_processor(int number)
{
    struct mill_cpus *cpus = NULL;
    int place[3] = {-1, -1, -1};
    if (mill_cpu_pin_self(number) < 0 || mill_cpus_open(&cpus, NULL) < 0) {
        return 1;
    }
    static const char expected[] = "1 package, 1 core, 1 hardware thread, 1 NUMA node";
    mill_cpus_place(cpus, MILL_PIN_SPREAD, 3, place);
    bool one = mill_cpus_count(cpus) == 1 && mill_cpus_cores(cpus) == 1 && mill_cpus_packages(cpus) == 1 &&
               mill_cpus_nodes(cpus) == 1 && mill_cpus_number(cpus, 0) == number && place[0] == number &&
               place[1] == number && place[2] == number &&
               strncmp(mill_cpus_summary(cpus), expected, strlen(expected)) == 0;
    mill_cpus_close(cpus);
    return one ? 0 : 2;
}

static void the_affinity_mask_is_respected(void **state)
{
    (void)state;
    struct mill_cpus *cpus = open_cpus();
    int last = mill_cpus_number(cpus, mill_cpus_count(cpus) - 1);
    mill_cpus_close(cpus);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(see_one_processor(last));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_pinned_thread_is_where_it_should_be(void **state)
{
    (void)state;
    struct mill_cpus *cpus = open_cpus();
    for (size_t i = 0; i < mill_cpus_count(cpus); i++) {
        size_t size = 0;
        int number = mill_cpus_number(cpus, i);
        assert_int_equal(mill_cpu_pin_self(number), 0);
        assert_int_equal(sched_getcpu(), number);
        cpu_set_t *set = affinity_of_self(&size);
        assert_int_equal(CPU_COUNT_S(size, set), 1);
        assert_true(CPU_ISSET_S((size_t)number, size, set));
        CPU_FREE(set);
    }
    mill_cpus_close(cpus);
}

static void pinning_nowhere_changes_nothing(void **state)
{
    size_t size = 0;
    assert_int_equal(mill_cpu_pin_self(-1), 0);
    assert_int_equal(mill_cpu_pin_self(-2), -EINVAL);
    assert_int_equal(mill_cpu_pin_self(1 << 20), -EINVAL);
    cpu_set_t *set = affinity_of_self(&size);
    assert_true(CPU_EQUAL_S(size, set, (cpu_set_t *)*state));
    CPU_FREE(set);
}

static void assert_places(const struct mill_cpus *cpus, enum mill_pin pin, const int *expected, size_t count)
{
    int place[65];
    for (size_t threads = 0; threads <= count; threads++) { /* fewer threads get the first places of more */
        for (size_t i = 0; i < 65; i++) {
            place[i] = -7;
        }
        mill_cpus_place(cpus, pin, threads, place);
        assert_memory_equal(place, expected, threads * sizeof place[0]);
        assert_int_equal(place[threads], -7);
    }
}

static struct mill_cpus *open_made_up(const char *variable, const char *value)
{
    assert_int_equal(setenv(variable, value, 1), 0);
    struct mill_cpus *cpus = open_cpus();
    assert_int_equal(unsetenv(variable), 0);
    return cpus;
}

static void places_follow_the_topology(void **state)
{
    (void)state;
    static const int none[] = {-1, -1, -1};
    static const int compact[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2};
    /* Packages in turn, then the caches in each, then the cores under each cache, then second hardware
     * threads. */
    static const int spread[] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15, 0, 8, 4};
    struct mill_cpus *cpus = open_made_up("HWLOC_SYNTHETIC", "pack:2 l3:2(size=33554432) core:2 pu:2");
    assert_string_equal(mill_cpus_summary(cpus),
                        "2 packages, 8 cores, 16 hardware threads, 1 NUMA node, 4 x L3 32 MiB");
    assert_int_equal(mill_cpus_count(cpus), 16);
    assert_int_equal(mill_cpus_cores(cpus), 8);
    assert_int_equal(mill_cpus_packages(cpus), 2);
    assert_int_equal(mill_cpus_nodes(cpus), 1);
    assert_places(cpus, MILL_PIN_NONE, none, 3);
    assert_places(cpus, MILL_PIN_COMPACT, compact, 19);
    assert_places(cpus, MILL_PIN_SPREAD, spread, 19);
    mill_cpus_close(cpus);
}

/* Many systems number the first hardware threads of all cores before the second ones. */
static void places_are_the_systems_numbers(void **state)
{
    (void)state;
    static const int compact[] = {0, 4, 1, 5, 2, 6, 3, 7};
    static const int spread[] = {0, 2, 1, 3, 4, 6, 5, 7};
    struct mill_cpus *cpus = open_made_up("HWLOC_SYNTHETIC", "numa:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)");
    assert_int_equal(mill_cpus_nodes(cpus), 2);
    assert_int_equal(mill_cpus_number(cpus, 1), 4);
    assert_places(cpus, MILL_PIN_COMPACT, compact, 8);
    assert_places(cpus, MILL_PIN_SPREAD, spread, 8);
    mill_cpus_close(cpus);
}

static void a_summary_names_the_outermost_cache(void **state)
{
    (void)state;
    struct mill_cpus *cpus = open_made_up("HWLOC_SYNTHETIC", "numa:1 l2:1(size=1310720) core:1 pu:1");
    assert_string_equal(mill_cpus_summary(cpus),
                        "1 package, 1 core, 1 hardware thread, 1 NUMA node, L2 1280 KiB");
    mill_cpus_close(cpus);
    cpus = open_made_up("HWLOC_SYNTHETIC", "numa:1 core:3 pu:1");
    assert_string_equal(mill_cpus_summary(cpus), "1 package, 3 cores, 3 hardware threads, 1 NUMA node");
    mill_cpus_close(cpus);
}

/* Writes into `path` a machine of which an affinity mask has left the processors of `kept`. */
static void write_uneven_machine(const char *path, const char *machine, const char *kept)
{
    hwloc_topology_t topology;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    assert_non_null(set);
    assert_int_equal(hwloc_bitmap_list_sscanf(set, kept), 0);
    assert_int_equal(hwloc_topology_init(&topology), 0);
    assert_int_equal(hwloc_topology_set_synthetic(topology, machine), 0);
    assert_int_equal(hwloc_topology_load(topology), 0);
    assert_int_equal(hwloc_topology_restrict(topology, set, 0), 0);
    assert_int_equal(hwloc_topology_export_xml(topology, path, 0), 0);
    hwloc_topology_destroy(topology);
    hwloc_bitmap_free(set);
}

/* Package 0 has one core with both its hardware threads left, package 1 four cores with one each: the second
 * thread of that core comes after every core, though its package has the next turn. */
static void no_core_is_shared_while_another_is_free(void **state)
{
    (void)state;
    static const int spread[] = {0, 8, 10, 12, 14, 1, 0, 8};
    char path[] = "/tmp/cpu_test.XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    write_uneven_machine(path, "pack:2 core:4 pu:2", "0-1,8,10,12,14");
    struct mill_cpus *cpus = open_made_up("HWLOC_XMLFILE", path);
    unlink(path);
    assert_int_equal(mill_cpus_count(cpus), 6);
    assert_int_equal(mill_cpus_cores(cpus), 5);
    assert_places(cpus, MILL_PIN_SPREAD, spread, 8);
    mill_cpus_close(cpus);
}

static void pins_have_names(void **state)
{
    (void)state;
    static const enum mill_pin pins[] = {MILL_PIN_NONE, MILL_PIN_COMPACT, MILL_PIN_SPREAD};
    static const char *const words[] = {"none", "compact", "spread"};
    for (size_t i = 0; i < 3; i++) {
        enum mill_pin parsed = pins[(i + 1) % 3];
        assert_string_equal(mill_pin_name(pins[i]), words[i]);
        assert_int_equal(mill_pin_parse(words[i], &parsed), 0);
        assert_int_equal(parsed, pins[i]);
    }
    static const char *const others[] = {"", "Spread", "spreads", "compac"};
    for (size_t i = 0; i < 4; i++) {
        enum mill_pin kept = MILL_PIN_SPREAD;
        assert_int_equal(mill_pin_parse(others[i], &kept), -EINVAL);
        assert_int_equal(kept, MILL_PIN_SPREAD);
    }
}

static void closing_nothing_is_harmless(void **state)
{
    (void)state;
    mill_cpus_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_used_is_what_is_counted),
        cmocka_unit_test(the_affinity_mask_is_respected),
        cmocka_unit_test_setup_teardown(a_pinned_thread_is_where_it_should_be, keep_affinity,
                                        set_affinity_back),
        cmocka_unit_test_setup_teardown(pinning_nowhere_changes_nothing, keep_affinity, set_affinity_back),
        cmocka_unit_test(places_follow_the_topology),
        cmocka_unit_test(places_are_the_systems_numbers),
        cmocka_unit_test(a_summary_names_the_outermost_cache),
        cmocka_unit_test(no_core_is_shared_while_another_is_free),
        cmocka_unit_test(pins_have_names),
        cmocka_unit_test(closing_nothing_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

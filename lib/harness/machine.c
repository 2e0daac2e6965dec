#include "harness/machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "harness/build_info.h"

/* The first line of a file without its newline, or NULL. */
static const char *first_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return NULL;
    }
    const char *got = fgets(line, (int)size, file);
    fclose(file);
    if (got) {
        line[strcspn(line, "\n")] = '\0';
    }
    return got;
}

/* The value of the first "key : value" line of /proc/cpuinfo whose key starts so, or NULL. */
static const char *cpuinfo(const char *key, char *line, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    const char *value = NULL;
    if (!file) {
        return NULL;
    }
    while (!value && fgets(line, (int)size, file)) {
        char *colon = strncmp(line, key, strlen(key)) == 0 ? strstr(line, ": ") : NULL;
        if (colon) {
            colon[strcspn(colon, "\n")] = '\0';
            value = colon + 2;
        }
    }
    fclose(file);
    return value;
}

json_t *mill_machine_describe(const struct mill_cpus *cpus, const struct mill_clock *clock)
{
    char model[256], flags[8192], governor[64], name[256] = "";
    struct utsname kernel = {0};
    uname(&kernel);
    const char *cpu_flags = cpuinfo("flags", flags, sizeof flags);
    snprintf(name, sizeof name, "%s %s %s", kernel.sysname, kernel.release, kernel.machine);
    return json_pack(
        "{s:s?, s:I, s:I, s:I, s:I, s:s, s:s, s:o, s:s?, s:s, s:f, s:f}",                    /* */
        "processor", cpuinfo("model name", model, sizeof model),                             /* */
        "processors", (json_int_t)mill_cpus_count(cpus),                                     /* */
        "cores", (json_int_t)mill_cpus_cores(cpus),                                          /* */
        "packages", (json_int_t)mill_cpus_packages(cpus),                                    /* */
        "nodes", (json_int_t)mill_cpus_nodes(cpus), "topology", mill_cpus_summary(cpus),     /* */
        "kernel", name,                                                                      /* */
        "virtual", cpu_flags ? json_boolean(strstr(cpu_flags, " hypervisor")) : json_null(), /* */
        "governor",
        first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor, sizeof governor),
        "clock", mill_clock_source(clock), "ticks_per_ns", clock->ticks_per_ns, "clock_step_ns",
        mill_clock_step_ns(clock));
}

const char *mill_build_line(void)
{
    return MILL_BUILD_VERSION " (" MILL_FLAVOUR ", " MILL_BUILD_COMPILER ")";
}

json_t *mill_build_describe(void)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s?}", "version", MILL_BUILD_VERSION, "flavour", MILL_FLAVOUR,
                     "compiler", MILL_BUILD_COMPILER, "flags", MILL_BUILD_FLAGS, "commit",
                     MILL_BUILD_COMMIT[0] ? MILL_BUILD_COMMIT : NULL);
}
